"""Opening source files safely and copying them into one sealed memory, with a hash of each.

Only plain files, never through a link; what is copied is what is hashed and what is read.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from plotter2.datter.bundle import SourceFile
from plotter2.errors import DataError
from plotter2.manifest.codes import DAMAGED
from plotter2.staging import codes
from plotter2.staging.parts import Part, Source
from plotter2.wire.memory import gap, sealed

MOST_BYTES = 4 << 30
"""The largest file that is read."""
MOST_COPIED = 1 << 42
"""The largest file that is copied, in whole or in part."""
_STEP = 1 << 22
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


class Hash(Protocol):
    """A running SHA-256."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """Give the digest of all so far."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A source's bytes in the memory: where they are, the lengths of its parts, and which file they were.

    The parts lie one behind the other, of Arrow files as `wire.memory.laid_out` says.
    """

    source: Source
    offset: int
    length: int
    file: SourceFile
    pieces: tuple[int, ...] = ()
    digests: tuple[str, ...] = ()
    """SHA-256 of each part, of the very bytes that are in the memory."""


def size_of(source: Source) -> int:
    """Give the size of a source in bytes. Raises DataError as `copied`."""
    return sum(size_of_part(part) for part in source.parts)


def copied(sources: Sequence[Source]) -> tuple[int, tuple[Copied, ...]]:
    """Give a descriptor of sealed memory with all sources' bytes, and where each is in it.

    The caller closes the descriptor. A file that grows meanwhile is taken as long as it was when
    it was opened. Raises DataError: P2-D0830 (gone, unreadable), P2-D0832 (no plain file),
    P2-D0833 (too large), P2-D0836 (became shorter), P2-D0897 (not the bytes that were promised);
    HostError (P2-H0915) without memory.
    """
    done: list[Copied] = []
    fd = sealed(_pieces(sources, done))
    return fd, tuple(done)


def content(part: Part) -> Iterator[bytes]:
    """Give the bytes of a part piece by piece. Raises DataError as `copied`, P2-D0897 at the end."""
    return _hashed(part, hashlib.sha256(), MOST_COPIED)


def steady_content(part: Part) -> Iterator[bytes]:
    """Give the bytes of a part as `content` does; who writes the file meanwhile makes them worth nothing (P2-D0836)."""
    before = _written(part)
    yield from content(part)
    if _written(part) != before:
        raise _changed(part, "was written")


def _written(part: Part) -> tuple[int, ...]:
    """Give what changes when a file is written."""
    try:
        status = part.path.lstat()
    except OSError as error:
        raise _unreadable(part.path, error) from None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _hashed(part: Part, digest: Hash, most: int = MOST_BYTES) -> Iterator[bytes]:
    fd = opened(part.path, part.name, most)
    try:
        size = os.fstat(fd).st_size if part.bytes is None else part.bytes
        for piece in _content(fd, size, part):
            digest.update(piece)
            yield piece
    finally:
        os.close(fd)
    _check(part, digest.hexdigest())


def _pieces(sources: Sequence[Source], done: list[Copied]) -> Iterator[bytes]:
    end = 0
    for source in sources:
        digests, sizes, starts = [], [], []
        for part in source.parts:
            if source.format == "arrow":
                yield bytes(gap(end))
                end += gap(end)
            starts.append(end)
            digest, size = hashlib.sha256(), 0
            for piece in _hashed(part, digest):
                size += len(piece)
                yield piece
            digests.append(digest.hexdigest())
            sizes.append(size)
            end += size
        file = SourceFile(name=source.name, digest=_together(digests), bytes=sum(sizes))
        start = starts[0] if starts else end
        done.append(Copied(source, start, end - start, file, tuple(sizes), tuple(digests)))


def _together(digests: Sequence[str]) -> str:
    """Give the SHA-256 of a file; of several the SHA-256 of theirs, one a line, as `sha256sum` would have them."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(f"{digest}\n" for digest in digests).encode()).hexdigest()


def _content(fd: int, size: int, part: Part) -> Iterator[bytes]:
    place, end = part.offset, part.offset + size
    while place < end:
        piece = os.pread(fd, min(end - place, _STEP), place)
        if not piece:
            raise _changed(part, "became shorter")
        place += len(piece)
        yield piece


def _check(part: Part, digest: str) -> None:
    if part.digest and digest != part.digest:
        raise DataError(
            DAMAGED,
            f"{part.name} has other bytes than the manifest says: SHA-256 {digest[:16]}..., "
            f"not {part.digest[:16]}...",
            where=str(part.path),
            help="have the package made or copied again, and change nothing in it meanwhile; nothing of it was stored",
        )


def _changed(part: Part, how: str) -> DataError:
    return DataError(
        codes.CHANGED,
        f"{part.name} {how} while it was read",
        where=str(part.path),
        help="wait until nobody writes the file, then add it again",
    )


def size_of_part(part: Part, most: int = MOST_BYTES) -> int:
    """Give the size of a part in bytes. Raises DataError as `copied`."""
    if part.bytes is not None:
        return part.bytes
    fd = opened(part.path, part.name, most)
    try:
        return os.fstat(fd).st_size
    finally:
        os.close(fd)


def opened(path: Path, name: str, most: int = MOST_BYTES) -> int:
    """Open a plain file, never through a link; the caller closes it. Raises DataError as `copied`."""
    try:
        fd = os.open(path, _FLAGS)
    except OSError as error:
        raise _unreadable(path, error) from None
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise DataError(
            codes.NOT_A_FILE,
            f"{name} is no plain file",
            where=str(path),
            help="give a file; pipes and devices are not read",
        )
    if status.st_size > most:
        os.close(fd)
        raise DataError(
            codes.TOO_LARGE,
            f"{name} has {status.st_size:,} bytes; {most:,} is the most",
            where=str(path),
            help="split the file into parts, for example one per run",
        )
    return fd


def _unreadable(path: Path, error: OSError) -> DataError:
    is_link = path.is_symlink()
    return DataError(
        codes.NOT_A_FILE if is_link else codes.NO_SUCH_PATH,
        f"{path} is a symbolic link" if is_link else f"{path} cannot be read: {error.strerror}",
        where=str(path),
        help="give the path that it points to"
        if is_link
        else "check that the file is there and may be read",
    )
