"""Writing a script's file: whole or not at all, whatever stood there before."""

from __future__ import annotations

from pathlib import Path

from plotter2.datter import durable


def write_script(path: Path, text: str) -> None:
    """Put `text` at `path`; a reader sees the old script or the new one. Raises DataError."""
    durable.replace(path.with_name(f".{path.name}.new"), path, text.encode())
