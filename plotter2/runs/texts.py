"""What is wrong with the texts of steps in Python: a confined child reads them as Python, the host never does."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from p2lang import ast
from p2lang.diagnostics import Diagnostic, in_order
from p2lang.semantics.script_text import first_fault
from p2lang.semantics.structure import NO_TABLE
from p2lang.source import Source, Span
from plotter2.config.levels import Level
from plotter2.errors import HostError
from plotter2.orchestrator import Orchestrator, OrchestratorSettings, Spares, Task, TaskLimits
from plotter2.orchestrator.settings import LOOKING
from plotter2.printable import one_line
from plotter2.runs import codes
from plotter2.runs.compiling import CheckedScript
from plotter2.wire import codes as wire
from plotter2.wire.inputs import StepText, StepTexts, encode_texts
from plotter2.wire.memory import sealed
from plotter2.wire.messages import LookJob, TextUnfit

_LIMITS: Final = TaskLimits(wall_ms=10_000, cpu_ms=10_000, mem_mib=256, out_mib=1)
_MOST_KNOWN: Final = 500
_MOST_FAULTS: Final = 5
_QUOTES: Final = '"""'
_TOO_HARD: Final = frozenset(
    {wire.WALL_LIMIT, wire.CPU_LIMIT, wire.MEMORY_LIMIT, wire.CHILD_DIED, wire.SET_ASIDE}
)
_Text: TypeAlias = tuple[tuple[str, ...], str]
"""Names of parameters, and the text."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A step in Python of a script, and where its text begins."""

    definition: ast.ScriptDef
    start: int
    parameters: tuple[str, ...]

    @property
    def text(self) -> _Text:
        return self.parameters, self.definition.body


class Texts:
    """Looks at texts, with children of its own that can do nothing else. What it found of a text it knows from then on.

    `minimum` is the least level of the sandbox that is accepted. To be closed.
    """

    def __init__(self, minimum: Level) -> None:
        self._minimum = minimum
        self._children = Orchestrator(OrchestratorSettings(zygote=LOOKING, spares=Spares(most=1)))
        self._known: dict[_Text, tuple[TextUnfit, ...]] = {}

    def close(self) -> None:
        """End the children."""
        self._children.close()

    def looked_at(self, checked: CheckedScript) -> CheckedScript:
        """Give a checked script with what is wrong with its texts as well."""
        script = None if checked.compiled is None else checked.compiled.script
        found = () if script is None else self.diagnostics(script, checked.source)
        if not found:
            return checked
        return replace(
            checked, diagnostics=in_order((*checked.diagnostics, *found), checked.source)
        )

    def diagnostics(self, script: ast.Script, source: Source) -> tuple[Diagnostic, ...]:
        """Give what is wrong with the texts of a script; a warning when nobody can say it here."""
        steps = _steps(script, source)
        try:
            self._learn([step.text for step in steps if step.text not in self._known])
        except HostError as error:
            return (_nobody_looked(steps[0], error),)
        return tuple(
            _diagnostic(step, fault, source) for step in steps for fault in self._known[step.text]
        )

    def _learn(self, texts: Sequence[_Text]) -> None:
        """Look at texts; when a child breaks over several of them, at each alone. Raises HostError."""
        if not texts:
            return
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        try:
            found = self._faults(texts)
        except HostError as error:
            if error.code not in _TOO_HARD:
                raise
            if len(texts) > 1:
                for text in texts:
                    self._learn([text])
                return
            found = {0: (_too_hard(error),)}
        self._known.update({text: found.get(n, ()) for n, text in enumerate(texts)})

    def _faults(self, texts: Sequence[_Text]) -> dict[int, tuple[TextUnfit, ...]]:
        steps = [StepText(parameters=list(names), text=text) for names, text in texts]
        descriptor = sealed(encode_texts(StepTexts(steps=steps)))
        try:
            task = Task(LookJob(), (descriptor,), _LIMITS, self._minimum)
            with self._children.submit(task) as outcome:
                told = [m for m in outcome.messages if isinstance(m, TextUnfit)]
        finally:
            os.close(descriptor)
        found: defaultdict[int, tuple[TextUnfit, ...]] = defaultdict(tuple)
        for fault in told:
            if len(found[fault.step]) < _MOST_FAULTS:
                found[fault.step] += (fault,)
        return found


def _steps(script: ast.Script, source: Source) -> list[_Step]:
    """Give the steps whose texts the checker found nothing in that keeps them from being read."""
    steps = [node for node in ast.walk(script) if isinstance(node, ast.ScriptDef)]
    return [
        _Step(step, _start(step, source), _parameters(step))
        for step in steps
        if step.body.strip() and first_fault(step.body) is None
    ]


def _start(step: ast.ScriptDef, source: Source) -> int:
    return source.text.find(_QUOTES, step.span.start) + len(_QUOTES)


def _parameters(step: ast.ScriptDef) -> tuple[str, ...]:
    # What is wrong with these the checker says.
    named = dict.fromkeys(p.name.text for p in step.parameters if p.name.text.isidentifier())
    return tuple(named) or (NO_TABLE,)


def _diagnostic(step: _Step, fault: TextUnfit, source: Source) -> Diagnostic:
    code = codes.NO_PYTHON if fault.kind == "syntax" else "P2-E0281"
    span = _span(step, fault, source)
    return Diagnostic(code, one_line(fault.message), span, help=one_line(fault.help))


def _span(step: _Step, fault: TextUnfit, source: Source) -> Span:
    """Give the place of a fault; what a child says of it is bent to the text that there is."""
    end = source.text.find(_QUOTES, step.start)
    lines = source.text[step.start : end].split("\n")
    number = min(max(fault.line, 1), len(lines)) - 1
    start = step.start + sum(len(line) + 1 for line in lines[:number])
    line = lines[number].rstrip()
    column = min(fault.column, len(line))
    if fault.line < 1 or not line:
        return step.definition.name.span
    last = min(fault.end, len(line)) if fault.end > column else len(line)
    return Span(start + column, start + last)


def _too_hard(error: HostError) -> TextUnfit:
    return TextUnfit(
        step=0,
        line=0,
        column=0,
        end=0,
        kind="syntax",
        message=f"the text cannot be read as Python: {error.message}",
        help="make several steps of it, with shorter statements",
    )


def _nobody_looked(step: _Step, error: HostError) -> Diagnostic:
    return Diagnostic(
        codes.NOT_LOOKED_AT,
        "the texts of steps in Python could not be looked at",
        step.definition.name.span,
        help="what is wrong in them shows when the script runs; `plotter2 doctor` says what is missing",
        note=f"{error.message} [{error.code}]",
        severity="warning",
    )
