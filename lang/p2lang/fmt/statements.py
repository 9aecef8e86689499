"""Statements, blocks and whole scripts as documents."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from p2lang import ast
from p2lang.fmt import words
from p2lang.fmt.expressions import (
    ExpressionPrinter,
    above,
    bracketed,
    end_of_line,
    type_expression,
)
from p2lang.fmt.layout import (
    NEWLINE,
    SPACE,
    Document,
    Verbatim,
    group,
    indented,
    joined,
    sequence,
)

_TOGETHER = (
    ast.Use,
    ast.Param,
    ast.Let,
    ast.Pipe,
    ast.Link,
    ast.Expose,
    ast.ImposeInput,
    ast.ImposeThat,
)
_APART = (ast.Task, ast.When, ast.Repeat, ast.Def, ast.ScriptDef)


class Printer(ExpressionPrinter):
    """Gives statements, blocks and whole scripts."""

    def script(self, node: ast.Script) -> Document:
        """Give a whole script, without the line end after it."""
        parts: list[Document] = [*words.comment_lines(node.header)]
        if node.edition is not None:
            trailing = f" {words.comment(node.edition_trailing)}" if node.edition_trailing else ""
            parts.append(f"p2 {node.edition}{trailing}")
        if node.items:
            start: list[Document] = [""] if parts and node.items[0].blank_before else []
            parts += [*start, sequence(*self._separated(node.items, top=True))]
        parts += _dangling(node.dangling, after=bool(parts))
        return joined(NEWLINE, parts)

    def _separated(self, items: tuple[ast.Item, ...], *, top: bool) -> list[Document]:
        out: list[Document] = [self.item(items[0])]
        for previous, current in pairwise(items):
            blank = current.blank_before
            if blank is None:
                blank = _blank_between(previous, current, top=top)
            out += [NEWLINE, NEWLINE] if blank else [NEWLINE]
            out.append(self.item(current))
        return out

    def item(self, node: ast.Item) -> Document:
        """Give a statement with its comments."""
        bare, comment = _lifted(node)
        return sequence(above(node), group(self._statement(bare)), end_of_line(comment))

    def _statement(self, node: ast.Item) -> Document:
        match node:
            case ast.Use() | ast.Param() | ast.Let() | ast.Pipe() | ast.Def() | ast.ScriptDef():
                return self._declaration(node)
            case ast.ImposeThat() | ast.ImposeInput() | ast.Link() | ast.Expose():
                return self._contract(node)
            case ast.Task():
                return self._task(node)
            case ast.Repeat():
                name, over = words.declared(node.name.text), self.expression(node.over)
                return sequence("repeat ", name, " in ", over, " ", self.block(node.body))
            case ast.When():
                other = [" otherwise ", self.block(node.otherwise)] if node.otherwise else []
                condition = self.expression(node.condition)
                return sequence("when ", condition, " ", self.block(node.body), *other)
            case ast.FlowStatement():
                return self.flow(node.flow, stands_alone=True)

    def _declaration(
        self,
        node: ast.Use | ast.Param | ast.Let | ast.Pipe | ast.Def | ast.ScriptDef,
    ) -> Document:
        match node:
            case ast.Use():
                pins = [
                    f"{words.declared(name.text)} {self.word(value)}" for name, value in node.pins
                ]
                tail = [*pins, f"as {words.declared(node.alias.text)}"]
                parts = [part for text in tail for part in (SPACE, text)]
                return sequence("use ", self.word(node.path), indented(*parts))
            case ast.Param():
                return sequence("param ", self._parameter(node), self._condition(node))
            case ast.Let():
                value = self._valued(node.value)
                return sequence("let ", _typed(node.name, node.type), " =", value)
            case ast.Pipe():
                stages = [self.stage(s) for s in node.stages]
                return sequence(
                    f"pipe {words.declared(node.name.text)} = ",
                    bracketed("[", stages, node.stages, "]", node.dangling),
                )
            case ast.Def():
                head = sequence("def ", self._signature(node.name, node.parameters, node.type))
                return sequence(head, " =", self._valued(node.body))
            case ast.ScriptDef():
                return sequence(
                    "script ",
                    self._signature(node.name, node.parameters, node.type),
                    ' = python """',
                    Verbatim(_python(node.body)),
                    '"""',
                )

    def _contract(self, node: ast.ImposeThat | ast.ImposeInput | ast.Link | ast.Expose) -> Document:
        match node:
            case ast.ImposeThat():
                condition = self.expression(node.condition)
                if node.message is None:
                    return sequence("impose ", condition)
                message = indented(SPACE, "else ", self.word(node.message))
                return sequence("impose ", condition, message)
            case ast.ImposeInput():
                return sequence("impose ", _typed(node.name, node.type))
            case ast.Expose():
                value = self._valued(node.value)
                return sequence("expose ", _typed(node.name, node.type), " =", value)
            case ast.Link():
                named = _typed(node.name, node.type)
                link = sequence("link ", named, " -> ", self.word(node.source))
                if not node.via:
                    return link
                return sequence(link, indented(SPACE, "via", self.steps(node.via, nested=True)))

    def _task(self, node: ast.Task) -> Document:
        parameters = [] if node.parameters is None else [self._parameters(node.parameters)]
        after = ", ".join(words.name(name.text) for name in node.after)
        waits = f" after {after}" if after else ""
        return sequence(
            "task ", words.declared(node.name.text), *parameters, waits, " ", self.block(node.body)
        )

    def _valued(self, node: ast.Flow) -> Document:
        return self.flow(node) if node.head is None else sequence(" ", self.flow(node))

    def _parameter(self, node: ast.Param | ast.Parameter) -> Document:
        default = [" = ", self.expression(node.default)] if node.default is not None else []
        return sequence(_typed(node.name, node.type), *default)

    def _condition(self, node: ast.Param) -> Document:
        if node.where is None:
            return sequence()
        return indented(SPACE, "where ", self.expression(node.where))

    def _signature(
        self, name: ast.Name, parameters: tuple[ast.Parameter, ...], kind: ast.TypeExpr | None
    ) -> Document:
        gives = [": ", type_expression(kind)] if kind is not None else []
        return sequence(words.declared(name.text), self._parameters(parameters), *gives)

    def _parameters(self, parameters: tuple[ast.Parameter, ...]) -> Document:
        return bracketed("(", [self._parameter(p) for p in parameters], parameters, ")")

    def block(self, node: ast.Block, *, inline: bool = False) -> Document:
        """Give statements in braces; one simple statement may stand on the line of the braces where `inline` allows."""
        if not node.items and not node.dangling:
            return "{}"
        if inline and _is_simple(node):
            return group("{", indented(SPACE, self.item(node.items[0])), SPACE, "}")
        inside: list[Document] = self._separated(node.items, top=False) if node.items else []
        dangling = _dangling(node.dangling, after=bool(node.items))
        if dangling:
            inside += [NEWLINE] * bool(inside) + [joined(NEWLINE, dangling)]
        return sequence("{", indented(NEWLINE, *inside), NEWLINE, "}")


def _dangling(comments: ast.Comments, *, after: bool) -> list[Document]:
    blank: list[Document] = [""] if after and comments and not comments[0] else []
    return [*blank, *words.comment_lines(comments)]


def _blank_between(previous: ast.Item, current: ast.Item, *, top: bool) -> bool:
    """Decide where nobody has chosen: declarations of one kind keep together, what has a body stands apart."""
    if isinstance(previous, _APART) or isinstance(current, _APART):
        return True
    together = type(previous) is type(current) and isinstance(current, _TOGETHER)
    return top and not (together and not current.comments)


def _lifted(node: ast.Item) -> tuple[ast.Item, str]:
    """Give the comment at a statement's end, which may be its last step's, and the statement without it.

    On the page nobody can tell whose it is, so it must not matter for the layout.
    """
    match node:
        case ast.Let(value=flow) | ast.Expose(value=flow) if flow.stages and not node.trailing:
            stages, comment = _without_last(flow.stages)
            return replace(node, value=replace(flow, stages=stages)), comment
        case ast.Def(body=flow) if flow.stages and not node.trailing:
            stages, comment = _without_last(flow.stages)
            return replace(node, body=replace(flow, stages=stages)), comment
        case ast.FlowStatement(flow=flow) if flow.stages and not node.trailing:
            stages, comment = _without_last(flow.stages)
            return replace(node, flow=replace(flow, stages=stages)), comment
        case ast.Link(via=via) if via and not node.trailing:
            stages, comment = _without_last(via)
            return replace(node, via=stages), comment
        case _:
            return node, node.trailing


_Stages = tuple[ast.Stage | ast.Splice, ...]


def _without_last(stages: _Stages) -> tuple[_Stages, str]:
    return (*stages[:-1], replace(stages[-1], trailing="")), stages[-1].trailing


def _typed(name: ast.Name, kind: ast.TypeExpr | None) -> Document:
    written = words.declared(name.text)
    return written if kind is None else sequence(written, ": ", type_expression(kind))


def _python(body: str) -> str:
    if '"""' in body or body.endswith('"'):
        raise ValueError(
            "the Python of a script step may not hold three double quotes or end in one"
        )
    return body


def _is_simple(node: ast.Block) -> bool:
    if len(node.items) != 1 or node.dangling:
        return False
    only = node.items[0]
    if not isinstance(only, ast.FlowStatement) or only.comments or only.trailing:
        return False
    return not isinstance(only.flow.head, ast.Box)
