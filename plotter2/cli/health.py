"""What `doctor` found, for people: short, in groups, with what to do at the end."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import click

from plotter2.printable import printable
from plotter2.sandbox.attempts.told import Probe, SelfTest, Verdict
from plotter2.sandbox.check import Check

_NAME = 18
_CLASS = 12
_NARROW, _WIDE = 60, 120

Paint = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that `doctor` has to say."""

    headline: str
    well: bool
    checks: Sequence[Check]
    self_test: SelfTest | None
    remedies: Sequence[str]


def as_plain(health: Health) -> str:
    """Give the page without colours."""
    return _page(health, lambda text, _: text)


def as_coloured(health: Health) -> str:
    """Give the page with colours, as wide as the terminal."""
    return _page(health, lambda text, colour: click.style(text, fg=colour))


def _page(health: Health, paint: Paint) -> str:
    width = max(_NARROW, min(shutil.get_terminal_size().columns, _WIDE)) if _seen() else 0
    lines = [paint(printable(health.headline), "green" if health.well else "red")]
    for group, members in groupby(health.checks, lambda check: check.group):
        lines += ["", group]
        for check in members:
            lines += _check(check, paint, width)
    if health.self_test is not None:
        lines += ["", *_self_test(health.self_test, paint, width)]
    if health.remedies:
        lines += ["", "what to do"]
        for number, remedy in enumerate(health.remedies, 1):
            lines += _folded(f"  {number:>2}  ", printable(remedy), width)
    return "\n".join(lines)


def _seen() -> bool:
    return sys.stdout.isatty()


def _check(check: Check, paint: Paint, width: int) -> list[str]:
    mark = paint("ok", "green") if check.ok else paint("--", "yellow")
    lines = _folded(f"      {check.check:<{_NAME}}", printable(check.detail), width)
    lines[0] = f"  {mark}{lines[0][4:]}"
    if not check.ok and check.consequence:
        lines += _folded(" " * (6 + _NAME), printable(check.consequence), width)
    return lines


def _folded(head: str, text: str, width: int) -> list[str]:
    if not width:
        return [head + text]
    return textwrap.wrap(
        text, width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
    ) or [head]


def _self_test(made: SelfTest, paint: Paint, width: int) -> list[str]:
    told = f"self-test at level {made.level}: {_summary(made.probes)}; took {made.seconds:.1f} s"
    lines = _folded("", told, width)
    kinds: dict[str, list[Probe]] = {}
    for probe in made.probes:
        kinds.setdefault(probe.kind, []).append(probe)
    for kind, members in kinds.items():
        lines += _kind(kind, members, paint, width)
    failed = [name for name, works in made.needed.items() if not works]
    mark = paint("--", "red") if failed else paint("ok", "green")
    told = f"does not work inside: {', '.join(failed)}" if failed else f"{len(made.needed)} work"
    return [*lines, f"  {mark}  {'needed':<{_CLASS}}{told}"]


def _summary(probes: Sequence[Probe]) -> str:
    """Say what came of the attempts that work outside; one that fails there too proves nothing, and got nowhere."""
    counts = Counter(probe.verdict for probe in probes)
    works = len(probes) - counts["not testable"]
    told = [f"{counts['stopped']} of {works} attempts stopped, each of which works outside"]
    if counts["stopped"] == works:
        told.append("none got through")
    told += [f"{counts[verdict]} {what}" for verdict, what in _TOLD.items() if counts[verdict]]
    return "; ".join(told)


def _kind(kind: str, probes: Sequence[Probe], paint: Paint, width: int) -> list[str]:
    by_verdict = {v: [p.name for p in probes if p.verdict == v] for v in _TOLD}
    stopped = len(probes) - sum(len(names) for names in by_verdict.values())
    told = "; ".join(
        f"{what}: {', '.join(by_verdict[v])}" for v, what in _TOLD.items() if by_verdict[v]
    )
    mark = paint("--", "red") if by_verdict["got through"] else paint("ok", "green")
    text = f"{stopped:>3} stopped" + (f"; {told}" if told else "")
    lines = _folded(f"      {kind:<{_CLASS}}", text, width)
    lines[0] = f"  {mark}{lines[0][4:]}"
    return lines


_TOLD: Final[dict[Verdict, str]] = {
    "got through": "GOT THROUGH",
    "not promised": "not promised at this level",
    "not testable": "impossible outside too",
}


def headline(level: str, minimum: str, *, well: bool) -> str:
    """Give the first line: the level, what is asked for, whether scripts can run."""
    can = "scripts can run here" if well else "scripts cannot run here"
    return f"{can}: the sandbox reaches level {level}, the settings ask for {minimum}"
