"""Steps in restricted Python: known by their declared types; this release does not run them."""

from __future__ import annotations

from p2lang import ast
from p2lang.check.model import Stream
from p2lang.check.places import available
from p2lang.check.session import Place, Session
from p2lang.check.words import nearest
from p2lang.check.written import column_fits, declared
from p2lang.diagnostics import Related
from p2lang.types import TableSchema


def expand_script(
    session: Session, place: Place, stream: Stream, definition: ast.ScriptDef, node: ast.Stage
) -> Stream:
    """Give the table that a script promises, after a check of what it takes."""
    for argument in node.arguments or ():
        session.expression(session, place, argument.value)
        names = [parameter.name.text for parameter in definition.parameters[1:]]
        if argument.name is not None and argument.name.text not in names:
            close = nearest(argument.name.text, names)
            session.report(
                "P2-E0205",
                f"`{definition.name.text}` has no argument `{argument.name.text}`",
                argument.name.span,
                help=f"did you mean `{close}`?" if close else "",
                note=f"arguments: {', '.join(names)}",
            )
    if stream.schema is not None and definition.parameters:
        _takes(session, stream.schema, definition.parameters[0], node)
    if definition.type is None:
        return Stream("table", open=True)
    promised = declared(session, definition.type)
    if promised.columns is None:
        return Stream("table", open=True)
    rows = stream.schema.rows if stream.schema is not None else 0
    return Stream("table", None, TableSchema(promised.columns, rows))


def _takes(
    session: Session, schema: TableSchema, parameter: ast.Parameter, node: ast.Stage
) -> None:
    for name, wanted in declared(session, parameter.type).columns or ():
        actual = schema.get(name)
        if actual is not None and column_fits(wanted, actual):
            continue
        here = f"here it is {actual}" if actual is not None else "there is none here"
        session.report(
            "P2-E0221",
            f"`{node.name.text}` needs a column {name}: {wanted}, and {here}",
            node.name.span,
            note=available(schema.names),
            related=(Related(parameter.type.span, "declared here"),),
        )
