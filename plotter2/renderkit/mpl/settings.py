"""The matplotlib settings under which every picture is drawn: its own defaults plus ours, whatever the user set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl

_OURS: Final[dict[str, Any]] = {
    "font.family": ["DejaVu Sans"],
    "text.usetex": False,
    "text.parse_math": False,
    "text.hinting": "force_autohint",
    "path.simplify": True,
    "path.simplify_threshold": 1 / 9,
    "agg.path.chunksize": 20_000,  # longer paths overflow the cells that Agg has for one
    "savefig.transparent": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "plotter2",
    "svg.image_inline": True,
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "pdf.inheritcolor": False,
}
# The backend is never chosen through settings here, and setting it would load pyplot.
_SETTINGS: Final[dict[Any, Any]] = {
    **{name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"},
    **_OURS,
}


@contextmanager
def settings() -> Iterator[None]:
    """Draw under plotter2's settings; the caller's come back afterwards."""
    with mpl.rc_context(_SETTINGS):
        yield
