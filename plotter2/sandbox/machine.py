"""What this machine is and offers beside the layers of the sandbox: kernel, memory, handles, settings."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

from plotter2.errors import HostError
from plotter2.sandbox.check import Check
from plotter2.sandbox.membership import MOUNT, own_group
from plotter2.sandbox.syscalls import this_machine
from plotter2.wire.memory import capped_output, sealed

_LANDLOCK_KERNEL: Final = (5, 13)
_WANTED_CONTROLLERS: Final = ("memory", "pids", "cpu")
_NOTHING_RUNS: Final = "without it no script is run"
_SECONDS: Final = 5.0
_CONTAINER_MARKS: Final = ("/.dockerenv", "/run/.containerenv")


def machine_checks() -> list[Check]:
    """Look at the machine; nothing is changed."""
    return [
        _kernel(),
        _processor(),
        _user(),
        _sealing(),
        _pidfd(),
        _cgroup(),
        _settings(),
        _bubblewrap(),
    ]


def setting(path: str) -> str:
    """Give what a file of the kernel's settings says; "" when this kernel does not have it."""
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def in_container() -> bool:
    """Tell whether this looks like the inside of a container."""
    return any(Path(mark).exists() for mark in _CONTAINER_MARKS)


def _kernel() -> Check:
    release = platform.release()
    numbers = tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit())
    inside = ", in a container" if in_container() else ""
    return Check(
        "kernel",
        platform.system() == "Linux" and numbers >= _LANDLOCK_KERNEL,
        f"{platform.system()} {release}{inside}",
        "Landlock needs Linux 5.13 or newer",
        remedy="run plotter2 under Linux 6.7 or newer",
    )


def _processor() -> Check:
    name, version = platform.libc_ver()
    detail = f"{platform.machine()}, {name or 'another C library'} {version}".rstrip()
    try:
        this_machine()
    except HostError as error:
        return Check("processor", False, detail, error.message, remedy=error.help)
    return Check("processor", True, f"{detail}; its system calls are known")


def _user() -> Check:
    root = os.geteuid() == 0
    return Check(
        "user",
        not root,
        "root; children become nobody" if root else f"user id {os.geteuid()}",
        "a fault in plotter2 itself would have more power than it needs",
        remedy="run plotter2 as an ordinary user" if root else "",
    )


def _sealing() -> Check:
    try:
        for descriptor in (sealed(b"x"), capped_output(1)):
            os.close(descriptor)
    except HostError as error:
        return Check("sealed memory", False, error.message, _NOTHING_RUNS, remedy=error.help)
    return Check("sealed memory", True, "inputs can be sealed, an output can be capped")


def _pidfd() -> Check:
    try:
        own = os.pidfd_open(os.getpid())
        signal.pidfd_send_signal(own, 0)
        os.close(own)
    except OSError as error:
        told = str(error.strerror)
        return Check("pidfd", False, told, _NOTHING_RUNS, remedy="run Linux 5.3 or newer")
    return Check("pidfd", True, "a process is ended by its handle, never by a number")


def _cgroup() -> Check:
    told = "memory is watched every 50 ms by plotter2 and not by the kernel"
    remedy = "systemd-run --user --scope -p Delegate=yes plotter2 ... gives it a group of its own"
    available = setting(str(MOUNT / "cgroup.controllers")).split()
    if not available:
        return Check("cgroup", False, "version 2 is not mounted", told)
    own = own_group() or MOUNT
    delegated = setting(str(own / "cgroup.controllers")).split()
    usable = [name for name in _WANTED_CONTROLLERS if name in delegated]
    writable = os.access(own, os.W_OK)
    detail = f"version 2; {own.relative_to(MOUNT.parent)}: {' '.join(usable) or 'no controllers'}"
    ok = writable and "memory" in usable
    return Check(
        "cgroup", ok, detail + ("" if writable else ", not delegated"), told, remedy=remedy
    )


def _settings() -> Check:
    """Tell settings that matter when a layer is missing; no child depends on them."""
    named = {
        "io_uring_disabled": setting("/proc/sys/kernel/io_uring_disabled"),
        "ptrace_scope": setting("/proc/sys/kernel/yama/ptrace_scope"),
        "core_pattern": setting("/proc/sys/kernel/core_pattern"),
    }
    told = ", ".join(f"{name} {value or 'not there'}" for name, value in named.items())
    return Check("kernel settings", True, f"{told}; children need none of them")


def _bubblewrap() -> Check:
    found = shutil.which("bwrap")
    if found is None:
        return Check("bubblewrap", True, "not installed; nothing needs it")
    try:
        said = subprocess.run(  # noqa: S603 - a program that the search path found
            [found, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=False
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        said = "it does not start"
    return Check("bubblewrap", True, f"{said or found}; nothing needs it")
