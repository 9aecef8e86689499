"""`requests` and `runs`: what was asked of this root and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, family, opened_host
from plotter2.cli.confinement import confinement_text, level_cell
from plotter2.cli.moments import iso, to_the_minute, to_the_second
from plotter2.cli.tables import drawn_table
from plotter2.config.settings import settings
from plotter2.datter.bodies import Add, Run
from plotter2.datter.layout import present
from plotter2.datter.leases import moment_ms
from plotter2.datter.requested import STATES, Change, Request, State
from plotter2.datter.runs import RunRow
from plotter2.datter.store import Store

_OPEN: tuple[State, ...] = ("queued", "leased", "dead")
_AHEAD = 20
_MOST_PICTURES = 4


@family()
def requests() -> None:
    """Look after what was asked: every run, add and redo, until it is done.

    A request is queued, leased (somebody works on it), done, failed (by its own fault), dead (its process died three
    times) or cancelled. ID is an id, the beginning of one, or the key that was given with --key.
    """


@command(requests, "ls")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these.")
@click.option("--all", "everything", is_flag=True, help="Those that have ended as well.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, metavar="N",
    help="Of many, the newest.",
)  # fmt: skip
def requests_ls(
    root: str | None, states: tuple[State, ...], everything: bool, limit: int
) -> Answer:
    """List the requests that are open or dead, the newest first."""
    wanted = states or (STATES if everything else _OPEN)
    with Store.open_to_read(settings(root).root) as store:
        found = store.requests.listed(wanted, limit)
        counts = store.requests.counts()
    rows = [
        [r.id, r.state, r.kind, _short(r), to_the_minute(r.asked), _tries(r), r.key or ""]
        for r in found
    ]
    head = ["id", "state", "kind", "what", "asked", "tries", "key"]
    plain, coloured = drawn_table(head, rows, ["tries"], ["key", "tries", "kind"])
    total = ", ".join(f"{number} {state}" for state, number in counts.items())
    data = {"ok": True, "requests": [request_json(r) for r in found], "counts": counts}
    if not found:
        return Answer(data, f"nothing to list; {total or 'nothing was asked yet'}")
    return Answer(data, f"{plain}\n{total}", coloured=f"{coloured}\n{total}" if coloured else "")


@command(requests, "show")
@click.argument("request", metavar="ID")
def requests_show(root: str | None, request: str) -> Answer:
    """Show one request: what was asked, its state, and everything that happened to it."""
    with Store.open_to_read(settings(root).root) as store:
        found = store.requests.find(request)
        history = store.requests.history(found.id)
        run = store.run(found.run) if found.run else None
    data = {
        "ok": True,
        **request_json(found),
        "history": [_change_json(change) for change in history],
        "pictures": _pictures(run),
    }
    return Answer(data, _shown(found, history, run))


@command(requests, "retry")
@click.argument("request", metavar="ID")
def requests_retry(root: str | None, request: str) -> Answer:
    """Carry a request out now, from what was asked then; a script that changed is refused."""
    from plotter2.cli.data import add_answer  # the whole host: only what works needs it
    from plotter2.cli.progress import Shown
    from plotter2.cli.scripts import run_text
    from plotter2.runs.model import RunResult

    present(settings(root).root)
    with opened_host(root) as host:
        with Shown() as shown:
            result = host.retry(request, shown.tell)
        if isinstance(result, RunResult):
            changed = "script_changed" in result.record
            more = (
                "\nnote: the attached script is another one than when this was asked"
                if changed
                else ""
            )
            return Answer(result.record, run_text(result.record) + more)
        return add_answer(host.store, result)


@command(requests, "cancel")
@click.argument("request", metavar="ID")
def requests_cancel(root: str | None, request: str) -> Answer:
    """Take back a request; a process that works on it stops within a second, and nothing of it is kept."""
    with Store.open(present(settings(root).root)) as store:
        before, gone = store.cancel(store.requests.find(request).id)
    text = f"cancelled: {gone.kind} {gone.subject} ({gone.id})"
    if before.holder is not None:
        text += f"\nprocess {before.holder.pid} was at work on it, and stops"
    return Answer({"ok": True, **request_json(gone)}, text)


@command()
@click.argument("script", required=False)
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N",
    help="Of many, the newest.",
)  # fmt: skip
def runs(root: str | None, script: str | None, limit: int) -> Answer:
    """List the runs, the newest first: all, or those of SCRIPT (its file, or the name it was signed with)."""
    path = None if script is None else str(Path(script).absolute())
    with Store.open_to_read(settings(root).root) as store:
        found = store.runs(limit, script, path)
    rows = [
        [
            run.id,
            _task(run) or run.script,
            run.state,
            to_the_minute(run.started),
            level_cell(run.record),
            _some(_pictures(run)),
        ]
        for run in found
    ]
    head = ["run", "what", "state", "when", "sandbox", "pictures"]
    plain, coloured = drawn_table(head, rows, spare=["sandbox"])
    data = {"ok": True, "runs": [_run_json(run) for run in found]}
    if found:
        return Answer(data, plain, coloured=coloured)
    return Answer(data, "nothing ran yet" if script is None else f"{script} did not run yet")


# ---- inside -----------------------------------------------------------------------------------


def request_json(request: Request) -> dict[str, Any]:
    """Give a request as plain JSON values."""
    return {
        "id": request.id,
        "key": request.key,
        "kind": request.kind,
        "subject": request.subject,
        "body": msgspec.to_builtins(request.body),
        "state": request.state,
        "asked": iso(request.asked),
        "changed": iso(request.changed),
        "attempt": request.attempt,
        "crashes": request.crashes,
        "run": request.run,
        "pid": request.holder.pid if request.holder else None,
        "result": request.result,
        "error": request.error.as_json() if request.error else None,
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "at": iso(change.at),
        "state": change.state,
        "attempt": change.attempt,
        "run": change.run,
        "why": change.why,
    }


def _run_json(run: RunRow) -> dict[str, Any]:
    return {
        "run": run.id,
        "script": run.script,
        "task": _task(run),
        "path": run.record.get("script", {}).get("path"),
        "state": run.state,
        "started": iso(run.started),
        "finished": None if run.finished is None else iso(run.finished),
        "request": run.record.get("request"),
        "sandbox": {
            "level": run.record.get("sandbox_level"),
            "missing": run.record.get("sandbox_missing", {}),
            "unconfined": run.record.get("unconfined", False),
        },
        "pictures": _pictures(run),
        "error": run.record.get("error"),
    }


def _task(run: RunRow) -> str | None:
    """Give `BUNDLE:TASK` of a task's run."""
    task = run.record.get("task")
    return f"{task['bundle']['name']}:{task['name']}" if task else None


def _shown(request: Request, history: Sequence[Change], run: RunRow | None) -> str:
    lines = [f"{request.id}  {request.kind} {request.subject}"]
    state = f"state: {request.state}"
    if request.holder is not None and request.until is not None:
        left = (request.until - moment_ms()) / 1000
        state += f" by process {request.holder.pid}, for {left:.0f} s at most"
    lines.append(state)
    if request.key is not None:
        lines.append(f"key: {request.key}")
    for name, value in _asked(request):
        if value:
            lines += _listed(name, value)
    if run is not None:
        lines.append(f"run {run.id}: {confinement_text(run.record)}")
    lines += [f"picture: {path}" for path in _pictures(run)]
    if request.error is not None:
        lines.append(request.error.as_text())
    lines.append("history:")
    lines += [_line(change) for change in history]
    return "\n".join(lines)


def _short(request: Request) -> str:
    """Say what it is about without folders, so that a line of a list stays a line."""
    if isinstance(request.body, Run):
        return Path(request.body.script).name
    if isinstance(request.body, Add):
        return _some(request.body.paths)
    return request.subject


def _asked(request: Request) -> list[tuple[str, Any]]:
    return list(msgspec.to_builtins(request.body).items())


def _listed(name: str, value: Any) -> list[str]:
    """Give a part of what was asked, each of several sets of parameters on a line of its own."""
    if not isinstance(value, list | tuple) or not isinstance(value[0], dict):
        return [f"{name}: {_told(value)}"]
    more = [f"  and {len(value) - _AHEAD} more"] if len(value) > _AHEAD else []
    return [f"{name}:", *(f"  {_told(one)}" for one in value[:_AHEAD]), *more]


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_told(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        more = f" and {len(value) - _AHEAD} more" if len(value) > _AHEAD else ""
        return ", ".join(_told(one) for one in value[:_AHEAD]) + more
    return str(value)


def _line(change: Change) -> str:
    attempt = f" (attempt {change.attempt})" if change.attempt else ""
    run = f", run {change.run}" if change.run else ""
    why = f": {change.why}" if change.why else ""
    return f"  {to_the_second(change.at)}  {change.state}{attempt}{run}{why}"


def _tries(request: Request) -> str:
    crashes = f", {request.crashes} crashed" if request.crashes else ""
    return f"{request.attempt}{crashes}"


def _pictures(run: RunRow | None) -> list[str]:
    return [] if run is None else [one["path"] for one in run.record.get("artefacts", ())]


def _some(paths: Sequence[str]) -> str:
    names = [Path(path).name for path in paths]
    more = f" and {len(names) - _MOST_PICTURES} more" if len(names) > _MOST_PICTURES else ""
    return " ".join(names[:_MOST_PICTURES]) + more
