"""Operations, types and what the pipe carries, in the words that an editor shows."""

from __future__ import annotations

import re

from p2lang import ast
from p2lang.check.model import Stream
from p2lang.fmt import format_expr
from p2lang.fmt.expressions import type_expression
from p2lang.fmt.layout import rendered
from p2lang.semantics.values import Typed
from p2lang.signatures import Signature, call_text, result_text
from p2lang.types import TableSchema

_MOST_COLUMNS = 12
_ENDLESS = 10_000


def signature_text(signature: Signature) -> str:
    """Give a signature as a person reads it: `head(n: whole number = 10): table → table`."""
    if not signature.in_flow:
        return f"{call_text(signature)} → {result_text(signature)}"
    takes = "" if signature.takes == "none" else f": {signature.takes}"
    return f"{call_text(signature)}{takes} → {signature.gives}"


def definition_text(what: ast.Def | ast.ScriptDef) -> str:
    """Give the first line of a definition: its name, parameters and type."""
    given = ", ".join(given_text(parameter) for parameter in what.parameters)
    kind = "" if what.type is None else f": {_type_text(what.type)}"
    return f"{what.name.text}({given}){kind}"


def given_text(parameter: ast.Parameter | ast.Param) -> str:
    """Give a parameter of a definition or of the script as it is declared: `cut: int = 10`."""
    default = "" if parameter.default is None else f" = {format_expr(parameter.default)}"
    return f"{parameter.name.text}: {_type_text(parameter.type)}{default}"


def _type_text(node: ast.TypeExpr) -> str:
    return rendered(type_expression(node), _ENDLESS)


def doc_of(comments: ast.Comments) -> str:
    """Give what the `##` lines above a declaration say."""
    return "\n".join(line[2:].strip() for line in comments if line.startswith("##"))


def harmless(text: str) -> str:
    """Give foreign text as Markdown that shows it: an editor fetches no picture for it and makes no link."""
    return re.sub(r"[\[<]", r"\\\g<0>", text)


def stream_text(stream: Stream) -> str:
    """Give what the pipe carries in a few words: `table, at most 60,000 rows, 9 columns`."""
    if stream.kind is None:
        return "unknown"
    if stream.kind == "none":
        return "nothing"
    if stream.open or stream.schema is None:
        return stream.kind
    return f"{stream.kind}, {size_text(stream.schema)}"


def size_text(schema: TableSchema) -> str:
    """Give the size of a table: `at most 60,000 rows, 9 columns`."""
    count = len(schema.columns)
    rows = f"at most {schema.rows:,} row{'s' if schema.rows != 1 else ''}"
    return f"{rows}, {count:,} column{'s' if count != 1 else ''}"


def schema_text(schema: TableSchema) -> str:
    """Give the columns with their types, one a line; many are cut short."""
    shown = [f"{name}: {kind}" for name, kind in schema.columns[:_MOST_COLUMNS]]
    more = len(schema.columns) - len(shown)
    return "\n".join([*shown, f"... and {more:,} more"] if more > 0 else shown)


def value_text(what: Typed | Stream | ast.Pipe | None) -> str:
    """Give the type of what a name stands for."""
    if what is None:
        return "unknown"
    if isinstance(what, Stream):
        return stream_text(what)
    if isinstance(what, ast.Pipe):
        return f"pipe of {len(what.stages)} step{'s' if len(what.stages) != 1 else ''}"
    if what.type.kind == "table" and what.type.schema is not None:
        return f"table, {size_text(what.type.schema)}"
    if what.value[0] == "col" and what.type.kind == "unknown":
        return "column"
    return str(what.type)


def described(what: Typed | Stream | ast.Pipe | None) -> str:
    """Give what a name stands for in full: a table or view with its columns."""
    schema = what.schema if isinstance(what, Stream) else None
    if isinstance(what, Typed):
        schema = what.type.schema
    shown = value_text(what)
    return shown if schema is None else f"{shown}\n{schema_text(schema)}"


def written_name(name: str) -> str:
    """Give a column's name as a script writes it: in backticks when it is an odd one or a word of the language."""
    plain = ast.IDENTIFIER.match(name) and name not in ast.KEYWORDS
    return name if plain else f"`{name}`"
