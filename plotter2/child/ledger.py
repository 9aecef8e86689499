"""The row ledger: for every picture how many rows were read, filtered, summarised, null, thinned out and drawn.

`read` counts the rows of the sources behind a picture. Of the rows that a mark is given, some are null, some lie
outside the axes, some are left out because others of the same pixel column show the same (`decimated`), the rest is
drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from p2lang.semantics.selection import path_of
from plotter2.child.accounts import Account
from plotter2.child.tables import Missing
from plotter2.child.views import Composed
from plotter2.renderkit.scene import Counts, LayerCounts
from plotter2.wire.messages import RowsCounted

_MOST_NODES = 500
"""Longer programs are told in sums only."""


@dataclass(frozen=True)
class Ledger:
    """The account of one picture: the message for the run's record, and what is embedded in the picture."""

    message: RowsCounted
    embedded: Mapping[str, Any]


def ledger_of(
    name: str,
    accounts: Sequence[Account],
    made: Sequence[Composed],
    layers: Sequence[LayerCounts],
    read: Mapping[str, Missing],
) -> Ledger:
    """Account for a picture; `accounts` are those of the operations behind it, `read` its stored tables by path.

    `layers` are counted by the place of their view in `made`.
    """
    sources = [a for a in accounts if a.reads]
    dropping = [a for a in accounts if a.drops]
    grouping = [a for a in accounts if a.op.startswith("summary@")]
    counts = sum((layer.counts for layer in layers), Counts(0, 0, 0, 0, 0))
    told = accounts if len(accounts) <= _MOST_NODES else []
    message = RowsCounted(
        plot=name,
        read=sum(sum(a.taken) for a in sources),
        filtered=sum(sum(a.taken) - a.given for a in dropping),
        null=counts.null,
        decimated=counts.decimated,
        drawn=counts.drawn,
        layers=len(layers),
        nodes={a.id: (sum(a.taken), a.given) for a in told},
    )
    embedded = {
        "read": message.read,
        "filtered": message.filtered,
        "grouped": [{"rows": sum(a.taken), "groups": a.given} for a in grouping],
        "rows": sum(one.rows for one in made),
        "null": counts.null,
        "outside": counts.outside,
        "decimated": counts.decimated,
        "drawn": counts.drawn,
        "caption": "; ".join(dict.fromkeys(filter(None, (one.view.caption for one in made)))),
        "layers": [_layer(entry, made[entry.view]) for entry in layers],
        "operations": [{"op": a.op, "in": list(a.taken), "out": a.given} for a in told],
        "inputs": [_input(path, table) for path, table in read.items()],
    }
    return Ledger(message, embedded)


def counted_file(name: str, accounts: Sequence[Account], rows: int) -> RowsCounted:
    """Account for a table that is handed out as a file: all its rows are there."""
    return RowsCounted(
        plot=name,
        read=sum(sum(a.taken) for a in accounts if a.reads),
        filtered=sum(sum(a.taken) - a.given for a in accounts if a.drops),
        null=0,
        decimated=0,
        drawn=rows,
        layers=0,
        nodes={a.id: (sum(a.taken), a.given) for a in accounts if len(accounts) <= _MOST_NODES},
    )


def _input(path: str, table: Missing) -> dict[str, Any]:
    return {
        "path": path_of(path),
        "rows": table.rows,
        "null": dict(table.nulls),
        "not_a_number": dict(table.not_a_number),
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
