"""`backup` and `restore`: a safe copy of a root on another disk, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command
from plotter2.cli.moments import to_the_minute
from plotter2.cli.tables import size
from plotter2.config.settings import settings
from plotter2.datter.layout import Layout, present
from plotter2.errors import ExitCode, Problem
from plotter2.printable import count
from plotter2.relay import addresses, copies, pushing
from plotter2.relay.copies import Copied, Verified
from plotter2.relay.log_copies import told_after_restore

_SHOWN = 20


@command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Make none; read the one that is there from the disk.")
@click.option("--deep", is_flag=True, help="Read what is there too, and replace what is damaged.")
@click.option("--with-private-keys", is_flag=True, help="Copy private keys and tokens as well.")
def backup(
    root: str | None, target: Path, verify: bool, deep: bool, with_private_keys: bool
) -> Answer:
    """Copy everything to the folder TARGET, what it lacks only; it is safe there when this ends.

    Others may go on writing meanwhile. TARGET is a root that can be read: plotter2 ls --root TARGET. Private keys are
    not copied unless that is asked for.
    """
    if verify:
        return _verified(copies.verify(target), target)
    done = copies.backup(
        present(settings(root).root), target, private_keys=with_private_keys, deep=deep
    )
    lines = [*problem_lines(done.problems), *left_out_lines(done), *moving_lines(done)]
    if done.same_disk:
        lines.append("warning: the copy is on the same disk as the root; it is lost with that disk")
    lines.append(f"{copied_text(done)}; safe in {target}")
    return _answer(done, lines, {"target": str(target), "private_keys": with_private_keys})


@command()
@click.argument("source")
@click.option("--token-file", type=click.Path(), default="", help="Of a SOURCE behind HTTP.")
@click.option("--ca-file", type=click.Path(), default="", help="Its certificate's authority.")
def restore(root: str | None, source: str, token_file: str, ca_file: str) -> Answer:
    """Fill an empty root from the safe copy SOURCE, or mend the root that it is a copy of.

    SOURCE is a folder, the name of a relay, or an address: ssh://HOST/FOLDER, https://HOST:PORT. What is sound in the
    root is left alone; what is damaged there is put into quarantine and replaced.
    """
    folder = settings(root).root
    done = _restored(folder, source, token_file, ca_file)
    lines = [*problem_lines(done.problems), f"restored into {folder}: {copied_text(done)}"]
    if done.shipped.staged:
        waiting = count(done.shipped.staged, "item waits", "items wait")
        lines.append(f"{waiting} to be stored, as staged in the copy: plotter2 inbox watch")
    if done.shipped.settings:
        names = ", ".join(done.shipped.settings[:_SHOWN])
        lines.append(
            f"settings out of the copy: {names}; whose scripts may run now: plotter2 trust ls"
        )
    log = told_after_restore(Layout(folder))
    if log:
        lines.append(log)
    assert done.audit is not None
    lines.append(
        f"{count(done.audit.bundles, 'bundle', 'bundles') or 'no bundle'}, "
        + (
            "all sound"
            if not done.problems
            else f"{count(len(done.problems), 'thing', 'things')} wrong, see above"
        )
    )
    return _answer(done, lines, {"root": str(folder), **done.audit.as_json()})


def _restored(folder: Path, source: str, token_file: str, ca_file: str) -> Copied:
    known = {relay.name: relay for relay in addresses.listed(Layout(folder))}
    relay = known.get(source) or addresses.Relay(
        name=source, address=source, token_file=token_file, ca_file=ca_file
    )
    if relay.parsed.kind == "folder":
        return copies.restore(Path(relay.parsed.path), folder)
    with pushing.source_of(relay) as found:
        return copies.restore_from(found, relay.address, folder)


def _answer(done: Copied, lines: list[str], more: dict[str, Any]) -> Answer:
    well = not done.problems
    code = ExitCode.OK if well else ExitCode.WORK_FAILED
    return Answer({"ok": well, **more, **done.as_json()}, "\n".join(lines), code)


def _verified(found: Verified, target: Path) -> Answer:
    record = found.record
    lines = problem_lines(found.problems)
    state = f"{len(found.problems)} wrong" if found.problems else "all as it was stored"
    lines.append(
        f"safe copy of {record.source}, {to_the_minute(record.at)}: {record.events} changes, "
        f"{found.objects} objects and {found.files} files, {size(found.bytes)} read: {state}"
    )
    data = {
        "ok": not found.problems,
        "target": str(target),
        "source": record.source,
        "at": record.at,
        "events": record.events,
        "objects": found.objects,
        "files": found.files,
        "bytes": found.bytes,
        "problems": [problem.as_json() for problem in found.problems],
    }
    code = ExitCode.WORK_FAILED if found.problems else ExitCode.OK
    return Answer(data, "\n".join(lines), code)


def copied_text(done: Copied) -> str:
    """Tell what was copied."""
    shipped = done.shipped
    there = max(0, shipped.items - shipped.copied - len(shipped.damaged) - len(shipped.moved))
    copied = count(shipped.copied, "file", "files")
    told = f"{copied} copied, {size(shipped.bytes)}" if copied else "nothing to copy"
    staged = count(shipped.staged - done.moving, "staged item", "staged items")
    return f"{told}; {there:,} there already" + (f"; {staged} among them" if staged else "")


def moving_lines(done: Copied) -> list[str]:
    """Say which acknowledged output is not in the copy yet."""
    if not done.moving:
        return []
    items = count(done.moving, "staged item is", "staged items are")
    return [f"warning: {items} not in the copy: somebody changes what lies there; copy again"]


def problem_lines(problems: tuple[Problem, ...]) -> list[str]:
    """Give problems as text, not too many."""
    lines = [problem.as_text() for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"and {len(problems) - _SHOWN} more; --json tells all")
    return lines


def left_out_lines(done: Copied, *, with_settings: bool = True) -> list[str]:
    """Give what was not copied, and why."""
    # A name may hold line breaks, which would look like lines of the answer.
    return [
        f"not copied: {name!r}: {why}" if "\n" in name else f"not copied: {name}: {why}"
        for name, why in done.left_out.items()
        if with_settings or not name.startswith("config/")
    ]
