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
            help="mend it from a safe copy: plotter2 restore COPY",
        ) from None
    return event


def load_bundle(layout: Layout, bundle_id: str, digest: str) -> Bundle:
    """Read a bundle's description; raises DataError (P2-D0817) unless it has this digest."""
    path = layout.bundle_file(bundle_id)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    if digest_of(data) != digest:
        raise DataError(
            codes.BUNDLE_DAMAGED,
            f"the description of bundle {bundle_id} is not the one that was committed",
            where=str(path),
            help="mend it from a safe copy: plotter2 restore COPY",
        )
    return read_bundle(data, str(path))


def replay(layout: Layout, registry: Registry, event_ids: tuple[str, ...]) -> None:
    """Enter events into the registry in their order. The caller holds the store's lock.

    What can be read may not be on the disk yet (its writer died before its sync), so the folder
    of events is synced first. Raises DataError.
    """
    if event_ids:
        durable.sync_dir(layout.commits)
    for event_id in event_ids:
        _enter(layout, registry, read(layout, event_id))


def _enter(layout: Layout, registry: Registry, event: Event) -> None:
    match event:
        case Added():
            found = [
                (load_bundle(layout, bundle_id, digest), digest)
                for bundle_id, digest in event.bundles.items()
            ]
            registry.add(event.id, found)
        case Shelved():
            registry.shelve(event.id, event.bundles, event.state)
        case Moved():
            changes = (Renamed(c.bundle, c.old, c.new, event.at) for c in event.changes)
            registry.rename(event.id, changes)
        case Attached():
            registry.attachments.enter(event.id, event.at, event.bundle, event.scripts)
        case Detached():
            registry.attachments.end(event.id, event.bundles, event.name)
        case TaskDone():
            registry.task_runs.enter(event.id, event.at, event.done)


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
