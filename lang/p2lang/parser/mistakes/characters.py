"""Characters and words that are no tokens: unknown units, lonely `$`, signs from other languages."""

from __future__ import annotations

import re
import unicodedata

from p2lang.ast import KEYWORDS
from p2lang.diagnostics import Diagnostic, Fix
from p2lang.parser.mistakes.quotes import (
    backticks,
    holes,
    odd_quotes,
    pasted,
    quotes,
    triple_quotes,
)
from p2lang.parser.mistakes.trouble import STATEMENT_WORDS, Rule, Trouble
from p2lang.source import Span, plain_letters, unicode_name
from p2lang.types import QUANTITY_UNITS

_UNITS = {
    "m": "min` or `mm",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "msec": "ms", "millis": "ms", "usec": "us",
    "mins": "min", "minute": "min", "minutes": "min",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
    "in": "inch", "inches": "inch", "pixel": "px", "pixels": "px", "point": "pt", "points": "pt",
    "degree": "deg", "degrees": "deg", "percent": "%", "pct": "%",
    "KB": "KiB", "kB": "KiB", "kb": "KiB", "MB": "MiB", "mb": "MiB", "GB": "GiB", "gb": "GiB", "b": "B",
}  # fmt: skip
_KNOWN = "ns us ms s min h d, mm cm inch pt px, B KiB MiB GiB, deg rad, %"
_THOUSANDS = {"k": "000", "K": "000", "M": "000_000", "G": "000_000_000"}
UNITS = frozenset(QUANTITY_UNITS) - {"%"}

_LOOKALIKES = {
    "≤": "<=", "≥": ">=", "≠": "!=", "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "—": "-", "…": "..",
    "→": "->", "∈": "in", "∧": "and", "∨": "or", "¬": "not", "（": "(", "）": ")", "［": "[", "］": "]",
    "｛": "{", "｝": "}", "，": ",", "：": ":", "＝": "=", "＞": ">", "＜": "<", "｜": "|", "＂": '"', "＄": "$",
    "＃": "#", "；": "", "√": "sqrt(...)", "∞": "1e300",
}  # fmt: skip
_OPERATORS = {
    "&&": ("`&&` is not an operator here", "and"),
    "&": ("`&` is not an operator here", "and"),
    "!": ("`!` is not an operator here", "not "),
    "^": ("`^` is not an operator here", "**"),
}
_NUMBER = re.compile(r"[0-9][0-9_]*(?:\.[0-9]+)?")


def _replaced(code: str, message: str, span: Span, text: str, label: str = "") -> Diagnostic:
    return Diagnostic(code, message, span, label, help=f"use `{text.strip()}`", fix=Fix(span, text))


def grouped_digits(at: Trouble) -> Diagnostic | None:
    """`1'000`."""
    if at.kind() != "BAD_SINGLE" or at.kind(-1) != "NUMBER" or not at.touching(-1):
        return None
    span = Span(at.span(-1).start, at.span(-1).end + len(at.text()))
    mended = at.text(-1) + at.text().rstrip("'").replace("'", "_")
    message = "digits are grouped by `_`"
    return Diagnostic("P2-E0106", message, span, help=f"write `{mended}`", fix=Fix(span, mended))


def numbers(at: Trouble) -> Diagnostic | None:
    """Numbers with an unknown unit or in a form of another language."""
    if at.kind() != "BAD_NUMBER":
        return None
    text, span = at.text(), at.span()
    match = _NUMBER.match(text)
    assert match is not None
    if at.kind(-1) in STATEMENT_WORDS:
        better = f"_{text}"
        return Diagnostic(
            "P2-E0113",
            "a name begins with a letter or `_`",
            span,
            help=f"write `{better}`",
            fix=Fix(span, better),
        )
    digits, rest = match.group().rstrip("_"), text[match.end() :]
    if text.lower().startswith(("0x", "0b", "0o")):
        return Diagnostic("P2-E0106", "numbers are written in decimal", span, help="convert it")
    if rest.lower() in ("e", ""):
        advice = "write `1_000_000`, `1.5` or `1e-3`"
        return Diagnostic("P2-E0106", f"`{text}` is not a number", span, help=advice)
    return _unit_problem(digits, rest, span)


def _unit_problem(digits: str, unit: str, span: Span) -> Diagnostic:
    if unit in KEYWORDS:
        mended = f"{digits} {unit}"
        message = f"a space is missing between `{digits}` and `{unit}`"
        return Diagnostic(
            "P2-E0106", message, span, help=f"write `{mended}`", fix=Fix(span, mended)
        )
    if unit in _THOUSANDS and "." not in digits:
        mended = f"{digits}_{_THOUSANDS[unit]}"
        return _replaced("P2-E0106", f"`{unit}` is not a unit", span, mended)
    known = _UNITS.get(unit)
    if known is not None and "`" not in known:
        return _replaced("P2-E0106", f"`{unit}` is not a unit", span, digits + known)
    advice = (
        f"write `{digits}min` or `{digits}mm`"
        if known
        else f"if `{unit}` is a name, put a space before it"
    )
    message = f"`{unit}` is not a unit: min or mm?" if known else f"`{unit}` is not a unit"
    return Diagnostic("P2-E0106", message, span, help=advice, note=f"units: {_KNOWN}")


def spaced_units(at: Trouble) -> Diagnostic | None:
    """A unit that stands apart from its number: `10 min`, `95 %`."""
    if at.kind(-1) != "NUMBER" or at.on_new_line():
        return None
    percent = at.text() == "%" and not at.starts_value(1)
    if not (percent or (at.text() in UNITS and at.kind(1) != "EQUAL")):
        return None
    mended = at.text(-1) + at.text()
    span = at.stretch(-1, 0)
    return Diagnostic(
        "P2-E0106",
        "a unit stands right behind its number",
        span,
        help=f"write `{mended}`",
        fix=Fix(span, mended),
    )


def points(at: Trouble) -> Diagnostic | None:
    """Points of numbers: `.5`, `1.`, `1.2.3`, `1...5`."""
    if at.kind() != "DOT":
        return None
    if at.kind(-1) == "NUMBER" and at.kind(1) == "BAD_NUMBER" and at.touching(0):
        span = at.stretch(-1, 1)
        text = at.tokens.text[span.start : span.end]
        advice = "write `1_000_000`, `1.5` or `1e-3`"
        return Diagnostic("P2-E0106", f"`{text}` is not a number", span, help=advice)
    number_follows = at.kind(1) in ("NUMBER", "QUANTITY") and at.touching(0)
    if at.kind(-1) == "DOTS" and at.touching(-1):
        span, mended = at.stretch(-1, 0), ".."
    elif at.wants_value and number_follows:
        span, mended = at.stretch(0, 1), f"0.{at.text(1)}"
    elif at.kind(-1) != "NUMBER" or not at.touching(-1):
        return None
    elif number_follows:
        advice = "a version or an address is a text: put it in double quotes"
        return Diagnostic("P2-E0106", "a number has one point", at.stretch(-1, 1), help=advice)
    else:
        span, mended = at.stretch(-1, 0), at.text(-1)
    range_meant = mended == ".."
    message = (
        "a range has two points"
        if range_meant
        else "a number has digits on both sides of its point"
    )
    return Diagnostic("P2-E0106", message, span, help=f"write `{mended}`", fix=Fix(span, mended))


def dollars(at: Trouble) -> Diagnostic | None:
    """A `$` without a name behind it."""
    if at.kind() != "BAD_VAR":
        return None
    text = at.text()
    inside = text[1:].strip("{}")
    if text.startswith("${") and re.fullmatch(r"[A-Za-z_]\w*", inside):
        message = "a binding is written without braces"
        return _replaced("P2-E0115", message, at.span(), f"${inside}")
    if text == "$":
        message, advice = "`$` has no name behind it", "write `$name`, without a space"
    else:
        message, advice = f"`{text}` is not a binding", "a binding's name starts with a letter"
    return Diagnostic("P2-E0115", message, at.span(), help=advice)


def operators(at: Trouble) -> Diagnostic | None:
    """Signs that are operators elsewhere."""
    if at.kind() != "BAD_OPERATOR":
        return None
    text, span = at.text(), at.span()
    if text == "!" and at.text(-1) == "=" and at.touching(-1):
        return _replaced("P2-E0110", "`=!` is not an operator here", at.stretch(-1, 0), "!=")
    if text in _OPERATORS:
        message, mended = _OPERATORS[text]
        return _replaced("P2-E0110", message, span, mended)
    if text.startswith(";"):
        advice = "delete it; a new statement needs no sign before it"
        return Diagnostic(
            "P2-E0111", "statements do not end in `;`", span, help=advice, fix=Fix(span, "")
        )
    if text == "%":
        source, start = at.tokens.text, span.start
        if source.startswith(("%>%", "%in%"), start):
            span = Span(start, start + 3 + (source[start + 1] == "i"))
            return _replaced(
                "P2-E0110",
                f"`{source[start : span.end]}` is not an operator here",
                span,
                "|" if source[start + 1] == ">" else "in",
            )
        if at.place == 0 or at.on_new_line() or (at.wants_statement and at.is_word(2)):
            return _replaced("P2-E0111", "a comment starts with `#`", span, "#")
        plain = at.ends_value() and at.starts_value(1) and at.kind(-1) != "RPAR"
        sides = f"{at.text(-1)}, {at.text(1)}" if plain else "a, b"
        return Diagnostic(
            "P2-E0110",
            "`%` is not an operator here",
            span,
            help=f"write `mod({sides})` for the remainder",
        )
    advice = {
        "~": "to deny write `not`; texts are compared with `==` or `in [...]`",
        "@": "there are no decorators",
        "\\": "delete it; a line may end anywhere",
    }[text]
    return Diagnostic("P2-E0110", f"`{text}` is not an operator here", span, help=advice)


def letters(at: Trouble) -> Diagnostic | None:
    """Names with letters outside a-z, and signs that only look like those of the language."""
    if at.kind() not in ("BAD_WORD", "BAD_CHARACTER"):
        return None
    text, span = at.text(), at.span()
    if at.kind() == "BAD_WORD":
        if at.is_word(-1) and at.touching(-1):
            span = at.stretch(-1, 0)
        whole = at.tokens.text[span.start : span.end]
        if plain_letters(whole).isascii():
            return _look_alike(whole, span)
        if at.kind(-1) in STATEMENT_WORDS:
            return _letters_of_binding(whole, span)
        return Diagnostic(
            "P2-E0113",
            "a bare name has the letters a-z, A-Z, digits and `_`",
            span,
            help=f"if the column is called {whole}, put it in backticks",
            fix=Fix(span, f"`{whole}`"),
        )
    if text in _LOOKALIKES:
        return _replaced(
            "P2-E0110", f"`{text}` is not a sign of the language", span, _LOOKALIKES[text]
        )
    if text.isspace():
        message = f"a space of another kind, U+{ord(text):04X}"
        return Diagnostic(
            "P2-E0111", message, span, help="replace it by a plain space", fix=Fix(span, " ")
        )
    advice = "put it in double quotes if it is text, in backticks if it belongs to a column's name"
    return Diagnostic("P2-E0111", f"`{text}` has no meaning here", span, help=advice)


def _letters_of_binding(whole: str, span: Span) -> Diagnostic:
    bare = unicodedata.normalize("NFKD", whole).encode("ascii", "ignore").decode()
    fits = bare.isidentifier() and len(bare) == len(whole)
    return Diagnostic(
        "P2-E0113",
        "a name has the letters a-z, A-Z, digits and `_`",
        span,
        help=f"write `{bare}`" if fits else "choose a name of these letters",
        fix=Fix(span, bare) if fits else None,
    )


def _look_alike(whole: str, span: Span) -> Diagnostic:
    plain = plain_letters(whole)
    odd = next(c for c in whole if not c.isascii())
    return Diagnostic(
        "P2-E0113",
        f"`{whole}` has a letter that only looks like one of a-z",
        span,
        help=f"write `{plain}`; if the column is really called so, put it in backticks",
        note=f"it has {unicode_name(odd)} where `{plain}` has {unicode_name(plain_letters(odd))}",
        fix=Fix(span, plain),
    )


RULES: tuple[Rule, ...] = (
    spaced_units,
    grouped_digits,
    quotes,
    odd_quotes,
    triple_quotes,
    pasted,
    backticks,
    holes,
    numbers,
    points,
    dollars,
    operators,
    letters,
)
