"""`ls`, `tree`, `rename`, `archive`, `du`: what the store holds, how it is called, what it takes."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command
from plotter2.cli.moments import iso, to_the_day
from plotter2.cli.params import param_text
from plotter2.cli.tables import Branch, drawn_table, drawn_tree, held_text, size, without
from plotter2.config.settings import settings
from plotter2.datter.contents import Listed
from plotter2.datter.layout import present
from plotter2.datter.left_out import LeftOut, note_of
from plotter2.datter.narrowing import Narrowing, narrowing
from plotter2.datter.registry import BundleRow
from plotter2.datter.room import free_bytes
from plotter2.datter.room import warnings as room_warnings
from plotter2.datter.sizes import sizes
from plotter2.datter.store import Store
from plotter2.printable import count

_QUARTER_HOUR_MS = 900_000
_MOST_PARAMS = 6


@command(name="ls")
@click.argument("selector", required=False)
@click.option("--archived", is_flag=True, help="List what is archived instead, every attempt.")
@click.option("--where", multiple=True, metavar="COND", help="Only such params: 'lr > 0.1'.")
@click.option("--since", metavar="DATE", help="Only what was added at DATE or later.")
@click.option("--before", metavar="DATE", help="Only what was added before DATE.")
def ls(
    root: str | None,
    selector: str | None,
    archived: bool,
    where: tuple[str, ...],
    since: str | None,
    before: str | None,
) -> Answer:
    """List the bundles, or those of SELECTOR: a name means it and all below, 'name/*' its children."""
    only = narrowing(where, since, before)
    with _reading(root) as store:
        found = _selected(store, selector, only, archived=archived)
        lacking = store.left_out()
    head, rows = ["bundle", "rows", "tables", "files", "added", "params", "id"], [*map(_row, found)]
    if not any(line.held for line in found):
        head, rows = without("files", head, rows)
    plain, coloured = drawn_table(
        head, rows, ["rows", "tables"], ["id", "tables", "added", "files"]
    )
    data = {
        "ok": True,
        "bundles": [_line_json(line) for line in found],
        "left_out": [each.as_json() for each in lacking],
    }
    return _with_left_out(
        Answer(data, plain, coloured=coloured)
        if found
        else Answer(data, _none(selector, only, archived=archived)),
        lacking,
    )


@command()
@click.argument("selector", required=False)
def tree(root: str | None, selector: str | None) -> Answer:
    """Show how the bundles nest: all, or those below SELECTOR."""
    with _reading(root) as store:
        found = _selected(store, selector, narrowing((), None), archived=False)
        lacking = store.left_out()
    branches = _branches(found)
    plain, coloured = drawn_tree(branches)
    data = {
        "ok": True,
        "tree": _nested(found),
        "left_out": [each.as_json() for each in lacking],
    }
    text = plain or _none(selector, Narrowing(), archived=False)
    return _with_left_out(Answer(data, text, coloured=coloured), lacking)


@command()
@click.argument("old")
@click.argument("new")
def rename(root: str | None, old: str, new: str) -> Answer:
    """Give the bundle OLD, all its attempts and all below it the name NEW; OLD goes on meaning it."""
    with Store.open(present(settings(root).root)) as store:
        renamed = store.rename(old, new)
    data = {"ok": True, "old": old, "new": new, "renamed": renamed}
    if not renamed:
        return Answer(data, f"{new} is its name already")
    return Answer(data, f"{count(renamed, 'bundle', 'bundles')} renamed; {old} still means {new}")


@command()
@click.argument("selectors", nargs=-1, required=True, metavar="BUNDLE...")
@click.option("--undo", is_flag=True, help="Bring archived bundles back.")
def archive(root: str | None, selectors: tuple[str, ...], undo: bool) -> Answer:
    """Hide each BUNDLE and all below it from selectors and lists; their data stay."""
    with Store.open(present(settings(root).root)) as store:
        changed = [bundle for path in selectors for bundle in store.archive(path, undo=undo)]
    state = "active" if undo else "archived"
    data = {
        "ok": True,
        "state": state,
        "bundles": [{"id": b.id, "name": b.name, "attempt": b.attempt} for b in changed],
    }
    if not changed:
        return Answer(data, "archived already; nothing changed")
    told = count(len(changed), "bundle", "bundles")
    if undo:
        return Answer(data, f"{told} brought back")
    again = " ".join(["plotter2 archive --undo", *selectors])
    return Answer(data, f"{told} archived, the data is kept; bring back with: {again}")


@command()
@click.argument("selector", required=False)
def du(root: str | None, selector: str | None) -> Answer:
    """Tell what the store takes on the disk, and what each bundle of SELECTOR holds."""
    with _reading(root) as store:
        chosen = None if selector is None else store.find(selector)
        found = sizes(store.layout, store.contents(), chosen)
    rows = [[u.name, size(u.bytes), size(u.alone), str(u.objects)] for u in found.bundles]
    plain, coloured = drawn_table(
        ["bundle", "with all below", "only there", "objects"],
        rows,
        ["with all below", "only there", "objects"],
    )
    around = settings(root)
    free, warnings = free_bytes(around.root), room_warnings(around.root, around.disk)
    totals = "on the disk: " + ", ".join(
        f"{name} {size(number)}" for name, number in found.totals.items()
    )
    totals += f"; {size(free)} free" + "".join(f"\nwarning: {warning}" for warning in warnings)
    data = {
        "ok": True,
        "bundles": [u.as_json() for u in found.bundles],
        "totals": found.totals,
        "free": free,
        "warnings": list(warnings),
    }
    text = f"{plain}\n{totals}" if rows else totals
    return Answer(data, text, coloured=f"{coloured}\n{totals}" if coloured and rows else "")


# ---- inside -----------------------------------------------------------------------------------


def _with_left_out(answer: Answer, lacking: Sequence[LeftOut]) -> Answer:
    """Tell below a list how much is not in it because it cannot be read."""
    more = "".join(f"\nnote: {note}" for note in note_of(lacking))
    coloured = answer.coloured and answer.coloured + more
    return replace(answer, text=answer.text + more, coloured=coloured)


def _reading(root: str | None) -> Store:
    return Store.open_to_read(settings(root).root)


def _selected(
    store: Store, selector: str | None, only: Narrowing, *, archived: bool
) -> tuple[Listed, ...]:
    if archived:
        return store.archived((selector or "").rstrip("*").rstrip("/"), only)
    if selector is None:
        return store.list("", only)
    found = store.find(selector, only)
    if "*" in selector:
        return store.counted(found)
    (bundle,) = found
    below = [line.bundle for line in store.list(bundle.name, only)]
    return store.counted([bundle, *below])


def _row(line: Listed) -> list[str]:
    bundle = line.bundle
    name = bundle.name if bundle.attempt == 1 else f"{bundle.name} (attempt {bundle.attempt})"
    rows = f"{line.rows:,}" if line.tables else ""
    tables, held = str(line.tables or ""), held_text(line.held)
    return [name, rows, tables, held, _day(bundle.created), _params(bundle), bundle.id]


def _params(bundle: BundleRow) -> str:
    shown = [f"{name}={param_text(value)}" for name, value in bundle.params.items()]
    more = f" and {len(shown) - _MOST_PARAMS} more" if len(shown) > _MOST_PARAMS else ""
    return " ".join(shown[:_MOST_PARAMS]) + more


def _day(moment: int) -> str:
    return _day_of_quarter(moment // _QUARTER_HOUR_MS)


@lru_cache(maxsize=4_096)
def _day_of_quarter(quarter: int) -> str:
    """Give the local day of a quarter of an hour; none holds a midnight, whatever the time zone."""
    return to_the_day(quarter * _QUARTER_HOUR_MS)


def _line_json(line: Listed) -> dict[str, Any]:
    bundle = line.bundle
    return {
        "id": bundle.id,
        "name": bundle.name,
        "attempt": bundle.attempt,
        "state": bundle.state,
        "added": iso(bundle.created),
        "params": bundle.params,
        "tables": line.tables,
        "rows": line.rows,
        **line.held.as_json(),
    }


def _none(selector: str | None, only: Narrowing, *, archived: bool) -> str:
    if archived:
        return "nothing is archived" if selector is None else f"nothing of {selector} is archived"
    if only:
        return "no bundle fulfils the conditions"
    return "the store is empty; bring output in: plotter2 add PATH"


def _branches(found: Sequence[Listed]) -> list[Branch]:
    """Hang each bundle below the nearest name above it that is there too."""
    tops: list[Branch] = []
    by_name: dict[str, Branch] = {}
    for line in found:
        parent = _above(line.bundle.name, by_name)
        label = _below(line.bundle.name, parent)
        rows = f"{line.rows:,} {'row' if line.rows == 1 else 'rows'}" if line.tables else ""
        detail = ", ".join(part for part in (rows, held_text(line.held)) if part)
        branch = Branch(label, detail, [])
        by_name[line.bundle.name] = branch
        (by_name[parent].below if parent else tops).append(branch)
    return tops


def _nested(found: Sequence[Listed]) -> list[dict[str, Any]]:
    """Give the same as JSON: each bundle as `ls` gives it, its `name` without what is above it."""
    tops: list[dict[str, Any]] = []
    by_name: dict[str, dict[str, Any]] = {}
    for line in found:
        above = _above(line.bundle.name, by_name)
        entry = _line_json(line)
        entry.update(name=_below(line.bundle.name, above), path=line.bundle.name, below=[])
        by_name[line.bundle.name] = entry
        (by_name[above]["below"] if above else tops).append(entry)
    return tops


def _above(name: str, known: Container[str]) -> str:
    parent = name.rpartition("/")[0]
    while parent and parent not in known:
        parent = parent.rpartition("/")[0]
    return parent


def _below(name: str, above: str) -> str:
    return name[len(above) :].lstrip("/")
