"""A picture is opened with the program that the desktop has for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path


def opened_in_viewer(picture: Path, environment: Mapping[str, str] = os.environ) -> bool:
    """Open a picture and go on at once; False where there is no desktop, or nothing on it that opens things."""
    program = _opener(environment)
    if program is None:
        return False
    try:
        # In a session of its own: Ctrl-C at this terminal does not close the viewer.
        viewer = subprocess.Popen(  # noqa: S603 - the desktop's own opener, and a path that plotter2 made
            [program, str(picture.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    threading.Thread(
        target=viewer.wait, name="viewer", daemon=True
    ).start()  # else it stays as a zombie
    return True


def _opener(environment: Mapping[str, str]) -> str | None:
    if sys.platform == "darwin":
        return shutil.which("open")
    # Without a display xdg-open would start a browser on this very terminal.
    desktop = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    return shutil.which("xdg-open") if desktop else None
