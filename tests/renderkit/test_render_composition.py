"""Scenes: axes, limits, panels, legends, cells, circles; where things stand on the page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plotter2.renderkit import palettes
from plotter2.renderkit.annotations import enclosing
from plotter2.renderkit.compose import compose
from plotter2.renderkit.lettering import text_height, text_width
from plotter2.renderkit.pieces import Frame
from plotter2.renderkit.samples import ink
from plotter2.renderkit.scales import share
from plotter2.renderkit.scene import BarMark, CellMark, CircleMark, Label, LineMark, Scene, TextMark
from plotter2.renderkit.view import MILLIMETRE, Axis, Column, Facet, Gradient, Grid, Legend, View
from renderkit.sample_views import (
    SAMPLES,
    clusters,
    confusion,
    factor,
    histogram,
    layer,
    line,
    mean_band,
    small_multiples,
)


def texts(scene: Scene, role: str) -> list[str]:
    """The texts of one role."""
    return [label.text for label in scene.labels if label.role == role]


def box(label: Label) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of a label, by the measure of the layout."""
    width, height = (
        text_width(label.text, label.size, label.bold),
        text_height(label.text, label.size),
    )
    if label.angle in (90.0, 270.0):
        width, height = height, width
    left = label.x - {"left": 0.0, "center": width / 2, "right": width}[label.align]
    below = {"top": height, "center": height / 2, "bottom": 0.0, "baseline": 0.25 * label.size}
    bottom = label.y - below[label.valign]
    return left, bottom, left + width, bottom + height


@pytest.mark.parametrize("name", list(SAMPLES))
def test_no_text_reaches_over_the_edge_of_the_page(name: str) -> None:
    scene = compose(SAMPLES[name]())
    legends = [label for part in (*scene.legends, *scene.colour_bars) for label in part.labels]
    for label in (*scene.labels, *legends):
        left, bottom, right, top = box(label)
        assert left >= 0, label
        assert bottom >= 0, label
        assert right <= scene.width, label
        assert top <= scene.height + 0.5, label


@pytest.mark.parametrize("name", list(SAMPLES))
def test_ticks_of_an_axis_do_not_touch(name: str) -> None:
    scene = compose(SAMPLES[name]())
    ticks = [box(label) for label in scene.labels if label.role in ("x tick", "y tick")]
    for place, one in enumerate(ticks):
        for other in ticks[place + 1 :]:
            apart_x = one[2] <= other[0] or other[2] <= one[0]
            apart_y = one[3] <= other[1] or other[3] <= one[1]
            assert apart_x or apart_y


@pytest.mark.parametrize("name", list(SAMPLES))
def test_every_row_is_accounted_for(name: str) -> None:
    for entry in compose(SAMPLES[name]()).ledger:
        counts = entry.counts
        assert counts.given == counts.null + counts.outside + counts.decimated + counts.drawn


def test_labels_name_columns_and_carry_units() -> None:
    scene = compose(line([1.0, 2.0], y=Axis("reward", unit="s")))
    assert texts(scene, "x label") == ["x"]
    assert texts(scene, "y label") == ["reward [s]"]


def test_title_and_caption_stand_at_the_left_above_and_below() -> None:
    scene = compose(mean_band())
    title = next(label for label in scene.labels if label.role == "title")
    caption = next(label for label in scene.labels if label.role == "caption")
    assert title.align == caption.align == "left"
    assert title.y > scene.panels[0].rect.top > caption.y
    assert "n = 5" in caption.text


def test_automatic_limits_leave_room_and_given_ones_are_exact() -> None:
    free = compose(line([0.0, 10.0])).panels[0].y.limits
    assert free[0] < 0 < 10 < free[1]
    fixed = compose(line([0.0, 10.0], y=Axis(limits=(2.0, None)))).panels[0].y.limits
    assert fixed[0] == 2.0
    assert fixed[1] > 10


def test_a_constant_line_gets_limits_around_it() -> None:
    low, high = compose(line([3.0, 3.0])).panels[0].y.limits
    assert low < 3 < high


def test_lines_are_sorted_by_x_and_a_null_breaks_them() -> None:
    scene = compose(line([3.0, 1.0, np.nan, 2.0], [3, 1, 2, 0]))
    mark = scene.panels[0].marks[0]
    assert isinstance(mark, LineMark)
    assert mark.x.tolist() == [0, 1, 2, 3]
    assert np.isnan(mark.y[2])
    assert scene.counts.null == 1


def test_by_splits_lines_without_colours() -> None:
    columns = {"x": np.array([0, 1, 0, 1]), "y": np.arange(4.0), "run": factor([0, 0, 1, 1], "ab")}
    mark = compose(View((layer("line", columns, ("run",), x="x", y="y"),))).panels[0].marks[0]
    assert isinstance(mark, LineMark)
    assert mark.starts.tolist() == [0, 2, 4]


def test_log_axes_leave_out_what_has_no_place_and_say_so() -> None:
    scene = compose(line([1.0, 0.0, -2.0, 100.0], y=Axis(scale="log")))
    assert scene.counts.outside == 2
    assert scene.panels[0].y.limits[0] > 0
    by_x = compose(line([1.0, 2.0, 3.0], x=Axis(scale="log")))
    assert by_x.counts.outside == 1


def test_a_symlog_axis_shows_both_signs_and_zero() -> None:
    scene = compose(line(np.sinh(np.linspace(-9, 9, 50)), y=Axis(scale="symlog")))
    places = [tick.at for tick in scene.panels[0].y.ticks]
    assert min(places) < 0 < max(places)
    assert 0.0 in places


def test_panels_share_axes_and_tick_texts_are_drawn_once() -> None:
    scene = compose(small_multiples())
    assert len(scene.panels) == 9
    assert len({panel.y.limits for panel in scene.panels}) == 1
    assert [panel.y.labelled for panel in scene.panels] == [True, False, False] * 3
    assert [panel.x.labelled for panel in scene.panels] == [False] * 6 + [True] * 3
    assert texts(scene, "strip") == [
        "ant",
        "hopper",
        "walker",
        "lr = 0.05",
        "lr = 0.1",
        "lr = 0.2",
    ] or (
        set(texts(scene, "strip"))
        == {"ant", "hopper", "walker", "lr = 0.05", "lr = 0.1", "lr = 0.2"}
    )


def test_free_axes_have_their_own_limits_and_texts() -> None:
    view = small_multiples()
    assert view.facet is not None
    scene = compose(replace(view, facet=replace(view.facet, share="x")))
    assert len({panel.y.limits for panel in scene.panels}) > 1
    assert all(panel.y.labelled for panel in scene.panels)
    assert len({panel.x.limits for panel in scene.panels}) == 1


def test_many_panels_of_one_column_are_wrapped() -> None:
    columns = {
        "x": np.tile([0.0, 1.0], 12),
        "y": np.arange(24.0),
        "env": factor(np.repeat(np.arange(12), 2), [f"env {i}" for i in range(12)]),
    }
    scene = compose(View((layer("line", columns, x="x", y="y"),), facet=Facet(cols="env")))
    tops = {round(panel.rect.y) for panel in scene.panels}
    assert 3 <= len(tops) <= 6
    assert [panel.column for panel in scene.panels][:2] == ["env 0", "env 1"]


def test_a_layer_without_the_facet_column_stands_in_every_panel_and_is_counted_once() -> None:
    data = {"x": np.arange(4.0), "y": np.arange(4.0), "p": factor([0, 0, 1, 1], "ab")}
    goal = {"x": np.array([0.0, 3.0]), "g": np.array([2.0, 2.0])}
    layers = (layer("line", data, x="x", y="y"), layer("line", goal, x="x", y="g"))
    scene = compose(View(layers, facet=Facet(cols="p")))
    assert [len(panel.marks) for panel in scene.panels] == [2, 2]
    assert scene.ledger[1].counts.given == 2


def test_a_layer_with_one_of_two_facet_columns_stands_in_its_row() -> None:
    data = {
        "x": np.arange(4.0),
        "y": np.arange(4.0),
        "p": factor([0, 1, 0, 1], "ab"),
        "q": factor([0, 0, 1, 1], "cd"),
    }
    rows = {"x": np.array([0.0, 1.0]), "y": np.array([5.0, 6.0]), "q": factor([0, 1], "cd")}
    layers = (layer("point", data, x="x", y="y"), layer("point", rows, x="x", y="y"))
    scene = compose(View(layers, facet=Facet(cols="p", rows="q")))
    seen = [panel.marks[1].y.tolist() for panel in scene.panels]  # type: ignore[union-attr]
    assert seen == [[5.0], [5.0], [6.0], [6.0]]


def test_the_best_legend_covers_no_data() -> None:
    view = replace(mean_band(), legend=Legend(at="best"))
    scene = compose(view)
    (legend,), panel = scene.legends, scene.panels[0]
    taken = ink(Frame(panel.rect, panel.x, panel.y), panel.marks)
    rect = legend.rect
    covered = (
        (taken["x"] > rect.x)
        & (taken["x"] < rect.right)
        & (taken["y"] > rect.y)
        & (taken["y"] < rect.top)
    )
    assert not covered.any()


def test_a_legend_without_a_free_corner_goes_beside_the_panel() -> None:
    rng = np.random.default_rng(0)
    columns = {
        "x": rng.random(4000),
        "y": rng.random(4000),
        "c": factor(rng.integers(0, 3, 4000), "abc"),
    }
    scene = compose(View((layer("point", columns, x="x", y="y", colour="c"),)))
    assert scene.legends[0].rect.x > scene.panels[0].rect.right
    assert not scene.legends[0].framed


@pytest.mark.parametrize("at", ["upper left", "upper right", "lower left", "lower right"])
def test_a_named_corner_is_obeyed(at: str) -> None:
    scene = compose(replace(mean_band(), legend=Legend(at=at)))  # type: ignore[arg-type]
    rect, panel = scene.legends[0].rect, scene.panels[0].rect
    left = rect.x - panel.x < panel.right - rect.right
    upper = panel.top - rect.top < rect.y - panel.y
    assert (at.endswith("left"), at.startswith("upper")) == (left, upper)


def test_equal_axes_have_equal_units() -> None:
    panel = compose(clusters()).panels[0]
    unit_x = (panel.x.limits[1] - panel.x.limits[0]) / panel.rect.width
    unit_y = (panel.y.limits[1] - panel.y.limits[0]) / panel.rect.height
    assert unit_x == pytest.approx(unit_y)


def test_equal_categories_make_square_cells() -> None:
    rect = compose(replace(confusion(), equal=True, size=(400.0, 250.0))).panels[0].rect
    assert rect.width == pytest.approx(rect.height)


def test_circles_enclose_their_points_and_are_round() -> None:
    scene = compose(clusters())
    panel = scene.panels[0]
    circle = next(mark for mark in panel.marks if isinstance(mark, CircleMark))
    assert np.allclose(circle.x_radius, circle.y_radius)
    points = panel.marks[0]
    frame = Frame(panel.rect, panel.x, panel.y)
    x, y = frame.page_x(points.x), frame.page_y(points.y)  # type: ignore[union-attr]
    for code in range(4):
        mine = points.codes == code  # type: ignore[union-attr]
        reach = np.hypot(x[mine] - circle.x[code], y[mine] - circle.y[code])
        assert (reach <= circle.x_radius[code]).all()


def test_the_enclosing_circle_is_nearly_the_least_one() -> None:
    turns = np.linspace(0, 2 * np.pi, 40)
    x, y, radius = enclosing(3 + 2 * np.cos(turns), 1 + 2 * np.sin(turns))
    assert (x, y) == pytest.approx((3, 1), abs=0.03)
    assert 2.0 <= radius <= 2.03


def test_circles_with_a_radius_are_drawn_in_data_units() -> None:
    columns = {"x": np.array([0.0, 4.0]), "y": np.array([0.0, 4.0]), "r": np.array([1.0, 2.0])}
    scene = compose(View((layer("circle", columns, x="x", y="y", radius="r"),), equal=True))
    mark = scene.panels[0].marks[0]
    assert isinstance(mark, CircleMark)
    assert mark.x_radius[1] == pytest.approx(2 * mark.x_radius[0])
    assert mark.x_radius == pytest.approx(mark.y_radius)


def test_a_heatmap_has_its_first_row_on_top_and_null_cells_empty() -> None:
    columns = {
        "x": factor([0, 1, 0], "ab"),
        "y": factor([0, 0, 1], ("up", "down")),
        "v": np.array([0.0, 1.0, np.nan]),
    }
    scene = compose(View((layer("heatmap", columns, x="x", y="y", fill="v"),)))
    panel, mark = scene.panels[0], scene.panels[0].marks[0]
    assert isinstance(mark, CellMark)
    assert mark.codes.tolist() == [[0, 255], [-1, -1]]
    assert share(panel.y, np.array([0.0]))[0] > share(panel.y, np.array([1.0]))[0]
    assert scene.counts.null == 1


def test_letters_over_dark_cells_are_white_and_those_with_a_colour_keep_it() -> None:
    columns: dict[str, Column] = {
        "x": factor([0, 1, 0], "ab"),
        "y": factor([0, 0, 1], ("up", "down")),
        "v": np.array([0.0, 1.0, np.nan]),
        "ink": factor([0, 0, 0], ("red",)),
    }
    cells = layer("heatmap", columns, x="x", y="y", fill="v")
    plain = layer("text", columns, x="x", y="y", label="x")
    coloured = layer("text", columns, x="x", y="y", label="x", colour="ink")
    view = View((cells, plain, coloured), gradient=Gradient("viridis", None))
    marks = [mark for mark in compose(view).panels[0].marks if isinstance(mark, TextMark)]
    assert marks[0].colours == (palettes.PAPER, palettes.INK, palettes.INK)
    assert len(set(marks[1].colours)) == 1


def test_cells_finer_than_pixels_are_averaged_and_counted() -> None:
    side = 2400
    x, y = (part.ravel() for part in np.meshgrid(np.arange(side), np.arange(60)))
    columns = {"x": x, "y": y, "v": np.where(x % 2 == 0, 0.0, 1.0)}
    view = View((layer("heatmap", columns, x="x", y="y", fill="v"),), size=(100.0, 100.0))
    scene = compose(view)
    mark = scene.panels[0].marks[0]
    assert isinstance(mark, CellMark)
    assert mark.codes.shape[1] < 250
    assert 100 < mark.codes.mean() < 155
    assert scene.counts.decimated > 0


def test_texts_in_cells_fit_into_them() -> None:
    panel = compose(confusion()).panels[0]
    mark = next(mark for mark in panel.marks if isinstance(mark, TextMark))
    assert max(text_width(text, mark.size) for text in mark.texts) < panel.rect.width / 5
    assert set(mark.colours) == {"#000000", "#FFFFFF"}
    assert not mark.halo


def test_texts_at_the_end_stand_once_for_each_group_and_get_room() -> None:
    columns = {
        "x": np.tile(np.arange(5.0), 2),
        "y": np.arange(10.0),
        "c": factor([0] * 5 + [1] * 5, ("short", "a longer name")),
    }
    layers = (
        layer("line", columns, x="x", y="y", colour="c"),
        layer("text", columns, x="x", y="y", label="c", options={"at": "end"}),
    )
    scene = compose(View(layers, legend=Legend(show=False)))
    mark = next(mark for mark in scene.panels[0].marks if isinstance(mark, TextMark))
    assert mark.texts == ("short", "a longer name")
    assert scene.width - scene.panels[0].rect.right > text_width("a longer name", mark.size)


def test_bars_stand_on_zero_and_colours_stand_side_by_side() -> None:
    columns = {
        "m": factor([0, 0, 1, 1], ("a", "b")),
        "v": np.array([1.0, 2.0, -1.0, 3.0]),
        "c": factor([0, 1, 0, 1], ("x", "y")),
    }
    scene = compose(View((layer("bar", columns, x="m", y="v", colour="c"),)))
    first, second = scene.panels[0].marks
    assert isinstance(first, BarMark)
    assert isinstance(second, BarMark)
    assert first.right.tolist() == pytest.approx(second.left.tolist())
    assert first.bottom.tolist() == [0.0, -1.0]


def test_a_histogram_touches_its_neighbours() -> None:
    mark = compose(histogram()).panels[0].marks[0]
    assert isinstance(mark, BarMark)
    assert mark.right[:-1] == pytest.approx(mark.left[1:])


def test_long_category_names_are_slanted_and_stay_on_the_page() -> None:
    names = [f"a rather long model name {i}" for i in range(9)]
    columns = {"m": factor(range(9), names), "v": np.arange(9.0) + 1}
    scene = compose(
        View((layer("bar", columns, x="m", y="v"),), size=(90 * MILLIMETRE, 80 * MILLIMETRE))
    )
    assert scene.panels[0].x.angle > 0
    ticks = [label for label in scene.labels if label.role == "x tick"]
    for label in ticks:
        reach = text_width(label.text, label.size)
        assert label.x - reach * np.cos(np.deg2rad(label.angle)) >= 0


def test_a_grid_places_its_views_in_rows_and_keeps_them_apart() -> None:
    scene = compose(Grid((line([1.0, 2.0]), line([2.0, 1.0]), line([3.0, 1.0])), cols=2))
    first, second, third = (panel.rect for panel in scene.panels)
    assert first.right < second.x
    assert first.y == second.y > third.top
    assert [entry.view for entry in scene.ledger] == [0, 1, 2]


def test_an_empty_layer_beside_a_full_one_draws_nothing() -> None:
    empty = {"x": np.empty(0), "y": np.empty(0)}
    for kind in ("line", "point", "bar"):
        scene = compose(View((*line([1.0, 2.0]).layers, layer(kind, empty, x="x", y="y"))))
        assert scene.ledger[1].counts.given == 0


def test_the_same_view_gives_the_same_scene() -> None:
    for make in SAMPLES.values():
        assert compose(make()).as_json() == compose(make()).as_json()
