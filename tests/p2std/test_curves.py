"""Fits, loess and histograms against numpy written the slow way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2std import curves

RNG = np.random.default_rng(2)


def slow_loess(x: np.ndarray, y: np.ndarray, x0: float, span: float) -> float:
    """Weigh all rows, then fit a line with numpy."""
    count = max(3, math.floor(span * len(x) + 1e-9))
    distance = np.abs(x - x0)
    width = np.sort(distance)[count - 1]
    if width == 0:
        return float(y[distance == 0].mean())
    weights = np.clip(1 - (distance / width) ** 3, 0, None) ** 3
    design = np.stack([np.ones_like(x), x - x0], axis=1) * np.sqrt(weights)[:, None]
    return float(np.linalg.lstsq(design, y * np.sqrt(weights), rcond=None)[0][0])


@pytest.mark.parametrize("span", [0.1, 0.3, 0.75, 1.0])
def test_loess_is_a_local_line_with_tricube_weights(span: float) -> None:
    x = RNG.uniform(0, 10, 120)
    y = np.sin(x) + RNG.normal(0, 0.2, 120)
    found = curves.fitted("loess", x, y, span)
    assert found is not None
    expected = [slow_loess(x, y, x0, span) for x0 in found.x]
    assert found.y == pytest.approx(expected, rel=1e-7, abs=1e-7)


def test_loess_merges_rows_of_equal_x_without_changing_the_curve() -> None:
    x = np.repeat(np.arange(40.0), 5)
    y = np.cos(x / 5) + RNG.normal(0, 0.3, 200)
    found = curves.fitted("loess", x, y, 0.3)
    assert found is not None
    expected = [slow_loess(x, y, x0, 0.3) for x0 in found.x]
    assert found.y == pytest.approx(expected, rel=1e-7, abs=1e-7)


def test_loess_of_a_line_is_the_line() -> None:
    x = RNG.uniform(-5, 5, 300)
    found = curves.fitted("loess", x, 3 * x - 1, 0.2)
    assert found is not None
    assert found.y == pytest.approx(3 * found.x - 1)


def test_loess_survives_huge_offsets_and_tiny_scales() -> None:
    x = np.linspace(0, 1, 50)
    y = x**2
    plain = curves.fitted("loess", x, y, 0.4)
    moved = curves.fitted("loess", 1e9 + x * 1e3, y, 0.4)
    small = curves.fitted("loess", x * 1e-9, y, 0.4)
    assert plain is not None
    assert moved is not None
    assert small is not None
    assert moved.y == pytest.approx(plain.y, abs=1e-6)
    assert small.y == pytest.approx(plain.y, abs=1e-9)


@pytest.mark.parametrize(("model", "degree"), [("linear", 1), ("poly2", 2)])
def test_polynomials_are_least_squares(model: str, degree: int) -> None:
    x, y = RNG.uniform(100, 200, 60), RNG.normal(size=60)
    found = curves.fitted(model, x, y, 1.0)
    assert found is not None
    expected = np.polynomial.Polynomial.fit(x, y, degree)(found.x)
    assert found.y == pytest.approx(expected, rel=1e-8, abs=1e-8)
    assert found.x[[0, -1]].tolist() == [x.min(), x.max()]


def test_exp_is_a_line_through_the_logarithms() -> None:
    x = np.linspace(0, 4, 30)
    y = 2.5 * np.exp(-0.7 * x)
    found = curves.fitted("exp", np.append(x, [5.0, 6.0]), np.append(y, [0.0, -1.0]), 1.0)
    assert found is not None
    assert found.y == pytest.approx(2.5 * np.exp(-0.7 * found.x))
    assert (found.used, found.unused) == (30, 2)


def test_missing_and_infinite_rows_take_no_part() -> None:
    x = np.array([0.0, 1.0, 2.0, np.nan, 3.0, np.inf])
    y = np.array([0.0, 1.0, 2.0, 5.0, np.nan, 1.0])
    found = curves.fitted("linear", x, y, 1.0)
    assert found is not None
    assert found.y == pytest.approx(found.x)
    assert (found.used, found.unused) == (3, 3)


@pytest.mark.parametrize("model", curves.FEWEST)
def test_too_few_different_x_give_no_curve(model: str) -> None:
    few = np.arange(curves.FEWEST[model] - 1, dtype=float)
    x = np.repeat(few, 3)
    assert curves.fitted(model, x, x + 1, 0.5) is None
    assert curves.fitted(model, np.empty(0), np.empty(0), 0.5) is None
    assert curves.fitted(model, np.ones(1), np.ones(1), 0.5) is None


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.floats(-5, 5)), min_size=3, max_size=40),
    st.floats(0.05, 1),
)
def test_loess_of_anything_is_finite_and_within_reason(
    rows: list[tuple[int, float]], span: float
) -> None:
    x, y = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    found = curves.fitted("loess", x, y, span)
    if found is not None:
        assert np.isfinite(found.y).all()


def test_histogram_counts_what_numpy_counts() -> None:
    x = RNG.normal(size=1000)
    groups = RNG.integers(-1, 3, 1000).astype(np.int32)
    found = curves.histogram(x, 17, groups, 3)
    edges = np.histogram_bin_edges(x[groups >= 0], 17)
    for group in range(3):
        assert found.counts[group].tolist() == np.histogram(x[groups == group], edges)[0].tolist()
    assert found.counts.sum() + found.unused == 1000
    assert found.middle == pytest.approx((edges[1:] + edges[:-1]) / 2)


def test_histogram_of_one_value_and_of_none() -> None:
    found = curves.histogram(np.array([2.0, np.nan]), 5, np.zeros(2, np.int32), 1)
    assert found.counts.sum() == 1
    empty = curves.histogram(np.array([np.nan]), 5, np.zeros(1, np.int32), 1)
    assert (len(empty.middle), empty.counts.shape, empty.unused) == (0, (1, 0), 1)
