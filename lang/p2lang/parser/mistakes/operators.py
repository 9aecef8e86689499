"""Operators, comments and inner words of other languages, made of tokens that are fine one by one."""

from __future__ import annotations

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.parser.mistakes.trouble import CLOSERS, OPENERS, Rule, Trouble
from p2lang.source import Span

_PAIRS = {
    "||": "or", "<>": "!=", "=>": ">=", "=<": "<=", "|>": "|", "===": "==", "!==": "!=", "=!": "!=", "**=": "**",
}  # fmt: skip
_INFIX = {
    "AND": "and", "OR": "or", "NOT": "not", "IN": "in", "is": "==", "IS": "==", "eq": "==", "ne": "!=",
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "THEN": "then", "ELSE": "else", "elif": "else if",
}  # fmt: skip
_CALLED = {
    "mod": "mod({}, {})", "div": "floor({} / {})", "like": "contains({}, {})", "LIKE": "contains({}, {})",
    "between": "x in low..high", "BETWEEN": "x in low..high", "xor": "{} != {}", "contains": "contains({}, {})",
    "startswith": "starts_with({}, {})", "endswith": "ends_with({}, {})",
}  # fmt: skip


def comments(at: Trouble) -> Diagnostic | None:
    """`//` and `/* */` where a comment is meant."""
    first = -1 if at.place and at.touching(-1) else 0
    pair = at.text(first) + at.text(first + 1) if at.touching(first) else ""
    lone = at.place == 0 or at.on_new_line(first)
    if pair not in ("//", "/*", "*/") and not (pair in ("--", "<!") and lone):
        return None
    span = at.stretch(first, first + 1)
    if at.callee in ("access", "copy", "load") and at.kind(first - 1) == "NAME":
        path = at.text(first - 1)
        advice = f'write `{at.callee}("{path}/*")`'
        return Diagnostic("P2-E0105", "the name of a bundle is text", span, help=advice)
    divides = at.ends_value(first - 1) and at.starts_value(first + 2) and not at.on_new_line(first)
    if pair == "//" and divides and not (at.is_word(first + 2) and at.is_word(first + 3)):
        advice = "write `floor(a / b)`; a comment starts with `#`"
        return Diagnostic("P2-E0110", "`//` is not an operator here", span, help=advice)
    fix = Fix(span, "#") if pair in ("//", "--") else None
    return Diagnostic(
        "P2-E0111",
        "a comment starts with `#`",
        span,
        help="write `#`, on every line of it",
        fix=fix,
    )


def pairs(at: Trouble) -> Diagnostic | None:
    """Signs of two or three tokens that are operators elsewhere."""
    for first, last in ((-1, 0), (0, 1)):
        if not at.touching(first):
            continue
        text = at.text(first) + at.text(last)
        span = at.stretch(first, last)
        if text in _PAIRS:
            mended = _PAIRS[text]
            message = f"`{text}` is not an operator here"
            return Diagnostic(
                "P2-E0110", message, span, help=f"use `{mended}`", fix=Fix(span, mended)
            )
        if text in ("++", "+=", "-=", "*=", "/="):
            advice = "a binding keeps its value; bind the new value to a new name with `let`"
            return Diagnostic("P2-E0110", f"`{text}` is not an operator here", span, help=advice)
    return None


def spaced_pairs(at: Trouble) -> Diagnostic | None:
    """`> =`, `= =`, `* *`."""
    for first in (-1, 0):
        text = at.text(first) + at.text(first + 1)
        if (
            text not in (">=", "<=", "==", "!=", "**")
            or at.touching(first)
            or at.on_new_line(first + 1)
        ):
            continue
        if text == "==" and first < 0:
            continue  # the first one is the sign of the statement
        span = at.stretch(first, first + 1)
        advice = f"write `{text}`"
        return Diagnostic(
            "P2-E0110", f"`{text}` has no space inside", span, help=advice, fix=Fix(span, text)
        )
    return None


def questions(at: Trouble) -> Diagnostic | None:
    """`c ? a : b` and `a ?? b`."""
    if at.kind() != "OPT" or not at.ends_value():
        return None
    if at.kind(1) == "OPT":
        advice = "write `fill(a, b)`"
        return Diagnostic("P2-E0110", "`??` is not an operator here", at.stretch(0, 1), help=advice)
    advice = "write `if condition then a else b`"
    return Diagnostic("P2-E0110", "`?` does not choose between values", at.span(), help=advice)


def conditionals(at: Trouble) -> Diagnostic | None:
    """`a if condition else b`."""
    for d in (0, -1):  # where a statement may start, the word itself was taken for one
        if at.kind(d) == "IF" and at.ends_value(d - 1) and not at.on_new_line(d):
            return _conditional(at, d)
    return None


def _conditional(at: Trouble, d: int) -> Diagnostic:
    message, advice = "the condition comes first", "write `if condition then a else b`"
    first, last = _start_of_value(at, d), _end_of_value(at, d)
    otherwise = next((i for i in range(d + 2, last) if at.kind(i) == "ELSE"), None)
    if otherwise is None:
        return Diagnostic("P2-E0110", message, at.span(d), help=advice)
    parts = ((first, d - 1), (d + 1, otherwise - 1), (otherwise + 1, last))
    spans = [at.stretch(*part) for part in parts]
    value, condition, other = (at.tokens.text[span.start : span.end] for span in spans)
    mended = f"if {condition} then {value} else {other}"
    if len(mended) <= _LONGEST_ADVICE and "\n" not in mended:
        advice = f"write `{mended}`"
    span = at.stretch(first, last)
    return Diagnostic("P2-E0110", message, span, help=advice, fix=Fix(span, mended))


def _start_of_value(at: Trouble, d: int) -> int:
    first, depth = d - 1, 0
    while at.place + first > 0:
        depth += (at.kind(first) in CLOSERS) - (at.kind(first) in OPENERS)
        before = at.kind(first - 1)
        if depth == 0 and (before in _STARTS or before in OPENERS):
            break
        first -= 1
    return first


def _end_of_value(at: Trouble, d: int) -> int:
    last, depth = d, 0
    while at.place + last + 1 < len(at.order):
        kind = at.kind(last + 1)
        depth += (kind in OPENERS) - (kind in CLOSERS)
        if depth < 0 or (depth == 0 and kind in ("COMMA", "VBAR")):
            break
        last += 1
    return last


_LONGEST_ADVICE = 80
_OPENED = frozenset(("LPAR", "COMMA", "EQUAL", "AND", "OR", "IF", "WHEN", "WHERE"))
_STARTS = frozenset(("EQUAL", "COMMA", "THEN", "ELSE"))


def infix(at: Trouble) -> Diagnostic | None:
    """Words between values that other languages have: `AND`, `is null`, `between`."""
    for d in (0, -1):  # where a statement may start, the word itself was taken for one
        if at.kind(d) == "NAME" and at.ends_value(d - 1) and not at.on_new_line(d):
            found = _infix(at, d)
            if found is not None:
                return found
    return None


def _infix(at: Trouble, d: int) -> Diagnostic | None:
    text, span = at.text(d), at.span(d)
    message = f"`{text}` is not an operator here"
    if text.lower() == "is":
        last = d + 2 if at.text(d + 1).lower() == "not" else d + 1
        if at.text(last).lower() in ("null", "none", "nan", "na"):
            plain = at.kind(d - 1) in ("NAME", "VAR") and at.kind(d - 2) != "DOT"
            asked = f"isnull({at.text(d - 1) if plain else '...'})"
            asked = f"not {asked}" if last == d + 2 else asked
            fix = Fix(at.stretch(d - 1, last), asked) if plain else None
            span = at.stretch(d, last)
            return Diagnostic("P2-E0110", message, span, help=f"write `{asked}`", fix=fix)
    if text.lower() == "between" and at.text(d + 2).lower() == "and":
        mended = f"in {at.text(d + 1)}..{at.text(d + 3)}"
        plain = at.starts_value(d + 3) and at.kind(d + 3) not in ("LPAR", "NOT", "IF")
        fix = Fix(at.stretch(d, d + 3), mended) if plain else None
        return Diagnostic("P2-E0110", message, span, help=f"write `{mended}`", fix=fix)
    if text in _CALLED:
        if text.lower() == "like" and at.kind(d + 1) == "STRING":
            return Diagnostic("P2-E0110", message, span, help=f"write `{_like(at, d)}`")
        plain = at.starts_value(d + 1) and at.kind(d + 1) not in ("LPAR", "NOT", "IF")
        sides = (at.text(d - 1), at.text(d + 1)) if plain else ("a", "b")
        return Diagnostic("P2-E0110", message, span, help=f"write `{_CALLED[text].format(*sides)}`")
    if text in _INFIX:
        mended = _INFIX[text]
        return Diagnostic("P2-E0110", message, span, help=f"use `{mended}`", fix=Fix(span, mended))
    if text == "AS" and at.inside == "LPAR":
        return Diagnostic(
            "P2-E0110", "`AS` does not name a column", span, help="write `name = value`"
        )
    return None


def _like(at: Trouble, d: int) -> str:
    pattern = at.text(d + 1).strip('"')
    start, end = pattern.startswith("%"), pattern.endswith("%")
    word = "contains" if start == end else "ends_with" if start else "starts_with"
    return f'{word}({at.text(d - 1)}, "{pattern.strip("%")}")'


def renaming(at: Trouble) -> Diagnostic | None:
    """`mean(x) as m`."""
    if at.kind() != "AS" or at.inside != "LPAR" or not at.ends_value():
        return None
    return Diagnostic(
        "P2-E0110", "`as` does not name a column", at.span(), help="write `name = value`"
    )


def arrows(at: Trouble) -> Diagnostic | None:
    """`->` and `=>` of functions."""
    if at.kind() != "ARROW":
        return None
    if at.wants("COLON") and at.head in ("DEF", "SCRIPT"):
        advice = "write `def name(x: type): type = ...`"
        return Diagnostic(
            "P2-E0110",
            "what a `def` gives is written after `:`",
            at.span(),
            help=advice,
            fix=Fix(at.span(), ":"),
        )
    if at.head == "LINK":
        return None
    advice = "a function is declared with `def name(x: type) = ...`; `->` belongs to `link`"
    return Diagnostic("P2-E0110", "`->` is not an operator here", at.span(), help=advice)


def chains(at: Trouble) -> Diagnostic | None:
    """`1 < x < 5` and `a..b..c`."""
    if at.kind() == "DOTS" and at.ends_value() and not at.wants("DOTS"):
        return Diagnostic(
            "P2-E0117",
            "a range has two ends",
            at.span(),
            help="write `low..high`; there is no step",
        )
    if (
        at.kind() not in ("CMP", "IN", "NOT")
        or at.wants_value
        or at.wants("CMP")
        or not at.wants("AND")
    ):
        return None
    if not at.ends_value():
        return None
    plain = at.kind(-2) == "CMP" and at.kind() == "CMP" and at.starts_value(1)
    middle = at.text(-1)
    mended = "a < b and b < c"
    if plain:
        left = at.text(-3) if at.kind(-4) in _OPENED else "..."
        mended = f"{left} {at.text(-2)} {middle} and {middle} {at.text()} {at.text(1)}"
    return Diagnostic(
        "P2-E0117",
        "comparisons are not chained",
        at.span(),
        "a second comparison",
        help=f"write `{mended}`, or `x in low..high`",
        fix=Fix(at.span(-1), f"{middle} and {middle}") if plain else None,
    )


def equals(at: Trouble) -> Diagnostic | None:
    """`=` where `==` is meant, `==` where `=` is."""
    span = at.span()
    if at.text() == "==" and at.wants("EQUAL") and not at.wants_value:
        advice = "write `=`; `==` compares"
        return Diagnostic(
            "P2-E0116",
            f"`=` is missing after {at.shown(-1)}",
            span,
            help=advice,
            fix=Fix(span, "="),
        )
    if at.kind() != "EQUAL" or not at.ends_value() or not at.wants("AND"):
        return None
    if (
        at.inside == "LPAR"
        and at.kind(-2) in ("LPAR", "COMMA")
        and at.kind(-1) in ("STRING", "VAR")
    ):
        return _argument_name(at)
    if at.inside == "LPAR" and at.kind(-2) == "DOT" and at.kind(-4) in ("LPAR", "COMMA"):
        name = f"{at.text(-3)}.{at.text(-1)}"
        advice = f"put it in backticks if it is one name: `` `{name}`=... ``"
        return Diagnostic(
            "P2-E0113", "the name of an argument has no `.`", at.stretch(-3, -1), help=advice
        )
    if at.kind(-1) == "NAME" and at.ends_value(-2):
        return None
    return Diagnostic(
        "P2-E0101", "`=` does not compare", span, help="use `==` to compare", fix=Fix(span, "==")
    )


def negations(at: Trouble) -> Diagnostic | None:
    """`a not b` and `a not == b`."""
    if at.kind(-1) != "NOT" or not at.ends_value(-2) or at.accepts != {"IN"}:
        return None
    advice = "write `a != b`, or `a not in [b, c]`"
    return Diagnostic("P2-E0110", "`not` does not stand between values", at.span(-1), help=advice)


def _argument_name(at: Trouble) -> Diagnostic:
    span = at.span(-1)
    bare = at.text(-1).strip('"').removeprefix("$")
    what = "quotes" if at.kind(-1) == "STRING" else "`$`"
    fix = Fix(span, bare) if bare.isidentifier() and bare.isascii() else None
    return Diagnostic(
        "P2-E0113",
        f"the name of an argument has no {what}",
        span,
        help=f"write `{bare}=...`",
        fix=fix,
    )


def mistaken_dashes(at: Trouble) -> Diagnostic | None:
    """`x <- value` at the start of a statement."""
    if (
        at.place == 1
        and at.text() == "<"
        and at.kind(1) == "MINUS"
        and at.touching(0)
        and at.is_word(-1)
    ):
        name, span = at.text(-1), Span(at.span(-1).start, at.span(1).end)
        return Diagnostic(
            "P2-E0102",
            "a binding is made with `let`",
            span,
            help=f"write `let {name} = ...` and use it as `${name}`",
            fix=Fix(span, f"let {name} ="),
        )
    return None


RULES: tuple[Rule, ...] = (
    mistaken_dashes,
    comments,
    pairs,
    spaced_pairs,
    questions,
    conditionals,
    infix,
    renaming,
    arrows,
    chains,
    equals,
    negations,
)
