"""Pixels as a PNG file: 8-bit RGB rows, each stored as the difference from the row above, deflated fast."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plotter2.renderkit.provenance import png_chunk

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_RGB_8_BIT: Final = bytes([8, 2, 0, 0, 0])
_UP: Final = 2
_LEVEL: Final = 3
_INCHES_PER_METRE: Final = 39.37007874015748


def encoded(pixels: NDArray[np.uint8], dpi: float) -> bytes:
    """Give opaque pixels (height, width, 4) as PNG bytes with their resolution; alpha is not kept."""
    height, width = pixels.shape[:2]
    rows = np.empty((height, 1 + 3 * width), dtype=np.uint8)
    rows[:, 0] = _UP
    plain = np.ascontiguousarray(pixels[:, :, :3]).reshape(height, 3 * width)
    rows[0, 1:] = plain[0]
    np.subtract(plain[1:], plain[:-1], out=rows[1:, 1:])
    per_metre = round(dpi * _INCHES_PER_METRE)
    return b"".join(
        (
            _SIGNATURE,
            png_chunk(b"IHDR", struct.pack(">II", width, height) + _RGB_8_BIT),
            png_chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
            png_chunk(b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)),
            png_chunk(b"IEND", b""),
        )
    )
