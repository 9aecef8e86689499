"""Pixels to a moving picture: MP4 (H.264), GIF and APNG, through FFmpeg as a library. The only module that imports av.

One thread and no clock: the same pixels give the same bytes within one release of PyAV. H.264 in 4:2:0 is what every
browser, phone and slide program plays; sides are made even with white, as it wants them.
"""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from typing import Any, Final, Protocol

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
KINDS: Final = ("mp4", "gif", "apng")
"""The formats of moving pictures."""

AV_VERSION: Final[str] = av.__version__
_X264: Final = {
    "preset": "veryfast",
    "crf": "17",
    "threads": "1",
    "x264-params": "threads=1:lookahead-threads=1:sliced-threads=0",
}
_BT709: Final = 1
"""The number of the colours of high-definition television; players guess others for what does not say."""

_COLOURS: Final = 256
_SHADES: Final = 32


class Recorder(Protocol):
    """Takes pictures one by one and gives the file."""

    def take(self, pixels: Pixels) -> None:
        """Add one picture: (height, width, 4), opaque; nothing of it is kept."""
        ...

    def finished(self) -> bytes:
        """Give the bytes of the file."""
        ...


def recorder(kind: str, size: tuple[int, int], fps: int, sample: Pixels) -> Recorder:
    """Give a recorder of `size` (width, height); a GIF takes its 256 colours from those of the `sample` pixels."""
    if kind == "gif":
        return _Indexed(size, fps, sample)
    return _Mp4(size, fps) if kind == "mp4" else _Apng(size, fps)


class _File:
    """A container in memory with one stream."""

    def __init__(self, kind: str, codec: str, fps: int, **options: str) -> None:
        self._bytes = BytesIO()
        self._container: Any = av.open(
            self._bytes, "w", format=kind, options={"fflags": "+bitexact", **options}
        )
        self._stream: Any = self._container.add_stream(codec, rate=Fraction(fps))
        self._stream.codec_context.thread_count = 1
        self._count = 0

    def _encode(self, frame: Any) -> None:
        frame.pts, frame.time_base = self._count, 1 / self._stream.codec_context.framerate
        self._count += 1
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def finished(self) -> bytes:
        """Give the bytes of the file."""
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()
        return self._bytes.getvalue()


class _Mp4(_File):
    def __init__(self, size: tuple[int, int], fps: int) -> None:
        super().__init__("mp4", "libx264", fps)
        width, height = (side + side % 2 for side in size)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = _X264
        context = self._stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG
        self._even = np.full((height, width, 4), 255, np.uint8)
        self._reformatter: Any = VideoReformatter()

    def take(self, pixels: Pixels) -> None:
        """Add one picture."""
        height, width = pixels.shape[:2]
        self._even[:height, :width] = pixels
        frame: Any = av.VideoFrame.from_ndarray(self._even, format="rgba")
        self._encode(
            self._reformatter.reformat(
                frame,
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
                threads=1,
            )
        )


class _Apng(_File):
    def __init__(self, size: tuple[int, int], fps: int) -> None:
        super().__init__("apng", "apng", fps, plays="0")
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "rgb24"
        self._stream.options = {"pred": "up"}

    def take(self, pixels: Pixels) -> None:
        """Add one picture."""
        rgb = np.ascontiguousarray(pixels[:, :, :3])
        self._encode(av.VideoFrame.from_ndarray(rgb, format="rgb24"))


class _Indexed(_File):
    """A GIF: one table of 256 colours for all pictures, so that only what changes is stored."""

    def __init__(self, size: tuple[int, int], fps: int, sample: Pixels) -> None:
        super().__init__("gif", "gif", fps, loop="0")
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "pal8"
        self._palette, self._nearest = _palette(sample)

    def take(self, pixels: Pixels) -> None:
        """Add one picture."""
        indexed: Any = (self._nearest[_shades(pixels)], self._palette)
        self._encode(av.VideoFrame.from_ndarray(indexed, format="pal8"))


def _shades(pixels: Pixels) -> NDArray[np.uint16]:
    """Give each pixel's colour in 5 bits a channel, as one number."""
    red, green, blue = (pixels[..., channel].astype(np.uint16) >> 3 for channel in range(3))
    numbers: NDArray[np.uint16] = np.bitwise_or(red << 10, green << 5 | blue, dtype=np.uint16)
    return numbers


def _palette(sample: Pixels) -> tuple[Pixels, Pixels]:
    """Give the most frequent colours (alpha red green blue), and for each of 32,768 shades the place of the nearest."""
    shades = _shades(sample).ravel()
    counts = np.bincount(shades, minlength=_SHADES**3)
    often = np.argsort(-counts, kind="stable")[:_COLOURS]
    often = often[counts[often] > 0]
    colours = np.stack(
        [
            np.bincount(shades, sample[..., channel].ravel(), _SHADES**3)[often] / counts[often]
            for channel in range(3)
        ],
        axis=1,
    ).round()
    palette = np.zeros((_COLOURS, 4), np.uint8)
    palette[:, 0] = 255
    palette[: len(often), 1:] = colours
    levels = np.arange(_SHADES) * 8.0 + 4.0
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    far = (cube**2).sum(1)[:, None] - 2 * cube @ colours.T + (colours**2).sum(1)[None, :]
    nearest = far.argmin(1).astype(np.uint8)
    nearest[often] = np.arange(len(often), dtype=np.uint8)
    return palette, nearest
