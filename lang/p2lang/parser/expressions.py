"""Actions for expressions, names and types: nodes of p2lang.ast with places and comments.

An action gets all that stands in its rule of the grammar, signs and keywords as well. Mistakes that leave the tree
whole (a bad escape, a keyword as a name, a number too long) are noted in `problems`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from p2lang import ast
from p2lang.diagnostics import Diagnostic
from p2lang.parser import names
from p2lang.parser.comments import Margin
from p2lang.parser.lexer import Tokens
from p2lang.parser.text import pieces, unescaped
from p2lang.parser.tree import Action
from p2lang.source import Span

HoleParser = Callable[[Span], tuple[ast.Expr | None, list[Diagnostic]]]
"""Parses the expression at a place of the text; None when that failed."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What stands in the parentheses of a call."""

    items: tuple[ast.Argument, ...]
    dangling: ast.Comments


@dataclass(slots=True)
class ExpressionBuilder:
    """Makes the expressions of one text."""

    tokens: Tokens
    margin: Margin
    parse_hole: HoleParser
    problems: list[Diagnostic] = field(default_factory=list)

    def actions(self) -> dict[str, Action]:
        """Give the actions by the names that the grammar has for them."""
        return {
            name.removeprefix("on_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("on_")
        }

    def on_hole(self, children: list[Any], first: int, last: int) -> Any:
        """Hand on the expression of a hole."""
        return children[0]

    # ---- what all nodes share ----

    def _commented(self, first: int, last: int) -> dict[str, Any]:
        return {
            "comments": self.margin.above(first, last),
            "trailing": self.margin.behind(last),
            "span": self.tokens.span(first, last),
        }

    def _small(self, first: int, last: int) -> dict[str, Any]:
        given = self._commented(first, last)
        given["comments"] = tuple(text for text in given["comments"] if text)
        return given

    def _name(self, index: int) -> ast.Name:
        text = self.tokens.text_of(index)
        quoted = text.startswith("`")
        return ast.Name(text.strip("`"), quoted, span=self.tokens.span(index))

    def _declared(self, index: int, *, binding: bool = True, task: bool = False) -> ast.Name:
        name = self._name(index)
        problem = names.declared_problem(name, binding=binding, task=task)
        if problem is not None:
            self.problems.append(problem)
        return name

    # ---- expressions ----

    def on_name(self, children: list[Any], first: int, last: int) -> ast.Name:
        """The label of a box."""
        return self._name(first)

    def on_string(self, children: list[Any], first: int, last: int) -> ast.String:
        """`"text"`."""
        return self._string(first)

    def _string(self, index: int) -> ast.String:
        span = self.tokens.span(index)
        value, problems = unescaped(self.tokens.text, span.start + 1, span.end - 1)
        self.problems += problems
        return ast.String(value, span=span)

    def on_fstring(self, children: list[Any], first: int, last: int) -> ast.FString:
        """`f"text {hole}"`."""
        span = self.tokens.span(first)
        found, problems = pieces(self.tokens.text, span.start + 2, span.end - 1)
        self.problems += problems
        parts: list[str | ast.Expr] = []
        for piece in found:
            if piece.kind == "plain":
                parts.append(piece.value)
                continue
            value, problems = self.parse_hole(piece.span)
            self.problems += problems
            if value is not None:
                parts.append(value)
        return ast.FString(tuple(parts), span=span)

    def on_number(self, children: list[Any], first: int, last: int) -> ast.Number:
        """`200_000`, `1e-3`."""
        text, span = self.tokens.text_of(first), self.tokens.span(first)
        self._note(names.number_problem(text, span))
        return ast.Number(text, span=span)

    def on_quantity(self, children: list[Any], first: int, last: int) -> ast.Quantity:
        """`10min`."""
        span = self.tokens.span(first)
        text, unit = names.split_quantity(self.tokens.text_of(first))
        self._note(names.number_problem(text, span))
        return ast.Quantity(text, unit, span=span)

    def _note(self, problem: Diagnostic | None) -> None:
        if problem is not None:
            self.problems.append(problem)

    def on_true(self, children: list[Any], first: int, last: int) -> ast.Bool:
        """`true`."""
        return ast.Bool(True, span=self.tokens.span(first))

    def on_false(self, children: list[Any], first: int, last: int) -> ast.Bool:
        """`false`."""
        return ast.Bool(False, span=self.tokens.span(first))

    def on_null(self, children: list[Any], first: int, last: int) -> ast.Null:
        """`null`."""
        return ast.Null(span=self.tokens.span(first))

    def on_var(self, children: list[Any], first: int, last: int) -> ast.Var:
        """`$name.field`."""
        variable, *fields = children
        return ast.Var(
            self._variable(variable),
            tuple(self._name(index) for index in fields[1::2]),
            span=self.tokens.span(first, last),
        )

    def _variable(self, index: int) -> ast.Name:
        return ast.Name(self.tokens.text_of(index)[1:], span=self.tokens.span(index))

    def on_column(self, children: list[Any], first: int, last: int) -> ast.Column:
        """A bare name."""
        return ast.Column(children[0], span=self.tokens.span(first, last))

    def on_qname(self, children: list[Any], first: int, last: int) -> ast.QName:
        """`sm.ema`."""
        parts = tuple(self._name(index) for index in children[::2])
        return ast.QName(parts, span=self.tokens.span(first, last))

    def on_call(self, children: list[Any], first: int, last: int) -> ast.Call:
        """`name(arguments)`."""
        name, arguments = children
        return ast.Call(
            name, arguments.items, arguments.dangling, span=self.tokens.span(first, last)
        )

    def on_args(self, children: list[Any], first: int, last: int) -> Arguments:
        """`(a, b=1)`."""
        return Arguments(tuple(children[1:-1:2]), self._inner_dangling(last))

    def _inner_dangling(self, closer: int) -> ast.Comments:
        return tuple(text for text in self.margin.dangling(closer) if text)

    def on_named(self, children: list[Any], first: int, last: int) -> ast.Argument:
        """`name=value`."""
        name, _, value = children
        return ast.Argument(value, self._name(name), **self._small(first, last))

    def on_positional(self, children: list[Any], first: int, last: int) -> ast.Argument:
        """An argument or list item without a name."""
        return ast.Argument(children[0], **self._small(first, last))

    def on_list(self, children: list[Any], first: int, last: int) -> ast.ListExpr:
        """`[a, b]`."""
        dangling = self._inner_dangling(last)
        return ast.ListExpr(tuple(children[1:-1:2]), dangling, span=self.tokens.span(first, last))

    def on_if_(self, children: list[Any], first: int, last: int) -> ast.If:
        """`if a then b else c`."""
        return ast.If(*children[1::2], span=self.tokens.span(first, last))

    def on_binary(self, children: list[Any], first: int, last: int) -> ast.Binary:
        """`a + b`."""
        left, operator, right = children
        return ast.Binary(
            self.tokens.text_of(operator),
            left,
            right,
            span=self.tokens.span(first, last),
        )

    def on_not_in(self, children: list[Any], first: int, last: int) -> ast.Binary:
        """`a not in b`."""
        left, _, _, right = children
        return ast.Binary(
            "not in",
            left,
            right,
            span=self.tokens.span(first, last),
        )

    def on_unary(self, children: list[Any], first: int, last: int) -> ast.Unary:
        """`not a`, `-a`."""
        operator, operand = children
        return ast.Unary(self.tokens.text_of(operator), operand, span=self.tokens.span(first, last))

    def on_range(self, children: list[Any], first: int, last: int) -> ast.Range:
        """`low..high`."""
        low, _, high = children
        return ast.Range(low, high, span=self.tokens.span(first, last))

    def on_paren(self, children: list[Any], first: int, last: int) -> ast.Paren:
        """`(flow)`."""
        return ast.Paren(children[1], span=self.tokens.span(first, last))

    # ---- types ----

    def on_type(self, children: list[Any], first: int, last: int) -> ast.TypeExpr:
        """`table{a: int}`, `list[number]`, `int?`."""
        name, _, arguments, _, fields, optional = children
        return ast.TypeExpr(
            self._name(name),
            arguments or (),
            fields,
            optional is not None,
            span=self.tokens.span(first, last),
        )

    def on_types(self, children: list[Any], first: int, last: int) -> tuple[ast.TypeExpr, ...]:
        """The types in square brackets."""
        return tuple(children[::2])

    def on_schema(self, children: list[Any], first: int, last: int) -> tuple[ast.TypeField, ...]:
        """The columns in braces."""
        return tuple(children[1:-1:2])

    def on_field(self, children: list[Any], first: int, last: int) -> ast.TypeField:
        """`name: type`."""
        name, _, kind = children
        return ast.TypeField(self._name(name), kind, span=self.tokens.span(first, last))
