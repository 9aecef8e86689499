"""Diagnostics over every mistake under test: processor time from the text to the messages, median and worst.

The promise: at most 20 ms each, with tables and registry loaded.
"""

from __future__ import annotations

import json
import re
import statistics
import time
from pathlib import Path

from p2lang.compiler import compile_script
from p2lang.diagnostics import render
from p2lang.source import Source
from p2lang.types import schemas_from_json
from p2std.registry import core

TESTS = Path(__file__).parents[1] / "tests" / "p2lang"
ROUNDS = 3


def texts() -> list[str]:
    """Give the scripts of all golden files."""
    found = []
    for path in sorted((TESTS / "mistakes").glob("*.chunks")):
        for chunk in path.read_text(encoding="utf-8").split("=== ")[1:]:
            found.append(re.sub(r"(?m)\s*### .*$", "", chunk.partition("\n")[2]))
    syntax = (TESTS / "golden" / "syntax.txt").read_text(encoding="utf-8")
    for section in re.split(r"^=== ", syntax, flags=re.MULTILINE)[1:]:
        script = section.partition("\n")[2].partition("\n---\n")[0]
        found.append(re.sub(r"<U\+([0-9A-F]+)>", lambda m: chr(int(m[1], 16)), script))
    return found


def main() -> None:
    """Print the figures."""
    schemas = schemas_from_json(
        json.loads((TESTS / "scripts" / "example_schemas.json").read_text(encoding="utf-8"))
    )
    times = []
    for text in ["loggy(", *texts()]:
        best = float("inf")
        for _ in range(ROUNDS):
            started = time.process_time()
            source = Source(text, "plot.p2")
            for diagnostic in compile_script(source, core(), schemas).diagnostics:
                render(diagnostic, source)
            best = min(best, (time.process_time() - started) * 1000)
        times.append((best, text))
    worst, text = max(times[1:])
    print(
        f"diagnostics of {len(times) - 1} scripts: {statistics.median(t for t, _ in times):.1f} ms median,"
        f" {worst:.1f} ms at most (goal 20): {text.strip().splitlines()[0][:60]}"
    )


if __name__ == "__main__":
    main()
