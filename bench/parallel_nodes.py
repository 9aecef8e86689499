"""Two parts of a script that do not depend on each other, in two children at once and one after the other.

Both parts cluster rows, which numpy computes on one processor; what polars computes takes all of them by itself, and is
not divided. Nothing is kept between the runs. The two ways take turns, and give the same pictures.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from stores import add_points

import plotter2
from plotter2.api.library import Library
from plotter2.datter.store import Store
from plotter2.runs import ahead

ROWS = 1_000_000
ROUNDS = 5
STEP = (
    "kmeans(on=[{x}, {y}], k=6, iters=10) | summary(by=[cluster], {x} = mean({x}), {y} = mean({y}))"
)
SCRIPT = """\
p2 1
let first = access("points") | %s
let second = access("points") | %s
$first | frame | point(x=a, y=b) | plot("first")
$second | frame | point(x=c, y=d) | plot("second")
"""


def main() -> None:
    """Print what a run takes both ways."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store.open(folder / "root") as store:
            add_points(store, "abcd", ROWS)
        (folder / "root" / "config" / "plotter2.toml").write_text("[cache]\nmax_mib = 0\n")
        with plotter2.open(folder / "root") as library:
            library.new_key("bench@example")
            script = folder / "two.p2"
            script.write_text(SCRIPT % (STEP.format(x="a", y="b"), STEP.format(x="c", y="d")))
            library.sign(script)
            together, alone = _both_ways(library, script)
    print(
        f"two independent parts of a script, {ROWS:,} rows: in two children {together * 1000:.0f} ms,"
        f" in one {alone * 1000:.0f} ms, ratio {together / alone:.2f}"
    )


def _both_ways(library: Library, script: Path) -> tuple[float, float]:
    """Give the medians of what a run takes with and without."""
    times: dict[int, list[float]] = {ahead.AHEAD_UNITS: [], 10**18: []}
    pictures = set()
    for _ in range(ROUNDS):
        for least, taken in times.items():
            ahead.AHEAD_UNITS = least  # type: ignore[misc]
            started = time.perf_counter()
            result = library.run(script)
            taken.append(time.perf_counter() - started)
            pictures.add(tuple(each.sha256 for each in result.artefacts))
            assert bool(result.record["cache"]["ahead"]) == (least < 10**18)
    assert len(pictures) == 1
    together, alone = (statistics.median(taken) for taken in times.values())
    return together, alone


if __name__ == "__main__":
    main()
