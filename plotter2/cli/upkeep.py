"""`gc`, `fsck`, `scrub`: keeping a store sound, and saying what is not."""

from __future__ import annotations

import re
from typing import Any

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command
from plotter2.cli.log_words import log_health
from plotter2.cli.tables import size
from plotter2.config.settings import settings
from plotter2.datter import codes
from plotter2.datter.auditing import Audit, audit
from plotter2.datter.collecting import GRACE_S, Garbage
from plotter2.datter.layout import Layout, present
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.rebuild import Rebuilt
from plotter2.datter.rebuild import rebuild as rebuild_registry
from plotter2.datter.scrubbing import scrub as scrub_objects
from plotter2.datter.store import Store
from plotter2.errors import ExitCode
from plotter2.printable import count

_PART = re.compile(r"(\d{1,4})/(\d{1,4})\Z")


@command()
@click.option("--yes/--dry-run", default=False, help="Remove it, or only tell (the default).")
@click.option(
    "--older-than",
    "hours",
    type=click.FloatRange(min=0),
    default=GRACE_S / 3600,
    show_default=True,
    metavar="HOURS",
    help="Leave alone what is younger: an add may be about to name it.",
)
def gc(root: str | None, yes: bool, hours: float) -> Answer:
    """Find what no bundle needs, as a killed add leaves it; remove it with --yes."""
    folder = settings(root).root
    with Store.open_to_free(folder) if yes else Store.open_to_read(folder) as store:
        found = store.garbage(hours * 3600, remove=yes)
    data = {
        "ok": True,
        "removed": yes,
        "objects": [path.name for path in found.objects],
        "folders": [path.name for path in found.folders],
        "outputs": [path.name for path in found.outputs],
        "rests": [path.name for path in found.rests],
        "bytes": found.bytes,
        "young": found.young,
        "kept": found.kept,
        "unreadable": found.unreadable,
    }
    young = f"; {found.young} younger than {hours:g} h left alone" if found.young else ""
    kept = _kept(found)
    if not found.count:
        return Answer(data, "\n".join([f"nothing to remove{young}", *kept]))
    parts = [
        count(len(found.objects) + len(found.folders), "file that no bundle needs", "files that no bundle needs"),
        count(len(found.outputs), "folder of pictures without a run", "folders of pictures without a run"),
        count(len(found.rests), "rest of a killed rebuild or push", "rests of killed rebuilds or pushes"),
    ]  # fmt: skip
    what = ", ".join(part for part in parts if part)
    told = "removed" if yes else "found; remove with: plotter2 gc --yes"
    return Answer(data, "\n".join([f"{what}, {size(found.bytes)}, {told}{young}", *kept]))


@command()
@click.option("--rebuild", is_flag=True, help="First make the registry anew from the files.")
@click.option("--deep", is_flag=True, help="Also read every object and compare it with its name.")
def fsck(root: str | None, rebuild: bool, deep: bool) -> Answer:
    """Hold the registry against the files, and look that every file is there; exit code 1 if not."""
    folder = present(settings(root).root)
    rebuilt = rebuild_registry(folder, PATIENCE_S) if rebuild else None
    if rebuilt is None and not Layout(folder).commits.is_dir():
        Store.open(folder).close()
    found = audit(folder, PATIENCE_S, deep=deep)
    wrong, log = log_health(folder)
    data: dict[str, Any] = {**found.as_json(), "ok": not (found.problems or wrong), "log": log}
    lines = [problem.as_text() for problem in found.problems]
    if rebuilt is not None:
        data["rebuilt"] = {
            "events": rebuilt.events,
            "runs_kept": rebuilt.runs_kept,
            "left_out": [each.as_json() for each in rebuilt.left_out],
            "renumbered": [each.as_json() for each in rebuilt.renumbered],
        }
        lines[:0] = _rebuilt(rebuilt)
    lines += [f"left out until it is mended: {each.called}" for each in found.left_out]
    if wrong is not None:
        data["problems"] = [*data["problems"], wrong.problem().as_json()]
        lines.append(wrong.problem().as_text())
    lines.append(_sum(found))
    code = ExitCode.WORK_FAILED if found.problems or wrong else ExitCode.OK
    return Answer(data, "\n".join(lines), code)


@command()
@click.option("--part", metavar="N/M", help="Only the N-th of M parts: 3/30 on the third day.")
@click.option("--set-aside", is_flag=True, help="Put damaged objects into quarantine.")
def scrub(root: str | None, part: str | None, set_aside: bool) -> Answer:
    """Read every stored object from the disk and compare it with its name; exit code 1 for damage."""
    number = _part(part)
    with Store.open_to_read(present(settings(root).root)) as store:
        found = scrub_objects(store.layout, number, set_aside=set_aside)
        damaged = {path.name: path for path in found.damaged}
        users = {
            row.name: hurt
            for row, objects in (store.contents() if damaged else ())
            if (hurt := sorted(objects.keys() & damaged.keys()))
        }
    lines = [f"damaged: {path}" for path in found.damaged]
    lines += [
        f"{name} holds {'it' if len(damaged) == 1 else f'{len(h)} of these'}"
        for name, h in users.items()
    ]
    told = f"{count(found.objects, 'object', 'objects') or 'no object'}, {size(found.bytes)} read"
    if damaged:
        told += f", {len(damaged)} damaged"
        told += (
            ", set aside; " if set_aside else "; put them aside: plotter2 scrub --set-aside; then "
        )
        told += "add the experiments' output again, or mend from a safe copy: plotter2 restore COPY"
    else:
        told += ", all as they were stored"
    data = {
        "ok": not damaged,
        "objects": found.objects,
        "bytes": found.bytes,
        "damaged": [str(path) for path in found.damaged],
        "bundles": users,
        "aside": [item.as_json() for item in found.aside],
    }
    code = ExitCode.WORK_FAILED if damaged else ExitCode.OK
    return Answer(data, "\n".join([*lines, told]), code)


def _rebuilt(done: Rebuilt) -> list[str]:
    kept = "run records kept" if done.runs_kept else "the old run records could not be read"
    out = f", {len(done.left_out)} left out as it cannot be read" if done.left_out else ""
    return [
        f"registry made anew from {done.events} changes, {kept}{out}",
        *(
            f"{each.name}: {each.bundle} is attempt {each.attempt} now (it was {each.stored}): a bundle that was left "
            f"out has that number; if only one is wanted: plotter2 archive ID"
            for each in done.renumbered
        ),
    ]


def _kept(found: Garbage) -> list[str]:
    if not found.kept:
        return []
    if found.unreadable:
        cannot = count(found.unreadable, "bundle or change cannot", "bundles or changes cannot")
        return [
            f"{found.kept:,} files kept that may be needed: {cannot} be read, and nobody knows what they need; "
            "plotter2 fsck tells which, plotter2 restore COPY mends them"
        ]
    if found.runs_unknown:
        return [
            "pictures without a run are kept: a registry that was set aside or lost may know their runs"
        ]
    return [
        f"{count(found.kept, 'object', 'objects')} kept that no bundle needs now: a relay has acknowledged them, so "
        "their bundle may be lost here; bring it back with: plotter2 restore RELAY"
    ]


# ---- inside -----------------------------------------------------------------------------------


def _sum(found: Audit) -> str:
    told = ", ".join(
        [
            count(found.events, "change", "changes") or "no change",
            count(found.bundles, "bundle", "bundles") or "no bundle",
            f"{count(found.objects, 'object', 'objects') or 'no object'} of {size(found.bytes)}",
        ]
    )
    state = f"{len(found.problems)} wrong" if found.problems else "all sound"
    unread = any(problem.code == codes.BUNDLE_DAMAGED for problem in found.problems)
    why = "may be needed by what cannot be read" if unread else "no bundle needs (plotter2 gc)"
    loose = f"; {count(found.loose, 'object', 'objects')} that {why}" if found.loose else ""
    kept = f"; {found.aside} set aside (plotter2 quarantine ls)" if found.aside else ""
    return f"{told}: {state}{loose}{kept}"


def _part(text: str | None) -> tuple[int, int]:
    if text is None:
        return 1, 1
    found = _PART.match(text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise click.BadParameter("write N/M, for example 3/30", param_hint="--part")
    return int(found[1]), int(found[2])
