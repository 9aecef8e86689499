"""`run BUNDLE:TASK`: a task over its bundles, told bundle by bundle."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from plotter2.cli.answer import Answer, is_interactive
from plotter2.errors import ExitCode, Problem
from plotter2.host.asking import TaskHow
from plotter2.host.host import Host
from plotter2.printable import printable
from plotter2.tasks.carrying import Approve, Ended, Report
from plotter2.tasks.model import NotApplicable

_TASK = re.compile(r"(?P<bundle>[^:]*):(?P<task>.*)(?<!\.p2)\Z", re.DOTALL)
_MOST_NAMES = 8

Copy = Callable[[Sequence[dict[str, Any]], str], list[dict[str, Any]]]
"""Copies a run's pictures, given as artefacts, under its bundle's name; gives where they are then."""


def task_named(word: Path) -> tuple[str, str] | None:
    """Give bundle and task that a word of the command line names; None for the name of a file."""
    there = os.path.exists(word)  # noqa: PTH110 - a word too long to be a file is no error yet
    match = None if there else _TASK.match(str(word))
    return None if match is None else (match["bundle"], match["task"])


def approving(allowed: Sequence[str], asked: set[str]) -> Approve:
    """Give who says whether an action is approved: `--approve`, else a question at a terminal, else nobody.

    `asked` is filled with the actions that were asked about.
    """

    def approve(task: str, action: str, target: str) -> bool:
        asked.add(action)
        if action in allowed:
            return True
        question = printable(f'{task} asks for approval: {action} "{target}". Approve it?')
        return is_interactive() and click.confirm(question, default=False, err=True)

    return approve


def task_answer(
    host: Host, bundle: str, task: str, how: TaskHow, copy: Copy | None, allowed: Sequence[str]
) -> Answer:
    """Run a task and tell what became of it; `allowed` are the actions that a person approved beforehand."""
    asked: set[str] = set()
    report = host.run_task(bundle, task, replace(how, approve=approving(allowed, asked)))
    copied = {
        id(ended): copy(ended.result.record["artefacts"], ended.bundle.name)
        for ended in report.ended
        if copy is not None and ended.result is not None
    }
    runs = [_with_copies(ended, copied.get(id(ended))) for ended in report.ended]
    data = {
        "ok": report.ok,
        "task": report.task.as_json(),
        "runs": runs,
        "not_run": [
            {
                "bundle": {"id": each.bundle.id, "name": each.bundle.name},
                "reasons": [reason.as_json() for reason in each.reasons],
            }
            for each in report.rest
        ],
        "not_run_before": [{"task": e.task.name, **e.as_json()} for e in report.earlier],
    }
    lines = [
        line
        for ended, told in zip(report.ended, runs, strict=True)
        for line in _lines(ended, told["record"])
    ]
    lines += [line for each in report.rest for line in _left_out(each)]
    lines += _earlier(report)
    notes = [f"nothing asked for the approval of {each}" for each in allowed if each not in asked]
    data["notes"] = notes
    lines += [_sum(report), *(f"note: {note}" for note in notes)]
    exit_code = ExitCode.OK if report.ok else ExitCode.WORK_FAILED
    return Answer(data, "\n".join(lines), exit_code)


def _with_copies(ended: Ended, artefacts: list[dict[str, Any]] | None) -> dict[str, Any]:
    told = ended.as_json()
    if artefacts is not None:
        told["record"] = {**told["record"], "artefacts": artefacts}
    return told


def _lines(ended: Ended, record: dict[str, Any] | None) -> Iterator[str]:
    head = f"{ended.bundle.name}:{ended.task}"
    if ended.problem is not None:
        yield f"{head}  {ended.state}"
        yield from _indented(ended.problem)
        return
    if record is None:
        yield f"{head}  ran before on the same data"
        return
    yield f"{head}  run {record['run']}"
    for artefact in record["artefacts"]:
        yield f"  {artefact['path']}"
    for name, rows in record["exposed"].items():
        yield f"  exposed {name}, {rows:,} row{'s' if rows != 1 else ''}"
    for redo in record["redo"]:
        runs = redo["runs"]
        yield f"  asked to run {redo['bundle']} again, {runs:,} time{'s' if runs != 1 else ''}: plotter2 requests ls"


def _indented(problem: Problem) -> Iterator[str]:
    for line in problem.as_text().splitlines():
        yield f"  {line}"


def _left_out(each: NotApplicable) -> Iterator[str]:
    yield f"{each.bundle.name}  not linked"
    for reason in each.reasons:
        yield f"  {reason.message} [{reason.code}]"


def _earlier(report: Report) -> Iterator[str]:
    """Tell on which bundles tasks that it waits for do not run: what it collects has nothing of them."""
    places: dict[str, list[str]] = {}
    for each in report.earlier:
        places.setdefault(each.task.name, []).append(each.bundle.name)
    why = f"plotter2 tasks {report.task.bundle.name} tells why"
    for task, names in places.items():
        more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
        yield f"{task} not linked on {', '.join(names[:_MOST_NAMES])}{more}: {why}"


def _sum(report: Report) -> str:
    states = [ended.state for ended in report.ended]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    before = counts.pop("same data", 0)
    parts = [f"{number} {state}" for state, number in counts.items()]
    parts += [f"{before} ran before on the same data"] if before else []
    if report.rest:
        parts.append(f"{len(report.rest)} not linked")
    return f"{report.task.name}: {', '.join(parts)}"
