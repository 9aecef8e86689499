"""What a bundle answers for: links, imposed inputs and exposed tables, and reading them by name."""

from __future__ import annotations

from typing import Literal

from p2lang import ast
from p2lang.check.arguments import Arguments
from p2lang.check.model import Answer, Binding, Step, Stream
from p2lang.check.session import Place, Session, inputs
from p2lang.check.tasks import before, source_of
from p2lang.check.written import declared, keeps_promise
from p2lang.diagnostics import Related
from p2lang.ir import Value
from p2lang.semantics.guards import exclusive
from p2lang.semantics.ownership import COPIED
from p2lang.semantics.promises import Columns, shape_of
from p2lang.semantics.selection import CHOOSING
from p2lang.semantics.structure import EXPOSE, LINK, NEED, row_wise
from p2lang.semantics.values import Typed
from p2lang.signatures import Signature
from p2lang.source import Span
from p2lang.types import TableSchema

IMPOSED_ROWS = int(NEED.by_name["rows"].default or 0)
"""Rows that an imposed input has at most."""


def link(session: Session, place: Place, item: ast.Link) -> None:
    """Check a link: where it leads, its translation row by row, the declared type; keep it as an effect."""
    if item.source.value == item.name.text:
        session.report(
            "P2-E0247",
            f"the link `{item.name.text}` leads to itself",
            item.source.span,
            help="name the file or bundle that has the rows",
        )
        return
    wrong = session.errors
    what = session.flow(session, place, _translation(item))
    table = _as_table(session, item.name, item.type, what, item.source.span)
    if table is None or session.errors > wrong or not _row_by_row(session, table):
        return
    columns = _columns(session, item.type, table)
    if not _new(session, "linked", item.name, columns, table):
        return
    _emit(session, LINK, item, table, columns, {"path": ["str", item.source.value]})


def _translation(item: ast.Link) -> ast.Flow:
    source = ast.Call(
        ast.QName((ast.Name("access", span=item.source.span),), span=item.source.span),
        (ast.Argument(item.source, span=item.source.span),),
        span=item.source.span,
    )
    end = item.via[-1].span if item.via else item.source.span
    return ast.Flow(source, item.via, span=item.source.span.to(end))


def _row_by_row(session: Session, table: Step) -> bool:
    for step in source_of(table):
        if step.signature.kind == "source" or row_wise(
            step.signature, step.attributes.values(), session.registry
        ):
            continue
        session.report(
            "P2-E0247",
            f"a link translates row by row, and this `{step.signature.name}` looks at many rows",
            step.span,
            help="do it where the table is read: a task can `access` the link and go on from there",
        )
        return False
    return True


def expose(session: Session, place: Place, item: ast.Expose) -> None:
    """Check an exposed table against its declared type; keep it as an effect of its task."""
    wrong = session.errors
    what = session.flow(session, place, item.value)
    table = _as_table(session, item.name, item.type, what, item.value.span)
    if table is None or session.errors > wrong:
        return
    columns = _columns(session, item.type, table)
    if not _new(session, "exposed", item.name, columns, table):
        return
    if session.task is not None:
        assert table.schema is not None
        known = session.task.exposed.get(item.name.text)
        rows = max(table.schema.rows, 0 if known is None else known.rows)
        session.task.exposed[item.name.text] = TableSchema(columns, rows)
    _emit(session, EXPOSE, item, table, columns, {})


def impose_input(session: Session, place: Place, item: ast.ImposeInput) -> Binding | None:
    """Give the binding of a table that the task cannot do without; reading it by name means the same."""
    meaning = declared(session, item.type)
    if meaning.kind == "unknown":
        return None
    if not meaning.columns:
        session.report(
            "P2-E0207",
            f"an imposed input is a table with its columns, not {meaning.text}",
            item.type.span,
            help=f"write `impose {item.name.text}: table{{step: int, value: number}}`",
        )
        return None
    schema = TableSchema(meaning.columns, IMPOSED_ROWS)
    attributes: dict[str, Value] = {
        "name": ["str", item.name.text],
        "type": shape_of(meaning.columns),
    }
    step = session.emit(Step(NEED, (), attributes, "table", schema, item.span))
    if not _new(session, "imposed", item.name, meaning.columns, step):
        return None
    session.answers[-1].binding = binding = Binding(item.name, Stream("table", step, schema))
    return binding


# ---- reading by name -----------------------------------------------------------------------------


def answer_to(session: Session, path: Value) -> Answer | None:
    """Give what answers for a name here: an imposed input, a link, a table that a task above exposes."""
    if path[0] != "str":
        return None
    found = [a for a in session.answers if a.name == path[1] and _in_force(session, a)]
    order = ("imposed", "linked", "exposed")
    return min(reversed(found), key=lambda answer: order.index(answer.how), default=None)


def unwaited(session: Session, path: str) -> Answer | None:
    """Give the table of that name that a task exposes which the task here does not wait for."""
    return next((a for a in session.answers if a.name == path and a.how == "exposed"), None)


def needed(
    session: Session, answer: Answer, given: Arguments, *, copied: bool = False
) -> tuple[Signature, dict[str, Value]] | None:
    """Give the operation that reads an answer, and its attributes; None after a report."""
    if answer.binding is not None:
        answer.binding.used = True
    for name in CHOOSING:
        if name in given.attributes:
            session.report(
                "P2-E0205",
                f"`{name}` chooses among stored runs, and `{answer.name}` is {answer.how} here",
                given.spans[name],
                help=f"leave `{name}` out",
                related=(Related(answer.span, f"{answer.how} here"),),
            )
            return None
    attributes: dict[str, Value] = {
        "name": ["str", answer.name],
        "type": shape_of(answer.columns),
    }
    for name in ("step", "key"):
        if name in given.attributes:
            attributes[name] = given.attributes[name]
    if copied:
        attributes[COPIED] = ["bool", True]
    if answer.rows != IMPOSED_ROWS:
        attributes["rows"] = ["int", max(answer.rows, 1)]
    return NEED, attributes


def _in_force(session: Session, answer: Answer) -> bool:
    here = session.task
    if answer.task is None or answer.task is here:
        return True
    if answer.how != "exposed" or here is None:
        return False
    return answer.task.name in before(session, here)


# ---- what they share -----------------------------------------------------------------------------


def _as_table(
    session: Session, name: ast.Name, type_: ast.TypeExpr | None, what: Stream | Typed, span: Span
) -> Step | None:
    if isinstance(what, Stream) and what.kind in (None, "table"):
        if type_ is not None:
            keeps_promise(session, name, type_, span, what)
        return None if what.open else what.step
    if isinstance(what, Typed) and what.type.kind == "unknown":
        return None
    found = (
        f"this flow ends in a {what.kind}" if isinstance(what, Stream) else f"this is {what.type}"
    )
    session.report(
        "P2-E0204",
        f"`{name.text}` is a table, but {found}",
        span,
        help="put a value in a table: `$table | summary(name = ...)`"
        if isinstance(what, Typed)
        else "end the flow before `frame`; a picture is handed on with `| plot | handoff`",
    )
    return None


def _columns(session: Session, type_: ast.TypeExpr | None, table: Step) -> Columns:
    promised = None if type_ is None else declared(session, type_).columns
    assert table.schema is not None
    return table.schema.columns if promised is None else promised


def _new(
    session: Session,
    how: Literal["linked", "imposed", "exposed"],
    name: ast.Name,
    columns: Columns,
    table: Step,
) -> bool:
    """Note an answer; report one that the same task gives twice or both imposes and links."""
    assert table.schema is not None
    guards = [guard.value for guard in session.guards]
    for known in session.answers:
        if known.name != name.text or known.task is not session.task:
            continue
        both = {known.how, how} == {"imposed", "linked"}
        if known.how != how and not both:
            continue
        if exclusive(guards, known.guards) and (known.columns == columns or how != "exposed"):
            continue
        _twice(session, how, name, known, exclusive(guards, known.guards))
        return False
    session.answers.append(
        Answer(name.text, how, columns, table.schema.rows, session.task, guards, name.span)
    )
    return True


def _twice(session: Session, how: str, name: ast.Name, known: Answer, branches: bool) -> None:
    if branches:
        what, help = (
            f"`{name.text}` is exposed with other columns in the other branch",
            ("expose the same columns in both, or under two names"),
        )
    elif known.how == how:
        what, help = f"`{name.text}` is {how} already", "give the two different names"
    else:
        what = f"`{name.text}` is {known.how} above and {how} here"
        help = "a task that links a table itself need not impose it: keep one of them"
    session.report(
        "P2-E0246",
        what,
        name.span,
        label=f"{how} here",
        help=help,
        related=(Related(known.span, f"{known.how} here"),),
    )


def _emit(
    session: Session,
    signature: Signature,
    item: ast.Link | ast.Expose,
    table: Step,
    columns: Columns,
    more: dict[str, Value],
) -> None:
    attributes = {"name": ["str", item.name.text], "type": shape_of(columns), **more}
    session.emit(Step(signature, inputs((table,), attributes), attributes, "done", None, item.span))
