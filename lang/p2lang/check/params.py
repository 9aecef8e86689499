"""`param` statements: type, default and range of what a run may be given from outside."""

from __future__ import annotations

from p2lang import ast
from p2lang.check.model import Binding, CheckedParam, CheckedTask
from p2lang.check.places import shown
from p2lang.check.session import Place, Remedy, Session
from p2lang.check.written import Declared, declared
from p2lang.diagnostics import Fix, Related
from p2lang.ir import Value
from p2lang.semantics.bounds import bounds_of
from p2lang.semantics.constants import NotConstant, evaluate
from p2lang.semantics.values import Typed, ValueType, assignable, column_parameter
from p2lang.types import ColumnKind

_KINDS: tuple[ColumnKind, ...] = ("int", "number", "string", "bool")


def param(session: Session, place: Place, item: ast.Param) -> Typed | None:
    """Give what a param's name stands for, or None after a mistake."""
    meaning = declared(session, item.type)
    if meaning.kind == "column":
        return _column(session, item, meaning)
    if not _allowed(session, item, meaning):
        return None
    this = Typed(["var", item.name.text], meaning.type)
    checked = _checked(session, place, item, meaning, this)
    if checked is not None:
        session.params[item.name.text] = checked
        session.bounds.update(bounds_of({item.name.text: checked.where}))
    return this


def task_param(
    session: Session, place: Place, given: ast.Parameter, task: CheckedTask
) -> Typed | None:
    """Give what the name of a task's param stands for inside the task, or None after a mistake."""
    item = ast.Param(given.name, given.type, given.default, span=given.span)
    meaning = declared(session, item.type)
    if not _allowed(session, item, meaning):
        return None
    this = Typed(["var", f"{task.name}.{given.name.text}"], meaning.type)
    checked = _checked(session, place, item, meaning, this)
    if checked is not None:
        task.params[given.name.text] = checked
    return this


def _checked(
    session: Session, place: Place, item: ast.Param, meaning: Declared, this: Typed
) -> CheckedParam | None:
    before = session.errors
    default = _default(session, place, item, meaning)
    where = _where(session, place, item, this)
    if session.errors > before:
        return None
    if default is not None and where is not None:
        _in_range(session, item, default, where)
    return CheckedParam(item.name.text, meaning.text, meaning.type, default, where, item.name.span)


def _column(session: Session, item: ast.Param, meaning: Declared) -> Typed | None:
    """Give the column that a param names; it is known when the script is compiled, and checked where it is used."""
    try:
        column_parameter(meaning.text)
    except ValueError:
        session.report(
            "P2-E0228",
            f"a parameter cannot be {meaning.text}",
            item.type.span,
            help="write column[number], column[int], column[string], column[bool], column[time] or column",
        )
        return None
    if item.where is not None:
        session.report(
            "P2-E0223",
            f"`{item.name.text}` names a column, and has no range",
            item.where.span,
            help=f"delete the `where`: every {meaning.text} of the tables it is used on may be given",
        )
        return None
    written = item.default
    if not isinstance(written, ast.Column) or len(written.name.parts) > 1:
        text = written.value if isinstance(written, ast.String) else ""
        session.report(
            "P2-E0206" if written is None else "P2-E0207",
            f"the default of `{item.name.text}` is the name of a column",
            item.name.span if written is None else written.span,
            help=f"write {shown(text)} without quotes"
            if text
            else f"for example `param {item.name.text}: {meaning.text} = reward`",
            fix=Fix(written.span, shown(text)) if written is not None and text else None,
        )
        return None
    name = session.given_columns.get(item.name.text, written.name.text)
    default: Value = ["col", name]
    session.params[item.name.text] = CheckedParam(
        item.name.text, meaning.text, meaning.type, default, None, item.name.span
    )
    return Typed(default, meaning.type)


def _allowed(session: Session, item: ast.Param, meaning: Declared) -> bool:
    if meaning.kind == "unknown":
        return False
    inner = meaning.type.item if meaning.kind == "list" else meaning.type
    plain = meaning.kind in ("value", "list") and inner is not None
    if not plain or inner is None or inner.kind not in _KINDS or inner.nullable:
        session.report(
            "P2-E0228",
            f"a parameter cannot be {meaning.text}",
            item.type.span,
            help="write int, number, string, bool, time, len, bytes, angle, or a list of these",
        )
        return False
    return True


def _default(session: Session, place: Place, item: ast.Param, meaning: Declared) -> Value | None:
    if item.default is None:
        return None
    typed = session.expression(session, place, item.default)
    if typed.type.kind == "unknown":
        return None
    if not assignable(meaning.type, typed.type):
        unit_help = _unit_help(meaning.type, typed.type)
        remedy = _other_default(session, item.default, meaning)
        session.report(
            "P2-E0214" if unit_help else "P2-E0207",
            f"the default of `{item.name.text}` is {typed.type}, not {meaning.text}",
            item.default.span,
            related=(Related(item.type.span, "declared here"),),
            help=unit_help or remedy.help,
            fix=None if unit_help else remedy.fix,
        )
        return None
    try:
        evaluate(typed.value, {})
    except NotConstant:
        session.report(
            "P2-E0223",
            f"the default of `{item.name.text}` is a value that is known before the run",
            item.default.span,
            help="write a number, text, `true`, `false` or a list of these",
        )
        return None
    return typed.value


def _other_default(session: Session, node: ast.Expr, meaning: Declared) -> Remedy:
    """Give the default that is meant: without quotes, or in them."""
    text = session.source.slice(node.span)
    bare = node.value.strip() if isinstance(node, ast.String) else ""
    fits = bare.isdecimal() if meaning.type.kind == "int" else bare.replace(".", "", 1).isdecimal()
    if bare and meaning.type.is_numeric and fits:
        return Remedy(f"remove the quotes: `{bare}`", Fix(node.span, bare))
    if meaning.type.kind == "string" and isinstance(node, ast.Number | ast.Quantity | ast.Column):
        return Remedy(f'put it in quotes: `"{text}"`', Fix(node.span, f'"{text}"'))
    return Remedy(f"give a default that is {meaning.text}, or declare another type")


def _unit_help(wanted: ValueType, given: ValueType) -> str:
    if wanted.unit and not given.unit and given.is_numeric:
        return "add a unit, for example `10min`, `3pt`, `4MiB` or `30deg`"
    return ""


def _where(session: Session, place: Place, item: ast.Param, this: Typed) -> Value | None:
    if item.where is None:
        return None
    inside = Place(place.scope.block())
    if place.scope.seen_binding(item.name.text) is None:
        inside.scope.bind(Binding(item.name, this, used=True))
    typed = session.expression(session, inside, item.where)
    if typed.type.kind == "unknown":
        return None
    if typed.type.kind != "bool" or typed.type.shape != "one":
        session.report(
            "P2-E0207",
            f"the range of `{item.name.text}` is a condition, true or false, not {typed.type}",
            item.where.span,
            help=f"for example `where ${item.name.text} in 1..10`",
        )
        return None
    try:
        evaluate(typed.value, {item.name.text: _example(this.type)})
    except NotConstant:
        session.report(
            "P2-E0223",
            f"the range of `{item.name.text}` can only speak of `${item.name.text}` and of plain values",
            item.where.span,
            help='what depends on more is said with `impose condition else "message"`',
        )
        return None
    return typed.value


def _example(type_: ValueType) -> object:
    if type_.kind == "list":
        return ()
    return {"string": "", "bool": False}.get(type_.kind, 0)


def _in_range(session: Session, item: ast.Param, default: Value, where: Value) -> None:
    assert item.default is not None
    assert item.where is not None
    value = evaluate(default, {})
    if evaluate(where, {item.name.text: value}) is True:
        return
    session.report(
        "P2-E0217",
        f"the default of `{item.name.text}` is outside its own range",
        item.default.span,
        label=session.source.slice(item.default.span),
        related=(Related(item.where.span, "range given here"),),
        help=f"give a default for which `{session.source.slice(item.where.span)}` holds",
    )
