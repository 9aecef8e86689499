"""The first picture of a table without a step: points of one quantity over another, or how one is distributed."""

from __future__ import annotations

from logger2 import scriptparts as p2
from logger2.panels import metrics
from logger2.plan import SIZE, Plan, label
from logger2.schema import ColumnSchema
from logger2.words import MOST_CATEGORIES
from p2lang import ast

_SURE = 0.8
"""A category that is less sure has more values than colours tell apart."""


class NothingToDraw(ValueError):
    """The schema has no numbers to draw; the text says what is missing."""


def picture_of_summary(plan: Plan) -> ast.Item:
    """Give points of a metric over a parameter or another metric, else a histogram; raises NothingToDraw."""
    found = metrics(plan.schema) or [c for c in plan.schema.columns if c.name == plan.schema.x]
    measured = sorted(found, key=lambda column: not column.better)
    if not measured:
        raise NothingToDraw(
            'no numeric column was taken for a metric; name one with `define(..., role="metric")`'
        )
    y = measured[0]
    params = [
        c
        for c in plan.schema.with_role("param", "coordinate")
        if c.kind in ("int", "number") and c.name != y.name
    ]
    varied = [axis.name for axis in plan.axes if axis.is_numeric]
    across = [c for c in params if c.name in varied] or [
        c for c in params if c.name not in dict(plan.sweep.fixed)
    ]
    other = across[0] if across else (measured[1] if len(measured) > 1 else None)
    if other is None or not p2.can_be_named(other.name):
        mark = p2.because(
            "one quantity without a step: how it is distributed",
            p2.step("histogram", x=p2.column(y.name)),
        )
        return _single(plan, y, mark, p2.step("axis", x=label(y), y="rows"))
    why = f"no step was found; {y.name} over {other.name}"
    mark = p2.because(
        why, p2.step("point", x=p2.column(other.name), y=p2.column(y.name), **_by_category(plan))
    )
    log = any(axis.name == other.name and axis.log_spaced for axis in plan.axes)
    scale: dict[str, p2.Value] = {"xscale": "log"} if log else {}
    return _single(plan, y, mark, p2.step("axis", x=label(other), y=label(y), **scale))


def _by_category(plan: Plan) -> dict[str, p2.Value]:
    axes = [axis for axis in plan.axes if not axis.is_numeric]
    text = [axis.name for axis in axes if len(axis.values) <= MOST_CATEGORIES]
    text += [
        c.name
        for c in plan.schema.with_role("category")
        if p2.can_be_named(c.name) and c.confidence >= _SURE
    ]
    return {"colour": p2.column(text[0])} if text else {}


def _single(plan: Plan, y: ColumnSchema, mark: ast.Stage, axis: ast.Stage) -> ast.Item:
    legend = [p2.step("legend")] if _by_category(plan) and mark.name.text == "point" else []
    frame = p2.step("frame", title=label(y), size=SIZE)
    end = [p2.step("plot", p2.identifier(y.name)), p2.step("handoff")]
    return ast.FlowStatement(
        ast.Flow(p2.call("access", plan.bundle), (frame, mark, axis, *legend, *end))
    )
