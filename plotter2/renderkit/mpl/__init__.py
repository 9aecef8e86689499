"""A scene as PNG, SVG or PDF bytes through matplotlib, without pyplot, settings files, temporary files or the clock.

The only package that imports matplotlib. Importing it reads matplotlib's font list and opens no other file; drawing
opens the bundled DejaVu fonts. The same scene gives the same bytes within one release of plotter2 and its libraries.
"""

import matplotlib

from plotter2.renderkit.mpl.binding import bound
from plotter2.renderkit.mpl.drawing import FORMATS, SIXEL, draw, warm
from plotter2.renderkit.mpl.formulas import measured

MATPLOTLIB_VERSION = matplotlib.__version__
"""What drew the picture: another release of matplotlib may give other bytes."""

__all__ = ["FORMATS", "MATPLOTLIB_VERSION", "SIXEL", "bound", "draw", "measured", "warm"]
