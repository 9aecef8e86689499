"""The order of events: one small immutable file per change of the store, under `source/commits/`.

A bundle is in the store if, and only if, an event names it with the digest of its description.
The registry is this history, replayed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import msgspec

from plotter2.datter import codes, durable
from plotter2.datter.attachments import AttachedScript, objects_of
from plotter2.datter.bundle import Bundle, State, canonical, digest_of, read_bundle
from plotter2.datter.ids import is_id
from plotter2.datter.layout import Layout
from plotter2.datter.left_out import LeftOut
from plotter2.datter.registry import Registry, Renamed
from plotter2.datter.task_runs import Performance, exposed_objects
from plotter2.errors import DataError


class _Event(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"
):
    """What events share: an id, which is the file's name, and a time in milliseconds since 1970."""

    id: str
    at: int
    version: int = 1


class Added(_Event, frozen=True, tag="added"):
    """Bundles came in together: id -> digest of its description."""

    bundles: dict[str, str]


class NameChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One bundle got another name."""

    bundle: str
    old: str
    new: str


class Moved(_Event, frozen=True, tag="renamed"):
    """Bundles got other names together."""

    changes: tuple[NameChange, ...]


class Shelved(_Event, frozen=True, tag="state"):
    """Bundles were archived together, or brought back."""

    bundles: tuple[str, ...]
    state: State


class Attached(_Event, frozen=True, tag="attached"):
    """Signed scripts were attached to a bundle together; each replaces one of its name."""

    bundle: str
    scripts: tuple[AttachedScript, ...]


class Detached(_Event, frozen=True, tag="detached"):
    """An attached script was taken away from attempts of a bundle; its bytes are kept."""

    bundles: tuple[str, ...]
    name: str


class TaskDone(_Event, frozen=True, tag="task done"):
    """A task ended well on a bundle: what it exposed and drew counts from now on."""

    done: Performance


Event: TypeAlias = Added | Moved | Shelved | Attached | Detached | TaskDone
_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


_MEND = (
    "put it back from a safe copy: plotter2 restore COPY; "
    "until then a registry without it is made by: plotter2 fsck --rebuild"
)
UNREADABLE = frozenset({codes.BUNDLE_DAMAGED, codes.IO_FAILED, codes.NOT_WRITABLE})
"""With these a file is there and cannot be read, or is not the one that it should be."""


def listed(layout: Layout) -> tuple[str, ...]:
    """Give the ids of all events, oldest first."""
    with durable.reported(layout.commits):
        names = (path.stem for path in layout.commits.iterdir() if path.suffix == ".json")
        return tuple(sorted(name for name in names if is_id(name)))


def read(layout: Layout, event_id: str) -> Event:
    """Read one event; raises DataError (P2-D0817) when the file is damaged."""
    return decoded(layout.commits / f"{event_id}.json")


def decoded(path: Path) -> Event:
    """Read the event in a file, wherever it lies. Raises DataError (P2-D0817)."""
    with durable.reported(path):
        data = path.read_bytes()
    try:
        event = _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise DataError(
            codes.BUNDLE_DAMAGED,
            f"an event of the store cannot be read: {error}",
            where=str(path),
            help=_MEND,
        ) from None
    return event


def load_bundle(layout: Layout, bundle_id: str, digest: str) -> Bundle:
    """Read a bundle's description; raises DataError (P2-D0817) unless it has this digest."""
    path = layout.bundle_file(bundle_id)
    with durable.reported(path):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
    if digest_of(data) != digest:
        raise DataError(
            codes.BUNDLE_DAMAGED,
            f"the description of bundle {bundle_id} is not the one that was committed",
            where=str(path),
            help=_MEND,
        )
    return read_bundle(data, str(path))


def replay(
    layout: Layout, registry: Registry, event_ids: tuple[str, ...], *, leave_out: bool = False
) -> None:
    """Enter events into the registry in their order. The caller holds the store's lock.

    What can be read may not be on the disk yet (its writer died before its sync), so the folder
    of events is synced first. With `leave_out`, what cannot be read is entered as left out. Raises DataError.
    """
    if event_ids:
        durable.sync_dir(layout.commits)
    for event_id in event_ids:
        try:
            event = read(layout, event_id)
        except DataError as error:
            if not leave_out or error.code not in UNREADABLE:
                raise
            registry.pass_over(event_id, (LeftOut(event_id, "", "", error.message),))
        else:
            _enter(layout, registry, event, leave_out=leave_out)


def _enter(layout: Layout, registry: Registry, event: Event, *, leave_out: bool) -> None:
    match event:
        case Added():
            found, lacking = described(layout, event)
            if lacking and not leave_out:
                raise lacking[0][1]
            registry.add(event.id, found, [each for each, _ in lacking])
        case Shelved():
            registry.shelve(event.id, event.bundles, event.state)
        case Moved():
            changes = (Renamed(c.bundle, c.old, c.new, event.at) for c in event.changes)
            registry.rename(event.id, changes)
        case Detached():
            registry.attachments.end(event.id, event.bundles, event.name)
        case Attached() | TaskDone():
            _enter_for_one(registry, event)


def _enter_for_one(registry: Registry, event: Attached | TaskDone) -> None:
    bundle = event.bundle if isinstance(event, Attached) else event.done.bundle
    if registry.left_out.may_be(bundle) and registry.bundle(bundle) is None:
        registry.pass_over(event.id)
    elif isinstance(event, Attached):
        registry.attachments.enter(event.id, event.at, event.bundle, event.scripts)
    else:
        registry.task_runs.enter(event.id, event.at, event.done)


def described(
    layout: Layout, event: Added
) -> tuple[list[tuple[Bundle, str]], list[tuple[LeftOut, DataError]]]:
    """Give the bundles of an event with the digests of their descriptions, and those that cannot be read, and why."""
    found: list[tuple[Bundle, str]] = []
    lacking: list[tuple[LeftOut, DataError]] = []
    for bundle_id, digest in event.bundles.items():
        try:
            found.append((load_bundle(layout, bundle_id, digest), digest))
        except DataError as error:
            if error.code not in UNREADABLE:
                raise
            lacking.append((LeftOut(event.id, bundle_id, digest, error.message), error))
    return found, lacking


def named_objects(event: Event) -> dict[str, int]:
    """Give the objects that an event itself names: digest -> bytes; those of bundles their descriptions name."""
    match event:
        case Attached():
            return objects_of(event.scripts)
        case TaskDone():
            return exposed_objects((event.done,))
        case _:
            return {}


def publish(layout: Layout, folder: Path, event: Event) -> None:
    """Give an event its name, durably, by way of a work folder. The caller holds the store's lock."""
    durable.put(folder / "event", layout.commits / f"{event.id}.json", (encode(event),))


def encode(event: Event) -> bytes:
    """Give the bytes of an event's file."""
    return canonical(event)
