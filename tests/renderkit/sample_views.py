"""Views that several tests draw: small, seeded, one for each kind of picture. Also writes the files to compare with.

`python tests/renderkit/sample_views.py` writes scenes/ and images/ anew; look at the pictures before you keep them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from plotter2.renderkit.view import (
    MILLIMETRE,
    Axis,
    Column,
    Facet,
    Factor,
    Gradient,
    Grid,
    Layer,
    Legend,
    View,
)

HERE = Path(__file__).parent
CLASSES = ("cat", "dog", "horse", "ship", "truck")


def factor(codes: Any, levels: Any) -> Factor:
    """Make a Factor from any integers and texts."""
    return Factor(np.asarray(codes, dtype=np.int32), tuple(levels))


def layer(
    kind: Any, columns: dict[str, Column], by: tuple[str, ...] = (), **channels: Any
) -> Layer:
    """Make a layer; channels are keywords, options go under `options`."""
    options = channels.pop("options", {})
    return Layer(kind, columns, channels, by, options)


def line(y: Any, x: Any = None, /, **settings: Any) -> View:
    """A view of one line; settings are those of View."""
    y = np.asarray(y)
    columns = {"x": np.arange(len(y)) if x is None else np.asarray(x), "y": y}
    return View((layer("line", columns, x="x", y="y"),), **settings)


def mean_band() -> View:
    """Means with intervals for five learning rates."""
    rng = np.random.default_rng(7)
    rates, steps = [0.001, 0.003, 0.01, 0.03, 0.1], np.arange(0, 3000, 30)
    rise = [0.9 * (1 - np.exp(-steps / 3000 * 8 * (rate / 0.01) ** 0.5)) for rate in rates]
    mean = np.concatenate(rise) + 0.005 * rng.normal(size=len(rates) * len(steps))
    half = 0.03 + 0.01 * rng.random(len(mean))
    columns: dict[str, Column] = {
        "step": np.tile(steps, len(rates)),
        "lr": np.repeat(rates, len(steps)),
        "m": mean,
        "lo": mean - half,
        "hi": mean + half,
    }
    return View(
        (
            layer(
                "band", columns, x="step", lo="lo", hi="hi", colour="lr", options={"alpha": 0.25}
            ),
            layer("line", columns, x="step", y="m", colour="lr"),
        ),
        title="Mean reward, window 50",
        size=(160 * MILLIMETRE, 90 * MILLIMETRE),
        x=Axis("environment step"),
        y=Axis("reward", unit="1"),
        legend=Legend(title="learning rate", at="lower right"),
        caption="mean of 5 runs; band: 95 % t-interval, n = 5",
    )


def small_multiples() -> View:
    """Thin lines with a thick trend in 3 x 3 panels."""
    rng = np.random.default_rng(8)
    rows, count = [], 40
    minutes = np.linspace(0, 60, count)
    for env in range(3):
        for rate in (0.05, 0.1, 0.2):
            for run in range(3):
                noise = rng.normal(size=count).cumsum()
                rows.append(
                    (env, rate, run, (1 + env) * 40 * (1 - np.exp(-minutes * rate / 2)) + noise)
                )
    envs = ("ant", "hopper", "walker")
    thin: dict[str, Column] = {
        "env": factor(np.repeat([r[0] for r in rows], count), envs),
        "lr": np.repeat([r[1] for r in rows], count),
        "run": np.repeat([r[2] for r in rows], count),
        "minutes": np.tile(minutes, len(rows)),
        "reward": np.concatenate([r[3] for r in rows]),
    }
    means = np.concatenate([r[3] for r in rows]).reshape(9, 3, count).mean(axis=1).ravel()
    thick: dict[str, Column] = {
        "env": factor(np.repeat([0, 1, 2], 3 * count), envs),
        "lr": np.tile(np.repeat([0.05, 0.1, 0.2], count), 3),
        "minutes": np.tile(minutes, 9),
        "reward": means,
    }
    return View(
        (
            layer(
                "line",
                thin,
                by=("run",),
                x="minutes",
                y="reward",
                options={"alpha": 0.3, "width": 0.8},
            ),
            layer("line", thick, x="minutes", y="reward", options={"width": 2.2}),
        ),
        size=(180 * MILLIMETRE, 120 * MILLIMETRE),
        facet=Facet(cols="env", rows="lr", max_panels=24),
        legend=Legend(show=False),
    )


def clusters() -> View:
    """A scatter with circles around and labels in the middle of clusters."""
    rng = np.random.default_rng(9)
    centres = np.array([[0, 0], [6, 1], [2, 7], [-5, 4]])
    codes = rng.integers(0, 4, 160)
    places = centres[codes] + rng.normal(size=(160, 2)) * 0.8
    columns: dict[str, Column] = {
        "pc1": places[:, 0],
        "pc2": places[:, 1],
        "cluster": factor(codes, "0123"),
    }
    return View(
        (
            layer("point", columns, x="pc1", y="pc2", colour="cluster", options={"size": 3.0}),
            layer("circle", columns, x="pc1", y="pc2", around="cluster", options={"pad": 0.05}),
            layer("text", columns, x="pc1", y="pc2", label="cluster", options={"at": "centroid"}),
        ),
        title="PCA of weights, k=4",
        size=(120 * MILLIMETRE, 120 * MILLIMETRE),
        x=Axis("PC 1"),
        y=Axis("PC 2"),
        equal=True,
    )


def confusion() -> View:
    """A heatmap with a number in each cell."""
    count = len(CLASSES)
    shares = np.random.default_rng(10).random((count, count)) + 6 * np.eye(count)
    shares = (shares / shares.sum(axis=1, keepdims=True)).ravel()
    texts = [f"{share:.0%}" for share in shares]
    levels = sorted(set(texts))
    columns: dict[str, Column] = {
        "true": factor(np.repeat(np.arange(count), count), CLASSES),
        "predicted": factor(np.tile(np.arange(count), count), CLASSES),
        "share": shares,
        "text": factor([levels.index(text) for text in texts], levels),
        "ink": factor((shares > 0.5).astype(int), ("white", "black")),
    }
    return View(
        (
            layer("heatmap", columns, x="predicted", y="true", fill="share"),
            layer("text", columns, x="predicted", y="true", label="text", colour="ink"),
        ),
        title="Confusion matrix",
        size=(110 * MILLIMETRE, 100 * MILLIMETRE),
        gradient=Gradient("viridis", (0.0, 1.0)),
    )


def histogram() -> View:
    """Bars with given widths and a rule at the median."""
    values = np.random.default_rng(11).normal(20_000, 4_000, 400)
    counts, edges = np.histogram(values, 20)
    columns: dict[str, Column] = {
        "settled": (edges[1:] + edges[:-1]) / 2,
        "runs": counts,
        "width": np.diff(edges),
    }
    rule = Layer("rule", {}, {}, options={"x": float(np.median(values))})
    return View(
        (layer("bar", columns, x="settled", y="runs", width="width"), rule),
        title="Steps until the reward settles",
        x=Axis("environment step"),
    )


def sized_points() -> View:
    """Points with colour, shape and size on a log axis."""
    rng = np.random.default_rng(12)
    columns: dict[str, Column] = {
        "parameters": 10 ** rng.uniform(3, 8, 40),
        "loss": rng.random(40),
        "hours": rng.random(40) * 30,
        "model": factor(rng.integers(0, 3, 40), ("mlp", "cnn", "transformer")),
    }
    points = layer(
        "point", columns, x="parameters", y="loss", colour="model", shape="model", size="hours"
    )
    return View((points,), size=(90 * MILLIMETRE, 70 * MILLIMETRE), x=Axis(scale="log"))


def side_by_side() -> Grid:
    """Two plots in one picture."""
    return Grid(
        (histogram(), line([0.0, 1.0, np.nan, 2.0, 1.0])), title="Both", caption="two views"
    )


SAMPLES: dict[str, Callable[[], View | Grid]] = {
    "mean_band": mean_band,
    "small_multiples": small_multiples,
    "clusters": clusters,
    "confusion": confusion,
    "histogram": histogram,
    "sized_points": sized_points,
    "side_by_side": side_by_side,
}


def main() -> None:
    """Write the scenes and pictures that the tests compare with."""
    from plotter2.renderkit.compose import compose
    from plotter2.renderkit.mpl import draw

    for name, make in SAMPLES.items():
        scene = compose(make())
        text = json.dumps(scene.as_json(digits=6), ensure_ascii=False, separators=(",", ":"))
        (HERE / "scenes" / f"{name}.json").write_text(text.replace('{"is"', '\n{"is"') + "\n")
        (HERE / "images" / f"{name}.png").write_bytes(draw(scene, dpi=72))


if __name__ == "__main__":
    main()
