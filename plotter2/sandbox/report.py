"""What this machine offers for confining children, for `plotter2 doctor`: tried, not guessed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final

from plotter2.config.levels import Level
from plotter2.errors import HostError
from plotter2.sandbox import landlock, native, process
from plotter2.sandbox.check import Check
from plotter2.sandbox.machine import in_container, machine_checks, setting
from plotter2.sandbox.namespaces import enter_own_users
from plotter2.sandbox.plan import Plan, make_plan
from plotter2.sandbox.trial import tried

_DOWN_TO_B: Final = "without it the sandbox reaches level B at most"
_DOWN_TO_C: Final = "without it the sandbox reaches level C at most, and scripts are refused"
_NOTHING_RUNS: Final = "without it no script is run"
_NAMESPACES: Final = {
    "user": native.CLONE_NEWUSER,
    "mount": native.CLONE_NEWNS,
    "network": native.CLONE_NEWNET,
    "IPC": native.CLONE_NEWIPC,
    "UTS": native.CLONE_NEWUTS,
    "process ids": native.CLONE_NEWPID,
}
_LANDLOCK_STEPS: Final = {
    landlock.NETWORK_SINCE: "TCP",
    landlock.SCOPE_SINCE: "signals and nameless sockets",
    8: "all threads at once",
    9: "sockets with a path",
}
_NEEDED_ACTIONS: Final = frozenset({"kill_process", "errno", "allow"})
_ACTIONS: Final = "/proc/sys/kernel/seccomp/actions_avail"
_APPARMOR: Final = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"


def report() -> list[Check]:
    """Look at this machine, in forked processes where something must be tried; takes about 30 ms."""
    found = machine_checks()
    try:
        plan = make_plan()
    except HostError as error:
        refused = "no script is run on this machine"
        said = Check("sandbox", False, error.message, refused, "sandbox", error.help)
        return [*found, said]
    return [*found, *layer_checks(plan)]


def layer_checks(plan: Plan) -> list[Check]:
    """Give a check for each layer of a plan that a level depends on."""
    return [
        _filter(plan),
        _landlock(plan),
        _namespaces(plan),
        _privileges(),
        Check(
            "no new code",
            plan.mdwe,
            plan.reasons.get("mdwe", "refused by the kernel (MDWE) and by the filter"),
            "only the filter refuses it then",
            "sandbox",
            "" if plan.mdwe else "Linux 6.3 or newer refuses it in the kernel too",
        ),
    ]


def remedies(checks: Sequence[Check], level: Level) -> list[str]:
    """Give what to do, the next level of the sandbox first, then what else is not as it should be."""
    open_ones = [check for check in checks if not check.ok and check.remedy]
    first = [check.remedy for check in open_ones if check.group == "sandbox" and level != "A"]
    others = [check.remedy for check in open_ones]
    return list(dict.fromkeys((*first, *others)))


def _filter(plan: Plan) -> Check:
    actions = setting(_ACTIONS).split()
    lacking = sorted(_NEEDED_ACTIONS.difference(actions)) if actions else []
    found = f"seccomp for all threads at once; answers: {' '.join(actions) or 'not told'}"
    if lacking:
        found = f"the kernel does not know the answers {', '.join(lacking)}"
    return Check(
        "system calls",
        plan.filter is not None,
        plan.reasons.get("seccomp", found),
        _NOTHING_RUNS,
        "sandbox",
        ""
        if plan.filter
        else "use a kernel with CONFIG_SECCOMP_FILTER, or a container that allows seccomp(2)",
    )


def _landlock(plan: Plan) -> Check:
    version = plan.rights.version
    there = [what for since, what in _LANDLOCK_STEPS.items() if version >= since]
    later = [f"{what} ({since})" for since, what in _LANDLOCK_STEPS.items() if version < since]
    told = f"version {version}: files{''.join(f', {what}' for what in there)}"
    if later:
        told += f"; this kernel does not have: {', '.join(later)}"
    enough = version >= landlock.NETWORK_SINCE
    remedy = "add landlock to the kernel's list lsm= (Linux 5.13 or newer) and boot again"
    if version:
        remedy = "Linux 6.7 or newer has Landlock for the network"
    return Check(
        "Landlock",
        enough,
        plan.reasons.get("landlock", told),
        _DOWN_TO_B if version else _DOWN_TO_C,
        "sandbox",
        "" if enough else remedy,
    )


def _namespaces(plan: Plan) -> Check:
    complete = plan.has_world and plan.user_namespace and plan.own_processes
    refused = {name: why for name, flag in _NAMESPACES.items() if (why := tried(_trial(flag)))}
    found = f"{', '.join(_NAMESPACES)}; an empty root, {plan.world}"
    if not complete:
        switched = plan.reasons.get("namespaces") or plan.reasons.get("pid_namespace") or ""
        found = "; ".join(f"{name}: {why}" for name, why in refused.items()) or switched
    return Check(
        "namespaces",
        complete,
        found,
        _DOWN_TO_B,
        "sandbox",
        "" if complete else _namespace_remedy(),
    )


def _namespace_remedy() -> str:
    if setting(_APPARMOR) == "1":
        return "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile with `userns,`"
    if setting("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        return "sysctl kernel.unprivileged_userns_clone=1"
    if setting("/proc/sys/user/max_user_namespaces") == "0":
        return "sysctl user.max_user_namespaces=15000"
    if in_container():
        return "let the container make namespaces: docker run --security-opt seccomp=unconfined, or podman"
    return "let this user make user namespaces (user_namespaces(7)); `unshare -Urn true` must work"


def _privileges() -> Check:
    why = tried(process.gain_no_privileges)
    told = why or "no_new_privs: set-user-id files give a child nothing"
    return Check("privileges", not why, told, _NOTHING_RUNS, "sandbox", "run Linux 3.5 or newer")


def _trial(flag: int) -> Callable[[], None]:
    """Give what tries one namespace as children get it: root with its own rights, others with lent ones."""
    root = os.geteuid() == 0
    return lambda: native.unshare(flag) if root else enter_own_users(flag)
