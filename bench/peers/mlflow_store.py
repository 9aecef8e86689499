"""MLflow with its SQLite store: parameters and metrics by `log_batch`, 1,000 a call; `search_runs`."""

from __future__ import annotations

import csv
import json
import sys
import time
from pathlib import Path

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient


def main(runs: Path, place: Path) -> None:
    """Print the milliseconds of logging all runs, and of a list of them."""
    client = MlflowClient(f"sqlite:///{place}/mlflow.db")
    experiment = client.create_experiment("sweep")
    began = time.perf_counter()
    for folder in sorted(runs.iterdir()):
        params = json.loads((folder / "config.json").read_text())
        run = client.create_run(experiment).info.run_id
        with (folder / "steps.csv").open(newline="") as file:
            metrics = [
                Metric(name, float(row[name]), 0, int(row["step"]))
                for row in csv.DictReader(file)
                for name in ("loss", "accuracy")
            ]
        given = [Param(name, str(value)) for name, value in params.items()]
        for start in range(0, len(metrics), 900):
            client.log_batch(run, metrics[start : start + 900], given if start == 0 else [])
        client.set_terminated(run)
    added = time.perf_counter()
    found = client.search_runs([experiment], max_results=10_000)
    listed = time.perf_counter()
    assert len(found) == len(list(runs.iterdir()))
    print(json.dumps({"add": (added - began) * 1000, "list": (listed - added) * 1000}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
