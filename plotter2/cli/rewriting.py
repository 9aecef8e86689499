"""Puts another text in the place of a script that was read, unless somebody changed the script meanwhile."""

from __future__ import annotations

from pathlib import Path

from plotter2.cli.codes import CHANGED_MEANWHILE
from plotter2.datter import durable
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.runs.opening import open_script


def rewrite(path: Path, before: bytes, after: bytes) -> None:
    """Replace a script whole. Raises Plotter2Error P2-E0019 when it is not what was read `before`, DataError."""
    if open_script(path).content != before:
        raise Plotter2Error(
            CHANGED_MEANWHILE,
            "the script changed while it was worked on, and is left as it is",
            str(path),
            "run the command again",
            exit_code=ExitCode.CHECK_FAILED,
        )
    durable.replace(path, after)
