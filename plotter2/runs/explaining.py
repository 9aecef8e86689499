"""What a person approves with a script, what each line may cost, the plan of the run: as data and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from p2lang import ir
from p2lang.compiler import Compiled, dump
from p2lang.compiler.budget import amount, size
from p2lang.compiler.dump import reference
from p2lang.compiler.dump import text as written
from p2lang.semantics.needs import Need, NodeNeed, total
from p2lang.semantics.selection import path_of, selection
from p2lang.semantics.structure import operation
from p2lang.source import Source
from p2lang.verifier import verify
from p2std.plan import plan_of
from p2std.registry import core
from plotter2.printable import count, table

UNITS_A_SECOND = 100_000_000
"""Units of work that a run does in a second, roughly."""


TOO_MUCH = frozenset(("P2-E0301", "P2-E0304", "P2-E0305", "P2-E0306", "P2-E0307", "P2-E0308"))
"""The codes of scripts that are right, and need more than is allowed: their cost can still be told."""


@dataclass(frozen=True)
class Explained:
    """A script that compiles, and what it is held against."""

    name: str
    source: Source
    compiled: Compiled
    limits: Need

    @property
    def need(self) -> Need:
        """Give what the whole script may need."""
        return total(cost.need for cost in self.compiled.needs)

    @property
    def module(self) -> ir.Module:
        """Give the program; there is one when the script stays within its limits."""
        assert self.compiled.module is not None
        return self.compiled.module


@dataclass(frozen=True)
class Told:
    """One explanation: plain JSON values, and text for people."""

    data: dict[str, Any]
    text: str


def rights(found: Explained) -> Told:
    """Tell what a person approves who signs a script: what it touches, its rights, what it may need."""
    module, need = found.module, found.need
    touched = [_touched(capability) for capability in found.compiled.capabilities]
    lines = [
        f"{found.name} asks to",
        *(f"  {right:<7} {target}  ({kind})" for right, kind, target in touched),
        "with these rights" if module.rights else "with no rights",
        *(f"  {right:<7} {_RIGHTS.get(right, right)}" for right in module.rights),
        "and may need at most",
        *(f"  {name:<9} {said}" for name, said in _needs(need, found.limits)),
        *(["with these parameters"] if module.params else []),
        *(f"  {name:<9} {_param(param)}" for name, param in sorted(module.params.items())),
        "it can touch nothing else: no other bundle, no file, no network, no clock",
    ]
    data = {
        "script": found.name,
        "ir_sha256": module.sha256,
        "touches": [dict(zip(("right", "kind", "target"), t, strict=True)) for t in touched],
        "rights": {right: _RIGHTS.get(right, right) for right in module.rights},
        "needs": _as_json(need),
        "limits": _as_json(found.limits),
        "params": {name: param.as_json() for name, param in sorted(module.params.items())},
    }
    return Told(data, "\n".join(lines))


def cost(found: Explained) -> Told:
    """Tell what each line of a script may cost, also when that is more than is allowed."""
    need, limits = found.need, found.limits
    lines = list(_lines(found))
    head = ("line", "step", "rows", "units", "work", "share", "memory")
    rows = [
        (
            str(line.number),
            line.operation,
            f"{line.rows:,}",
            f"{line.units:,}",
            f"{line.need.work:,}",
            _percent(line.need.work, need.work),
            size(line.need.memory) if line.need.memory else "",
        )
        for line in lines
    ]
    told = [table(*_right(head, rows)), ""]
    told += [f"{name:<9} {said}" for name, said in _needs(need, limits)]
    data = {
        "script": found.name,
        "lines": [line.as_json() for line in lines],
        "needs": _as_json(need),
        "limits": _as_json(limits),
    }
    return Told(data, "\n".join(told))


def plan(found: Explained) -> Told:
    """Show the IR of a script, which of its steps are computed together, and which columns are left out."""
    module = found.module
    program = verify(module.encode(), found.compiled.schemas, core())
    planned = plan_of(program)
    fused = planned.fused
    held = [node.id for node in program.nodes if node.id in planned.held]
    not_read = dict(_not_read(found.compiled))
    unused = [
        (found.source.position(span.start)[0], list(names))
        for span, names in found.compiled.unused.items()
    ]
    lines = [dump(module, found.compiled.costs).rstrip()]
    lines += [f"fused   {' '.join(map(reference, run))}  ; computed together" for run in fused]
    lines += [
        f"held    {reference(node)}  ; kept for later runs, if it takes long" for node in held
    ]
    lines += [
        f"unread  {path_of(path)!r} {', '.join(names)}  ; {len(names)} of "
        f"{count(len(found.compiled.schemas[path].columns), 'column', 'columns')}"
        for path, names in not_read.items()
    ]
    lines += [f"unused  {', '.join(names)}  ; made in line {line}" for line, names in unused]
    data = {
        "script": found.name,
        "ir_sha256": module.sha256,
        "module": module.as_json(),
        "fused": [list(run) for run in fused],
        "held": held,
        "unread": not_read,
        "unused": [{"line": line, "columns": names} for line, names in unused],
    }
    return Told(data, "\n".join(lines))


# ---- inside -----------------------------------------------------------------------------------


def _right(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Put numbers below each other by their last digit."""
    columns = []
    for title, *cells in zip(head, *rows, strict=True):
        width = max(len(cell) for cell in (title, *cells))
        columns.append([c if title == "step" else c.rjust(width) for c in (title, *cells)])
    first, *others = zip(*columns, strict=True)
    return list(first), [list(row) for row in others]


def _touched(capability: str) -> tuple[str, str, str]:
    right, _, rest = capability.partition(" ")
    kind, _, target = rest.partition(":")
    return right, kind, target


_RIGHTS: Mapping[str, str] = {
    "read": "read the bundles named above",
    "render": "draw pictures",
    "write": "hand what it made to the store",
    "log": "write lines to the log",
    "task": "let tasks that wait for it go on",
    "wait": "wait for other tasks",
    "request": "ask for an experiment to be run again, or for data to be taken in: a person decides",
    "link": "answer for a table under another name",
    "expose": "give tables to whoever may read them",
    "run": "run its steps in Python, confined as everything else",
}


def _needs(need: Need, limits: Need) -> Iterator[tuple[str, str]]:
    seconds = need.work / UNITS_A_SECOND
    time = f"about {seconds:.1f} s" if seconds >= 0.1 else "less than 0.1 s"
    of = f"{_percent(need.work, limits.work)} of the limit of {amount(limits.work)}"
    yield "work", f"{need.work:,} units, {time}; {of}"
    yield "memory", f"{size(need.memory)} for all tables together"
    yield "rows", f"{need.rows:,} in one table"
    if need.frames:
        panels, pixels = count(need.panels, "panel", "panels"), f"{need.pixels:,} pixels"
        yield "pictures", f"{need.frames:,}, with {panels} and {pixels}"


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole if whole else 0.0
    return "less than 1 %" if 0 < share < 1 else f"{share:.0f} %"


def _as_json(need: Need) -> dict[str, int]:
    return {"work": need.work, **need.beside_work()}


def _param(param: ir.ModuleParam) -> str:
    default = "" if param.default is None else f" = {written(param.default)}"
    where = "" if param.where is None else f", where {written(param.where)}"
    return f"{param.type}{default}{where}"


@dataclass(frozen=True)
class _Line:
    """What one step of the script may need, in all places where it is used."""

    number: int
    operation: str
    rows: int
    units: int
    need: Need

    def as_json(self) -> dict[str, Any]:
        """Give the line as plain JSON values."""
        return {
            "line": self.number,
            "step": self.operation,
            "rows": self.rows,
            "units": self.units,
            **_as_json(self.need),
        }


def _lines(found: Explained) -> Iterator[_Line]:
    places: dict[tuple[int, str], list[NodeNeed]] = {}
    for node in found.compiled.needs:
        span = found.compiled.spans[node.node.id]
        signature = operation(node.node.op, core())
        assert signature is not None
        places.setdefault((span.start, signature.name), []).append(node)
    for (start, name), nodes in sorted(places.items(), key=lambda place: place[0]):
        times = f" x {len(nodes)}" if len(nodes) > 1 else ""
        yield _Line(
            found.source.position(start)[0],
            name + times,
            max(node.rows for node in nodes),
            max(node.units for node in nodes),
            total(node.need for node in nodes),
        )


def _not_read(compiled: Compiled) -> Iterator[tuple[str, list[str]]]:
    assert compiled.module is not None
    for path, schema in compiled.schemas.items():
        read = {
            name
            for node in compiled.module.nodes
            if "path" in node.attributes and selection(node.attributes).shape.key == path
            for name in node.attributes.get("cols", ["cols", []])[1]
        }
        names = [name for name in schema.names if name not in read]
        if names:
            yield path, names
