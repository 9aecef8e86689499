"""From a script's marks to what renderkit is given: columns, defaults, statistics, axes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from p2lang.types import ColumnType
from p2std.binding import flow_kernels
from p2std.lowering import argument
from p2std.picture import Picture
from p2std.registry import core
from p2std.table import Nothing
from plotter2.child.drawables import drawable
from plotter2.child.views import Composed, completed, composed
from plotter2.errors import RunError
from plotter2.renderkit.compose import compose
from plotter2.renderkit.view import Factor, Layer
from tagged import call, col, cols, lit, table_of

RNG = np.random.default_rng(4)


def mark(picture: Picture, name: str, /, **given: Any) -> Picture:
    """Add a mark or decoration as the interpreter does."""
    found, signature = flow_kernels()[f"{name}@1"], core().by_full_name[f"{name}@1"]
    handed: dict[str, Any] = {"view": picture}
    for parameter, wanted in found.takes.items():
        if parameter != "view":
            value = given.get(parameter, signature.by_name[parameter].default_value)
            handed[parameter] = argument(value, wanted, Nothing())
    made: Picture = found.run(**handed)
    return made


def drawn(frame: pl.DataFrame, picture: Picture, **units: str) -> Composed:
    table = table_of(frame)
    columns = tuple((n, replace(t, unit=units.get(n, ""))) for n, t in table.schema.columns)
    table = replace(table, schema=replace(table.schema, columns=columns))
    made = composed(completed(picture, table.schema), table)
    compose(made.view)
    return made


def layer(made: Composed, index: int = 0) -> Layer:
    return made.view.layers[index]


FRAME = pl.DataFrame(
    {"step": range(20), "reward": RNG.normal(size=20), "run": ["a", "b"] * 10, "seed": [1, 2] * 10}
)


# ------------------------------------------------------------ columns
def test_text_becomes_codes_in_alphabetical_order() -> None:
    found = drawable(pl.Series("run", ["b", None, "a", "b"]))
    assert isinstance(found, Factor)
    assert found.levels == ("a", "b")
    assert found.codes.tolist() == [1, -1, 0, 1]
    assert found.codes.dtype == np.int32


def test_missing_numbers_become_nan() -> None:
    found = drawable(pl.Series("x", [1, None]))
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float64
    assert np.isnan(found[1])
    assert drawable(pl.Series("x", [1, 2])).dtype == np.int64  # type: ignore[union-attr]


def test_clusters_are_categories_in_the_order_of_numbers() -> None:
    found = drawable(pl.Series("cluster", [10, 2, None], dtype=pl.Int64))
    assert isinstance(found, Factor)
    assert found.levels == ("2", "10")
    assert found.codes.tolist() == [1, 0, -1]


def test_truth_values() -> None:
    assert drawable(pl.Series("t", [True, False])).dtype == np.bool_  # type: ignore[union-attr]
    found = drawable(pl.Series("t", [True, None]))
    assert isinstance(found, Factor)
    assert found.codes.tolist() == [1, -1]


def test_columns_are_converted_once_for_all_marks() -> None:
    picture = mark(
        mark(Picture(), "line", x=col("step"), y=col("reward")),
        "point",
        x=col("step"),
        y=col("reward"),
    )
    made = drawn(FRAME, picture)
    assert layer(made, 0).columns["reward"] is layer(made, 1).columns["reward"]


# ------------------------------------------------------------ marks
def test_a_line_names_its_channels_groups_and_options() -> None:
    made = drawn(
        FRAME,
        mark(Picture(), "line", x=col("step"), y=col("reward"), by=cols("run"), alpha=lit(0.5)),
    )
    found = layer(made)
    assert found.channels == {"x": "step", "y": "reward"}
    assert found.by == ("run",)
    assert found.options == {"alpha": 0.5, "width": 1.0}


def test_a_size_is_a_length_or_a_column() -> None:
    fixed = drawn(FRAME, mark(Picture(), "point", x=col("step"), y=col("reward"), size=lit(3.0)))
    assert layer(fixed).options["size"] == 3.0
    scaled = drawn(
        FRAME, mark(Picture(), "point", x=col("step"), y=col("reward"), size=col("seed"))
    )
    assert layer(scaled).channels["size"] == "seed"


def test_text_may_be_computed() -> None:
    label = call("format", x=col("reward"), spec=".1f")
    picture = mark(Picture(), "text", label=label, x=col("step"), y=col("reward"))
    found = layer(drawn(FRAME, picture))
    texts = found.columns[found.channels["label"]]
    assert isinstance(texts, Factor)
    assert texts.levels[texts.codes[0]] == f"{FRAME['reward'][0]:.1f}"


def test_circles_and_labels_stand_where_the_points_stand() -> None:
    picture = mark(Picture(), "point", x=col("step"), y=col("reward"))
    picture = mark(
        mark(picture, "circle", around=col("run")), "text", label=col("run"), at=lit("centroid")
    )
    made = drawn(FRAME, picture)
    assert layer(made, 1).channels == {"x": "step", "y": "reward", "around": "run"}
    assert layer(made, 2).channels == {"x": "step", "y": "reward", "label": "run"}


def test_a_rule_stands_at_numbers() -> None:
    picture = mark(
        mark(Picture(), "point", x=col("step"), y=col("reward")), "rule", y=lit([0.0, 1.0])
    )
    assert layer(drawn(FRAME, picture), 1).options["y"] == (0.0, 1.0)


def test_a_histogram_counts_each_colour_in_the_same_bins() -> None:
    picture = mark(Picture(), "histogram", x=col("reward"), bins=lit(5), colour=col("run"))
    made = drawn(FRAME, picture)
    found = layer(made)
    counts = np.asarray(found.columns["count"])
    expected = [
        np.histogram(
            FRAME.filter(pl.col("run") == run)["reward"], np.histogram_bin_edges(FRAME["reward"], 5)
        )[0]
        for run in ("a", "b")
    ]
    assert counts.tolist() == np.concatenate(expected).tolist()
    assert made.behind == {0: (20, 0)}


def test_a_histogram_without_colour() -> None:
    found = layer(drawn(FRAME, mark(Picture(), "histogram", x=col("reward"), bins=lit(4))))
    counts = np.asarray(found.columns["count"])
    assert (len(counts), counts.sum()) == (4, 20)
    assert set(found.columns) == {"reward", "count", "width"}


def test_a_fit_is_made_for_each_panel() -> None:
    frame = pl.DataFrame(
        {"x": [0.0, 1, 2, 3] * 2, "y": [0.0, 1, 2, 3, 3, 2, 1, 0], "p": ["a"] * 4 + ["b"] * 4}
    )
    picture = mark(Picture(), "fit", x=col("x"), y=col("y"))
    picture = mark(picture, "facet", cols=col("p"))
    found = layer(drawn(frame, picture))
    panel = found.columns["p"]
    assert isinstance(panel, Factor)
    y = np.asarray(found.columns["y"])
    assert y[panel.codes == 0] == pytest.approx(np.linspace(0, 3, 200))
    assert y[panel.codes == 1] == pytest.approx(np.linspace(3, 0, 200))


def test_a_fit_tells_what_it_could_not_use() -> None:
    rows = {"x": [0.0, 1, 2, 3, 4, 9], "y": [1.0, 2, 4, 8, -1, -1], "p": ["a"] * 5 + ["b"]}
    frame = pl.DataFrame(rows)
    picture = mark(
        mark(Picture(), "fit", x=col("x"), y=col("y"), model=lit("exp")), "facet", cols=col("p")
    )
    made = drawn(frame, mark(picture, "point", x=col("x"), y=col("y")))
    assert made.behind[0] == (4, 2)
    assert made.notes == (
        "fit: too few different x for exp in 1 of 2 groups",
        "fit: 1 rows without a positive y take no part in the exp curve",
    )


# ------------------------------------------------------------ defaults
@pytest.mark.parametrize(
    ("columns", "kind", "channels"),
    [
        ({"label": "string", "pc1": "number", "pc2": "number"}, "point", ["pc1", "pc2", "label"]),
        ({"lr": "number", "step": "int", "reward": "number"}, "line", ["step", "reward", "lr"]),
        ({"t": "time", "a": "number", "b": "number"}, "line", ["t", "a"]),
        ({"a": "number", "b": "number"}, "point", ["a", "b"]),
        ({"run": "string", "x": "number"}, "histogram", ["x"]),
    ],
)
def test_a_frame_without_a_mark_draws_what_its_table_suggests(
    columns: dict[str, Any], kind: str, channels: list[str]
) -> None:
    schema = replace(
        table_of(FRAME).schema, columns=tuple((n, ColumnType(k)) for n, k in columns.items())
    )
    (chosen,) = completed(Picture(), schema).marks
    assert chosen.kind == kind
    assert [value[1] for value in chosen.channels.values()] == channels


def test_a_frame_with_only_text_needs_a_mark() -> None:
    schema = table_of(pl.DataFrame({"run": ["a"]})).schema
    with pytest.raises(RunError) as refused:
        completed(Picture(), schema)
    assert refused.value.code == "P2-R0606"


def test_colour_goes_to_marks_that_name_none() -> None:
    picture = mark(
        mark(Picture(), "line", x=col("step"), y=col("reward"), colour=col("seed")),
        "point",
        x=col("step"),
        y=col("reward"),
    )
    made = drawn(FRAME, mark(picture, "colour", by=col("run")))
    assert [found.channels["colour"] for found in made.view.layers] == ["seed", "run"]


# ------------------------------------------------------------ axes
def test_axes_take_their_labels_from_the_script_or_the_column_with_its_unit() -> None:
    picture = mark(Picture(), "line", x=col("step"), y=col("reward"))
    made = drawn(FRAME, picture, reward="m/s", step="B")
    assert (made.view.x.label, made.view.x.unit) == (None, "B")
    assert (made.view.y.label, made.view.y.unit) == (None, "m/s")
    named = drawn(
        FRAME,
        mark(picture, "axis", y=lit("speed"), yscale=lit("symlog"), ylim=lit([0, 1])),
        reward="m/s",
    )
    assert (named.view.y.label, named.view.y.unit, named.view.y.scale) == ("speed", "", "symlog")
    assert named.view.y.limits == (0.0, 1.0)


def test_decorations_reach_the_view() -> None:
    picture = mark(Picture(), "line", x=col("step"), y=col("reward"))
    picture = mark(picture, "legend", show=lit(False), title=lit("t"), at=lit("outside"))
    picture = mark(picture, "gradient", name=lit("magma"), domain=["range", lit(0), lit(2)])
    picture = mark(
        mark(picture, "title", text=lit("hello")), "facet", cols=col("run"), share=lit("x")
    )
    view = drawn(FRAME, picture).view
    assert (view.legend.show, view.legend.title, view.legend.at) == (False, "t", "outside")
    assert (view.gradient.name, view.gradient.domain) == ("magma", (0.0, 2.0))
    assert view.title == "hello"
    assert view.facet is not None
    assert (view.facet.cols, view.facet.share) == ("run", "x")
