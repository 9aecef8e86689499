"""Texts that are signed and are no statements: trust bundles and lists of revocations, with the signatures after them.

The container is that of a signature file; so `ssh-keygen -Y sign` and `cat` can make such a file too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from p2sign.algorithms import COMMON
from p2sign.keys import PublicKey
from p2sign.lines import Lines, Value
from p2sign.make import AnyKey, armour_of, signed_once_more
from p2sign.refusal import Refusal, shown
from p2sign.rights import MAX_NUMBER
from p2sign.sidecar import Sidecar, split
from p2sign.sshsig import Signature
from p2sign.times import read_time

_FETCH = "get the file anew from who made it: plotter2 trust export makes a bundle, plotter2 revoke --export a list"
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class SignedText:
    """A text and the keys whose good signatures stand after it, in the namespace that was asked about."""

    text: bytes
    keys: tuple[PublicKey, ...]


def opened(
    data: bytes, first_word: str, namespace: str, accepted: frozenset[str] = COMMON
) -> SignedText:
    """Take a signed text apart and check every signature. Raises what splitting and checking raise."""
    parts, good = _good(data, first_word, namespace, accepted)
    return SignedText(parts.statement, tuple(signature.key for signature in good))


def taken_apart(data: bytes, first_word: str) -> Sidecar:
    """Split a signed text, which begins with a word, into text and signatures. Raises Refusal as `sidecar.split`."""
    with _remedied():
        return split(data, first_word)


def signed(text: bytes, key: AnyKey, namespace: str, accepted: frozenset[str] = COMMON) -> bytes:
    """Give a text with a signature."""
    return Sidecar(text, (armour_of(text, key, namespace, accepted),)).join()


def signed_also(
    data: bytes, first_word: str, key: AnyKey, namespace: str, accepted: frozenset[str] = COMMON
) -> bytes:
    """Give a signed text with one signature more. Raises Refusal as `opened`, E_SIG_DUPLICATE, E_SIDECAR_COUNT."""
    parts, good = _good(data, first_word, namespace, accepted)
    return signed_once_more(parts, good, key, namespace, accepted)


def _good(
    data: bytes, first_word: str, namespace: str, accepted: frozenset[str]
) -> tuple[Sidecar, tuple[Signature, ...]]:
    parts = taken_apart(data, first_word)
    with _remedied():
        return parts, parts.good_signatures(namespace, accepted)


@contextmanager
def _remedied() -> Iterator[None]:
    """Say of each refusal in the block what helps where the file belongs to no script."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(refusal.name, refusal.what, refusal.where, _FETCH) from None


class TextLines(Lines):
    """The lines of such a text: its blocks are sorted, and numbers and times are refused with the same `cause`."""

    def __init__(self, data: bytes, cause: str, most: int) -> None:
        if len(data) > most:
            raise Refusal(cause, f"it has {len(data)} bytes, and may have {most}")
        super().__init__(data, cause)

    def block(self, word: str, convert: Callable[[str], Value]) -> tuple[Value, ...]:
        """Take all lines that begin with `word`, sorted and each once, and convert the rests of them."""
        start = self._at
        values = super().block(word, convert)
        for before, after in pairwise(self._lines[start : self._at]):
            if before >= after:
                raise self.wrong(f"the {word} lines are not sorted, or {shown(after)} stands twice")
        return values

    def number(self, text: str) -> int:
        """Read a number from 1 to 2147483647."""
        if not _NUMBER.fullmatch(text) or int(text) > MAX_NUMBER:
            raise self.wrong(f"{shown(text)} is not a whole number from 1 to {MAX_NUMBER}")
        return int(text)

    def time(self, text: str) -> datetime:
        """Read a time."""
        moment = read_time(text)
        if moment is None:
            raise self.wrong(f"{shown(text)} is not a time YYYY-MM-DDTHH:MM:SSZ")
        return moment
