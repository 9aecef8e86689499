"""Files that no reader takes: which of them a bundle keeps, under which path, and which are left alone, and why.

Only names and sizes are looked at here; no file is opened.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from plotter2.config.settings import Files
from plotter2.datter.bundle import slug, slug_path
from plotter2.datter.holdings import Paths
from plotter2.errors import DataError
from plotter2.manifest.names import is_file_path
from plotter2.staging import codes
from plotter2.staging.parts import KeptFile, Part

UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart", "~")
"""Names that copying programs and browsers give to what they are not done with."""
_MIB = 1 << 20
_HIGHEST = 99_999
"""There are fewer arrays in a file."""


@dataclass(frozen=True, slots=True)
class Taking:
    """Which files are kept: beside what is read (`keep` None), whatever is read (True), or none; and how many."""

    keep: bool | None = None
    limits: Files = field(default_factory=Files)

    @property
    def largest(self) -> int:
        """Give the size of the largest file that is kept."""
        return self.limits.largest_mib * _MIB

    @property
    def together(self) -> int:
        """Give how many bytes the files of a bundle may have."""
        return self.limits.together_mib * _MIB


AS_SET = Taking()
"""Beside what is read, as many as the settings allow by default."""


def chosen(
    folder: Path, files: Iterable[tuple[Path, str]], taking: Taking, left_alone: list[str]
) -> tuple[KeptFile, ...]:
    """Give the files, each with its shown name, that the bundle of a folder keeps; the others are told `left_alone`.

    Raises DataError (P2-D0926) when they are too many, or too large together.
    """
    kept: list[KeptFile] = []
    there = Paths()
    size = 0
    for path, shown in files:
        inside = path.relative_to(folder).as_posix()
        try:
            status = path.lstat()
        except OSError as error:
            left_alone.append(f"{shown} (it cannot be read: {error.strerror})")
            continue
        why = _why_not(path.name, status.st_mode, status.st_size, taking)
        why = why or there.misfit(inside)
        if why:
            left_alone.append(f"{shown} ({why})")
            continue
        there.add(inside)
        kept.append(KeptFile(Part(path, shown), inside))
        size += status.st_size
    check_room(str(folder), len(kept), size, taking)
    return tuple(kept)


def free_path(wanted: str, there: Paths) -> str:
    """Give a path near the wanted one that can stand beside those that are there, and take it."""
    near = (wanted, slug_path(wanted), slug(wanted))
    path = next(path for path in near if is_file_path(path))
    if there.misfit(path):
        # No number helps what lies below a file, nor has it room behind a path of full length; the last one is flat.
        fits = (path for path in near if not there.misfit(f"{path}-{_HIGHEST}"))
        path = there.numbered(next(fits, near[-1]))
    there.add(path)
    return path


def check_room(where: str, count: int, size: int, taking: Taking) -> None:
    """Raise DataError (P2-D0926) when a bundle would keep too many files, or too large ones together."""
    if count > taking.limits.most:
        raise DataError(
            codes.TOO_MUCH_KEPT,
            f"{where} holds {count:,} files that nothing is read from; a bundle keeps {taking.limits.most:,} at most",
            where=where,
            help="put them into an archive (.tar, .zip), leave them alone with --no-files, or raise [files] most in "
            "config/plotter2.toml",
        )
    if size > taking.together:
        raise DataError(
            codes.TOO_MUCH_KEPT,
            f"the files of {where} that nothing is read from have {size:,} bytes; a bundle keeps "
            f"{taking.together:,} at most",
            where=where,
            help="leave them alone with --no-files, or raise [files] together_mib in config/plotter2.toml",
        )


def _why_not(name: str, mode: int, size: int, taking: Taking) -> str:
    if not stat.S_ISREG(mode):
        return "no plain file"
    if name.lower().endswith(UNFINISHED):
        return "its name says that it is not finished"
    if size > taking.largest:
        return f"it has {size:,} bytes; {taking.largest:,} is the most that is kept"
    return ""
