"""Listing 10,000 bundles and describing what a selector over 1,000 of them gives: median of 5."""

from __future__ import annotations

from many_bundles import METRICS, RUNS, median, store_of


def main() -> None:
    """Print the medians."""
    with store_of(0, lambda n: (f"exp{n // 1000}/run{n}", {"lr": n / 10})) as store:
        listed = median(store.list)
        described = median(lambda: store.schema_of("exp7/*"))
    print(
        f"list of {RUNS:,} bundles: {listed:.0f} ms (goal 300); "
        f"schema of 1,000 of them with {METRICS} columns: {described:.0f} ms"
    )


if __name__ == "__main__":
    main()
