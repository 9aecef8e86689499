"""`$name` in an expression, and what stands behind its dot."""

from __future__ import annotations

from p2lang import ast
from p2lang.check.libraries import constant
from p2lang.check.model import Stream
from p2lang.check.places import LOST, available, bound, column, of_table, shown, table_column
from p2lang.check.session import Place, Session
from p2lang.check.words import nearest
from p2lang.diagnostics import Fix
from p2lang.semantics.values import STRING, Typed


def variable(session: Session, place: Place, node: ast.Var) -> Typed:
    """Give what `$name` or `$name.column` stands for."""
    if node.name.text == "me" and place.scope.seen_binding("me") is None:
        return _me(session, node)
    binding = constant(session, place, node)
    if binding is None:
        binding = bound(session, place, node.name, node.span)
    else:
        node = ast.Var(node.name, span=node.span)
    if binding is None or binding.what is None:
        return LOST
    what = binding.what
    if isinstance(what, ast.Pipe):
        session.report(
            "P2-E0213",
            f"`${node.name.text}` is a pipe, not a value",
            node.span,
            help=f"a pipe stands after a bar: `| ${node.name.text}`",
        )
        return LOST
    if isinstance(what, Stream):
        return _of_stream(session, what, node)
    if node.fields:
        session.report(
            "P2-E0201",
            f"`${node.name.text}` is {what.type}, and has no columns",
            node.fields[0].span,
            help=f"write `${node.name.text}`",
            fix=Fix(node.span, f"${node.name.text}"),
        )
        return LOST
    if binding.names_column and what.value[0] == "col":
        return _named_column(session, place, node, what)
    return what


def _me(session: Session, node: ast.Var) -> Typed:
    """Give `$me.bundle` or `$me.task`: what the script runs for."""
    function = session.registry.expression("me")
    field = node.fields[0].text if len(node.fields) == 1 else ""
    if function is None or field not in function.by_name["of"].choices:
        close = nearest(field, function.by_name["of"].choices) if function and field else None
        session.report(
            "P2-E0201",
            f"`$me` has no part {field}" if field else "`$me` is not one value",
            node.fields[0].span if field else node.span,
            help=f"did you mean `$me.{close}`?"
            if close
            else "write `$me.bundle` or `$me.task`: what the script runs for",
        )
        return LOST
    if field == "task" and session.task is None:
        session.report(
            "P2-E0245",
            "`$me.task` is the task around it, and here is none",
            node.span,
            help="put it inside `task name { ... }`, or write `$me.bundle`",
        )
        return LOST
    return Typed(["call", function.full_name, {"of": ["str", field]}], STRING)


def _named_column(session: Session, place: Place, node: ast.Var, what: Typed) -> Typed:
    text = what.value[1]
    if session.given_columns.get(node.name.text) == text and _lacking(session, place, node, text):
        return LOST
    name = ast.Name(text, True, span=node.span)
    typed = column(session, place, ast.QName((name,), span=node.span))
    wanted, found = what.type.kind, typed.type.kind
    if "unknown" in (wanted, found) or "any" in (wanted, found) or wanted == found:
        return typed
    if wanted == "number" and typed.type.is_numeric:
        return typed
    session.report(
        "P2-E0207",
        f"`${node.name.text}` is a column of {wanted}s, and {shown(what.value[1])} is {typed.type} here",
        node.span,
        help="give another column, or declare the param as it is used",
    )
    return LOST


def _of_stream(session: Session, stream: Stream, node: ast.Var) -> Typed:
    if stream.kind is None:
        return LOST
    if stream.kind != "table":
        session.report(
            "P2-E0213",
            f"`${node.name.text}` is a {stream.kind}, not a value or a table",
            node.span,
        )
        return LOST
    if len(node.fields) > 1:
        session.report("P2-E0201", "a column has no parts", node.fields[1].span)
        return LOST
    if node.fields:
        return table_column(session, stream, node.fields[0])
    return of_table(stream)


def _lacking(session: Session, place: Place, node: ast.Var, given: str) -> bool:
    """Report a column that the run gives and that is not here; once for each param."""
    if place.columns is None or given in place.columns:
        return False
    if node.name.text in session.missing_columns:
        return True
    session.missing_columns.add(node.name.text)
    close = nearest(given, place.names)
    session.report(
        "P2-E0201",
        f"there is no column {shown(given)} here, which the run gives for `{node.name.text}`",
        node.span,
        help=f"did you mean `-p {node.name.text}={close}`?"
        if close
        else f"give one that is here: `-p {node.name.text}=NAME`",
        note=available(place.names),
    )
    return True
