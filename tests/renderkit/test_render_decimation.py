"""Thinning long lines: nothing that could be seen is lost, and what is left out is counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter2.renderkit.compose import compose
from plotter2.renderkit.decimation import bin_count, column_edges, kept_rows, thinned
from plotter2.renderkit.scene import LineMark, Panel, ScaledAxis
from plotter2.renderkit.view import Axis, View
from renderkit.sample_views import layer, line


def extremes(panel: Panel, x: np.ndarray, values: np.ndarray) -> dict[int, tuple[float, float]]:
    """Least and greatest value of each pixel column, NaN left out."""
    edges = column_edges(panel.x, bin_count(panel.rect.width))[::4]
    column = np.searchsorted(edges, x, side="right")
    known = ~np.isnan(values)
    columns, starts = np.unique(column[known], return_index=True)
    low = np.minimum.reduceat(values[known], starts)
    high = np.maximum.reduceat(values[known], starts)
    return {
        c: (a, b) for c, a, b in zip(columns.tolist(), low.tolist(), high.tolist(), strict=True)
    }


@pytest.mark.parametrize("gaps", [False, True])
def test_a_million_points_keep_the_extremes_of_every_pixel_column(gaps: bool) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=1_000_000)
    values[[123_456, 777_777]] = [40.0, -50.0]
    if gaps:
        values[300_000:310_000] = np.nan
        values[500_000] = np.nan
    panel = compose(line(values)).panels[0]
    mark = panel.marks[0]
    assert isinstance(mark, LineMark)
    full = extremes(panel, np.arange(len(values)), values)
    assert extremes(panel, mark.x, mark.y) == full
    assert len(full) > 700
    assert len(mark.x) < 20_000


def test_a_line_that_fits_is_not_thinned() -> None:
    scene = compose(line(np.arange(1000.0)))
    assert scene.counts.decimated == 0
    assert len(scene.panels[0].marks[0].x) == 1000  # type: ignore[union-attr]


def test_a_log_axis_is_thinned_in_its_own_columns() -> None:
    values = np.random.default_rng(4).normal(size=200_000)
    x = np.arange(1, len(values) + 1)
    scene = compose(line(values, x, x=Axis(scale="log")))
    mark, panel = scene.panels[0].marks[0], scene.panels[0]
    assert isinstance(mark, LineMark)
    assert extremes(panel, mark.x, mark.y) == extremes(panel, x, values)


@given(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, -1.0, float("nan")]), min_size=1, max_size=80),
    st.integers(1, 9),
)
def test_kept_rows_rise_and_gaps_stay_gaps(values: list[float], bins: int) -> None:
    y = np.array(values)
    gap = np.isnan(y) if np.isnan(y).any() else None
    kept = kept_rows(np.linspace(0, 1, len(y)), np.linspace(0, 1, bins + 1), gap, y)
    assert (np.diff(kept) > 0).all()
    stretches = np.split(y, np.flatnonzero(np.isnan(y)))
    solid = [part[~np.isnan(part)] for part in stretches]
    shown = np.split(y[kept], np.flatnonzero(np.isnan(y[kept])))
    assert [part.max() for part in solid if part.size] == [
        part[~np.isnan(part)].max() for part in shown if (~np.isnan(part)).any()
    ]


def test_what_lies_outside_the_limits_shrinks_to_its_own_extremes() -> None:
    y = np.random.default_rng(5).normal(size=10_000)
    kept = kept_rows(np.linspace(-5, 6, len(y)), np.linspace(0, 1, 11), None, y)
    assert len(kept) <= 12 * 4


def test_short_lines_beside_long_ones_stay_whole() -> None:
    x = np.concatenate([np.linspace(0, 1, 50_000), np.linspace(0, 1, 10)])
    axis = ScaledAxis("linear", (0.0, 1.0))
    lines = np.array([0, 50_000, 50_010], np.int32)
    kept, starts = thinned(x, lines, (axis, 100.0), None, np.sin(x * 50))
    assert kept is not None
    assert starts[2] - starts[1] == 10


def test_both_edges_of_a_band_keep_their_extremes() -> None:
    rng = np.random.default_rng(6)
    columns = {
        "x": np.arange(100_000),
        "lo": rng.normal(size=100_000),
        "hi": 9 + rng.random(100_000),
    }
    scene = compose(View((layer("band", columns, x="x", lo="lo", hi="hi"),)))
    mark = scene.panels[0].marks[0]
    assert mark.lo.min() == columns["lo"].min()  # type: ignore[union-attr]
    assert mark.hi.max() == columns["hi"].max()  # type: ignore[union-attr]
    assert scene.counts.decimated > 50_000


def test_the_ledger_balances_for_a_thinned_line_with_gaps_and_limits() -> None:
    values = np.random.default_rng(7).normal(size=100_000)
    values[::10] = np.nan
    counts = compose(line(values, y=Axis(limits=(-1.0, 1.0)))).counts
    assert counts.null == 10_000
    assert counts.outside == int((np.abs(values) > 1).sum())
    assert counts.given == counts.null + counts.outside + counts.decimated + counts.drawn
