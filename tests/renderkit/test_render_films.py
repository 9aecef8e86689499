"""Films: what stands still is drawn once, rows appear at their moment, points with a key glide."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest

from plotter2.errors import DataError, RunError
from plotter2.renderkit.film import Film, Timeline, film_of
from plotter2.renderkit.filming import filmed
from plotter2.renderkit.mpl import draw
from plotter2.renderkit.mpl.projecting import pixels_across, project
from plotter2.renderkit.provenance import read
from plotter2.renderkit.scene import LineMark, PointMark, RuleMark, Scene
from plotter2.renderkit.view import Axis, Facet, Factor, Grid, Layer, Moments, View

MOMENTS = np.array([0, 0, 1, 1, 2], np.int32)


def points(keys: list[int] | None = None, **options: Any) -> Layer:
    columns = {
        "x": np.array([0.0, 10.0, 2.0, 20.0, 4.0]),
        "y": np.array([1.0, 1.0, 3.0, 1.0, 5.0]),
        "name": Factor(np.array([0, 1, 0, 1, 0], np.int32), ("a", "b")),
    }
    channels = {"x": "x", "y": "y", "colour": "name"}
    known = None if keys is None else np.array(keys, np.int32)
    return Layer("point", columns, channels, options=options, moments=Moments(MOMENTS, keys=known))


def curve(grows: bool) -> Layer:
    step = np.arange(3.0)
    moments = Moments(np.arange(3, dtype=np.int32), grows=True) if grows else None
    return Layer("line", {"s": step, "loss": 2.0 - step}, {"x": "s", "y": "loss"}, moments=moments)


def places(scene: Scene, panel: int = 0) -> list[tuple[float, float]]:
    marks = [mark for mark in scene.panels[panel].marks if isinstance(mark, PointMark)]
    return [place for m in marks for place in zip(m.x.tolist(), m.y.tolist(), strict=True)]


def decoded(data: bytes) -> list[Any]:
    with av.open(BytesIO(data)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_picture_shows_the_rows_of_its_moment() -> None:
    film = film_of(View((points(),)), Timeline(3))
    assert [places(film.scene(n)) for n in range(film.timeline.pictures)] == [
        [(0.0, 1.0), (10.0, 1.0)],
        [(2.0, 3.0), (20.0, 1.0)],
        [(4.0, 5.0)],
    ]


def test_axes_titles_and_legends_stand_still() -> None:
    film = film_of(View((points(),), title="still"), Timeline(3))
    scenes = [film.scene(n) for n in range(3)]
    for one, other in pairwise(scenes):
        assert [(p.rect, p.x, p.y) for p in one.panels] == [
            (p.rect, p.x, p.y) for p in other.panels
        ]
        assert (one.labels, one.legends) == (other.labels, other.legends)
    low, high = scenes[0].panels[0].x.limits
    assert low < 0
    assert high > 20


def test_points_with_a_key_glide_and_those_without_a_partner_fade() -> None:
    film = film_of(View((points([1, 2, 1, 2, 1]),)), Timeline(3, between=1))
    assert film.timeline.pictures == 5
    assert places(film.scene(1)) == [(1.0, 2.0), (15.0, 1.0)]
    halfway = film.scene(3).panels[0].marks
    assert [(m.x.tolist(), m.alpha) for m in halfway if isinstance(m, PointMark)] == [
        ([3.0], 1.0),
        ([20.0], 0.5),
    ]


def test_ease_changes_the_way_and_not_its_ends() -> None:
    linear, cubic = (
        film_of(View((points([1, 2, 1, 2, 1]),)), Timeline(3, 3, ease=ease))
        for ease in ("linear", "cubic")
    )
    assert places(linear.scene(4)) == places(cubic.scene(4))
    assert places(linear.scene(1))[0][0] == 0.5
    assert places(cubic.scene(1))[0][0] == 0.3125


def test_gliding_is_even_on_the_axis_as_it_is_drawn() -> None:
    layer = Layer(
        "point",
        {"x": np.array([1.0, 100.0]), "y": np.array([1.0, 1.0])},
        {"x": "x", "y": "y"},
        moments=Moments(np.array([0, 1], np.int32), keys=np.zeros(2, np.int32)),
    )
    film = film_of(View((layer,), x=Axis(scale="log")), Timeline(2, between=1))
    assert places(film.scene(1)) == [(pytest.approx(10.0), 1.0)]


def test_a_key_that_names_two_points_of_one_picture_is_refused() -> None:
    with pytest.raises(RunError) as refused:
        film_of(View((points([7, 7, 1, 2, 1]),)), Timeline(3, between=1))
    assert refused.value.code == "P2-R0672"


def test_a_line_grows_and_rules_travel() -> None:
    rule = Layer(
        "rule", {"s": np.arange(3.0)}, {"x": "s"}, moments=Moments(np.arange(3, dtype=np.int32))
    )
    film = film_of(View((curve(grows=True), rule)), Timeline(3, between=1))
    (line, mark) = film.scene(3).panels[0].marks
    assert isinstance(line, LineMark)
    assert line.x.tolist() == [0.0, 1.0]
    assert isinstance(mark, RuleMark)
    assert mark.x.tolist() == [1.5]
    whole = film.scene(4).panels[0].marks[0]
    assert isinstance(whole, LineMark)
    assert whole.x.tolist() == [0.0, 1.0, 2.0]


def test_points_keep_their_size_however_many_a_picture_has() -> None:
    codes = np.array([0] * 400 + [1], np.int32)
    layer = Layer(
        "point",
        {"x": np.arange(401.0), "y": np.arange(401.0)},
        {"x": "x", "y": "y"},
        moments=Moments(codes),
    )
    film = film_of(View((layer,)), Timeline(2))
    sizes = {
        m.size for n in (0, 1) for m in film.scene(n).panels[0].marks if isinstance(m, PointMark)
    }
    assert len(sizes) == 1


def test_every_row_is_counted_once_and_rows_without_a_moment_as_null() -> None:
    layer = points()
    never = Moments(np.array([0, -1, 1, 1, 2], np.int32))
    film = film_of(
        View((Layer("point", layer.columns, layer.channels, moments=never),)), Timeline(3)
    )
    counts = film.still.counts
    assert (counts.given, counts.null, counts.drawn) == (5, 1, 4)


def test_cells_of_a_heatmap_may_change_from_moment_to_moment() -> None:
    columns = {"x": np.array([0, 1, 0, 1]), "y": np.array([0, 0, 0, 0]), "f": np.arange(4.0)}
    layer = Layer(
        "heatmap",
        columns,
        {"x": "x", "y": "y", "fill": "f"},
        moments=Moments(np.array([0, 0, 1, 1], np.int32)),
    )
    film = film_of(View((layer,)), Timeline(2))
    assert film.still.counts.drawn == 4


def test_titles_change_and_room_is_kept_for_the_longest() -> None:
    titles = ("short", "a much longer title than the first", "end")
    film = film_of(View((points(),), titles=titles), Timeline(3))
    shown = [[m.text for m in film.shot(n).labels if m.role == "title"] for n in range(3)]
    assert shown == [[title] for title in titles]


@pytest.mark.render
def test_pictures_of_a_film_look_like_pictures_drawn_alone() -> None:
    facets = Facet(cols="name")
    views = (
        View((points([1, 2, 1, 2, 1]),), titles=("a", "b", "c"), facet=facets),
        View((curve(grows=False), curve(grows=True))),
    )
    film = film_of(Grid(views, caption="two"), Timeline(3, between=2))
    taken: list[Any] = []
    project(film, lambda pixels: taken.append(pixels.copy()), (0, 4, 6))
    for number, pixels in zip((0, 4, 6), taken, strict=True):
        (alone,) = decoded_png(draw(film.scene(number)))
        assert np.abs(alone.astype(int) - pixels[:, :, :3]).max() <= 3


def decoded_png(data: bytes) -> list[Any]:
    with av.open(BytesIO(data), format="png_pipe") as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def small_film() -> Film:
    view = View((points([1, 2, 1, 2, 1]),), size=(203.0, 151.0))
    return film_of(view, Timeline(3, between=2, fps=10))


@pytest.mark.render
@pytest.mark.parametrize("kind", ["mp4", "gif", "apng"])
def test_files_can_be_played_and_are_the_same_every_time(kind: str) -> None:
    film = small_film()
    once, again = (filmed(film, [kind], {"script": "x"})[kind] for _ in range(2))
    assert once == again
    assert read(once) == {"script": "x"}
    frames = decoded(once)
    assert len(frames) == film.timeline.pictures
    width, height = pixels_across(film)
    even = kind == "mp4"
    assert frames[0].shape == (height + even * (height % 2), width + even * (width % 2), 3)
    assert np.abs(frames[0].astype(int) - frames[-1]).max() > 100
    taken: list[Any] = []
    project(film, lambda pixels: taken.append(pixels.copy()), (4,))
    off = np.abs(frames[4][:height, :width].astype(int) - taken[0][:, :, :3])
    assert off.mean() < 3 if kind != "apng" else off.max() == 0


@pytest.mark.render
@pytest.mark.parametrize("kind", ["mp4", "gif"])
def test_damaged_films_are_refused_with_a_code(kind: str) -> None:
    whole = filmed(small_film(), [kind], {"script": "x"})[kind]
    for end in (len(whole) - 1, len(whole) // 2, 30):
        with pytest.raises(DataError) as refused:
            read(whole[:end])
        assert refused.value.code in ("P2-D0881", "P2-D0882")
