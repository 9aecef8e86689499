"""Operations that stand for another: `visualtype("scatter", x=a, y=b)` is `point(x=a, y=b)`."""

from __future__ import annotations

from dataclasses import replace

from p2lang import ast
from p2lang.check.session import Session
from p2lang.check.words import nearest
from p2lang.diagnostics import Fix
from p2lang.signatures import Signature


def chosen_operation(session: Session, operation: Signature, node: ast.Stage) -> ast.Stage | None:
    """Give the step that is meant, with the other arguments; None, and a report, when it is not named."""
    parameter = operation.parameters[0]
    written = node.arguments or ()
    first = next(
        (a for a in written if a.name is not None and a.name.text == parameter.name),
        written[0] if written and written[0].name is None else None,
    )
    possible = ", ".join(f'"{name}"' for name in operation.facts.names)
    if first is None:
        session.report(
            "P2-E0206",
            f"`{operation.name}` needs `{parameter.name}`",
            node.name.span,
            help=f"name it first, as text: {possible}",
        )
        return None
    name = first.value.value if isinstance(first.value, ast.String) else None
    meant = operation.facts.names.get(name or "")
    if meant is None:
        session.report(
            "P2-E0208",
            f'`{parameter.name}` of `{operation.name}` cannot be "{name}"'
            if name is not None
            else f"`{parameter.name}` of `{operation.name}` is one of its choices, written as text",
            first.value.span,
            help=f"possible: {possible}",
            fix=_fix(operation, first.value, name),
        )
        return None
    called = ast.QName((ast.Name(meant, span=node.name.span),), span=node.name.span)
    rest = tuple(argument for argument in written if argument is not first)
    return replace(node, name=called, arguments=rest)


def _fix(operation: Signature, value: ast.Expr, name: str | None) -> Fix | None:
    if isinstance(value, ast.Column):  # a bare word: its quotes are missing
        name = value.name.text
    close = nearest(name or "", list(operation.facts.names))
    return Fix(value.span, f'"{close}"') if close else None
