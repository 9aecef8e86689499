"""Which key signs: one of the root, any key file, one that an agent holds, or one that a program signs with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from p2sign import sshsig
from p2sign.algorithms import accept
from p2sign.keys import PublicKey, parse_public_line, public_of_private
from p2sign.make import AnyKey, ForeignKey
from p2sign.refusal import Refusal
from plotter2.errors import ExitCode, Refused
from plotter2.host import codes
from plotter2.host.agent import AGENT, Agent, AgentKey
from plotter2.host.keyring import Ask, OwnKey, as_refused, private_key, public_text, refusals
from plotter2.host.root import Root
from plotter2.host.signer_program import SignerProgram
from plotter2.runs.opening import FileRefused, read_once

_KEY_LIMIT = 64 * 1024
UNKNOWN_HERE = "somebody who is not trusted here"
"""Whose key it is that no line of the trust file names."""


@dataclass(frozen=True, slots=True)
class WhichKey:
    """What a person said about the key: its file or `agent:...`, the program that signs, who gives the passphrase.

    `tell` is told what a person has to do while something else signs.
    """

    key: str | Path | None = None
    program: str | None = None
    ask: Ask | None = None
    tell: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Choice:
    """A key that was found: whose it is, its public half, and how it is opened to sign. `foreign` says who signs."""

    principal: str
    public: PublicKey
    open: Callable[[], AnyKey]
    foreign: str = ""


def chosen(root: Root, which: WhichKey) -> Choice:
    """Find the key; nothing is opened or asked yet. Raises Refused, FileRefused."""
    found = _found(root, which)
    with refusals(found.public.fingerprint):
        accept(found.public.algorithm, root.accepted_keys)
    return found


def signed_with(choice: Choice, sign: Callable[[AnyKey], bytes]) -> bytes:
    """Open the key and sign. What an agent or a program gave wrongly is told as theirs."""
    key = choice.open()
    try:
        return sign(key)
    except Refusal as refusal:
        if not choice.foreign or refusal.name in _NOT_OF_SIGNING:
            raise as_refused(refusal) from refusal
        raise Refused(
            codes.WRONG_SIGNATURE,
            f"what {choice.foreign} gave is no good signature of {choice.public.fingerprint}: {refusal.what}",
            help="sign with another key, or with the key's own file: --key FILE",
            note=f"({refusal.name})",
        ) from refusal


# These are about the file that is signed or the chosen key, whoever signs.
_NOT_OF_SIGNING = frozenset(
    {"E_STMT_SIZE", "E_KEY_ALGORITHM", "E_SIG_DUPLICATE", "E_SIDECAR_COUNT"}
)


def _found(root: Root, which: WhichKey) -> Choice:
    wait_s = root.settings.signing.wait_s
    if isinstance(which.key, str) and which.key.startswith(AGENT):
        found = Agent.of(wait_s, which.tell).key(which.key.removeprefix(AGENT))
        return _of_agent(root, found)
    own = _own(root, which)
    if own is not None and own.held and which.program is None:
        return _of_agent(root, Agent.of(wait_s, which.tell).key(own.public.fingerprint))
    if which.program is not None:
        file = _for_program(own) if own else Path(which.key or "")
        public = own.public if own else _public_half(file)
        signs = SignerProgram(which.program, file, wait_s)
        key = ForeignKey(public, signs.armour)
        return Choice(_principal(root, public), public, lambda: key, which.program)
    if own is not None:
        return Choice(own.principal, own.public, partial(root.keyring.signing_key, own, which.ask))
    file = Path(which.key or "")
    with refusals(str(file)):
        public, opened = private_key(file, which.ask)
    return Choice(_principal(root, public), public, opened)


def adopted(root: Root, named: str, principal: str) -> OwnKey:
    """Make a key of the agent (`agent:...`) an own one of somebody, unless it is trusted as somebody's already."""
    found = Agent.of(root.settings.signing.wait_s).key(named.removeprefix(AGENT))
    known = _principal(root, found.public)
    return root.keyring.adopt(principal if known == UNKNOWN_HERE else known, found.public)


def _for_program(own: OwnKey) -> Path:
    return own.path.with_name(f"{own.name}.pub") if own.held else own.path


def _of_agent(root: Root, found: AgentKey) -> Choice:
    def make(message: bytes, namespace: str) -> bytes:
        return sshsig.sign(message, found, namespace)

    key = ForeignKey(found.public, make)
    return Choice(_principal(root, found.public), found.public, lambda: key, "the agent")


def _own(root: Root, which: WhichKey) -> OwnKey | None:
    """Give the key of the root that is meant, the default one if none was named; None for a file elsewhere."""
    keys = root.keyring.own_keys()
    if which.key is not None:
        wanted = Path(which.key).absolute()
        return next((key for key in keys if key.path.absolute() == wanted), None)
    if not keys:
        raise Refused(
            codes.NO_KEY,
            "there is no key to sign with",
            str(root.keyring.config / "keys"),
            "make one: plotter2 key new; or name one: --key FILE",
            exit_code=ExitCode.REFUSED,
        )
    return keys[0]


def _principal(root: Root, public: PublicKey) -> str:
    return root.keyring.owners().get(public, UNKNOWN_HERE)


def _public_half(file: Path) -> PublicKey:
    """Give the public key of a file that a program signs with: a public key, or a private one of any kind."""
    with refusals(str(file)):
        if file.suffix == ".pub":
            return parse_public_line(public_text(file))[0]
        try:
            beside = public_text(file.with_name(f"{file.name}.pub"))
        except FileRefused:
            return public_of_private(read_once(file, _KEY_LIMIT, "private key"))
        return parse_public_line(beside)[0]
