"""Views that cannot be drawn: one clear message with code, place and remedy each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plotter2.errors import RunError
from plotter2.renderkit.codes import CODES
from plotter2.renderkit.compose import compose
from plotter2.renderkit.view import Axis, Facet, Factor, Gradient, Grid, Layer, View
from renderkit.sample_views import factor, layer, line

T = {"x": np.arange(4.0), "y": np.arange(4.0), "c": factor([0, 1, 2, 3], "abcd")}


def view(kind: Any, columns: Any = None, by: tuple[str, ...] = (), **channels: Any) -> View:
    """A view of one layer."""
    return View((layer(kind, columns or T, by, **channels),))


REFUSED: dict[str, tuple[Any, str, str]] = {
    "no marks": (View(()), "P2-R0661", "no marks"),
    "no mark of this name": (view("pie", x="x", y="y"), "P2-R0660", "'pie'"),
    "missing channel": (view("line", x="x"), "P2-R0660", "needs a column for y"),
    "unknown channel": (view("line", x="x", y="y", z="y"), "P2-R0660", "'z'"),
    "unknown option": (view("line", x="x", y="y", options={"dash": 1.0}), "P2-R0660", "'dash'"),
    "option not a number": (
        view("line", x="x", y="y", options={"width": "thick"}),
        "P2-R0660",
        "thick",
    ),
    "misspelt column": (view("line", x="x", y="yy"), "P2-R0660", "'yy'"),
    "misspelt by": (view("line", by=("runn",), x="x", y="y"), "P2-R0660", "'runn'"),
    "text as height": (view("line", x="x", y="c"), "P2-R0660", "y=c"),
    "text as a band": (view("band", x="x", lo="c", hi="y"), "P2-R0660", "lo=c"),
    "different lengths": (
        view("line", {"x": np.arange(3.0), "y": np.arange(4.0)}, x="x", y="y"),
        "P2-R0660",
        "x: 3, y: 4",
    ),
    "not numbers": (
        view("line", {"x": np.array(["a"]), "y": np.arange(1.0)}, x="x", y="y"),
        "P2-R0660",
        "'x'",
    ),
    "two dimensions": (
        view("line", {"x": np.zeros((2, 2)), "y": np.zeros((2, 2))}, x="x", y="y"),
        "P2-R0660",
        "'x'",
    ),
    "code beyond levels": (
        view(
            "point",
            {"x": np.arange(1.0), "y": Factor(np.array([5], np.int32), ("a",))},
            x="x",
            y="y",
        ),
        "P2-R0660",
        "beyond",
    ),
    "circle without a group": (view("circle", x="x", y="y"), "P2-R0660", "radius"),
    "text nowhere": (
        view("text", x="x", y="y", label="c", options={"at": "top"}),
        "P2-R0660",
        "'top'",
    ),
    "all null": (line([np.nan, np.nan]), "P2-R0661", "2 are null"),
    "all outside": (line([1.0, 2.0], y=Axis(limits=(5.0, 6.0))), "P2-R0661", "2 outside"),
    "too many shapes": (
        view(
            "point",
            {
                **T,
                "s": factor([0, 1, 2, 3], "abcd"),
                "x": np.arange(7.0),
                "y": np.arange(7.0),
                "z": factor(range(7), "abcdefg"),
            },
            x="x",
            y="y",
            shape="z",
        ),
        "P2-R0662",
        "7 values",
    ),
    "too many panels": (
        View((layer("point", T, x="x", y="y"),), facet=Facet(cols="c", max_panels=3)),
        "P2-R0663",
        "4 panels",
    ),
    "no facet column": (
        View((layer("point", T, x="x", y="y"),), facet=Facet(cols="env")),
        "P2-R0660",
        "'env'",
    ),
    "log without positives": (line([-1.0, 0.0], y=Axis(scale="log")), "P2-R0664", "y axis"),
    "not a colour": (
        view("text", {**T, "k": factor([0] * 4, ["reddish"])}, x="x", y="y", label="c", colour="k"),
        "P2-R0665",
        "'reddish'",
    ),
    "not a gradient": (
        View((layer("heatmap", T, x="x", y="c", fill="y"),), gradient=Gradient("jet")),
        "P2-R0665",
        "'jet'",
    ),
    "two rows in a cell": (
        view(
            "heatmap",
            {"x": np.zeros(2), "y": np.zeros(2), "f": np.zeros(2)},
            x="x",
            y="y",
            fill="f",
        ),
        "P2-R0666",
        "2 rows",
    ),
    "tiny frame": (line([1.0, 2.0], size=(10.0, 10.0)), "P2-R0667", "mm"),
    "endless frame": (line([1.0, 2.0], size=(float("inf"), 100.0)), "P2-R0667", "mm"),
    "cramped panels": (
        View(
            (layer("point", T, x="x", y="y"),), size=(120.0, 60.0), facet=Facet(rows="c", cols="c")
        ),
        "P2-R0667",
        "16 panel",
    ),
    "limits that fall": (line([1.0, 2.0], x=Axis(limits=(3.0, 1.0))), "P2-R0669", "3.0 to 1.0"),
    "limits not finite": (line([1.0, 2.0], x=Axis(limits=(float("nan"), None))), "P2-R0669", "nan"),
    "negative log limit": (
        line([1.0, 2.0], y=Axis(scale="log", limits=(-1.0, None))),
        "P2-R0669",
        "above 0",
    ),
    "log categories": (
        View((layer("bar", T, x="c", y="y"),), x=Axis(scale="log")),
        "P2-R0669",
        "categories",
    ),
    "equal log": (line([1.0, 2.0], y=Axis(scale="log"), equal=True), "P2-R0669", "equal"),
    "numbers and names on an axis": (
        View((layer("bar", T, x="c", y="y"), layer("line", T, x="x", y="y"))),
        "P2-R0670",
        "c",
    ),
    "empty grid": (Grid(()), "P2-R0661", "no views"),
    "too many categories": (
        view(
            "bar",
            {"c": factor(range(1001), map(str, range(1001))), "y": np.arange(1001.0)},
            x="c",
            y="y",
        ),
        "P2-R0668",
        "1001",
    ),
    "too many texts": (
        view(
            "text", {"x": np.arange(6000.0), "c": factor([0] * 6000, "a")}, x="x", y="x", label="c"
        ),
        "P2-R0668",
        "6000",
    ),
    "rule at a word": (
        View((*line([1.0, 2.0]).layers, Layer("rule", {}, {}, options={"x": "here"}))),
        "P2-R0660",
        "here",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_it_is_refused_with_one_clear_message(name: str) -> None:
    picture, code, part = REFUSED[name]
    with pytest.raises(RunError) as caught:
        compose(picture)
    assert caught.value.code == code
    assert part in caught.value.message
    assert code in CODES


def test_every_code_of_composing_is_refused_somewhere_above() -> None:
    seen = {code for _, code, _ in REFUSED.values()}
    elsewhere = {"P2-R0671", "P2-R0672", "P2-R0680", "P2-R0681"}  # formats, films, reports
    assert {code for code in CODES if code.startswith("P2-R")} - seen == elsewhere
