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

from plotter2.datter.bundle import SourceFile
from plotter2.errors import DataError
from plotter2.staging import codes
from plotter2.staging.finding import Source
from plotter2.wire.memory import sealed

MOST_BYTES = 4 << 30
"""The largest file that is read."""
_STEP = 1 << 22
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class Copied:
    """A file's bytes in the memory: where they are, and which file they were."""

    source: Source
    offset: int
    file: SourceFile


def size_of(source: Source) -> int:
    """Give the size of a file in bytes. Raises DataError as `copied`."""
    fd = _opened(source)
    try:
        return os.fstat(fd).st_size
    finally:
        os.close(fd)


def copied(sources: Sequence[Source]) -> tuple[int, tuple[Copied, ...]]:
    """Give a descriptor of sealed memory with all files' bytes, and where each file is in it.

    The caller closes the descriptor. A file that grows meanwhile is taken as long as it was when
    it was opened. Raises DataError: P2-D0830 (gone, unreadable), P2-D0832 (no plain file),
    P2-D0833 (too large), P2-D0836 (became shorter); HostError (P2-H0915) without memory.
    """
    done: list[Copied] = []
    fd = sealed(_pieces(sources, done))
    return fd, tuple(done)


def _pieces(sources: Sequence[Source], done: list[Copied]) -> Iterator[bytes]:
    offset = 0
    for source in sources:
        fd = _opened(source)
        try:
            size = os.fstat(fd).st_size
            digest = hashlib.sha256()
            for piece in _content(fd, size, source):
                digest.update(piece)
                yield piece
        finally:
            os.close(fd)
        file = SourceFile(name=source.name, digest=digest.hexdigest(), bytes=size)
        done.append(Copied(source, offset, file))
        offset += size


def _content(fd: int, size: int, source: Source) -> Iterator[bytes]:
    left = size
    while left:
        piece = os.read(fd, min(left, _STEP))
        if not piece:
            raise DataError(
                codes.CHANGED,
                f"{source.name} became shorter while it was read",
                where=str(source.path),
                help="wait until nobody writes the file, then add it again",
            )
        left -= len(piece)
        yield piece


def _opened(source: Source) -> int:
    try:
        fd = os.open(source.path, _FLAGS)
    except OSError as error:
        raise _unreadable(source.path, error) from None
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise DataError(
            codes.NOT_A_FILE,
            f"{source.name} is no plain file",
            where=str(source.path),
            help="give a file; pipes and devices are not read",
        )
    if status.st_size > MOST_BYTES:
        os.close(fd)
        raise DataError(
            codes.TOO_LARGE,
            f"{source.name} has {status.st_size / 2**30:.1f} GiB; the limit is "
            f"{MOST_BYTES / 2**30:.0f} GiB",
            where=str(source.path),
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
