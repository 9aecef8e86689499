"""A step in Python as a node of a program: its columns and values go in, the table that it promises comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from p2lang.ir import Node
from p2lang.semantics.promises import columns_of
from plotter2.child.python.borders import handed_in, handed_out, plain
from plotter2.child.python.running import Printed, StepError, printing, ran
from plotter2.errors import RunError

_RETURN: Final = "return"
_QUOTED: Final = 120


@dataclass(frozen=True)
class Stepped:
    """What a step in Python gave, and what it printed."""

    rows: pl.DataFrame
    printed: tuple[str, ...]


def stepped(node: Node, rows: pl.DataFrame, value: Callable[[Any], Any]) -> Stepped:
    """Run the step of a node on its rows; `value` gives the value of a tagged constant. Raises StepError, P2-R069x."""
    attributes = node.attributes
    name, text = str(attributes["name"][1]), str(attributes["text"][1])
    table = handed_in(rows, columns_of(attributes["takes"]))
    (first, _), *_ = attributes["params"][1]
    given = {first: table}
    given |= {each: plain(value(tagged)) for each, tagged in attributes["new"][1]}
    printed = Printed()
    try:
        result = ran(name, text, given, {"print": printing(printed)})
        made = _checked(node, text, result)
    except StepError as error:
        error.where = name
        error.column = _characters(text, error.line, error.column)
        error.note = "\n".join(filter(None, (_quoted(text, error.line), error.note)))
        raise
    return Stepped(made, tuple(printed.lines))


def _checked(node: Node, text: str, result: Any) -> pl.DataFrame:
    name, gives = str(node.attributes["name"][1]), columns_of(node.attributes["gives"])
    try:
        return handed_out(name, result, gives)
    except RunError as error:
        line, column = _last_return(text)
        raise StepError(
            error.code, error.message, error.where, error.help, error.note, line=line, column=column
        ) from None


def _last_return(text: str) -> tuple[int, int]:
    lines = text.split("\n")
    found = [n for n, line in enumerate(lines) if line.lstrip().startswith(_RETURN)]
    last = found[-1] if found else len(text.rstrip().split("\n")) - 1
    return last + 1, len(lines[last]) - len(lines[last].lstrip())


def _characters(text: str, line: int, column: int) -> int:
    # Python counts the bytes of UTF-8.
    words = (text.split("\n")[line - 1 : line] or [""])[0]
    return len(words.encode()[:column].decode(errors="ignore"))


def _quoted(text: str, line: int) -> str:
    words = text.split("\n")[line - 1 : line] or [""]
    return f"line {line} of its text: {words[0].strip()[:_QUOTED]}"
