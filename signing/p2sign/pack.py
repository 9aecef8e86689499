"""The pack `.p2pack`: signed scripts, their libraries, example data and pictures in one file, in exactly one form.

Bytes to values and back; checks no signature (`pack_gate` does). What is in a pack is told by its place alone:

    thermal.p2, thermal.p2.sig                  scripts, each with its own signature
    libraries/lab/fit/1.0.0.p2 and .p2.sig      libraries, each with its own
    data/run-7.p2b                              data packages
    pictures/loss.png                           pictures: names and bytes, read by nobody here
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from p2sign.refusal import Refusal, shown
from p2sign.sidecar import MAX_SIDECAR
from p2sign.statement import Statement

MAX_PACK = 32 * 1024 * 1024
"""The most bytes a pack may have; whoever opens one need not read more."""
ENDING = ".p2pack"
SHIPPED_SCOPE = "p2"
"""The scope of the libraries that everybody has; no pack brings one of it."""

_MAGIC = b"P2PACK 1\n"
_END = b"end\n"
_LONGEST_LINE = 300
_MOST_FILES = 4096
_SIG = re.compile(rb"sig ([^ ]*)")
_FILE = re.compile(rb"file ([^ ]*) ([!-~]+)")
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,7}")
_SIDECAR = ".sig"


class Role(StrEnum):
    """What a file of a pack is for."""

    SCRIPT = "script"
    LIBRARY = "library"
    DATA = "data"
    PICTURE = "picture"


_PLACES = {
    Role.SCRIPT: re.compile(r"[^/]+\.p2"),
    Role.LIBRARY: re.compile(rf"libraries/(?!{SHIPPED_SCOPE}/)[^/]+/[^/]+/[^/]+\.p2"),
    Role.DATA: re.compile(r"data/[^/]+\.p2b"),
    Role.PICTURE: re.compile(r"pictures/[^/]+"),
}
_SIGNED = (Role.SCRIPT, Role.LIBRARY)


@dataclass(frozen=True, slots=True)
class Pack:
    """The parts of a pack: its signature file and its files in their order, nothing of it checked against the other."""

    sidecar: bytes
    files: tuple[tuple[str, bytes], ...]

    def join(self) -> bytes:
        """Give the pack's bytes. Raises Refusal E_PACK_SIZE."""
        pieces = [_MAGIC, b"sig %d\n%b\n" % (len(self.sidecar), self.sidecar)]
        for path, content in self.files:
            pieces.append(b"file %d %b\n%b\n" % (len(content), path.encode("ascii"), content))
        data = b"".join((*pieces, _END))
        _check_size(len(data))
        return data


def packed(sidecar: bytes, files: Mapping[str, bytes]) -> bytes:
    """Give a pack of these files, given as path to bytes. Raises Refusal E_PACK_SIZE."""
    return Pack(sidecar, tuple((path, files[path]) for path in sorted(files))).join()


def split(data: bytes) -> Pack:
    """Take a pack apart; every byte belongs to one part.

    Raises Refusal E_PACK_SIZE, E_PACK_EOL, E_PACK_FORM, E_PACK_LENGTH, E_PACK_END, E_PACK_FILES.
    """
    _check_size(len(data))
    if data.startswith(b"P2PACK 1\r"):
        raise Refusal("E_PACK_EOL")
    if not data.startswith(_MAGIC):
        raise Refusal("E_PACK_FORM", "this is no pack: it does not begin with P2PACK 1")
    reader = _Reader(data, len(_MAGIC))
    (length,) = reader.line(_SIG, "sig LENGTH")
    sidecar = reader.content(length, MAX_SIDECAR, "the signature")
    files: list[tuple[str, bytes]] = []
    while not reader.at_end():
        if len(files) == _MOST_FILES:
            raise Refusal("E_PACK_FILES", f"the pack has more than {_MOST_FILES} files")
        length, name = reader.line(_FILE, "file LENGTH PATH")
        path = name.decode("ascii")
        files.append((path, reader.content(length, MAX_PACK, shown(path))))
    return Pack(sidecar, tuple(files))


def check_files(pack: Pack, terms: Statement) -> None:
    """Refuse (E_PACK_FILES, E_PACK_DIGEST) files that are not exactly those of the statement, in its order."""
    has = [path for path, _ in pack.files]
    signed = [file.path for file in terms.files]
    if has != signed:
        raise Refusal("E_PACK_FILES", _difference(has, signed))
    for file, (path, content) in zip(terms.files, pack.files, strict=True):
        if sha256(content).hexdigest() != file.sha256:
            raise Refusal("E_PACK_DIGEST", f"{path} has other bytes than the statement says")


def roles(terms: Statement) -> dict[str, Role]:
    """Give what each file is for, those left out that are the signatures of others.

    Raises Refusal E_PACK_PLACE for a file in no known place and an entry that is no script, E_PACK_UNSIGNED for a
    script or library without its signature file.
    """
    paths = {file.path for file in terms.files}
    found = {path: _role(path, paths) for path in sorted(paths)}
    if found[terms.entry] is not Role.SCRIPT:
        raise Refusal("E_PACK_PLACE", f"the entry of the pack, {terms.entry}, is no script")
    for path, role in found.items():
        if role in _SIGNED and path + _SIDECAR not in paths:
            raise Refusal("E_PACK_UNSIGNED", f"{path} is in the pack, and {path}.sig is not")
    return {path: role for path, role in found.items() if role is not None}


def _role(path: str, paths: set[str]) -> Role | None:
    owner = path.removesuffix(_SIDECAR)
    if owner in paths - {path} and any(_PLACES[role].fullmatch(owner) for role in _SIGNED):
        return None
    for role, place in _PLACES.items():
        if place.fullmatch(path):
            return role
    raise Refusal("E_PACK_PLACE", where=path)


def _difference(has: list[str], signed: list[str]) -> str:
    twice = next((path for number, path in enumerate(has) if path in has[:number]), None)
    if twice is not None:
        return f"the pack has {shown(twice)} twice"
    more = sorted(set(has) - set(signed))
    if more:
        return f"the pack has {shown(more[0])}, which its statement does not name"
    fewer = sorted(set(signed) - set(has))
    if fewer:
        return f"the statement names {shown(fewer[0])}, which the pack does not have"
    return "the files of the pack are not in the order of its statement"


def _check_size(size: int) -> None:
    if size > MAX_PACK:
        raise Refusal("E_PACK_SIZE", f"the pack has {size:,} bytes, and may have {MAX_PACK:,}")


class _Reader:
    """Reads lines and counted bytes, each once, from front to back."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def at_end(self) -> bool:
        """Tell whether the end line is next; refuses what follows it, and a pack without it."""
        if self._at == len(self._data):
            raise Refusal("E_PACK_END", "the pack ends before its last line, end")
        if not self._data.startswith(_END, self._at):
            return False
        left = len(self._data) - self._at - len(_END)
        if left:
            raise Refusal("E_PACK_END", f"{left:,} bytes follow after the end of the pack")
        return True

    def line(self, form: re.Pattern[bytes], meant: str) -> tuple[bytes, ...]:
        """Take a line and give its parts."""
        end = self._data.find(b"\n", self._at, self._at + _LONGEST_LINE)
        line = self._data[self._at : end] if end >= 0 else b""
        match = form.fullmatch(line)
        if match is None:
            raise Refusal("E_PACK_FORM", f"at byte {self._at} there is no line of the form {meant}")
        self._at = end + 1
        return match.groups()

    def content(self, length: bytes, most: int, what: str) -> bytes:
        """Take as many bytes as `length` says, and the line end behind them."""
        if not _LENGTH.fullmatch(length):
            raise Refusal("E_PACK_LENGTH", f"{shown(length)} is no length, at {what}")
        count = int(length)
        end = self._at + count
        if count > most or end >= len(self._data):
            raise Refusal(
                "E_PACK_LENGTH", f"{what} would have {count:,} bytes, more than there are"
            )
        if self._data[end : end + 1] != b"\n":
            raise Refusal("E_PACK_LENGTH", f"{what} does not end after {count:,} bytes")
        taken = self._data[self._at : end]
        self._at = end + 1
        return taken
