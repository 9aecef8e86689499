"""A picture that is named itself becomes a table of its pixels; its header is held against the limits first."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from binary_samples import png
from plotter2.child import reader_codes as codes
from plotter2.errors import DataError
from reader_samples import read_one

COLOURS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 8, 7]]], dtype=np.uint8)


def saved(image: Image.Image, kind: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "how"), [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True})]
)
def test_pixels_are_rows_with_their_place(kind: str, how: dict[str, Any]) -> None:
    found = read_one(saved(Image.fromarray(COLOURS), kind, **how), "image")
    assert found.tables["x"] == {
        "row": [0, 0, 1, 1], "col": [0, 1, 0, 1], "red": [255, 0, 0, 9], "green": [0, 255, 0, 8],
        "blue": [0, 0, 255, 7],
    }  # fmt: skip
    assert found.runs["x"].params == {"format": kind, "mode": "RGB", "width": 2, "height": 2}


@pytest.mark.parametrize(
    ("image", "columns"),
    [
        (Image.fromarray(np.array([[1, 2]], dtype=np.uint8)), {"value": [1, 2]}),
        (Image.fromarray(np.array([[1, 60_000]], dtype=np.uint16)), {"value": [1, 60_000]}),
        (Image.new("1", (2, 1), 1), {"value": [True, True]}),
        (Image.new("LA", (1, 1), (5, 6)), {"value": [5], "alpha": [6]}),
        (
            Image.new("RGBA", (1, 1), (1, 2, 3, 4)),
            {"red": [1], "green": [2], "blue": [3], "alpha": [4]},
        ),
        (Image.new("P", (1, 1), 0), {"red": [0], "green": [0], "blue": [0], "alpha": [255]}),
    ],
)
def test_every_way_to_say_colours_is_read(image: Image.Image, columns: dict[str, Any]) -> None:
    found = read_one(saved(image, "PNG"), "any").tables["x"]
    assert {name: values for name, values in found.items() if name not in ("row", "col")} == columns


def test_photographs_and_films_are_read() -> None:
    large = Image.fromarray(np.zeros((30, 40, 3), dtype=np.uint8))
    for kind in ("JPEG", "GIF"):
        assert read_one(saved(large, kind), "image").done["x"].rows == 1200
    film = saved(large, "GIF", save_all=True, append_images=[large, large])
    assert read_one(film, "image").done["x"].rows == 1200


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", png(100, 100, b"x")])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(DataError) as caught:
        read_one(data, "image")
    assert caught.value.code == codes.BAD_IMAGE
    assert "--files" in caught.value.help


def test_limits_hold_before_pixels_are_unpacked() -> None:
    for data, limits, code in (
        (png(60_000, 60_000), {}, codes.EXPANDS),
        (png(100, 100), {"max_rows": 99}, codes.TOO_MANY_ROWS),
    ):
        with pytest.raises(DataError) as caught:
            read_one(data, "image", **limits)
        assert caught.value.code == code
