"""Colours: one scale for a column in all its layers and panels, ordered for numbers, distinct for names."""

from __future__ import annotations

import numpy as np
import pytest

from p2lang.check import vocabulary
from plotter2.errors import RunError
from plotter2.renderkit import palettes
from plotter2.renderkit.compose import compose
from plotter2.renderkit.scene import BandMark, CircleMark, LineMark, PointMark
from plotter2.renderkit.view import Gradient, Legend, View
from renderkit.sample_views import clusters, factor, layer, mean_band, small_multiples


def lines_coloured_by(column: object) -> View:
    """A view of lines of two rows each, coloured by a column."""
    values = np.asarray(column) if isinstance(column, list) else column
    count = len(values.codes if hasattr(values, "codes") else values)
    columns = {"x": np.arange(count), "y": np.arange(count), "c": values}
    return View((layer("line", columns, x="x", y="y", colour="c"),))


def test_learning_rates_get_shades_from_dark_to_light_in_their_order() -> None:
    scene = compose(lines_coloured_by([0.1, 0.001, 0.01]))
    colours = [mark.colour for mark in scene.panels[0].marks]  # type: ignore[union-attr]
    assert colours == list(palettes.gradient("viridis", 3, readable=True))
    lightness = [sum(bytes.fromhex(colour[1:])) for colour in colours]
    assert lightness == sorted(lightness)
    texts = [label.text for label in scene.legends[0].labels]
    assert texts == ["c", "0.001", "0.01", "0.1"]


def test_names_get_the_colours_of_okabe_and_ito() -> None:
    scene = compose(lines_coloured_by(factor([0, 0, 1, 1], ("ppo", "sac"))))
    colours = [mark.colour for mark in scene.panels[0].marks]  # type: ignore[union-attr]
    assert colours == ["#0072B2", "#D55E00"]


def test_a_band_and_a_line_of_one_group_have_one_colour() -> None:
    marks = compose(mean_band()).panels[0].marks
    bands = [mark.colour for mark in marks if isinstance(mark, BandMark)]
    lines = [mark.colour for mark in marks if isinstance(mark, LineMark)]
    assert bands == lines
    assert len(set(bands)) == 5


def test_a_colour_means_the_same_in_every_panel() -> None:
    columns = {
        "x": np.arange(4.0),
        "y": np.arange(4.0),
        "c": factor([0, 1, 1, 2], "abc"),
        "p": factor([0, 0, 1, 1], "pq"),
    }
    from plotter2.renderkit.view import Facet

    view = View((layer("point", columns, x="x", y="y", colour="c"),), facet=Facet(cols="p"))
    first, second = (panel.marks[0] for panel in compose(view).panels)
    assert isinstance(first, PointMark)
    assert isinstance(second, PointMark)
    assert first.palette == second.palette
    assert (first.codes.tolist(), second.codes.tolist()) == ([0, 1], [1, 2])


def test_circles_around_a_coloured_group_take_its_colours() -> None:
    marks = compose(clusters()).panels[0].marks
    circle = next(mark for mark in marks if isinstance(mark, CircleMark))
    assert circle.colours == palettes.CATEGORIES[:4]


def test_more_than_ten_names_are_refused_not_dropped() -> None:
    with pytest.raises(RunError) as caught:
        compose(lines_coloured_by(factor(range(11), "abcdefghijk")))
    assert caught.value.code == "P2-R0662"
    assert "11 categories" in caught.value.message
    assert "facet" in caught.value.help


@pytest.mark.parametrize("kind", ["line", "point"])
def test_many_numbers_get_a_colour_bar_instead_of_a_legend(kind: str) -> None:
    values = np.linspace(0.0, 2.0, 100)
    columns = {"x": values, "y": values, "v": values}
    scene = compose(View((layer(kind, columns, x="x", y="y", colour="v"),)))
    assert not scene.legends
    (bar,) = scene.colour_bars
    assert bar.labels[0].text == "v"
    assert bar.labels[1].text == "0.0"


def test_numbers_even_in_their_logarithms_get_a_log_colour_bar() -> None:
    values = 10.0 ** np.linspace(-5, 2, 200)
    columns = {"x": values, "y": values, "v": values}
    scene = compose(View((layer("point", columns, x="x", y="y", colour="v"),)))
    texts = [label.text for label in scene.colour_bars[0].labels]
    assert "10⁻³" in texts or "0.001" in texts


def test_the_domain_of_a_gradient_is_kept() -> None:
    values = np.linspace(0.2, 0.4, 50)
    columns = {"x": values, "y": values, "v": values}
    view = View(
        (layer("point", columns, x="x", y="y", colour="v"),), gradient=Gradient("magma", (0.0, 1.0))
    )
    assert [label.text for label in compose(view).colour_bars[0].labels][-1] == "1.0"


def test_two_columns_without_colour_get_two_colours_and_a_legend() -> None:
    columns = {"t": np.arange(3.0), "train": np.arange(3.0), "val": np.arange(3.0) + 1}
    view = View(tuple(layer("line", columns, x="t", y=name) for name in ("train", "val")))
    scene = compose(view)
    assert [label.text for label in scene.legends[0].labels] == ["train", "val"]
    assert len({mark.colour for mark in scene.panels[0].marks}) == 2  # type: ignore[union-attr]


def test_thin_lines_and_their_trend_have_one_colour() -> None:
    marks = compose(small_multiples()).panels[0].marks
    assert {mark.colour for mark in marks} == {"#0072B2"}  # type: ignore[union-attr]


def test_an_unknown_colour_is_refused_with_the_nearest_name() -> None:
    columns = {"x": np.arange(3.0)}
    view = View((layer("line", columns, x="x", y="x", options={"colour": "orangge"}),))
    with pytest.raises(RunError) as caught:
        compose(view)
    assert caught.value.code == "P2-R0665"
    assert caught.value.help == "did you mean orange?"


def test_rows_without_a_group_are_counted_as_null() -> None:
    columns = {"x": np.arange(4.0), "y": np.arange(4.0), "c": factor([0, -1, 0, 1], "ab")}
    for kind in ("line", "point"):
        counts = compose(View((layer(kind, columns, x="x", y="y", colour="c"),))).counts
        assert (counts.given, counts.null, counts.drawn) == (4, 1, 3)


def test_a_legend_can_be_hidden() -> None:
    view = View(mean_band().layers, legend=Legend(show=False))
    assert not compose(view).legends


def test_the_colours_that_the_checker_knows_by_name_are_those_that_are_drawn() -> None:
    assert set(vocabulary.COLOUR_NAMES) == set(palettes.COLOUR_NAMES)
    assert set(vocabulary.COLOUR_NAMES) - {"gray"} <= set(vocabulary.COLOURS)
