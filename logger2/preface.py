"""The comments at the head of a starter script: what was found, what was guessed and why, what is wrong. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from logger2.identity import Scalar
from logger2.panels import MOST_DRAWN, Panel
from logger2.schema import ColumnSchema, Schema
from logger2.scriptparts import can_be_named, one_line
from logger2.sweep import Axis, Sweep

GENERATOR = "logger2 starter 1"
MOST_LISTED = 40
MOST_NAMED = 8
LONGEST_LINE = 240
LONGEST_VALUE = 40
_DRAWN_ROLES = ("step", "time", "coordinate", "metric", "param", "repeat")


@dataclass(frozen=True, slots=True)
class Facts:
    """What reading the runs told beyond the schema; all of it optional.

    `ranges` are smallest and largest finite values by column, `non_finite` the cells with NaN or infinity, `last_steps`
    where each run ends, `failed` and `unfinished` names of runs.
    """

    rows: int = 0
    failed: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    superseded: int = 0
    repeated: int = 0
    skipped_bytes: int = 0
    non_finite: Mapping[str, int] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    last_steps: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_ragged(self) -> bool:
        """Tell whether runs end at different steps."""
        return len(set(self.last_steps)) > 1


def preface(
    bundle: str, schema: Schema, sweep: Sweep, facts: Facts, drawn: Sequence[Panel]
) -> tuple[str, ...]:
    """Give the comment lines, with an empty text for a blank line."""
    return (
        f"## {one_line(bundle)}: {_counted(sweep.runs, 'run')}{_of_what(sweep)}",
        f"# generated-by: {GENERATOR}, schema {_digest(schema)}",
        "# Change what you like: this script is yours. Each choice says why it was made.",
        *_section("guessed (role, confidence, reason):", _guesses(schema)),
        *_section("there, but not drawn:", _undrawn(schema, drawn)),
        *_section("to know before trusting the pictures:", _problems(sweep, facts)),
        "",
    )


def _section(title: str, lines: Sequence[str]) -> tuple[str, ...]:
    if not lines:
        return ()
    shown = [f"#   {one_line(line)[:LONGEST_LINE]}" for line in lines[:MOST_LISTED]]
    more = [f"#   and {len(lines) - MOST_LISTED:,} more"] if len(lines) > MOST_LISTED else []
    return (f"# {title}", *shown, *more)


def _of_what(sweep: Sweep) -> str:
    if not sweep.axes:
        return f", {sweep.most} of the same" if sweep.has_repeats else ""
    axes = " x ".join(f"{len(axis.values)} values of {one_line(axis.name)}" for axis in sweep.axes)
    return f", {axes}, {runs_per_cell(sweep)} {'run' if sweep.most == 1 else 'runs'} each"


def runs_per_cell(sweep: Sweep) -> str:
    """Give how many runs a combination has: `5`, or `3 to 5`."""
    return str(sweep.most) if sweep.fewest == sweep.most else f"{sweep.fewest} to {sweep.most}"


def _guesses(schema: Schema) -> list[str]:
    telling = [column for column in schema.columns if column.role in _DRAWN_ROLES]
    return [f"{column.name}: {_meaning(column)}" for column in telling]


def _meaning(column: ColumnSchema) -> str:
    unit = f" in {column.unit}" if column.unit else ""
    better = f", {column.better} is better" if column.better else ""
    return f"{column.role}{unit}{better} ({column.confidence:.2f}; {column.why})"


def _undrawn(schema: Schema, drawn: Sequence[Panel]) -> list[str]:
    lines = []
    by_role: dict[str, list[str]] = {}
    for column in schema.columns:
        if column.role not in _DRAWN_ROLES:
            by_role.setdefault(column.role, []).append(column.name)
    for role, names in by_role.items():
        lines.append(f"{role}: {_named(names)}")
    odd = [column.name for column in schema.columns if not can_be_named(column.name)]
    if odd:
        lines.append(f"names that a script cannot write: {_named(odd)}")
    xs = {panel.x.name for panel in drawn}
    others = [name for name in (schema.x, *schema.other_x) if name and name not in xs]
    if others and drawn:
        lines.append(f"other columns to draw against: {_named(others)}")
    if len(drawn) > MOST_DRAWN:
        lines.append(
            f"{len(drawn) - MOST_DRAWN} more metrics; the first of them stand below as comments"
        )
    return lines


def _problems(sweep: Sweep, facts: Facts) -> list[str]:
    lines = [
        f"{name}: {_counted(cells, 'cell')} NaN or infinite"
        for name, cells in facts.non_finite.items()
        if cells
    ]
    if facts.failed:
        lines.append(
            f"{_counted(len(facts.failed), 'failed run')} included: {_named(facts.failed)}"
        )
    if facts.unfinished:
        lines.append(
            f"{_counted(len(facts.unfinished), 'run')} without an end: {_named(facts.unfinished)}"
        )
    if facts.is_ragged:
        lines.append(
            f"runs end at different steps, {min(facts.last_steps):g} to {max(facts.last_steps):g}"
        )
    if sweep.axes and not sweep.is_grid:
        lines.append("not every combination of the parameters was run")
    if sweep.fewest != sweep.most:
        lines.append(f"combinations have {runs_per_cell(sweep)} runs")
    if facts.superseded:
        lines.append(
            f"{_counted(facts.superseded, 'row')} recorded again after a resume; the newest are used"
        )
    if facts.repeated:
        lines.append(f"{_counted(facts.repeated, 'row')} with a step that was logged before")
    if facts.skipped_bytes:
        lines.append(f"{_counted(facts.skipped_bytes, 'byte')} of damaged or torn segments skipped")
    return [*facts.notes, *lines]


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(one_line(name) for name in names[:MOST_NAMED]) + more


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _digest(schema: Schema) -> str:
    text = json.dumps(schema.to_dict(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def levels(axis: Axis) -> str:
    """Give the values of an axis in words."""
    return _named([_shown(value) for value in axis.values])


def _shown(value: Scalar) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
