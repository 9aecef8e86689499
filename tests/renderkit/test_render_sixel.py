"""Pictures for terminals: sixel text that says the same pixels as the PNG."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from plotter2.renderkit.compose import compose
from plotter2.renderkit.mpl import SIXEL, draw
from plotter2.renderkit.mpl.sixel import encoded
from renderkit.sample_views import SAMPLES

pytestmark = pytest.mark.render

_WHOLE = re.compile(rb'\x1bP0;1q"1;1;(\d+);(\d+)((?:#\d+;2;\d+;\d+;\d+)+)([^\x1b]*)\x1b\\')
_COLOUR = re.compile(rb"#(\d+);2;(\d+);(\d+);(\d+)")
_SIGN = re.compile(rb"#(\d+)|!(\d+)([?-~])|([?-~])|(\$)|(-)")


def decoded(data: bytes) -> np.ndarray:
    """Draw sixel data as a terminal does; what is not drawn stays -1."""
    whole = _WHOLE.fullmatch(data)
    assert whole is not None
    width, height = int(whole[1]), int(whole[2])
    colours = {int(n): rgb for n, *rgb in _COLOUR.findall(whole[3])}
    pixels = np.full((height + 6, width, 3), -1)
    colour, left, top = np.zeros(3), 0, 0
    signs = list(_SIGN.finditer(whole[4]))
    assert sum(len(sign[0]) for sign in signs) == len(whole[4])
    for sign in signs:
        if sign[1]:
            colour = np.array([round(int(part) * 2.55) for part in colours[int(sign[1])]])
        elif sign[5]:
            left = 0
        elif sign[6]:
            left, top = 0, top + 6
        else:
            length = int(sign[2] or 1)
            bits = (sign[3] or sign[4])[0] - 63
            for row in range(6):
                if bits >> row & 1:
                    pixels[top + row, left : left + length] = colour
            left += length
            assert left <= width
    assert (pixels[height:] == -1).all()
    return pixels[:height]


@pytest.mark.parametrize("name", ["mean_band", "confusion"])
def test_a_terminal_shows_the_picture_that_the_file_has(name: str) -> None:
    scene = compose(SAMPLES[name]())
    file = np.asarray(Image.open(io.BytesIO(draw(scene, "png", dpi=72))).convert("RGB")).astype(int)
    shown = decoded(draw(scene, SIXEL, {"a": 1}, dpi=72))
    assert shown.shape == file.shape
    off = np.abs(shown - file).max(axis=2)
    assert (off > 48).mean() < 0.01
    assert (off > 6).mean() < 0.1


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 3), (6, 400), (13, 7)])
def test_every_pixel_is_drawn_once_in_its_colour(height: int, width: int) -> None:
    random = np.random.default_rng(0)
    levels = np.array([0, 51, 255], np.uint8)
    pixels = levels[random.integers(0, 3, (height, width, 4))]
    assert (np.abs(decoded(encoded(pixels)) - pixels[:, :, :3]) <= 2).all()


def test_no_more_colours_than_terminals_have() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 4), dtype=np.uint8)
    assert len(_COLOUR.findall(encoded(pixels))) <= 256
