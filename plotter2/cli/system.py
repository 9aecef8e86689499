"""`doctor`: what this machine offers, what this root holds, and what is not as it should be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import msgspec

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, opened_host
from plotter2.cli.health import Health, as_coloured, as_plain, headline
from plotter2.cli.installed import library_checks, versions
from plotter2.cli.log_words import log_health
from plotter2.config.levels import Level, reaches
from plotter2.config.settings import Disk, settings
from plotter2.datter import room
from plotter2.datter.layout import is_root
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.rebuild import rebuild as rebuild_registry
from plotter2.datter.requested import State
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host.host import Host
from plotter2.sandbox.attempts.told import SelfTest, self_test
from plotter2.sandbox.check import Check
from plotter2.sandbox.report import remedies, report
from plotter2.wire.zygote import Ready


@command()
@click.option("--rebuild", is_flag=True, help="Make the registry anew from the stored bundles.")
@click.option(
    "--self-test",
    "wants_self_test",
    is_flag=True,
    help="Attack the sandbox from inside, over a hundred times.",
)
def doctor(root: str | None, rebuild: bool, wants_self_test: bool) -> Answer:
    """Check this machine and this root; exit code 1 when scripts cannot run, or an attack got through."""
    rebuilt = [_rebuilt(settings(root).root)] if rebuild else []
    with opened_host(root, reads=True) as host:
        minimum = host.settings.minimum_level
        ready = _ready(host)
        checks = [*report(), *_child(ready, minimum), *library_checks()]
        checks += _root(host)
        checks += [replace(check, group="this root") for check in rebuilt]
    return told(checks, ready, minimum, self_test() if wants_self_test else None)


def told(
    checks: Sequence[Check],
    ready: Ready | Plotter2Error,
    minimum: Level,
    tested: SelfTest | None,
) -> Answer:
    """Give what was found as an answer; `ready` is how children are confined, or why there are none."""
    can_run = all(check.ok for check in checks if check.check in _NEEDED)
    level = ready.level if isinstance(ready, Ready) else "none"
    health = Health(
        headline=headline(level, minimum, well=can_run),
        well=can_run and (tested is None or tested.ok),
        checks=checks,
        self_test=tested,
        remedies=remedies(checks, level),
    )
    return Answer(
        _data(health, ready, level),
        as_plain(health),
        ExitCode.OK if health.well else ExitCode.WORK_FAILED,
        as_coloured(health),
    )


def _data(health: Health, ready: Ready | Plotter2Error, level: Level) -> dict[str, Any]:
    tested = health.self_test
    layers = ready.layers if isinstance(ready, Ready) else {}
    return {
        "ok": health.well,
        "level": level,
        "layers": layers,
        "missing": ready.missing if isinstance(ready, Ready) else {},
        "probes": msgspec.to_builtins(tested.probes) if tested else [],
        "needed": tested.needed if tested else {},
        "remedies": list(health.remedies),
        "checks": [check.as_json() for check in health.checks],
        "versions": versions(),
    }


def _ready(host: Host) -> Ready | Plotter2Error:
    """Give how children are confined, or why there are none."""
    try:
        return host.orchestrator.ready()
    except Plotter2Error as error:
        return error


def _child(ready: Ready | Plotter2Error, minimum: Level) -> list[Check]:
    name, refused = "a confined child", "scripts are refused"
    if not isinstance(ready, Ready):
        return [Check(name, False, ready.message, refused, "sandbox", ready.help)]
    missing = ", ".join(ready.missing) or "none"
    detail = f"level {ready.level}; at least {minimum} is asked for; missing layers: {missing}"
    loaded = "everything that a child needs is loaded before it is confined"
    return [
        Check(name, reaches(ready.level, minimum), detail, refused, "sandbox"),
        Check("preloading", True, loaded, group="libraries"),
    ]


_NEEDED = frozenset({"a confined child", "store", "root"})
"""Without these no script runs."""


def _rebuilt(folder: Path) -> Check:
    done = rebuild_registry(folder, PATIENCE_S)
    kept = "run records kept" if done.runs_kept else "the old registry could not be read"
    aside = f", it is kept as {done.set_aside}" if done.set_aside else ""
    lost = "the records of earlier runs and the serials that ran are lost"
    return Check(
        "registry", done.runs_kept, f"made anew from {done.events} changes, {kept}{aside}", lost
    )


def _none_yet(folder: Path) -> Check:
    above = next(path for path in folder.absolute().parents if path.exists())
    detail = f"there is no root {folder} yet; the first plotter2 add makes it"
    return Check(
        "store", os.access(above, os.W_OK | os.X_OK), detail, f"{above} may not be written"
    )


def _writable(host: Host) -> Check:
    well = host.store.is_writable
    detail = "may be changed" if well else "may only be read"
    return Check("root", well, detail, "nothing can be added, and no script runs")


def _bundles(host: Host) -> Check:
    lacking = host.store.left_out()
    out = f"{len(lacking)} left out, as what describes them cannot be read"
    return Check(
        "bundles",
        not lacking,
        out if lacking else "every description was read",
        "they are not seen",
        remedy="plotter2 fsck tells what is damaged, plotter2 restore COPY brings it back from a safe copy",
    )


def _root(host: Host) -> list[Check]:
    return [replace(check, group="this root") for check in _store(host)]


def _store(host: Host) -> list[Check]:
    folder = host.settings.root
    if not is_root(folder):
        return [_none_yet(folder)]
    try:
        bundles = len(host.store.list())
        host.store.check()
        counts = host.store.requests.counts()
    except Plotter2Error as error:
        return [Check("store", False, f"{folder}: {error.message}", "nothing can be kept")]
    return [
        Check("store", True, f"{folder}: {bundles} bundles, registry whole", ""),
        _writable(host),
        _bundles(host),
        _requests(counts),
        _space(folder, host.settings.disk),
        _file_system(folder),
        _keys(host),
        _run_log(folder),
    ]


def _run_log(folder: Path) -> Check:
    wrong, detail = log_health(folder)
    return Check(
        "run log",
        wrong is None,
        detail,
        "its history may not be what it was",
        remedy=wrong.help if wrong else "",
    )


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
    return Check(
        "keys and trust",
        bool(trusted),
        detail,
        "no script is trusted",
        remedy="plotter2 key new makes a key that is trusted here",
    )
