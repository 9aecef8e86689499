"""What is asked of a host, as the journal keeps it, and what it tells of a request that was done before."""

from __future__ import annotations

import hashlib
import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import msgspec

from p2lang.verifier.params import Given
from plotter2.datter import bodies
from plotter2.datter.requested import Asking, Request
from plotter2.datter.store import Store
from plotter2.errors import DataError, ExitCode, Plotter2Error, RunError
from plotter2.host import codes
from plotter2.host.session_key import SessionKey
from plotter2.runs.model import AS_USUAL, Artefact, By, Event, Params, RunResult
from plotter2.runs.opening import OpenedScript, open_script
from plotter2.tasks.carrying import Approve, Report
from plotter2.tasks.instance import Instance
from plotter2.wire.messages import Format

_SHOWN_PATHS = 3


@dataclass(frozen=True, slots=True)
class RunHow:
    """How a script is run: values of its params, file formats, who is told what happens, who asks for it.

    With a `session` it is its key that signed.
    """

    params: Params
    formats: tuple[Format, ...]
    on_event: Callable[[Event], None]
    unconfined: bool = False
    by: By = AS_USUAL
    session: SessionKey | None = None


@dataclass(frozen=True, slots=True)
class TaskHow:
    """How a task is run: values of params, file formats, for the bundle `only` or those below as well.

    `again` runs the tasks before it too that ran on the same data. `begin` is told of each run before it begins,
    `approve` is asked whether a person allows an action on a target. At most `jobs` children work at once (None: one
    for each processor).
    """

    params: Params = field(default_factory=dict)
    formats: tuple[Format, ...] = ()
    only: bool = False
    again: bool = False
    on_event: Callable[[Event], None] = lambda _: None
    begin: Callable[[Instance], None] = lambda _: None
    approve: Approve = lambda task, action, target: False
    jobs: int | None = None


AS_IT_IS = TaskHow()
"""With the defaults of all params, for every bundle that is covered, and nothing approved."""


def task_of(
    bundle: str, task: str, params: Params, formats: Sequence[str], sha256: str = ""
) -> Asking:
    """Give the request for a run of a task on one bundle, out of the attached script with this digest."""
    body = bodies.TaskOf(
        bundle=bundle,
        task=task,
        params={name: _kept(value) for name, value in params.items()},
        formats=tuple(formats),
        sha256=sha256,
    )
    return Asking("task", f"{bundle}:{task}", body)


def result_of(report: Report) -> RunResult:
    """Give what a task on one bundle gave. Raises RunError with what it failed with."""
    ended = report.ended[-1]
    if ended.result is not None:
        return ended.result
    problem = ended.problem
    assert problem is not None
    raise RunError(problem.code, problem.message, problem.where, problem.help, problem.note)


def told_if_changed(result: RunResult, body: bodies.TaskOf) -> RunResult:
    """Give what a task gave that was asked earlier; its record says so when its script is another one by now."""
    now = str(result.record.get("script", {}).get("sha256", ""))
    if not body.sha256 or now == body.sha256:
        return result
    changed = {"asked": body.sha256, "now": now}
    return replace(result, record={**result.record, "script_changed": changed})


def run_of(
    script: OpenedScript, params: Params, formats: Sequence[str], key: str | None = None
) -> Asking:
    """Give the request for a run of a script as it is now."""
    path = str(script.path.absolute())
    body = bodies.Run(
        script=path,
        sha256=hashlib.sha256(script.content).hexdigest(),
        params={name: _kept(value) for name, value in params.items()},
        formats=tuple(formats),
    )
    return Asking("run", path, body, key)


def add_of(
    paths: Sequence[Path], name: str | None, key: str | None = None, files: bool | None = None
) -> Asking:
    """Give the request for an add of paths; `files` as `staging.loose.Taking.keep`."""
    full = tuple(str(path.absolute()) for path in paths)
    shown = ", ".join(full[:_SHOWN_PATHS]) + (" and others" if len(full) > _SHOWN_PATHS else "")
    said = msgspec.UNSET if files is None else files
    return Asking("add", shown, bodies.Add(paths=full, name=name, files=said), key)


def run_told_again(request: Request, store: Store) -> RunResult:
    """Give what a run gave that was done before. Raises DataError (P2-D0867) when its record is lost."""
    run_id = str((request.result or {}).get("run"))
    row = store.run(run_id)
    if row is None:
        raise DataError(
            codes.NOT_AS_ASKED,
            f"the record of the run {run_id} is lost, so nobody knows what it gave",
            where=request.id,
            help="ask anew, with another key",
        )
    artefacts = tuple(
        Artefact(Path(one["path"]), one["sha256"], one["kind"]) for one in row.record["artefacts"]
    )
    return RunResult(run_id, artefacts, row.record, repeated=True)


def script_of(body: bodies.Run) -> OpenedScript:
    """Open the script of a request. Raises FileRefused, and Plotter2Error (P2-D0867) when it changed."""
    script = open_script(Path(body.script))
    if hashlib.sha256(script.content).hexdigest() != body.sha256:
        raise Plotter2Error(
            codes.NOT_AS_ASKED,
            "the script is no longer what it was when this run was asked for",
            body.script,
            f"ask for a run of what it is now: plotter2 run {shlex.quote(body.script)}",
            exit_code=ExitCode.CHECK_FAILED,
        )
    return script


def run_how(body: bodies.Run, on_event: Callable[[Event], None]) -> RunHow:
    """Give how a script is run that was asked for earlier."""
    return RunHow(body.params, cast("tuple[Format, ...]", body.formats), on_event)


def task_how(body: bodies.TaskOf, on_event: Callable[[Event], None]) -> TaskHow:
    """Give how a task is run that was asked for earlier: on its own bundle alone."""
    formats = cast("tuple[Format, ...]", body.formats)
    return TaskHow(body.params, formats, only=True, on_event=on_event)


def files_of(body: bodies.Add) -> bool | None:
    """Give what an add that was asked for earlier said of files that nothing is read from."""
    return None if body.files is msgspec.UNSET else body.files


def nobody_for(request: Request) -> Plotter2Error:
    """Give the error for a request of a kind that this host does not carry out (P2-D0868)."""
    return Plotter2Error(
        codes.NOBODY_DOES_IT,
        f"nothing here carries out requests of the kind {request.kind!r}",
        request.id,
        f"it stays for who does; take it back with: plotter2 requests cancel {request.id}",
        exit_code=ExitCode.USAGE,
    )


def _kept(value: Given) -> bodies.Value:
    if isinstance(value, bool | int | float | str):
        return _finite(value)
    return [_finite(one) for one in value]


def _finite(value: bodies.One) -> bodies.One:
    # JSON has no infinity; its text is read as the param's type wants it, and refused there.
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
