"""Small tables in the shapes of `example_schemas.json`, the same on every call: what example scripts run on."""

from __future__ import annotations

import json
import math
import random
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from running_programs import Part

SHAPES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "p2lang" / "scripts" / "example_schemas.json").read_text("utf-8")
)
"""The schemas that example scripts are checked against."""

_LABELS = ("cat", "dog", "fox", "owl")
_RUNS = range(1, 10)


@cache
def example_tables() -> dict[str, list[Part]]:
    """Give the rows of every bundle that example scripts read."""
    runs = [_run(number) for number in _RUNS]
    return {
        "experiment2/*": runs,
        "experiment2/run7": [_whole(runs[6])],
        "experiment2/weights": [Part(_weights())],
        "experiment2/run7/embeddings": [Part(_embeddings())],
        "classifier3/eval": [Part(_evaluation())],
        "matrix": [Part(_matrix("row", "col", "value", whole=True))],
        "total": [Part(_matrix("row", "col", "value", whole=True))],
        "weights.csv": [Part(_matrix("row", "col", "w", whole=False))],
    }


def _run(number: int) -> Part:
    noise = random.Random(number)
    lr = (0.05, 0.1, 0.2)[number % 3]
    steps = range(0, 600, 10)
    losses = [1 / (1 + step * lr / 20) for step in steps]
    rewards = [100 * (1 - math.exp(-step * lr / 30)) + noise.gauss(0, 4) for step in steps]
    frame = pl.DataFrame(
        {
            "step": list(steps),
            "reward": [None if noise.random() < 0.03 else r for r in rewards],
            "wall_time": [step * 0.9 for step in steps],
            "train/loss": [loss * math.exp(noise.gauss(0, 0.05)) for loss in losses],
            "val/loss": [v * 1.2 if i % 3 == 0 else None for i, v in enumerate(losses)],
        }
    )
    name = f"run{number}"
    constants = {
        "bundle": f"experiment2/{name}", "run": name, "seed": number, "lr": lr,
        "env": ("ant", "hopper", "walker")[number // 3 % 3], "status": "done",
    }  # fmt: skip
    return Part(frame, constants, name)


def _whole(part: Part) -> Part:
    constants = {name: value for name, value in part.constants.items() if name != "bundle"}
    return Part(part.frame, constants, part.run)


def _weights() -> pl.DataFrame:
    noise = random.Random(20)
    centres = [[noise.gauss(0, 3) for _ in range(32)] for _ in range(5)]
    rows = [[c + noise.gauss(0, 0.5) for c in centres[i % 5]] for i in range(150)]
    columns = {f"w_{i}": [row[i] for row in rows] for i in range(32)}
    runs = {"run": [f"run{i % 9 + 1}" for i in range(150)], "lr": [0.1] * 150}
    return pl.DataFrame({**runs, **columns})


def _embeddings() -> pl.DataFrame:
    noise = random.Random(21)
    homes = {label: [noise.gauss(0, 2) for _ in range(64)] for label in _LABELS}
    starts = [[noise.gauss(0, 1) for _ in range(64)] for _ in range(24)]
    rows = [
        (step, sample, _LABELS[sample % 4], 1 / (1 + step))
        for step in range(8)
        for sample in range(24)
    ]
    columns = {
        f"e_{i}": [
            starts[sample][i] * (1 - step / 8) + homes[label][i] * step / 8
            for step, sample, label, _ in rows
        ]
        for i in range(64)
    }
    names = ("step", "sample_id", "label", "loss")
    head = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return pl.DataFrame({**head, **columns})


def _evaluation() -> pl.DataFrame:
    noise = random.Random(22)
    true = [noise.choice(_LABELS) for _ in range(500)]
    predicted = [label if noise.random() < 0.8 else noise.choice(_LABELS) for label in true]
    scores = [min(1.0, max(0.0, noise.gauss(0.7, 0.15))) for _ in true]
    return pl.DataFrame({"label_true": true, "label_pred": predicted, "score": scores})


def _matrix(row: str, column: str, value: str, *, whole: bool) -> pl.DataFrame:
    cells = [(r, c, math.sin(r / 3) * math.cos(c / 4)) for r in range(12) for c in range(16)]
    kind = int if whole else float
    return pl.DataFrame(
        {
            row: [kind(r) for r, _, _ in cells],
            column: [kind(c) for _, c, _ in cells],
            value: [v for _, _, v in cells],
        }
    )
