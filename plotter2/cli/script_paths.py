"""The scripts that paths on the command line name: files, and all below a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from plotter2.cli import codes
from plotter2.errors import ExitCode, Plotter2Error


def scripts_in(paths: Iterable[Path], plain: Path | None = None) -> Iterator[Path]:
    """Give the scripts that paths name: of a folder all `.p2` files in it, but not those in hidden folders.

    `plain` is a name that is no path. Raises Plotter2Error P2-E0021.
    """
    for path in paths:
        if path == plain or not path.is_dir():
            yield path
            continue
        inside = (p for p in sorted(path.rglob("*.p2")) if p.is_file() and not p.is_symlink())
        scripts = [
            p for p in inside if not any(q.startswith(".") for q in p.relative_to(path).parts)
        ]
        if not scripts:
            raise Plotter2Error(
                codes.NO_SCRIPTS,
                "there is no script in this folder",
                str(path),
                "name a file, or a folder with .p2 files in it",
                exit_code=ExitCode.USAGE,
            )
        yield from scripts
