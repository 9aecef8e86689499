"""The command line for tests: in this process for speed, or as a process of its own."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plotter2.cli.main import main


@dataclass(frozen=True)
class Finished:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def p2(root: Path, *words: str | Path) -> Finished:
    """Run one command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([*map(str, words), "--root", str(root)])
    return Finished(code, out.getvalue(), err.getvalue())


def p2_json(root: Path, *words: str | Path) -> Any:
    """Run one command in this process with --json; it must succeed."""
    finished = p2(root, *words, "--json")
    assert finished.code == 0, finished.out + finished.err
    return finished.json


def p2_process(root: Path, *words: str | Path, **options: Any) -> Finished:
    """Run one command as a process, without a terminal."""
    command = [sys.executable, "-m", "plotter2", *map(str, words), "--root", str(root)]
    done = subprocess.run(  # noqa: PLW1510 - the caller looks at the exit code
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, **options
    )
    return Finished(done.returncode, done.stdout, done.stderr)


@contextmanager
def hearing_interrupts() -> Iterator[None]:
    """Let what is started in the block hear Ctrl-C; whoever ignores it, as nohup does, has its children ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
