"""A compiled script is signed with one's own key: which key, under which name, with which serial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from p2sign.make import sign_statement
from p2sign.refusal import Refusal
from p2sign.sidecar import split
from p2sign.statement import Statement
from p2sign.statement import parse as parse_statement
from plotter2.datter import durable
from plotter2.errors import ExitCode, Refused
from plotter2.host import codes
from plotter2.host.keyring import OwnKey, refusals
from plotter2.host.root import Root
from plotter2.libraries.reference import Reference
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.opening import OpenedScript
from plotter2.runs.signing import SignedScript, default_name, statement_for

Ask = Callable[[str], str]
"""Asks a person for a passphrase; the text says whose."""

_LONGEST_NAME = 64
"""Longest beginning of a name that a number is put behind; a statement takes 68 characters here."""


@dataclass(frozen=True, slots=True)
class SignHow:
    """How a script is signed: under which name, with which key file, and who is asked for its passphrase."""

    name: str | None = None
    key_file: Path | None = None
    ask: Ask | None = None


def sign_compiled(root: Root, compiled: CompiledScript, how: SignHow) -> SignedScript:
    """Sign a compiled script; an existing signature file is replaced, its serial goes on. Raises Refused."""
    own = own_key(root, how.key_file)
    with refusals():
        called, serial = _name_and_serial(root, compiled.script, how.name)
        lasting = Reference.of_path(compiled.script.path) is not None
        terms = statement_for(
            compiled, called, serial, root.now(), root.settings.limits, lasting=lasting
        )
        sidecar = sign_statement(terms, root.keyring.signing_key(own, how.ask))
    path = compiled.script.path.with_name(compiled.script.name + ".sig")
    durable.replace(path, sidecar)
    return SignedScript(path, own.principal, own.public.fingerprint, terms.dump().decode())


def own_key(root: Root, key_file: Path | None) -> OwnKey:
    """Give the key of a file, the first one by default. Raises Refused P2-S0792 when there is none."""
    keys = root.keyring.own_keys()
    if key_file is not None:
        wanted = key_file.absolute()
        keys = tuple(key for key in keys if key.path.absolute() == wanted)
    if not keys:
        raise Refused(
            codes.NO_KEY,
            "there is no key to sign with" + (f": {key_file}" if key_file else ""),
            str(root.keyring.config / "keys"),
            "make one: plotter2 key new; plotter2 key ls shows yours",
            exit_code=ExitCode.REFUSED,
        )
    return keys[0]


def _name_and_serial(root: Root, script: OpenedScript, name: str | None) -> tuple[str, int]:
    """Give what a statement calls the script, and its serial: one more than the last that is known.

    A name that was not chosen stays with a signed script, and no two files of this machine share one: the
    serial of the one would make the other look old.
    """
    previous = _signed_terms(script.sidecar)
    library = Reference.of_path(script.path)
    if library is not None:
        name = library.signed_name
    chosen = previous.name if previous and previous.name != default_name(script.name) else None
    called = name or chosen or _free_name(root, script)
    last = previous.serial if previous and previous.name == called else 0
    return called, max(root.store.seen_serial(called) or 0, last) + 1


def _free_name(root: Root, script: OpenedScript) -> str:
    wanted = called = default_name(script.name)
    number = 1
    while _is_of_another(root, called, script.path.absolute()):
        number += 1
        called = f"{wanted[:_LONGEST_NAME]}-{number}"
    return called


def _is_of_another(root: Root, name: str, path: Path) -> bool:
    last = root.store.last_run_of(name)
    ran = Path(last.record["script"]["path"]) if last else path
    return ran != path and ran.exists()


def _signed_terms(sidecar: bytes | None) -> Statement | None:
    # Only to count the serial on: a damaged signature file is about to be replaced.
    if sidecar is None:
        return None
    try:
        return parse_statement(split(sidecar).statement)
    except Refusal:
        return None
