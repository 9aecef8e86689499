"""A warm run of a mean-and-band script over 3,000,000 rows, against the same work written with polars and matplotlib.

Both start with warm imports and the data on disk, and end with a PNG file of the same size. Ours includes the gate, the
compiler, a fresh sandboxed child, the ledger, provenance and durable publication; no result of an earlier run is used.
The two take turns.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy import stats

import plotter2

RATES = (0.01, 0.05, 0.1, 0.2, 0.4)
SEEDS = 3
STEPS = 200_000
WINDOW = 50
ROUNDS = 5
SCRIPT = Path(__file__).with_name("warm_run.p2")


def main() -> None:
    """Print the ratio of the medians."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = make_runs(folder / "experiment2")
        script = folder / "warm_run.p2"
        script.write_bytes(SCRIPT.read_bytes())
        (folder / "root" / "config").mkdir(parents=True)
        (folder / "root" / "config" / "plotter2.toml").write_text("[cache]\nmax_mib = 0\n")
        with plotter2.open(folder / "root") as library:
            library.add([folder / "experiment2"], name="experiment2")
            library.new_key("bench@example")
            library.sign(script)
            library.run(script)
            direct(runs, folder / "direct.png")
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(timed(lambda: library.run(script)))
                theirs.append(timed(lambda: direct(runs, folder / "direct.png")))
    mine, peer = statistics.median(ours), statistics.median(theirs)
    rows = len(RATES) * SEEDS * STEPS
    print(
        f"warm run of {rows:,} rows: {mine * 1000:.0f} ms, polars + matplotlib {peer * 1000:.0f} ms, "
        f"ratio {mine / peer:.2f} (goal 1.3)"
    )


def make_runs(folder: Path) -> list[tuple[float, str, Path]]:
    """Write one CSV file for plotter2 and one Arrow file for the direct way, for each run."""
    random = np.random.default_rng(0)
    runs = []
    for rate in RATES:
        for seed in range(SEEDS):
            step = np.arange(STEPS)
            reward = 100 * (1 - np.exp(-step * rate / 20_000)) + random.normal(0, 10, STEPS)
            table = pl.DataFrame({"step": step, "reward": reward})
            run = folder / f"lr={rate}_seed={seed}"
            run.mkdir(parents=True)
            table.write_csv(run / "main.csv")
            arrow = folder.parent / f"{run.name}.arrow"
            table.write_ipc(arrow, compression="uncompressed")
            runs.append((rate, run.name, arrow))
    return runs


def direct(runs: list[tuple[float, str, Path]], picture: Path) -> None:
    """Do the work as one would write it by hand."""
    frames = [
        pl.scan_ipc(path).with_columns(pl.lit(rate).alias("lr"), pl.lit(run).alias("run"))
        for rate, run, path in runs
    ]
    smooth = pl.col("reward").rolling_mean(WINDOW, min_samples=1).over("run")
    n = pl.col("smooth").count()
    curves = (
        pl.concat(frames)
        .with_columns(smooth=smooth)
        .group_by("lr", "step")
        .agg(m=pl.col("smooth").mean(), s=pl.col("smooth").std() / n.sqrt(), n=n)
        .sort("lr", "step")
        .collect()
    )
    t = stats.t.ppf(0.975, curves["n"].to_numpy() - 1)
    curves = curves.with_columns(half=pl.Series(t) * curves["s"])
    figure = Figure(figsize=(160 / 25.4, 90 / 25.4), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for (rate,), part in curves.group_by("lr", maintain_order=True):
        x, m, half = (part[c].to_numpy() for c in ("step", "m", "half"))
        axes.fill_between(x, m - half, m + half, alpha=0.25)
        axes.plot(x, m, label=str(rate))
    axes.set(title="Mean reward", xlabel="environment step", ylabel="reward")
    axes.legend(title="learning rate", loc="lower right")
    figure.savefig(picture)


def timed(work: object) -> float:
    """Give the seconds that a call takes."""
    assert callable(work)
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    mpl.rcParams["savefig.dpi"] = 150
    main()
