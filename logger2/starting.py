"""`logger2.run`: decides which run it is, a new one or one that is resumed, and where its files go."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Mapping

from logger2 import current
from logger2.identity import flat_params, names_of, run_id, run_name
from logger2.recorder import Run
from logger2.runfile import experiment_folder, packed, run_to_resume

TYPE_CHECKING = False  # `typing` costs 9 ms to import; type checkers know this name
if TYPE_CHECKING:
    from typing import SupportsFloat

DEFAULT_FOLDER = "logger2-runs"
FOLDER_VARIABLE = "PLOTTER2_DIR"


def run(  # noqa: PLR0913 (the words of one experiment's first line)
    name: str,
    params: Mapping[str, object] | None = None,
    *,
    axes: Iterable[str] = (),
    repeat: str | Iterable[str] | None = "seed",
    resume: str | None = None,
    dir: str | os.PathLike[str] | None = None,
    strict: bool = False,
) -> Run:
    """Start recording a run of an experiment; use it in a `with` block or call `finish`.

    `axes` names the params that the experiment varies on purpose, `repeat` those that only repeat it (a seed, a fold).
    `resume="auto"` goes on with the newest unfinished run that was given the same values, a run id with that run.
    Files go to `dir`, else to the folder that the variable PLOTTER2_DIR names, else to `logger2-runs`.

    Raises ValueError when `axes`, `repeat`, `resume` or the name cannot be meant.
    """
    given = flat_params(params or {})
    axis_names, repeat_names = names_of(axes), names_of(repeat)
    wanted = axis_names + (repeat_names if repeat != "seed" else ())
    missing = [n for n in wanted if n not in given]
    if missing:
        raise ValueError(f"{', '.join(missing)}: not among params ({', '.join(given) or 'none'})")
    base = os.path.abspath(dir or os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER)
    experiment = experiment_folder(base, name)
    found = run_to_resume(experiment, resume, given) if resume else None
    if found is not None:
        folder, about = found
        return _resumed(folder, about, strict=strict)
    repeats = {n: given[n] for n in repeat_names if n in given}
    distinct = {n: given[n] for n in (*axis_names, *repeats)} or given
    number = run_id()
    about = {
        "l2": 1,
        "run": number,
        "name": run_name(distinct) or number,
        "experiment": name,
        "state": "running",
        "started": round(time.time(), 3),
        "ended": None,
        "params": packed({n: v for n, v in given.items() if n not in repeats}),
        "repeat": packed(repeats),
        "axes": list(axis_names),
        "definitions": {},
        "checkpoint": None,
        "error": None,
    }
    return current.opened(os.path.join(experiment, number), about, None, strict=strict)


def log(
    step: SupportsFloat, values: Mapping[str, object] | None = None, /, **named: object
) -> None:
    """Record values of a step in the current run; raises NoRun when none is open."""
    current.run().log(step, values, **named)


def _resumed(folder: str, about: dict[str, object], *, strict: bool) -> Run:
    checkpoint = about.get("checkpoint")
    resume: dict[str, object] = {}
    if isinstance(checkpoint, int | float):
        after = (
            checkpoint + 1 if isinstance(checkpoint, int) else math.nextafter(checkpoint, math.inf)
        )
        resume["from_step"] = after
    about.update(state="running", ended=None, error=None)
    return current.opened(folder, about, resume, strict=strict)
