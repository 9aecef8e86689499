"""The folder of kept results: `KEY.data` holds the columns of one as its child wrote them, `KEY.json` tells of it.

Nothing here is the truth of anything, so nothing is synced and nothing is locked: a rename makes an entry whole, and an
entry that is not whole is as good as none. Before one is used its SHA-256 is checked, unless that was done since the
machine was started and within a day, and the file has not been written to since: what a power cut may have torn, or a
disk may have lost, is then found before it can be drawn. Whatever the system refuses here only costs the time that
computing takes.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from plotter2.cache.codes import UNUSABLE
from plotter2.errors import DataError

_DATA, _ABOUT, _NEW = ".data", ".json", ".new-"
_MIB: Final = 1 << 20
_SHARE: Final = 4
"""One result takes at most this part of the room."""
_CHECKED_MS: Final = 24 * 3600 * 1000
_REST_S: Final = 3600
"""Seconds after which a file that belongs to no entry is left over."""
_LONGEST: Final = 1 << 26
_SPARED: Final = 256 * _MIB
"""Bytes of the disk that stay free for what must be kept."""
_COPY_STEP: Final = 1 << 30
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a kept result: what made it, its bytes, how often and when it was used (ms since 1970).

    `script` is the one that made it; others may have used it since. `about` is what its child told. The rest says which
    file was checked, when, and since which start of the machine.
    """

    key: str
    operation: str
    script: str
    bytes: int
    sha256: str
    about: str
    made_ms: int
    used_ms: int
    hits: int = 0
    boot: str
    checked_ms: int
    inode: int
    written_ns: int


@dataclass(frozen=True, slots=True)
class Found:
    """A kept result, opened for reading; whoever has it closes it."""

    fd: int
    entry: Entry

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)


@dataclass(frozen=True, slots=True)
class Result:
    """A result that a child left in sealed memory: `length` bytes from `offset`, and what it told of them."""

    operation: str
    script: str
    memory: int
    offset: int
    length: int
    about: str


class NodeCache:
    """Results by key, at most `max_mib` of them together; 0 = none are kept and none are found."""

    def __init__(self, folder: Path, max_mib: int) -> None:
        self.folder = folder
        self._most = max_mib * _MIB

    @property
    def is_on(self) -> bool:
        """Tell whether results may be kept."""
        return self._most > 0

    @property
    def largest(self) -> int:
        """Give the bytes that one result may have."""
        return self._most // _SHARE

    # ------------------------------------------------------------ use
    def find(self, key: str) -> Found | None:
        """Give the result of this key, if it is here and whole; the use of it is counted."""
        entry = self._entry(key) if self.is_on else None
        if entry is None:
            return None
        try:
            fd = os.open(self._path(key, _DATA), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return None
        checked = _checked(fd, entry)
        if checked is None:
            os.close(fd)
            self._remove(key)
            return None
        with suppress(OSError):  # a root that is not to be written to can be used all the same
            used = msgspec.structs.replace(checked, hits=entry.hits + 1, used_ms=_now_ms())
            self._write_about(used)
        return Found(fd, checked)

    def keep(self, key: str, result: Result) -> bool:
        """Keep a result, the least recently used going for it; tells whether it could be kept."""
        if result.length > self.largest:
            return False
        try:
            self._keep(key, result)
        except OSError:
            return False
        return True

    def _keep(self, key: str, result: Result) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._make_room(result.length)
        if shutil.disk_usage(self.folder).free < result.length + _SPARED:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        name = self._new()
        try:
            status = _copied(result, name)
            digest = _digest(result.memory, result.offset, result.length)
            name.rename(self._path(key, _DATA))
        finally:  # once it is renamed nothing has this name
            name.unlink(missing_ok=True)
        now = _now_ms()
        self._write_about(
            Entry(
                key=key, operation=result.operation, script=result.script, bytes=result.length,
                sha256=digest, about=result.about, made_ms=now, used_ms=now, boot=_boot(), checked_ms=now,
                inode=status.st_ino, written_ns=status.st_mtime_ns,
            )
        )  # fmt: skip

    # ------------------------------------------------------------ care
    def entries(self) -> list[Entry]:
        """Give what is kept, the most recently used first. Raises DataError P2-D0920."""
        try:
            keys = [path.stem for path in self.folder.iterdir() if path.suffix == _ABOUT]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable(error) from None
        found = [entry for key in keys if (entry := self._entry(key)) is not None]
        return sorted(found, key=lambda entry: entry.used_ms, reverse=True)

    def clear(self) -> tuple[int, int]:
        """Remove all results; gives how many they were, and their bytes. Raises DataError P2-D0920."""
        results = size = 0
        try:
            for path in list(self.folder.iterdir()):
                size += path.lstat().st_size
                path.unlink(missing_ok=True)
                results += path.suffix == _DATA
        except FileNotFoundError:
            return results, size
        except OSError as error:
            raise self._unusable(error) from None
        return results, size

    def _make_room(self, needed: int) -> None:
        """Remove the least recently used results until there is room, and what belongs to none."""
        used: list[tuple[float, int, str]] = []
        for path in self._files():
            status = path.lstat()
            about = self._path(path.stem, _ABOUT)
            if path.suffix == _DATA and about.exists():
                used.append((about.lstat().st_mtime, status.st_size, path.stem))
            elif path.suffix != _ABOUT and time.time() - status.st_mtime > _REST_S:
                path.unlink(missing_ok=True)
        room = self._most - sum(size for _, size, _ in used)
        for _, size, key in sorted(used):
            if room >= needed:
                break
            self._remove(key)
            room += size

    def _files(self) -> Iterator[Path]:
        for path in list(self.folder.iterdir()):
            with suppress(FileNotFoundError):  # another process makes room as well
                path.lstat()
                yield path

    def _remove(self, key: str) -> None:
        with suppress(OSError):
            self._path(key, _ABOUT).unlink(missing_ok=True)
            self._path(key, _DATA).unlink(missing_ok=True)

    # ------------------------------------------------------------ files
    def _path(self, key: str, suffix: str) -> Path:
        return self.folder / f"{key}{suffix}"

    def _new(self) -> Path:
        return self.folder / f"{_NEW}{secrets.token_hex(8)}"

    def _entry(self, key: str) -> Entry | None:
        """Read what is known of a result; None when it is not there, torn, or not of this release."""
        try:
            content = self._path(key, _ABOUT).read_bytes()
        except OSError:
            return None
        digest, _, told = content.partition(b"\n")
        if hashlib.sha256(told).hexdigest().encode() != digest or len(content) > _LONGEST:
            return None
        try:
            entry = msgspec.json.decode(told, type=Entry)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return entry if entry.key == key else None

    def _write_about(self, entry: Entry) -> None:
        told = msgspec.json.encode(entry)
        name = self._new()
        try:
            name.write_bytes(hashlib.sha256(told).hexdigest().encode() + b"\n" + told)
            name.rename(self._path(entry.key, _ABOUT))
        finally:
            name.unlink(missing_ok=True)

    def _unusable(self, error: OSError) -> DataError:
        return DataError(
            UNUSABLE,
            f"the kept results in {self.folder} cannot be read or removed: {error.strerror}",
            str(self.folder),
            "check the folder and its rights; it may be deleted as a whole, nothing is lost by that",
        )


def _checked(fd: int, entry: Entry) -> Entry | None:
    """Give the entry of a file that is whole, with when that was last found out; None when it is not."""
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_size != entry.bytes:
        return None
    now, boot = _now_ms(), _boot()
    same = (status.st_ino, status.st_mtime_ns) == (entry.inode, entry.written_ns)
    if same and boot == entry.boot != "" and 0 <= now - entry.checked_ms < _CHECKED_MS:
        return entry
    if _digest(fd, 0, entry.bytes) != entry.sha256:
        return None
    return msgspec.structs.replace(
        entry, boot=boot, checked_ms=now, inode=status.st_ino, written_ns=status.st_mtime_ns
    )


def _copied(result: Result, target: Path) -> os.stat_result:
    """Copy a result into a new file, from kernel to kernel. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    fd = os.open(target, flags, 0o600)
    try:
        done = 0
        while done < result.length:
            step = min(result.length - done, _COPY_STEP)
            done += os.sendfile(fd, result.memory, result.offset + done, step)
        return os.fstat(fd)
    finally:
        os.close(fd)


def _digest(fd: int, offset: int, length: int) -> str:
    if not length:
        return hashlib.sha256(b"").hexdigest()
    with (
        mmap.mmap(fd, 0, prot=mmap.PROT_READ) as content,
        memoryview(content) as whole,
        whole[offset : offset + length] as view,
    ):
        return hashlib.sha256(view).hexdigest()


def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


OFF: Final = NodeCache(Path(), 0)
"""Keeps nothing and finds nothing."""
