"""Lists of revocations that travel: keys, scripts and statements that count no more, signed, numbered and dated.

A list only ever adds to what is revoked where it is imported; what it leaves out later stays revoked there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from p2sign.keys import PublicKey, parse_public_line
from p2sign.naming import is_digest, is_scope
from p2sign.refusal import Refusal, shown
from p2sign.rights import MAX_NUMBER
from p2sign.signed_text import SignedText, TextLines, opened, taken_apart
from p2sign.times import is_whole_second, written_time
from p2sign.trust import Trust, TrustLine
from p2sign.uses import REVOKE_NAMESPACE

NAMESPACE: Final = REVOKE_NAMESPACE
FIRST_WORD: Final = "plotter2-revocations"
MAX_FEED: Final = 1024 * 1024
"""The most bytes the text of a list may have."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A list of revocations; `keys` are sorted by their lines, `digests` by their text. Raises Refusal E_FEED_FORM."""

    name: str
    serial: int
    issued: datetime
    keys: tuple[PublicKey, ...] = ()
    digests: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not is_scope(self.name) or not 1 <= self.serial <= MAX_NUMBER:
            raise Refusal("E_FEED_FORM", f"the name {shown(self.name)} or the serial cannot be")
        if not is_whole_second(self.issued):
            raise Refusal("E_FEED_FORM", "the time is not a whole second in UTC")
        lines = [key.line() for key in self.keys]
        if lines != sorted(set(lines)) or list(self.digests) != sorted(set(self.digests)):
            raise Refusal("E_FEED_FORM", "keys or digests are not sorted, or one stands twice")
        if not all(map(is_digest, self.digests)):
            raise Refusal("E_FEED_FORM", "a digest is not a SHA-256 in 64 small hex digits")

    @classmethod
    def of(
        cls,
        name: str,
        serial: int,
        issued: datetime,
        revoked: tuple[frozenset[PublicKey], frozenset[str]],
    ) -> Feed:
        """Give the list of what is revoked: keys, and digests of scripts and statements."""
        keys = tuple(sorted(revoked[0], key=PublicKey.line))
        return cls(name, serial, issued, keys, tuple(sorted(revoked[1])))

    def dump(self) -> bytes:
        """Give the text that is signed. Raises Refusal E_FEED_FORM when it is too long."""
        lines = [
            f"{FIRST_WORD} 1",
            f"name {self.name}",
            f"serial {self.serial}",
            f"issued {written_time(self.issued)}",
            *(f"key {key.line()}" for key in self.keys),
            *(f"sha256 {digest}" for digest in self.digests),
            "end",
        ]
        data = "".join(f"{line}\n" for line in lines).encode("ascii")
        if len(data) > MAX_FEED:
            raise Refusal("E_FEED_FORM", f"it has {len(data)} bytes, and may have {MAX_FEED}")
        return data


@lru_cache(maxsize=16)
def parse(data: bytes) -> Feed:
    """Read the text of a list; `parse(data).dump() == data`. Raises Refusal E_FEED_FORM, E_KEY_... with the line."""
    lines = TextLines(data, "E_FEED_FORM", MAX_FEED)
    lines.header(FIRST_WORD, lines.number)
    name = lines.header("name", str)
    serial = lines.header("serial", lines.number)
    issued = lines.header("issued", lines.time)
    keys = lines.block("key", lambda text: parse_public_line(text)[0])
    digests = lines.block("sha256", str)
    lines.end()
    feed = Feed(name, serial, issued, keys, digests)
    if feed.dump() != data:
        raise lines.wrong("it is not in its one form")
    return feed


def open_feed(data: bytes, accepted: frozenset[str]) -> tuple[Feed, SignedText]:
    """Take a signed list apart; every signature is good, nobody is trusted yet. Raises Refusal."""
    found = opened(data, FIRST_WORD, NAMESPACE, accepted)
    return parse(found.text), found


def kept(data: bytes) -> Feed:
    """Read a list that was checked when it was imported, and kept since. Raises Refusal."""
    return parse(taken_apart(data, FIRST_WORD).statement)


def check_signers(
    found: SignedText,
    lines: tuple[TrustLine, ...],
    revoked: frozenset[PublicKey],
    now: datetime,
) -> tuple[str, ...]:
    """Give who signed a list; all of them must be trusted for revocations now. Raises Refusal E_SIGNER_..."""
    trusted = Trust(lines, revoked)
    return tuple(trusted.principal_of(key, NAMESPACE, now) for key in found.keys)


def check_follows(new: Feed, old: Feed | None, now: datetime) -> None:
    """Refuse a list of the future (E_FEED_TIME), and one that is older than the one here (E_FEED_SERIAL)."""
    if new.issued > now:
        raise Refusal("E_FEED_TIME", f"the list is dated {new.issued.isoformat()}, in the future")
    if old is not None and (new.serial < old.serial or (new.serial == old.serial and new != old)):
        raise Refusal(
            "E_FEED_SERIAL",
            f"the list {new.name} has serial {new.serial}, and serial {old.serial} is here already",
        )
