"""A package as one file: manifest first, then the payloads, then a trailer. Only bytes and places, no file.

    P2B 1 0000001234            version, length of the manifest
    {"contains":[...],...}      the manifest; its `digests` list every payload with its size
    ...                         the payloads in the order of their paths, nothing between them
    P2B END <64 hex digits>     SHA-256 of all before the payloads

Nothing can be flipped unseen: the trailer covers the manifest, the manifest's digests cover the payloads, and the
sizes say where the file must end. Whoever has the last line has a file that its writer finished.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plotter2.errors import DataError
from plotter2.manifest import codes
from plotter2.manifest.model import Manifest
from plotter2.manifest.plain import MOST_BYTES
from plotter2.manifest.reading import read_manifest

ENDING = ".p2b"
MAGIC = b"P2B "
_FIRST = re.compile(rb"P2B ([0-9]{1,4}) ([0-9]{10})\n\Z")
FIRST_BYTES = len(b"P2B 1 0000000000\n")
_LAST = b"\nP2B END "
LAST_BYTES = len(_LAST) + 64 + 1
_AGAIN = "have the package made or copied again"


@dataclass(frozen=True, slots=True)
class Payload:
    """One file of a package: its place in the container, its size, its SHA-256."""

    path: str
    offset: int
    bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What the beginning of a container says; `digest` is its name: the SHA-256 that the trailer repeats."""

    manifest: Manifest
    digest: str
    payloads: tuple[Payload, ...]
    size: int


def head(manifest: bytes) -> bytes:
    """Give what stands before the payloads."""
    return b"P2B 1 %010d\n%b" % (len(manifest), manifest)


def trailer(head_bytes: bytes) -> bytes:
    """Give what stands behind the payloads."""
    return b"%b%b\n" % (_LAST, hashlib.sha256(head_bytes).hexdigest().encode())


def manifest_length(first: bytes, where: str) -> int:
    """Read the first bytes of a container; gives the length of its manifest. Raises DataError P2-D0897, P2-D0893."""
    match = _FIRST.match(first)
    if match is None:
        if first[: len(MAGIC)] == MAGIC[: len(first)] and len(first) < FIRST_BYTES:
            raise cut_off(where, "it ends in its first line" if first else "it is empty")
        raise DataError(
            codes.DAMAGED,
            "this is no package, or a damaged one: its first line is not that of a package",
            where,
            f"name a package (.p2b), a folder with a manifest.json, or a manifest; if it is one, {_AGAIN}",
        )
    version, length = int(match.group(1)), int(match.group(2))
    if version != 1:
        raise DataError(
            codes.NEWER,
            f"the package is a container of version {version}; this release reads version 1",
            where,
            "use a newer plotter2: pip install -U plotter2",
        )
    if length > MOST_BYTES:
        raise damaged(
            where, f"its manifest would have {length:,} bytes; {MOST_BYTES:,} is the most"
        )
    return length


def opened(head_bytes: bytes, where: str) -> Opened:
    """Give what all before the payloads says. Raises DataError P2-D089x."""
    manifest = read_manifest(head_bytes[FIRST_BYTES:], where)
    offset = len(head_bytes)
    payloads: list[Payload] = []
    for path, digest in sorted(manifest.digests.items()):
        payloads.append(Payload(path, offset, digest.bytes, digest.sha256))
        offset += digest.bytes
    name = hashlib.sha256(head_bytes).hexdigest()
    return Opened(manifest, name, tuple(payloads), offset + LAST_BYTES)


def check_end(found: Opened, size: int, last: bytes, where: str) -> None:
    """Raise DataError P2-D0897 unless a container of `size` bytes that ends with `last` is whole."""
    if size < found.size:
        raise cut_off(where, f"it has {size:,} of {found.size:,} bytes")
    if size > found.size:
        raise damaged(where, f"it has {size - found.size:,} bytes behind its end")
    if last != b"%b%b\n" % (_LAST, found.digest.encode()):
        raise damaged(where, "its last line does not fit its manifest")


def verified(pieces: Iterable[bytes], where: str) -> Opened:
    """Read a whole container as a stream. Raises DataError P2-D089x for the first byte that is wrong."""
    source = _Source(iter(pieces))
    first = source.take(FIRST_BYTES)
    start = first + source.take(manifest_length(first, where))
    if len(start) < FIRST_BYTES + manifest_length(first, where):
        raise cut_off(where, "it ends in its manifest")
    found = opened(start, where)
    size = len(start)
    for payload in found.payloads:
        digest, count = source.digest(payload.bytes)
        size += count
        if count < payload.bytes:
            raise cut_off(where, f"it ends in {payload.path}")
        check_digest(payload, digest, where)
    last = source.take(LAST_BYTES)
    rest = source.digest(1 << 62)[1]
    check_end(found, size + len(last) + rest, last, where)
    return found


def check_digest(payload: Payload, digest: str, where: str) -> None:
    """Raise DataError P2-D0897 when a payload has other bytes than its manifest says."""
    if digest != payload.digest:
        raise DataError(
            codes.DAMAGED,
            f"{payload.path} has other bytes than the manifest says: SHA-256 {digest[:16]}..., "
            f"not {payload.digest[:16]}...",
            where,
            f"{_AGAIN}; nothing of it was stored",
        )


def cut_off(where: str, why: str) -> DataError:
    """Give the error for a package that ends too early (P2-D0897)."""
    return DataError(codes.DAMAGED, f"the package is cut off: {why}", where, _AGAIN)


def damaged(where: str, why: str) -> DataError:
    """Give the error for a package that is not what its writer wrote (P2-D0897)."""
    return DataError(codes.DAMAGED, f"the package is damaged: {why}", where, _AGAIN)


class _Source:
    """Takes exactly so many bytes from pieces of any size."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def take(self, count: int) -> bytes:
        """Give so many bytes, fewer at the end."""
        return b"".join(self._some(count))

    def digest(self, count: int) -> tuple[str, int]:
        """Give the SHA-256 of so many bytes, and how many there were."""
        running, seen = hashlib.sha256(), 0
        for piece in self._some(count):
            running.update(piece)
            seen += len(piece)
        return running.hexdigest(), seen

    def _some(self, count: int) -> Iterator[bytes]:
        while count:
            piece = self._left or next(self._pieces, b"")
            if not piece:
                return
            taken, self._left = piece[:count], piece[count:]
            count -= len(taken)
            yield taken
