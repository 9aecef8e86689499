"""`attach`, `detach`, `links`, `tasks`: what is declared on bundles, what holds, and what may run where."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, opened_host
from plotter2.cli.first_use import signed_now
from plotter2.cli.tables import drawn_table
from plotter2.datter.registry import BundleRow
from plotter2.errors import ExitCode
from plotter2.host.host import Host
from plotter2.host.surrounding import require_script
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.opening import OpenedScript, open_script
from plotter2.tasks.covering import covered
from plotter2.tasks.declaring import AttachedEach, AttachedTo, Modes
from plotter2.tasks.linking import LinkState, links_of
from plotter2.tasks.listing import tasks_of
from plotter2.tasks.model import Answered, Applicable, Coverage, NotApplicable, Reason, Tasks
from plotter2.tasks.owners import ExposedTable, exposed_for
from plotter2.tasks.places import one_bundle

_MOST_REASONS = 20


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
    """Attach signed SCRIPTs with links and tasks to BUNDLE; all bundles below inherit the tasks.

    With 'name/*' they are attached to each bundle in it where their links hold.
    """
    if bundle.endswith(".p2"):
        words = shlex.join(["plotter2", "attach", str(scripts[0]), bundle])
        raise click.UsageError(f"`{bundle}` is a script, and the bundle stands before it: {words}")
    for name in set(mutable) & set(constant):
        raise click.UsageError(f"the link {name} cannot be both --mutable and --constant")
    for script in scripts:
        require_script(script)
    opened = [open_script(script) for script in scripts]
    modes = Modes(constant, mutable)
    with opened_host(root) as host:
        rows = host.store.find(bundle) if "*" in bundle else (one_bundle(host.store, bundle),)
        names = [row.name for row in rows]
        ready = [_signed(host, each, names, yes=yes) for each in opened]
        if "*" in bundle:
            return _each_answer(bundle, host.attach_each(bundle, ready, modes))
        done = host.attach(bundle, ready, modes)
    data = {"ok": True, "bundle": bundle, "attached": [each.as_json() for each in done]}
    lines = [_told(each, bundle) for each in done]
    lines += [f"note: {note}" for each in done for note in each.examined.notes]
    if any(each.examined.script.tasks for each in done):
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
    with opened_host(root, reads=True) as host:
        row = one_bundle(host.store, bundle)
        found = links_of(host.declarations(), row)
    rows = [_link_row(each, row) for each in found]
    plain, coloured = drawn_table(["link", "of", "mode", "from", "why"], rows, spare=["mode"])
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
    """Show the tasks of BUNDLE, own and inherited, where each runs here and below, and where not, and why."""
    with opened_host(root, reads=True) as host:
        row = one_bundle(host.store, bundle)
        declarations = host.declarations()
        found = tasks_of(declarations, row)
        coverages = {
            id(each.task): covered(declarations, each.task, row)
            for each in found.every
            if not found.is_hidden(each.task)
        }
        exposed = exposed_for(host.store, row)
    data = {**tasks_json(found, coverages), "exposed": [each.as_json() for each in exposed]}
    rows = [_task_row(each, _how(each, row), coverages) for each in found.every]
    if not rows:
        return Answer(
            data,
            f"{row.name} has no tasks, nor has any bundle above it; declare some in a script:"
            f" plotter2 attach {row.name} x.p2",
        )
    plain, coloured = drawn_table(
        ["task", "of", "", "kind", "asks for", "after", "runs on", "why"], rows, spare=["kind", ""]
    )
    more = _not_there(found, coverages) + _owners(exposed)
    return Answer(data, plain + more, coloured=coloured and coloured + more)


# ---- inside -----------------------------------------------------------------------------------


def _signed(host: Host, script: OpenedScript, bundles: Sequence[str], *, yes: bool) -> OpenedScript:
    """Sign a script at the first of the bundles that it fits; raises CheckFailed when it fits none."""
    if script.sidecar is not None:
        return script
    first: CheckFailed | None = None
    for bundle in bundles:
        try:
            return signed_now(host, script, yes=yes, bundle=bundle)
        except CheckFailed as error:
            first = first or error
    assert first is not None
    raise first


def _owners(exposed: Sequence[ExposedTable]) -> str:
    """Say what tasks exposed here, whose it is by now, and who may read it beside the tasks that wait for it."""
    if not exposed:
        return ""
    rows = [
        [each.name, f"{each.rows:,}", each.by, each.owner, ", ".join(_readers(each))]
        for each in exposed
    ]
    return (
        "\n\n"
        + drawn_table(["exposed here", "rows", "by task", "owned by", "shared with"], rows)[0]
    )


def _readers(each: ExposedTable) -> list[str]:
    keys = {0: [], 1: ["who has the key"]}.get(each.keys, [f"who has one of {each.keys} keys"])
    return [*each.readers, *keys]


def _each_answer(selector: str, found: Sequence[AttachedEach]) -> Answer:
    refused = [each for each in found if each.refused is not None]
    lines = [_told(script, each.bundle.name) for each in found for script in each.done]
    for each in refused:
        assert each.refused is not None
        lines.append(f"not to {each.bundle.name}: {each.refused.message} [{each.refused.code}]")
    data = {
        "ok": not refused,
        "bundle": selector,
        "bundles": [each.as_json() for each in found],
    }
    code = ExitCode.CHECK_FAILED if refused else ExitCode.OK
    return Answer(data, "\n".join(lines), code)


def _told(each: AttachedTo, bundle: str) -> str:
    script = each.examined.script
    name = script.name
    if each.outcome == "already attached":
        return f"{name} is attached to {bundle} already; nothing changed"
    what = [_named("link", tuple(script.links)), _named("task", script.tasks)]
    done = "attached to" if each.outcome == "attached" else "attached anew to"
    return f"{name} {done} {bundle}: {', '.join(part for part in what if part)}"


def _named(kind: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"{kind if len(names) == 1 else kind + 's'} {', '.join(names)}"


def _link_row(each: LinkState, row: BundleRow) -> list[str]:
    link = each.link
    source = f'"{link.source}"' + (f" {link.via}" if link.via else "")
    of = "own" if link.bundle.id == row.id else link.bundle.name
    why = "" if isinstance(each.answer, Answered) else each.answer.reason.code
    return [str(link.head), of, link.mode, source, why]


def _how(each: Applicable | NotApplicable, row: BundleRow) -> str:
    if isinstance(each, NotApplicable):
        return "not applicable"
    return "own" if each.task.bundle.id == row.id else "inherited"


def _task_row(
    each: Applicable | NotApplicable, how: str, coverages: dict[int, Coverage]
) -> list[str]:
    task = each.task
    coverage = coverages.get(id(task))
    runs = [] if coverage is None else [a.bundle for a in coverage.runs]
    here = [bundle for bundle in runs if bundle.id == each.bundle.id]
    below = len(runs) - len(here)
    if how == "not applicable" and below:
        how = "below"
    on = [
        task_on
        for task_on in ("itself" if here else "", f"{below} below" if below else "")
        if task_on
    ]
    why = (
        ", ".join(reason.code for reason in each.reasons) if isinstance(each, NotApplicable) else ""
    )
    asks = ", ".join(head.name for head in task.imposed)
    after = ", ".join(task.after)
    return [task.name, task.bundle.name, how, task.kind, asks, after, " and ".join(on), why]


def _not_there(found: Tasks, coverages: dict[int, Coverage]) -> str:
    """Give, below the table, where tasks do not run and each reason once, with its remedy."""
    rest = [each for coverage in coverages.values() for each in coverage.rest]
    rest += [each for each in found.not_applicable if found.is_hidden(each.task)]
    shown: dict[Reason, list[str]] = {}
    for each in rest:
        for reason in each.reasons:
            shown.setdefault(reason, []).append(f"{each.task.name} not on {each.bundle.name}")
    lines = ["", ""]
    helped = set()
    for reason, places in list(shown.items())[:_MOST_REASONS]:
        lines.append(f"{'; '.join(dict.fromkeys(places))}: {reason.message} [{reason.code}]")
        remedy = reason.help.partition("; then plotter2 attach ")[
            0
        ]  # of each bundle the same but for its name
        if remedy and remedy not in helped:
            helped.add(remedy)
            lines.append(f"  = help: {reason.help}")
    if len(shown) > _MOST_REASONS:
        lines.append(f"and {len(shown) - _MOST_REASONS:,} more reasons; --json tells all")
    return "\n".join(lines) if len(lines) > 2 else ""


def _why(reasons: Iterable[Reason]) -> str:
    """Give each reason once, with its remedy, below a table."""
    lines = ["", ""]
    for reason in dict.fromkeys(reasons):
        lines.append(f"{reason.code}: {reason.message}")
        if reason.help:
            lines.append(f"  = help: {reason.help}")
    return "\n".join(lines) if len(lines) > 2 else ""


def tasks_json(found: Tasks, coverages: dict[int, Coverage]) -> dict[str, Any]:
    """Give the tasks of a bundle as plain JSON values."""

    def told(each: Applicable | NotApplicable) -> dict[str, Any]:
        coverage = coverages.get(id(each.task))
        runs = [] if coverage is None else [a.bundle.name for a in coverage.runs]
        rest = [] if coverage is None else [n.as_json() for n in coverage.rest]
        return {**each.task.as_json(), **each.as_json(), "runs_on": runs, "not_on": rest}

    return {
        "ok": True,
        "bundle": {"id": found.bundle.id, "name": found.bundle.name},
        "own": [told(each) for each in found.own],
        "inherited": [told(each) for each in found.inherited],
        "not_applicable": [told(each) for each in found.not_applicable],
    }
