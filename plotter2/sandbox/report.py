"""What this machine offers for confining children, for `plotter2 doctor`: tried, not guessed."""

from __future__ import annotations

import os
import platform
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plotter2.config.levels import reaches
from plotter2.errors import HostError
from plotter2.sandbox import landlock
from plotter2.sandbox.plan import Plan, make_plan
from plotter2.wire.memory import capped_output, sealed

_CGROUP: Final = Path("/sys/fs/cgroup/cgroup.controllers")
_LANDLOCK_KERNEL: Final = (5, 13)
_USER_NAMESPACE_SETTINGS: Final = (
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
)
_DOWN_TO_B: Final = "without it the sandbox reaches level B at most"
_DOWN_TO_C: Final = "without it the sandbox reaches level C at most, and scripts are refused"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what, whether it is well, what was found, what follows if not."""

    check: str
    ok: bool
    detail: str
    consequence: str

    def as_json(self) -> dict[str, str | bool]:
        """Give the check as plain JSON values."""
        return {
            "check": self.check,
            "ok": self.ok,
            "detail": self.detail,
            "consequence": self.consequence,
        }


def report() -> list[Check]:
    """Look at this machine, in forked processes where something must be tried; takes about 30 ms."""
    found = [_kernel(), _user(), _sealing(), _pidfd(), _cgroup()]
    try:
        plan = make_plan()
    except HostError as error:
        return [*found, Check("sandbox", False, error.message, "no script is run on this machine")]
    return [*found, *_layers(plan), _level(plan)]


def _kernel() -> Check:
    release = platform.release()
    numbers = tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit())
    return Check(
        "kernel",
        platform.system() == "Linux" and numbers >= _LANDLOCK_KERNEL,
        f"{platform.system()} {release} on {platform.machine()}",
        "Landlock needs Linux 5.13 or newer",
    )


def _user() -> Check:
    root = os.geteuid() == 0
    return Check(
        "user",
        not root,
        "root; children become nobody" if root else f"user id {os.geteuid()}",
        "run plotter2 as an ordinary user: then a fault in it has less power",
    )


def _layers(plan: Plan) -> list[Check]:
    rights = plan.rights
    taken = ", ".join(
        f"{bits.bit_count()} {name}"
        for name, bits in (
            ("file rights", rights.files),
            ("network rights", rights.network),
            ("scopes", rights.scope),
        )
    )
    return [
        Check(
            "system call filter",
            plan.filter is not None,
            plan.reasons.get("seccomp", "seccomp with all threads at once"),
            "without it no script is run",
        ),
        Check(
            "Landlock",
            rights.version >= landlock.NETWORK_SINCE,
            plan.reasons.get("landlock", f"version {rights.version}: {taken}"),
            _DOWN_TO_B if rights.version else _DOWN_TO_C,
        ),
        Check(
            "namespaces and empty root",
            plan.has_world,
            plan.reasons.get("namespaces", plan.world) + _settings(),
            _DOWN_TO_B,
        ),
        Check(
            "no new executable memory",
            plan.mdwe,
            plan.reasons.get("mdwe", "refused by the kernel (MDWE) and by the filter"),
            "only the filter refuses it then",
        ),
    ]


def _settings() -> str:
    parts = []
    for path in _USER_NAMESPACE_SETTINGS:
        try:
            parts.append(f"{Path(path).name} = {Path(path).read_text(encoding='ascii').strip()}")
        except OSError:
            continue
    return f" ({'; '.join(parts)})" if parts else ""


def _sealing() -> Check:
    try:
        for descriptor in (sealed(b"x"), capped_output(1)):
            os.close(descriptor)
        detail, ok = "sealed inputs and a capped output can be made", True
    except HostError as error:
        detail, ok = error.message, False
    return Check("sealed memory", ok, detail, "without it no script is run")


def _pidfd() -> Check:
    try:
        own = os.pidfd_open(os.getpid())
        signal.pidfd_send_signal(own, 0)
        os.close(own)
        detail, ok = "a process can be ended without mistaking it for another", True
    except OSError as error:
        detail, ok = str(error.strerror), False
    return Check("pidfd", ok, detail, "without it no script is run")


def _cgroup() -> Check:
    try:
        detail, ok = f"version 2 with {_CGROUP.read_text(encoding='ascii').strip()}", True
    except OSError:
        detail, ok = "version 2 is not mounted", False
    return Check("cgroup", ok, detail, "memory is watched every 50 ms and not by the kernel")


def _level(plan: Plan) -> Check:
    return Check(
        "sandbox level",
        reaches(plan.level, "B"),
        f"level {plan.level}",
        "the policy asks for level B unless it says otherwise",
    )
