"""Actions for statements and flows: what Lark has recognised becomes nodes of p2lang.ast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from p2lang import ast
from p2lang.parser import names
from p2lang.parser.expressions import ExpressionBuilder
from p2lang.source import Span


@dataclass(frozen=True, slots=True)
class _Header:
    edition: int
    span: Span
    comments: ast.Comments
    trailing: str


@dataclass(slots=True)
class Builder(ExpressionBuilder):
    """Makes the statements and flows of one text."""

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
        return _Header(edition, span, self.margin.header(first, last), self.margin.behind(last))

    # ---- declarations ----

    def _statement(self, first: int, last: int) -> dict[str, Any]:
        blank = self.margin.blank_before(first)
        return {**self._commented(first, last), "blank_before": blank}

    def on_use(self, children: list[Any], first: int, last: int) -> ast.Use:
        """`use "path" pin "value" as name`."""
        _, path, *pins, _, alias = children
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
        _, name, _, kind, _, default, _, condition = children
        return ast.Param(
            self._declared(name), kind, default, condition, **self._statement(first, last)
        )

    def on_let(self, children: list[Any], first: int, last: int) -> ast.Let:
        """`let name: type = flow`."""
        _, name, _, kind, _, flow = children
        return ast.Let(self._declared(name), flow, kind, **self._statement(first, last))

    def on_pipe(self, children: list[Any], first: int, last: int) -> ast.Pipe:
        """`pipe name = [step, step]`."""
        _, name, _, _, *stages, _ = children
        dangling = self._inner_dangling(last)
        return ast.Pipe(
            self._declared(name), tuple(stages[::2]), dangling, **self._statement(first, last)
        )

    def on_def(self, children: list[Any], first: int, last: int) -> ast.Def:
        """`def name(parameters): type = body`."""
        _, name, parameters, _, kind, _, body = children
        return ast.Def(
            self._declared(name, binding=False),
            parameters,
            body,
            kind,
            **self._statement(first, last),
        )

    def on_params(self, children: list[Any], first: int, last: int) -> tuple[ast.Parameter, ...]:
        """`(a: int, b: number = 1)`."""
        return tuple(children[1:-1:2])

    def on_pdecl(self, children: list[Any], first: int, last: int) -> ast.Parameter:
        """`name: type = default`."""
        name, _, kind, _, default = children
        return ast.Parameter(self._declared(name), kind, default, **self._small(first, last))

    def on_script_def(self, children: list[Any], first: int, last: int) -> ast.ScriptDef:
        """`script name(parameters): type = python` and the text between triple quotes."""
        _, name, parameters, _, kind, _, _, body = children
        span = self.tokens.span(body)
        inside = Span(span.start + 3, span.end - 3)
        text = self.tokens.text[inside.start : inside.end].replace("\r\n", "\n")
        return ast.ScriptDef(
            self._declared(name, binding=False),
            parameters,
            text,
            kind,
            **self._statement(first, last),
        )

    # ---- tasks and links ----

    def on_task(self, children: list[Any], first: int, last: int) -> ast.Task:
        """`task name(parameters) after other { }`."""
        _, name, parameters, after, body = children
        return ast.Task(
            self._declared(name, binding=False, task=True),
            body,
            parameters,
            after or (),
            **self._statement(first, last),
        )

    def on_after(self, children: list[Any], first: int, last: int) -> tuple[ast.Name, ...]:
        """`after a, b`."""
        return tuple(self._name(index) for index in children[1::2])

    def on_link(self, children: list[Any], first: int, last: int) -> ast.Link:
        """`link name: type -> "source" via | steps`."""
        _, name, _, kind, _, source, _, via = children
        return ast.Link(
            self._declared(name, binding=False),
            self._string(source),
            kind,
            via or (),
            **self._statement(first, last),
        )

    def on_expose(self, children: list[Any], first: int, last: int) -> ast.Expose:
        """`expose name: type = flow`."""
        _, name, _, kind, _, flow = children
        return ast.Expose(
            self._declared(name, binding=False), flow, kind, **self._statement(first, last)
        )

    def on_impose_that(self, children: list[Any], first: int, last: int) -> ast.ImposeThat:
        """`impose condition else "message"`."""
        _, condition, _, message = children
        return ast.ImposeThat(condition, message, **self._statement(first, last))

    def on_impose_input(self, children: list[Any], first: int, last: int) -> ast.ImposeInput:
        """`impose name: type`."""
        _, name, _, kind = children
        return ast.ImposeInput(
            self._declared(name, binding=False), kind, **self._statement(first, last)
        )

    def on_repeat(self, children: list[Any], first: int, last: int) -> ast.Repeat:
        """`repeat name in list { }`."""
        _, name, _, over, body = children
        return ast.Repeat(self._declared(name), over, body, **self._statement(first, last))

    def on_when(self, children: list[Any], first: int, last: int) -> ast.When:
        """`when condition { } otherwise { }`."""
        _, condition, body, _, otherwise = children
        return ast.When(condition, body, otherwise, **self._statement(first, last))

    def on_block(self, children: list[Any], first: int, last: int) -> ast.Block:
        """`{ statements }`."""
        dangling = self.margin.dangling(last)
        return ast.Block(tuple(children[1:-1]), dangling, span=self.tokens.span(first, last))

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
        name, arguments = children[-1]
        return ast.Stage(
            name,
            arguments.items if arguments else None,
            arguments.dangling if arguments else (),
            **self._step(first, last),
        )

    def on_splice(self, children: list[Any], first: int, last: int) -> ast.Splice:
        """`| $name`."""
        return ast.Splice(self._variable(children[-1]), **self._step(first, last))

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
