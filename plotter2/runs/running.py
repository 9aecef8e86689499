"""A verified script to published pictures: allow, bind, dispatch, publish, and the record of it all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any, get_args

import msgspec

from p2lang.ir import Node
from p2lang.semantics.needs import MEBIBYTE
from p2lang.semantics.structure import (
    REPORT,
    effects_of,
    kinds_of,
    makes_picture,
    operation,
    outputs,
    outside_tasks,
    sheet_of,
)
from p2lang.verifier import BadParam, Program
from p2lang.verifier import verify as verify_module
from p2sign.refusal import Refusal
from p2std.registry import core
from plotter2.datter.ids import now_ms
from plotter2.datter.output import Artefact as Output
from plotter2.datter.store import Store
from plotter2.datter.task_runs import DrawnFile
from plotter2.datter.transfers import Transfer
from plotter2.errors import ExitCode, HostError, RunError
from plotter2.orchestrator import Outcome
from plotter2.runs import codes as run_codes
from plotter2.runs.ahead import compute_ahead
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.dispatching import Share, dispatched, sender
from plotter2.runs.entries import EntriesOfRun
from plotter2.runs.exposing import (
    exposed_tables,
    redo_asked,
    require_kept_going,
    require_nothing_of_tasks,
)
from plotter2.runs.holding import holding
from plotter2.runs.inputs import (
    BoundTable,
    bind,
)
from plotter2.runs.limiting import limited
from plotter2.runs.model import (
    Artefact,
    Params,
    Parts,
    RunRequest,
    RunResult,
    Started,
    Timings,
)
from plotter2.runs.owning import Owning, grants, require_allowed
from plotter2.runs.records import (
    complete_record,
    confinement_of,
    consumed_told,
    first_record,
)
from plotter2.runs.releasing import Release, after_earlier, release_of
from plotter2.runs.selecting import Circumstances, variables
from plotter2.runs.signing import capabilities, imports
from plotter2.runs.task_place import ALONE, TaskPlace
from plotter2.wire import codes
from plotter2.wire.messages import Format, RowsCounted


def run(request: RunRequest, parts: Parts, timings: Timings) -> RunResult:
    """Run a script once. Raises Refusal, Plotter2Error; how it ends is recorded by who holds `parts.work` open."""
    compiled = request.compiled
    check_formats(request.formats)
    with timings.stage("allow"):
        if compiled.script.content != request.verified.script:
            raise Refusal("E_DIGEST", where=compiled.script.name)
        request.verified.require(capabilities(compiled.capabilities))
        request.verified.require_imports(imports(compiled.module.libs))
        program = verified_program(compiled)
        params = bound_params(compiled, request.params, request.task_name, program)
        request = replace(request, params=params)
    with timings.stage("bind"):
        tables = _bound_tables(request, parts.store)
    run_id = parts.store.new_id()
    limits = limited(request.verified, parts.ceiling, parts.budget)
    with timings.stage("log"):
        entries = EntriesOfRun(parts.keep, request, run_id, tables)
    record = {
        **first_record(run_id, request, parts.work.request_id),
        **confinement_of(parts.confinement, unconfined=request.unconfined),
        "limits": limits.as_json(),
        **consumed_told(request.task, parts.store),
        "log": entries.as_json(),
    }
    with entries.ends():
        parts.work.begin_run(run_id, request.verified.statement.name, record)
        release = release_of(compiled.module.nodes, request.task, parts.store, parts.work, run_id)
        most = limits.limits.mem_mib * MEBIBYTE // 2
        cache, outcome = _computed(request, parts, (program, tables, most), release, timings)
        started = Started(run_id, {**record, "cache": cache}, timings, entries)
        if request.task is not None:
            return published_task(request, request.task, parts, started, outcome, release)
        return published(request, parts, started, outcome)


def _computed(
    request: RunRequest,
    parts: Parts,
    what: tuple[Program, tuple[BoundTable, ...], int],
    release: Release | None,
    timings: Timings,
) -> tuple[dict[str, Any], Outcome]:
    """Have children compute and draw it; gives what the record tells of the cache, and the outcome."""
    program, tables, most = what
    with ExitStack() as stack:
        with timings.stage("find"):
            held = stack.enter_context(holding(program, request, tables, parts.cache, most))
        meanwhile = ALONE if request.task is None else request.task.meanwhile
        with after_earlier(partial(meanwhile.require_earlier, parts.work.keep)):
            with timings.stage("ahead"):
                send = sender(request, parts, tables, program)
                spent = compute_ahead(held, send, parts.budget.children)
            hear = None if release is None else release.hear
            share = Share(held.inputs(), spent=spent, on_release=hear)
            with timings.stage("dispatch"):
                outcome = dispatched(request, parts, tables, share)
        outcome = replace(outcome, usage=outcome.usage.with_more(spent.cpu_ms))
        require_asked_for(request, outcome)
        with timings.stage("keep"):
            held.take(outcome)
    return held.as_json(), outcome


def _bound_tables(request: RunRequest, store: Store) -> tuple[BoundTable, ...]:
    if request.task is not None:
        return request.task.tables
    own = outside_tasks(request.compiled.module.nodes)
    return bind(own, request.compiled.schemas, store, Circumstances(request.params, now_ms()))


def check_formats(formats: Sequence[str]) -> None:
    """Raise RunError (exit code 2) unless each is a file format that is drawn."""
    known = get_args(Format)
    unknown = [name for name in formats if name not in known]
    if unknown:
        raise RunError(
            run_codes.UNKNOWN_FORMAT,
            f"pictures are not drawn as {unknown[0]!r}",
            help=f"choose from {', '.join(known)}",
            exit_code=ExitCode.USAGE,
        )


def verified_program(compiled: CompiledScript) -> Program:
    """Give the program of a compiled script as the verifier reads it."""
    return verify_module(compiled.module.encode(), compiled.schemas, core())


def bound_params(
    compiled: CompiledScript, given: Params, task: str = "", program: Program | None = None
) -> Params:
    """Give a value for every param of the script and of the task, in base units. Raises RunError (exit code 2)."""
    try:
        bound = (program or verified_program(compiled)).bind(given, task or None)
    except BadParam as error:
        raise RunError(
            error.code, error.message, compiled.script.name, error.help, exit_code=ExitCode.USAGE
        ) from None
    return {name.removeprefix(f"{task}.") if task else name: bound[name] for name in bound}


def _place_of(request: RunRequest, node: str) -> str:
    """Give `file:line:column` of an operation."""
    source, span = request.compiled.source, request.compiled.spans[node]
    line, column = source.position(span.start)
    return f"{source.name}:{line}:{column}"


def require_asked_for(request: RunRequest, outcome: Outcome) -> None:
    """Refuse what the child hands out or counts beside what was asked for. Raises HostError P2-H0908."""
    if request.task is None:
        require_nothing_of_tasks(outcome.messages)
    own = effects_of(request.compiled.module.nodes, request.task_name)
    pictures, files = outputs(own, core())
    made = _handed_out(own, request.formats)
    nodes = {node.id for node in own}
    counted = [message for message in outcome.messages if isinstance(message, RowsCounted)]
    wrong = [
        *(
            f"{b.name}.{b.kind}"
            for b in outcome.blobs
            if (b.name, b.kind) not in made
            and (sheet_of(b.name), b.kind, "sheet") not in made
            and f"{b.name}.{b.kind}" not in files
        ),
        *(rows.plot for rows in counted if rows.plot not in pictures | files),
        *(node for rows in counted for node in rows.nodes if node not in nodes),
    ]
    if wrong:
        raise HostError(
            codes.PROTOCOL_BROKEN,
            f"the child speaks of {wrong[0][:80]!a}, which the run was not asked for",
            help="nothing of the run is kept; this is no fault of the data: report it",
        )


def _handed_out(nodes: Sequence[Node], formats: Sequence[Format]) -> set[tuple[str, ...]]:
    """Give name and kind of each picture that may come, those whose sheets may come as well marked so."""
    made: set[tuple[str, ...]] = set()
    for node in nodes:
        signature = operation(node.op, core())
        if signature is not None and makes_picture(signature):
            (name,) = outputs((node,), core())[0]
            kinds = kinds_of(node, formats)
            made |= {(name, kind) for kind in kinds}
            if node.op == REPORT.full_name:
                made |= {(name, kind, "sheet") for kind in kinds}
    return made


def published(request: RunRequest, parts: Parts, run: Started, outcome: Outcome) -> RunResult:
    """Make the child's pictures durable and end the run. Raises DataError; then nothing is left behind."""
    pictures = [Output(blob.name, blob.kind, blob.data) for blob in outcome.blobs]
    terms = request.verified.statement
    with ExitStack() as stack:
        with run.timings.stage("publish"):
            ready = stack.enter_context(parts.store.prepared_outputs(run.id, pictures))
        artefacts = tuple(
            Artefact(path, blob.sha256, blob.kind)
            for path, blob in zip(ready.paths, outcome.blobs, strict=True)
        )
        with run.timings.stage("log end"):
            logged = run.entries.done(outcome, {})
        record = {**complete_record(run, outcome, artefacts), "log": logged}
        parts.work.done_run(record, ready.publish, terms.name, terms.serial)
    return RunResult(run.id, artefacts, record)


def published_task(
    request: RunRequest,
    task: TaskPlace,
    parts: Parts,
    run: Started,
    outcome: Outcome,
    release: Release | None,
) -> RunResult:
    """Make what a task exposed and drew durable and end the run, all or nothing.

    Raises RunError P2-R0646 (it gave up), HostError P2-H0908, DataError; then nothing is left behind.
    """
    require_kept_going(outcome.messages)
    nodes, terms = request.compiled.module.nodes, request.verified.statement
    pictures = [Output(blob.name, blob.kind, blob.data) for blob in outcome.blobs]
    known = variables(request.params, request.task_name)
    redo = redo_asked(outcome, nodes, task.place, run.id, known)
    transfers = Owning(nodes, task, known, run.id).made(outcome.messages)
    with ExitStack() as stack:
        with run.timings.stage("publish"):
            ready = stack.enter_context(parts.store.prepared_outputs(run.id, pictures))
            results = stack.enter_context(parts.store.performing())
            tables = exposed_tables(outcome, nodes, request.task_name, results.put)
            if release is not None:
                release.require_kept(tables)
            results.keep()
        drawn = list(zip(ready.paths, outcome.blobs, strict=True))
        artefacts = tuple(Artefact(path, blob.sha256, blob.kind) for path, blob in drawn)
        done = msgspec.structs.replace(
            task.done,
            run=run.id,
            tables=tables,
            files=tuple(DrawnFile(file=p.name, sha256=b.sha256) for p, b in drawn),
            redo=redo,
            transfers=tuple(transfers.values()),
            serial=terms.serial,
        )
        require_allowed(
            transfers, done, parts.store.ownership(), lambda node: _place_of(request, node)
        )
        with run.timings.stage("log end"):
            logged = run.entries.done(outcome, tables)
        record = {
            **complete_record(run, outcome, artefacts),
            "log": logged,
            "exposed": {name: table.rows for name, table in tables.items()},
            "grants": grants(done, _names(parts.store, done.transfers, task)),
            "released": release is not None and release.has_happened,
            "redo": [{"bundle": each.bundle, "runs": len(each.over)} for each in redo],
        }

        def publish() -> None:
            results.publish(done, ready if pictures else None)
            parts.store.requests.ask_all(done.asked())

        parts.work.done_run(record, publish, terms.name, terms.serial)
    return RunResult(run.id, artefacts, record)


def _names(store: Store, transfers: Sequence[Transfer], task: TaskPlace) -> dict[str, str]:
    """Give the names of the bundles that a run's transfers speak of, by id."""
    spoken_of = {t.of.bundle for t in transfers} | {t.to.bundle for t in transfers if t.to}
    names = {bundle: store.find(bundle)[0].name for bundle in spoken_of}
    return {**names, task.done.bundle: task.place.bundle}
