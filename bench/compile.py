"""Parse, check and lower a script of 25 lines: median of 200, warm, tables and registry loaded."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from p2lang.compiler import compile_script
from p2lang.source import Source
from p2lang.types import schemas_from_json
from p2std.registry import core

ROUNDS = 200
SCHEMAS = {
    "experiment2/*": {
        "rows": 3_000_000,
        "cols": {
            "bundle": "string",
            "run": "string",
            "seed": "int",
            "lr": "number",
            "env": "string",
            "status": "string",
            "step": "int",
            "reward": "number?",
            "wall_time": "number[s]",
        },
    }
}


def main() -> None:
    """Print the median."""
    text = Path(__file__).with_name("warm_run.p2").read_text(encoding="utf-8")
    schemas = schemas_from_json(SCHEMAS)
    times = []
    for _ in range(ROUNDS + 5):
        started = time.perf_counter()
        compiled = compile_script(Source(text), core(), schemas)
        times.append((time.perf_counter() - started) * 1000)
        assert compiled.module is not None
    print(
        f"parse, check, lower: {statistics.median(times[5:]):.1f} ms median of {ROUNDS} (goal 10)"
    )


if __name__ == "__main__":
    main()
