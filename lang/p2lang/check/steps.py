"""One step of a flow: what it takes, its right, its arguments, what it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from p2lang import ast
from p2lang.check.arguments import Arguments, arguments
from p2lang.check.lints import of_log_axis, of_picture
from p2lang.check.model import LOST, START, Step, Stream
from p2lang.check.pictures import is_new, made, named_at_once, named_by_handoff
from p2lang.check.reading import reading
from p2lang.check.session import PendingFrame, Place, Remedy, Session, inputs, place_of
from p2lang.check.suspicions import suspicious
from p2lang.check.taking import after_mismatch, belongs, takes
from p2lang.check.tasks import stands_right
from p2lang.diagnostics import Fix
from p2lang.ir import Value
from p2lang.semantics.clash import Clash
from p2lang.semantics.filling import filled_in
from p2lang.semantics.films import check_film
from p2lang.semantics.structure import (
    FILE_KINDS,
    file_name,
    makes_picture,
    name_attribute,
    untold_target,
)
from p2lang.semantics.transfer import Application, keeps_columns, schema_after
from p2lang.signatures import Signature
from p2lang.source import Span
from p2lang.types import FlowKind, TableSchema


def apply(
    session: Session,
    place: Place,
    stream: Stream,
    signature: Signature,
    written: tuple[ast.Argument, ...],
    name: Span,
) -> Stream:
    """Give what the pipe carries after a step; what is wrong is reported and guessed over."""
    stream = _framed(session, place, stream, signature)
    if not belongs(session, place, stream, signature, name):
        return LOST
    if not takes(session, stream, signature, name):
        return after_mismatch(stream, signature)
    if not _granted(session, signature, name):
        return LOST
    inside = place_of(place, stream)
    given = arguments(session, inside, signature, written, name)
    if not given.usable or suspicious(session, signature, given, written):
        return _guessed(stream, signature)
    return _applied(session, stream, signature, given, name)


def framed(session: Session, stream: Stream, frame: PendingFrame) -> Stream:
    """Give the view that a frame box makes of the table that flows in it."""
    step = session.emit(
        Step(
            frame.signature,
            () if stream.step is None else (stream.step,),
            frame.attributes,
            "view",
            stream.schema,
            frame.span,
        )
    )
    return Stream("view", step, stream.schema, stream.open, frame.label, loose=True)


def _framed(session: Session, place: Place, stream: Stream, signature: Signature) -> Stream:
    if place.frame is None or stream.kind != "table" or signature.takes != "view":
        return stream
    return framed(session, stream, place.frame)


def _granted(session: Session, signature: Signature, name: Span) -> bool:
    lacking = [
        r for r in signature.rights if session.rights is not None and r not in session.rights
    ]
    if not lacking:
        return True
    session.report(
        "P2-E0220",
        f'`{signature.name}` needs the right "{lacking[0]}", which this script was not given',
        name,
        help="rights are granted when a script is approved; `plotter2 explain rights` shows what this one asks for",
    )
    return False


def _guessed(stream: Stream, signature: Signature) -> Stream:
    kind = cast(FlowKind, signature.gives)
    if keeps_columns(signature) and stream is not START:
        return replace(stream, kind=kind, guard=None)
    return Stream(kind, open=True)


# ---- what it gives -------------------------------------------------------------------------------


def _applied(
    session: Session, stream: Stream, signature: Signature, given: Arguments, name: Span
) -> Stream:
    kind = cast(FlowKind, signature.gives)
    found = reading(session, signature, given, name)
    if found is None or not stands_right(session, signature, name):
        return Stream(kind, open=True)
    signature, attributes = found.signature, dict(found.attributes)
    told = _outputs(session, stream, signature, attributes, given, name)
    if told is None:
        return Stream(kind, open=True)
    stream = told
    try:
        if stream.schema is not None:
            attributes.update(filled_in(signature, attributes, stream.schema))
        if makes_picture(signature):
            check_film(signature, attributes, _drawn(stream.step))
        application = Application(
            signature,
            attributes,
            stream.schema,
            found.bundle,
            tuple(given.new),
            _schema_of,
            session.bounds,
        )
        schema = None if stream.open else schema_after(application)
    except Clash as clash:
        session.clash(clash, _blamed(session, given, clash, name), _as_table(session, given, clash))
        return _guessed(stream, signature)
    of_picture(session, stream, signature, attributes, given.spans)
    of_log_axis(session, stream, attributes, given.spans)
    after = _emitted(session, stream, signature, attributes, schema, (name, given.named))
    named = name_attribute(signature) in given.attributes
    if makes_picture(signature) and after.step is not None and not named:
        made(session, after.step)
    return after


def _as_table(session: Session, given: Arguments, clash: Clash) -> Remedy | None:
    """Give `access("name")` for a bundle's name that stands where a table is wanted."""
    value = given.attributes.get(clash.argument)
    if value is None or value[0] != "str" or clash.code != "P2-E0207":
        return None
    span = given.spans[clash.argument]
    mended = f"access({session.source.slice(span)})"
    return Remedy(f"write `{mended}`", Fix(span, mended))


def _blamed(session: Session, given: Arguments, clash: Clash, name: Span) -> Span:
    """Give the smallest place that a broken rule speaks of: a column, an argument, else the step's name."""
    span = given.spans.get(clash.argument) or given.named.get(clash.argument, name)
    if not clash.column:
        return span
    written = re.search(
        rf"(?<![\w.$]){re.escape(clash.column)}(?!\w)|`{re.escape(clash.column)}`",
        session.source.slice(span),
    )
    if written is None:
        return span
    return Span(span.start + written.start(), span.start + written.end())


def _drawn(step: Step | None) -> Iterator[Mapping[str, Value]]:
    """Give the attributes of everything that a picture is made of."""
    pending = [] if step is None else [step]
    while pending:
        view = pending.pop()
        if view.kind not in ("table", "plot", "done"):
            yield view.attributes
            pending += view.inputs


def _schema_of(step: Step) -> TableSchema:
    # A table that flows with unknown columns is refused before it comes here.
    assert step.schema is not None
    return step.schema


def _emitted(
    session: Session,
    stream: Stream,
    signature: Signature,
    attributes: Mapping[str, Value],
    schema: TableSchema | None,
    places: tuple[Span, Mapping[str, Span]],
) -> Stream:
    flow = () if stream.step is None else (stream.step,)
    kind = cast(FlowKind, signature.gives)
    step = session.emit(
        Step(signature, inputs(flow, attributes), attributes, kind, schema, *places)
    )
    return Stream(kind, step, schema, stream.open, stream.label, loose=stream.loose)


def _outputs(
    session: Session,
    stream: Stream,
    signature: Signature,
    attributes: dict[str, Value],
    given: Arguments,
    name: Span,
) -> Stream | None:
    """Check that what an operation hands out or touches is known before the run; give what it takes, named by now."""
    place = given.spans.get("name", name)
    if makes_picture(signature):
        named = named_at_once(session, signature, stream.label, attributes, place)
        return stream if named else None
    if signature.name == "handoff" and stream.kind == "plot":
        return named_by_handoff(session, stream, attributes, place)
    return stream if _touches_known(session, signature, attributes, given, name) else None


def _touches_known(
    session: Session,
    signature: Signature,
    attributes: dict[str, Value],
    given: Arguments,
    name: Span,
) -> bool:
    untold = untold_target(signature, attributes)
    if untold is not None:
        session.report(
            "P2-E0223",
            f"`{untold}` of `{signature.name}` is known before the run: it is written as text",
            given.spans.get(untold, name),
            help="what a script touches is part of what is signed",
        )
    elif signature.facts.output == "file":
        return _named_file(session, attributes["name"][1], given.spans["name"])
    return untold is None


def _named_file(session: Session, file: str, span: Span) -> bool:
    if file_name(file) is None:
        kinds = ", ".join(f".{kind}" for kind in FILE_KINDS)
        session.report(
            "P2-E0223",
            f'"{file}" cannot be the name of a file: it says by its ending what is written, one of {kinds}',
            span,
            help='letters, digits and . _ = , + - or spaces, then the ending, for example "reward.csv"',
        )
        return False
    return is_new(session, file, span, ("files", "give each a name of its own"))
