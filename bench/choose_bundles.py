"""A condition that leaves 20 of 10,000 bundles: what describing them takes, and how many tables are read for it."""

from __future__ import annotations

from many_bundles import RUNS, median, store_of

from plotter2.datter.narrowing import EVERYTHING, narrowing

LEFT = 20


def main() -> None:
    """Print the medians."""
    with store_of(1_000, lambda n: (f"exp/run{n}", {"lr": n / 10, "seed": n % 500})) as store:
        only = narrowing([f"seed = {RUNS // LEFT - 1}"], None)
        parts = len(store.describe("exp/*", only).parts)
        chosen = median(lambda: store.describe("exp/*", only))
        params = median(lambda: store.params_of("exp/*"))
        whole = median(lambda: store.describe("exp/*", EVERYTHING))
    print(
        f"a condition on params over {RUNS:,} bundles: {parts} tables read, described in {chosen:.0f} ms "
        f"(all of them: {whole:.0f} ms); which params there are: {params:.0f} ms"
    )


if __name__ == "__main__":
    main()
