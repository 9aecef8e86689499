"""What tasks do with the tables that they own. Looked at when all effects of a script are known."""

from __future__ import annotations

from p2lang.check.model import Step
from p2lang.check.session import Session
from p2lang.diagnostics import Related
from p2lang.semantics.ownership import Shown, problems, uses

_EARLIER = {"P2-E0277": "first here"}


def owned(session: Session) -> None:
    """Report what is wrong with the effects of tasks as to who owns what."""
    tasks = sorted({*session.all_tasks, *session.lost_tasks})
    for problem in problems(session.effects, _shown, id, tasks):
        earlier = problem.earlier
        session.report(
            problem.code,
            problem.message,
            problem.at.span,
            help=problem.help,
            related=()
            if earlier is None
            else (Related(earlier.span, _EARLIER.get(problem.code, "given away here")),),
        )


def _shown(step: Step) -> Shown[Step]:
    used = uses(step.signature, step.inputs, step.attributes)
    of_table = step.signature.takes != "none" and bool(used) and used[0].kind == "table"
    return Shown(step.signature.name, step.signature.full_name, step.attributes, used, of_table)
