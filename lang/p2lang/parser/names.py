"""What is wrong with a single word: a declared name, a number, an edition."""

from __future__ import annotations

import math
import re

from p2lang.ast import IDENTIFIER, KEYWORDS, Name
from p2lang.diagnostics import Diagnostic, Fix
from p2lang.source import Span

EDITION = 1
LONGEST_NUMBER = 40
LONGEST_NAME = 100

_UNIT = re.compile(r"[A-Za-z]+\Z|%\Z")


def edition_problem(text: str, span: Span) -> Diagnostic | None:
    """Say why a script of this edition cannot be read, if it cannot."""
    if text == str(EDITION):
        return None
    if text.isdigit():
        return Diagnostic(
            "P2-E0005",
            f"edition {text} of the language is not known",
            span,
            help=f"this release of plotter2 reads `p2 {EDITION}`; a newer release may read edition {text}",
        )
    return Diagnostic(
        "P2-E0005",
        "the edition of the language is a whole number",
        span,
        help=f"write `p2 {EDITION}`",
        fix=Fix(span, str(EDITION)),
    )


def declared_problem(name: Name, *, binding: bool, task: bool = False) -> Diagnostic | None:
    """Say why a script cannot declare this name, if it cannot; a binding is one that is used as `$name`."""
    if len(name.text) > LONGEST_NAME:
        return Diagnostic(
            "P2-E0113",
            f"this name has {len(name.text)} characters; at most {LONGEST_NAME} are read",
            name.span,
            help="choose a shorter name",
        )
    if name.text in KEYWORDS:
        return Diagnostic(
            "P2-E0113",
            f"`{name.text}` is a word of the language and cannot be a name",
            name.span,
            help=f"choose another name, for example `{name.text}_`",
        )
    if task and not IDENTIFIER.match(name.text):
        return Diagnostic(
            "P2-E0113",
            f"`{name.text}` cannot be the name of a task",
            name.span,
            help="a task is named with the letters a-z, A-Z, digits and `_`, for example `first_step`",
        )
    if binding and not IDENTIFIER.match(name.text):
        return Diagnostic(
            "P2-E0113",
            f"`{name.text}` cannot be used as `$name`",
            name.span,
            help="a binding is named with the letters a-z, A-Z, digits and `_`",
        )
    return None


def split_quantity(text: str) -> tuple[str, str]:
    """Give number and unit of `10min`."""
    match = _UNIT.search(text)
    assert match is not None
    return text[: match.start()], match.group()


def number_problem(text: str, span: Span) -> Diagnostic | None:
    """Say why a number cannot be held, if it cannot."""
    if len(text) > LONGEST_NUMBER:
        return Diagnostic(
            "P2-E0106",
            f"this number has {len(text)} characters; at most {LONGEST_NUMBER} are read",
            span,
            help="round it, or write it with an exponent like `1.5e30`",
        )
    if math.isinf(float(text.replace("_", ""))):
        return Diagnostic(
            "P2-E0106", "this number is too large", span, help="the largest is about 1.8e308"
        )
    return None
