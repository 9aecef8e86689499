"""Expressions to typed values of the IR. A mistake is reported once and leaves a value that fits everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from p2lang import ast
from p2lang.check.calls import call
from p2lang.check.columns import quoted_column
from p2lang.check.places import LOST, column, of_table
from p2lang.check.remedies import of_operator
from p2lang.check.session import DEEPEST, Place, Session
from p2lang.check.variables import variable
from p2lang.check.vocabulary import FOREIGN_LITERALS
from p2lang.diagnostics import Fix
from p2lang.ir import Value
from p2lang.semantics import operators
from p2lang.semantics.clash import Clash
from p2lang.semantics.values import BOOL, INT, NULL, STRING, UNKNOWN, Typed, ValueType, made_of
from p2lang.source import Span
from p2lang.types import exact_number, quantity

_LARGEST_WHOLE = 2**63 - 1


def expression(session: Session, place: Place, node: ast.Expr) -> Typed:
    """Give the value and type of an expression."""
    session.spend(node.span)
    session.depth += 1
    try:
        if session.depth > DEEPEST:
            session.report(
                "P2-E0303",
                f"an expression is nested more than {DEEPEST} levels deep",
                node.span,
                help="use `x in [a, b, c]` for many comparisons, or bind parts with `let`",
            )
            return LOST
        return _EXPRESSIONS[type(node)](session, place, node)
    finally:
        session.depth -= 1


def checked(session: Session, span: Span, rule: Callable[[], ValueType]) -> ValueType:
    """Give what a rule of types answers; a clash is reported at the span and gives the unknown type."""
    try:
        return rule()
    except Clash as clash:
        session.clash(clash, span)
        return UNKNOWN


def _number(session: Session, place: Place, node: ast.Number) -> Typed:
    try:
        exact = exact_number(node.text)
        if "." not in node.text and "e" not in node.text.lower():
            return _whole(session, int(exact), node.span)
        return Typed(["num", float(exact).hex()], ValueType("number"))
    except OverflowError:
        return _out_of_range(session, node.span)


def _whole(session: Session, number: int, span: Span) -> Typed:
    if abs(number) > _LARGEST_WHOLE:
        return _out_of_range(session, span)
    return Typed(["int", number], INT)


def _out_of_range(session: Session, span: Span) -> Typed:
    session.report(
        "P2-E0226",
        "this number is out of range",
        span,
        label="too large to compute with",
        help="whole numbers go to 9_223_372_036_854_775_807, others to about 1e308",
    )
    return LOST


def _quantity(session: Session, place: Place, node: ast.Quantity) -> Typed:
    try:
        value, unit = quantity(node.text, node.unit)
    except OverflowError:
        return _out_of_range(session, node.span)
    written: Value = ["num", value.hex(), unit] if unit else ["num", value.hex()]
    return Typed(written, ValueType("number", unit=unit))


def _text(session: Session, place: Place, node: ast.String) -> Typed:
    hole = _HOLE.search(node.value)
    binding = None if hole is None else place.scope.seen_binding(hole[1])
    if hole is not None and binding is not None:
        binding.used = True  # it is what is meant
        session.report(
            "P2-W0410",
            f"`{hole[0]}` is not filled in: this text has no holes",
            node.span,
            help="write `f` before the text",
            fix=Fix(Span(node.span.start, node.span.start), "f"),
            severity="warning",
        )
    return Typed(["str", node.value], STRING)


_HOLE = re.compile(r"\{\$(\w+)[^{}]*\}")


def _fstring(session: Session, place: Place, node: ast.FString) -> Typed:
    pieces: list[Value] = []
    types: list[ValueType] = []
    for part in node.parts:
        if isinstance(part, str):
            _append_text(pieces, part)
            continue
        typed = _column_name(session, place, part) or expression(session, place, part)
        types.append(typed.type)
        if not typed.type.is_scalar:
            session.report(
                "P2-E0213",
                f"text cannot hold {_ODD_IN_TEXT.get(typed.type.kind, typed.type.kind)}",
                part.span,
                help=_FIT_FOR_TEXT.get(typed.type.kind, "a hole in a text holds one value"),
            )
        _append(pieces, typed.value)
    type_ = made_of(STRING, *types)
    if all(piece[0] == "str" for piece in pieces):
        return Typed(["str", "".join(piece[1] for piece in pieces)], type_)
    return Typed(["cat", pieces], type_)


_ODD_IN_TEXT = {
    "list": "a list",
    "range": "a range",
    "table": "a table",
    "field": "a column of another table",
}
_FIT_FOR_TEXT = {
    "table": "write `{rows($table)}` for the number of rows",
    "list": 'write `{count($list)}` for the number of values, or ask for one: `when "name" in $list { ... }`',
}
"""What can be told instead of what no text can hold."""


def _append(pieces: list[Value], value: Value) -> None:
    if value[0] in ("str", "int"):
        _append_text(pieces, str(value[1]))
    elif value[0] == "cat":
        for piece in value[1]:
            _append(pieces, piece)
    else:
        pieces.append(value)


def _append_text(pieces: list[Value], text: str) -> None:
    if not text:
        return
    if pieces and pieces[-1][0] == "str":
        pieces[-1] = ["str", pieces[-1][1] + text]
    else:
        pieces.append(["str", text])


def _column_name(session: Session, place: Place, node: ast.Expr) -> Typed | None:
    # In text, the variable of a repeat over columns is the column's name, not the values of each row.
    if not isinstance(node, ast.Var) or node.fields:
        return None
    binding = place.scope.seen_binding(node.name.text)
    if binding is None or not binding.names_column or not isinstance(binding.what, Typed):
        return None
    binding.used = True
    return Typed(["str", binding.what.value[1]], STRING)


def _column(session: Session, place: Place, node: ast.Column) -> Typed:
    return column(session, place, node.name)


def _call(session: Session, place: Place, node: ast.Call) -> Typed:
    return call(session, place, node)


def _list(session: Session, place: Place, node: ast.ListExpr) -> Typed:
    typed = []
    for item in node.items:
        typed.append(expression(session, place, item.value))
    type_ = checked(session, node.span, lambda: operators.of_list([item.type for item in typed]))
    return Typed(["list", [item.value for item in typed]], type_)


def _if(session: Session, place: Place, node: ast.If) -> Typed:
    parts = [expression(session, place, p) for p in (node.condition, node.then, node.otherwise)]
    condition, then, otherwise = parts
    try:
        type_ = operators.of_if(condition.type, then.type, otherwise.type)
    except Clash as clash:
        session.clash(clash, node.condition.span if clash.argument else node.span)
        type_ = UNKNOWN
    return Typed(["if", *(part.value for part in parts)], type_)


def _binary(session: Session, place: Place, node: ast.Binary) -> Typed:
    if node.operator in ("/", "-", "*") and _odd_column(session, place, node):
        return LOST
    node = _with_null(place, node)
    if _quoted(session, place, node):
        return LOST
    left = expression(session, place, node.left)
    right = expression(session, place, node.right)
    operator = "in" if node.operator == "not in" else node.operator
    exponent = right.value[1] if right.value[0] == "int" else None
    spans = {"left": node.left.span, "right": node.right.span}
    try:
        type_ = operators.of_binary(operator, left.type, right.type, exponent)
    except Clash as clash:
        span = spans.get(clash.argument, node.span)
        remedy = of_operator(session, node, clash, left.type, right.type)
        session.clash(clash, span, remedy)
        type_ = UNKNOWN
    value: Value = ["op", operator, left.value, right.value]
    return Typed(["not", value] if node.operator == "not in" else value, type_)


def _odd_column(session: Session, place: Place, node: ast.Binary) -> bool:
    """Report a column such as `train/loss` that was written without backticks."""
    name = _joined(node)
    if name is None or place.columns is None or name not in place.columns:
        return False
    if all(part in place.columns for part in _leaves(node)):
        return False
    what = {"/": "a division", "-": "a subtraction", "*": "a product"}[node.operator]
    session.report(
        "P2-E0215",
        f"`{name}` reads as {what}",
        node.span,
        help=f"the column is called `{name}`: put it in backticks",
        fix=Fix(node.span, f"`{name}`"),
    )
    return True


def _with_null(place: Place, node: ast.Binary) -> ast.Binary:
    """Give a comparison with `None`, `NA`, `nan` as the comparison with null that is meant."""
    if node.operator not in ("==", "!="):
        return node
    left, right = (_null_meant(place, side) for side in (node.left, node.right))
    return replace(node, left=left, right=right)


def _null_meant(place: Place, node: ast.Expr) -> ast.Expr:
    if not isinstance(node, ast.Column) or FOREIGN_LITERALS.get(node.name.text) != "null":
        return node
    known = place.columns is not None and node.name.text in place.columns
    return node if known or place.scope.seen_binding(node.name.text) else ast.Null(span=node.span)


def _quoted(session: Session, place: Place, node: ast.Binary) -> bool:
    """Report `"status" == "ok"`: a text that names a column, compared with something written."""
    if node.operator not in _COMPARISONS:
        return False
    for side, other in ((node.left, node.right), (node.right, node.left)):
        named = isinstance(side, ast.String) and side.value in place.names
        if named and isinstance(other, ast.String | ast.Number | ast.Quantity | ast.Bool):
            assert isinstance(side, ast.String)
            quoted_column(session, place, side)
            return True
    return False


_COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))


def _joined(node: ast.Expr) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Binary) and node.operator in ("/", "-", "*"):
        if not isinstance(node.right, ast.Column):
            return None
        parts += [node.right.name.text, node.operator]
        node = node.left
    if not isinstance(node, ast.Column):
        return None
    return "".join(reversed([*parts, node.name.text]))


def _leaves(node: ast.Expr) -> list[str]:
    leaves: list[str] = []
    while isinstance(node, ast.Binary):
        if isinstance(node.right, ast.Column):
            leaves.append(node.right.name.text)
        node = node.left
    if isinstance(node, ast.Column):
        leaves.append(node.name.text)
    return leaves


def _unary(session: Session, place: Place, node: ast.Unary) -> Typed:
    operand = expression(session, place, node.operand)
    rule = operators.of_not if node.operator == "not" else operators.of_negation
    type_ = checked(session, node.operand.span, lambda: rule(operand.type))
    if node.operator == "not":
        return Typed(["not", operand.value], type_)
    if operand.value[0] == "int":
        return Typed(["int", -operand.value[1]], type_)
    if operand.value[0] == "num":
        negated = (-float.fromhex(operand.value[1])).hex()
        return Typed(["num", negated, *operand.value[2:]], type_)
    return Typed(["neg", operand.value], type_)


def _range(session: Session, place: Place, node: ast.Range) -> Typed:
    low = expression(session, place, node.low)
    high = expression(session, place, node.high)
    spans = {"left": node.low.span, "right": node.high.span}
    try:
        type_ = operators.of_range(low.type, high.type)
    except Clash as clash:
        session.clash(clash, spans.get(clash.argument, node.span))
        type_ = UNKNOWN
    return Typed(["range", low.value, high.value], type_)


def _paren(session: Session, place: Place, node: ast.Paren) -> Typed:
    flow = node.flow
    if not flow.stages and flow.head is not None and not isinstance(flow.head, ast.Box):
        return expression(session, place, flow.head)
    stream = session.flow(session, place, flow)
    if isinstance(stream, Typed):
        return stream
    if stream.kind is None:
        return LOST
    if stream.kind != "table":
        session.report(
            "P2-E0213", f"a table or a value is wanted here, not a {stream.kind}", node.span
        )
        return LOST
    return of_table(stream)


_EXPRESSIONS: dict[type, Callable[[Session, Place, Any], Typed]] = {
    ast.Number: _number,
    ast.Quantity: _quantity,
    ast.String: _text,
    ast.FString: _fstring,
    ast.Bool: lambda session, place, node: Typed(["bool", node.value], BOOL),
    ast.Null: lambda session, place, node: Typed(["null"], NULL),
    ast.Var: variable,
    ast.Column: _column,
    ast.Call: _call,
    ast.ListExpr: _list,
    ast.If: _if,
    ast.Binary: _binary,
    ast.Unary: _unary,
    ast.Range: _range,
    ast.Paren: _paren,
}
