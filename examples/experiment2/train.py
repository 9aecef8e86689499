"""Softmax regression on images of digits, done by four children that each write it down in another way.

    python examples/experiment2/train.py FOLDER

Six learning rates times four seeds in each child, full-batch gradient descent. FOLDER/experiment2 gets:

    experiment2a/revision1   weights.csv (run, lr, w_0..w_7)            matrix.csv (step, row, col, w)
    experiment2a/revision2   with momentum: weights.csv says `eta`      image.csv (step, y, x, grey)
    experiment2b             with weight decay: profile.csv says the     matrix.csv, its cells as 8 * row + col
                             logarithm of the rate and `p0`..`p7`
    impostor                 forgot to write down the rate, and has no image

A run's weights are told as the mean absolute weight of each of the eight rows of pixels; the matrix is the image that
a child's networks have of the digit 3 on average, early (step 20) and late (step 120).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
SEEDS = range(4)
STEPS = 120
EARLY = 20
IMAGES = 400
DIGIT = 3

Array = np.ndarray


@dataclass(frozen=True)
class Variant:
    """How a child trains."""

    momentum: float = 0.0
    decay: float = 0.0
    first_seed: int = 0


@dataclass(frozen=True)
class Trained:
    """One run: its rate and seed, and its weights (64 pixels, 10 digits) early and late."""

    rate: float
    seed: int
    weights: dict[int, Array]

    @property
    def profile(self) -> list[float]:
        """Give the mean absolute weight of each row of pixels."""
        late = np.abs(self.weights[STEPS]).reshape(8, 8, 10)
        return [float(value) for value in late.mean(axis=(1, 2))]


def main(folder: str) -> None:
    """Train all children and write their tables."""
    images, digits = read_digits()
    top = Path(folder) / "experiment2"
    plain = train(images, digits, Variant())
    pushed = train(images, digits, Variant(momentum=0.8, first_seed=10))
    held = train(images, digits, Variant(decay=0.02, first_seed=20))
    stray = train(images, digits, Variant(first_seed=30))

    weights = [f"w_{number}" for number in range(8)]
    here = top / "experiment2a" / "revision1"
    write(here / "weights.csv", ["run", "lr", *weights], profiles(plain, lambda rate: rate))
    write(here / "matrix.csv", ["step", "row", "col", "w"], cells(plain))

    here = top / "experiment2a" / "revision2"
    write(here / "weights.csv", ["run", "eta", *weights], profiles(pushed, lambda rate: rate))
    write(here / "image.csv", ["step", "y", "x", "grey"], cells(pushed))

    here = top / "experiment2b"
    names = [f"p{number}" for number in range(8)]
    log = profiles(held, lambda rate: float(np.log10(rate)))
    write(here / "profile.csv", ["run", "log_rate", *names], log)
    flat = ([step, 8 * row + col, value] for step, row, col, value in cells(held))
    write(here / "matrix.csv", ["step", "cell", "w"], flat)

    short = ([run, *values] for run, _, *values in profiles(stray, lambda rate: rate))
    write(top / "impostor" / "weights.csv", ["run", *weights], short)


def read_digits() -> tuple[Array, Array]:
    """Give images (pixels from 0 to 1) and the digits on them, of the data that the other example brings."""
    path = Path(__file__).parents[1] / "digits_sweep" / "digits.csv.gz"
    table = np.loadtxt(path, delimiter=",")[:IMAGES]
    return table[:, :64] / 16.0, table[:, 64].astype(int)


def train(images: Array, digits: Array, variant: Variant) -> list[Trained]:
    """Train a network for every rate and seed."""
    return [
        descend(images, digits, variant, rate, variant.first_seed + seed)
        for rate in RATES
        for seed in SEEDS
    ]


def descend(images: Array, digits: Array, variant: Variant, rate: float, seed: int) -> Trained:
    """Go down the gradient of the cross entropy."""
    random = np.random.default_rng(seed)
    weights = random.normal(0.0, 0.05, (64, 10))
    wanted = np.eye(10)[digits]
    velocity = np.zeros_like(weights)
    kept: dict[int, Array] = {}
    for step in range(1, STEPS + 1):
        scores = images @ weights
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        gradient = images.T @ (chances - wanted) / len(digits) + variant.decay * weights
        velocity = variant.momentum * velocity - rate * gradient
        weights = weights + velocity
        if step in (EARLY, STEPS):
            kept[step] = weights
    return Trained(rate, seed, kept)


def profiles(
    runs: Sequence[Trained], told: Callable[[float], float]
) -> Iterable[list[str | float]]:
    """Give a row for each run: its name, its rate as it is told, its profile."""
    for run in runs:
        yield [f"lr={run.rate:g},seed={run.seed}", told(run.rate), *run.profile]


def cells(runs: Sequence[Trained]) -> Iterable[tuple[int, int, int, float]]:
    """Give the mean image of the digit, cell by cell; the first row of pixels is the top one."""
    for step in (EARLY, STEPS):
        image = np.mean([run.weights[step][:, DIGIT] for run in runs], axis=0).reshape(8, 8)
        for row in range(8):
            for col in range(8):
                yield step, row, col, float(image[row, col])


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1])
