"""What the registry knows of attached scripts: every attachment there ever was, and which count now.

An attachment belongs to a bundle and to the later attempts of its name, until one of the same name
replaces it or it is taken away. Nothing is forgotten: what is replaced stays in the table, and its
objects stay needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import apsw
import msgspec

from p2lang.types import parse_column_type
from plotter2.datter.bundle import canonical
from plotter2.datter.database import in_transaction, translated

Mode: TypeAlias = Literal["constant", "mutable"]
"""What stays the same of a link's source: columns, types and rows, or only columns and types."""


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bytes that are kept as an object of the store."""

    digest: str
    bytes: int


class DeclaredLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A link as it was declared: what it promises, and what its source was like, as far as it reads it.

    `head` and `columns` are names with types, in order; `origin` is the id of the bundle that was read, "" when the
    source means several.
    """

    mode: Mode
    source: str
    origin: str
    head: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    rows: int

    def __post_init__(self) -> None:
        for _, text in (*self.head, *self.columns):
            parse_column_type(text)


class AttachedScript(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A signed script as it is kept: its file name, both files' bytes, its links by name, the names of its tasks."""

    name: str
    script: Stored
    sidecar: Stored
    links: dict[str, DeclaredLink] = {}
    tasks: tuple[str, ...] = ()

    @property
    def declares(self) -> tuple[str, ...]:
        """Give what it declares, as `link NAME` and `task NAME`."""
        return (*(f"link {name}" for name in self.links), *(f"task {name}" for name in self.tasks))


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attached script, the bundle (id) it was attached to, when (ms since 1970) and by which event.

    `ended` is the event that replaced it or took it away, "" while it counts.
    """

    bundle: str
    kept: AttachedScript
    at: int
    event: str
    ended: str = ""

    @property
    def name(self) -> str:
        """Give the script's file name."""
        return self.kept.name


_KEPT = msgspec.json.Decoder(AttachedScript)
_COLUMNS = "attachments.bundle, body, at, event, ended"


class Attachments:
    """The table of attachments of an open registry. Raises DataError when SQLite refuses."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def enter(self, event: str, at: int, bundle: str, scripts: Iterable[AttachedScript]) -> None:
        """Enter scripts that were attached together; each ends an older one of its name."""

        def work() -> None:
            for kept in scripts:
                self._end(event, bundle, kept.name)
                self._run(
                    "INSERT OR IGNORE INTO attachments VALUES(?,?,?,?,?,'')",
                    (event, bundle, kept.name, at, canonical(kept).decode()),
                )
            self._run("INSERT OR IGNORE INTO events VALUES(?)", (event,))

        in_transaction(self._connection, self._path, work)

    def end(self, event: str, bundles: Iterable[str], name: str) -> None:
        """Enter that an attachment was taken away from these attempts of a bundle."""

        def work() -> None:
            for bundle in bundles:
                self._end(event, bundle, name)
            self._run("INSERT OR IGNORE INTO events VALUES(?)", (event,))

        in_transaction(self._connection, self._path, work)

    def of(self, name: str, attempt: int) -> tuple[Attachment, ...]:
        """Give what counts for an attempt of the bundle with this name: the newest of each script name."""
        found = self._attachments(
            "JOIN bundles ON bundles.id = attachments.bundle"
            " WHERE bundles.name = ? AND bundles.attempt <= ? AND ended = '' ORDER BY event",
            (name, attempt),
        )
        newest = {attachment.name: attachment for attachment in found}
        return tuple(newest[each] for each in sorted(newest))

    def history(self, bundle: str) -> tuple[Attachment, ...]:
        """Give every attachment that a bundle (id) ever had, oldest first."""
        return self._attachments("WHERE attachments.bundle = ? ORDER BY event", (bundle,))

    def all(self) -> tuple[Attachment, ...]:
        """Give every attachment of every bundle, oldest first."""
        return self._attachments("ORDER BY event", ())

    # ------------------------------------------------------------ inside
    def _end(self, event: str, bundle: str, name: str) -> None:
        self._run(
            "UPDATE attachments SET ended=? WHERE bundle=? AND name=? AND ended='' AND event<>?",
            (event, bundle, name, event),
        )

    def _attachments(self, rest: str, values: tuple[Any, ...]) -> tuple[Attachment, ...]:
        with translated(self._path):
            rows = list(
                self._connection.execute(f"SELECT {_COLUMNS} FROM attachments {rest}", values)  # noqa: S608 - our words
            )
        return tuple(
            Attachment(bundle, _KEPT.decode(body), at, event, ended)
            for bundle, body, at, event, ended in rows
        )

    def _run(self, statement: str, values: tuple[Any, ...]) -> None:
        self._connection.execute(statement, values)


def objects_of(scripts: Iterable[AttachedScript]) -> dict[str, int]:
    """Give the objects that hold attached scripts: digest -> bytes."""
    return {each.digest: each.bytes for kept in scripts for each in (kept.script, kept.sidecar)}
