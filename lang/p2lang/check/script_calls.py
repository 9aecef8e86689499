"""Calls in the text of a step in Python that touch something outside: found by their words, arguments as literals.

The text is looked at as tokens only; whether it is Python, and runs, is the child's to say. What is not found here is
not among a program's operations, and a child can do nothing that is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from p2lang import ast
from p2lang.semantics.script_text import Token, first_fault, tokens
from p2lang.source import Span

READING: Final = frozenset(("access", "copy", "collect"))
DOING: Final = frozenset(
    ("expose", "plot", "release", "handin", "handoff", "share", "link", "impose")
)
_CONSTANTS: Final[dict[str, ast.Expr]] = {
    "True": ast.Bool(True),
    "False": ast.Bool(False),
    "None": ast.Null(),
}
_QUANTITY: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|ms|s|min|h|d)\Z")
_PLAIN: Final = re.compile(r"[rRuU]?(?:'''|'|\"\"\"|\")")


@dataclass(frozen=True)
class Other:
    """An argument that is no literal: known when the text runs."""

    span: Span


Argument: TypeAlias = ast.Expr | Other


@dataclass(frozen=True)
class Called:
    """A call: its word, what stands in its parentheses, where it stands in the text and in the script."""

    word: str
    given: tuple[Argument, ...]
    named: tuple[tuple[str, Argument], ...]
    key: str
    span: Span

    def text(self, number: int) -> str | None:
        """Give an argument without a name when it is plain text."""
        if number < len(self.given):
            value = self.given[number]
            return value.value if isinstance(value, ast.String) else None
        return None


def called(text: str, start: int) -> list[Called]:
    """Give the calls of a text that begins at `start` in the script; none of a text that is not fit."""
    if first_fault(text) is not None:
        return []
    found = list(tokens(text))
    return [
        _Reader(text, start, found, number).call()
        for number, token in enumerate(found[:-1])
        if token.kind == "name"
        and token.text in READING | DOING
        and found[number + 1].text == "("
        and not (number and found[number - 1].text in (".", "def"))
    ]


class _Reader:
    """Reads one call from its word on."""

    def __init__(self, text: str, start: int, found: Sequence[Token], at: int) -> None:
        self._text = text
        self._start = start
        self._tokens = [t for t in found[at:] if t.kind != "newline"]
        self._at = 0

    def call(self) -> Called:
        """Give the call."""
        word = self._tokens[0]
        self._at = 1
        given, named, end = self._arguments()
        before = self._text[: word.start]
        line, column = before.count("\n") + 1, word.start - (before.rfind("\n") + 1)
        span = Span(self._start + word.start, self._start + end)
        return Called(word.text, tuple(given), tuple(named), f"{line}:{column}", span)

    def _arguments(self) -> tuple[list[Argument], list[tuple[str, Argument]], int]:
        """Read from `(` to behind its `)`."""
        given: list[Argument] = []
        named: list[tuple[str, Argument]] = []
        self._at += 1
        while self._peek() not in (")", "]", "}", ""):
            if self._peek(1) == "=" and self._token().kind == "name":
                name = self._token().text
                self._at += 2
                named.append((name, self._value()))
            else:
                given.append(self._value())
            if self._peek() == ",":
                self._at += 1
        end = self._tokens[min(self._at, len(self._tokens) - 1)].end
        self._at += 1
        return given, named, end

    def _value(self) -> Argument:
        first = self._at
        value = self._literal()
        if value is not None and self._peek() in (",", ")", "]", ""):
            return value
        self._at = first
        return self._skipped()

    def _literal(self) -> ast.Expr | None:
        if self._at >= len(self._tokens):
            return None
        token = self._token()
        span = Span(self._start + token.start, self._start + token.end)
        self._at += 1
        if token.kind == "string":
            return _string(token.text, span)
        if token.kind == "number" and re.fullmatch(
            r"[0-9_]+(\.[0-9_]+)?([eE][+-]?[0-9]+)?", token.text
        ):
            return ast.Number(token.text, span=span)
        if token.text == "-":
            inner = self._literal()
            return ast.Unary("-", inner, span=span) if isinstance(inner, ast.Number) else None
        if token.text == "[":
            return self._list(span)
        return self._name(token.text, span) if token.kind == "name" else None

    def _name(self, text: str, span: Span) -> ast.Expr | None:
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if self._peek() == "(":
            return self._inner_call(text, span)
        return ast.Var(ast.Name(text, span=span), span=span)

    def _list(self, span: Span) -> ast.Expr | None:
        items: list[ast.Argument] = []
        while self._peek() not in (")", "]", "}", ""):
            value = self._value()
            if isinstance(value, Other):
                return None
            items.append(ast.Argument(value, span=span))
            if self._peek() == ",":
                self._at += 1
        self._at += 1
        return ast.ListExpr(tuple(items), span=span)

    def _inner_call(self, word: str, span: Span) -> ast.Expr | None:
        given, named, _ = self._arguments()
        if (
            word != "gather_tasks"
            or named
            or len(given) != 1
            or not isinstance(given[0], ast.String)
        ):
            return None
        return call_of(word, [(None, given[0])], span)

    def _skipped(self) -> Other:
        first, deep = self._at, 0
        while self._at < len(self._tokens):
            text = self._peek()
            if deep == 0 and text in (",", ")", "]", "}"):
                break
            deep += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
            self._at += 1
        last = max(self._at - 1, first)
        ends = (
            self._tokens[min(first, len(self._tokens) - 1)],
            self._tokens[min(last, len(self._tokens) - 1)],
        )
        return Other(Span(self._start + ends[0].start, self._start + ends[1].end))

    def _token(self) -> Token:
        return self._tokens[self._at]

    def _peek(self, further: int = 0) -> str:
        at = self._at + further
        return self._tokens[at].text if at < len(self._tokens) else ""


def call_of(word: str, arguments: Sequence[tuple[str | None, ast.Expr]], span: Span) -> ast.Call:
    """Give a call in the language's own tree."""
    return ast.Call(
        ast.QName((ast.Name(word, span=span),), span=span), arguments_of(arguments, span), span=span
    )


def arguments_of(
    arguments: Sequence[tuple[str | None, ast.Expr]], span: Span
) -> tuple[ast.Argument, ...]:
    """Give arguments in the language's own tree; text such as "10min" for a time is one."""
    return tuple(
        ast.Argument(
            _timed(name, value),
            None if name is None else ast.Name(name, span=span),
            span=span,
        )
        for name, value in arguments
    )


def _timed(name: str | None, value: ast.Expr) -> ast.Expr:
    if name != "timeout":
        return value
    if isinstance(value, ast.Number):
        return ast.Quantity(value.text, "s", span=value.span)
    match = _QUANTITY.match(value.value) if isinstance(value, ast.String) else None
    return value if match is None else ast.Quantity(match[1], match[2], span=value.span)


def _string(text: str, span: Span) -> ast.Expr | None:
    """Give a string literal without escapes beside the usual ones; None for f-strings and the like."""
    match = _PLAIN.match(text)
    if match is None:
        return None
    quote = match[0].lstrip("rRuU")
    inside = text[match.end() : -len(quote)]
    if "\\" not in inside or match[0][0] in "rR":
        return ast.String(inside, span=span)
    try:
        meant = json.loads('"' + inside.replace('"', '\\"').replace("\\'", "'") + '"')
    except ValueError:
        return None
    return ast.String(meant, span=span)
