"""Runs to record and read in the tests of logger2."""

from __future__ import annotations

from pathlib import Path

from logger2 import Run
from logger2.segment import RunTable, read_run


def files_of(folder: Path) -> list[tuple[str, bytes]]:
    """Give the segments of a run's folder by name."""
    return [(path.name, path.read_bytes()) for path in sorted(folder.glob("seg-*.l2.jsonl"))]


def table_of(run: Run | Path) -> RunTable:
    """Read back what a run recorded."""
    folder = run if isinstance(run, Path) else Path(run.folder)
    return read_run((folder / "run.json").read_bytes(), files_of(folder))


def only_run(base: Path) -> Path:
    """Give the folder of the one run below a base folder."""
    (folder,) = base.glob("*/*")
    return folder
