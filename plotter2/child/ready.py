"""Before anything is computed: the program is verified, its params are bound, and all that it needs is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from p2lang.semantics.structure import TASK, effects_of, for_a_bundle
from p2lang.types import schemas_from_json
from p2lang.verifier import BadParam, Program, RefusedProgram, verify
from p2std.around import NOWHERE, Around
from p2std.registry import core
from plotter2.child.placing import PlacedError
from plotter2.child.run_codes import FOR_A_BUNDLE
from plotter2.errors import ExitCode, RunError
from plotter2.wire.inputs import LinkProgram, Place, RunProgram
from plotter2.wire.messages import RunJob


def verified(told: RunProgram | LinkProgram, what: str = "script") -> Program:
    """Give the program of a job or of a link; `what` is named in the remedy. Raises RunError P2-V05xx."""
    try:
        return verify(told.module.encode(), schemas_from_json(told.schemas), core())
    except RefusedProgram as refused:
        raise RunError(
            refused.code,
            refused.message,
            help=f"check and sign the {what} again",
            exit_code=ExitCode.REFUSED,
        ) from None


def bound(program: Program, job: RunJob, task: str) -> Mapping[str, Any]:
    """Give a value for every param, those of the task as `task.name`. Raises RunError P2-E023x."""
    try:
        return program.bind(cast(Mapping[str, Any], job.params), task or None)
    except BadParam as error:
        raise RunError(
            error.code, error.message, help=error.help, exit_code=ExitCode.USAGE
        ) from None


def around_of(place: Place | None) -> Around:
    """Give what the script may ask of the place where it runs."""
    if place is None:
        return NOWHERE
    return Around(
        place.bundle,
        place.task,
        tuple(place.exposed),
        tuple(place.imposed),
        tuple(place.linked),
        frozenset(place.approved),
        dict(place.ended),
    )


def require_all(program: Program, task: str) -> None:
    """Raise PlacedError for the first thing that is to be carried out and cannot be: P2-R0641.

    What stands outside tasks runs by itself; tasks run where the script is attached to a bundle.
    """
    own = effects_of([node.node for node in program.nodes], task)
    if program.tasks and not own and not task:
        _only_tasks(program)
    for node in (program[each.id] for each in own):
        word = None if task else for_a_bundle(node.node, core())
        if word is not None:
            raise PlacedError(
                FOR_A_BUNDLE,
                f"{word} runs in a task of a script that is attached to a bundle",
                node.signature.name,
                _ATTACH,
                node=node.id,
            )


_ATTACH = "nothing was computed; attach the script: plotter2 attach BUNDLE SCRIPT, then plotter2 run BUNDLE:TASK"


def _only_tasks(program: Program) -> None:
    names = ", ".join(task.name for task in program.tasks)
    first = next((n.id for n in program.nodes if TASK in n.node.attributes), "")
    raise PlacedError(
        FOR_A_BUNDLE,
        f"the script has nothing but tasks ({names}), and a task runs for a bundle",
        "task",
        _ATTACH,
        node=first,
    )
