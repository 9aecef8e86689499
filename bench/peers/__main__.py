"""100 runs of 500 steps taken in and listed: plotter2, MLflow, Aim and DVC in turn, each in a process of its own.

The others live in an environment of their own: `make bench-peers` makes it. Times are of the work alone, no imports.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 100
STEPS = 500
HERE = Path(__file__).parent
PEERS = HERE.parents[1] / ".venv-peers" / "bin" / "python"
STORES = ("plotter2", "mlflow", "aim", "dvc")


def main() -> int:
    """Print one line for each store, with its ratio to plotter2."""
    if not PEERS.exists():
        print("MLflow, Aim and DVC are not installed: make bench-peers")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "sweep"
        write_runs(folder)
        found = {store: timed(store, folder, Path(name) / store) for store in STORES}
    ours = found["plotter2"]
    for store, times in found.items():
        ratios = ", ".join(f"{kind} {times[kind] / ours[kind]:.1f}x" for kind in ours)
        shown = ", ".join(f"{kind} {ms:.1f} ms" for kind, ms in times.items())
        print(
            f"{RUNS} runs x {STEPS} steps, {store:8}: {shown}"
            + (f" ({ratios})" if store != "plotter2" else "")
        )
    return 0


def write_runs(folder: Path) -> None:
    """Write one folder with a CSV file and its parameters for each run."""
    for number in range(RUNS):
        rate, seed = 0.001 * (1 + number // 5), number % 5
        run = folder / f"lr={rate:.3f}_seed={seed}"
        run.mkdir(parents=True)
        (run / "config.json").write_text(json.dumps({"lr": rate, "seed": seed}))
        lines = [
            f"{step},{math.exp(-step * rate) + seed / 100:.6f},{1 - math.exp(-step * rate):.6f}"
            for step in range(STEPS)
        ]
        (run / "steps.csv").write_text("step,loss,accuracy\n" + "\n".join(lines) + "\n")


def timed(store: str, runs: Path, place: Path) -> dict[str, float]:
    """Run one store's script; gives milliseconds of `add` and `list`."""
    place.mkdir()
    python = sys.executable if store == "plotter2" else str(PEERS)
    words = [python, str(HERE / f"{store}_store.py"), str(runs), str(place)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=place)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
