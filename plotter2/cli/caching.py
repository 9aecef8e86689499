"""`cache show`, `cache clear`: the results that are kept for later runs."""

from __future__ import annotations

from typing import Any

import click

from plotter2.cache.entries import Entry, NodeCache
from plotter2.cli.answer import Answer
from plotter2.cli.command import command, family
from plotter2.cli.moments import iso, to_the_minute
from plotter2.cli.tables import drawn_table, size
from plotter2.config.settings import settings
from plotter2.datter.layout import CACHE
from plotter2.printable import count

_MIB = 1 << 20


@family()
def cache() -> None:
    """Results of operations that took long, kept so that a later run need not compute them again.

    What is kept can be deleted at any time: runs then take longer, once, and give the same. `[cache] max_mib` in the
    settings says how much room it may take; the least recently used goes first, and 0 switches it off.
    """


@command(cache, "show")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, metavar="N",
    help="Of many, the last used.",
)  # fmt: skip
def show(root: str | None, limit: int) -> Answer:
    """List what is kept, the last used first."""
    kept, most = _cache(root)
    found = kept.entries()
    total = sum(entry.bytes for entry in found)
    data = {
        "ok": True,
        "results": [_as_json(entry) for entry in found],
        "bytes": total,
        "max_bytes": most * _MIB,
        "folder": str(kept.folder),
    }
    told = f"{size(total)} of at most {size(most * _MIB)}" if most else "switched off: max_mib is 0"
    if not found:
        return Answer(data, f"no result is kept; {told}")
    rows = [
        [e.key[:12], e.operation, e.script, size(e.bytes), str(e.hits), to_the_minute(e.used_ms)]
        for e in found[:limit]
    ]
    head = ["result", "operation", "made by", "size", "used", "last"]
    plain, coloured = drawn_table(head, rows, ["size", "used"], ["made by", "result"])
    more = f"and {len(found) - limit} more; " if len(found) > limit else ""
    last = f"{more}{count(len(found), 'result', 'results')}, {told}"
    return Answer(data, f"{plain}\n{last}", coloured=f"{coloured}\n{last}" if coloured else "")


@command(cache, "clear")
def clear(root: str | None) -> Answer:
    """Remove all that is kept; nothing is lost but the time to compute it again."""
    kept, _ = _cache(root)
    results, freed = kept.clear()
    data = {"ok": True, "removed": results, "bytes": freed}
    if not results:
        return Answer(data, "no result was kept")
    return Answer(data, f"{count(results, 'result', 'results')} removed, {size(freed)}")


def _cache(root: str | None) -> tuple[NodeCache, int]:
    found = settings(root)
    return NodeCache(found.root / CACHE, found.cache.max_mib), found.cache.max_mib


def _as_json(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "operation": entry.operation,
        "script": entry.script,
        "bytes": entry.bytes,
        "hits": entry.hits,
        "made": iso(entry.made_ms),
        "used": iso(entry.used_ms),
    }
