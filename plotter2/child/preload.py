"""Loads everything that a child may need before any child exists: a confined child can load nothing.

It fills caches, but never computes with polars: a process forked after a polars query hangs.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import importlib.util
import io
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from plotter2.wire.zygote import Equipment

# Modules that a library loads only when it is first used, by the library that does so.
LATE: Final[tuple[str, ...]] = (
    "polars",
    *(f"numpy.{name}" for name in ("random", "fft", "linalg", "ma", "polynomial")),
    *(f"matplotlib.{name}" for name in ("figure", "mathtext", "dates", "contour", "_qhull")),
    *(f"matplotlib.backends.backend_{name}" for name in ("agg", "svg", "pdf")),
    "contourpy",
    "kiwisolver",
    *(f"PIL.{name}ImagePlugin" for name in ("Bmp", "Gif", "Jpeg", "Ppm", "Png", "Tiff", "WebP")),
    "PIL.JpegPresets",
    "av.subtitles.stream",
    *(
        f"encodings.{name}"
        for name in ("ascii", "cp437", "cp1252", "idna", "latin_1", "utf_8", "utf_8_sig", "utf_16")
    ),
    *(
        f"encodings.{name}"
        for name in ("utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "mac_roman")
    ),
    "_strptime",
    "secrets",
    "statistics",
    "zoneinfo",
    "concurrent.futures.thread",
)


EQUIPMENT: Final[dict[Equipment, tuple[str, ...]]] = {
    "files": ("h5py", "sqlite3", "plotter2.child.reader"),
    "python": ("plotter2.child.python.dialect",),
}
"""What only some jobs need is loaded when the first of them comes, before its child is made."""


PRIVATE: Final[tuple[str, ...]] = ("polars._utils.parquet",)
"""Modules like those of `LATE` that a release of a library may have or not."""


def preload(modules: Iterable[str] = LATE) -> None:
    """Import the modules, and keep matplotlib to the fonts that it brings along."""
    # The modules are named as data: matplotlib's one door is renderkit, which does all the drawing.
    for name in (*modules, *filter(importlib.util.find_spec, PRIVATE)):
        importlib.import_module(name)
    _own_fonts_only()


def equip(needs: Iterable[Equipment]) -> None:
    """Load what jobs need beyond what all need; once."""
    missing = [name for need in needs for name in EQUIPMENT[need] if name not in sys.modules]
    if missing:
        with frozen():
            for name in missing:
                importlib.import_module(name)


def readable_folders() -> tuple[str, ...]:
    """Give the folders that a confined child must be able to read: matplotlib's fonts and styles."""
    return (importlib.import_module("matplotlib").get_data_path(),)


@contextmanager
def frozen() -> Iterator[None]:
    """Load in the block; what it makes stays out of the garbage collector's sight for good.

    Children then share its pages, and loading is a fifth faster, because nothing is collected.
    """
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


class _FontFile(io.BytesIO):
    """A font in memory that still knows its path, which matplotlib asks for."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name


def keep_fonts_in_memory() -> None:
    """Let every font be opened from memory, for children that cannot open files (7 MB, shared)."""
    manager = importlib.import_module("matplotlib.font_manager").fontManager
    paths = (Path(entry.fname) for entry in (*manager.ttflist, *manager.afmlist))
    contents = {str(path): path.read_bytes() for path in paths}
    plain_open = io.open

    def open_font(file: Any, *arguments: Any, **options: Any) -> Any:
        if str(file) in contents:
            return _FontFile(str(file), contents[str(file)])
        return plain_open(file, *arguments, **options)

    # FreeType's wrapper and the PDF writer open fonts by path through these two names.
    vars(io)["open"] = vars(builtins)["open"] = open_font


def close_fonts() -> None:
    """Close the fonts that were opened while loading: each child would close its copies of them after the fork."""
    opened = vars(importlib.import_module("matplotlib.font_manager")).get("_get_font")
    if opened is not None:
        opened.cache_clear()


def reseed() -> None:
    """Give numpy's old global generator, where it is loaded, a state of its own; children would else share one."""
    if "numpy.random" not in sys.modules:
        return
    # A number of its own is a tenth of the work of finding one in numpy's way.
    importlib.import_module("numpy.random").seed(int.from_bytes(os.urandom(4), "little"))


def _own_fonts_only() -> None:
    """Forget the machine's fonts: a child cannot read them, and pictures must not depend on them."""
    manager = importlib.import_module("matplotlib.font_manager").fontManager
    (own,) = readable_folders()
    manager.ttflist = [entry for entry in manager.ttflist if entry.fname.startswith(own)]
    manager.afmlist = [entry for entry in manager.afmlist if entry.fname.startswith(own)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        manager.findfont("DejaVu Sans", fallback_to_default=False)
