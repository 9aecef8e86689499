"""The first script for a bundle: which pictures to draw, from what a schema says, as a syntax tree that fmt prints.

Rules for series, repeats, varied parameters and, without series, for summaries. Deterministic: the same schema gives
the same bytes. Scripts name bundles, never paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logger2 import scriptparts as p2
from logger2.panels import MOST_DRAWN, Panel, deserves_log, metrics, panels
from logger2.preface import Facts, levels, preface, runs_per_cell
from logger2.schema import ColumnSchema, Schema
from logger2.sweep import Axis, Sweep
from logger2.words import unit_in
from p2lang import ast

__all__ = ["Facts", "NothingToDraw", "starter"]

RUN = "run"
FEWEST_FOR_INTERVAL = 5
MOST_FACETS = 5
MOST_COLOURS = 7
MOST_COMMENTED = 12
FAINT = 0.4
_SIZE = ast.ListExpr(
    (ast.Argument(p2.quantity("160", "mm")), ast.Argument(p2.quantity("100", "mm")))
)
_LEVEL = p2.quantity("95", "%")


class NothingToDraw(ValueError):
    """The schema has no numbers to draw; the text says what is missing."""


@dataclass(frozen=True)
class Plan:
    """What all pictures of one script share: the bundle, and which parameters stay apart in which way."""

    bundle: str
    schema: Schema
    sweep: Sweep
    facts: Facts

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Give the varied parameters that a script can name."""
        return tuple(axis for axis in self.sweep.axes if p2.can_be_named(axis.name))

    @property
    def colour(self) -> Axis | None:
        """Give the parameter that colours the lines."""
        return self.axes[0] if self.axes else None

    @property
    def facet(self) -> Axis | None:
        """Give the parameter that makes panels: the second, when it has few values."""
        return (
            self.axes[1] if len(self.axes) > 1 and len(self.axes[1].values) <= MOST_FACETS else None
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """Give the names of the parameters that stay apart."""
        return tuple(axis.name for axis in (self.colour, self.facet) if axis is not None)

    @property
    def mixed(self) -> tuple[str, ...]:
        """Give the names of varied parameters that do not stay apart; runs that differ in them are never averaged."""
        return tuple(axis.name for axis in self.sweep.axes if axis.name not in self.keys)

    @property
    def repeats(self) -> int:
        """Give how many runs may be averaged: those of a combination, 1 where runs differ in something else too."""
        if self.mixed:
            return 1
        return self.sweep.fewest if self.sweep.fewest > 1 else self.sweep.most


def starter(bundle_path: str, schema: Schema, sweep_info: Sweep, facts: Facts | None = None) -> str:
    """Give a starter script for a bundle (`name` or `name/*`), formatted, with a reason for every choice.

    Raises NothingToDraw when there is no numeric column to draw.
    """
    plan = Plan(bundle_path, schema, sweep_info, facts or Facts())
    found = panels(schema)
    head = preface(bundle_path, schema, sweep_info, plan.facts, found)
    if not found:
        return p2.printed([_commented(_without_series(plan), head)], p2.EDITION)
    names = _picture_names(found)
    bound = ["curves"] if len(found) == 1 else [f"{name}_curves" for name in names]
    drawn = [_picture(plan, *each) for each in zip(found, names, bound, strict=True)]
    first = [_commented(drawn[0][0], head), _guard(plan, found[0], bound[0]), *drawn[0][1:]]
    rest = [item for picture in drawn[1:MOST_DRAWN] for item in picture]
    spare = drawn[MOST_DRAWN : MOST_DRAWN + MOST_COMMENTED]
    return p2.printed([*first, *rest], p2.EDITION, tuple(_as_comments(spare)))


# ---- one picture of series ------------------------------------------------------------------


def _picture(plan: Plan, panel: Panel, name: str, bound: str) -> list[ast.Item]:
    """Give the `let` with the maths and the flow that draws it."""
    if plan.repeats >= FEWEST_FOR_INTERVAL:
        stages, marks, title = _interval(plan, panel)
    elif plan.repeats > 1:
        stages, marks, title = _thin_and_mean(plan, panel)
    else:
        stages, marks, title = _each_run(plan, panel)
    let = ast.Let(
        ast.Name(bound),
        ast.Flow(p2.call("access", plan.bundle), (*_selected(plan, panel), *stages)),
    )
    view = [
        p2.step("frame", title=title, size=_SIZE),
        *_facetted(plan),
        *marks,
        _axis(plan, panel),
        *_legend(plan),
        p2.step("plot", name),
        p2.step("handoff"),
    ]
    comments = ("", *p2.reasons(panel.reason)) if panel.reason else ()
    return [let, ast.FlowStatement(ast.Flow(p2.binding(bound), tuple(view)), comments=comments)]


def _selected(plan: Plan, panel: Panel) -> Iterator[ast.Stage]:
    repeats = tuple(
        name for name in plan.sweep.repeats if p2.can_be_named(name) and name in plan.schema
    )
    run = () if plan.repeats >= FEWEST_FOR_INTERVAL or plan.sweep.runs == 1 else (RUN,)
    drawn = tuple(column.name for column in panel.columns)
    others = tuple(name for name in plan.mixed if p2.can_be_named(name))
    wanted = dict.fromkeys((*run, *plan.keys, *others, *repeats, panel.x.name, *drawn))
    yield p2.step("select", *map(p2.column, wanted))
    missing = [column.name for column in panel.columns if column.nullable]
    if missing:
        yield p2.because(
            "not every row has a value", p2.step("drop_nulls", *map(p2.column, missing))
        )


def _interval(plan: Plan, panel: Panel) -> tuple[list[ast.Stage], list[ast.Stage], str]:
    mean, low, high, count, faint = _new_names(plan, "m", "lo", "hi", "n", "faint")
    y = p2.column(panel.column.name)
    new: dict[str, ast.Expr] = {
        mean: p2.call("mean", y),
        low: p2.call("ci_low", y, level=_LEVEL),
        high: p2.call("ci_high", y, level=_LEVEL),
        count: p2.call("count"),
    }
    if panel.faint is not None:
        new[faint] = p2.call("mean", p2.column(panel.faint.name))
    by = p2.columns((*plan.keys, panel.x.name))
    reached = ast.Binary(">=", p2.column(count), ast.Number("2"))
    stages = [
        p2.step_with("summary", new, {"by": by}),
        p2.because(
            "an interval needs two runs; steps that fewer reached are left out",
            p2.step("filter", reached),
        ),
    ]
    why = f"{_n(plan)} runs of each combination are enough for an interval of their mean"
    x = p2.column(panel.x.name)
    marks = [
        p2.because(
            why, p2.step("band", x=x, lo=p2.column(low), hi=p2.column(high), **_coloured(plan))
        ),
        p2.step("line", x=x, y=p2.column(mean), **_coloured(plan)),
        *_faint(plan, panel, faint),
    ]
    return (
        stages,
        marks,
        f"{_label(panel.column)}: mean and 95 % confidence interval, n = {_n(plan)}{_beside(panel)}",
    )


def _thin_and_mean(plan: Plan, panel: Panel) -> tuple[list[ast.Stage], list[ast.Stage], str]:
    one, mean, faint = _new_names(plan, "one", "m", "faint")
    by = p2.columns((*plan.keys, panel.x.name))
    means = {mean: panel.column.name} | (
        {faint: panel.faint.name} if panel.faint is not None else {}
    )

    def mean_of(name: str) -> ast.Expr:
        return ast.Binary(
            "/", p2.call("total", p2.column(name), by=by), p2.call("total", p2.column(one), by=by)
        )

    stages = [
        p2.step_with("derive", {one: ast.Number("1")}),
        p2.step_with("derive", {new: mean_of(name) for new, name in means.items()}),
    ]
    x, run = p2.column(panel.x.name), p2.column(RUN)
    thin = ast.Number(repr(FAINT))
    why = f"{_n(plan)} runs are too few for an interval: every run, and their mean"
    y = p2.column(panel.column.name)
    marks = [
        p2.because(
            why,
            p2.step(
                "line",
                x=x,
                y=y,
                **_coloured(plan),
                by=run,
                alpha=thin,
                width=p2.quantity("0.5", "pt"),
            ),
        ),
        p2.step(
            "line",
            x=x,
            y=p2.column(mean),
            **_coloured(plan),
            by=run,
            width=p2.quantity("1.5", "pt"),
        ),
        *_faint(plan, panel, faint, by_run=True),
    ]
    return (
        stages,
        marks,
        f"{_label(panel.column)}: {_n(plan)} runs (thin) and their mean{_beside(panel)}",
    )


def _each_run(plan: Plan, panel: Panel) -> tuple[list[ast.Stage], list[ast.Stage], str]:
    x = p2.column(panel.x.name)
    by: dict[str, p2.Value] = {"by": p2.column(RUN)} if plan.sweep.runs != 1 else {}
    why = "one line for each run; nothing is averaged" if by else "one run"
    if plan.mixed:
        why = f"runs differ in {', '.join(plan.mixed)} too, so nothing is averaged"
    marks = [
        p2.because(
            why, p2.step("line", x=x, y=p2.column(panel.column.name), **_coloured(plan), **by)
        ),
        *_faint(plan, panel, panel.faint.name if panel.faint else "", by_run=bool(by)),
    ]
    each = " of each run" if by else ""
    return [], marks, f"{_label(panel.column)}{each}{_beside(panel)}"


def _faint(plan: Plan, panel: Panel, name: str, *, by_run: bool = False) -> Iterator[ast.Stage]:
    if panel.faint is None:
        return
    by: dict[str, p2.Value] = {"by": p2.column(RUN)} if by_run else {}
    why = f"{panel.faint.name} is the same quantity on the training data"
    alpha = ast.Number(repr(FAINT))
    yield p2.because(
        why,
        p2.step(
            "line",
            x=p2.column(panel.x.name),
            y=p2.column(name),
            **_coloured(plan),
            **by,
            alpha=alpha,
        ),
    )


# ---- what pictures have in common -----------------------------------------------------------


def _coloured(plan: Plan) -> dict[str, p2.Value]:
    return {"colour": p2.column(plan.colour.name)} if plan.colour is not None else {}


def _facetted(plan: Plan) -> Iterator[ast.Stage]:
    if plan.facet is not None:
        why = f"{plan.facet.name} is varied too: {levels(plan.facet)}"
        yield p2.because(why, p2.step("facet", cols=p2.column(plan.facet.name), share="both"))


def _axis(plan: Plan, panel: Panel) -> ast.Stage:
    titles = {"x": _label(panel.x), "y": _label(panel.column)}
    if not deserves_log(panel.column, plan.facts.ranges):
        return p2.step("axis", **titles)
    why = f"{panel.column.name} is positive and falls by more than a factor of 100"
    return p2.because(why, p2.step("axis", **titles, yscale="log"))


def _legend(plan: Plan) -> Iterator[ast.Stage]:
    if plan.colour is None:
        return
    many = (
        f"; with {len(plan.colour.values)} values colours are a scale"
        if _is_many(plan.colour)
        else ""
    )
    spaced = ", evenly spaced on a log axis" if plan.colour.log_spaced else ""
    why = f"the runs vary {plan.colour.name}: {levels(plan.colour)}{spaced}{many}"
    yield p2.because(why, p2.step("legend", title=plan.colour.name))


def _is_many(axis: Axis) -> bool:
    return axis.is_numeric and len(axis.values) > MOST_COLOURS


def _label(column: ColumnSchema) -> str:
    base = unit_in(column.name)[0] if column.unit else column.name
    return p2.one_line(f"{base} ({column.unit})" if column.unit else column.name)


def _beside(panel: Panel) -> str:
    return f"; {p2.one_line(panel.faint.name)} faint" if panel.faint is not None else ""


def _n(plan: Plan) -> str:
    return runs_per_cell(plan.sweep)


def _new_names(plan: Plan, *wanted: str) -> list[str]:
    taken = [column.name for column in plan.schema.columns]
    return [p2.free(name, taken) for name in wanted]


def _picture_names(found: tuple[Panel, ...]) -> list[str]:
    names: list[str] = []
    for panel in found:
        names.append(p2.identifier(panel.column.name, names))
    return names


def _guard(plan: Plan, panel: Panel, name: str) -> ast.Item:
    some = ast.Binary(">", p2.call("rows", p2.binding(name)), ast.Number("0"))
    return ast.ImposeThat(
        some, ast.String(f"no run of {plan.bundle} logged {panel.column.name}"), blank_before=True
    )


def _commented(item: ast.Item, comments: ast.Comments) -> ast.Item:
    match item:
        case ast.Let():
            return ast.Let(item.name, item.value, comments=comments)
        case ast.FlowStatement():
            return ast.FlowStatement(item.flow, comments=comments)
        case _:
            return item


def _as_comments(pictures: list[list[ast.Item]]) -> Iterator[str]:
    if pictures:
        yield ""
        yield "# More metrics. To draw one, remove the first # of its lines:"
    for picture in pictures:
        yield ""
        yield from (f"# {line}".rstrip() for line in p2.printed(picture).rstrip().split("\n"))


# ---- tables without a step ------------------------------------------------------------------


def _without_series(plan: Plan) -> ast.Item:
    """Give points of a metric over a parameter or another metric, else a histogram; raises NothingToDraw."""
    measured = sorted(metrics(plan.schema), key=lambda column: not column.better)
    if not measured:
        raise NothingToDraw(
            'no numeric column was taken for a metric; name one with `define(..., role="metric")`'
        )
    y = measured[0]
    params = [
        c for c in plan.schema.with_role("param", "coordinate") if c.kind in ("int", "number")
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
        return _single(plan, y, mark, p2.step("axis", x=_label(y), y="rows"))
    why = f"no step was found; {y.name} over {other.name}"
    mark = p2.because(
        why, p2.step("point", x=p2.column(other.name), y=p2.column(y.name), **_by_category(plan))
    )
    log = any(axis.name == other.name and axis.log_spaced for axis in plan.axes)
    scale: dict[str, p2.Value] = {"xscale": "log"} if log else {}
    return _single(plan, y, mark, p2.step("axis", x=_label(other), y=_label(y), **scale))


def _by_category(plan: Plan) -> dict[str, p2.Value]:
    text = [axis.name for axis in plan.axes if not axis.is_numeric]
    text += [c.name for c in plan.schema.with_role("category") if p2.can_be_named(c.name)]
    return {"colour": p2.column(text[0])} if text else {}


def _single(plan: Plan, y: ColumnSchema, mark: ast.Stage, axis: ast.Stage) -> ast.Item:
    legend = [p2.step("legend")] if _by_category(plan) and mark.name.text == "point" else []
    frame = p2.step("frame", title=_label(y), size=_SIZE)
    end = [p2.step("plot", p2.identifier(y.name)), p2.step("handoff")]
    return ast.FlowStatement(
        ast.Flow(p2.call("access", plan.bundle), (frame, mark, axis, *legend, *end))
    )
