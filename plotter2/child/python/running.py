"""Runs one step in Python: compiles its text, calls it with facades, and says in which line it failed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from types import FunctionType, TracebackType
from typing import Any, Final

from p2lang.semantics.script_text import FOREIGN_WORDS
from plotter2.child.python.facade import sited
from plotter2.child.python.faults import Unfit
from plotter2.child.python.guards import guards
from plotter2.child.python.limits import PRINTED, too_much
from plotter2.child.python.numbers import numbers
from plotter2.child.python.plain import called, written
from plotter2.child.python.words import words
from plotter2.child.run_codes import SCRIPT_FAILED, SCRIPT_LIMIT, SCRIPT_NAME, SCRIPT_UNFIT
from plotter2.errors import RunError
from plotter2.printable import one_line, printable

_QUOTED: Final = 120
_LONGEST: Final = 900


@dataclass(eq=False)
class StepError(RunError):
    """An error of a step in Python; `line` counts from 1 in its text, `column` from 0 in the line.

    `quoted` are the words of the line, for who cannot show it.
    """

    line: int = 1
    column: int = 0
    quoted: str = ""


class GivenUp(Exception):
    """A script stops safely: nothing is written."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Printed:
    """What a step prints, up to a limit."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._left = PRINTED

    def print(self, *values: Any, sep: Any = " ", end: Any = "\n") -> None:
        """say something in the notes of the run"""
        parts, between, last = [written(each) for each in values], written(sep), written(end)
        self._left -= sum(map(len, parts)) + len(between) * max(len(parts) - 1, 0) + len(last)
        self._left -= not last
        if self._left < 0:
            raise too_much("the output", PRINTED - self._left, PRINTED, "characters", "print less")
        text = between.join(parts) + last
        self.lines.extend(printable(text.removesuffix("\n")).split("\n"))


@dataclass
class Returned:
    """What a script returns, and where in its text it did; `place` is the last line when it came to its end."""

    value: Any
    place: tuple[int, int]

    def at(self, line: int, column: int, value: Any) -> Any:
        """Note where a value is returned, and give it back."""
        self.place = (line, column)
        return value


FIXED: Final[Mapping[str, Any]] = {**words(), "num": numbers()}
"""The words that every script has, made once before any child is forked."""


def ran(name: str, text: str, given: Mapping[str, Any], own: Mapping[str, Any]) -> Returned:
    """Give what a script returns, called with `given` by the names of its parameters; `own` are words of this run.

    Raises StepError (P2-R0690 to R0693, and what the facades raise) with the line.
    """
    file = f"<{name}>"
    try:
        words = [word for word, value in own.items() if hasattr(type(value), "at")]
        from plotter2.child.python.dialect import compiled  # in children that were made for it

        code = compiled(text, list(given), file, words)
    except Unfit as unfit:
        first, *others = unfit.faults
        note = "; ".join(f"line {f.line}: {f.message}" for f in others)
        said = RunError(SCRIPT_UNFIT, first.message, help=first.help, note=note)
        raise placed(said, (first.line, 0), text) from None
    there = {**FIXED, **own}
    returned = Returned(None, (len(text.rstrip().split("\n")), 0))
    own_guards = {"_sited_": sited, "_returned_": returned.at}
    function = FunctionType(code, {**guards(), **own_guards, **there})
    try:
        returned.value = function(*given.values())
        return returned
    except GivenUp:
        raise
    except RunError as error:
        raise placed(error, _place(error.__traceback__, file, text), text) from None
    except Exception as error:  # noqa: BLE001 - whatever a script meets is its own error, and told with its line
        said = _said(error, [*there, *given])
        raise placed(said, _place(error.__traceback__, file, text), text) from None


def placed(error: RunError, place: tuple[int, int], text: str) -> StepError:
    """Give an error of a step with its place in the text."""
    line, column = place
    words = (text.split("\n")[line - 1 : line] or [""])[0].strip()
    message, help_, note, quoted = (
        one_line(part, _LONGEST)
        for part in (error.message, error.help, error.note, words[:_QUOTED])
    )
    return StepError(
        error.code, message or "the script failed", error.where, help_, note, error.exit_code,
        line=line, column=column, quoted=quoted,
    )  # fmt: skip


def _place(trace: TracebackType | None, file: str, text: str) -> tuple[int, int]:
    place = (1, 0)
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == file:
            position = next(islice(code.co_positions(), trace.tb_lasti // 2, None))
            place = (trace.tb_lineno, _characters(text, trace.tb_lineno, position[2] or 0))
        trace = trace.tb_next
    return place


def _characters(text: str, line: int, column: int) -> int:
    # Python counts the bytes of UTF-8.
    words = (text.split("\n")[line - 1 : line] or [""])[0]
    return len(words.encode()[:column].decode(errors="ignore"))


def _said(error: Exception, known: list[str]) -> RunError:
    text = _ADDRESS.sub("", str(error)).strip().split("\n")[0][:300].rstrip(".")
    match error:
        case UnboundLocalError():
            found = _VARIABLE.search(str(error))
            return RunError(
                SCRIPT_NAME,
                f"{found[1] if found else 'a name'} has no value yet here",
                help="give it one before it is used",
            )
        case NameError():
            return _unknown(str(error.name), known)
        case KeyError():
            key = _brief(error.args[0], 100) if error.args else ""
            return RunError(
                SCRIPT_FAILED,
                f"there is no key {key!r}",
                help="write d.get(key), or test `key in d`",
            )
        case RecursionError():
            return RunError(
                SCRIPT_LIMIT, "functions call each other too deep", help="write a loop instead"
            )
        case AssertionError():
            return RunError(
                SCRIPT_FAILED,
                _brief(error.args[0], 500) if error.args else "an assertion does not hold",
                help="the script itself asks for this: look at its `assert` line",
            )
        case MemoryError():
            return RunError(
                SCRIPT_LIMIT, "there is no memory for this", help="work on groups or on fewer rows"
            )
        case ZeroDivisionError():
            return RunError(
                SCRIPT_FAILED, "a number is divided by zero", help="test before: `if x != 0`"
            )
        case _:
            pass
    if isinstance(error, OverflowError) and error.args[1:]:
        text = "a number becomes too large"
    return RunError(
        SCRIPT_FAILED,
        text[:1].lower() + text[1:] or "the script failed",
        help=_HELP.get(type(error), "look at the values that this line gets"),
    )


_ADDRESS: Final = re.compile(r" at 0x[0-9A-Fa-f]+")
_VARIABLE: Final = re.compile(r"variable '(\w+)'")


def _brief(value: Any, most: int) -> str:
    try:
        return written(value)[:most] or "an empty text"
    except RunError:  # it is too long, or has no order, to be written down
        return called(value)


_HELP: Final[Mapping[type[Exception], str]] = {
    IndexError: "look at len(...) first",
    TypeError: "look at what the values are: isinstance(x, str)",
    OverflowError: "the number is too large for this",
}


def _unknown(name: str, known: list[str]) -> RunError:
    near = difflib.get_close_matches(FOREIGN_WORDS.get(name, name), known, n=1, cutoff=0.6)
    there = ", ".join(sorted(known))
    return RunError(
        SCRIPT_NAME,
        f"there is no {name[:100]}",
        help=f"did you mean {near[0]}?" if near else f"there is {there}"[:800],
        note="" if not near else f"there is {there}"[:800],
    )
