"""What a program may need, and the message when a bound is over its limit: which line, its share, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from p2lang.compiler.lowering import Lowered
from p2lang.diagnostics import Diagnostic
from p2lang.ir import Node, walk
from p2lang.semantics.bounds import Bounds
from p2lang.semantics.cost import factors, units_per_row
from p2lang.semantics.needs import MEBIBYTE, Need, NodeNeed, Reckoning, total
from p2lang.semantics.structure import operation, reads_bundle
from p2lang.signatures import Registry, Signature
from p2lang.source import Span


def needs(lowered: Lowered, registry: Registry, bounds: Bounds) -> tuple[NodeNeed, ...]:
    """Give what each node may need, in order."""
    reckoning = Reckoning(registry, bounds)
    out = []
    for node in lowered.nodes:
        signature = operation(node.op, registry)
        assert signature is not None
        out.append(reckoning.add(node, signature, lowered.schemas[node.id]))
    return tuple(out)


@dataclass(frozen=True)
class Budget:
    """The limits of a script, and what is needed to speak about it."""

    limits: Need
    lowered: Lowered
    registry: Registry
    bounds: Bounds

    def exceeded(self, costs: tuple[NodeNeed, ...]) -> Diagnostic | None:
        """Give the error of a script that may need more than a limit, at the worst line; None when it fits."""
        whole = total(cost.need for cost in costs)
        for bound in _BOUNDS:
            if bound.of(whole) > bound.of(self.limits):
                return self._message(bound, costs, bound.of(whole))
        return None

    def _message(self, bound: _Bound, costs: tuple[NodeNeed, ...], need: int) -> Diagnostic:
        span, places = self._worst_line(bound, costs)
        worst = max(places, key=lambda cost: bound.of(cost.need))
        guilty = self._guilty(worst, bound)
        limit = bound.of(self.limits)
        unbounded = self._unbounded(guilty, bound)
        if unbounded:
            return Diagnostic(
                bound.code,
                f"nothing bounds the {bound.noun} of this script: `${unbounded}` can be any number",
                span,
                f"up to {worst.rows:,} rows, each as often as `${unbounded}` says"
                if bound.noun == "work"
                else f"as many as `${unbounded}` says",
                f"give it a range where it is declared, for example `where ${unbounded} in 1..20`",
            )
        here = bound.of(total(cost.need for cost in places))
        times = f"{len(places)} times " if len(places) > 1 and bound.noun != "rows" else ""
        left = max(limit - (need - here), 0) // len(places)
        if bound.noun == "work":
            left = max(left - self._work_of_sample(worst.rows), 0)
        return Diagnostic(
            bound.code,
            bound.sentence.format(need=bound.shown(need), limit=bound.shown(limit)),
            span,
            f"{round(100 * here / need)} % of it: {times}{bound.factors(worst)}",
            f"{bound.fix(worst, self._signature(guilty), left)}, or ask for a higher limit",
        )

    def _work_of_sample(self, rows: int) -> int:
        """Give the work that the remedy itself takes."""
        sample = self.registry.by_full_name.get("sample@1")
        return 0 if sample is None else rows * units_per_row(sample, {}, {})

    def _worst_line(
        self, bound: _Bound, costs: tuple[NodeNeed, ...]
    ) -> tuple[Span, list[NodeNeed]]:
        """Give the place in the script that needs most, with all nodes that were made of it."""
        lines: dict[Span, list[NodeNeed]] = {}
        for cost in costs:
            if bound.of(cost.need):
                span = self.lowered.spans[self._guilty(cost, bound).id]
                lines.setdefault(span, []).append(cost)
        return max(lines.items(), key=lambda line: bound.of(total(c.need for c in line[1])))

    def _guilty(self, worst: NodeNeed, bound: _Bound) -> Node:
        """Give the node whose argument decides: for a picture, one of the steps that made the view."""
        if not bound.deciding:
            return worst.node
        nodes = {node.id: node for node in self.lowered.nodes}
        pending = [worst.node.id]
        while pending:
            node = nodes[pending.pop()]
            if set(bound.deciding) & set(self._signature(node).by_name):
                return node
            pending += [name for name in node.inputs if nodes[name].kind == "view"]
        return worst.node

    def _signature(self, node: Node) -> Signature:
        signature = operation(node.op, self.registry)
        assert signature is not None
        return signature

    def _unbounded(self, node: Node, bound: _Bound) -> str | None:
        """Give the parameter without a range that makes the bound of a node what it is."""
        for name in _deciding(self._signature(node), bound):
            for value in walk(node.attributes.get(name, ["null"])):
                if value[0] == "var" and self.bounds.get(value[1], (0.0, 0.0))[1] == float("inf"):
                    return str(value[1])
        return None


def amount(units: int) -> str:
    """Give a number of units for people: 5 G, 45 M, 1,200."""
    for size, name in ((10**12, "T"), (10**9, "G"), (10**6, "M")):
        if units >= size:
            value = units / size
            return (
                f"{value:,.0f} {name}"
                if value >= 10 or value == int(value)
                else f"{value:.1f} {name}"
            )
    return f"{units:,}"


def size(number: int) -> str:
    """Give a number of bytes for people: 4 GiB, 1.5 MiB, 200 B."""
    for unit, name in ((2**40, "TiB"), (2**30, "GiB"), (MEBIBYTE, "MiB"), (2**10, "KiB")):
        if number >= unit:
            value = number / unit
            shown = f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
            return f"{shown} {name}"
    return f"{number:,} B"


# ---- the bounds ----------------------------------------------------------------------------------

_Fix = Callable[[NodeNeed, Signature, int], str]


@dataclass(frozen=True)
class _Bound:
    code: str
    noun: str
    sentence: str
    of: Callable[[Need], int]
    factors: Callable[[NodeNeed], str]
    fix: _Fix
    shown: Callable[[int], str] = amount
    deciding: tuple[str, ...] = ()


def _deciding(signature: Signature, bound: _Bound) -> Iterable[str]:
    if bound.noun != "work":
        return bound.deciding
    letters = {factor for factor in factors(signature.cost) if isinstance(factor, str)}
    return [p.attribute for p in signature.parameters if p.name[:1].upper() in letters]


def _fewer_rows(worst: NodeNeed, signature: Signature, left: int, each: int) -> str:
    rows = left // max(each, 1)
    if reads_bundle(signature):
        return "read one run, or a smaller bundle"
    if signature.takes == "none":
        return "put `| sample(rows=...)` into the flows that it takes"
    return f"put `| sample(rows={max(rows, 1):_})` before it"


def _less_work(worst: NodeNeed, signature: Signature, left: int) -> str:
    return _fewer_rows(worst, signature, left, worst.units)


def _less_memory(worst: NodeNeed, signature: Signature, left: int) -> str:
    return _fewer_rows(worst, signature, left, _bytes_of_row(worst))


def _bytes_of_row(worst: NodeNeed) -> int:
    return worst.need.memory // max(worst.rows, worst.need.rows, 1)


def _smaller_table(worst: NodeNeed, signature: Signature, left: int) -> str:
    return _fewer_rows(worst, signature, left, 1)


def _set_lower(name: str, otherwise: str) -> _Fix:
    def fix(worst: NodeNeed, signature: Signature, left: int) -> str:
        del worst, left
        return f"lower `{name}`" if signature.parameter(name) is not None else otherwise

    return fix


_BOUNDS = (
    _Bound(
        "P2-E0301",
        "work",
        "this script may need {need} work units; the limit is {limit}",
        lambda need: need.work,
        lambda worst: f"up to {worst.rows:,} rows x {worst.units} units",
        _less_work,
    ),
    _Bound(
        "P2-E0305",
        "rows",
        "this script may make a table of {need} rows; the limit is {limit}",
        lambda need: need.rows,
        lambda worst: f"up to {worst.need.rows:,} rows come out here",
        _smaller_table,
    ),
    _Bound(
        "P2-E0304",
        "memory",
        "all tables of this script may hold {need} together; the limit is {limit}",
        lambda need: need.memory,
        lambda worst: (
            f"up to {max(worst.rows, worst.need.rows):,} rows x {_bytes_of_row(worst):,} bytes"
        ),
        _less_memory,
        size,
    ),
    _Bound(
        "P2-E0306",
        "panels",
        "this script may draw {need} panels; the limit is {limit}",
        lambda need: need.panels,
        lambda worst: f"up to {worst.need.panels:,} panels in this picture",
        _set_lower("max_panels", "draw fewer pictures"),
        deciding=("max_panels",),
    ),
    _Bound(
        "P2-E0308",
        "frames",
        "this script may draw {need} pictures and frames; the limit is {limit}",
        lambda need: need.frames,
        lambda worst: f"up to {worst.need.frames:,} here",
        _set_lower("max_frames", "draw fewer pictures"),
        deciding=("max_frames",),
    ),
    _Bound(
        "P2-E0307",
        "pixels",
        "this script may draw {need} pixels; the limit is {limit}",
        lambda need: need.pixels,
        lambda worst: (
            f"up to {worst.need.frames:,} x {worst.need.pixels // max(worst.need.frames, 1):,} pixels"
        ),
        _set_lower("max_frames", "make it smaller: `frame(size=[160mm, 100mm])`"),
        deciding=("max_frames", "size"),
    ),
)
