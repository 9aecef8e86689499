"""`quarantine`: one list of what could not be stored and of what was found damaged; shown, tried again, dropped."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, family
from plotter2.cli.moments import to_the_minute
from plotter2.cli.tables import drawn_table, size
from plotter2.config.settings import settings
from plotter2.datter import quarantine as damaged
from plotter2.datter.ids import IdSource
from plotter2.datter.quarantine import Item
from plotter2.datter.sizes import tree_bytes
from plotter2.datter.store import Store
from plotter2.errors import Problem
from plotter2.staging import quarantine as refused
from plotter2.staging.grounds import Grounds
from plotter2.staging.quarantine import Reason

_SHOWN = 20


@family()
def quarantine() -> None:
    """Look after what could not be stored (out of the inbox), and what was found damaged (in the store).

    All of it is kept whole, with the reason, until it is dropped. The beginning of an id is enough.
    """


@command(quarantine, "ls")
def quarantine_ls(root: str | None) -> Answer:
    """List what is kept, and why."""
    folder = settings(root).root
    with Store.open_to_read(folder) as store:
        items = damaged.listed(store.layout)
    grounds = Grounds(folder)
    reasons = refused.listed(grounds)
    rows = [
        [r.id, _what(r), size(_size(grounds, r)), to_the_minute(r.at), r.message] for r in reasons
    ]
    rows += [
        [item.id, item.kind, size(item.bytes), to_the_minute(item.at), item.why] for item in items
    ]
    plain, coloured = drawn_table(
        ["id", "what", "size", "since", "why"], rows, ["size"], ["size", "since"]
    )
    data = {
        "ok": True,
        "items": [item.as_json() for item in items],
        "refused": [msgspec.to_builtins(reason) for reason in reasons],
    }
    if not rows:
        return Answer(data, "nothing is in quarantine")
    return Answer(data, plain, coloured=coloured)


@command(quarantine, "show")
@click.argument("item", metavar="ID")
def quarantine_show(root: str | None, item: str) -> Answer:
    """Tell what ID is, why it is kept, and where its file lies."""
    folder = settings(root).root
    found = _find(folder, item)
    if isinstance(found, Item):
        lines = [
            f"{found.id}  {found.kind} {found.name}, {size(found.bytes)}, since {to_the_minute(found.at)}",
            f"why: {found.why}",
            f"file: {found.file}",
        ]
        return Answer({"ok": True, **found.as_json()}, "\n".join(lines))
    path = refused.kept_at(Grounds(folder), found)
    problem = Problem(found.code, found.message, found.where, found.help)
    lines = [f"{found.name}, since {to_the_minute(found.at)}", problem.as_text(), f"kept: {path}"]
    if len(found.lines) > 1:
        lines += [f"line {bad.line}: {bad.why} [{bad.code}]" for bad in found.lines[:_SHOWN]]
    if len(found.lines) > _SHOWN:
        lines.append(f"and {len(found.lines) - _SHOWN} more lines; --json tells all")
    data = {"ok": True, **msgspec.to_builtins(found), "kept": str(path)}
    return Answer(data, "\n".join(lines))


@command(quarantine, "retry")
@click.argument("item", metavar="ID")
def quarantine_retry(root: str | None, item: str) -> Answer:
    """Have ID read again; an object gets its place back, if its bytes are right again."""
    folder = settings(root).root
    found = _find(folder, item)
    if isinstance(found, Item):
        with Store.open(folder) as store:
            damaged.release(store.layout, found.id)
        told = f"the {found.kind} {found.name} is back in its place"
        return Answer({"ok": True, "id": found.id}, told)
    grounds = Grounds(folder)
    refused.retry(grounds, found, IdSource().new())
    later = "" if grounds.holder() else "; it is read at the next plotter2 inbox watch"
    return Answer({"ok": True, "id": found.id}, f"{found.name} is staged again{later}")


@command(quarantine, "drop")
@click.argument("item", metavar="ID")
def quarantine_drop(root: str | None, item: str) -> Answer:
    """Delete ID for good."""
    folder = settings(root).root
    found = _find(folder, item)
    if isinstance(found, Item):
        with Store.open_to_free(folder) as store:
            damaged.drop(store.layout, found.id)
        return Answer({"ok": True, "id": found.id}, f"deleted: the {found.kind} {found.name}")
    refused.drop(Grounds(folder), found)
    return Answer({"ok": True, "id": found.id}, f"deleted: {found.name}")


def _find(folder: Path, wanted: str) -> Item | Reason:
    """Give the one thing whose id begins so. Raises DataError (P2-D0861)."""
    with Store.open_to_read(folder) as store:
        items = damaged.listed(store.layout)
    grounds = Grounds(folder)
    mine = [item for item in items if wanted and item.id.startswith(wanted.upper())]
    others = [each for each in refused.listed(grounds) if wanted and each.id.startswith(wanted)]
    if not mine:
        return refused.find(grounds, wanted)
    if len(mine) + len(others) > 1:
        raise refused.not_one(len(mine) + len(others), wanted)
    return mine[0]


def _what(reason: Reason) -> str:
    return {"item": "", "lines": "lines of ", "rest": "rest of "}[reason.kind] + reason.name


def _size(grounds: Grounds, reason: Reason) -> int:
    path = refused.kept_at(grounds, reason)
    is_folder = path.is_dir() and not path.is_symlink()
    return tree_bytes(path) if is_folder else path.lstat().st_size
