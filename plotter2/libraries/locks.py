"""`lock add`, `update` and `verify`: the scripts of one folder, the libraries they use, and the lock between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from p2lang.check import Libraries
from p2lang.diagnostics import Diagnostic
from plotter2.datter import durable
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.libraries import lockfile
from plotter2.libraries.codes import NOT_LOCKED, NOTHING_USED
from plotter2.libraries.finding import Finder, Found
from plotter2.libraries.locking import Change, applied, changes
from plotter2.runs.compiling import CheckedScript, failed
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.opening import OpenedScript

Locking = Literal["add", "update", "verify"]
Look = Callable[[OpenedScript, Libraries], CheckedScript]

_OF_LIBRARIES = ("P2-E025", "P2-S07", "P2-S08", "P2-E00")
_OF_PINS = "P2-E0219"


@dataclass(frozen=True)
class LockReport:
    """What became of a lock, line by line; `fits` is false when `verify` found that it must change."""

    path: Path
    changes: tuple[Change, ...]
    fits: bool = True


def lock_scripts(
    scripts: Sequence[OpenedScript], how: Locking, finder: Callable[[Path], Finder], look: Look
) -> LockReport:
    """Bring the lock beside scripts of one folder up to date, or tell whether it is.

    Raises CheckFailed when a library cannot be had or is not trusted, Plotter2Error P2-E0254 when `add` would change
    what is locked, P2-E0255 when nothing is used.
    """
    folder = scripts[0].path.parent
    lock = lockfile.read(folder) or {}
    used: dict[str, Found] = {}
    for script in scripts:
        used |= _used(script, finder(script.path), look)
    path = folder / lockfile.NAME
    if not used and not lock:
        raise Plotter2Error(
            NOTHING_USED,
            "no library is used here, so there is nothing to lock",
            str(folder),
            'write `use "p2/statistics@1.0.0" as stats` in a script first',
            exit_code=ExitCode.USAGE,
        )
    made = changes(lock, used.values(), _unused(lock, used, scripts, folder))
    if how == "verify":
        return LockReport(path, made, all(change.kind == "kept" for change in made))
    if how == "add":
        made = tuple(change for change in made if change.kind != "removed")
        _only_added(path, made)
    durable.replace(path, lockfile.dump(applied(lock, made).values()))
    return LockReport(path, made)


def _used(script: OpenedScript, finder: Finder, look: Look) -> dict[str, Found]:
    """Give all libraries of a script, with those that they use. Raises CheckFailed."""
    checked = look(script, finder.libraries(None, strict=True))
    wrong = tuple(d for d in checked.diagnostics if _of_library(d))
    if wrong:
        raise _only(checked, wrong)
    return finder.found


def _of_library(diagnostic: Diagnostic) -> bool:
    if not diagnostic.is_error or diagnostic.code == _OF_PINS:
        return False
    return diagnostic.source is not None or diagnostic.code.startswith(_OF_LIBRARIES)


def _only(checked: CheckedScript, wrong: tuple[Diagnostic, ...]) -> CheckFailed:
    return failed(CheckedScript(checked.script, checked.source, wrong, None))


def _unused(
    lock: dict[str, lockfile.LockLine],
    used: dict[str, Found],
    scripts: Sequence[OpenedScript],
    folder: Path,
) -> list[str]:
    """Give the lines that no script of the folder needs: known only when all of its scripts were looked at."""
    looked_at = {script.path.name for script in scripts}
    whole = looked_at >= {path.name for path in folder.glob("*.p2")}
    return [name for name in lock if whole and name not in used]


def _only_added(path: Path, made: Sequence[Change]) -> None:
    altered = [change.library for change in made if change.kind == "changed"]
    if altered:
        raise Plotter2Error(
            NOT_LOCKED,
            f"{', '.join(altered)} is locked already, and is not the same any more",
            str(path),
            "see what changed and take it: plotter2 lock update",
            exit_code=ExitCode.REFUSED,
        )
