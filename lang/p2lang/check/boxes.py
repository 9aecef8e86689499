"""Boxes: a frame around one flow is a step of that flow; nested frames, reports and pages are checked, not yet run."""

from __future__ import annotations

from dataclasses import replace

from p2lang import ast
from p2lang.check.arguments import arguments
from p2lang.check.model import LOST, Stream
from p2lang.check.session import PendingFrame, Place, Session
from p2lang.check.steps import framed
from p2lang.semantics.values import Typed
from p2lang.source import Span


def box(session: Session, place: Place, node: ast.Box) -> Stream:
    """Give what a box at the head of a flow gives: a view, or the end of a report."""
    head = Span(node.span.start, node.span.start + len(node.kind))
    if node.kind != "frame":
        return _report(session, place, node, head)
    if node.body is None:
        session.report(
            "P2-E0203",
            "`frame` needs a table from the left",
            head,
            label="starts a flow, but has no input",
            help="write `$table | frame(...)`, or put the drawing in braces: `frame { $table | line(...) }`",
        )
        return LOST
    frame = session.registry.flow("frame", "table")
    assert frame is not None
    outside = replace(place, columns=None, open=False, grouped=frozenset())
    given = arguments(session, outside, frame, node.arguments or (), head)
    pending = PendingFrame(frame, given.attributes, head, _label(node))
    inside = Place(place.scope.block(), frame=pending, boxed=True)
    if not any(
        isinstance(item, ast.FlowStatement | ast.Repeat | ast.When) for item in node.body.items
    ):
        session.report(
            "P2-E0203",
            "there is nothing in this frame",
            head,
            help="write a flow that draws in the braces: `$table | line(x=..., y=...)`",
        )
        return LOST
    if place.frame is not None or _several(node.body):
        session.later("a frame with several flows or frames in it", head)
        with session.told_later():
            session.block(session, inside, node.body)
        return Stream("view", open=True)
    return _drawn(session, pending, session.block(session, inside, node.body), node)


def _label(node: ast.Box) -> str:
    if node.label is None:
        return ""
    return node.label.text if isinstance(node.label, ast.Name) else node.label.value


def _several(body: ast.Block) -> bool:
    flows = [item for item in body.items if isinstance(item, ast.FlowStatement)]
    others = [item for item in body.items if isinstance(item, ast.Repeat | ast.When | ast.Task)]
    nested = any(isinstance(item.flow.head, ast.Box) for item in flows)
    return len(flows) != 1 or bool(others) or nested


def _drawn(
    session: Session, pending: PendingFrame, given: list[Stream | Typed], node: ast.Box
) -> Stream:
    drawn = given[-1] if given else LOST
    if isinstance(drawn, Typed) or drawn.kind is None:
        return LOST
    if drawn.kind == "table":
        return framed(session, drawn, pending)
    if drawn.kind != "view":
        assert node.body is not None
        session.report(
            "P2-E0204",
            f"a frame holds a drawing, but this flow ends in a {drawn.kind}",
            node.body.items[-1].span,
            help="put `| plot | handoff` after the closing brace",
        )
        return LOST
    return drawn


def _report(session: Session, place: Place, node: ast.Box, head: Span) -> Stream:
    session.later(f"`{node.kind}`", head)
    with session.told_later():
        for argument in node.arguments or ():
            session.expression(session, place, argument.value)
        if node.body is not None:
            inside = Place(place.scope.block(), boxed=True)
            session.block(session, inside, node.body)
    return Stream("item", open=True)
