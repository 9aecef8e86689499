"""Verify a module of 30 nodes, as the child does before anything else: processor time, median of 200, warm."""

from __future__ import annotations

import statistics
import time

from p2lang.compiler import compile_script
from p2lang.source import Source
from p2lang.types import schemas_from_json
from p2lang.verifier import verify
from p2std.registry import core

ROUNDS, NODES = 200, 30
SCHEMAS = schemas_from_json(
    {"exp/*": {"rows": 1_000_000, "cols": {"run": "string", "lr": "number", "step": "int", "reward": "number?"}}}
)  # fmt: skip
SCRIPT = """p2 1
let t = access("exp/*") | filter(step > 10) | drop_nulls | derive(smooth = rolling_mean(reward, window=50, by=run))
let m = $t | summary(by=[lr, step], m = mean(smooth), lo = ci_low(smooth), hi = ci_high(smooth))
impose rows($m) > 0 else "nothing"
$m | frame(title="mean") | band(x=step, lo=lo, hi=hi, colour=lr) | line(x=step, y=m, colour=lr) | axis(x="step")
  | legend | plot("mean") | handoff
$t | frame(title="all") | facet(cols=run, max_panels=20) | line(x=step, y=smooth, colour=lr)
  | legend | plot("all") | handoff
$t | filter(lr > 0.1) | frame(title="some") | line(x=step, y=smooth) | plot("some") | handoff
$t | order(desc(reward)) | head(20) | label(run) | frame(title="best") | point(x=step, y=reward, colour=lr)
  | plot("best")
"""


def main() -> None:
    """Print the median."""
    module = compile_script(Source(SCRIPT), core(), SCHEMAS).module
    assert module is not None
    assert len(module.nodes) == NODES
    encoded, times = module.encode(), []
    for _ in range(ROUNDS + 5):
        started = time.process_time()
        verify(encoded, SCHEMAS, core(), module.sha256)
        times.append((time.process_time() - started) * 1000)
    print(
        f"verify {len(module.nodes)} nodes: {statistics.median(times[5:]):.2f} ms median of {ROUNDS} (goal 1)"
    )


if __name__ == "__main__":
    main()
