"""A small file system of its own for a test: one that fills up, or that may only be read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(beside: Path, mib: int) -> Iterator[Path]:
    """Give an empty disk in memory, mounted below a folder; the test is left out where nobody may mount."""
    folder = beside / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def only_read(disk: Path) -> None:
    """Let nobody write to a disk any more."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
