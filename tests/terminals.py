"""A command in a process of its own on a pseudo-terminal: keys are typed, what is shown is read."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from commandline import hearing_interrupts

_ON_A_TERMINAL_OF_ITS_OWN = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from plotter2.__main__ import main
sys.exit(main())
"""


class Terminal:
    """A person's terminal in which one command runs."""

    def __init__(self, root: Path, *words: str | Path, **environment: str) -> None:
        self.ours, theirs = pty.openpty()
        self.heard = ""
        with hearing_interrupts():
            self.process = subprocess.Popen(
                [sys.executable, "-c", _ON_A_TERMINAL_OF_ITS_OWN, *words, "--root", root],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env={
                    **os.environ,
                    "TERM": "xterm-256color",
                    "PLOTTER2_PICTURES": "none",
                    **environment,
                },
                start_new_session=True,
            )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)

    def types(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def until(self, wanted: str) -> str:
        """Read until a text was shown; gives what came before it, which is forgotten."""
        end = time.monotonic() + 60
        while wanted not in self.heard:
            assert time.monotonic() < end, self.heard
            if select.select([self.ours], [], [], 1)[0]:
                try:
                    data = os.read(self.ours, 65536).decode(errors="replace")
                except OSError:  # the command has ended
                    raise AssertionError(self.heard) from None
                if "\x1b[6n" in data:  # where is the cursor?
                    os.write(self.ours, b"\x1b[1;1R")
                data = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", data)
                self.heard += data.replace("\r\n", "\n")
        before, _, self.heard = self.heard.partition(wanted)
        return before

    def ends(self) -> int:
        """Read what is left until the command ends; gives its exit code."""
        end = time.monotonic() + 60
        while self.process.poll() is None:
            assert time.monotonic() < end, self.heard
            if select.select([self.ours], [], [], 0.05)[0]:
                try:
                    self.heard += os.read(self.ours, 65536).decode(errors="replace")
                except OSError:
                    break
        return self.process.wait(20)
