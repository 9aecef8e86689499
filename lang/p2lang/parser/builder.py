"""The actions of the grammar: what the machine has recognised becomes nodes of p2lang.ast, with places and comments.

Mistakes that leave the tree whole (a bad escape, a keyword as a name, a number too long) are noted in `problems`.
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
from p2lang.parser.machine import Action
from p2lang.parser.text import pieces, unescaped
from p2lang.source import Span

HoleParser = Callable[[Span], tuple[ast.Expr | None, list[Diagnostic]]]
"""Parses the expression at a place of the text; None when that failed."""


@dataclass(frozen=True, slots=True)
class _Header:
    edition: int
    span: Span
    comments: ast.Comments
    trailing: str


@dataclass(frozen=True, slots=True)
class _Arguments:
    items: tuple[ast.Argument, ...]
    dangling: ast.Comments


@dataclass(slots=True)
class Builder:
    """Makes the nodes of one text."""

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

    # ---- the script ----

    def on_script(self, children: list[Any], first: int, last: int) -> ast.Script:
        """Gather the statements; comments after the last one dangle."""
        header = children.pop(0) if children and isinstance(children[0], _Header) else None
        end = len(self.tokens) - 1
        return ast.Script(
            tuple(children),
            header.edition if header else None,
            header=header.comments if header else (),
            edition_trailing=header.trailing if header else "",
            dangling=self.margin.dangling(end),
            span=Span(0, len(self.tokens.text)),
        )

    def on_header(self, children: list[Any], first: int, last: int) -> _Header:
        """Read `p2 1`."""
        text = self.tokens.text_of(last)
        span = self.tokens.span(first, last)
        problem = names.edition_problem(text, self.tokens.span(last))
        if problem is not None:
            self.problems.append(problem)
        edition = int(text) if text.isdigit() and len(text) < 9 else 0
        return _Header(edition, span, self.margin.header(first), self.margin.behind(last))

    def on_hole(self, children: list[Any], first: int, last: int) -> Any:
        """Hand on the expression of a hole."""
        return children[0]

    # ---- declarations ----

    def _statement(self, first: int, last: int) -> dict[str, Any]:
        blank = self.margin.blank_before(first)
        return {**self._commented(first, last), "blank_before": blank}

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

    def _declared(self, index: int, *, binding: bool = True) -> ast.Name:
        name = self._name(index)
        problem = names.declared_problem(name, binding=binding)
        if problem is not None:
            self.problems.append(problem)
        return name

    def on_use(self, children: list[Any], first: int, last: int) -> ast.Use:
        """`use "path" pin "value" as name`."""
        path, *pins, alias = children
        return ast.Use(
            self._string(path),
            self._declared(alias, binding=False),
            tuple(pins),
            **self._statement(first, last),
        )

    def on_pin(self, children: list[Any], first: int, last: int) -> tuple[ast.Name, ast.String]:
        """`sha256 "..."`."""
        return self._name(children[0]), self._string(children[1])

    def on_param(self, children: list[Any], first: int, last: int) -> ast.Param:
        """`param name: type = default where condition`."""
        name, *rest = children
        return ast.Param(self._declared(name), *rest, **self._statement(first, last))

    def on_let(self, children: list[Any], first: int, last: int) -> ast.Let:
        """`let name: type = flow`."""
        name, kind, flow = children
        return ast.Let(self._declared(name), flow, kind, **self._statement(first, last))

    def on_pipe(self, children: list[Any], first: int, last: int) -> ast.Pipe:
        """`pipe name = [step, step]`."""
        name, *stages = children
        dangling = self._inner_dangling(last)
        return ast.Pipe(
            self._declared(name), tuple(stages), dangling, **self._statement(first, last)
        )

    def on_def(self, children: list[Any], first: int, last: int) -> ast.Def:
        """`def name(parameters): type = body`."""
        name, parameters, kind, body = children
        return ast.Def(
            self._declared(name, binding=False),
            parameters,
            body,
            kind,
            **self._statement(first, last),
        )

    def on_params(self, children: list[Any], first: int, last: int) -> tuple[ast.Parameter, ...]:
        """`(a: int, b: number = 1)`."""
        return tuple(children)

    def on_pdecl(self, children: list[Any], first: int, last: int) -> ast.Parameter:
        """`name: type = default`."""
        name, kind, default = children
        return ast.Parameter(self._declared(name), kind, default, **self._small(first, last))

    def on_script_def(self, children: list[Any], first: int, last: int) -> ast.ScriptDef:
        """`script name(parameters): type = python` and the text between triple quotes."""
        name, parameters, kind, body = children
        span = self.tokens.span(body)
        inside = Span(span.start + 3, span.end - 3)
        text = self.tokens.text[inside.start : inside.end].replace("\r\n", "\n")
        return ast.ScriptDef(
            self._declared(name, binding=False),
            parameters,
            text,
            kind,
            inside,
            **self._statement(first, last),
        )

    # ---- tasks and links ----

    def on_task(self, children: list[Any], first: int, last: int) -> ast.Task:
        """`task name(parameters) after other { }`."""
        name, parameters, after, body = children
        return ast.Task(
            self._declared(name, binding=False),
            body,
            parameters,
            after or (),
            **self._statement(first, last),
        )

    def on_after(self, children: list[Any], first: int, last: int) -> tuple[ast.Name, ...]:
        """`after a, b`."""
        return tuple(self._name(index) for index in children)

    def on_link(self, children: list[Any], first: int, last: int) -> ast.Link:
        """`link name: type -> "source" via | steps`."""
        name, kind, source, via = children
        return ast.Link(
            self._declared(name, binding=False),
            self._string(source),
            kind,
            via or (),
            **self._statement(first, last),
        )

    def on_expose(self, children: list[Any], first: int, last: int) -> ast.Expose:
        """`expose name: type = flow`."""
        name, kind, flow = children
        return ast.Expose(
            self._declared(name, binding=False), flow, kind, **self._statement(first, last)
        )

    def on_impose_that(self, children: list[Any], first: int, last: int) -> ast.ImposeThat:
        """`impose condition else "message"`."""
        return ast.ImposeThat(*children, **self._statement(first, last))

    def on_impose_input(self, children: list[Any], first: int, last: int) -> ast.ImposeInput:
        """`impose name: type`."""
        name, kind = children
        return ast.ImposeInput(
            self._declared(name, binding=False), kind, **self._statement(first, last)
        )

    def on_repeat(self, children: list[Any], first: int, last: int) -> ast.Repeat:
        """`repeat name in list { }`."""
        name, over, body = children
        return ast.Repeat(self._declared(name), over, body, **self._statement(first, last))

    def on_when(self, children: list[Any], first: int, last: int) -> ast.When:
        """`when condition { } otherwise { }`."""
        return ast.When(*children, **self._statement(first, last))

    def on_block(self, children: list[Any], first: int, last: int) -> ast.Block:
        """`{ statements }`."""
        dangling = self.margin.dangling(last)
        return ast.Block(tuple(children), dangling, span=self.tokens.span(first, last))

    # ---- flows ----

    def on_flow_st(self, children: list[Any], first: int, last: int) -> ast.FlowStatement:
        """A flow that stands by itself."""
        flow = self.on_flow(children, first, last)
        return ast.FlowStatement(flow, **self._statement(first, last))

    def on_flow(self, children: list[Any], first: int, last: int) -> ast.Flow:
        """A head and its steps."""
        head, stages = children
        comment = ""
        if stages:
            comment = self.margin.behind(self.tokens.at(head.span.end - 1))
        return ast.Flow(head, stages or (), comment, span=self.tokens.span(first, last))

    def on_steps(self, children: list[Any], first: int, last: int) -> ast.Flow:
        """The body of a step: steps without a head."""
        return ast.Flow(None, children[0], span=self.tokens.span(first, last))

    def on_tail(self, children: list[Any], first: int, last: int) -> tuple[Any, ...]:
        """`| step | step`."""
        return tuple(children)

    def on_step(self, children: list[Any], first: int, last: int) -> tuple[Any, Any]:
        """`name` or `name(arguments)`, still without its bar."""
        return children[0], children[1]

    def on_stage(self, children: list[Any], first: int, last: int) -> ast.Stage:
        """`| name(arguments)`."""
        name, arguments = children[0]
        return ast.Stage(
            name,
            arguments.items if arguments else None,
            arguments.dangling if arguments else (),
            **self._step(first, last),
        )

    def on_splice(self, children: list[Any], first: int, last: int) -> ast.Splice:
        """`| $name`."""
        return ast.Splice(self._variable(children[0]), **self._step(first, last))

    def _step(self, first: int, last: int) -> dict[str, Any]:
        start = first + (self.tokens.kinds[first] == "VBAR")
        return {
            "comments": self.margin.above_step(first, last),
            "trailing": self.margin.behind(last),
            "span": self.tokens.span(start, last),
        }

    def on_box_kind(self, children: list[Any], first: int, last: int) -> str:
        """`frame`, `report` or `page`."""
        return self.tokens.text_of(first)

    def on_box(self, children: list[Any], first: int, last: int) -> ast.Box:
        """`frame label (arguments) { }`."""
        kind, label, arguments, body = children
        items = arguments.items if arguments else None
        return ast.Box(kind, label, items, body, span=self.tokens.span(first, last))

    def on_open_box(self, children: list[Any], first: int, last: int) -> ast.Box:
        """`frame label (arguments)` without braces."""
        return self.on_box([*children, None], first, last)

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
            tuple(self._name(index) for index in fields),
            span=self.tokens.span(first, last),
        )

    def _variable(self, index: int) -> ast.Name:
        return ast.Name(self.tokens.text_of(index)[1:], span=self.tokens.span(index))

    def on_column(self, children: list[Any], first: int, last: int) -> ast.Column:
        """A bare name."""
        return ast.Column(children[0], span=self.tokens.span(first, last))

    def on_qname(self, children: list[Any], first: int, last: int) -> ast.QName:
        """`sm.ema`."""
        parts = tuple(self._name(index) for index in children)
        return ast.QName(parts, span=self.tokens.span(first, last))

    def on_call(self, children: list[Any], first: int, last: int) -> ast.Call:
        """`name(arguments)`."""
        name, arguments = children
        return ast.Call(
            name, arguments.items, arguments.dangling, span=self.tokens.span(first, last)
        )

    def on_args(self, children: list[Any], first: int, last: int) -> _Arguments:
        """`(a, b=1)`."""
        return _Arguments(tuple(children), self._inner_dangling(last))

    def _inner_dangling(self, closer: int) -> ast.Comments:
        return tuple(text for text in self.margin.dangling(closer) if text)

    def on_named(self, children: list[Any], first: int, last: int) -> ast.Argument:
        """`name=value`."""
        name, value = children
        return ast.Argument(value, self._name(name), **self._small(first, last))

    def on_positional(self, children: list[Any], first: int, last: int) -> ast.Argument:
        """An argument or list item without a name."""
        return ast.Argument(children[0], **self._small(first, last))

    def on_list(self, children: list[Any], first: int, last: int) -> ast.ListExpr:
        """`[a, b]`."""
        dangling = self._inner_dangling(last)
        return ast.ListExpr(tuple(children), dangling, span=self.tokens.span(first, last))

    def on_if_(self, children: list[Any], first: int, last: int) -> ast.If:
        """`if a then b else c`."""
        return ast.If(*children, span=self.tokens.span(first, last))

    def on_binary(self, children: list[Any], first: int, last: int) -> ast.Binary:
        """`a + b`."""
        left, operator, right = children
        return ast.Binary(
            self.tokens.text_of(operator),
            left,
            right,
            self.tokens.span(operator),
            span=self.tokens.span(first, last),
        )

    def on_not_in(self, children: list[Any], first: int, last: int) -> ast.Binary:
        """`a not in b`."""
        left, no, within, right = children
        return ast.Binary(
            "not in",
            left,
            right,
            self.tokens.span(no, within),
            span=self.tokens.span(first, last),
        )

    def on_unary(self, children: list[Any], first: int, last: int) -> ast.Unary:
        """`not a`, `-a`."""
        operator, operand = children
        return ast.Unary(self.tokens.text_of(operator), operand, span=self.tokens.span(first, last))

    def on_range(self, children: list[Any], first: int, last: int) -> ast.Range:
        """`low..high`."""
        return ast.Range(*children, span=self.tokens.span(first, last))

    def on_paren(self, children: list[Any], first: int, last: int) -> ast.Paren:
        """`(flow)`."""
        return ast.Paren(children[0], span=self.tokens.span(first, last))

    # ---- types ----

    def on_type(self, children: list[Any], first: int, last: int) -> ast.TypeExpr:
        """`table{a: int}`, `list[number]`, `int?`."""
        name, arguments, fields, optional = children
        return ast.TypeExpr(
            self._name(name),
            arguments or (),
            fields,
            optional is not None,
            span=self.tokens.span(first, last),
        )

    def on_types(self, children: list[Any], first: int, last: int) -> tuple[ast.TypeExpr, ...]:
        """The types in square brackets."""
        return tuple(children)

    def on_schema(self, children: list[Any], first: int, last: int) -> tuple[ast.TypeField, ...]:
        """The columns in braces."""
        return tuple(children)

    def on_field(self, children: list[Any], first: int, last: int) -> ast.TypeField:
        """`name: type`."""
        name, kind = children
        return ast.TypeField(self._name(name), kind, span=self.tokens.span(first, last))
