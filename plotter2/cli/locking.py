"""`lock`: which libraries the scripts of a folder use, pinned by digest and signer in `p2.lock`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, family, opened_host
from plotter2.errors import ExitCode
from plotter2.libraries.locking import Change
from plotter2.libraries.locks import Locking, LockReport

_SHOWN = 12
_SCRIPTS = click.argument(
    "scripts", nargs=-1, type=click.Path(path_type=Path), metavar="[SCRIPT]..."
)


@family()
def lock() -> None:
    """Pin the libraries that scripts use, by digest and signer, in p2.lock beside them."""


@command(lock, "add")
@_SCRIPTS
def lock_add(root: str | None, scripts: tuple[Path, ...]) -> Answer:
    """Pin what SCRIPT uses and the lock does not have; without SCRIPT, all scripts here."""
    return _answer(root, scripts, "add")


@command(lock, "update")
@_SCRIPTS
def lock_update(root: str | None, scripts: tuple[Path, ...]) -> Answer:
    """Pin what SCRIPT uses as it is now, and tell what came, went and changed."""
    return _answer(root, scripts, "update")


@command(lock, "verify")
@_SCRIPTS
def lock_verify(root: str | None, scripts: tuple[Path, ...]) -> Answer:
    """Tell whether the lock fits what SCRIPT uses; exit code 4 when it does not."""
    return _answer(root, scripts, "verify")


def _answer(root: str | None, scripts: tuple[Path, ...], how: Locking) -> Answer:
    chosen = scripts or tuple(sorted(Path().glob("*.p2")))
    folders = {script.absolute().parent for script in chosen}
    if len(folders) != 1:
        raise click.UsageError(
            "a lock stands beside its scripts; give scripts of one folder"
            if chosen
            else "there is no script here; name one"
        )
    with opened_host(root, reads=how == "verify") as host:
        report = host.lock(chosen, how)
    data: dict[str, Any] = {
        "ok": report.fits,
        "lock": str(report.path),
        "libraries": [_json(change) for change in report.changes],
    }
    code = ExitCode.OK if report.fits else ExitCode.REFUSED
    return Answer(data, _text(report, how), code)


def _text(report: LockReport, how: Locking) -> str:
    lines = [line for change in report.changes for line in _lines(change)]
    if how == "verify":
        lines.append(
            f"{report.path}: fits"
            if report.fits
            else f"{report.path}: does not fit; read what changed, then: plotter2 lock update"
        )
        return "\n".join(lines)
    changed = any(change.kind in ("changed", "removed") for change in report.changes)
    lines.append(f"wrote {report.path}")
    if changed:
        lines.append("a script that used them must be signed again: plotter2 sign SCRIPT")
    return "\n".join(lines)


def _lines(change: Change) -> list[str]:
    line = change.new or change.old
    assert line is not None
    signers = ", ".join(who for who, _ in line.signers)
    lines = [f"{change.library}  {change.kind}; signed by {signers}; from {line.shelf}"]
    old, new = change.old, change.new
    if change.kind == "changed" and old is not None and new is not None:
        if old.reference != new.reference:
            lines.append(f"  it was {old.reference}")
        lines.append(f"  sha256 {old.sha256[:_SHOWN]} -> {new.sha256[:_SHOWN]}")
        if old.signers != new.signers:
            lines.append(f"  it was signed by {', '.join(who for who, _ in old.signers)}")
        for sign, names, word in (
            ("+", change.came, "came"),
            ("-", change.went, "went"),
            ("~", change.altered, "changed"),
        ):
            lines += [f"  {sign} {name}  {word}" for name in names]
    if change.kind in ("added", "changed"):
        offered = "" if change.kind == "changed" else f"; it offers {', '.join(line.names)}"
        lines.append(f"  rights: none, as every library{offered}")
    return lines


def _json(change: Change) -> dict[str, Any]:
    line = change.new or change.old
    assert line is not None
    return {
        "library": change.library,
        "change": change.kind,
        "before": str(change.old.reference) if change.old else None,
        "sha256": line.sha256,
        "sha256_before": change.old.sha256 if change.old else None,
        "from": line.shelf,
        "signers": [{"principal": who, "fingerprint": key} for who, key in line.signers],
        "came": list(change.came),
        "went": list(change.went),
        "changed": list(change.altered),
        "rights": [],
    }
