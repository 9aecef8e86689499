"""A scene as PNG, SVG or PDF bytes through matplotlib, without pyplot, settings files, temporary files or the clock.

The only package that imports matplotlib. Importing it reads matplotlib's font list and opens no other file; drawing
opens the bundled DejaVu fonts. The same scene gives the same bytes within one release of plotter2 and its libraries.
"""

from plotter2.renderkit.mpl.drawing import FORMATS, draw, warm

__all__ = ["FORMATS", "draw", "warm"]
