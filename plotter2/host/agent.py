"""An ssh-agent signs: which keys it has, and a signature by one of them (draft-miller-ssh-agent). Believes it nothing.

Every answer is read to its last byte and may take a while only once: a person may have to confirm or to touch a key.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from p2sign.fields import Fields, string
from p2sign.keys import PublicKey, parse_public_blob
from p2sign.refusal import Refusal
from plotter2.errors import Refused
from plotter2.host import codes
from plotter2.printable import one_line

AGENT = "agent:"
"""What the name of a key begins with that an agent has."""

_ADDRESS = "SSH_AUTH_SOCK"
_FAILURES = (5, 30, 102)
_ASK_KEYS, _KEYS, _ASK_SIGNATURE, _SIGNATURE = 11, 12, 13, 14
_RSA_SHA2_512 = 4
_LONGEST_ANSWER = 256 * 1024
_MOST_KEYS = 1024
_LISTING_S = 10.0
# A person is told to confirm only when the agent did not answer at once.
_AT_ONCE_S = 0.4


@dataclass(frozen=True, slots=True)
class AgentKey:
    """A key that an agent holds; signs through the agent."""

    public: PublicKey
    comment: str
    agent: Agent

    def signature_fields(self, message: bytes) -> bytes:
        """Have the agent sign `message` as it is. Raises Refused P2-S0802..P2-S0807."""
        return self.agent.signature(self.public, message)


@dataclass(frozen=True, slots=True)
class Agent:
    """The agent at an address. `wait_s` is how long a signature may take; `tell` is called when it takes a while."""

    address: str
    wait_s: float
    tell: Callable[[str], None] = lambda _: None

    @classmethod
    def of(
        cls,
        wait_s: float,
        tell: Callable[[str], None] = lambda _: None,
        environment: Mapping[str, str] = os.environ,
    ) -> Agent:
        """Give the agent of this session. Raises Refused P2-S0802."""
        address = environment.get(_ADDRESS)
        if not address:
            raise _no_agent(f"{_ADDRESS} is not set")
        return cls(address, wait_s, tell)

    def all_keys(self) -> tuple[AgentKey, ...]:
        """Give the keys that can sign; certificates and unknown types are left out. Raises Refused P2-S0802..0804."""
        answer = self._answer(bytes([_ASK_KEYS]), self._listing)
        try:
            return tuple(self._keys(answer))
        except Refusal as refusal:
            raise _nonsense(self.address, refusal.what) from None

    def key(self, wanted: str) -> AgentKey:
        """Give the key with this fingerprint, or the one with this comment. Raises Refused P2-S0802..0805."""
        known = self.all_keys()
        if not known:
            raise Refused(
                codes.AGENT_EMPTY,
                "the agent has no key that can sign, or it is locked",
                self.address,
                "unlock it (ssh-add -X) or load a key: ssh-add FILE",
            )
        found = [k for k in known if wanted in (k.public.fingerprint, k.comment)]
        if len(found) == 1:
            return found[0]
        shown = "; ".join(
            f"{AGENT}{k.public.fingerprint} ({one_line(k.comment, 60)})" for k in found or known
        )
        what = f"{len(found)} keys" if found else "no key"
        raise Refused(
            codes.NO_AGENT_KEY,
            f"the agent has {what} called {one_line(wanted, 80)!r}",
            self.address,
            f"name one of these: {shown}",
        )

    def signature(self, public: PublicKey, message: bytes) -> bytes:
        """Give the field `signature` over a message. Raises Refused P2-S0802..P2-S0807."""
        flags = _RSA_SHA2_512 if public.algorithm == "ssh-rsa" else 0
        request = string(public.blob) + string(message) + flags.to_bytes(4, "big")
        answer = self._answer(bytes([_ASK_SIGNATURE]) + request, self._signing)
        if answer[:1] == bytes([_SIGNATURE]):
            fields = Fields(answer[1:], "E_SIG_BLOB")
            try:
                made = fields.string("signature")
                fields.end()
            except Refusal as refusal:
                raise _nonsense(self.address, refusal.what) from None
            return made
        raise Refused(
            codes.AGENT_REFUSED,
            "the agent refused to sign with this key",
            self.address,
            "confirm it when the agent asks, touch the key, or unlock the agent (ssh-add -X); a key that was added "
            "for certain hosts only (ssh-add -h) cannot sign scripts: add it without -h",
        )

    def _keys(self, answer: bytes) -> list[AgentKey]:
        fields = Fields(answer, "E_KEY_FORMAT")
        if fields.fixed(1, "type") != bytes([_KEYS]):
            raise fields.misfit("it did not answer with its keys")
        count = fields.uint32("number of keys")
        if count > _MOST_KEYS:
            raise fields.misfit(f"it has more than {_MOST_KEYS} keys")
        found = []
        for _ in range(count):
            blob, comment = fields.string("key"), fields.string("comment")
            try:
                public = parse_public_blob(blob)
            except Refusal:  # a certificate, or a type that is not known here
                continue
            found.append(AgentKey(public, comment.decode("utf-8", "replace"), self))
        fields.end()
        return found

    @property
    def _listing(self) -> _Asked:
        return _Asked(
            "its keys",
            min(self.wait_s, _LISTING_S),
            "waiting for your agent",
            "see whether it answers at all (ssh-add -l), start another one, or sign with a key file: --key FILE",
        )

    @property
    def _signing(self) -> _Asked:
        return _Asked(
            "a signature",
            self.wait_s,
            "confirm on your agent or touch the key",
            "confirm on your agent or touch the key, and sign again; wait_s in [signing] of "
            "config/plotter2.toml gives you longer",
        )

    def _answer(self, request: bytes, asked: _Asked) -> bytes:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as talk:
                tell = partial(self.tell, asked.meanwhile)
                waiting = _Waiting(talk, time.monotonic() + asked.wait_s, tell)
                talk.settimeout(asked.wait_s)
                talk.connect(self.address)
                talk.sendall(string(request))
                length = int.from_bytes(waiting.read(4), "big")
                if not 0 < length <= _LONGEST_ANSWER:
                    raise _nonsense(self.address, f"its answer would have {length} bytes")
                return waiting.read(length)
        except TimeoutError:
            raise Refused(
                codes.AGENT_SLOW,
                f"the agent did not give {asked.what} within {asked.wait_s:g} s",
                self.address,
                asked.remedy,
            ) from None
        except EOFError:
            raise _nonsense(self.address, "it ended in the middle of an answer") from None
        except OSError as error:
            raise _no_agent(
                f"it does not answer: {error.strerror or error}", self.address
            ) from None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an agent is asked for, how long it may take, what is said meanwhile, and what to do when it took longer."""

    what: str
    wait_s: float
    meanwhile: str
    remedy: str


class _Waiting:
    """Reads from an agent until a moment, and tells a person that it waits."""

    def __init__(self, talk: socket.socket, until: float, tell: Callable[[], None]) -> None:
        self._talk, self._until, self._tell = talk, until, tell
        self._told = False

    def read(self, length: int) -> bytes:
        """Read exactly `length` bytes. Raises TimeoutError, EOFError, OSError."""
        data = b""
        while len(data) < length:
            data += self._some(length - len(data))
        return data

    def _some(self, most: int) -> bytes:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._talk.settimeout(left if self._told else min(left, _AT_ONCE_S))
        try:
            got = self._talk.recv(most)
        except TimeoutError:
            if not self._told:
                self._told = True
                self._tell()
            return b""
        if not got:
            raise EOFError
        return got


def _no_agent(why: str, address: str = "") -> Refused:
    return Refused(
        codes.NO_AGENT,
        f"there is no ssh-agent to sign with: {why}",
        address,
        'start one: eval "$(ssh-agent)" && ssh-add FILE; or sign with a key file: --key FILE',
    )


def _nonsense(address: str, why: str) -> Refused:
    return Refused(
        codes.AGENT_NONSENSE,
        f"the agent does not speak as an ssh-agent does: {why}",
        address,
        f"check what listens at {_ADDRESS}, or sign with a key file: --key FILE",
    )
