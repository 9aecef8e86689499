"""`doctor`: what this machine offers, what this root holds, and what is not as it should be."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, opened_host
from plotter2.config.levels import reaches
from plotter2.config.settings import Disk, settings
from plotter2.datter import room
from plotter2.datter.left_out import note_of
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.rebuild import rebuild as rebuild_registry
from plotter2.datter.requested import State
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host.host import Host
from plotter2.sandbox.report import Check, report
from plotter2.version import __version__

_PACKAGES = (
    "apsw",
    "av",
    "cryptography",
    "lark",
    "matplotlib",
    "msgspec",
    "numpy",
    "polars",
    "scipy",
)


@command()
@click.option("--rebuild", is_flag=True, help="Make the registry anew from the stored bundles.")
def doctor(root: str | None, rebuild: bool) -> Answer:
    """Check this machine and this root; exit code 1 when scripts cannot run."""
    rebuilt = [_rebuilt(settings(root).root)] if rebuild else []
    with opened_host(root) as host:
        checks = [*rebuilt, *_sandbox(host), *_root(host)]
    versions = {"plotter2": __version__, "python": platform.python_version()}
    versions |= {package: version(package) for package in _PACKAGES}
    well = all(check.ok for check in checks if check.check in _NEEDED)
    data = {"ok": well, "checks": [check.as_json() for check in checks], "versions": versions}
    lines = [_line(check) for check in checks]
    lines.append("versions: " + ", ".join(f"{name} {v}" for name, v in versions.items()))
    lines.append("scripts can run here" if well else "scripts cannot run here, see above")
    return Answer(data, "\n".join(lines), ExitCode.OK if well else ExitCode.WORK_FAILED)


_NEEDED = frozenset({"a confined child", "store"})
"""Without these no script runs."""


def _rebuilt(folder: Path) -> Check:
    done = rebuild_registry(folder, PATIENCE_S)
    kept = "run records kept" if done.runs_kept else "the old registry could not be read"
    aside = f", it is kept as {done.set_aside}" if done.set_aside else ""
    lost = "the records of earlier runs and the serials that ran are lost"
    return Check(
        "registry", done.runs_kept, f"made anew from {done.events} changes, {kept}{aside}", lost
    )


def _bundles(host: Host) -> Check:
    notes = note_of(host.store.left_out())
    return Check(
        "bundles", not notes, "; ".join(notes) or "every description was read", "they are not seen"
    )


def _sandbox(host: Host) -> list[Check]:
    minimum = host.settings.minimum_level
    found = report()
    try:
        level = host.orchestrator.ready().level
    except Plotter2Error as error:
        refused = "no script is run on this machine"
        return [*found, Check("a confined child", False, error.message, refused)]
    detail = f"level {level}; at least {minimum} is asked for"
    return [
        *found,
        Check("a confined child", reaches(level, minimum), detail, "scripts are refused"),
    ]


def _root(host: Host) -> list[Check]:
    folder = host.settings.root
    try:
        bundles = len(host.store.list())
        host.store.check()
        counts = host.store.requests.counts()
    except Plotter2Error as error:
        return [Check("store", False, f"{folder}: {error.message}", "nothing can be kept")]
    return [
        Check("store", True, f"{folder}: {bundles} bundles, registry whole", ""),
        _bundles(host),
        _requests(counts),
        _space(folder, host.settings.disk),
        _file_system(folder),
        _keys(host),
    ]


def _requests(counts: dict[State, int]) -> Check:
    detail = ", ".join(f"{number} {state}" for state, number in counts.items())
    told = "their processes died three times: plotter2 requests ls"
    return Check("requests", "dead" not in counts, detail or "nothing was asked yet", told)


def _space(folder: Path, disk: Disk) -> Check:
    warnings = room.warnings(folder, disk)
    detail = "; ".join(warnings) or f"{room.free_bytes(folder) / 1e9:.1f} GB free"
    return Check("disk", not warnings, detail, "adding and running fail when it is full")


def _file_system(folder: Path) -> Check:
    kind = room.file_system(folder)
    detail = (
        f"{kind or 'unknown'}, {'shared by machines' if room.is_far(kind) else 'of this machine'}"
    )
    told = "two machines on one root can lose data there: keep the root on a disk of one machine"
    return Check("file system", not room.is_far(kind), detail, told)


def _keys(host: Host) -> Check:
    try:
        keys, trusted = host.keyring.own_keys(), host.keyring.trusted()
    except Plotter2Error as error:
        return Check("keys and trust", False, error.message, error.help)
    detail = f"{len(keys)} own keys, {len(trusted)} trusted keys, as user {os.geteuid()}"
    return Check("keys and trust", bool(trusted), detail, "no script is trusted: plotter2 key new")


def _line(check: Check) -> str:
    mark = "ok" if check.ok else "--"
    consequence = "" if check.ok else f"; {check.consequence}"
    return f"{mark}  {check.check}: {check.detail}{consequence}"
