"""Bringing bundles in: objects, then descriptions, then the event that makes them count, then the index.

Order (reliability: a bundle is whole or absent at every instant): every file is synced before it
gets its name, every name before anything refers to it. Until the event has its name everything
can be taken back, and is when a step fails.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from logger2.identity import Scalar
from plotter2.datter import codes, durable, events
from plotter2.datter.bundle import Bundle, Provenance, Table, canonical, check_name, digest_of
from plotter2.datter.holdings import StoredArray, StoredFile, check_paths
from plotter2.datter.ids import IdSource, is_id, now_ms
from plotter2.datter.layout import Layout
from plotter2.datter.left_out import left_out
from plotter2.datter.locks import locked
from plotter2.datter.objects import Incoming, Published
from plotter2.datter.registry import BundleRow, Registry
from plotter2.errors import DataError
from plotter2.manifest.codes import SAME_ID

_HIDDEN = "it is archived; bring it back with: plotter2 archive --undo {name}"
_RENUMBERED = "attempt {wanted} of this name is another bundle here; this one is attempt {number}"
_TAKEN_OVER = "the name meant {other!r} until now; from now on it means the new bundle"

_TOGETHER = 200
"""So many descriptions are open at once."""

Within: TypeAlias = Callable[[tuple["Entered", ...]], None]
Outcome: TypeAlias = Literal["added", "new attempt", "already there"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A bundle before it is stored; its columns' chunks, files and arrays were put into the same add.

    `id`, `attempt` and `inside` (id or name of the bundle around it) are what a package says of it.
    """

    name: str
    params: dict[str, Scalar] = field(default_factory=dict)
    repeat: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    arrays: dict[str, StoredArray] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    id: str = ""
    attempt: int | None = None
    inside: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a draft. With "already there", `id` and `attempt` are the older bundle's.

    `notes` say what a person may not expect: it is archived, or the name meant another bundle.
    """

    id: str
    name: str
    attempt: int
    outcome: Outcome
    draft: Draft
    notes: tuple[str, ...] = ()


class Adding:
    """One add: bytes go in with `put`, then all bundles at once with `commit`."""

    def __init__(
        self, layout: Layout, registry: Registry, ids: IdSource, incoming: Incoming, folder: Path
    ) -> None:
        self._layout = layout
        self._registry = registry
        self._ids = ids
        self._incoming = incoming
        self._folder = folder

    def put(self, data: bytes | memoryview, digest: str = "") -> tuple[str, int]:
        """Take the bytes of a column chunk; gives (SHA-256, number of bytes). Raises DataError.

        Who gives the `digest` computed it of these very bytes, which nobody can change any more.
        """
        return self._incoming.put(data, digest)

    def put_pieces(self, pieces: Iterable[bytes]) -> tuple[str, int]:
        """Take the bytes of a file piece by piece; gives (SHA-256, number of bytes). Raises as `pieces`, DataError."""
        return self._incoming.put_pieces(pieces)

    def commit(
        self, drafts: Sequence[Draft], patience_s: float, within: Within = lambda _: None
    ) -> tuple[Entered, ...]:
        """Store all drafts or none, durably; gives what became of each, in order.

        The same content under the same name again is the bundle that is there; other content under
        a name in use is a new attempt, and the older ones are kept. What `within` does with what
        became of them belongs to the same transaction, and happens before anything is visible.
        Raises DataError; P2-D0815 for a bad name, P2-D0925 for a path of a file, P2-D0808 when another process
        holds the store for `patience_s` seconds.
        """
        for draft in drafts:
            check_name(draft.name)
            check_paths(draft.name, draft.files)
            check_paths(draft.name, draft.arrays)
        with locked(self._layout.lock, patience_s):
            catch_up(self._layout, self._registry)
            entered, fresh = self._compare(drafts)
            published = self._incoming.publish()
            if fresh:
                self._publish(fresh, published, lambda: within(entered))
            else:
                with self._registry.together():
                    within(entered)
                    self._registry.barrier()
        return entered

    def _compare(self, drafts: Sequence[Draft]) -> tuple[tuple[Entered, ...], list[Bundle]]:
        batch = _Batch(now_ms())
        entered: dict[int, Entered] = {}
        for place, draft in sorted(enumerate(drafts), key=_by_name):
            entry = self._judged(draft, self._made(draft, batch), batch)
            batch.newest[draft.name] = entry.id
            if draft.id:
                batch.given[draft.id] = entry.id
            entered[place] = entry
        return tuple(entered[place] for place in range(len(drafts))), batch.fresh

    def _made(self, draft: Draft, batch: _Batch) -> Bundle:
        parent = draft.name.rpartition("/")[0]
        return Bundle(
            id=draft.id if is_id(draft.id) else self._ids.new(),
            name=draft.name,
            parent=batch.given.get(draft.inside)
            or batch.newest.get(draft.inside or parent)
            or self._newest_id(draft.inside or parent),
            attempt=1,
            created=batch.at,
            params=draft.params,
            repeat=draft.repeat,
            axes=draft.axes,
            meta=draft.meta,
            tables=draft.tables,
            kept_files=draft.files or msgspec.UNSET,
            kept_arrays=draft.arrays or msgspec.UNSET,
            provenance=draft.provenance,
        )

    def _newest_id(self, name: str) -> str | None:
        attempts = self._registry.attempts(name) if name else ()
        return attempts[0].id if attempts else None

    def _judged(self, draft: Draft, bundle: Bundle, batch: _Batch) -> Entered:
        earlier = self._registry.attempts(draft.name)
        content = bundle.content_digest()
        twin = batch.made.get(draft.id)
        if twin is not None:
            if twin.content_digest() != content:
                raise _other_content(draft, twin.name, twin.id, twin.content_digest(), content)
            return Entered(twin.id, twin.name, twin.attempt, "already there", draft)
        same = self._of_its_id(draft, content) or next(
            (row for row in earlier if row.content == content), None
        )
        if same is not None:
            hidden = (_HIDDEN.format(name=same.name),) if same.state == "archived" else ()
            return Entered(same.id, same.name, same.attempt, "already there", draft, hidden)
        numbers = {row.attempt for row in earlier} | batch.attempts.setdefault(draft.name, set())
        attempt, notes = _numbered(draft.attempt, numbers)
        batch.attempts[draft.name].add(attempt)
        made = msgspec.structs.replace(bundle, attempt=attempt)
        batch.fresh.append(made)
        if draft.id:
            batch.made[draft.id] = made
        if numbers:
            return Entered(bundle.id, draft.name, attempt, "new attempt", draft, notes)
        return Entered(
            bundle.id, draft.name, attempt, "added", draft, self._former_meaning(draft.name)
        )

    def _of_its_id(self, draft: Draft, content: str) -> BundleRow | None:
        """Find the bundle that came under a draft's id; raises DataError if it is another one, or is left out."""
        if not draft.id:
            return None
        if any(each.bundle == draft.id for each in self._registry.left_out.all()):
            raise left_out(draft.id, draft.name)
        known = self._registry.bundle(self._registry.origins.bundle_of(draft.id) or draft.id)
        if known is None or known.content == content:
            return known
        raise _other_content(draft, known.name, known.id, known.content, content)

    def _former_meaning(self, name: str) -> tuple[str, ...]:
        change = self._registry.formerly(name)
        other = self._registry.bundle(change.bundle) if change else None
        return (_TAKEN_OVER.format(other=other.name),) if other else ()

    def _publish(
        self, bundles: list[Bundle], published: Published, within: Callable[[], None]
    ) -> None:
        described = [(bundle, canonical(bundle)) for bundle in bundles]
        digests = {bundle.id: digest_of(data) for bundle, data in described}
        event = events.Added(id=self._ids.new(), at=bundles[0].created, bundles=digests)
        path = self._layout.commits / f"{event.id}.json"

        def take_back() -> None:
            durable.discard(path)
            durable.sync_dir(path.parent)  # before anything that the event names goes
            for bundle in bundles:
                durable.discard_dir(self._layout.bundle_file(bundle.id).parent)
            published.undo()

        told = False
        try:
            self._describe(described)
            with self._registry.together():
                within()
                durable.put(self._folder / "event", path, (events.encode(event),))
                told = True
                self._registry.add(event.id, [(bundle, digests[bundle.id]) for bundle in bundles])
        except BaseException as error:
            # With the event on the disk the files stay, and the next open finishes what they say.
            if not told or (isinstance(error, DataError) and error.code in codes.SURELY_UNDONE):
                take_back()
            raise

    def _describe(self, described: list[tuple[Bundle, bytes]]) -> None:
        for start in range(0, len(described), _TOGETHER):
            self._describe_some(described[start : start + _TOGETHER])

    def _describe_some(self, described: list[tuple[Bundle, bytes]]) -> None:
        opened: list[tuple[int, Path]] = []
        try:
            for bundle, data in described:
                path = self._folder / bundle.id
                opened.append((durable.begin(path, (data,)), path))
            durable.sync_all(opened)
        finally:
            for fd, _ in opened:
                os.close(fd)
        finals = [self._layout.bundle_file(bundle.id) for bundle, _ in described]
        durable.make_dirs([final.parent for final in finals])
        for (_, path), final in zip(opened, finals, strict=True):
            durable.link_new(path, final)
        durable.sync_dirs([final.parent for final in finals])


@dataclass(slots=True)
class _Batch:
    """What one commit makes: bundles, their attempts by name, and what the ids of a package mean here."""

    at: int
    fresh: list[Bundle] = field(default_factory=list)
    newest: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    made: dict[str, Bundle] = field(default_factory=dict)
    attempts: dict[str, set[int]] = field(default_factory=dict)


def _other_content(draft: Draft, name: str, known: str, stored: str, came: str) -> DataError:
    return DataError(
        SAME_ID,
        f"the id {draft.id} is that of the bundle {name!r}, which holds something else: "
        f"content {stored[:16]}... is stored, {came[:16]}... came",
        where=draft.name,
        help=f"compare them (plotter2 show {known}); other output needs an id of its own, or none",
    )


def _by_name(placed: tuple[int, Draft]) -> tuple[str, int]:
    return placed[1].name, placed[1].attempt or 0


def _numbered(wanted: int | None, numbers: set[int]) -> tuple[int, tuple[str, ...]]:
    """Give an attempt's number: the wanted one if it is free, else the next."""
    if wanted is not None and wanted not in numbers:
        return wanted, ()
    number = max(numbers, default=0) + 1
    return number, () if wanted is None else (_RENUMBERED.format(wanted=wanted, number=number),)


def catch_up(layout: Layout, registry: Registry, *, leave_out: bool = False) -> int:
    """Enter events of processes that died before the index had them; the store's lock is held."""
    missing = registry.unknown_events(events.listed(layout))
    events.replay(layout, registry, missing, leave_out=leave_out)
    return len(missing)
