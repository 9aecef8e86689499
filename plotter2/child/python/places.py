"""Where an error of a step in Python stands in the script that was signed."""

from __future__ import annotations

from plotter2.child.placing import PlacedError
from plotter2.wire.inputs import RunProgram


def span_of(error: PlacedError, told: RunProgram) -> tuple[int, int] | None:
    """Give the place of an error: in the text of a step where that is known, else the operation.

    Then its note says the words of the line, which nobody could show.
    """
    starts = told.bodies.get(error.node, [])
    if not 0 < error.line <= len(starts):
        if error.quoted:
            error.note = "\n".join(filter(None, (f"the line is: {error.quoted}", error.note)))
        return told.spans.get(error.node)
    start = starts[error.line - 1] + error.column
    return start, start + 1
