"""Processes of an ordinary user: of nobody when the tests run as root, else of who runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

NOBODY: Final = 65534
PYTHONS: Final = (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}")
_ROOT: Final = Path(__file__).parents[1]


def import_paths() -> list[str]:
    """Give where the project and its libraries lie, for a Python that does not know."""
    libraries = [path for path in sys.path if "site-packages" in path]
    return [*libraries, *(str(_ROOT / part) for part in (".", "lang", "stdlib", "signing"))]


def module_command(module: str) -> tuple[str, ...]:
    """Give a command that runs a module of the project as an ordinary user can."""
    source = f"import sys, runpy; sys.path[:0] = {import_paths()!r}; "
    return (
        usable_python(),
        "-I",
        "-c",
        source + f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)",
    )


def usable_python() -> str:
    """Give a Python that nobody can start; the tests' own may lie in a closed home."""
    for python in PYTHONS:
        command = [python, "-I", "-c", "import ctypes"]
        try:
            tried = subprocess.run(command, check=False, **as_nobody())
        except OSError:
            continue
        if tried.returncode == 0:
            return python
    pytest.skip("there is no Python that an ordinary user can start")


def as_nobody() -> dict[str, Any]:
    root = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    return {"stdin": subprocess.DEVNULL, "cwd": "/", **(root if os.geteuid() == 0 else {})}
