"""The codes of everything that drawing and provenance refuse, one line each; no code is ever used again."""

from __future__ import annotations

from typing import Final

from plotter2.errors import DataError, RunError

CODES: Final[dict[str, str]] = {
    "P2-R0660": "a mark is not complete: a column or an option is missing, unknown or of the wrong kind",
    "P2-R0661": "nothing to draw: no row is left for any mark",
    "P2-R0662": "a colour or shape has more categories than a reader can tell apart",
    "P2-R0663": "more panels than the frame allows",
    "P2-R0664": "a log axis without a positive value",
    "P2-R0665": "a colour that is not known",
    "P2-R0666": "two rows for one cell of a heatmap",
    "P2-R0667": "the frame is too small for what stands in it",
    "P2-R0668": "more categories, lines or texts than a frame can show",
    "P2-R0669": "axis limits that cannot be used",
    "P2-R0670": "one axis with both numbers and categories",
    "P2-R0671": "a picture format or resolution that is not known",
    "P2-R0672": "two points of one picture of a film have the same key",
    "P2-R0680": "a formula that cannot be set",
    "P2-R0681": "a report whose parts do not fit on its pages",
    "P2-D0880": "not a PNG, SVG, PDF, MP4 or GIF",
    "P2-D0881": "a damaged PNG, SVG, PDF, MP4 or GIF",
    "P2-D0882": "embedded provenance that cannot be read",
    "P2-D0883": "a picture or its provenance over the size limit",
    "P2-D0884": "provenance that cannot be embedded",
}


def undrawable(code: str, message: str, where: str = "", remedy: str = "") -> RunError:
    """Make the error for a view that cannot be drawn; `where` names the layer or the axis."""
    assert code in CODES
    return RunError(code, message, where, remedy)


def unreadable(code: str, message: str, where: str = "", remedy: str = "") -> DataError:
    """Make the error for a picture file that is refused; `where` is a byte position or a part of the file."""
    assert code in CODES
    return DataError(code, message, where, remedy)
