"""Content-addressed objects: `source/objects/aa/<sha256>`. Equal bytes are kept once.

It knows names, sizes and digests, never what the bytes mean.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from plotter2.datter import codes, durable
from plotter2.datter.bundle import Chunk
from plotter2.datter.layout import Layout
from plotter2.errors import DataError

_READ_STEP = 1 << 20
_OPEN_FILES = 200
_LARGE_BYTES = 1 << 22
"""Files of this size are written while the next ones are still being hashed."""


def chunk_path(layout: Layout, chunk: Chunk) -> Path:
    """Give the path of a chunk after a look at its size.

    Raises DataError (P2-D0816) when the object is missing or has another size.
    """
    path = layout.object_file(chunk.digest)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise _damaged(path, "it is missing") from None
    if size != chunk.bytes:
        raise _damaged(path, f"it has {size} bytes where {chunk.bytes} were stored")
    return path


def verify(layout: Layout, digest: str) -> None:
    """Read an object and compare its bytes with its name; raises DataError (P2-D0816)."""
    path = layout.object_file(digest)
    try:
        found = digest_of_file(path)
    except FileNotFoundError:
        raise _damaged(path, "it is missing") from None
    if found != digest:
        raise _damaged(path, "its bytes are not those that its name promises")


def read(layout: Layout, digest: str) -> bytes:
    """Give the bytes of an object; raises DataError (P2-D0816) unless they are those that its name promises."""
    path = layout.object_file(digest)
    with durable.reported(path):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise _damaged(path, "it is missing") from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise _damaged(path, "its bytes are not those that its name promises")
    return data


def pieces(layout: Layout, digest: str, size: int) -> Iterator[bytes]:
    """Give an object's bytes piece by piece. Raises DataError (P2-D0816), at the end, unless they are as stored."""
    path = layout.object_file(digest)
    seen = _Seen()
    with durable.reported(path):
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise _damaged(path, "it is missing") from None
    with file, durable.reported(path):
        while piece := file.read(_READ_STEP):
            yield from seen.passing([piece])
    if (seen.running.hexdigest(), seen.size) != (digest, size):
        raise _damaged(path, "its bytes are not those that its name promises")


def digest_of_file(path: Path, *, from_disk: bool = False, before: bytes = b"") -> str:
    """Give the SHA-256 of a file's bytes, of `before` and these; `from_disk` reads them anew if they are in memory.

    Raises OSError.
    """
    running = hashlib.sha256(before)
    with path.open("rb") as file:
        if from_disk:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := file.read(_READ_STEP):
            running.update(piece)
    return running.hexdigest()


@dataclass(frozen=True, slots=True)
class Published:
    """Objects that got their names just now; they can be taken back as long as nobody was told."""

    fresh: tuple[Path, ...]

    def undo(self) -> None:
        """Remove them again."""
        for path in self.fresh:
            durable.discard(path)


class Incoming:
    """Objects on their way in: written under `temp/`, without a name in the store yet.

    One instance belongs to one add and uses the add's own folder. Not more than a few hundred
    files are open at once: they are synced together, which is faster than one by one.
    """

    def __init__(self, layout: Layout, folder: Path) -> None:
        self._layout = layout
        self._folder = folder
        self._written: dict[str, Path | None] = {}
        """digest -> the file in the folder that has its bytes (None = the store has them)."""
        self._streams = 0
        self._open: list[tuple[int, Path]] = []
        self._later = durable.LaterWrites()

    def put(self, data: bytes | memoryview, known_digest: str = "") -> tuple[str, int]:
        """Take bytes in; gives (SHA-256, number of bytes). Raises DataError.

        Who gives the digest computed it of these very bytes, which nobody can change any more.
        """
        digest = known_digest or hashlib.sha256(data).hexdigest()
        stays = bool(known_digest) or isinstance(data, bytes)
        size = len(memoryview(data).cast("B"))
        if digest not in self._written:
            path = None if self._is_known(digest, size) else self._folder / digest
            if path is not None:
                if stays and size >= _LARGE_BYTES:
                    self._later.start(path, data)
                else:
                    self._open.append((durable.begin(path, (data,)), path))
            self._written[digest] = path
        if len(self._open) >= _OPEN_FILES:
            self._sync()
        return digest, size

    def put_pieces(self, pieces: Iterable[bytes]) -> tuple[str, int]:
        """Take bytes in that need not fit into memory; gives (SHA-256, number of bytes).

        Raises DataError, and what `pieces` raises; then nothing of them is left.
        """
        self._streams += 1
        path = self._folder / f"stream-{self._streams}"
        seen = _Seen()
        fd = durable.begin(path, seen.passing(pieces))
        digest, size = seen.running.hexdigest(), seen.size
        if digest in self._written or self._is_known(digest, size):
            os.close(fd)
            durable.discard(path)
            self._written.setdefault(digest, None)
        else:
            self._open.append((fd, path))
            self._written[digest] = path
        if len(self._open) >= _OPEN_FILES:
            self._sync()
        return digest, size

    def _is_known(self, digest: str, size: int) -> bool:
        return _has(self._layout.object_file(digest), size) and self._refreshed(digest)

    def publish(self) -> Published:
        """Give every object its name in the store, durably. The caller holds the store's lock.

        An object that the store had already is synced too: who linked it may have died before its
        own sync. Raises DataError, and then nothing new is left.
        """
        self._sync()
        folders = sorted({self._layout.object_file(digest).parent for digest in self._written})
        if folders:
            durable.make_dirs(folders)
        fresh: list[Path] = []
        try:
            for digest, written in self._written.items():
                final = self._layout.object_file(digest)
                if written is not None and durable.link_new(written, final):
                    fresh.append(final)
                elif not final.exists():
                    raise _damaged(final, "it was removed while it was added again")
            durable.sync_dirs(folders)
        except BaseException:
            Published(tuple(fresh)).undo()
            raise
        return Published(tuple(fresh))

    def close(self) -> None:
        """Close what is open; what was not published is swept with the folder."""
        self._later.close()
        while self._open:
            os.close(self._open.pop()[0])

    def _refreshed(self, digest: str) -> bool:
        """Make an object that is there look new, so that `gc` leaves it alone; False when it is gone."""
        try:
            os.utime(self._layout.object_file(digest))
        except FileNotFoundError:
            return False
        except PermissionError:  # of another user: what `publish` finds missing is told
            pass
        return True

    def _sync(self) -> None:
        try:
            durable.sync_all(self._open)
            self._later.wait()
        finally:
            self.close()


class _Seen:
    """The SHA-256 and the number of the bytes that passed."""

    def __init__(self) -> None:
        self.running = hashlib.sha256()
        self.size = 0

    def passing(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Give the pieces on."""
        for piece in pieces:
            self.running.update(piece)
            self.size += len(piece)
            yield piece


def _has(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        codes.OBJECT_DAMAGED,
        f"a stored object is damaged: {why}",
        where=str(path),
        help="mend it from a safe copy: plotter2 restore COPY; "
        "or plotter2 scrub --set-aside, then add the experiment's output again",
    )
