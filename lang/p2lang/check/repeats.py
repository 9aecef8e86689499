"""`repeat` and `when`: a body checked once for each value, effects guarded by a condition."""

from __future__ import annotations

from dataclasses import replace

from p2lang import ast
from p2lang.check.model import Binding, Stream
from p2lang.check.session import Place, Session
from p2lang.diagnostics import Related
from p2lang.semantics.operators import of_not
from p2lang.semantics.values import BOOL, UNKNOWN, Typed, ValueType

MOST_TURNS = 64
"""Values that a `repeat` may go over."""


def repeated(session: Session, place: Place, item: ast.Repeat) -> list[Stream | Typed]:
    """Check the body once for each value of the list."""
    first = place.scope.seen_binding(item.name.text)
    if first is not None and not first.damaged:
        first.used = True  # which of the two is meant by its uses is not known
        session.report(
            "P2-E0210",
            f"`{item.name.text}` is already bound",
            item.name.span,
            label="second binding",
            help="names are bound once; choose another name",
            related=(Related(first.name.span, "first binding"),),
        )
    turns = _turns(session, place, item)
    results: list[Stream | Typed] = []
    session.repeating.append(item.name.text)
    for turn in turns:
        inside = Place(place.scope.block(), frame=place.frame, box=place.box)
        named = turn.value[0] == "col"
        inside.scope.bind(Binding(item.name, turn, used=True, names_column=named))
        results += session.block(session, inside, item.body)
    session.repeating.pop()
    return results


def _turns(session: Session, place: Place, item: ast.Repeat) -> list[Typed]:
    if isinstance(item.over, ast.ListExpr):
        return _listed(session, place, item, item.over)
    typed = session.expression(session, place, item.over)
    if typed.type.kind == "unknown":
        return []
    inner = typed.type.item or UNKNOWN
    if typed.value[0] == "list":
        return _counted(session, item, [Typed(value, inner) for value in typed.value[1]])
    if typed.value[0] == "range" and typed.value[1][0] == typed.value[2][0] == "int":
        low, high = typed.value[1][1], typed.value[2][1]
        if high - low < MOST_TURNS:
            return [Typed(["int", number], inner) for number in range(low, high + 1)]
        return _too_many(session, item, high - low + 1)
    session.report(
        "P2-E0229",
        "`repeat` goes over a list or a range that is written in the script",
        item.over.span,
        help="write `[a, b, c]` or `1..5`",
    )
    return []


def _listed(session: Session, place: Place, item: ast.Repeat, over: ast.ListExpr) -> list[Typed]:
    # A bare name here is a column of whatever table flows inside the body.
    anything = Place(place.scope, open=True)
    turns = []
    for given in over.items:
        if isinstance(given.value, ast.Column) and len(given.value.name.parts) == 1:
            turns.append(Typed(["col", given.value.name.text], ValueType("unknown", "each")))
            continue
        turns.append(session.expression(session, anything, given.value))
    return _counted(session, item, turns)


def _counted(session: Session, item: ast.Repeat, turns: list[Typed]) -> list[Typed]:
    return turns if len(turns) <= MOST_TURNS else _too_many(session, item, len(turns))


def _too_many(session: Session, item: ast.Repeat, count: int) -> list[Typed]:
    session.report(
        "P2-E0229",
        f"`repeat` goes over at most {MOST_TURNS} values, and here are {count}",
        item.over.span,
        help="`facet(cols=...)` makes many panels of one flow",
    )
    return []


def when(session: Session, place: Place, item: ast.When) -> list[Stream | Typed]:
    """Check both branches; what they do is guarded by the condition or its opposite."""
    typed = session.expression(session, place, item.condition)
    if typed.type.kind not in ("bool", "any", "unknown") or typed.type.shape != "one":
        session.report(
            "P2-E0207",
            f"`when` needs one condition, true or false, not {typed.type}",
            item.condition.span,
            help="for example `when rows($table) > 0 { ... }`",
        )
        typed = Typed(["null"], UNKNOWN)
    results = _branch(session, place, typed, item.body)
    if item.otherwise is not None:
        opposite = BOOL if typed.type.kind == "unknown" else of_not(typed.type)
        results += _branch(session, place, Typed(["not", typed.value], opposite), item.otherwise)
    return results


def _branch(session: Session, place: Place, guard: Typed, body: ast.Block) -> list[Stream | Typed]:
    session.guards.append(guard)
    inside = Place(place.scope.block(), frame=place.frame, box=place.box)
    results = session.block(session, inside, body)
    session.guards.pop()
    return [_guarded(result, guard) for result in results] if place.box else results


def _guarded(result: Stream | Typed, guard: Typed) -> Stream | Typed:
    """Give a part of a box with the condition under which it is there."""
    if isinstance(result, Typed):
        return result
    inner = result.guard
    return replace(
        result, guard=guard.value if inner is None else ["op", "and", guard.value, inner]
    )
