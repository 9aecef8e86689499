"""Expressions, flows and types as documents."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable

from p2lang import ast
from p2lang.fmt import words
from p2lang.fmt.layout import (
    FORCED,
    NEWLINE,
    NOTHING,
    SPACE,
    Document,
    WhenBroken,
    group,
    indented,
    joined,
    rendered,
    sequence,
)

_LEVELS = {
    "or": 1, "and": 2, "not": 3,
    "==": 4, "!=": 4, "<=": 4, ">=": 4, "<": 4, ">": 4, "in": 4, "not in": 4,
    "..": 5, "+": 6, "-": 6, "*": 7, "/": 7, "-x": 8, "**": 9,
}  # fmt: skip
_CHAINS = ("or", "and", "+", "-", "*", "/")
_ATOM = 10
_ENDLESS = 1_000_000_000
_HOLE = re.compile(r'(?:[^"{}\n]|"[^"\\\n]*(?:\\.[^"\\\n]*)*")*\Z')
_BRACES = {"{": "{{", "}": "}}"}
_ARGUMENT_WORDS = frozenset(("if", "not", "true", "false", "null"))

DEFINING = frozenset(("derive", "summary"))
"""Steps whose named arguments define columns; those are written `name = value`."""
_NOT_DEFINED = frozenset(("by",))


class ExpressionPrinter(ABC):
    """Gives expressions and flows; the statements in a flow's boxes are left to the class that inherits from this."""

    @abstractmethod
    def block(self, node: ast.Block, *, inline: bool = False) -> Document:
        """Give statements in braces; `inline` allows one simple statement on the line of the braces."""

    def expression(self, expr: ast.Expr, least: int = 0) -> Document:
        """Give an expression, in parentheses when it holds together less than wanted."""
        if level(expr) < least:
            return sequence("(", self._bare(expr), ")")
        return self._bare(expr)

    def _bare(self, expr: ast.Expr) -> Document:
        match expr:
            case ast.Binary():
                return self._binary(expr)
            case ast.Call():
                name = words.dotted(expr.name, words.VALUE_WORDS)
                return self.call(name, expr.name.parts[-1].text, expr.arguments, expr.dangling)
            case ast.ListExpr():
                items = [self.argument(a) for a in expr.items]
                return bracketed("[", items, expr.items, "]", expr.dangling)
            case ast.If():
                return group(
                    "if ",
                    self.expression(expr.condition),
                    indented(
                        SPACE,
                        "then ",
                        self.expression(expr.then),
                        SPACE,
                        "else ",
                        self.expression(expr.otherwise),
                    ),
                )
            case ast.Unary():
                sign = "not " if expr.operator == "not" else "-"
                return sequence(sign, self.expression(expr.operand, level(expr)))
            case ast.Range():
                return sequence(self.expression(expr.low, 6), "..", self.expression(expr.high, 6))
            case ast.Paren():
                inside = indented(NOTHING, self.flow(expr.flow, nested=True))
                return group("(", inside, NOTHING, ")")
            case _:
                return self.word(expr)

    def word(self, expr: ast.Expr) -> str:
        """Give an expression that never takes more than one line."""
        match expr:
            case ast.Number():
                return words.number(expr)
            case ast.Quantity():
                return words.quantity(expr)
            case ast.String():
                return f'"{words.escaped(expr.value)}"'
            case ast.FString():
                return self.fstring(expr)
            case ast.Bool():
                return "true" if expr.value else "false"
            case ast.Null():
                return "null"
            case ast.Var():
                return ".".join(
                    [words.binding(expr.name.text), *(words.name(f.text) for f in expr.fields)]
                )
            case ast.Column():
                return words.dotted(expr.name, words.VALUE_WORDS)
            case _:
                raise ValueError(f"{type(expr).__name__} is not an expression")

    def fstring(self, expr: ast.FString) -> str:
        """Give a text with holes; raises ValueError when a hole holds what cannot stand in one."""
        out: list[str] = []
        for part in expr.parts:
            if isinstance(part, str):
                out += [_BRACES.get(character) or words.escaped(character) for character in part]
                continue
            hole = self.one_line(part)
            if any(isinstance(n, ast.FString) for n in ast.walk(part)) or not _HOLE.match(hole):
                raise ValueError(f"{hole} cannot stand inside a hole; bind it with `let`")
            out.append(f"{{{hole}}}")
        return f'f"{"".join(out)}"'

    def one_line(self, expr: ast.Expr) -> str:
        """Give an expression on one line, however long; line ends stay only where a comment needs one."""
        return rendered(self.expression(expr), _ENDLESS)

    def _binary(self, expr: ast.Binary) -> Document:
        mine = level(expr)
        if expr.operator == "**":
            return sequence(
                self.expression(expr.left, _ATOM), " ** ", self.expression(expr.right, 8)
            )
        if expr.operator not in _CHAINS:
            right = self.expression(expr.right, mine + 1)
            return sequence(self.expression(expr.left, mine + 1), f" {expr.operator} ", right)
        links: list[Document] = []
        left_most: ast.Expr = expr
        while isinstance(left_most, ast.Binary) and level(left_most) == mine:
            right = self.expression(left_most.right, mine + 1)
            links.append(sequence(SPACE, f"{left_most.operator} ", right))
            left_most = left_most.left
        return group(self.expression(left_most, mine + 1), indented(*reversed(links)))

    # ---- arguments ----

    def call(
        self,
        name: str,
        operation: str,
        arguments: tuple[ast.Argument, ...],
        dangling: ast.Comments = (),
    ) -> Document:
        """Give a call; `operation` tells how its named arguments are written."""
        documents = [self.argument(a, defines=operation in DEFINING) for a in arguments]
        return sequence(name, bracketed("(", documents, arguments, ")", dangling))

    def argument(self, node: ast.Argument, *, defines: bool = False) -> Document:
        """Give an argument or list item without its comments."""
        value = self.expression(node.value)
        if node.name is None:
            return value
        equals = " = " if defines and node.name.text not in _NOT_DEFINED else "="
        return sequence(words.name(node.name.text, _ARGUMENT_WORDS), equals, value)

    # ---- flows ----

    def flow(self, node: ast.Flow, *, nested: bool = False, stands_alone: bool = False) -> Document:
        """Give a head and its steps: on one line when short and simple, otherwise each step on its own line.

        A flow that stands alone starts with a call, a `$name` or a box; ValueError for any other.
        """
        if node.head is None:
            return self.steps(node.stages, nested=nested)
        head = self._head(node.head, stands_alone=stands_alone)
        if not node.stages:
            return sequence(head, end_of_line(node.head_comment))
        force: list[Document] = [FORCED] if not nested and _stands_apart(node) else []
        return group(
            head,
            end_of_line(node.head_comment),
            indented(*force, *(part for s in node.stages for part in (SPACE, self.piped(s)))),
        )

    def _head(self, node: ast.Expr | ast.Box, *, stands_alone: bool) -> Document:
        if isinstance(node, ast.Box):
            return self.box(node)
        if not stands_alone:
            return self.expression(node)
        if isinstance(node, ast.Call):
            name = words.dotted(node.name, ast.KEYWORDS)
            return self.call(name, node.name.parts[-1].text, node.arguments, node.dangling)
        if isinstance(node, ast.Var):
            return self.word(node)
        if isinstance(node, ast.FString):
            return self.expression(node)
        raise ValueError(f"a statement cannot start with a {type(node).__name__}")

    def box(self, node: ast.Box) -> Document:
        """Give a frame, report or page."""
        parts: list[Document] = [node.kind]
        if isinstance(node.label, ast.Name):
            parts += [" ", words.name(node.label.text)]
        elif node.label is not None:
            parts += [" ", self.word(node.label)]
        if node.arguments is not None:
            gap = " " if node.label is not None else ""
            parts.append(self.call(gap, node.kind, node.arguments))
        if node.body is not None:
            parts += [" ", self.block(node.body, inline=True)]
        return sequence(*parts)

    def steps(
        self, stages: tuple[ast.Stage | ast.Splice, ...], *, nested: bool = False
    ) -> Document:
        """Give steps without a head, beginning with a space or a line end."""
        force: list[Document] = [FORCED] if not nested and _with_arguments(stages) > 1 else []
        return group(indented(*force, *(part for s in stages for part in (SPACE, self.piped(s)))))

    def piped(self, node: ast.Stage | ast.Splice) -> Document:
        """Give a step with its bar and its comments."""
        return sequence(above(node), "| ", indented(self.stage(node)), behind(node))

    def stage(self, node: ast.Stage | ast.Splice) -> Document:
        """Give a step without its bar and comments."""
        if isinstance(node, ast.Splice):
            return words.binding(node.name.text)
        name = words.dotted(node.name)
        if node.arguments is None:
            return name
        return self.call(name, node.name.parts[-1].text, node.arguments, node.dangling)


def level(expr: ast.Expr) -> int:
    """Give how strongly an expression holds together, from `if` (0) to a single word."""
    match expr:
        case ast.If():
            return 0
        case ast.Binary(operator=operator):
            return _LEVELS[operator]
        case ast.Range():
            return _LEVELS[".."]
        case ast.Unary(operator=operator):
            return _LEVELS["not" if operator == "not" else "-x"]
        case _:
            return _ATOM


def bracketed(
    opening: str,
    documents: list[Document],
    nodes: Iterable[ast.Commented | None],
    closing: str,
    dangling: ast.Comments = (),
) -> Document:
    """Give items in brackets: on one line, or each on its own with a comma after every one."""
    if not documents and not dangling:
        return opening + closing
    inside: list[Document] = []
    for i, (document, node) in enumerate(zip(documents, nodes, strict=True)):
        comma: Document = "," if i + 1 < len(documents) else WhenBroken(",")
        if i:
            inside.append(SPACE)
        if node is None:
            inside += [document, comma]
        else:
            inside += [above(node), document, comma, behind(node)]
    if dangling:
        inside += [NEWLINE] * bool(documents) + [
            joined(NEWLINE, words.comment_lines(dangling)),
            FORCED,
        ]
    return group(opening, indented(NOTHING, *inside), NOTHING, closing)


def above(node: ast.Commented) -> Document:
    """Give the comments above a node, each on its own line."""
    lines: list[Document] = list(words.comment_lines(node.comments))
    return sequence(*(part for text in lines for part in (text, NEWLINE)))


def behind(node: ast.Commented) -> Document:
    """Give the comment at the end of a node's last line."""
    return end_of_line(node.trailing)


def end_of_line(text: str) -> Document:
    """Give a comment behind something, and break every group around it."""
    return sequence(f" {words.comment(text)}", FORCED) if text else sequence()


def _stands_apart(node: ast.Flow) -> bool:
    has_body = isinstance(node.head, ast.Box) and node.head.body is not None
    return has_body or _with_arguments(node.stages) > 1


def _with_arguments(stages: tuple[ast.Stage | ast.Splice, ...]) -> int:
    return sum(isinstance(s, ast.Stage) and s.arguments is not None for s in stages)


# ---- types ------------------------------------------------------------------------------------


def type_expression(node: ast.TypeExpr) -> Document:
    """Give a written type."""
    parts: list[Document] = [words.name(node.name.text)]
    if node.arguments:
        parts += ["[", joined(", ", map(type_expression, node.arguments)), "]"]
    if node.fields is not None:
        fields: list[Document] = [
            sequence(words.name(f.name.text), ": ", type_expression(f.type)) for f in node.fields
        ]
        parts.append(bracketed("{", fields, [None] * len(fields), "}"))
    return sequence(*parts, "?" if node.nullable else "")
