"""The sheets of a document as one PDF: text that can be selected, fonts inside, no date."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages

from plotter2.renderkit.mpl.drawing import CREATOR, VECTOR_DPI, figure_of
from plotter2.renderkit.mpl.settings import settings
from plotter2.renderkit.provenance import embed
from plotter2.renderkit.scene import Scene


def bound(
    sheets: Sequence[Scene],
    title: str = "",
    author: str = "",
    provenance: Mapping[str, Any] | None = None,
) -> bytes:
    """Give the PDF of all sheets in order, with the provenance inside. Raises DataError as `embed` does."""
    told = {
        "Title": title or None,
        "Author": author or None,
        "Creator": CREATOR,
        "Producer": CREATOR,
        "CreationDate": None,
        "ModDate": None,
    }
    out = BytesIO()
    with settings(), warnings.catch_warnings():
        # A letter that a font lacks is drawn as an empty box, which is all that the warning says.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        with PdfPages(out, metadata=told) as pages:
            for sheet in sheets:
                FigureCanvasPdf(figure_of(sheet, VECTOR_DPI)).print_pdf(pages)
    data = out.getvalue()
    return data if provenance is None else embed(data, provenance)
