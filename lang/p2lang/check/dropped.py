"""Where a column went: the step of the flow that has it on its left and not on its right, and what to write then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from p2lang.check.model import Step
from p2lang.diagnostics import Related
from p2lang.ir import Value, walk

_FEW = 4


@dataclass(frozen=True)
class Dropped:
    """The place where a column left the flow, what to type, and the column that stands for it now, if there is one."""

    related: Related
    help: str
    now: str | None = None


def dropped(step: Step | None, name: str) -> Dropped | None:
    """Give where a flow that ends with a step lost a column, None when it never had it."""
    for after, before in _backwards(step):
        if before.schema is not None and name in before.schema:
            return _told(after, name)
    return None


def _backwards(step: Step | None) -> Iterator[tuple[Step, Step]]:
    while step is not None and step.inputs and step.signature.takes != "none":
        before = step.inputs[0]
        yield step, before
        step = before


def _told(step: Step, name: str) -> Dropped:
    word = step.signature.name
    kept = () if step.schema is None else step.schema.names
    if word == "rename":
        now = next((new for new, old in step.attributes["new"][1] if old == name), None)
        if now is not None:
            return Dropped(
                Related(step.span, f"`rename` called it {now} here"), f"write {now}", now
            )
    if word == "summary":
        return _summary(step, name)
    listed = ", ".join(kept[:_FEW]) + (", ..." if len(kept) > _FEW else "")
    return Dropped(
        Related(step.span, f"`{word}` kept only {listed}"), f"add {name} to `{word}({listed})`"
    )


def _summary(step: Step, name: str) -> Dropped:
    related = Related(step.span, "`summary` keeps its keys and its new columns only")
    made = [new for new, value in step.attributes.get("new", ["new", []])[1] if _uses(value, name)]
    if len(made) == 1:
        return Dropped(related, f"did you mean {made[0]}, which is made of {name}?", made[0])
    return Dropped(
        related,
        f"add {name} to the `by=` of `summary`, or a column such as `{name} = mean({name})`",
    )


def _uses(value: Value, name: str) -> bool:
    return any(part[:2] == ["col", name] for part in walk(value))
