"""Types as they are written: `int`, `list[number]`, `table{a: int, b: number?}`; promises of flows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from p2lang import ast
from p2lang.check.lints import lacking_text
from p2lang.check.model import Stream
from p2lang.check.places import available, shown
from p2lang.check.session import Session
from p2lang.check.words import nearest
from p2lang.diagnostics import Fix, Related
from p2lang.semantics.promises import Broken, broken
from p2lang.semantics.values import UNKNOWN, WRITTEN, Typed, ValueType, assignable
from p2lang.source import Span
from p2lang.types import ColumnKind, ColumnType, TableSchema

DeclaredKind = Literal["value", "list", "column", "columns", "table", "unknown"]

_OTHERS = ("list", "column", "columns", "table")
_FOREIGN = {
    "float": "number",
    "double": "number",
    "real": "number",
    "integer": "int",
    "long": "int",
    "str": "string",
    "text": "string",
    "char": "string",
    "boolean": "bool",
    "logical": "bool",
    "array": "list",
    "vector": "list",
    "dataframe": "table",
    "frame": "table",
    "duration": "time",
    "length": "len",
}


@dataclass(frozen=True)
class Declared:
    """A written type: what kind of thing, its type, for a table the promised columns (None: any)."""

    kind: DeclaredKind
    type: ValueType = UNKNOWN
    columns: tuple[tuple[str, ColumnType], ...] | None = None
    text: str = ""


_UNKNOWN = Declared("unknown")


def declared(session: Session, node: ast.TypeExpr) -> Declared:
    """Give the meaning of a written type; an unknown one is reported."""
    name = node.name.text
    text = written_text(node)
    if name in WRITTEN:
        kind, unit = WRITTEN[name]
        if node.arguments:
            unit = node.arguments[0].name.text
        return Declared("value", ValueType(kind, nullable=node.nullable, unit=unit), text=text)
    if name not in _OTHERS:
        return _unknown_type(session, node)
    inner = declared(session, node.arguments[0]) if node.arguments else _UNKNOWN
    if name == "list":
        return Declared("list", ValueType("list", item=inner.type), text=text)
    if name == "column":
        return Declared("column", inner.type.in_shape("each"), text=text)
    if name == "columns":
        return Declared("columns", ValueType("columns"), text=text)
    columns = None if node.fields is None else _fields(session, node.fields)
    return Declared("table", ValueType("table"), columns, text)


def written_text(node: ast.TypeExpr) -> str:
    """Give a type as text in its one form."""
    arguments = f"[{', '.join(written_text(a) for a in node.arguments)}]" if node.arguments else ""
    fields = ""
    if node.fields is not None:
        fields = (
            "{" + ", ".join(f"{f.name.text}: {written_text(f.type)}" for f in node.fields) + "}"
        )
    return f"{node.name.text}{arguments}{fields}{'?' if node.nullable else ''}"


def _fields(
    session: Session, fields: tuple[ast.TypeField, ...]
) -> tuple[tuple[str, ColumnType], ...]:
    columns: dict[str, ColumnType] = {}
    for field in fields:
        if field.name.text in columns:
            session.report("P2-E0225", f"{shown(field.name.text)} is named twice", field.name.span)
        columns[field.name.text] = _column_type(session, field.type)
    return tuple(columns.items())


def _column_type(session: Session, node: ast.TypeExpr) -> ColumnType:
    meaning = declared(session, node)
    if meaning.kind not in ("value", "unknown"):
        session.report("P2-E0228", f"a column cannot hold a {meaning.kind}", node.span)
    kind = cast(ColumnKind, meaning.type.kind) if meaning.kind == "value" else "any"
    return ColumnType(kind, node.nullable, meaning.type.unit)


def _unknown_type(session: Session, node: ast.TypeExpr) -> Declared:
    name = node.name.text
    close = _FOREIGN.get(name) or nearest(name, (*WRITTEN, *_OTHERS))
    session.report(
        "P2-E0228",
        f"there is no type `{name}`",
        node.name.span,
        help=f"did you mean `{close}`?" if close else "",
        note=f"types: {', '.join((*WRITTEN, *_OTHERS))}",
        fix=Fix(node.name.span, close) if close else None,
    )
    return _UNKNOWN


# ---- promises ------------------------------------------------------------------------------------


def keeps_promise(
    session: Session, name: ast.Name, node: ast.TypeExpr, flow: Span, what: Stream | Typed
) -> None:
    """Report when a flow does not have the type that was written for its name."""
    meaning = declared(session, node)
    if meaning.kind == "unknown":
        return
    problems = (
        _table_problems(name, meaning, what)
        if isinstance(what, Stream)
        else _value_problems(name, meaning, what)
    )
    for message, help, column in problems:
        field = next((f for f in node.fields or () if f.name.text == column), node)
        session.report(
            "P2-E0221",
            message,
            flow,
            help=help,
            note=_lacking(session, column, what),
            related=(Related(field.span, "promised here"),),
        )


_Problem = tuple[str, str, str]
"""What is wrong, what helps, and the column that it is about."""


def _lacking(session: Session, column: str, what: Stream | Typed) -> str:
    """Give which runs lack a promised column, where that is known."""
    if not isinstance(what, Stream) or not column:
        return ""
    return lacking_text(session, what.step, column)


def _value_problems(name: ast.Name, meaning: Declared, what: Typed) -> list[_Problem]:
    if what.type.kind == "unknown" or assignable(meaning.type, what.type):
        return []
    help = f"promise {what.type}, or give what is promised"
    return [(f"`{name.text}` promises {meaning.text}, but this is {what.type}", help, "")]


def _table_problems(name: ast.Name, meaning: Declared, what: Stream) -> list[_Problem]:
    if what.kind is None or what.open:
        return []
    if meaning.kind != "table" or what.kind != "table" or what.schema is None:
        help = "promise what the flow gives, or leave the type out"
        return [(f"`{name.text}` promises {meaning.text}, but this is a {what.kind}", help, "")]
    schema = what.schema
    return [
        (*_told(name, problem, schema), problem.column)
        for problem in broken(meaning.columns or (), schema)
    ]


def missing_of_table(
    name: ast.Name, meaning: Declared, schema: TableSchema | None
) -> tuple[str, str] | None:
    """Give what a table lacks of a declared one and a remedy; None when it has everything."""
    if schema is None or meaning.columns is None:
        return None
    return next((_told(name, each, schema) for each in broken(meaning.columns, schema)), None)


def _told(name: ast.Name, problem: Broken, schema: TableSchema) -> tuple[str, str]:
    column, promised = problem.column, problem.promised
    if problem.why == "lacking":
        return (
            f"`{name.text}` promises a column `{column}` that this flow does not have",
            available(schema.names),
        )
    if problem.why == "type":
        return (
            f"`{name.text}` promises {column}: {promised}, but here it is {problem.actual}",
            f"promise `{column}: {problem.actual}`, or change the column with `| cast(...)`"
            if "`" not in shown(column)
            else "promise what it is, or change the column with `| cast(...)`",
        )
    return (
        f"`{name.text}` promises that {column} is never null, but here it can be",
        f"put `| drop_nulls({shown(column)})` at the end, or promise `{column}: {promised}?`",
    )
