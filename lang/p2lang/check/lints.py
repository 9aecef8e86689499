"""Lints of the checker: what goes nowhere, runs that an average leaves out, colours and panels that are too many."""

from __future__ import annotations

from p2lang import ast
from p2lang.check.model import Step, Stream
from p2lang.check.scope import Scope
from p2lang.check.session import Place, Session
from p2lang.diagnostics import Fix
from p2lang.ir import Value, walk
from p2lang.semantics.bounds import interval
from p2lang.semantics.selection import selection
from p2lang.semantics.structure import reads_bundle
from p2lang.semantics.values import Typed
from p2lang.signatures import Signature
from p2lang.source import Span
from p2lang.types import Members

MOST_COLOURS = 10
"""Categories that a reader can tell apart by colour; more are refused when the picture is drawn."""

_SHOWN = 4


def unused(session: Session, scope: Scope) -> None:
    """Report the names of a scope that were bound and never used; names that start with `_` are meant so."""
    named = [(b.name, f"${b.name.text}", b.used) for b in scope.bindings.values()]
    for word in scope.words.values():
        if not isinstance(word.what, ast.Use):
            named.append((word.name, word.name.text, word.used))
        elif not word.used:
            _unused_library(session, word.what)
    for name, shown, used in named:
        if used or name.text.startswith("_"):
            continue
        session.report(
            "P2-W0401",
            f"`{shown}` is never used",
            name.span,
            help=f"delete it, or name it `_{name.text}`",
            fix=Fix(name.span, f"_{name.text}"),
            severity="warning",
        )


def _unused_library(session: Session, use: ast.Use) -> None:
    session.report(
        "P2-W0401",
        f"the library `{use.alias.text}` is never used",
        use.alias.span,
        help="delete this line",
        fix=Fix(use.span, ""),
        severity="warning",
    )


def without_result(session: Session, flow: ast.Flow, what: Stream | Typed) -> None:
    """Report a flow at whose end nothing happens, and a picture that is not handed on."""
    if _nothing(what):
        end = "end it with `| plot | handoff`, or bind it with `let`"
        session.report(
            "P2-W0404",
            "nothing happens with the result of this flow",
            flow.span,
            help=end if isinstance(what, Stream) else "bind it with `let name = ...`",
            fix=_finished(flow, what),
            severity="warning",
        )
    elif isinstance(what, Stream) and what.kind == "plot":
        last = flow.stages[-1].span if flow.stages else flow.span
        session.report(
            "P2-W0406",
            "this picture is drawn but not handed on",
            last,
            help="end the flow with `| handoff`",
            fix=Fix(Span(last.end, last.end), " | handoff"),
            severity="warning",
        )


def _finished(flow: ast.Flow, what: Stream | Typed) -> Fix | None:
    if not isinstance(what, Stream) or what.kind != "view":
        return None
    return Fix(Span(flow.span.end, flow.span.end), " | plot | handoff")


def _nothing(what: Stream | Typed) -> bool:
    if isinstance(what, Typed):
        return what.type.kind != "unknown"
    return what.kind in ("table", "view")


# ---- runs that differ ----------------------------------------------------------------------------


def of_aggregate(
    session: Session, place: Place, function: Signature, typed: Typed, span: Span
) -> None:
    """Report an aggregate of a column that whole runs lack: their groups are made of fewer runs, or of none."""
    if function.kind != "agg" or typed.value[0] != "col" or not typed.type.nullable:
        return
    name = typed.value[1]
    members = _members(session, place.step, name)
    lacking = () if members is None else members.lacking.get(name, ())
    if members is None or not lacking:
        return
    session.report(
        "P2-W0407",
        f"`{function.name}` leaves out {len(lacking)} of {len(members.runs)} runs, which have no {name}",
        span,
        help=f"say that it is meant: `| filter(not isnull({_written(name)}))` before it",
        note=lacking_text(session, place.step, name),
        severity="warning",
    )


def lacking_text(session: Session, step: Step | None, name: str) -> str:
    """Give `no val/loss in run1, run2, ... (5 of 8 runs)`; empty when all have it, or nothing is known."""
    members = _members(session, step, name)
    lacking = () if members is None else members.lacking.get(name, ())
    if members is None or not lacking:
        return ""
    listed = ", ".join(lacking[:_SHOWN]) + (", ..." if len(lacking) > _SHOWN else "")
    return f"no {name} in {listed} ({len(lacking)} of {len(members.runs)} runs)"


def _written(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else f"`{name}`"


def _members(session: Session, step: Step | None, name: str) -> Members | None:
    """Give the runs of the bundle that a column comes from, None when a step made or looked at it since."""
    while step is not None and not reads_bundle(step.signature):
        if name in step.named or _mentions(step, name) or step.signature.takes == "none":
            return None
        step = step.inputs[0] if step.inputs else None
    return None if step is None else _of_bundle(session, step)


def _of_bundle(session: Session, source: Step) -> Members | None:
    schema = session.bundles.get(selection(source.attributes).shape.key)
    return None if schema is None else schema.members


def _mentions(step: Step, name: str) -> bool:
    if step.signature.name not in ("filter", "drop_nulls", "rename", "cast"):
        return False
    return any(name in part for value in step.attributes.values() for part in walk(value))


# ---- pictures that nobody can read ---------------------------------------------------------------


def of_picture(
    session: Session,
    stream: Stream,
    signature: Signature,
    attributes: dict[str, Value],
    spans: dict[str, Span],
) -> None:
    """Report colours and panels that are too many, as far as the number of runs tells."""
    if signature.name == "facet":
        limit = interval(attributes.get("max_panels", ["int", 36]), session.bounds)[1]
        for name in ("cols", "rows"):
            _many(session, stream, attributes.get(name), spans.get(name), limit, "panels")
    elif signature.kind == "mark" or signature.name == "colour":
        name = "by" if signature.name == "colour" else "colour"
        _many(session, stream, attributes.get(name), spans.get(name), MOST_COLOURS, "colours")


def _many(
    session: Session,
    stream: Stream,
    value: Value | None,
    span: Span | None,
    limit: float,
    what: str,
) -> None:
    if value is None or span is None or value[0] != "col" or value[1] not in ("run", "bundle"):
        return
    members = _all_rows(session, stream.step)
    count = 0 if members is None else len(members.runs)
    if count <= limit:
        return
    session.report(
        "P2-W0409",
        f"{count} runs make {count} {what}, and at most {limit:g} are drawn",
        span,
        help="keep fewer with `| filter(...)`, or use a column with fewer values",
        severity="warning",
    )


def _all_rows(session: Session, step: Step | None) -> Members | None:
    """Give the runs that a flow draws whole, None when a step may have left runs out."""
    while step is not None and not reads_bundle(step.signature):
        if step.signature.facts.rows == "fewer" or step.signature.name in (
            "filter",
            "head",
            "sample",
            "join",
        ):
            return None
        step = step.inputs[0] if step.inputs and step.signature.takes != "none" else None
    return None if step is None else _of_bundle(session, step)


def of_log_axis(
    session: Session, stream: Stream, attributes: dict[str, Value], spans: dict[str, Span]
) -> None:
    """Report a logarithmic axis on which something stands at 0: bars, bands from 0, rules, limits that may be 0."""
    if attributes.get("yscale") != ["str", "log"]:
        return
    step = stream.step
    while step is not None and step.kind == "view":
        if step.signature.name in ("bar", "histogram") or _rule_at_zero(session, step):
            session.report(
                "P2-W0408",
                f"the y axis is logarithmic, and `{step.signature.name}` begins at 0, which it cannot show",
                spans["yscale"],
                help='write `yscale="symlog"`, or draw a `point` or `line`',
                severity="warning",
            )
            return
        step = step.inputs[0] if step.inputs else None


def _rule_at_zero(session: Session, step: Step) -> bool:
    value = step.attributes.get("y")
    if step.signature.name != "rule" or value is None:
        return False
    return interval(value, session.bounds)[1] <= 0
