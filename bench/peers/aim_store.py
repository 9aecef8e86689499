"""Aim: `Run.track` for each value, without its watching of the machine; `Repo.list_all_runs`."""

from __future__ import annotations

import csv
import json
import sys
import time
from pathlib import Path

from aim import Repo, Run


def main(runs: Path, place: Path) -> None:
    """Print the milliseconds of tracking all runs, and of a list of their names."""
    repo = Repo.from_path(str(place), init=True)
    began = time.perf_counter()
    for folder in sorted(runs.iterdir()):
        run = Run(repo=repo, system_tracking_interval=None, capture_terminal_logs=False)
        run["hparams"] = json.loads((folder / "config.json").read_text())
        with (folder / "steps.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                for name in ("loss", "accuracy"):
                    run.track(float(row[name]), name=name, step=int(row["step"]))
        run.close()
    added = time.perf_counter()
    found = repo.list_all_runs()
    listed = time.perf_counter()
    assert len(found) == len(list(runs.iterdir()))
    print(json.dumps({"add": (added - began) * 1000, "list": (listed - added) * 1000}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
