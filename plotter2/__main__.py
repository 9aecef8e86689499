"""The entry point of `plotter2`, `p2` and `python -m plotter2`."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

_OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""Rarer than Python's 700: lists of many bundles are looked through again and again else, and nothing is found."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    _drop_working_folder()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from plotter2.cli.main import main as command_line  # after the path is clean

    sys.exit(command_line(sys.argv[1:]))


def _drop_working_folder() -> None:
    # `python -m` puts the working folder first: a file there called like one of our modules would be run.
    try:
        here = Path.cwd()
    except FileNotFoundError:  # it was removed; nothing can be imported from it
        here = Path()
    ours = Path(__file__).resolve().parents[1]
    sys.path[:] = [p for p in sys.path if p not in ("", ".") and (Path(p) != here or here == ours)]


if __name__ == "__main__":
    main()
