"""Pixels as sixel text (DEC STD 070), for terminals that show pictures: at most 256 colours, six rows to a band."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_COLOURS: Final = 256
_BEGIN: Final = "\x1bP0;1q"
_END: Final = "\x1b\\"
_BAND: Final = 6
_EMPTY: Final = 63
_SHORTEST_RUN: Final = 4


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    """Give opaque pixels (height, width, 4) as ASCII bytes that a terminal shows; alpha is not kept."""
    height, width = pixels.shape[:2]
    image = Image.fromarray(np.ascontiguousarray(pixels[:, :, :3]))
    reduced = image.quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette = np.asarray(reduced.getpalette("RGB"), dtype=np.int64).reshape(-1, 3)
    used = np.asarray(reduced, dtype=np.int16)
    # Terminals count the parts of a colour in hundredths.
    colours = (f"#{n};2;{r};{g};{b}" for n, (r, g, b) in enumerate((palette * 100 + 127) // 255))
    bands = (_band(used[top : top + _BAND]) for top in range(0, height, _BAND))
    text = f'{_BEGIN}"1;1;{width};{height}{"".join(colours)}{"-".join(bands)}{_END}'
    return text.encode("ascii")


def _band(rows: NDArray[np.int16]) -> str:
    """Give up to six rows: for each colour in them one line of columns, `$` goes back to its start."""
    bits = 1 << np.arange(len(rows))[:, None]
    return "$".join(
        f"#{colour}{''.join(_runs(((rows == colour) * bits).sum(axis=0)))}"
        for colour in np.unique(rows)
    )


def _runs(columns: NDArray[np.int64]) -> Iterator[str]:
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    lengths = np.diff(starts, append=len(columns))
    for value, length in zip(columns[starts].tolist(), lengths.tolist(), strict=True):
        sign = chr(_EMPTY + value)
        yield f"!{length}{sign}" if length >= _SHORTEST_RUN else sign * length
