"""`attach`, `detach`, `links`, `tasks`: what is declared on bundles, what holds, and what may run where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, opened_host
from plotter2.cli.scripts import signed_now
from plotter2.cli.tables import drawn_table
from plotter2.datter.registry import BundleRow
from plotter2.errors import DataError
from plotter2.host.host import Host
from plotter2.runs.opening import OpenedScript, open_script
from plotter2.tasks.declaring import AttachedTo, Modes
from plotter2.tasks.linking import LinkState, links_of
from plotter2.tasks.listing import tasks_of
from plotter2.tasks.model import Answered, Applicable, NotApplicable, Reason, Tasks


@command()
@click.argument("bundle")
@click.argument(
    "scripts", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SCRIPT..."
)
@click.option("--mutable", multiple=True, metavar="LINK", help="The rows of this link may vary.")
@click.option("--constant", multiple=True, metavar="LINK", help="The rows of this link may not.")
@click.option("-y", "--yes", is_flag=True, help="Sign own new scripts without asking.")
def attach(
    root: str | None,
    bundle: str,
    scripts: tuple[Path, ...],
    mutable: tuple[str, ...],
    constant: tuple[str, ...],
    yes: bool,
) -> Answer:
    """Attach signed SCRIPTs with links and tasks to BUNDLE; all bundles below inherit the tasks."""
    opened = [open_script(script) for script in scripts]
    with opened_host(root) as host:
        ready = [_signed(host, each, bundle, yes=yes) for each in opened]
        done = host.attach(bundle, ready, Modes(constant, mutable))
    data = {"ok": True, "bundle": bundle, "attached": [each.as_json() for each in done]}
    lines = [_told(each, bundle) for each in done]
    lines += [f"note: {note}" for each in done for note in each.examined.notes]
    if any(each.examined.tasks for each in done):
        lines.append(f"where its tasks can run: plotter2 tasks {bundle}")
    return Answer(data, "\n".join(lines))


@command()
@click.argument("bundle")
@click.argument("name")
def detach(root: str | None, bundle: str, name: str) -> Answer:
    """Take the attached script NAME away from BUNDLE; it is kept, and can be attached again."""
    with opened_host(root) as host:
        gone = host.detach(bundle, name)
    data = {"ok": True, "bundle": bundle, "detached": gone.name}
    return Answer(
        data,
        f"{gone.name} is attached to {bundle} no more; it is kept, attach it again at any time",
    )


@command()
@click.argument("bundle")
def links(root: str | None, bundle: str) -> Answer:
    """Show which tables BUNDLE answers for, by itself and from above, and which links do not hold, and why."""
    with opened_host(root) as host:
        row = _one(host, bundle)
        found = links_of(host.declarations(), row)
    rows = [_link_row(each, row) for each in found]
    plain, coloured = drawn_table(["link", "of", "mode", "from", "why"], rows)
    data = {
        "ok": True,
        "bundle": {"id": row.id, "name": row.name},
        "links": [each.as_json() for each in found],
    }
    if not found:
        return Answer(
            data,
            f"{row.name} has no links, nor has any bundle above it; declare some in a script:"
            f" plotter2 attach {row.name} x.p2",
        )
    reasons = _why([each.answer.reason for each in found if not isinstance(each.answer, Answered)])
    return Answer(data, plain + reasons, coloured=coloured and coloured + reasons)


@command()
@click.argument("bundle")
def tasks(root: str | None, bundle: str) -> Answer:
    """Show which tasks can run on BUNDLE, own and inherited, and which cannot, and why."""
    with opened_host(root) as host:
        row = _one(host, bundle)
        found = tasks_of(host.declarations(), row)
    rows = [
        *(_task_row(each, "own") for each in found.own),
        *(_task_row(each, "inherited") for each in found.inherited),
        *(_task_row(each, "not applicable") for each in found.not_applicable),
    ]
    plain, coloured = drawn_table(["task", "of", "", "kind", "asks for", "after", "why"], rows)
    if not rows:
        return Answer(
            _tasks_json(found),
            f"{row.name} has no tasks, nor has any bundle above it; declare some in a script:"
            f" plotter2 attach {row.name} x.p2",
        )
    reasons = _why([reason for each in found.not_applicable for reason in each.reasons])
    return Answer(_tasks_json(found), plain + reasons, coloured=coloured and coloured + reasons)


# ---- inside -----------------------------------------------------------------------------------


def _signed(host: Host, script: OpenedScript, bundle: str, *, yes: bool) -> OpenedScript:
    if script.sidecar is not None:
        return script
    return signed_now(host, script, yes=yes, bundle=bundle)


def _told(each: AttachedTo, bundle: str) -> str:
    examined = each.examined
    name = examined.script.name
    if each.outcome == "already attached":
        return f"{name} is attached to {bundle} already; nothing changed"
    what = [_named("link", examined.links), _named("task", examined.tasks)]
    done = "attached to" if each.outcome == "attached" else "attached anew to"
    return f"{name} {done} {bundle}: {', '.join(part for part in what if part)}"


def _named(kind: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"{kind if len(names) == 1 else kind + 's'} {', '.join(names)}"


def _one(host: Host, path: str) -> BundleRow:
    found = host.store.find(path)
    if len(found) != 1:
        raise DataError(
            "P2-D0815",
            f"{path!r} means several bundles",
            where=path,
            help=f"name one of them, for example {found[0].name!r}",
        )
    return found[0]


def _link_row(each: LinkState, row: BundleRow) -> list[str]:
    link = each.link
    source = f'"{link.source}"' + (f" {link.via}" if link.via else "")
    of = "own" if link.bundle.id == row.id else link.bundle.name
    why = "" if isinstance(each.answer, Answered) else each.answer.reason.code
    return [str(link.head), of, link.mode, source, why]


def _task_row(each: Applicable | NotApplicable, how: str) -> list[str]:
    task = each.task
    why = (
        ", ".join(reason.code for reason in each.reasons) if isinstance(each, NotApplicable) else ""
    )
    asks = ", ".join(head.name for head in task.imposed)
    return [task.name, task.bundle.name, how, task.kind, asks, ", ".join(task.after), why]


def _why(reasons: Iterable[Reason]) -> str:
    """Give each reason once, with its remedy, below a table."""
    lines = [""]
    for reason in dict.fromkeys(reasons):
        lines.append(f"{reason.code}: {reason.message}")
        if reason.help:
            lines.append(f"  = help: {reason.help}")
    return "\n".join(lines) if len(lines) > 1 else ""


def _tasks_json(found: Tasks) -> dict[str, Any]:
    def fitting(each: Applicable) -> dict[str, Any]:
        answers = {name: answer.as_json() for name, answer in each.answers.items()}
        return {**each.task.as_json(), "answers": answers}

    return {
        "ok": True,
        "bundle": {"id": found.bundle.id, "name": found.bundle.name},
        "own": [fitting(each) for each in found.own],
        "inherited": [fitting(each) for each in found.inherited],
        "not_applicable": [
            {**each.task.as_json(), "reasons": [reason.as_json() for reason in each.reasons]}
            for each in found.not_applicable
        ],
    }
