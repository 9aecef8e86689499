"""Completion in a script on a bundle of 10,000 columns: 95th percentile over every place of two flows, warm.

The same again where these two flows end a script of 300 lines, and one of 1,000.
"""

from __future__ import annotations

import statistics
import time

from p2lang.service import Document, Workspace, completions
from p2lang.types import ColumnType, TableSchema
from p2std.registry import core

COLUMNS = 10_000
SCHEMA = TableSchema(
    (
        ("run", ColumnType("string")),
        ("step", ColumnType("int")),
        *((f"layer_{i}/weight", ColumnType("number", nullable=True)) for i in range(COLUMNS - 2)),
    ),
    1_000_000,
)
TEXT = """p2 1
param window: int = 50 where $window in 1..5000

let curves = access("wide/*")
  | filter(step > 10 and `layer_77/weight` < 3)
  | derive(smooth = rolling_mean(`layer_12/weight`, window=$window, by=run))
  | summary(by=[run, step], m = mean(smooth), n = mean(`layer_9990/weight`))

access("wide/*") | order(desc(step)) | rename(w = `layer_4000/weight`)
  | frame(title="Weights", size=[160mm, 90mm])
  | line(x=step, y=w, colour=run)
  | legend(at="lower right")
  | plot("weights")
  | handoff
"""


ABOVE = """
let small{n} = access("wide/*") | filter(step > {n}) | summary(by=run, m = mean(`layer_{n}/weight`))
$small{n}
  | frame(title="{n}")
  | bar(x=run, y=m)
  | plot("small-{n}")
  | handoff
"""


def long_text(lines: int) -> str:
    """Give the script with other flows before its own."""
    head, _, rest = TEXT.partition("\n")
    above = (lines - TEXT.count("\n")) // ABOVE.count("\n")
    return "".join([head, "\n", *(ABOVE.format(n=n) for n in range(above)), rest])


def main() -> None:
    """Print the percentiles."""
    measured(TEXT, 0)
    for lines in (300, 1_000):
        text = long_text(lines)
        measured(text, len(text) - len(TEXT) + len("p2 1\n"))


def measured(text: str, first: int) -> None:
    """Print the percentiles of the places from the first on."""
    workspace = Workspace.of(core(), {"wide/*": SCHEMA})
    times = []
    places = range(first, len(text) + 1)
    for offset in [*places[::40], *places]:
        document = Document(text, workspace)
        started = time.perf_counter()
        completions(document, offset)
        times.append((time.perf_counter() - started) * 1000)
    warm = sorted(times[-len(places) :])
    print(
        f"completion on {COLUMNS:,} columns in {text.count(chr(10))} lines: median {statistics.median(warm):.1f} ms,"
        f" 95 % under {warm[len(warm) * 95 // 100]:.1f} ms, longest {warm[-1]:.1f} ms (goal 30)"
    )


if __name__ == "__main__":
    main()
