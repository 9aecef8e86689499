"""A learning-rate sweep that really trains: a small neural network on images of digits, recorded by logger2.

    python examples/digits_sweep/train.py [FOLDER]

Five learning rates times five seeds, 300 steps of mini-batch gradient descent each. Every run lands in a folder of its
own under FOLDER/digits-sweep (default: logger2-runs).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import logger2

RATES = (0.003, 0.01, 0.03, 0.1, 0.3)
SEEDS = range(5)
STEPS = 300
BATCH = 64
HIDDEN = 32

Array = np.ndarray


def main(folder: str | None = None) -> None:
    """Train and record every run of the sweep."""
    images, digits = read_digits()
    for rate in RATES:
        for seed in SEEDS:
            train(images, digits, rate, seed, folder)


def train(images: Array, digits: Array, lr: float, seed: int, folder: str | None) -> None:
    """Train one network and record its loss and accuracy, at each step and, every tenth, on images it never saw."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(digits))
    training, held_out = order[:1400], order[1400:]
    weights = initial_weights(random)
    with logger2.run(
        "digits-sweep", params={"lr": lr, "seed": seed}, axes=["lr"], repeat="seed", dir=folder
    ) as run:
        run.define("*loss", unit="nat", better="lower", desc="cross entropy")
        run.define("*accuracy", better="higher")
        for step, batch in enumerate(batches(training, random)):
            loss, accuracy, gradients = measured(weights, images[batch], digits[batch])
            weights = [w - lr * g for w, g in zip(weights, gradients, strict=True)]
            run.log(step, loss=loss, accuracy=accuracy)
            if step % 10 == 0:
                with run.group("val"):
                    loss, accuracy, _ = measured(weights, images[held_out], digits[held_out])
                    run.log(step, loss=loss, accuracy=accuracy)


def read_digits() -> tuple[Array, Array]:
    """Give 1,797 images (pixels from 0 to 1, shape (1797, 64)) and the digits on them (shape (1797,))."""
    table = np.loadtxt(Path(__file__).with_name("digits.csv.gz"), delimiter=",")
    return table[:, :64] / 16.0, table[:, 64].astype(int)


def initial_weights(random: np.random.Generator) -> list[Array]:
    """Give weights and offsets of the two layers (He et al. 2015 for the first)."""
    return [
        random.normal(0.0, np.sqrt(2.0 / 64), (64, HIDDEN)),
        np.zeros(HIDDEN),
        random.normal(0.0, np.sqrt(1.0 / HIDDEN), (HIDDEN, 10)),
        np.zeros(10),
    ]


def batches(training: Array, random: np.random.Generator) -> Iterator[Array]:
    """Give STEPS random batches of the training images."""
    for _ in range(STEPS):
        yield random.choice(training, BATCH, replace=False)


def measured(
    weights: list[Array], images: Array, digits: Array
) -> tuple[float, float, list[Array]]:
    """Give cross entropy in nat, share of right answers, and the gradients by back-propagation."""
    w1, b1, w2, b2 = weights
    hidden = np.maximum(images @ w1 + b1, 0.0)
    scores = hidden @ w2 + b2
    scores -= scores.max(axis=1, keepdims=True)
    chances = np.exp(scores)
    chances /= chances.sum(axis=1, keepdims=True)
    rows = np.arange(len(digits))
    loss = float(-np.log(chances[rows, digits] + 1e-12).mean())
    accuracy = float((scores.argmax(axis=1) == digits).mean())
    wrong = chances
    wrong[rows, digits] -= 1.0
    wrong /= len(digits)
    back = (wrong @ w2.T) * (hidden > 0.0)
    return loss, accuracy, [images.T @ back, back.sum(0), hidden.T @ wrong, wrong.sum(0)]


if __name__ == "__main__":
    main(*sys.argv[1:2])
