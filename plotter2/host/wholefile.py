"""Writing a person's file: whole or not at all, whatever stood there before. Follows no link."""

from __future__ import annotations

from pathlib import Path

from plotter2.datter import durable


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path`; a reader sees the old file or the new one. Raises DataError."""
    durable.replace(path.with_name(f".{path.name}.new"), path, content)
