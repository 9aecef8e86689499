"""A picture as a table: a row for each pixel with its place and its channels; what is known of it as params.

How large it becomes is asked of its header before a pixel is unpacked. Only the first picture of several is taken.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from logger2.identity import Scalar
from plotter2.child import reader_codes as codes
from plotter2.child.reader_columns import ReadColumn, ReadTable, from_numbers
from plotter2.child.reader_grids import ReadGroup
from plotter2.child.reader_limits import ReadingLimits
from plotter2.errors import DataError
from plotter2.printable import first_line

MAGIC: Final[dict[bytes, Callable[[Any], Image.Image]]] = {
    b"\x89PNG\r\n\x1a\n": PngImagePlugin.PngImageFile,
    b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
    b"GIF8": GifImagePlugin.GifImageFile,
    b"RIFF": WebPImagePlugin.WebPImageFile,
    b"BM": BmpImagePlugin.BmpImageFile,
    b"II*\x00": TiffImagePlugin.TiffImageFile,
    b"MM\x00*": TiffImagePlugin.TiffImageFile,
}
"""The decoders by the first bytes of their files; none is looked for by trying, for nothing can be loaded here."""
_MOST_PIXELS = 1 << 24
_CHANNELS = {
    "1": ("value",), "L": ("value",), "I": ("value",), "F": ("value",), "I;16": ("value",),
    "LA": ("value", "alpha"), "RGB": ("red", "green", "blue"), "RGBA": ("red", "green", "blue", "alpha"),
}  # fmt: skip
_DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, OverflowError, RuntimeError,
    AttributeError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's decoders raise for a damaged file, each in its own way."""


def read_image(data: memoryview, where: str, limits: ReadingLimits) -> tuple[ReadGroup, ...]:
    """Read a picture.

    Raises DataError: P2-D0943 (no picture, damaged), P2-D0930 (too many pixels), P2-D0847 (rows).
    """
    first = bytes(data[:16])
    decoder = next((made for magic, made in MAGIC.items() if first.startswith(magic)), None)
    if decoder is None:
        raise _bad(where, "it does not begin like one")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow mends by itself nobody has to be told
            image = decoder(io.BytesIO(data))
            facts = _facts(image)
            _require_room(image, where, limits)
            pixels = _pixels(image)
    except _DAMAGED as error:
        raise _bad(where, str(error)) from None
    return (ReadGroup("", (_table(pixels, _channels(pixels)),), facts),)


def _facts(image: Image.Image) -> dict[str, Scalar]:
    width, height = image.size
    return {"format": image.format or "", "mode": image.mode, "width": width, "height": height}


def _require_room(image: Image.Image, where: str, limits: ReadingLimits) -> None:
    width, height = image.size
    if width * height > _MOST_PIXELS:
        raise DataError(
            codes.EXPANDS,
            f"{where} has {width} x {height} pixels; {_MOST_PIXELS} are the most",
            where=where,
            help="add a smaller picture, or keep it as a file: plotter2 add --files PATH",
        )
    limits.check_rows(width * height, where)


def _pixels(image: Image.Image) -> Any:
    """Unpack the pixels; colours by number and in other spaces become red, green and blue."""
    image.load()
    if image.mode not in _CHANNELS:
        image = image.convert("RGBA" if image.mode in ("P", "PA") else "RGB")
    return np.asarray(image)


def _channels(pixels: Any) -> tuple[str, ...]:
    count = 1 if pixels.ndim == 2 else pixels.shape[2]
    return next(names for names in _CHANNELS.values() if len(names) == count)


def _table(pixels: Any, channels: tuple[str, ...]) -> ReadTable:
    height, width = pixels.shape[:2]
    planes = pixels.reshape(height * width, len(channels))
    columns: list[ReadColumn] = [
        from_numbers("row", np.repeat(np.arange(height), width)),
        from_numbers("col", np.tile(np.arange(width), height)),
    ]
    columns += [from_numbers(name, planes[:, place]) for place, name in enumerate(channels)]
    return ReadTable("", height * width, tuple(columns))


def _bad(where: str, why: str) -> DataError:
    first = first_line(why)
    return DataError(
        codes.BAD_IMAGE,
        f"{where} cannot be read as a picture: it is damaged or of no kind that is known here",
        where=where,
        help="give PNG, JPEG, GIF, WebP, BMP or TIFF; to keep it as it is: plotter2 add --files PATH",
        note=f"Pillow says: {first}" if first else "",
    )
