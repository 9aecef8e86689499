"""`verify`: who signed scripts, and what they may do. Loads no compiler and no store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from p2sign.gate import Verified
from plotter2.cli.answer import Answer
from plotter2.cli.command import command, opened_root
from plotter2.cli.script_paths import scripts_in
from plotter2.config.settings import settings
from plotter2.datter.layout import present
from plotter2.errors import ExitCode
from plotter2.host import verifying
from plotter2.host.root import Root
from plotter2.printable import one_line
from plotter2.runs.opening import open_script


@command()
@click.argument("scripts", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--explain", is_flag=True, help="Print how to check it with stock tools.")
def verify(root: str | None, scripts: tuple[Path, ...], explain: bool) -> Answer:
    """Tell who signed SCRIPTS and what they may do; exit code 4 when one may not run here.

    A folder stands for all scripts below it.
    """
    present(settings(root).root)
    with opened_root(root, reads=True) as opened:
        if len(scripts) == 1 and not scripts[0].is_dir():
            return _one(opened, scripts[0], explain=explain)
        if explain:
            raise click.UsageError("--explain tells of one script: name it alone")
        return _several(opened, scripts)


def _one(root: Root, script: Path, *, explain: bool) -> Answer:
    verified = verifying.verify(root, open_script(script))
    stock = verifying.stock_commands(root, script, verified)
    text = f"good: {_said(verified)}"
    if explain:
        text += "\nindependent check with stock tools:\n" + "\n".join(f"  {c}" for c in stock)
    return Answer({**_data(verified), "stock_commands": stock}, text)


def _several(root: Root, named: Sequence[Path]) -> Answer:
    told, lines, exit_code = [], [], ExitCode.OK
    for path, outcome in verifying.verify_each(root, scripts_in(named)):
        shown = one_line(str(path), 1000)
        if isinstance(outcome, Verified):
            told.append({"script": str(path), **_data(outcome)})
            lines.append(f"good: {shown}: {_said(outcome)}")
            continue
        problem = outcome.problem()
        told.append({"script": str(path), "ok": False, "error": problem.as_json()})
        lines.append(f"refused: {shown}: {problem.message} {outcome.note or f'[{problem.code}]'}")
        exit_code = max(exit_code, outcome.exit_code)
    good = sum(each["ok"] for each in told)
    lines.append(f"{good} of {len(told)} may run here")
    if good < len(told):
        lines.append("plotter2 verify SCRIPT tells how one that is refused is mended")
    return Answer({"ok": good == len(told), "scripts": told}, "\n".join(lines), exit_code)


def _said(verified: Verified) -> str:
    terms = verified.statement
    who = ", ".join(signer.principal for signer in verified.signers)
    may = "; ".join(str(cap) for cap in terms.caps)
    return f"{terms.name} serial {terms.serial}, signed by {who}; may: {may}"


def _data(verified: Verified) -> dict[str, Any]:
    terms = verified.statement
    return {
        "ok": True,
        "name": terms.name,
        "serial": terms.serial,
        "signers": [
            {"principal": s.principal, "fingerprint": s.fingerprint} for s in verified.signers
        ],
        "capabilities": [str(cap) for cap in terms.caps],
        "limits": dict(terms.limits.items()) if terms.limits else {},
        "script_sha256": verified.script_sha256,
        "statement_sha256": verified.statement_sha256,
    }
