"""Values and lists of values: a value, a comma or a name is missing, or something stands there that is no value."""

from __future__ import annotations

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.parser.mistakes.trouble import CLOSERS, OPENERS, Rule, Trouble
from p2lang.source import Span

_EXPECTED = "expected a column, a number, text or `(`"


def commas(at: Trouble) -> Diagnostic | None:
    """A comma is missing, or one too many."""
    if at.kind() == "COMMA" and at.kind(-1) in ("COMMA", "LPAR", "LSQB", "LBRACE"):
        return Diagnostic(
            "P2-E0103",
            "a comma is one too many",
            at.span(),
            help="delete it, or write what is missing",
            fix=Fix(at.span(), ""),
        )
    if not at.wants("COMMA") or at.wants_statement or not at.inside:
        return None
    if not (at.starts_value() or at.is_word(0)) or at.kind() in ("AND", "OR", "THEN", "ELSE", "P2"):
        return None
    previous = at.span(-1)
    return Diagnostic(
        "P2-E0103",
        "a comma is missing",
        at.span(),
        f"before {at.shown()}",
        help="arguments and list items are separated by `,`",
        fix=Fix(Span(previous.end, previous.end), ","),
    )


def commas_in_parentheses(at: Trouble) -> Diagnostic | None:
    """`(a, b)` as a value."""
    if at.kind() != "COMMA" or at.inside != "LPAR" or not at.wants("RPAR"):
        return None
    advice = "a list is `[a, b]`; arguments follow a name: `f(a, b)`"
    mended = _as_list(at)
    return Diagnostic(
        "P2-E0111",
        "parentheses hold one value",
        at.span(),
        help=f"write `{mended.text}`" if mended and len(mended.text) < _LONGEST_ADVICE else advice,
        fix=mended,
    )


_LONGEST_ADVICE = 60


def _as_list(at: Trouble) -> Fix | None:
    """Give the list that is meant by `(a, b)` where it follows no name."""
    opener = at.opener
    assert opener is not None
    depth, last = 0, opener
    while at.kind(last) not in ("", "$END"):
        depth += (at.kind(last) in OPENERS) - (at.kind(last) in CLOSERS)
        if depth == 0:
            break
        last += 1
    if at.kind(last) != "RPAR" or (at.is_word(opener - 1) and at.kind(opener - 1) != "IN"):
        return None
    span = at.stretch(opener, last)
    return Fix(span, f"[{at.tokens.text[span.start + 1 : span.end - 1]}]")


def colons(at: Trouble) -> Diagnostic | None:
    """`name: value` for an argument, a format in a hole."""
    if at.kind() != "COLON":
        return None
    if at.start == "hole" and not at.inside:
        advice = 'write `{format(value, ".2f")}`'
        return Diagnostic("P2-E0114", "a hole has no format behind `:`", at.span(), help=advice)
    if at.inside == "LPAR" and at.kind(-2) in ("LPAR", "COMMA") and at.is_word(-1):
        both = at.kind(1) == "EQUAL" and at.touching(0)
        span = at.stretch(0, 1) if both else at.span()
        return Diagnostic(
            "P2-E0116",
            "an argument is named with `=`",
            span,
            help=f"write `{at.text(-1)}=...`",
            fix=Fix(span, "="),
        )
    if at.inside == "LSQB" or at.kind(-1) == "NUMBER":
        return Diagnostic(
            "P2-E0111",
            "a range is written with `..`",
            at.span(),
            help="write `low..high`",
            fix=Fix(at.span(), ".."),
        )
    return None


def holes(at: Trouble) -> Diagnostic | None:
    """What cannot stand in a hole: nothing at all, `=`, `!r`."""
    if at.start != "hole":
        return None
    if not at.order:
        start = at.tokens.starts[at.following]
        return Diagnostic(
            "P2-E0114",
            "this hole is empty",
            Span(start - 1, start + 1),
            help="write an expression, or `{{}}` for braces in the text",
        )
    if at.starts_value() and at.ends_value() and not at.inside:
        advice = "write each in a hole of its own"
        return Diagnostic("P2-E0114", "a hole holds one value", at.span(), help=advice)
    if at.kind() == "EQUAL" and at.place == len(at.order) - 1:
        return Diagnostic(
            "P2-E0114",
            "a hole has no `=` at its end",
            at.span(),
            help="write the name as text",
            fix=Fix(at.span(), ""),
        )
    if at.text() == "!" and at.text(1) in ("r", "s", "a"):
        return Diagnostic(
            "P2-E0114",
            "a hole has no conversion",
            at.stretch(0, 1),
            help="delete it",
            fix=Fix(at.stretch(0, 1), ""),
        )
    return None


def braces(at: Trouble) -> Diagnostic | None:
    """`{` where a value stands."""
    if at.kind() != "LBRACE" or not at.wants_value:
        return None
    what = {"WHEN": "condition", "REPEAT": "list"}.get(at.head)
    if what is not None and at.kind(-1) in ("WHEN", "IN"):
        form = "when condition { ... }" if at.head == "WHEN" else "repeat name in list { ... }"
        return Diagnostic(
            "P2-E0100", f"a {what} is missing before `{{`", at.span(), help=f"write `{form}`"
        )
    advice = "named values are arguments: `name(a=1, b=2)`; a list is `[a, b]`"
    return Diagnostic("P2-E0111", "`{` does not start a value", at.span(), help=advice)


def stars(at: Trouble) -> Diagnostic | None:
    """`select(*)`, `count(*)`, `+x`."""
    if not at.wants_value or at.kind() not in ("STAR", "POWER", "PLUS"):
        return None
    if at.kind() == "PLUS" and at.starts_value(1):
        return Diagnostic(
            "P2-E0110",
            "a plus sign does not stand alone",
            at.span(),
            help="delete it",
            fix=Fix(at.span(), ""),
        )
    if at.kind() == "STAR" and at.inside == "LPAR":
        callee = at.callee or "this"
        advice = (
            f"write `{callee}()`"
            if callee == "count"
            else 'name the columns, or `cols("*")` for all of them'
        )
        return Diagnostic("P2-E0110", "`*` does not stand for all columns", at.span(), help=advice)
    return None


def missing_operators(at: Trouble) -> Diagnostic | None:
    """Two values side by side: `f "x"`, `$n 1`."""
    if not at.ends_value() or not at.starts_value() or at.on_new_line():
        return None
    if at.kind() in ("STRING", "FSTRING") and at.wants("LPAR") and at.is_word(-1):
        advice = f"write `{at.text(-1)}({at.text()})`"
        return Diagnostic(
            "P2-E0100", f"`(` is missing after {at.shown(-1)}", at.span(), help=advice
        )
    if not at.wants("AND"):
        return None
    message = f"an operator is missing between {at.shown(-1)} and {at.shown()}"
    help = "put an operator between them, or a comma"
    if {at.kind(), at.kind(-1)} <= {"STRING", "FSTRING"}:
        help = 'texts are put together in one: `"ab"`, or f"{$a}{$b}"'
    return Diagnostic("P2-E0100", message, at.span(), help=help)


def missing_values(at: Trouble) -> Diagnostic | None:
    """A value is missing."""
    if not at.wants_value or (at.wants_statement and at.place == 0):
        return None
    if at.start == "hole" and not at.order:
        return None
    label = _EXPECTED if not at.where.startswith("after") else f"{_EXPECTED} after this"
    fix = None
    if at.kind(-1) == "COMMA" and at.kind() == "COMMA":
        fix = Fix(at.span(), "")
    return Diagnostic("P2-E0100", f"a value is missing {at.where}", at.gap, label, fix=fix)


FIRST_RULES: tuple[Rule, ...] = (holes,)
RULES: tuple[Rule, ...] = (
    colons,
    braces,
    stars,
    commas,
    commas_in_parentheses,
    missing_values,
)
LAST_RULES: tuple[Rule, ...] = (missing_operators,)
