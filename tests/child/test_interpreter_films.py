"""From a script's film to what renderkit is given: which rows are shown when, and how moments become pictures."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2std.kernels.effects import Motion
from p2std.picture import Mark, Picture
from plotter2.child.moments import follows, timing
from plotter2.child.views import Composed, composed
from plotter2.errors import RunError
from plotter2.renderkit.view import Layer
from tagged import table_of

FRAME = pl.DataFrame(
    {"step": [3, 1, None, 2, 1], "x": [1.0, 2.0, 3.0, 4.0, 5.0], "who": ["a", "b", "a", "a", "a"]}
)
NOW = ["call", "current@1", {"c": ["col", "step"]}]
POINTS = Mark("point", {"x": ["col", "x"], "y": ["col", "x"]}, key="who")
LINE = Mark("line", {"x": ["col", "step"], "y": ["col", "x"]})


def motion(most: int = 300, between: int | None = None, fps: int = 24) -> Motion:
    return Motion("step", fps, most, between, "linear")


def film(
    *marks: Mark, frame: pl.DataFrame = FRAME, most: int = 300, title: object = ""
) -> Composed:
    table, picture = table_of(frame), Picture(title=title, marks=marks)  # type: ignore[arg-type]
    made = timing([table], motion(most), gliding=False)
    return composed(picture, table, timing=made, followed=follows(picture))


def shown(layer: Layer) -> list[int]:
    assert layer.moments is not None
    return layer.moments.codes.tolist()


def test_rows_are_shown_at_their_value_and_those_without_never() -> None:
    layer = film(POINTS).view.layers[0]
    assert shown(layer) == [2, 0, -1, 1, 0]
    assert layer.moments is not None
    assert layer.moments.keys is not None
    assert layer.moments.keys.tolist() == [0, 1, 0, 0, 0]


def test_a_line_along_the_animated_column_grows() -> None:
    moments = film(LINE, title=["cat", [["str", "at "], NOW]]).view.layers[0].moments
    assert moments is not None
    assert moments.grows


def test_a_line_stands_whole_where_a_rule_follows_the_current_value() -> None:
    line, rule = film(LINE, Mark("rule", {}, (), {"x": NOW})).view.layers
    assert line.moments is None
    assert rule.columns["x"].tolist() == [1.0, 2.0, 3.0]  # type: ignore[union-attr]
    assert shown(rule) == [0, 1, 2]


def test_titles_follow_the_current_value() -> None:
    view = film(POINTS, title=["cat", [["str", "step "], NOW]]).view
    assert view.titles == ("step 1", "step 2", "step 3")


def test_text_has_the_value_of_its_rows() -> None:
    label = ["cat", [["str", "n "], NOW]]
    mark = Mark("text", {"x": ["col", "x"], "y": ["col", "x"], "label": label}, (), {"at": "data"})
    layer = film(mark).view.layers[0]
    assert layer.columns["label"].levels == ("n 1", "n 2", "n 3")  # type: ignore[union-attr]


def test_a_table_without_the_column_stands_still() -> None:
    table, picture = table_of(FRAME.drop("step")), Picture(marks=(POINTS,))
    made = timing([table_of(FRAME), table], motion(), gliding=False)
    assert composed(picture, table, timing=made).view.layers[0].moments is None


def test_rows_of_values_that_are_not_shown_are_left_out_and_counted() -> None:
    frame = pl.DataFrame({"step": range(10), "x": [float(i) for i in range(10)], "who": ["a"] * 10})
    made = film(POINTS, LINE, frame=frame, most=4)
    points, line = made.view.layers
    assert points.columns["x"].tolist() == [0.0, 3.0, 6.0, 9.0]  # type: ignore[union-attr]
    assert made.left_out == 6
    assert shown(line) == [0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_a_histogram_counts_the_rows_of_each_moment_in_the_same_bins() -> None:
    layer = film(Mark("histogram", {"x": ["col", "x"]}, (), {"bins": 4})).view.layers[0]
    counts = layer.columns["count"]
    at_first = [n for n, moment in zip(counts.tolist(), shown(layer), strict=True) if moment == 0]  # type: ignore[union-attr]
    assert at_first == [0, 1, 0, 1]


def test_without_a_value_there_is_no_film() -> None:
    empty = table_of(FRAME.with_columns(step=pl.lit(None, pl.Int64)))
    with pytest.raises(RunError) as refused:
        timing([empty], motion(), gliding=False)
    assert refused.value.code == "P2-R0640"


def test_points_with_a_key_let_a_value_last_half_a_second() -> None:
    table = table_of(FRAME)
    assert timing([table], motion(), gliding=True).timeline.between == 11
    assert timing([table], motion(), gliding=False).timeline.between == 0
    assert timing([table], motion(between=0), gliding=True).timeline.between == 0


@given(st.integers(1, 400), st.integers(1, 300), st.none() | st.integers(0, 40), st.booleans())
def test_a_film_never_has_more_pictures_than_it_may(
    values: int, most: int, between: int | None, gliding: bool
) -> None:
    table = table_of(pl.DataFrame({"step": range(values)}))
    made = timing([table], motion(most, between), gliding)
    assert 1 <= made.timeline.pictures <= most
    assert made.places == tuple(sorted(set(made.places)))
    assert made.places[-1] == values - 1
    assert (made.caption == "") == (len(made.places) == values)
