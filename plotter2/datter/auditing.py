"""`fsck`: does the registry say what the files say, and is every file there that is spoken of?

It reads only, works where nothing may be written, and goes on after what it finds.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from plotter2.datter import arrival, codes, collecting, events, quarantine
from plotter2.datter.adding import catch_up
from plotter2.datter.bundle import Bundle
from plotter2.datter.layout import Layout, is_writable
from plotter2.datter.left_out import LeftOut
from plotter2.datter.locks import locked
from plotter2.datter.reading import registry_to_read, replayed
from plotter2.datter.registry import Registry, check_registry
from plotter2.datter.scrubbing import scrub
from plotter2.datter.superseded import superseded
from plotter2.datter.task_runs import TaskRun, exposed_objects
from plotter2.errors import DataError, Problem

_Users: TypeAlias = dict[str, list[str]]
"""Digest of an object -> who needs it."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked at, what is wrong, what lies there that nothing leads to, and what the registry leaves out."""

    events: int
    bundles: int
    objects: int
    bytes: int
    problems: tuple[Problem, ...]
    loose: int
    aside: int
    left_out: tuple[LeftOut, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the audit as plain JSON values."""
        told = ("problems", "left_out")
        counts = {name: getattr(self, name) for name in self.__slots__ if name not in told}
        return {
            **counts,
            **{name: [each.as_json() for each in getattr(self, name)] for name in told},
        }


def audit(root: Path, patience_s: float, *, deep: bool = False) -> Audit:
    """Look through a store; with `deep`, every object is read from the disk too and compared with its name.

    Raises DataError: P2-D0808 (another process holds it), P2-D0804 (no store).
    """
    layout = Layout(root.absolute())
    lock: AbstractContextManager[None] = nullcontext()
    if is_writable(layout):
        lock = locked(layout.lock, patience_s)
    with lock:
        if is_writable(layout):
            arrival.finish(layout)
        found, users = _audited(layout)
    return _read(layout, found, users) if deep else found


def _read(layout: Layout, found: Audit, users: _Users) -> Audit:
    """Read the objects; others may go on with the store meanwhile."""
    what = "has not the bytes that were stored"
    damaged = [path for path in scrub(layout).damaged if path.name in users]
    told = {problem.where for problem in found.problems}
    problems = [_object_problem(path, what, users[path.name]) for path in damaged]
    fresh = tuple(problem for problem in problems if problem.where not in told)
    return replace(found, problems=(*found.problems, *fresh))


def _audited(layout: Layout) -> tuple[Audit, _Users]:
    problems: list[Problem] = []
    known = events.listed(layout)
    belonging: dict[tuple[str, str], dict[str, int]] = {}
    bundles = _described(layout, known, problems, belonging)
    left_out = _compare(layout, known, problems)
    needed: dict[str, int] = {}
    for bundle in bundles:
        needed |= collecting.chunks_of(bundle)
    for named in belonging.values():
        needed |= named
    there = {path.name: path for path in collecting.object_files(layout)}
    users = _users(bundles, belonging)
    for digest, size in needed.items():
        path = there.get(digest)
        if path is None or path.stat().st_size != size:
            what = "is missing" if path is None else "has not the size that was stored"
            problems.append(_object_problem(layout.object_file(digest), what, users[digest]))
    found = Audit(
        len(known), len(bundles), len(needed), sum(needed.values()), tuple(problems),
        len(there.keys() - needed.keys()), len(quarantine.listed(layout)), left_out,
    )  # fmt: skip
    return found, users


def _described(
    layout: Layout,
    known: tuple[str, ...],
    problems: list[Problem],
    belonging: dict[tuple[str, str], dict[str, int]],
) -> list[Bundle]:
    """Give the bundles that events name; `belonging` is filled with the objects that belong to them, and how."""
    found: list[Bundle] = []
    done: list[TaskRun] = []
    for event_id in known:
        try:
            event = events.read(layout, event_id)
        except DataError as error:
            problems.append(error.problem())
            continue
        if isinstance(event, events.Attached):
            key = ("what is attached to", event.bundle)
            belonging.setdefault(key, {}).update(events.named_objects(event))
        if isinstance(event, events.TaskDone):
            done.append(TaskRun(event.done, event.at, event.id))
        if not isinstance(event, events.Added):
            continue
        whole, lacking = events.described(layout, event)
        found += [bundle for bundle, _ in whole]
        problems += [error.problem() for _, error in lacking]
    gone = superseded(done)
    for ran in (each for each in done if each.event not in gone):
        key = ("what a task exposed for", ran.done.bundle)
        belonging.setdefault(key, {}).update(exposed_objects((ran.done,)))
    return found


def _compare(
    layout: Layout, known: tuple[str, ...], problems: list[Problem]
) -> tuple[LeftOut, ...]:
    """Hold the registry against the files as far as they can be read; gives what the registry leaves out."""
    try:
        registry = _registry(layout)
    except DataError as error:
        if not problems:
            problems.append(error.problem())
        return ()
    truth = replayed(layout, known)
    try:
        check_registry(registry)
        left_out = registry.left_out.all()
        said, true = registry.dump(), truth.dump()
    except DataError as error:
        problems.append(error.problem())
        return ()
    finally:
        registry.close()
        truth.close()
    if problems and said["left_out"] != true["left_out"]:
        return left_out  # what it lacks and what it has beside the files has its reason in them
    path = layout.registry / "registry.db"
    if len(said.pop("left_out")) > len(true.pop("left_out")):
        problems.append(_mended_problem(path))
        return left_out
    for name in true:
        different = len(set(said[name]) ^ set(true[name]))
        if different:
            problems.append(_index_problem(path, name, different))
    return left_out


def _registry(layout: Layout) -> Registry:
    if not is_writable(layout):
        return registry_to_read(layout)
    try:
        registry = Registry.open(layout.registry / "registry.db")
    except DataError as error:
        if error.code != codes.DISK_FULL:
            raise
        return registry_to_read(layout)  # a disk without room says nothing about the store
    catch_up(layout, registry)
    return registry


def _users(
    bundles: list[Bundle], belonging: dict[tuple[str, str], dict[str, int]]
) -> dict[str, list[str]]:
    users: dict[str, list[str]] = {}
    names = {bundle.id: bundle.name for bundle in bundles}
    for (how, bundle_id), named in belonging.items():
        for digest in named:
            users.setdefault(digest, []).append(f"{how} {names.get(bundle_id, bundle_id)}")
    for bundle in bundles:
        for digest in collecting.chunks_of(bundle):
            users.setdefault(digest, []).append(bundle.name)
    return users


def _object_problem(path: Path, what: str, users: list[str]) -> Problem:
    shown = ", ".join(sorted(set(users))[:3]) + (" and others" if len(set(users)) > 3 else "")
    return Problem(
        codes.OBJECT_DAMAGED,
        f"an object of {shown} {what}",
        where=str(path),
        help="mend it from a safe copy: plotter2 restore COPY; "
        "or plotter2 scrub --set-aside, then add the experiment's output again",
    )


def _mended_problem(path: Path) -> Problem:
    return Problem(
        codes.REGISTRY_DAMAGED,
        "the registry leaves out what can be read again",
        where=str(path),
        help="bring it back: plotter2 fsck --rebuild",
    )


def _index_problem(path: Path, name: str, different: int) -> Problem:
    return Problem(
        codes.REGISTRY_DAMAGED,
        f"the registry's {name} differ from the files in {different} rows",
        where=str(path),
        help="make it anew from the files: plotter2 fsck --rebuild",
    )
