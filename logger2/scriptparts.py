"""Short ways to say pieces of a script as syntax tree; nothing here is text that could be pasted wrongly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from p2lang import ast
from p2lang.fmt import format_script
from p2lang.source import INVISIBLE_LETTER

EDITION = 1
MAX_QUOTED = 200
_NOT_WORD = re.compile(r"[^A-Za-z0-9_]+")

Value = ast.Expr | str | int | float
"""An expression, or text and numbers that stand for themselves."""


def can_be_named(column: str) -> bool:
    """Tell whether a script can name this column: backticks hold up to 200 visible characters, none a backtick."""
    return 0 < len(column) <= MAX_QUOTED and one_line(column) == column and "`" not in column


def column(name: str) -> ast.Column:
    """Give a column; the formatter puts backticks where they are needed."""
    return ast.Column(ast.QName((_name(name),)))


def columns(names: Iterable[str]) -> ast.ListExpr:
    """Give a list of columns: `[lr, step]`."""
    return ast.ListExpr(tuple(ast.Argument(column(name)) for name in names))


def binding(name: str) -> ast.Var:
    """Give `$name`."""
    return ast.Var(ast.Name(name))


def quantity(number: str, unit: str) -> ast.Quantity:
    """Give a number with its unit: `160mm`, `95%`."""
    return ast.Quantity(number, unit)


def call(name: str, *arguments: Value, **named: Value) -> ast.Call:
    """Give `name(arguments)`."""
    return ast.Call(_word(name), _arguments(arguments, named))


def step(name: str, *arguments: Value, **named: Value) -> ast.Stage:
    """Give `| name(arguments)`, without brackets when there are none."""
    return ast.Stage(_word(name), _arguments(arguments, named) or None)


def because(why: str, stage: ast.Stage) -> ast.Stage:
    """Give a step under a `# why:` comment."""
    return replace(stage, comments=reasons(why))


def step_with(
    name: str, new: Mapping[str, ast.Expr], first: Mapping[str, ast.Expr] | None = None
) -> ast.Stage:
    """Give `| name(first=…, new=…)` for new columns whose names no Python keyword could be."""
    given = {**(first or {}), **new}
    return ast.Stage(
        _word(name), tuple(ast.Argument(value, _name(key)) for key, value in given.items())
    )


def reasons(*texts: str) -> ast.Comments:
    """Give `# why:` lines; empty texts give none."""
    return tuple(f"# why: {one_line(text)}" for text in texts if text)


def one_line(text: str) -> str:
    """Give text as a script can hold it in a comment: visible characters on one line."""
    return INVISIBLE_LETTER.sub("?", "".join(c if c.isprintable() else "?" for c in text))


def identifier(text: str, taken: Iterable[str] = ()) -> str:
    """Give a name made of a text's letters and digits that is no keyword and not taken yet."""
    word = _NOT_WORD.sub("_", text).strip("_") or "value"
    if word[0].isdigit() or word in ast.KEYWORDS:
        word = f"v_{word}"
    return free(word, taken)


def free(word: str, taken: Iterable[str]) -> str:
    """Give a word, with underscores behind it until it is not taken."""
    used = frozenset(taken)
    while word in used:
        word += "_"
    return word


def printed(
    items: Iterable[ast.Item], edition: int | None = None, dangling: ast.Comments = ()
) -> str:
    """Give the text of a script of these statements."""
    return format_script(ast.Script(tuple(items), edition, dangling=dangling))


def _arguments(arguments: Iterable[Value], named: Mapping[str, Value]) -> tuple[ast.Argument, ...]:
    positional = tuple(ast.Argument(_expression(value)) for value in arguments)
    return positional + tuple(
        ast.Argument(_expression(value), _name(key)) for key, value in named.items()
    )


def _expression(value: Value) -> ast.Expr:
    if isinstance(value, str):
        return ast.String(value)
    if isinstance(value, int | float):
        return ast.Number(repr(value))
    return value


def _word(name: str) -> ast.QName:
    return ast.QName((ast.Name(name),))


def _name(text: str) -> ast.Name:
    return ast.Name(text, quoted=ast.IDENTIFIER.match(text) is None)
