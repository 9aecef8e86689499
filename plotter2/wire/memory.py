"""Memory that host and child share: sealed inputs, one capped output. Never looks into the bytes.

Seals are the kernel's promise (memfd_create(2), fcntl(2) F_ADD_SEALS): nobody, the host included,
can change a sealed input any more, and nobody can make an output larger or smaller than its cap.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from plotter2.errors import DataError, HostError
from plotter2.wire import codes

INPUT_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
OUTPUT_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_RESULT_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
_COPY_STEP = 1 << 30
_ALIGNMENT = 64


def gap(end: int) -> int:
    """Give how many bytes lie between what ends at `end` and an Arrow file behind it.

    Numbers can be used where they lie only in places that are divisible by their size.
    """
    return -end % _ALIGNMENT


def laid_out(lengths: Iterable[int]) -> list[tuple[int, int]]:
    """Give (offset, length) of Arrow files that lie one behind the other, `gap` bytes between."""
    found: list[tuple[int, int]] = []
    end = 0
    for length in lengths:
        start = end + gap(end)
        end = start + length
        found.append((start, length))
    return found


def sealed(content: bytes | bytearray | memoryview | Iterable[bytes]) -> int:
    """Give a read-only descriptor of sealed memory that holds `content`; the caller closes it.

    Raises HostError (P2-H0915) when there is no memory for it.
    """
    pieces = (content,) if isinstance(content, bytes | bytearray | memoryview) else content
    with _Making("p2-in") as making:
        for piece in pieces:
            _write_all(making.fd, memoryview(piece).cast("B"))
        return making.finished(INPUT_SEALS, read_only=True)


def sealed_from_files(
    paths: Sequence[str | os.PathLike[str] | int],
) -> tuple[int, list[tuple[int, int]]]:
    """Give sealed memory with the files' bytes one after the other, and (offset, length) of each.

    A path may also be an open descriptor, read from its start. The bytes go from kernel to kernel,
    never through Python. The caller closes the memory. Raises DataError (P2-H0915) when a file
    cannot be read or becomes shorter meanwhile, HostError as `sealed` does.
    """
    with _Making("p2-in") as making:
        places: list[tuple[int, int]] = []
        offset = 0
        for path in paths:
            length = _append_file(making.fd, path)
            places.append((offset, length))
            offset += length
        return making.finished(INPUT_SEALS, read_only=True), places


def opened_to_read(path: str | os.PathLike[str]) -> int:
    """Give a read-only descriptor of a plain file; the caller closes it. Raises DataError (P2-H0915)."""
    where = os.fspath(path)
    try:
        source = os.open(Path(where), os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise _unreadable(where, error.strerror) from None
    if not stat.S_ISREG(os.fstat(source).st_mode):
        os.close(source)
        raise _unreadable(where, "it is not a plain file")
    return source


def capped_output(limit_bytes: int) -> int:
    """Give writable memory of exactly `limit_bytes`, which nobody can grow.

    Untouched pages cost nothing. Raises HostError (P2-H0915) when it cannot be made.
    """
    with _Making("p2-out") as making:
        os.ftruncate(making.fd, limit_bytes)
        return making.finished(OUTPUT_SEALS, read_only=False)


def sealed_for_good(fd: int) -> int:
    """Give a read-only descriptor of an output that nobody can change any more; its child must be dead.

    Raises HostError (P2-H0915) when somebody still has it mapped to write.
    """
    try:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _not_made(error) from None


def memory_for_results(limit_bytes: int) -> int:
    """Give writable memory of exactly `limit_bytes` that can be sealed against writing later (`sealed_for_good`).

    Raises HostError (P2-H0915) when it cannot be made.
    """
    with _Making("p2-results") as making:
        os.ftruncate(making.fd, limit_bytes)
        return making.finished(_RESULT_SEALS, read_only=False)


def copy_out(fd: int, offset: int, length: int) -> bytes:
    """Give a private copy of `length` bytes at `offset`.

    Raises HostError (P2-H0908) when they lie outside the memory.
    """
    size = os.fstat(fd).st_size
    if offset < 0 or length < 0 or offset + length > size:
        raise HostError(
            codes.PROTOCOL_BROKEN,
            f"{length} bytes at {offset} lie outside an output of {size} bytes",
        )
    pieces: list[bytes] = []
    done = 0
    while done < length:
        piece = os.pread(fd, length - done, offset + done)
        if not piece:
            raise HostError(codes.PROTOCOL_BROKEN, "the output memory ended early")
        pieces.append(piece)
        done += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def mapped(fd: int, *, at_once: bool = False) -> memoryview:
    """Give a read-only view of a whole sealed memory, without a copy.

    `at_once` is for who reads all of it: finding its pages one by one takes longer than copying them.
    """
    size = os.fstat(fd).st_size
    if not size:
        return memoryview(b"")
    flags = mmap.MAP_SHARED | (mmap.MAP_POPULATE if at_once else 0)
    return memoryview(mmap.mmap(fd, size, flags=flags, prot=mmap.PROT_READ))


class _Making:
    """A memory while it is filled; a refusal by the kernel becomes a HostError."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.fd = -1

    def __enter__(self) -> _Making:
        try:
            self.fd = os.memfd_create(self._name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        except OSError as error:
            raise _not_made(error) from None
        return self

    def finished(self, seals: int, *, read_only: bool) -> int:
        """Seal, check the seals, and give a descriptor to keep."""
        fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, seals)
        if fcntl.fcntl(self.fd, fcntl.F_GET_SEALS) & seals != seals:
            raise HostError(
                codes.MEMORY_NOT_MADE, "the kernel did not keep the seals of a shared memory"
            )
        # A read-only descriptor can be mapped shared by every kernel; a writable one that is sealed
        # against writing only since 6.7.
        mode = os.O_RDONLY if read_only else os.O_RDWR
        return os.open(f"/proc/self/fd/{self.fd}", mode | os.O_CLOEXEC)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        os.close(self.fd)
        if isinstance(error, OSError):
            raise _not_made(error) from None


def _not_made(error: OSError) -> HostError:
    return HostError(
        codes.MEMORY_NOT_MADE,
        f"shared memory for a run could not be made: {error.strerror or error}",
        help="free memory, or read fewer columns or rows in one run",
    )


def _write_all(fd: int, view: memoryview) -> None:
    while view:
        view = view[os.write(fd, view) :]


def _append_file(fd: int, path: str | os.PathLike[str] | int) -> int:
    if isinstance(path, int):
        return _copy(path, fd, f"descriptor {path}")
    where = os.fspath(path)
    source = opened_to_read(where)
    try:
        return _copy(source, fd, where)
    finally:
        os.close(source)


def _copy(source: int, target: int, where: str) -> int:
    status = os.fstat(source)
    if not stat.S_ISREG(status.st_mode):
        raise _unreadable(where, "it is not a plain file")
    length, done = status.st_size, 0
    while done < length:
        count = os.sendfile(target, source, done, min(length - done, _COPY_STEP))
        if count == 0:
            raise _unreadable(where, "it became shorter while it was read")
        done += count
    return length


def _unreadable(where: str, why: str | None) -> DataError:
    return DataError(
        codes.MEMORY_NOT_MADE,
        f"{where} could not be read: {why}",
        where=where,
        help="check the file and its rights",
    )
