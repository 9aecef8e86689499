"""One child of a run: its job, its descriptors, its share of what the run may use."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from p2lang.diagnostics import excerpt
from p2lang.source import Source, Span
from p2lang.verifier import Program
from plotter2.orchestrator import Cancellation, Outcome, ScriptFailed, SoFar, Task, TaskLimits
from plotter2.orchestrator.cancellation import following
from plotter2.runs.ahead import NOTHING_SPENT, Part, Send, Spent
from plotter2.runs.bodies import line_starts, needs_of
from plotter2.runs.inputs import (
    NO_RESULTS,
    BoundTable,
    ResultInputs,
    sealed_inputs,
    sealed_program,
)
from plotter2.runs.limiting import limited
from plotter2.runs.model import Event, Parts, RunRequest
from plotter2.runs.node_keys import source_name
from plotter2.runs.records import provenance, sent
from plotter2.wire.codec import encode
from plotter2.wire.inputs import RunProgram
from plotter2.wire.messages import Progress, RunJob


@dataclass(frozen=True, slots=True)
class Share:
    """What a child does of a run: all, or `only` some nodes, with results that are known.

    It may use what the run may, less what was `spent`, divided by the children that work `at_once`.
    `on_release` hears when it lets others go on.
    """

    results: ResultInputs = NO_RESULTS
    only: tuple[str, ...] = ()
    at_once: int = 1
    spent: Spent = NOTHING_SPENT
    cancellation: Cancellation | None = None
    on_release: Callable[[SoFar], None] | None = None


WHOLE = Share()


def dispatched(
    request: RunRequest, parts: Parts, tables: Sequence[BoundTable], share: Share = WHOLE
) -> Outcome:
    """Have a child run the program, or its share of it. Raises HostError, ScriptFailed with its place."""
    job = RunJob(formats=[] if share.only else list(request.formats), params=sent(request.params))
    answers = () if request.task is None else request.task.answers
    with (
        sealed_program(program_of(request, tables, share.only)) as program,
        sealed_inputs(tables, answers, share.results) as inputs,
    ):
        task = Task(
            job,
            (program, *inputs),
            _limits(request, parts, share),
            "none" if request.unconfined else parts.minimum_level,
            requester=request.by.requester or request.verified.signers[0].principal,
            priority=request.by.priority,
            cancellation=share.cancellation or request.by.cancellation,
            name=_work_of(job, request, tables, share),
            on_release=share.on_release,
            needs=needs_of(request.compiled.module.nodes),
        )
        try:
            return parts.submit(task, request.on_event if share.only else _keeping(request, parts))
        except ScriptFailed as error:
            _tell_place(request.compiled.source, error)
            raise


def _keeping(request: RunRequest, parts: Parts) -> Callable[[Event], None]:
    """Tell what happens, and keep the request leased: it may wait for its turn for as long as others take."""

    def hear(event: Event) -> None:
        parts.work.keep()
        request.on_event(event)

    return hear


def _work_of(job: RunJob, request: RunRequest, tables: Sequence[BoundTable], share: Share) -> str:
    """Name the work of a child: the same program with the same params on the same bundles in the same place."""
    place = request.task.about if request.task is not None else ""
    bundles = sorted({part.bundle_id for table in tables for part in table.parts})
    said = f"{request.compiled.module.sha256} {place} {bundles} {share.only}".encode()
    return hashlib.sha256(said + encode(job)).hexdigest()


def sender(
    request: RunRequest, parts: Parts, tables: Sequence[BoundTable], program: Program
) -> Send:
    """Give what has a child compute a part of the program; several may work at once."""
    quiet = replace(request, on_event=_in_turn(request.on_event))

    def send(
        part: Part, results: ResultInputs, at_once: int, cancellation: Cancellation
    ) -> Outcome:
        named = {
            source_name(program[node].node) for node in part.reads if _is_source(program, node)
        }
        read = [table for table in tables if table.path in named]
        share = Share(results, part.last, at_once, cancellation=cancellation)
        with following(cancellation, request.by.cancellation):
            return dispatched(quiet, parts, read, share)

    return send


def _is_source(program: Program, node: str) -> bool:
    return program[node].signature.kind == "source"


def _in_turn(tell: Callable[[Event], None]) -> Callable[[Event], None]:
    """Tell how far several children are, one word after the other; what they note is told by the child of the run."""
    lock = threading.Lock()

    def told(event: Event) -> None:
        if isinstance(event, Progress):
            with lock:
                tell(event)

    return told


def _tell_place(source: Source, error: ScriptFailed) -> None:
    """Say `file:line:column` of the operation that failed, and show the line, as far as a child may be believed."""
    if error.span is None:
        error.where = error.where or source.name
        return
    start, end = (min(place, len(source.text)) for place in error.span)
    line, column = source.position(start)
    error.where = f"{source.name}:{line}:{column}"
    error.excerpt = excerpt(Span(start, max(start, end)), source)


def program_of(
    request: RunRequest, tables: Sequence[BoundTable], only: Sequence[str] = ()
) -> RunProgram:
    """Give what the child needs to know beside the data: module, schemas, spans, provenance."""
    compiled = request.compiled
    return RunProgram(
        module=compiled.module.encode().decode(),
        schemas={path: schema.as_json() for path, schema in compiled.schemas.items()},
        spans={node: (span.start, span.end) for node, span in compiled.spans.items()},
        bodies=line_starts(compiled.module.nodes, compiled.source.text),
        provenance=provenance(request, tables),
        place=None if request.task is None else request.task.place,
        links={} if request.task is None else dict(request.task.links),
        only=list(only),
    )


def _limits(request: RunRequest, parts: Parts, share: Share) -> TaskLimits:
    whole = limited(request.verified, parts.ceiling, parts.budget).limits
    return replace(
        whole,
        wall_ms=max(1, whole.wall_ms - int(share.spent.wall_ms)),
        cpu_ms=max(1, (whole.cpu_ms - int(share.spent.cpu_ms)) // share.at_once),
        mem_mib=max(1, whole.mem_mib // share.at_once),
    )
