"""Tasks: what they wait for, their own params, and what speaks of a task or stands only in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from p2lang import ast
from p2lang.check.arguments import Arguments
from p2lang.check.model import CheckedTask, Step
from p2lang.check.session import Session
from p2lang.check.words import nearest
from p2lang.diagnostics import Fix, Related
from p2lang.ir import Value
from p2lang.semantics.bounds import upper
from p2lang.signatures import Signature
from p2lang.source import Span
from p2lang.types import TableSchema

SPEAKS_OF_TASKS = frozenset(("gather_tasks", "last_task"))
"""Functions whose `name` is that of a task above."""

_IN_TASKS = frozenset(("release", "share", "handin", "register", "deregister"))


def waits_for(session: Session, item: ast.Task) -> tuple[str, ...]:
    """Give the tasks that a task waits for; each must stand above it, so nothing can wait in a circle."""
    found: dict[str, None] = {}
    for name in item.after:
        if name.text == item.name.text:
            _itself(session, name.text, name.span)
        elif name.text in found:
            session.report(
                "P2-E0222", f"`after` names `{name.text}` twice", name.span, help="name it once"
            )
        elif known_task(session, name.text, name.span):
            found[name.text] = None
    return tuple(found)


def known_task(session: Session, name: str, span: Span, quote: str = "") -> bool:
    """Tell whether a task stands above; report it when not. `quote` is what stands around its name in the script."""
    if name in session.tasks or name in session.lost_tasks:
        return name in session.tasks
    this = session.task.name if session.task is not None else ""
    if this == name:
        _itself(session, name, span)
        return False
    if name in session.all_tasks:
        session.report(
            "P2-E0216",
            f"task `{name}` is defined below, and only a task above can be waited for",
            span,
            help=f"move `task {name}` up; two tasks cannot wait for each other in a circle",
        )
        return False
    close = nearest(name, session.tasks)
    session.report(
        "P2-E0216",
        f"task `{name}` is not defined above",
        span,
        help=f"did you mean `{close}`?"
        if close
        else "a task can only wait for tasks that stand above it in the same script",
        note=_listed("tasks above", session.tasks),
        fix=Fix(span, f"{quote}{close}{quote}") if close else None,
    )
    return False


def _itself(session: Session, name: str, span: Span) -> None:
    session.report(
        "P2-E0216",
        f"task `{name}` cannot wait for itself",
        span,
        help="name a task that stands above it",
    )


def speaks_of_task(session: Session, function: Signature, given: Arguments) -> bool:
    """Check the task that `gather_tasks` or `last_task` names; tell whether it is known."""
    value = given.typed["name"].value
    span = given.spans["name"]
    if value[0] != "str":
        session.report(
            "P2-E0223",
            f"`{function.name}` names its task as it is written in the script",
            span,
            help=f'for example `{function.name}("{next(iter(session.tasks), "name")}")`',
        )
        return False
    return known_task(session, value[1], span, '"')


def stands_right(session: Session, signature: Signature, name: Span) -> bool:
    """Tell whether an operation may stand here; report what belongs in a task."""
    if signature.name not in _IN_TASKS or session.task is not None:
        return True
    session.report(
        "P2-E0245",
        f"`{signature.name}` stands in a task, and here is none",
        name,
        help="other tasks wait for a task: put it inside `task name { ... }`"
        if signature.name == "release"
        else "what a task exposes has an owner: put it inside `task name { ... }`",
    )
    return False


# ---- what tasks expose ---------------------------------------------------------------------------


def collected(session: Session, given: Arguments, name: Span) -> TableSchema | None:
    """Give what the tasks that a `collect` names expose, or None after a report."""
    task = _gathered(session, given, name)
    if task is None:
        return None
    found = _exposed(session, task, given, name)
    if found is None:
        return None
    rows = upper(given.attributes.get("rows", ["int", DEFAULT_CAP]), session.bounds)
    if rows is not None and rows < found.rows:
        session.report(
            "P2-E0249",
            f"one task `{task.name}` may expose {found.rows:,} rows, and `collect` takes {rows:,} from all of them",
            given.spans.get("rows", name),
            label=f"at most {rows:,} rows",
            help=f'say how many there are at most: `collect(gather_tasks("{task.name}"), rows={10 * found.rows:_})`',
            related=(Related(task.span, "exposed by this task"),),
        )
        return None
    return found


DEFAULT_CAP = 1_000_000
"""Rows that `collect` takes unless the script says otherwise; its signature has the same number."""


def _gathered(session: Session, given: Arguments, name: Span) -> CheckedTask | None:
    value = given.attributes["tasks"]
    called = value[0] == "call" and value[1].startswith("gather_tasks@")
    if not called:
        session.report(
            "P2-E0207",
            "`tasks` of `collect` is what `gather_tasks` gives",
            given.spans["tasks"],
            help='write `collect(gather_tasks("name"))`',
        )
        return None
    return session.tasks.get(value[2]["name"][1])


def _exposed(
    session: Session, task: CheckedTask, given: Arguments, name: Span
) -> TableSchema | None:
    wanted: Value | None = given.attributes.get("name")
    if not task.exposed:
        session.report(
            "P2-E0248",
            f"task `{task.name}` exposes nothing that could be collected",
            given.spans["tasks"],
            help=f"write `expose name = ...` in `{task.name}`",
            related=(Related(task.span, "this task"),),
        )
        return None
    if wanted is None and len(task.exposed) == 1:
        return next(iter(task.exposed.values()))
    if wanted is not None and wanted[0] == "str" and wanted[1] in task.exposed:
        return task.exposed[wanted[1]]
    first = next(iter(task.exposed))
    close = nearest(str(wanted[1]), task.exposed) if wanted is not None else first
    session.report(
        "P2-E0248",
        f"task `{task.name}` exposes {len(task.exposed)} tables: say which to collect"
        if wanted is None
        else f"task `{task.name}` exposes no table of that name",
        given.spans.get("name", name),
        help=f'write `collect(gather_tasks("{task.name}"), name="{close or first}")`',
        note=_listed("it exposes", task.exposed),
        fix=Fix(given.spans["name"], f'"{close}"') if wanted is not None and close else None,
    )
    return None


def before(session: Session, task: CheckedTask) -> frozenset[str]:
    """Give the names of all tasks that are done when a task begins."""
    found: set[str] = set()
    pending = list(task.after)
    while pending:
        name = pending.pop()
        if name not in found and name in session.tasks:
            found.add(name)
            pending += session.tasks[name].after
    return frozenset(found)


def source_of(step: Step) -> Iterator[Step]:
    """Give a step and those that its rows come through, up to where they are read."""
    yield step
    while step.inputs and step.signature.takes != "none":
        step = step.inputs[0]
        yield step


def _listed(what: str, names: Mapping[str, object]) -> str:
    return f"{what}: {', '.join(names)}" if names else ""
