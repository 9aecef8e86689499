"""Any view at all: it is drawn, with a ledger that balances, or refused with a message; nothing else happens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plotter2.errors import RunError
from plotter2.renderkit.compose import compose
from plotter2.renderkit.mpl import draw
from plotter2.renderkit.scene import Scene
from plotter2.renderkit.view import Axis, Facet, Gradient, Legend, View
from renderkit.sample_views import factor, layer

SPECIAL = [0.0, 1.0, -1.0, 1e-300, 1e300, -1e308, 5e-324, float("nan"), float("inf"), 1e15 + 1, 0.1]
KINDS = {
    "line": ("x", "y"),
    "band": ("x", "lo", "hi"),
    "point": ("x", "y", "size", "shape"),
    "bar": ("x", "y", "width"),
    "heatmap": ("x", "y", "fill"),
    "text": ("x", "y", "label"),
    "circle": ("x", "y", "around"),
}
NEEDED = {"size", "shape", "width"}


def column(rows: int) -> st.SearchStrategy[Any]:
    """A column of any kind with so many rows."""
    return st.one_of(
        st.lists(st.sampled_from(SPECIAL), min_size=rows, max_size=rows).map(
            lambda v: np.array(v, np.float64)
        ),
        st.lists(st.floats(-9, 9), min_size=rows, max_size=rows).map(
            lambda v: np.array(v, np.float64)
        ),
        st.lists(st.integers(-(2**62), 2**62), min_size=rows, max_size=rows).map(
            lambda v: np.array(v, np.int64)
        ),
        st.lists(st.integers(0, 5), min_size=rows, max_size=rows).map(
            lambda v: np.array(v, np.int64)
        ),
        st.lists(st.booleans(), min_size=rows, max_size=rows).map(lambda v: np.array(v, np.bool_)),
        st.lists(st.integers(-1, 2), min_size=rows, max_size=rows).map(
            lambda v: factor(v, ("a", "$b$", "漢"))
        ),
    )


@st.composite
def views(make: st.DrawFn) -> View:
    """A view of one or two layers with any axes, facets and legends."""
    layers = []
    for _ in range(make(st.integers(1, 2))):
        kind = make(st.sampled_from(sorted(KINDS)))
        rows = make(st.integers(0, 12))
        names = [c for c in KINDS[kind] if c not in NEEDED or make(st.booleans())]
        if kind != "heatmap" and kind != "text" and make(st.booleans()):
            names.append("colour")
        columns = {name: make(column(rows)) for name in (*names, "g", "f")}
        by = ("g",) if make(st.booleans()) else ()
        layers.append(layer(kind, columns, by, **{name: name for name in names}))
    scale = st.sampled_from(["linear", "linear", "log", "symlog"])
    share = make(st.sampled_from(["both", "x", "y", "none"]))
    facet = make(
        st.sampled_from(
            [None, None, Facet("f", None, share), Facet("f", "g", share), Facet(None, "g", share)]
        )
    )
    return View(
        tuple(layers),
        title=make(st.text(max_size=30)),
        x=Axis(scale=make(scale)),
        y=Axis(scale=make(scale), unit=make(st.text(max_size=3))),
        equal=make(st.booleans()),
        facet=facet,
        legend=Legend(
            make(st.booleans()), at=make(st.sampled_from(["best", "upper left", "outside"]))
        ),
        gradient=Gradient(make(st.sampled_from(["viridis", "greys"]))),
    )


def composed(view: View) -> Scene | None:
    """The scene of a view, None when it is refused as it should be."""
    try:
        return compose(view)
    except RunError:
        return None


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(views())
def test_it_is_composed_or_refused(view: View) -> None:
    scene = composed(view)
    if scene is None:
        return
    for entry in scene.ledger:
        counts = entry.counts
        assert counts.given == counts.null + counts.outside + counts.decimated + counts.drawn
        assert min(counts.null, counts.outside, counts.decimated, counts.drawn) >= 0
    for panel in scene.panels:
        assert np.isfinite(
            [*panel.x.limits, *panel.y.limits, panel.rect.width, panel.rect.height]
        ).all()
    scene.as_json()


@pytest.mark.render
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(views(), st.sampled_from(["png", "svg", "pdf"]))
def test_what_is_composed_is_drawn(view: View, format: str) -> None:
    scene = composed(view)
    if scene is not None:
        assert draw(scene, format, dpi=72) == draw(scene, format, dpi=72)
