"""Recording what a process does to the disk: the Python side of the preloaded recorder, and its records as data.

A record is: kind (1 byte), descriptor (int32), number (int64), two lengths (uint32), a text or content, a second text.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("recorded_calls.c")
VARIABLE = "P2_RECORDER"
_HEAD = struct.Struct("<ciqII")
CREATED, EMPTIED = 1, 2


@dataclass(frozen=True, slots=True)
class Call:
    """One call that succeeded. `kind` is one of O(pen) W(rite) T(runcate) S(ync) L(ink) R(ename) U(nlink) M(kdir)
    D (rmdir) or K (a mark: what the workload said at this moment)."""

    kind: str
    fd: int
    number: int
    """Place of a write, size of a truncation, `CREATED | EMPTIED` of an open."""
    first: bytes
    """A path, content, or a mark's text."""
    second: str
    """The second path of a link or a rename."""

    @property
    def path(self) -> str:
        return os.fsdecode(self.first)


def build(folder: Path) -> Path:
    """Compile the recorder. Raises LookupError where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise LookupError("recording what a process writes needs a C compiler (cc)")
    library = folder / "recorded_calls.so"
    command = [
        compiler,
        "-shared",
        "-fPIC",
        "-O1",
        "-o",
        str(library),
        str(SOURCE),
        "-ldl",
        "-lpthread",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return library


def environment(library: Path) -> Mapping[str, str]:
    """Give the environment of a process that can record itself."""
    return {**os.environ, "LD_PRELOAD": str(library), VARIABLE: str(library)}


class Recorder:
    """Records this process, which must have been started with `environment`."""

    def __init__(self) -> None:
        library = ctypes.CDLL(os.environ[VARIABLE])
        self._start, self._stop, self._mark = (
            library.recorder_start, library.recorder_stop, library.recorder_mark,
        )  # fmt: skip
        self._records = library.recorder_records
        self._records.restype = ctypes.c_void_p

    @contextmanager
    def recording(self, root: Path) -> Iterator[list[Call]]:
        """Record what happens below `root`; the list is filled after the block. No file may be open there."""
        calls: list[Call] = []
        self._start(os.fsencode(root))
        try:
            yield calls
        finally:
            self._stop()
            length = ctypes.c_size_t()
            address = self._records(ctypes.byref(length))
            calls += decoded(ctypes.string_at(address, length.value) if length.value else b"")

    def mark(self, text: str) -> None:
        """Note at this place of the record that the workload said something, for example an acknowledgement."""
        self._mark(text.encode())


def decoded(data: bytes) -> Iterator[Call]:
    place = 0
    while place < len(data):
        kind, fd, number, length, second = _HEAD.unpack_from(data, place)
        place += _HEAD.size
        middle, end = place + length, place + length + second
        yield Call(kind.decode(), fd, number, data[place:middle], os.fsdecode(data[middle:end]))
        place = end
