"""Attaching signed scripts to bundles: their bytes as objects, then the event, then the index.

The store keeps bytes and what it is told about links; whether a script may be attached, and what its
links say, others decide before. The order is that of an add: every file is durable before anything
names it, and until the event has its name everything can be taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from plotter2.datter import codes, durable, events, objects, scrubbing, select
from plotter2.datter.attachments import (
    AttachedScript,
    Attachment,
    DeclaredLink,
    Stored,
)
from plotter2.datter.ids import now_ms
from plotter2.datter.moving import Change
from plotter2.datter.objects import Incoming, Published
from plotter2.datter.registry import BundleRow
from plotter2.errors import DataError, ExitCode

Attached: TypeAlias = Literal["attached", "replaced", "already attached"]


@dataclass(frozen=True, slots=True)
class ScriptBytes:
    """A script as it is to be attached: file name, both files' bytes, what its links were checked against."""

    name: str
    script: bytes
    sidecar: bytes
    links: Mapping[str, DeclaredLink] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()


def attach(on: Change, path: str, scripts: Sequence[ScriptBytes]) -> tuple[Attached, ...]:
    """Attach scripts to a bundle, all or none, durably; gives what became of each, in order.

    The same bytes with the same links again change nothing, but put back what was lost of them.
    Raises DataError: P2-D0810 (unknown bundle), P2-D0824 (archived), P2-D0873 (a link or
    task of this name is declared by another script there), and as an add does.
    """
    bundle = require_active(path, select.bundles(on.registry, path))
    known = {each.name: each for each in on.registry.attachments.of(bundle.name, bundle.attempt)}
    incoming = Incoming(on.layout, on.folder)
    try:
        _set_damaged_aside(on, scripts)
        kept = [_kept(incoming, each) for each in scripts]
        _refuse_twice(bundle, known, kept)
        outcomes = [_outcome(known.get(each.name), each) for each in kept]
        fresh = tuple(
            each for each, said in zip(kept, outcomes, strict=True) if said != "already attached"
        )
        published = incoming.publish()  # where one was lost it is there again
        if fresh:
            _publish(on, published, bundle, fresh)
        else:
            on.registry.barrier()
    finally:
        incoming.close()
    return tuple(outcomes)


def detach(on: Change, path: str, name: str) -> Attachment:
    """Take an attachment away from a bundle; gives what it was. Its bytes and history are kept.

    Raises DataError: P2-D0810 (unknown bundle), P2-D0824 (archived), P2-D0870 (nothing of this name).
    """
    bundle = require_active(path, select.bundles(on.registry, path))
    here = on.registry.attachments.of(bundle.name, bundle.attempt)
    meant = next((a for a in here if name in (a.name, a.name.removesuffix(".p2"))), None)
    if meant is None:
        names = ", ".join(a.name for a in here)
        raise DataError(
            codes.NOT_ATTACHED,
            f"nothing called {name!r} is attached to {bundle.name!r}",
            where=path,
            help=f"what is attached: {names}"
            if here
            else "what it inherits is attached to a bundle above; plotter2 show tells what is attached",
        )
    attempts = [
        row.id for row in on.registry.attempts(bundle.name) if row.attempt <= bundle.attempt
    ]
    event = events.Detached(id=on.ids.new(), at=now_ms(), bundles=tuple(attempts), name=meant.name)
    events.publish(on.layout, on.folder, event)
    on.registry.attachments.end(event.id, event.bundles, event.name)
    return meant


def require_active(path: str, found: Sequence[BundleRow]) -> BundleRow:
    """Give the one bundle that `path` means; raises DataError when it is archived (P2-D0824), or several."""
    if len(found) != 1 or "*" in path:
        raise DataError(
            codes.BAD_NAME,
            f"{path!r} means several bundles, and a script is attached to one",
            where=path,
            help="name one bundle; all below it inherit the tasks of the script",
        )
    (bundle,) = found
    if bundle.state == "archived":
        raise DataError(
            codes.ARCHIVED,
            f"the bundle {bundle.name!r} is archived, and what is archived does not change",
            where=path,
            help=f"bring it back first: plotter2 archive --undo {path}",
        )
    return bundle


# ------------------------------------------------------------ inside
def _set_damaged_aside(on: Change, scripts: Sequence[ScriptBytes]) -> None:
    """Make room for bytes whose objects were damaged: a script is small, so it is looked at each time."""
    every = (data for each in scripts for data in (each.script, each.sidecar))
    paths = [on.layout.object_file(hashlib.sha256(data).hexdigest()) for data in every]
    scrubbing.aside(on.layout, [path for path in dict.fromkeys(paths) if _is_damaged(path)])


def _is_damaged(path: Path) -> bool:
    with durable.reported(path):
        return path.exists() and objects.digest_of_file(path) != path.name


def _kept(incoming: Incoming, given: ScriptBytes) -> AttachedScript:
    script, sidecar = incoming.put(given.script), incoming.put(given.sidecar)
    return AttachedScript(
        name=given.name,
        script=Stored(digest=script[0], bytes=script[1]),
        sidecar=Stored(digest=sidecar[0], bytes=sidecar[1]),
        links=dict(given.links),
        tasks=given.tasks,
    )


def _refuse_twice(
    bundle: BundleRow, known: Mapping[str, Attachment], scripts: Sequence[AttachedScript]
) -> None:
    together = {name: attachment.kept for name, attachment in known.items()}
    together |= {kept.name: kept for kept in scripts}
    taken: dict[str, str] = {}
    for kept in together.values():
        for what in kept.declares:
            if what in taken:
                raise _twice(bundle, kept.name, what, taken[what])
            taken[what] = kept.name


def _twice(bundle: BundleRow, script: str, what: str, other: str) -> DataError:
    return DataError(
        codes.DECLARED_TWICE,
        f"{script} and {other} both declare the {what}, and one bundle cannot have both",
        where=bundle.name,
        help="call one of them otherwise, or take the one that is attached away: "
        f"plotter2 detach {bundle.name} {other}",
        exit_code=ExitCode.CHECK_FAILED,
    )


def _outcome(known: Attachment | None, kept: AttachedScript) -> Attached:
    if known is None:
        return "attached"
    return "already attached" if known.kept == kept else "replaced"


def _publish(
    on: Change, published: Published, bundle: BundleRow, scripts: tuple[AttachedScript, ...]
) -> None:
    event = events.Attached(id=on.ids.new(), at=now_ms(), bundle=bundle.id, scripts=scripts)
    path = on.layout.commits / f"{event.id}.json"

    def take_back() -> None:
        durable.discard(path)
        durable.sync_dir(path.parent)  # before anything that the event names goes
        published.undo()

    try:
        events.publish(on.layout, on.folder, event)
    except BaseException:
        take_back()
        raise
    try:
        on.registry.attachments.enter(event.id, event.at, event.bundle, event.scripts)
    except DataError as error:
        if error.code in codes.SURELY_UNDONE:
            take_back()
        raise  # otherwise the files stay, and the next open finishes what they say
