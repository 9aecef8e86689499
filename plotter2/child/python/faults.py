"""What is wrong with the text of a step in Python, and where in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from p2lang.semantics.script_text import Fault
from plotter2.child.python.wording import reworded


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a text: in which line (from 1), at which columns (from 0), and how to mend it.

    `end` is not after `column` where only one place is known. `kind` tells what is no Python from what is refused.
    """

    line: int
    message: str
    help: str
    column: int = 0
    end: int = 0
    kind: Literal["syntax", "dialect"] = "dialect"


class Unfit(Exception):
    """A text is not Python that may run here; `faults` in the order of lines."""

    def __init__(self, faults: Sequence[Wrong]) -> None:
        super().__init__(faults[0].message)
        self.faults = tuple(faults)


def unreadable(text: str, fault: Fault) -> Wrong:
    """Give a fault for which a text is not even parsed."""
    line = text.count("\n", 0, fault.start) + 1
    begin = text.rfind("\n", 0, fault.start) + 1
    return Wrong(line, fault.message, fault.help, fault.start - begin, fault.end - begin)


def no_python(error: SyntaxError) -> Unfit:
    """Give what Python says of a text that it cannot read."""
    column = max((error.offset or 1) - 1, 0)
    ends_here = error.end_lineno == error.lineno
    end = max((error.end_offset or 1) - 1, 0) if ends_here else column
    wrong = Wrong(error.lineno or 1, *reworded(error.msg), column, end, "syntax")
    return Unfit([wrong])
