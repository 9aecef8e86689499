"""Names and their types where something is declared: missing, misplaced, or written as in another language."""

from __future__ import annotations

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.parser.mistakes.statements import FORMS
from p2lang.parser.mistakes.trouble import STATEMENT_WORDS, Rule, Trouble
from p2lang.source import Span

_TYPES = {
    "NUMBER": "number",
    "QUANTITY": "number",
    "STRING": "string",
    "TRUE": "bool",
    "FALSE": "bool",
}
_TYPED = ("DEF", "SCRIPT", "TASK")


def bindings(at: Trouble) -> Diagnostic | None:
    """`name = value` without `let`, `$name = value`, `name := value`."""
    if at.kind() == "COLON" and at.kind(1) == "EQUAL" and at.touching(0) and at.place == 1:
        name = at.text(-1)
        return _binding(name, at.stretch(-1, 1), Fix(at.stretch(-1, 1), f"let {name} ="))
    if at.kind() != "EQUAL" or at.inside in ("LPAR", "LSQB"):
        return None
    if at.kind(-1) == "COLON" and at.touching(-1) and at.kind(-2) == "NAME":
        span = at.stretch(-1, 0)
        return Diagnostic(
            "P2-E0116", "`=` binds, not `:=`", span, help="write `=`", fix=Fix(span, "=")
        )
    starts = at.place == 1 or at.ends_value(-2)
    name, span = at.text(-1), at.span(-1)
    if at.kind(-1) == "VAR" and at.wants_statement and (at.place == 1 or at.on_new_line(-1)):
        return Diagnostic(
            "P2-E0102",
            "a binding is made once, with `let`",
            span,
            help=f"write `let {name[1:]} = ...` with a name that is not yet bound",
            fix=Fix(span, f"let {name[1:]}"),
        )
    if not at.is_word(-1) or not starts or at.kind(-1) in STATEMENT_WORDS or at.head == "DEF":
        return None
    return _binding(name, at.stretch(-1, 0), Fix(span, f"let {name}"))


def _binding(name: str, span: Span, fix: Fix) -> Diagnostic:
    advice = f"write `let {name} = ...` and use it as `${name}`"
    return Diagnostic("P2-E0102", "a binding is made with `let`", span, help=advice, fix=fix)


def several_bindings(at: Trouble) -> Diagnostic | None:
    """`let a = 1, b = 2`."""
    if at.kind() != "COMMA" or at.head != "LET" or at.kind(2) != "EQUAL" or at.inside:
        return None
    advice = "write `let` before each of them, without a comma"
    return Diagnostic(
        "P2-E0102",
        "each binding has its own `let`",
        at.span(),
        help=advice,
        fix=Fix(at.span(), " let"),
    )


def names(at: Trouble) -> Diagnostic | None:
    """A name is missing, has a `$` or is written as text."""
    if not at.wants_only_name or at.kind(-1) == "VBAR":
        return None
    declares = at.kind(-1) in STATEMENT_WORDS | {"AS", "AFTER", "COMMA", "LPAR"}
    if at.kind() == "VAR" and declares:
        bare = at.text()[1:]
        return Diagnostic(
            "P2-E0115",
            "a name is declared without `$`",
            at.span(),
            help=f"write `{bare}`",
            note=f"it is used as `${bare}`",
            fix=Fix(at.span(), bare),
        )
    if at.kind() == "STRING" and declares:
        bare = at.text()[1:-1]
        fix = Fix(at.span(), bare) if bare.isidentifier() and bare.isascii() else None
        advice = f"write `{bare}`" if fix else "choose a name of letters, digits and `_`"
        return Diagnostic(
            "P2-E0113", "a name is written without quotes", at.span(), help=advice, fix=fix
        )
    if at.kind(-1) == "DOT":
        advice = "write the name, or delete the point"
        return Diagnostic("P2-E0113", "a name is missing after `.`", at.span(-1), help=advice)
    if at.kind(-1) in ("COLON", "LSQB"):
        advice = "for example int, number, string, bool, time or table"
        return Diagnostic("P2-E0100", f"a type is missing {at.where}", at.gap, help=advice)
    form = FORMS.get(at.kind(-1))
    return Diagnostic(
        "P2-E0113",
        f"a name is missing {at.where}",
        at.gap,
        "" if at.where.startswith("after") else "expected a name",
        f"write `{form}`" if form else "",
    )


def types(at: Trouble) -> Diagnostic | None:
    """`param x = 3`, `def f(x)`: the type is missing; `list<int>`, `int | null`: it is written otherwise."""
    wants_type = at.wants("COLON") and not at.wants("EQUAL") and at.kind(-1) == "NAME"
    if wants_type and (
        at.head == "PARAM" or (at.head in _TYPED and at.kind(-2) in ("LPAR", "COMMA"))
    ):
        return _missing_type(at)
    if at.accepts == {"COLON"} and at.inside == "LBRACE" and at.kind(-1) == "NAME":
        advice = f"write `{at.text(-1)}: number`"
        return Diagnostic(
            "P2-E0116", f"the column `{at.text(-1)}` has no type", at.span(-1), help=advice
        )
    return _foreign_type(at)


def missing_signs(at: Trouble) -> Diagnostic | None:
    """`param x: int 3`, `let x: int 3`: the sign before the value is missing."""
    signs = at.head in ("PARAM", "LET", "EXPOSE") and at.wants("EQUAL") and at.starts_value()
    if not signs or at.on_new_line() or (at.wants("COLON") and at.head != "LET"):
        return None
    before = at.span(-1).end
    if at.kind() == "NAME" and at.kind(1) == "EQUAL" and at.kind(-2) == at.head:
        return Diagnostic(
            "P2-E0116",
            f"`:` is missing before {at.shown()}",
            at.span(),
            help=f"write `{at.text(-1)}: {at.text()}`",
            fix=Fix(Span(before, before), ":"),
        )
    return Diagnostic(
        "P2-E0116",
        f"`=` is missing before {at.shown()}",
        at.span(),
        help=f"write `{FORMS[at.head]}`",
        fix=Fix(Span(before, before), " ="),
    )


def odd_names(at: Trouble) -> Diagnostic | None:
    """`let run-id = 3`, `let ok? = true`."""
    if at.kind(-2) not in STATEMENT_WORDS or not at.touching(-1) or at.wants_value:
        return None
    if at.kind() not in ("MINUS", "OPT", "DOT", "SLASH", "STAR", "BAD_OPERATOR", "BAD_SINGLE"):
        return None
    joins = at.touching(0) and at.is_word(1)
    span = at.stretch(-1, 1 if joins else 0)
    better = f"{at.text(-1)}_{at.text(1)}" if joins else at.text(-1)
    return Diagnostic(
        "P2-E0113",
        "a name has the letters a-z, A-Z, digits and `_`",
        span,
        help=f"write `{better}`",
        fix=Fix(span, better),
    )


def _foreign_type(at: Trouble) -> Diagnostic | None:
    if not at.wants("OPT") or at.kind(-1) not in ("NAME", "RSQB", "RBRACE"):
        return None
    name = at.text(-1)
    if at.text() == "<" or (at.kind() == "LPAR" and name in ("list", "column")):
        advice = f"write `{name}[...]`"
        return Diagnostic("P2-E0110", "types take their arguments in `[ ]`", at.span(), help=advice)
    if at.kind() == "LPAR" and name == "table":
        advice = "write `table{name: type, name: type}`"
        return Diagnostic(
            "P2-E0110", "the columns of a table stand in `{ }`", at.span(), help=advice
        )
    if at.kind() == "VBAR" and at.text(1).lower() in ("null", "none"):
        span = at.stretch(-1, 1)
        return Diagnostic(
            "P2-E0110",
            "a type that may be null ends in `?`",
            span,
            help=f"write `{name}?`",
            fix=Fix(span, f"{name}?"),
        )
    return None


def _missing_type(at: Trouble) -> Diagnostic:
    name, span = at.text(-1), at.span(-1)
    if at.kind() == "NAME":
        advice = f"write `{name}: {at.text()}`"
        fix = Fix(span, f"{name}:")
        return Diagnostic(
            "P2-E0116", f"`:` is missing before {at.shown()}", at.span(), help=advice, fix=fix
        )
    guess = _guessed(at)
    kind = "param" if at.head == "PARAM" else "parameter"
    fix = Fix(span, f"{name}: {guess}")
    return Diagnostic(
        "P2-E0116",
        f"the {kind} `{name}` has no type",
        span,
        help=f"write `{name}: {guess}`",
        fix=fix,
    )


def _guessed(at: Trouble) -> str:
    if at.kind() != "EQUAL":
        return "number"
    if at.kind(1) == "NUMBER" and at.text(1).isdigit():
        return "int"
    return _TYPES.get(at.kind(1), "number")


RULES: tuple[Rule, ...] = (bindings, several_bindings, types, missing_signs, names)
FIRST_RULES: tuple[Rule, ...] = (odd_names,)
