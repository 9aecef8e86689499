"""Calls in expressions: functions of the registry, definitions of the script, sources that give a table."""

from __future__ import annotations

from collections.abc import Mapping

from p2lang import ast
from p2lang.check.arguments import Arguments, arguments
from p2lang.check.definitions import expand_function
from p2lang.check.foreign_steps import FOREIGN_STEPS
from p2lang.check.libraries import member
from p2lang.check.lints import of_aggregate
from p2lang.check.model import Binding, Step, Stream, Word
from p2lang.check.places import LOST, of_table
from p2lang.check.session import Place, Remedy, Session
from p2lang.check.tasks import SPEAKS_OF_TASKS, speaks_of_task
from p2lang.check.vocabulary import METHODS, OTHERWISE
from p2lang.check.words import FOREIGN_FUNCTIONS, FOREIGN_VALUES, nearest
from p2lang.diagnostics import Fix
from p2lang.semantics.clash import Clash
from p2lang.semantics.functions import result
from p2lang.semantics.values import INT, Typed, ValueType
from p2lang.signatures import Signature
from p2lang.source import Span


def call(session: Session, place: Place, node: ast.Call) -> Typed:
    """Give the value of a call in an expression."""
    name = node.name.text
    if len(node.name.parts) > 1:
        if _is_method(session, place, node):
            return LOST
        return _as_value(library_call(session, place, node))
    word = place.scope.word(name)
    if word is not None:
        return _of_word(session, place, word, node)
    function = session.registry.expression(name)
    if function is not None:
        return _function(session, place, function, node)
    operation = session.registry.flow(name, "none")
    if operation is not None and operation.kind == "source":
        return _table(session, place, node)
    return _no_function(session, place, node, operation)


def _is_method(session: Session, place: Place, node: ast.Call) -> bool:
    """Report `reward.mean()`: a function stands before its column."""
    of, *_, last = (part.text for part in node.name.parts)
    last = METHODS.get(last) or FOREIGN_FUNCTIONS.get(last, (last,))[0]
    known = session.registry.expression(last)
    column = place.columns is not None and of in place.columns
    if not column or known is None or place.scope.word(of) is not None:
        return False
    inside = [of, *(session.source.slice(argument.span) for argument in node.arguments)]
    text = f"{last}({', '.join(inside)})"
    session.report(
        "P2-E0202",
        f"`{last}` is a function, and stands before its column",
        node.name.span,
        help=f"write `{text}`",
        fix=Fix(node.span, text),
    )
    return True


def library_call(session: Session, place: Place, node: ast.Call) -> Typed | Stream:
    """Give what a call of a library's function stands for."""
    found = member(session, place, node.name)
    if found is None:
        return LOST
    home, what = found
    name = ast.Name(node.name.text, span=node.name.span)
    if isinstance(what, Word) and isinstance(what.what, ast.Def):
        word = Word(name, what.what, what.serial)
        return expand_function(session, place, word, what.what, node, home)
    pipe = isinstance(what, Binding) and isinstance(what.what, ast.Pipe)
    session.report(
        "P2-E0202",
        f"`{name.text}` is {'a step' if pipe else 'a value'}, not a function",
        node.name.span,
        help=f"a step stands after a bar: `| {name.text}`" if pipe else f"write `${name.text}`",
    )
    return LOST


def _of_word(session: Session, place: Place, word: Word, node: ast.Call) -> Typed:
    if word.what is None:
        return LOST
    if not isinstance(word.what, ast.Def):
        session.report(
            "P2-E0202",
            f"`{word.name.text}` is not a function",
            node.name.span,
            help=f"a step stands after a bar: `| {word.name.text}(...)`",
        )
        return LOST
    return _as_value(expand_function(session, place, word, word.what, node))


def _as_value(expanded: Typed | Stream) -> Typed:
    if isinstance(expanded, Stream):
        return of_table(expanded) if expanded.kind == "table" else LOST
    return expanded


def _function(session: Session, place: Place, function: Signature, node: ast.Call) -> Typed:
    among = function.facts.stands_among
    if among:
        where, example = _AMONG[among]
        message = f"`{function.name}` stands only {where}"
        session.report("P2-E0211", message, node.name.span, help=f"for example `{example}`")
        return LOST
    if function.name == "count" and node.arguments:
        return _count(session, place, node)
    if function.name == "extent" and _table_of(place) is not None and _names_column(node):
        return _extent(session, place, function, node)
    if function.kind in ("agg", "win") and place.columns is None and not place.open:
        _seen(place, node)
        session.report(
            "P2-E0211",
            f"`{function.name}` looks at the rows of a table, and here is none",
            node.name.span,
            help=f"it stands in a step: `| summary(name = {function.name}(...))` or `| derive(...)`",
        )
        return LOST
    given = arguments(session, place, function, node.arguments, node.name.span)
    if not given.sound:
        return LOST
    if function.name in SPEAKS_OF_TASKS and not speaks_of_task(session, function, given):
        return LOST
    return applied(session, place, function, given, node)


def _seen(place: Place, node: ast.Call) -> None:
    """Count the bindings in the arguments of a call that is not checked further as used."""
    for argument in node.arguments:
        if isinstance(argument.value, ast.Var):
            place.scope.binding(argument.value.name.text)


def _of_rows(session: Session, place: Place, node: ast.Call) -> Remedy | None:
    """Give `rows($t)` for `count($t)` and `len($t)`."""
    given = node.arguments[0].value if len(node.arguments) == 1 else None
    if not isinstance(given, ast.Var):
        return None
    binding = place.scope.binding(given.name.text)
    if binding is None or not isinstance(binding.what, Stream) or binding.what.kind != "table":
        return None
    mended = f"rows(${given.name.text})"
    return Remedy(f"write `{mended}` for the number of its rows", Fix(node.span, mended))


def applied(
    session: Session, place: Place, function: Signature, given: Arguments, node: ast.Call
) -> Typed:
    """Give the call of a function with sound arguments."""
    by_name: Mapping[str, Typed] = {
        p.name: given.typed[p.name] for p in function.parameters if p.name in given.typed
    }
    try:
        type_ = result(function, by_name)
    except Clash as clash:
        session.clash(clash, given.spans.get(clash.argument, node.span))
        return LOST
    for name, typed in by_name.items():
        of_aggregate(session, place, function, typed, given.spans[name])
    values = {name: typed.value for name, typed in by_name.items()}
    return Typed(["call", function.full_name, values], type_)


_AMONG = {
    "columns": ("where columns are named", 'scale(cols("w_*"))'),
    "sort keys": ("in `order`", "order(desc(step))"),
}


def _count(session: Session, place: Place, node: ast.Call) -> Typed:
    # A list's length is not the registry's count of a group's rows, but people write it so.
    typed = session.expression(session, place, node.arguments[0].value)
    if typed.type.kind == "unknown":
        return LOST
    if typed.type.kind != "list" or len(node.arguments) > 1:
        remedy = _of_rows(session, place, node)
        if remedy is None:
            inside = Span(node.arguments[0].span.start, node.arguments[-1].span.end)
            help = "write `count()`; to leave out nulls, put `| drop_nulls(column)` before it"
            remedy = Remedy(help, Fix(inside, ""))
        session.report(
            "P2-E0222",
            "`count` counts the rows of a group and takes no column",
            node.arguments[0].span,
            help=remedy.help,
            fix=remedy.fix,
        )
        return LOST
    return Typed(["len", typed.value], INT)


def _table_of(place: Place) -> Step | None:
    """Give the table that flows or is drawn here."""
    step = place.step
    while step is not None and step.kind == "view":
        step = step.inputs[0] if step.inputs else None
    return step


def _names_column(node: ast.Call) -> bool:
    return len(node.arguments) == 1 and isinstance(node.arguments[0].value, ast.Column)


def _extent(session: Session, place: Place, function: Signature, node: ast.Call) -> Typed:
    """Give the ends of a column of the table that is drawn."""
    span = node.arguments[0].value.span
    column = session.expression(session, place, node.arguments[0].value)
    if column.value[0] != "col" or column.type.kind == "unknown":
        return LOST
    if not column.type.is_numeric:
        session.report(
            "P2-E0207",
            f"`extent` is about numbers, and {column.value[1]} holds categories",
            span,
            help="an axis of categories has no limits: leave them out",
        )
        return LOST
    whole = Typed(["field", _table_of(place), column.value[1]], ValueType("field"))
    return applied(session, place, function, Arguments({"c": whole}, spans={"c": span}), node)


def _table(session: Session, place: Place, node: ast.Call) -> Typed:
    stream = session.flow(session, place, ast.Flow(node, span=node.span))
    if isinstance(stream, Stream) and stream.kind == "table":
        return of_table(stream)
    return LOST


def _no_function(
    session: Session, place: Place, node: ast.Call, operation: Signature | None
) -> Typed:
    name = node.name.text
    if operation is not None:
        session.report(
            "P2-E0202",
            f"`{name}` is a step, not a function",
            node.name.span,
            help=f"a step stands after a bar: `| {name}(...)`",
        )
        return LOST
    if _defined_below(session, place, node):
        return LOST
    functions = [
        s.name for found in session.registry.newest.values() for s in found if not s.in_flow
    ]
    foreign, advice = FOREIGN_FUNCTIONS.get(name) or FOREIGN_STEPS.get(name, ("", ""))
    ours = foreign if foreign in session.registry.newest else None
    close = ours or nearest(name, functions)
    close = close or nearest(name, starting(session))
    counted = _of_rows(session, place, node) if ours == "count" else None
    if counted is not None:
        session.report(
            "P2-E0202",
            f"there is no function `{name}`",
            node.name.span,
            help=counted.help,
            fix=counted.fix,
        )
        return LOST
    elsewhere = FOREIGN_VALUES.get(name) or ("" if ours else OTHERWISE.get(name, ""))
    help = f"did you mean `{close}`?" if close else ""
    if ours and advice:
        help = f"{help} {advice}"
    session.report(
        "P2-E0202",
        f"there is no function `{name}`",
        node.name.span,
        help=elsewhere or help,
        note="" if elsewhere or help else f"functions: {', '.join(sorted(functions))}",
        fix=Fix(node.name.span, close) if close and not advice and not elsewhere else None,
    )
    return LOST


def starting(session: Session) -> list[str]:
    """Give the names of the operations that may start a flow."""
    return [
        s.name for found in session.registry.newest.values() for s in found if s.takes == "none"
    ]


def _defined_below(session: Session, place: Place, node: ast.Call) -> bool:
    if place.scope.hidden(node.name.text) is None:
        return False
    session.report(
        "P2-E0227",
        f"`{node.name.text}` is not defined above this definition",
        node.name.span,
        help="a definition may use only what stands above it, so nothing can call itself",
    )
    return True
