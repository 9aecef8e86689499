"""The corpus of hostile steps in Python: read from its files, and each run in a confined child of its own.

A file of `child/hostile_python` is a class of attacks. An attack is `=== name`, perhaps with the columns that the step
promises in brackets, then its text, then what must come of it: `### P2-R0690 line 2: words of the message`, or
`### harmless: [1, 2]` with the first column of the result.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from p2lang.compiler import Compiled, Limits, compile_script
from p2lang.diagnostics import Diagnostic
from p2lang.parser import decode
from p2lang.types import schemas_from_json
from p2std.registry import core
from plotter2.errors import Plotter2Error
from plotter2.orchestrator import Orchestrator, Task, TaskLimits
from plotter2.orchestrator.conversation import Event
from plotter2.runs.bodies import line_starts
from plotter2.wire.messages import Note, RunJob
from python_steps import RUNS
from running_programs import Part, schema_of_parts, sealed_job

FOLDER: Final = Path(__file__).parent / "child" / "hostile_python"
TABLES: Final = {"e": [Part(RUNS)]}
LIMITS: Final = TaskLimits(wall_ms=20_000, cpu_ms=20_000, mem_mib=200, out_mib=4)
SHORT: Final = replace(LIMITS, wall_ms=400)
"""For attacks that may end because their time is up."""
SCRIPT: Final = '''p2 1
script attack(
  runs: table{{run: string, step: int, reward: number?}},
  k: int = 3,
  words: list[string] = ["a", "b"],
): table{{{gives}}} = python """{text}
"""
access("e") | attack | export("out.csv")
'''
_HEAD: Final = re.compile(r"(?P<name>.*?)(?: \((?P<gives>\w+: .*)\))?")
_END: Final = re.compile(r"(?P<codes>harmless|P2-[\w|-]+)(?: line (?P<line>\d+))?: ?(?P<rest>.*)")


@dataclass(frozen=True)
class Attack:
    """A hostile text, the columns that it promises, and what must come of it."""

    name: str
    text: str
    codes: tuple[str, ...]
    """One of these; none when it does no harm and its result is right."""
    said: str = ""
    line: int | None = None
    result: tuple[Any, ...] = ()
    gives: str = "n: int"


@dataclass(frozen=True)
class Came:
    """What came of an attack: the first column of its result as text, or an error and the line that it names."""

    result: tuple[str, ...] = ()
    error: Plotter2Error | None = None
    line: int | None = None
    notes: tuple[str, ...] = ()


# ---- the corpus --------------------------------------------------------------------------------


def classes() -> dict[str, list[Attack]]:
    """Give the attacks of each file, by its name."""
    return {path.stem: list(_read(path)) for path in sorted(FOLDER.glob("*.txt"))}


def _read(path: Path) -> Iterator[Attack]:
    _, *parts = re.split(r"^=== ", path.read_text("utf-8"), flags=re.MULTILINE)
    for part in parts:
        head, _, rest = part.partition("\n")
        text, mark, end = rest.rpartition("\n### ")
        if not mark:
            text, mark, end = rest.rpartition("### ")
        named, found = _HEAD.fullmatch(head), _END.fullmatch(end.strip())
        assert named, head
        assert found, f"{path.name}: {head}: its last line is `### code: words`"
        yield _attack(named, text, found)


def _attack(head: re.Match[str], text: str, end: re.Match[str]) -> Attack:
    harmless = end["codes"] == "harmless"
    return Attack(
        head["name"],
        text,
        () if harmless else tuple(end["codes"].split("|")),
        "" if harmless else end["rest"],
        int(end["line"]) if end["line"] else None,
        tuple(json.loads(end["rest"])) if harmless else (),
        head["gives"] or "n: int",
    )


# ---- running -----------------------------------------------------------------------------------


@contextmanager
def job_of(found: Compiled, script: str) -> Iterator[tuple[int, ...]]:
    """Give the sealed descriptors of a script, as the host hands them to a child."""
    assert found.module is not None
    spans = {node: (span.start, span.end) for node, span in found.spans.items()}
    read = {path: schema.as_json() for path, schema in found.schemas.items()}
    bodies = line_starts(found.module.nodes, script)
    with sealed_job(found.module.encode().decode(), read, TABLES, spans, bodies=bodies) as fds:
        yield fds[1:]


def came_of(orchestrator: Orchestrator, script: str, limits: TaskLimits = LIMITS) -> Came:
    """Compile a script and run it in a confined child; give what came of it."""
    source = decode(script.encode(), "attack.p2")
    if isinstance(source, Diagnostic):
        return _refused(script, source)
    shapes = schemas_from_json({"e": schema_of_parts(TABLES["e"])})
    found = compile_script(source, core(), shapes, Limits(work=10**12))
    if found.module is None:
        return _refused(script, found.diagnostics[0])
    events: list[Event] = []
    try:
        with job_of(found, script) as fds:
            task = Task(RunJob(formats=["png"]), fds, limits)
            with orchestrator.submit(task, events.append) as outcome:
                tables = {blob.name: blob.data for blob in outcome.blobs if blob.kind == "csv"}
    except Plotter2Error as error:
        return Came((), error, _line(script, getattr(error, "span", None)), _notes(events))
    rows = list(csv.reader(io.StringIO(tables.get("out", b"").decode())))
    return Came(tuple(row[0] for row in rows[1:]), None, None, _notes(events))


def _refused(script: str, found: Diagnostic) -> Came:
    error = Plotter2Error(found.code, found.message, "", found.help)
    return Came((), error, _line(script, (found.span.start, found.span.end)))


def _notes(events: Sequence[Event]) -> tuple[str, ...]:
    return tuple(event.text for event in events if isinstance(event, Note))


def _line(script: str, span: tuple[int, int] | None) -> int | None:
    """Give the line in the text of the step, from 1; None when it stands elsewhere."""
    if span is None:
        return None
    before = script[: span[0]]
    start = script.index('"""') + 3
    return before.count("\n", start) + 1 if start <= span[0] < script.rindex('"""') else None


def wrong_with(attack: Attack, came: Came) -> str:
    """Give what is not as it must be; "" when all is well."""
    if not attack.codes:
        wanted = tuple("" if v is None else str(v) for v in attack.result)
        return (
            "" if came.error is None and came.result == wanted else f"{attack.name}: {_told(came)}"
        )
    error = came.error
    if error is None or error.code not in attack.codes or attack.said not in error.message:
        return f"{attack.name}: {_told(came)}"
    if attack.line is not None and came.line != attack.line:
        return f"{attack.name}: it names line {came.line}"
    texts = (error.message, error.where, error.help)
    if not all(text.isprintable() for text in texts) or len(error.message) > 1_000:
        return f"{attack.name}: a reason with control characters or without end: {texts!r}"
    return ""


def _told(came: Came) -> str:
    if came.error is None:
        return f"it gave {list(came.result)[:5]}"
    return f"{came.error.code} line {came.line}: {came.error.message}"[:300]
