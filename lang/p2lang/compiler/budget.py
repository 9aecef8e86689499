"""The work bound of a program, and the message when it is more than the limit: which line, its share, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from p2lang.compiler.lowering import Lowered
from p2lang.diagnostics import Diagnostic
from p2lang.ir import Node, Value, walk
from p2lang.semantics.bounds import Bounds
from p2lang.semantics.cost import rows_of, work
from p2lang.semantics.structure import operation
from p2lang.signatures import Registry


@dataclass(frozen=True)
class NodeWork:
    """What one node may cost: rows that can arrive, units for each, the product."""

    node: Node
    rows: int
    total: int

    @property
    def units(self) -> int:
        """Give the units for each row."""
        return self.total // self.rows if self.rows else 0


def works(lowered: Lowered, registry: Registry, bounds: Bounds) -> tuple[NodeWork, ...]:
    """Give the cost of each node, in order."""
    out = []
    for node in lowered.nodes:
        signature = operation(node.op, registry)
        assert signature is not None
        flow = (
            lowered.schemas[node.inputs[0]] if node.inputs and signature.takes != "none" else None
        )
        rows = rows_of(flow, lowered.schemas[node.id])
        out.append(NodeWork(node, rows, work(signature, node.attributes, rows, registry, bounds)))
    return tuple(out)


def over_budget(
    costs: tuple[NodeWork, ...], limit: int, lowered: Lowered, bounds: Bounds
) -> Diagnostic | None:
    """Give the error of a script that may need more than the limit, at its most expensive line; None when it fits."""
    total = sum(cost.total for cost in costs)
    if total <= limit:
        return None
    worst = max(costs, key=lambda cost: cost.total)
    share = round(100 * worst.total / total)
    unbounded = _unbounded(worst.node.attributes, bounds)
    if unbounded:
        return Diagnostic(
            "P2-E0301",
            f"nothing bounds the work of this script: `${unbounded}` can be any number",
            lowered.spans[worst.node.id],
            f"up to {worst.rows:,} rows, each as often as `${unbounded}` says",
            f"give it a range where it is declared, for example `where ${unbounded} in 1..20`",
        )
    left = max(limit - (total - worst.total), 0) // max(worst.units, 1)
    fewer = f"put `| sample(rows={left:_})` or a `filter`" if left else "put a `filter`"
    return Diagnostic(
        "P2-E0301",
        f"this script may need {amount(total)} work units; the limit is {amount(limit)}",
        lowered.spans[worst.node.id],
        f"{share} % of it: up to {worst.rows:,} rows x {worst.units} units",
        f"{fewer} before it, or ask for a higher limit",
    )


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


def _unbounded(attributes: Mapping[str, Value], bounds: Bounds) -> str | None:
    for attribute in attributes.values():
        for value in walk(attribute):
            if value[0] == "var" and bounds.get(value[1], (0.0, 0.0))[1] == float("inf"):
                return str(value[1])
    return None
