"""Bad input to `plotter2 check`: processor time to the answer and peak memory, each in a process of its own.

The promise: under 200 ms beyond the start of the program, and under 300 MB. One line for each input, then the worst.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = 'access("wide") | frame | line(x=step, y={}) | plot | handoff\n'
SMALL = {"wide": {"rows": 1000, "cols": {"step": "int", "loss": "number"}}}
WIDE = {
    "wide": {"rows": 1000, "cols": {"step": "int", "loss": "number", "metric_*99998": "number"}}
}


def doubling(levels: int) -> str:
    """Give definitions that each use the one before twice."""
    lines = ["def f0(x: column[number]): number = $x + $x"]
    lines += [
        f"def f{i}(x: column[number]): number = f{i - 1}($x) + f{i - 1}($x)"
        for i in range(1, levels)
    ]
    return "\n".join(
        [
            *lines,
            f'access("wide") | derive(y = f{levels - 1}(loss)) | frame | line(x=step, y=y) | plot | handoff',
        ]
    )


TEXTS: dict[str, bytes | str] = {
    "a good script": SOURCE.format("loss"),
    "brackets nested 100,000 deep": "let a = " + "(" * 100_000,
    "brackets nested 60 deep, 100 times": "\n".join(
        f"let a{i} = {'(' * 60}1{')' * 60}" for i in range(100)
    ),
    "operators nested 50,000 deep": "let a = 1" + " + 1" * 50_000,
    "256 KiB of statements with mistakes": "let a = 1 +\n" * 21_000,
    "256 KiB of misspelt columns": 'access("wide") | filter('
    + " or ".join(["stp > 1"] * 20_000)
    + ")",
    "256 KiB of one name": "a" * 262_000,
    "256 KiB of open brackets": "([{" * 87_000,
    "256 KiB of quotes": '"' * 262_000,
    "one byte too many": "#" * (256 * 1024 + 1),
    "definitions that double 40 times": doubling(40),
    "control characters": "let a = \x00\x01\x02" * 10_000,
    "turned writing": "let a = 3 # \u202e harmless\n" * 5_000,
    "a byte order mark": b"\xef\xbb\xbfp2 1\nlet a = 3\n",
    "no UTF-8": b"let a = \xff\xfe\n" * 10_000,
    "UTF-16": "p2 1\nlet a = 3\n".encode("utf-16"),
    "mixed line ends": "p2 1\r\n" + 'loggy("a")\nloggy("b")\r\n' * 500,
}
WIDE_TEXTS = {
    "100,000 columns": SOURCE.format("metric_99997"),
    "100,000 columns, one misspelt": SOURCE.format("metrc_12345"),
    "100,000 columns, none is near": SOURCE.format("temperature_of_the_room"),
    "100,000 columns, 10,000 by pattern": SOURCE.format("metric_1").replace(
        "| frame", '| scale(cols("metric_?234*")) | frame'
    ),
}


def measured(path: Path, schemas: Path) -> tuple[float, float, int]:
    """Give seconds of processor time, MB and exit code of one check."""
    child = subprocess.Popen(
        [sys.executable, "-m", "plotter2", "check", str(path), "--schemas", str(schemas)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, child.returncode


def best(path: Path, schemas: Path) -> tuple[float, float, int]:
    """Give the quickest of three."""
    return min(measured(path, schemas) for _ in range(3))


def special(folder: Path) -> dict[str, Path]:
    """Make what is no plain file."""
    (folder / "folder.p2").mkdir()
    os.mkfifo(folder / "fifo.p2")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / "socket.p2"))
    return {
        "a folder": folder / "folder.p2",
        "a pipe": folder / "fifo.p2",
        "a socket": folder / "socket.p2",
        "a device": Path("/dev/zero"),
    }


def main() -> None:
    """Measure all inputs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, wide = folder / "small.json", folder / "wide.json"
        small.write_text(json.dumps(SMALL))
        wide.write_text(json.dumps(WIDE))
        cases = [(title, text, small) for title, text in TEXTS.items()]
        cases += [(title, text, wide) for title, text in WIDE_TEXTS.items()]
        paths = []
        for index, (title, text, schemas) in enumerate(cases):
            path = folder / f"{index}.p2"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            paths.append((title, path, schemas))
        paths += [(title, path, small) for title, path in special(folder).items()]
        start, _, _ = best(paths[0][1], small)
        worst = (0.0, "")
        for title, path, schemas in paths:
            seconds, megabytes, code = best(path, schemas)
            beyond = 1000 * (seconds - start)
            worst = max(worst, (beyond, title))
            print(f"{beyond:8.0f} ms  {megabytes:6.0f} MB  exit {code}  {title}")
        print(
            f"a good script takes {1000 * start:.0f} ms; the worst input {worst[0]:.0f} ms more: {worst[1]}"
        )
        print(f"this program: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
