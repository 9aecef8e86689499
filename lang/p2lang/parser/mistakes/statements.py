"""Words and signs that a statement needs, and statements where none can stand."""

from __future__ import annotations

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.parser.mistakes.trouble import STATEMENT_WORDS, Rule, Trouble

_SIGNS = {
    "EQUAL": "=", "COLON": ":", "ARROW": "->", "LBRACE": "{", "IN": "in", "AS": "as", "THEN": "then",
    "ELSE": "else", "BY_PYTHON": "python", "LSQB": "[", "RPAR": ")", "RSQB": "]", "LPAR": "(",
}  # fmt: skip
FORMS = {
    "USE": 'use "lab/name@1.0.0" as name',
    "PARAM": "param name: type = default",
    "LET": "let name = value",
    "PIPE": "pipe name = [step, step]",
    "DEF": "def name(x: type) = value",
    "SCRIPT": 'script name(x: type): type = python """..."""',
    "TASK": "task name { ... }",
    "LINK": 'link name: type -> "source"',
    "EXPOSE": "expose name: type = flow",
    "IMPOSE": 'impose condition else "message"',
    "REPEAT": "repeat name in list { ... }",
    "WHEN": "when condition { ... }",
}
"""How each statement is written."""


def nested_statements(at: Trouble) -> Diagnostic | None:
    """A statement inside of brackets."""
    for d in (-1, -2):
        if (
            at.kind(d) in STATEMENT_WORDS
            and at.kind(d - 1) in ("LPAR", "LSQB", "COMMA", "EQUAL")
            and at.inside
        ):
            advice = "write it before, as a statement of its own"
            message = f"a statement with {at.shown(d)} cannot stand inside brackets"
            return (
                Diagnostic("P2-E0100", message, at.span(d), help=advice)
                if at.inside != "LBRACE"
                else None
            )
    return None


def messages(at: Trouble) -> Diagnostic | None:
    """`impose condition, "message"`."""
    if (
        at.head != "IMPOSE"
        or at.kind() not in ("COMMA", "STRING", "FSTRING")
        or at.inside
        or at.place < 2
    ):
        return None
    advice = f"write `{FORMS['IMPOSE']}`"
    fix = Fix(at.span(), " else") if at.kind() == "COMMA" else None
    return Diagnostic(
        "P2-E0116", "`else` stands before the message", at.span(), help=advice, fix=fix
    )


def missing_words(at: Trouble) -> Diagnostic | None:
    """A sign or word without which the statement cannot go on."""
    if at.wants_value or at.wants_statement:
        return None
    wanted = _one_wanted(at)
    if wanted is None:
        return None
    sign = _SIGNS[wanted]
    form = FORMS.get(at.head if at.head != "WHEN" or wanted == "LBRACE" else "")
    if wanted in ("THEN", "ELSE"):
        form = "if condition then a else b"
    advice = f"write `{form}`" if form else ""
    if at.kind() in ("EQUAL", "COLON", "COMMA", "ARROW", "CMP", "THEN") and not at.ended:
        fix = Fix(at.span(), sign) if wanted != "LBRACE" else None
        return Diagnostic(
            "P2-E0116", f"`{sign}` belongs here, not {at.shown()}", at.span(), help=advice, fix=fix
        )
    return Diagnostic("P2-E0116", f"`{sign}` is missing {at.where}", at.gap, help=advice)


def _one_wanted(at: Trouble) -> str | None:
    for kind in (
        "IN",
        "AS",
        "THEN",
        "ELSE",
        "ARROW",
        "BY_PYTHON",
        "EQUAL",
        "LBRACE",
        "LSQB",
        "COLON",
    ):
        if kind not in at.accepts:
            continue
        if kind == "IN" and at.kind(-2) != "REPEAT":
            continue
        if (
            kind == "ELSE"
            and at.head == "IMPOSE"
            and "THEN" not in [at.kind(d) for d in range(at.first, 0)]
        ):
            continue
        if kind == "LSQB" and at.head != "PIPE":
            continue
        return kind
    return None


def missing_texts(at: Trouble) -> Diagnostic | None:
    """A text is missing: the path of `use`, the source of `link`, the message of `impose`, the Python of `script`."""
    if at.accepts <= {"STRING", "FSTRING"}:
        what = {"USE": "the library", "LINK": "the source"}.get(at.kind(at.first), "the message")
        if at.kind(-1) not in ("USE", "ARROW", "ELSE"):
            what = "the value"
        advice = {"USE": FORMS["USE"], "LINK": FORMS["LINK"]}.get(
            at.kind(at.first), FORMS["IMPOSE"]
        )
        return Diagnostic(
            "P2-E0105", f"{what} is a text in double quotes", at.gap, help=f"write `{advice}`"
        )
    if at.accepts == {"PYTHON"}:
        return Diagnostic(
            "P2-E0105",
            'the Python of a step stands between `"""` and `"""`',
            at.gap,
            help=f"write `{FORMS['SCRIPT']}`",
        )
    return None


RULES: tuple[Rule, ...] = (nested_statements, messages)
LAST_RULES: tuple[Rule, ...] = (missing_texts, missing_words)
