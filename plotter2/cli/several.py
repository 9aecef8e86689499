"""`run A.p2 B.p2`: independent scripts, some at once, each in a child of its own; told in the order they stand in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from plotter2.cli.answer import Answer, diagnostics_json, diagnostics_text
from plotter2.cli.progress import Shown
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host.host import Host
from plotter2.orchestrator import Cancellation
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.model import By, Params, RunResult
from plotter2.runs.opening import OpenedScript
from plotter2.wire.messages import Format


@dataclass(frozen=True, slots=True)
class How:
    """How several scripts are run: so many at once (else as many as children may work), values of params, formats."""

    jobs: int | None
    params: Params
    formats: tuple[Format, ...]
    unconfined: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one script: for `--json`, for people."""

    data: dict[str, Any]
    text: str


Tell = Callable[[OpenedScript, RunResult], Told]


def run_several(host: Host, scripts: Sequence[OpenedScript], how: How, tell: Tell) -> Answer:
    """Run signed scripts; what fails does not keep the others. Ctrl-C cancels all that are not done."""
    cancellation = Cancellation()
    at_once = how.jobs or host.orchestrator.budget.children
    with Shown() as shown, ThreadPoolExecutor(at_once, "run") as pool:

        def run(script: OpenedScript) -> Told:
            name = str(script.path)
            try:
                with host.beside() as own:
                    result = own.run(
                        script,
                        params=how.params,
                        formats=how.formats,
                        on_event=shown.of(name),
                        unconfined=how.unconfined,
                        by=By(requester=name, cancellation=cancellation),
                    )
                return tell(script, result)
            except Plotter2Error as error:
                return _failed(script, error)
            finally:
                shown.ended(name)

        try:
            told = list(pool.map(run, scripts))
        finally:  # of those that are done nobody hears it
            cancellation.cancel()
            pool.shutdown(cancel_futures=True)
    well = all(each.data["ok"] for each in told)
    text = "\n\n".join(each.text for each in told)
    exit_code = ExitCode.OK if well else ExitCode.WORK_FAILED
    return Answer({"ok": well, "runs": [each.data for each in told]}, text, exit_code)


def _failed(script: OpenedScript, error: Plotter2Error) -> Told:
    about = {"script": str(script.path), "ok": False}
    if isinstance(error, CheckFailed):
        found = diagnostics_json(error.diagnostics, error.source)["diagnostics"]
        return Told({**about, "diagnostics": found}, _headed(script, _why(error)))
    problem = error.problem()
    return Told({**about, "error": problem.as_json()}, _headed(script, problem.as_text()))


def _why(error: CheckFailed) -> str:
    return diagnostics_text(error.diagnostics, error.source)


def _headed(script: OpenedScript, text: str) -> str:
    return f"{script.path}\n{text}"
