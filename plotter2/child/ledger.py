"""The row ledger: for every picture how many rows were read, filtered, summarised, null, thinned out and drawn.

`read` counts the rows of the sources behind a picture. Of the rows that a mark is given, some are null, some lie
outside the axes, some are left out because others of the same pixel column show the same (`decimated`), the rest is
drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from p2lang.verifier import Program
from plotter2.child.interpreter import Account
from plotter2.child.tables import ReadTable
from plotter2.child.views import Composed
from plotter2.renderkit.scene import LayerCounts, Scene

DROPPING = frozenset(("filter", "drop_nulls", "head", "sample", "access"))
"""Operations that only leave rows out."""


def plot_ledger(
    program: Program, accounts: Mapping[str, Account], source: str, made: Composed, scene: Scene
) -> dict[str, Any]:
    """Give the ledger of one picture; `source` is the node whose rows it is drawn from."""
    behind = [accounts[n] for n in _ancestors(program, source) if n in accounts]
    read = [a for a in behind if a.op.startswith("access@")]
    dropped = [a for a in behind if a.op.partition("@")[0] in DROPPING]
    grouped = [a for a in behind if a.op.startswith("summary@")]
    counts = scene.counts
    return {
        "read": sum(sum(a.taken) for a in read),
        "filtered": sum(sum(a.taken) - a.given for a in dropped),
        "grouped": {
            "rows": sum(sum(a.taken) for a in grouped),
            "groups": sum(a.given for a in grouped),
        },
        "caption": made.view.caption,
        "rows": made.rows,
        "null": counts.null,
        "outside": counts.outside,
        "decimated": counts.decimated,
        "drawn": counts.drawn,
        "layers": [_layer(entry, made) for entry in scene.ledger],
        "nodes": {a.id: [sum(a.taken), a.given] for a in behind},
    }


def run_ledger(
    plots: Mapping[str, Any],
    accounts: Iterable[Account],
    tables: Mapping[str, ReadTable],
) -> dict[str, Any]:
    """Give the ledger of a whole run: plots, operations in the order they ran, and what the inputs lack."""
    return {
        "plots": dict(plots),
        "nodes": [
            {"id": a.id, "op": a.op, "in": list(a.taken), "out": a.given, "ms": round(a.ms, 2)}
            for a in accounts
        ],
        "inputs": [
            {
                "path": path,
                "rows": table.frame.height,
                "null": dict(table.nulls),
                "not_a_number": dict(table.not_a_number),
            }
            for path, table in tables.items()
        ],
    }


def _layer(entry: LayerCounts, made: Composed) -> dict[str, Any]:
    counts = entry.counts
    layer = {
        "kind": entry.kind,
        "given": counts.given,
        "null": counts.null,
        "outside": counts.outside,
        "decimated": counts.decimated,
        "drawn": counts.drawn,
    }
    if entry.layer in made.behind:
        used, unused = made.behind[entry.layer]
        layer |= {"made_from": used, "not_used": unused}
    return layer


def _ancestors(program: Program, node: str) -> list[str]:
    found = {node}
    for candidate in reversed(program.nodes):
        if candidate.id in found:
            found.update(candidate.inputs)
    return [n.id for n in program.nodes if n.id in found]
