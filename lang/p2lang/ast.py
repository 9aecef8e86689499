"""The syntax tree of a `.p2` script: frozen nodes with spans and the comments that belong to them.

A tree comes from `p2lang.parser` or is built by a program (starter scripts); `p2lang.fmt` prints it. Nodes compare
without spans and comments, so two scripts that differ only in layout have equal trees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from p2lang.source import NOWHERE, Span

Comments = tuple[str, ...]
"""Whole comment lines, each with its `#`, without the line end; an empty text is a blank line between them."""

KEYWORDS = frozenset(
    (
        *("p2", "use", "as", "param", "where", "let", "pipe", "def", "script", "python"),
        *(
            "task",
            "after",
            "link",
            "via",
            "expose",
            "impose",
            "else",
            "repeat",
            "in",
            "when",
            "otherwise",
        ),
        *("frame", "report", "page", "if", "then", "or", "and", "not", "true", "false", "null"),
    )
)
"""Words that cannot name what a script declares, and that stand in backticks where they would be read as words."""

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
"""A name that needs no backticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything with a place in the source."""

    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented(Node):
    """A node that carries comments: those on lines above it and the one at the end of its last line."""

    comments: Comments = field(default=(), compare=False, repr=False)
    trailing: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Commented):
    """A node that stands by itself; `blank_before` says whether a blank line is above it, None that nobody chose."""

    blank_before: bool | None = field(default=None, compare=False, repr=False)


def children(node: Node) -> Iterator[Node]:
    """Give the nodes directly inside one, in the order of the source."""
    for each in fields(node):
        yield from _nodes(getattr(node, each.name))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)


def walk(node: Node) -> Iterator[Node]:
    """Give a node and everything inside it, outer before inner, without recursion."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += reversed(list(children(current)))


# ---- names and types ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name(Node):
    """An identifier as it means, without backticks or `$`; `quoted` tells that backticks stood around it."""

    text: str
    quoted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class QName(Node):
    """A dotted name such as `sm.ema`."""

    parts: tuple[Name, ...]

    @property
    def text(self) -> str:
        """Give the parts joined by dots."""
        return ".".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class TypeField(Node):
    """A column promised by a table type."""

    name: Name
    type: TypeExpr


@dataclass(frozen=True, slots=True)
class TypeExpr(Node):
    """A written type: `int`, `list[number]`, `table{a: int, b: number?}`; `fields` is None without braces."""

    name: Name
    arguments: tuple[TypeExpr, ...] = ()
    fields: tuple[TypeField, ...] | None = None
    nullable: bool = False


# ---- expressions ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number as written (`200_000`, `1e-3`); underscores kept."""

    text: str


@dataclass(frozen=True, slots=True)
class Quantity(Node):
    """A number with a unit as written: `text` "10", `unit` "min"."""

    text: str
    unit: str


@dataclass(frozen=True, slots=True)
class String(Node):
    """Text; `value` is what it means, escapes resolved."""

    value: str


@dataclass(frozen=True, slots=True)
class FString(Node):
    """Text with holes: plain strings and expressions in order."""

    parts: tuple[str | Expr, ...]


@dataclass(frozen=True, slots=True)
class Bool(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Null(Node):
    """`null`."""


@dataclass(frozen=True, slots=True)
class Var(Node):
    """A binding `$name`, perhaps with columns or fields after dots."""

    name: Name
    fields: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Column(Node):
    """A bare name in an expression: a column (a dotted one is a mistake that the checker explains)."""

    name: QName


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`name(arguments)`."""

    name: QName
    arguments: tuple[Argument, ...]
    dangling: Comments = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ListExpr(Node):
    """`[a, b]`."""

    items: tuple[Argument, ...]
    dangling: Comments = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if a then b else c`."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """A binary operator: or and == != <= >= < > in `not in` + - * / **."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`not a` or `-a`."""

    operator: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Range(Node):
    """`low..high`, both ends included."""

    low: Expr
    high: Expr


@dataclass(frozen=True, slots=True)
class Paren(Node):
    """A flow or expression in parentheses."""

    flow: Flow


@dataclass(frozen=True, slots=True)
class Argument(Commented):
    """An argument or list item; `name` is None for a positional one."""

    value: Expr
    name: Name | None = None


# ---- flows ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage(Commented):
    """A step of a flow; `arguments` is None when no parentheses were written."""

    name: QName
    arguments: tuple[Argument, ...] | None = None
    dangling: Comments = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Splice(Commented):
    """`| $name`: the steps of a pipe."""

    name: Name


@dataclass(frozen=True, slots=True)
class Box(Node):
    """`frame`, `report` or `page` at the head of a flow; `body` is None without braces."""

    kind: str
    label: Name | String | None = None
    arguments: tuple[Argument, ...] | None = None
    body: Block | None = None


@dataclass(frozen=True, slots=True)
class Flow(Node):
    """A head and the steps after it; with no steps it is just a value.

    `head` is None in the body of a step: `def f() = | a | b`. `head_comment` stands at the end of the head's line.
    """

    head: Expr | Box | None
    stages: tuple[Stage | Splice, ...] = ()
    head_comment: str = field(default="", compare=False, repr=False)


Expr = (
    Number
    | Quantity
    | String
    | FString
    | Bool
    | Null
    | Var
    | Column
    | Call
    | ListExpr
    | If
    | Binary
    | Unary
    | Range
    | Paren
)


# ---- statements -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Block(Node):
    """Statements in braces; `dangling` are comments after the last one."""

    items: tuple[Item, ...]
    dangling: Comments = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Use(Statement):
    """`use "lab/style@2.0.1" sha256 "..." as style`."""

    path: String
    alias: Name
    pins: tuple[tuple[Name, String], ...] = ()


@dataclass(frozen=True, slots=True)
class Param(Statement):
    """`param name: type = default where condition`."""

    name: Name
    type: TypeExpr
    default: Expr | None = None
    where: Expr | None = None


@dataclass(frozen=True, slots=True)
class Let(Statement):
    """`let name: type = flow`."""

    name: Name
    value: Flow
    type: TypeExpr | None = None


@dataclass(frozen=True, slots=True)
class Pipe(Statement):
    """`pipe name = [step, step]`."""

    name: Name
    stages: tuple[Stage | Splice, ...]
    dangling: Comments = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Parameter(Commented):
    """A parameter of a `def`, `script` or `task`."""

    name: Name
    type: TypeExpr
    default: Expr | None = None


@dataclass(frozen=True, slots=True)
class Def(Statement):
    """`def name(parameters): type = body`; the body has no head when it is a step."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: Flow
    type: TypeExpr | None = None


@dataclass(frozen=True, slots=True)
class ScriptDef(Statement):
    """A step in restricted Python; `body` is the text between the triple quotes."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: str
    type: TypeExpr | None = None


@dataclass(frozen=True, slots=True)
class Task(Statement):
    """`task name(parameters) after other { }`; `parameters` is None when no parentheses were written."""

    name: Name
    body: Block
    parameters: tuple[Parameter, ...] | None = None
    after: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Link(Statement):
    """`link name: type -> "source" via | steps`."""

    name: Name
    source: String
    type: TypeExpr | None = None
    via: tuple[Stage | Splice, ...] = ()


@dataclass(frozen=True, slots=True)
class Expose(Statement):
    """`expose name: type = flow`."""

    name: Name
    value: Flow
    type: TypeExpr | None = None


@dataclass(frozen=True, slots=True)
class ImposeThat(Statement):
    """`impose condition else "message"`."""

    condition: Expr
    message: String | FString | None = None


@dataclass(frozen=True, slots=True)
class ImposeInput(Statement):
    """`impose name: type`."""

    name: Name
    type: TypeExpr


@dataclass(frozen=True, slots=True)
class Repeat(Statement):
    """`repeat name in list { }`."""

    name: Name
    over: Expr
    body: Block


@dataclass(frozen=True, slots=True)
class When(Statement):
    """`when condition { } otherwise { }`."""

    condition: Expr
    body: Block
    otherwise: Block | None = None


@dataclass(frozen=True, slots=True)
class FlowStatement(Statement):
    """A flow as a statement."""

    flow: Flow


Item = (
    Use
    | Param
    | Let
    | Pipe
    | Def
    | ScriptDef
    | Task
    | Link
    | Expose
    | ImposeThat
    | ImposeInput
    | Repeat
    | When
    | FlowStatement
)


@dataclass(frozen=True, slots=True)
class Script(Node):
    """A whole script. `header` are comments above the edition line, `dangling` those after the last statement."""

    items: tuple[Item, ...]
    edition: int | None = None
    header: Comments = field(default=(), compare=False, repr=False)
    edition_trailing: str = field(default="", compare=False, repr=False)
    dangling: Comments = field(default=(), compare=False, repr=False)
