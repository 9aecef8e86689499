"""What can be seen of a root, without ids and times, so that histories can be compared; and what must always hold."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import apsw

from plotter2.datter import events, objects
from plotter2.datter.auditing import audit
from plotter2.datter.layout import Layout
from plotter2.datter.reading import replayed
from plotter2.datter.registry import Registry
from plotter2.datter.store import Store

Seen = dict[str, Any]
_ID = re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b")
_PROCESS = re.compile(r"\bprocess \d+\b")
_FOLDERS = ("output", "inbox", "staged", "quarantine", "source/quarantine")
_IN_NO_ORDER = ("barrier", "events")


def seen(root: Path) -> Seen:
    """Give the rows of every table of the registry, and the files beside the bundles, with their bytes' digests.

    The store was opened before, so that what a dead process left is settled.
    """
    path = root / "registry" / "registry.db"
    connection = apsw.Connection(
        f"{path.as_uri()}?mode=ro", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    )
    try:
        known = {
            word: f"<{name} {attempt}>"
            for bundle, name, attempt, digest in connection.execute(
                "SELECT id, name, attempt, digest FROM bundles"
            )
            for word in (bundle, digest)
        }
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
        ]
        tables = {
            name: sorted(
                (_plain(row, known) for row in connection.execute(f"SELECT * FROM {name}")),
                key=repr,
            )
            for name in names
            if name not in _IN_NO_ORDER
        }
    finally:
        connection.close()
    return {**{f"table {name}": rows for name, rows in tables.items()}, **files(root)}


def files(root: Path) -> Seen:
    """Give the files that people see or that wait, by folder."""
    found: Seen = {}
    for folder in _FOLDERS:
        paths = sorted(
            path for path in (root / folder).rglob("*") if path.is_file() and path.name[0] != "."
        )
        found[folder] = sorted(_file(path, root / folder) for path in paths)
    return found


def unsound(root: Path) -> list[str]:
    """Give what is wrong with a store that nobody has open: to be empty, whatever happened before."""
    wrong = [f"{problem.code} {problem.message}" for problem in audit(root, 1.0).problems]
    layout = Layout(root)
    registry, truth = (
        Registry.open(layout.registry / "registry.db"),
        replayed(layout, events.listed(layout)),
    )
    if registry.dump() != truth.dump():
        wrong.append("the registry is not what the files say")
    wanted = {digest for _, own in registry.contents() for digest in own}
    registry.close()
    truth.close()
    for digest in sorted(wanted):
        objects.verify(layout, digest)
    wrong += [f"temp/{path.name} is left" for path in layout.temp.iterdir()]
    return wrong


def opened(root: Path) -> Seen:
    """Open the store as anybody does and give what is seen then."""
    with Store.open(root):
        pass
    return seen(root)


def _plain(row: tuple[Any, ...], known: dict[str, str]) -> tuple[Any, ...]:
    return tuple(_plain_value(value, known) for value in row)


def _plain_value(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, int) and value > 10**12:
        return "<time>"
    if not isinstance(value, str):
        return value
    if value in known:
        return known[value]
    value = _PROCESS.sub("process <number>", value)
    return _ID.sub(lambda found: known.get(found.group(), "<id>"), value)


def _file(path: Path, below: Path) -> tuple[str, str]:
    name = _ID.sub("<id>", str(path.relative_to(below)))
    told = path.name in ("reason.json", "why.json")
    return name, "" if told else hashlib.sha256(path.read_bytes()).hexdigest()[:16]
