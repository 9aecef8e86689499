"""Pictures: close to the stored ones, the same bytes every time, whole files in all formats."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from plotter2.errors import RunError
from plotter2.renderkit.compose import compose
from plotter2.renderkit.mpl import FORMATS, draw
from plotter2.renderkit.provenance import read
from plotter2.renderkit.view import View
from renderkit.sample_views import HERE, SAMPLES, layer, line, mean_band

pytestmark = pytest.mark.render


def pixels(data: bytes) -> np.ndarray:
    """Decode a PNG."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


@pytest.mark.parametrize("name", list(SAMPLES))
def test_the_picture_looks_like_the_stored_one(name: str) -> None:
    stored = pixels((HERE / "images" / f"{name}.png").read_bytes())
    made = pixels(draw(compose(SAMPLES[name]()), dpi=72))
    assert made.shape == stored.shape
    off = np.abs(made - stored).max(axis=2) > 64
    assert off.mean() < 0.01


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_scene_gives_the_same_bytes(format: str) -> None:
    for make in SAMPLES.values():
        assert draw(compose(make()), format) == draw(compose(make()), format)


_PROGRAM = """
import hashlib, sys, time
sys.path.insert(0, {tests!r})
from renderkit.sample_views import SAMPLES
from plotter2.renderkit.compose import compose
from plotter2.renderkit.mpl import draw
time.sleep({pause})
for format in ("png", "svg", "pdf"):
    for make in (SAMPLES["mean_band"], SAMPLES["sized_points"]):
        print(hashlib.sha256(draw(compose(make()), format, {{"a": 1}})).hexdigest())
"""


@pytest.mark.process
def test_another_process_at_another_time_gives_the_same_bytes() -> None:
    answers = []
    for pause in (0.0, 1.1):
        program = _PROGRAM.format(tests=str(HERE.parent), pause=pause)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        answers.append(done.stdout.split())
    here = [
        hashlib.sha256(draw(compose(SAMPLES[name]()), format, {"a": 1})).hexdigest()
        for format in FORMATS
        for name in ("mean_band", "sized_points")
    ]
    assert answers == [here, here]


@pytest.mark.parametrize("format", FORMATS)
def test_provenance_is_inside(format: str) -> None:
    facts = {"script": "ab" * 32, "rows": {"given": 5, "drawn": 5}, "signer": "zoë"}
    assert read(draw(compose(mean_band()), format, facts)) == facts


def test_a_png_has_the_size_asked_for_and_states_its_resolution() -> None:
    image = Image.open(io.BytesIO(draw(compose(line([1.0, 2.0])))))
    assert image.size == (945, 591)
    assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
    twice = Image.open(io.BytesIO(draw(compose(line([1.0, 2.0])), dpi=300)))
    assert twice.size == (1890, 1181)


@pytest.mark.parametrize(
    "text", ["costs $5 and $6", "$x^2$", "\\alpha_1 {", "<b>&amp;", "a\x00b", "漢字 ☃", "𝔸"]
)
@pytest.mark.parametrize("format", FORMATS)
def test_texts_of_people_are_drawn_as_they_are(text: str, format: str) -> None:
    scene = compose(line([1.0, 2.0], title=text, caption=text))
    assert read(draw(scene, format, {"title": text})) == {"title": text}


def test_mathematics_is_not_read_into_a_title() -> None:
    plain = draw(compose(line([1.0, 2.0], title="$x$")))
    assert plain != draw(compose(line([1.0, 2.0], title="x")))


def test_dense_marks_are_images_inside_vector_files() -> None:
    rng = np.random.default_rng(0)
    columns = {"x": rng.random(30_000), "y": rng.random(30_000)}
    scene = compose(View((layer("point", columns, x="x", y="y"),)))
    for format in ("svg", "pdf"):
        data = draw(scene, format)
        assert len(data) < 2_000_000
        assert b"<image" in data or b"/Subtype /Image" in data
    few = compose(View((layer("point", {k: v[:100] for k, v in columns.items()}, x="x", y="y"),)))
    assert b"<image" not in draw(few, "svg")


def test_unknown_formats_and_resolutions_are_refused() -> None:
    scene = compose(line([1.0, 2.0]))
    for settings in ({"format": "gif"}, {"dpi": 5.0}, {"dpi": 1e9}, {"dpi": float("nan")}):
        with pytest.raises(RunError) as caught:
            draw(scene, **settings)  # type: ignore[arg-type]
        assert caught.value.code == "P2-R0671"


def test_the_settings_of_matplotlib_are_left_alone_and_do_not_matter() -> None:
    import matplotlib as mpl

    scene = compose(mean_band())
    expected = draw(scene)
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "figure.facecolor": "red"}):
        assert draw(scene) == expected
        assert mpl.rcParams["font.size"] == 30


def test_a_thinned_line_looks_like_the_full_one() -> None:
    values = np.random.default_rng(1).normal(size=40_000).cumsum()
    scene = compose(line(values))
    panel = scene.panels[0]
    mark = panel.marks[0]
    full = replace(mark, x=np.arange(40_000.0), y=values, starts=np.array([0, 40_000], np.int32))
    whole = replace(scene, panels=(replace(panel, marks=(full,)),))
    off = np.abs(pixels(draw(scene)) - pixels(draw(whole))).max(axis=2) > 64
    assert off.mean() < 0.005


def test_a_line_of_one_point_is_seen() -> None:
    scene = compose(line([1.0, np.nan, 2.0, np.nan, 3.0]))
    (mark,) = scene.panels[0].marks
    ink = np.array([int(mark.colour[place : place + 2], 16) for place in (1, 3, 5)])
    drawn = (np.abs(pixels(draw(scene)) - ink).max(axis=2) < 40).sum()
    assert drawn > 3 * 9
