"""What is told of a run: the provenance in its pictures, the record that the registry keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from logger2.identity import Scalar
from p2lang.ir import walk
from p2lang.semantics.structure import NEED
from plotter2.datter.store import Store
from plotter2.errors import HostError
from plotter2.orchestrator import Outcome
from plotter2.runs.inputs import BoundTable
from plotter2.runs.model import (
    Artefact,
    Params,
    RunRequest,
    Started,
    Timings,
)
from plotter2.runs.task_place import TaskPlace
from plotter2.version import __version__
from plotter2.wire.messages import RowsCounted
from plotter2.wire.zygote import Ready

A_KEY = "(a key)"
"""What is told of a param whose value opens tables."""


def sent(params: Params) -> dict[str, Scalar | list[Scalar]]:
    """Give values of params as messages and records have them."""
    return {n: v if isinstance(v, int | float | str) else list(v) for n, v in params.items()}


def told(request: RunRequest) -> dict[str, Scalar | list[Scalar]]:
    """Give the values of params for records and pictures, which others see: a key that opens tables is not told."""
    keys = {
        value[1].removeprefix(f"{request.task_name}.")
        for node in request.compiled.module.nodes
        if node.op.startswith(("share@", NEED.full_name)) and "key" in node.attributes
        for value in walk(node.attributes["key"])
        if value[0] == "var"
    }
    return {n: A_KEY if n in keys else value for n, value in sent(request.params).items()}


def provenance(request: RunRequest, tables: Sequence[BoundTable]) -> dict[str, Any]:
    """Give what goes into each picture: nothing that differs between two runs of the same script on the same data."""
    verified, module = request.verified, request.compiled.module
    answers = () if request.task is None else request.task.answers
    bundles = {
        part.bundle_id: {"id": part.bundle_id, "name": part.bundle}
        for table in (*tables, *answers)
        for part in table.parts
    }
    return {
        "plotter2": __version__,
        "script": {
            "file": request.compiled.script.name,
            "name": verified.statement.name,
            "sha256": verified.script_sha256,
        },
        "signers": [
            {"principal": s.principal, "fingerprint": s.fingerprint, **_owner(request)}
            for s in verified.signers
        ],
        "ir": {"sha256": module.sha256, "core": module.as_json()["core"]},
        "params": told(request),
        "bundles": sorted(bundles.values(), key=lambda bundle: bundle["name"]),
        "schemas": dict(module.schema),
        **({"libraries": dict(module.libs)} if module.libs else {}),
        **({} if request.task is None else {"task": dict(request.task.about)}),
    }


def _owner(request: RunRequest) -> dict[str, str]:
    return {} if request.session is None else {"session_of": request.session.owner}


def first_record(run_id: str, request: RunRequest, asked: str) -> dict[str, Any]:
    """Give the record of a run that begins; `asked` is the request that it is for."""
    verified, compiled = request.verified, request.compiled
    return {
        "run": run_id,
        "request": asked,
        "script": {
            "path": _origin(request),
            "name": verified.statement.name,
            "sha256": verified.script_sha256,
            "statement_sha256": verified.statement_sha256,
            "ir_sha256": compiled.module.sha256,
            **({"libraries": dict(compiled.module.libs)} if compiled.module.libs else {}),
        },
        "signers": [s.principal for s in verified.signers],
        **_owner(request),
        "params": told(request),
        "plotter2": __version__,
        **({} if request.task is None else {"task": dict(request.task.about)}),
    }


def consumed_told(task: TaskPlace | None, store: Store) -> dict[str, Any]:
    """Give which exposed tables a run reads, from whom, and who of these was still at work: a part of its record."""
    if task is None or not task.done.consumed:
        return {}
    names = {each.bundle: store.find(each.bundle)[0].name for each in task.done.consumed}
    return {
        "consumed": [
            {
                "table": each.table,
                "exposed_by": f"{names[each.bundle]}:{each.task}",
                "run": each.run,
                "while_at_work": each.run in task.released,
            }
            for each in task.done.consumed
        ]
    }


def confinement_of(ready: Callable[[], Ready], *, unconfined: bool) -> dict[str, Any]:
    """Give how the children of a run are confined: nothing when there are none, which the run is about to learn."""
    asked = {"unconfined": True} if unconfined else {}
    try:
        found = ready()
    except HostError:
        return asked
    return {"sandbox_level": found.level, "sandbox_missing": found.missing, **asked}


def _origin(request: RunRequest) -> str:
    """Say where the script is: what is attached is no file, and is called `bundle:script.p2`."""
    path = request.compiled.script.path
    if request.task is None:
        return str(path.absolute())
    return f"{request.task.about['attachment']['bundle']['name']}:{path}"


def all_timings(timings: Timings, outcome: Outcome) -> dict[str, float]:
    """Give the host's times, then the child's; a stage that both have is told apart."""
    theirs = {
        f"child {stage}" if stage in timings.ms else stage: round(ms, 2)
        for stage, ms in outcome.timings_ms.items()
    }
    return {**timings.ms, **theirs}


def complete_record(
    run: Started, outcome: Outcome, artefacts: Sequence[Artefact]
) -> dict[str, Any]:
    """Give the record of a run that ended well."""
    return {
        **run.record,
        "outcome": "done",
        "memory_watch": "kernel and host" if outcome.memory_by_kernel else "host",
        "sandbox_level": outcome.confined.level,
        "sandbox_missing": outcome.confined.missing,
        "artefacts": [artefact.as_json() for artefact in artefacts],
        "ledger": ledger_of(outcome),
        "usage": {
            "cpu_ms": round(outcome.usage.cpu_ms, 1),
            "peak_rss_mib": round(outcome.usage.peak_rss_mib, 1),
        },
        "timings_ms": all_timings(run.timings, outcome),
    }


def ledger_of(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """Give the rows read, filtered, null, decimated and drawn of each picture, by its name."""
    counted = (message for message in outcome.messages if isinstance(message, RowsCounted))
    return {
        rows.plot: {
            "read": rows.read,
            "filtered": rows.filtered,
            "null": rows.null,
            "decimated": rows.decimated,
            "drawn": rows.drawn,
            "layers": rows.layers,
            "nodes": {node: list(in_out) for node, in_out in rows.nodes.items()},
        }
        for rows in counted
    }
