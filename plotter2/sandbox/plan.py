"""What this machine can confine a child with, tried and not guessed; made once, before any child.

A trial runs in a forked process of its own, so that nothing sticks to the process that plans.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from plotter2.config.levels import Level
from plotter2.errors import HostError
from plotter2.sandbox import cradle, landlock, process, seccomp
from plotter2.sandbox.namespaces import WORLD, enter_as_root, enter_as_user, leave_users
from plotter2.sandbox.syscalls import this_machine
from plotter2.sandbox.trial import tried
from plotter2.wire import codes

Switch = Literal["namespaces", "pid_namespace", "landlock", "seccomp", "mdwe"]
World = Literal["made as root", "made as user", "not made"]
SWITCHES: Final[tuple[str, ...]] = get_args(Switch)
"""Layers that a setting can leave off; a level that needs one is then not reached."""

LANDLOCK: Final[dict[str, int]] = {
    "landlock": 1,
    "landlock_network": landlock.NETWORK_SINCE,
    "landlock_scope": landlock.SCOPE_SINCE,
}
"""Layer -> the version of Landlock that brought it."""

_SWITCH_OF: Final[dict[str, Switch]] = {
    **dict.fromkeys(LANDLOCK, "landlock"),
    "pid_namespace": "pid_namespace",
    "no_new_code": "mdwe",
    "system_call_filter": "seccomp",
}
"""Layer -> what its trial is called; all others come with the namespaces."""


def wants(switch: Switch, switched_off: Collection[str]) -> bool:
    """Tell whether a layer is not switched off; without namespaces there is none for processes."""
    needs = {switch, "namespaces"} if switch == "pid_namespace" else {switch}
    return needs.isdisjoint(switched_off)


@dataclass(frozen=True)
class Plan:
    """Which layers every child will put on. A layer in the plan that then fails ends the child."""

    filter: seccomp.Filter | None
    rights: landlock.Rights
    world: World
    user_namespace: bool
    own_processes: bool
    mdwe: bool
    drops_ids: bool
    reads_folders: bool
    folders: dict[str, int]
    canary: str
    reasons: dict[str, str] = field(default_factory=dict)
    """Why what was tried did not work, by its switch."""

    @property
    def has_world(self) -> bool:
        """Tell whether children get namespaces and an empty root."""
        return self.world != "not made"

    @property
    def level(self) -> Level:
        """Give the level: A with Landlock 4, filter and namespaces, B without namespaces, C filter."""
        if self.filter is None:
            return "none"
        has_namespaces = self.has_world and self.user_namespace and self.own_processes
        if self.rights.version >= landlock.NETWORK_SINCE and has_namespaces:
            return "A"
        return "B" if self.rights.version else "C"

    @property
    def layers(self) -> dict[str, bool]:
        """Give for each layer whether it will be on."""
        return {
            "descriptors": True,
            "resource_limits": True,
            "ids": True,
            **dict.fromkeys((*WORLD, "empty_root"), self.has_world),
            "user_namespace": self.user_namespace,
            "pid_namespace": self.own_processes,
            "no_new_privileges": True,
            "not_dumpable": True,
            **{name: self.rights.version >= since for name, since in LANDLOCK.items()},
            "no_new_code": self.mdwe,
            "system_call_filter": self.filter is not None,
        }

    @property
    def missing(self) -> dict[str, str]:
        """Give each layer that will be off, and why."""
        return {layer: self._why_not(layer) for layer, on in self.layers.items() if not on}

    def _why_not(self, layer: str) -> str:
        reason = self.reasons.get(layer) or self.reasons.get(_SWITCH_OF.get(layer, "namespaces"))
        if layer in LANDLOCK and not reason:
            return f"the kernel's Landlock is version {self.rights.version}, not {LANDLOCK[layer]}"
        return reason or "not possible here"


def make_plan(readable: Sequence[str] = (), switched_off: Collection[str] = ()) -> Plan:
    """Try each layer and give the plan; `readable` are folders that a child may still read.

    Raises HostError (P2-H0913) on an unknown processor, (P2-H0911) when root cannot be given up.
    """
    machine = this_machine()
    trials = _Trials(switched_off)
    root = os.geteuid() == 0
    if root and not trials.work("ids", process.drop_ids):
        raise HostError(
            codes.LAYER_FAILED,
            f"plotter2 runs as root and cannot give root up: {trials.reasons['ids']}",
            help="run plotter2 as an ordinary user",
        )
    rights = landlock.rights()
    if not trials.work("landlock", lambda: _try_landlock(rights)):
        rights = landlock.Rights(0)
    built = seccomp.build(machine, may_open=bool(rights.version))
    filtered = trials.work("seccomp", lambda: _try_filter(built))
    world, user_namespace = _possible_world(trials, readable, root=root)
    reads = not tried(lambda: _try_reading(readable, root=root, world=world))
    return Plan(
        filter=built if filtered else None,
        rights=rights,
        world=world,
        user_namespace=user_namespace,
        own_processes=_own_processes(trials, switched_off),
        mdwe=trials.work("mdwe", process.refuse_new_code),
        drops_ids=root,
        reads_folders=bool(rights.version) and reads,
        folders={path: landlock.open_beneath(path) for path in readable},
        canary=os.path.realpath(__file__),
        reasons=trials.reasons,
    )


class _Trials:
    """Trials by the name of their switch, and why those that did not work did not."""

    def __init__(self, switched_off: Collection[str]) -> None:
        self._switched_off = switched_off
        self.reasons: dict[str, str] = {}

    def work(self, name: str, trial: Callable[[], None]) -> bool:
        """Tell whether a layer works; the reason is kept when it does not."""
        reason = "switched off" if name in self._switched_off else tried(trial)
        self.reasons.pop(name, None)
        if reason:
            self.reasons[name] = reason
        return not reason


def _possible_world(trials: _Trials, folders: Sequence[str], *, root: bool) -> tuple[World, bool]:
    """Give how an empty world can be made, and whether with an own user namespace."""
    if root and trials.work("namespaces", lambda: _try_world_as_root(folders, users=True)):
        return "made as root", True
    why = trials.reasons.get("namespaces", "")
    if root and trials.work("namespaces", lambda: _try_world_as_root(folders, users=False)):
        trials.reasons["user_namespace"] = why
        return "made as root", False
    if trials.work("namespaces", lambda: _try_world_as_user(folders, root=root)):
        return "made as user", True
    return "not made", False


def _own_processes(trials: _Trials, switched_off: Collection[str]) -> bool:
    if not wants("pid_namespace", switched_off):
        trials.reasons["pid_namespace"] = "switched off"
        return False
    return trials.work("pid_namespace", cradle.try_out)


def _try_landlock(rights: landlock.Rights) -> None:
    if not rights.version:
        raise OSError("the kernel has no Landlock, or it is not switched on")
    process.gain_no_privileges()
    landlock.restrict(rights, ())


def _try_filter(built: seccomp.Filter) -> None:
    process.gain_no_privileges()
    seccomp.load(built.for_process(os.getpid()))


def _try_world_as_root(folders: Sequence[str], *, users: bool) -> None:
    enter_as_root(folders)
    process.drop_ids()
    if users:
        leave_users()


def _try_world_as_user(folders: Sequence[str], *, root: bool) -> None:
    if root:
        process.drop_ids()
    enter_as_user(folders)


def _try_reading(folders: Sequence[str], *, root: bool, world: World) -> None:
    # Without an empty root, nobody may be shut out by the folders above: a home of mode 700.
    if root and world == "not made":
        process.drop_ids()
    for folder in folders:
        next(Path(folder).iterdir())
