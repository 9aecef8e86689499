"""The first script for a bundle: which pictures to draw, from what a schema says, as a syntax tree that fmt prints.

Rules for series, repeats, varied parameters and, without series, for summaries. Deterministic: the same schema gives
the same bytes. Scripts name bundles, never paths.
"""

from __future__ import annotations

from collections.abc import Iterator

from logger2 import scriptparts as p2
from logger2.panels import MOST_DRAWN, Panel, deserves_log, panels
from logger2.plan import RUN, SIZE, Plan, label
from logger2.preface import Facts, levels, preface, runs_per_cell
from logger2.schema import Schema
from logger2.summaries import NothingToDraw, picture_of_summary
from logger2.sweep import Axis, Sweep
from p2lang import ast

__all__ = ["Facts", "NothingToDraw", "starter"]

FEWEST_FOR_INTERVAL = 5
MOST_COLOURS = 7
MOST_COMMENTED = 12
FAINT = 0.4
_LEVEL = p2.quantity("95", "%")


def starter(bundle_path: str, schema: Schema, sweep_info: Sweep, facts: Facts | None = None) -> str:
    """Give a starter script for a bundle (`name` or `name/*`), formatted, with a reason for every choice.

    Raises NothingToDraw when there is no numeric column to draw.
    """
    plan = Plan(bundle_path, schema, sweep_info, facts or Facts())
    found = panels(schema)
    head = preface(bundle_path, schema, sweep_info, plan.facts, found)
    if not found:
        return p2.printed([_commented(picture_of_summary(plan), head)], p2.EDITION)
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
        p2.step("frame", title=title, size=SIZE),
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
        f"{label(panel.column)}: mean and 95 % confidence interval, n = {_n(plan)}{_beside(panel)}",
    )


def _thin_and_mean(plan: Plan, panel: Panel) -> tuple[list[ast.Stage], list[ast.Stage], str]:
    one, mean, faint = _new_names(plan, "one", "mean", "faint")
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
        f"{label(panel.column)}: {_n(plan)} runs (thin) and their mean{_beside(panel)}",
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
    return [], marks, f"{label(panel.column)}{each}{_beside(panel)}"


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
    titles = {"x": label(panel.x), "y": label(panel.column)}
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
