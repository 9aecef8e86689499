"""`explain rights|cost|plan`: what a person approves with a script, what each line may cost, the plan of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from plotter2.cli.answer import Answer, diagnostics_text
from plotter2.cli.checking import checker
from plotter2.errors import ExitCode
from plotter2.runs import explaining
from plotter2.runs.compiling import CheckedScript, failed
from plotter2.runs.explaining import TOO_MUCH, Explained, Told
from plotter2.runs.opening import open_script


def rights(root: str | None, script: Path, schemas: Path | None) -> Answer:
    """Tell what a person approves who signs a script: what it touches, its rights, what it may need."""
    return _whole(_checked(root, script, schemas), explaining.rights)


def cost(root: str | None, script: Path, schemas: Path | None) -> Answer:
    """Tell what each line of a script may cost, also when that is more than is allowed."""
    checked = _checked(root, script, schemas)
    told = explaining.cost(_explained(checked))
    over = [d for d in checked.diagnostics if d.is_error]
    text = "\n\n".join([told.text, *([diagnostics_text(over, checked.source)] if over else [])])
    data = {"ok": not over, **told.data, "over": [d.code for d in over]}
    return Answer(data, text, ExitCode.CHECK_FAILED if over else ExitCode.OK)


def plan(root: str | None, script: Path, schemas: Path | None) -> Answer:
    """Show the IR of a script, which of its steps are computed together, and which columns are left out."""
    return _whole(_checked(root, script, schemas), explaining.plan)


OF_SCRIPTS: Mapping[str, Callable[[str | None, Path, Path | None], Answer]] = {
    "rights": rights,
    "cost": cost,
    "plan": plan,
}
"""First word -> what answers it for a root, a script and a file of schemas."""


def _checked(root: str | None, script: Path, schemas: Path | None) -> CheckedScript:
    opened = open_script(script)
    with checker(root, schemas) as check:
        return check(opened)


def _whole(checked: CheckedScript, explain: Callable[[Explained], Told]) -> Answer:
    """Explain a script that stays within its limits. Raises CheckFailed for another."""
    if checked.compiled is None or checked.compiled.module is None:
        raise failed(checked)
    told = explain(_explained(checked))
    return Answer({"ok": True, **told.data}, told.text)


def _explained(checked: CheckedScript) -> Explained:
    compiled = checked.compiled
    errors = [d for d in checked.diagnostics if d.is_error]
    if compiled is None or any(d.code not in TOO_MUCH for d in errors):
        raise failed(checked)
    if errors and not compiled.needs:
        raise failed(checked)
    return Explained(str(checked.script.path), checked.source, compiled, checked.limits.need)
