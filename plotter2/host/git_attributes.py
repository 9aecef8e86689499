"""Scripts under git: a `.gitattributes` beside them, so that a check-out does not change the bytes that were signed.

A file that is there already is never changed without being asked; git itself is not run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plotter2.datter import durable
from plotter2.errors import Plotter2Error
from plotter2.runs.opening import read_once

NAME = ".gitattributes"
PATTERNS = ("*.p2", "*.p2.sig", "*.p2pack")
_AS_IT_IS = frozenset(("-text", "binary"))
_LARGEST = 1024 * 1024
_HIGHEST = 64


@dataclass(frozen=True, slots=True)
class Lacking:
    """Lines that git needs to leave scripts as they are, and the file beside the scripts where they belong."""

    file: Path
    lines: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Tell whether there is no such file yet."""
        return not self.file.exists() and not self.file.is_symlink()

    @property
    def text(self) -> str:
        """Give the lines as they are written."""
        return "".join(f"{line}\n" for line in self.lines)


def lacking(script: Path) -> Lacking | None:
    """Give what git has to be told about a script's folder; None outside of git, and when all is said already."""
    folder = script.absolute().parent
    inside = list(_up_to_git(folder))
    if not inside:
        return None
    said: set[str] = set()
    for each in inside:
        said |= _left_alone(each / NAME)
    missing = [] if "*" in said else [each for each in PATTERNS if each not in said]
    lines = tuple(f"{pattern} -text" for pattern in missing)
    return Lacking(folder / NAME, lines) if lines else None


def add(wanted: Lacking) -> None:
    """Write the lines: a new file, or behind what is there. Raises DataError, FileRefused."""
    if wanted.is_new:
        durable.write_new(wanted.file, (wanted.text.encode(),), mode=0o644)
        durable.sync_dir(wanted.file.parent)
        return
    before = read_once(wanted.file, _LARGEST, NAME)
    end = b"" if not before or before.endswith(b"\n") else b"\n"
    durable.replace(wanted.file, before + end + wanted.text.encode())


def _up_to_git(folder: Path) -> Iterator[Path]:
    """Give the folders from this one up to the top of its work tree; none when it is in none."""
    above = (folder, *folder.parents)[:_HIGHEST]
    top = next((number for number, each in enumerate(above) if (each / ".git").exists()), None)
    yield from above[: 0 if top is None else top + 1]


def _left_alone(file: Path) -> set[str]:
    try:
        text = read_once(file, _LARGEST, NAME).decode("utf-8", "replace")
    except Plotter2Error:  # none, or nothing that can be read
        return set()
    words = (line.split() for line in text.splitlines())
    return {first for first, *rest in filter(None, words) if _AS_IT_IS.intersection(rest)}
