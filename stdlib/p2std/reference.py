"""Writes `stdlib/README.md`, the reference of all operations, from the registry and the kernels' own words.

Run as `python -m p2std.reference`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from p2lang.signatures import Parameter, Signature
from p2std.binding import Kernel, kernels
from p2std.registry import core

TARGET: Final = Path(__file__).parents[1] / "README.md"

_FAMILIES: Final = (
    ("source", "Sources", "A flow begins with one."),
    ("step", "Steps", "They stand in a flow and give a table of a table; `frame` turns it into a view."),
    ("mark", "Marks", "They draw into a view."),
    ("deco", "Decorations", "They change how a view looks."),
    ("item", "Items", "They stand on a page of a report."),
    ("effect", "Effects", "They end a flow, or stand alone; each happens in the order of the script."),
    ("agg", "Aggregates", "Many rows to one value; in `derive` it is put on every row."),
    ("win", "Windows", "A column to a column of the same length."),
    ("fn", "Functions", "Row by row."),
    ("val", "Values", "They speak of a whole table."),
)  # fmt: skip

_TYPES: Final = {
    "num": "number", "int": "whole number", "str": "text", "text": "text", "bool": "true or false", "any": "anything",
    "col": "column", "numcol": "column of numbers", "cols": "columns", "time": "time", "len": "length", "list": "list",
    "expr": "expression", "agg": "aggregate", "table": "table",
}  # fmt: skip

_HEAD: Final = """# Operations

Made by `python -m p2std.reference` from the registry (`p2std/registry/*.p2sig`) and the kernels (`p2std/kernels/`).
What is indented says how it is computed.

A version is for ever: `mean@1` will always compute what it computes today, a change is `mean@2`. Everywhere: missing is
null or NaN; a missing value makes the result of a row-wise function missing and never counts in an aggregate; whole
numbers are 64 bits wide and stop the run when they do not suffice; sorts are stable; equal input gives equal bits.
"""


def reference() -> str:
    """Give the whole text."""
    return "\n".join([_HEAD, *_families(), *_planned()])


def _families() -> Iterator[str]:
    signatures = sorted(core().by_full_name.values(), key=lambda s: s.full_name)
    for kind, title, words in _FAMILIES:
        yield f"## {title}\n\n{words}\n"
        for signature in (s for s in signatures if s.kind == kind):
            yield _entry(signature)
        yield ""


def _entry(signature: Signature) -> str:
    found = kernels().get((signature.kind, signature.full_name))
    how = f"Needs {signature.facts.awaits}." if found is None else _how(found)
    return f"- **`{written(signature)}`** {signature.doc}\n  - {how}"


def _how(found: Kernel) -> str:
    return " ".join((inspect.getdoc(found.run) or "").split())


def _planned() -> Iterator[str]:
    yield "## Planned\n\nThe language knows these; this release does not run them (P2-E0240).\n"
    for signature in sorted(core().planned.values(), key=lambda s: s.name):
        yield f"- `{written(signature)}` {signature.doc}".rstrip()


def written(signature: Signature) -> str:
    """Give a signature as a person reads it: `ema(x: number, half_life: number, by?: columns) → number`."""
    inside = ", ".join(map(_parameter, signature.parameters))
    gives = _TYPES.get(signature.gives, signature.gives)
    gives = {"same": "as x", "cols": "columns"}.get(signature.gives, gives)
    arrow = "" if signature.in_flow else f" → {gives}"
    return f"{signature.name}({inside}){arrow}"


def _parameter(parameter: Parameter) -> str:
    kind = _TYPES.get(parameter.type, parameter.type)
    if parameter.variadic == "*":
        return "column, …"
    if parameter.variadic == "**":
        return f"name = {kind}, …"
    if parameter.choices:
        shown = " or ".join(f'"{choice}"' for choice in parameter.choices)
        default = f' = "{parameter.default}"' if parameter.default is not None else ""
        return f"{parameter.name}: {shown}{default}"
    default = f" = {parameter.default}" if parameter.default is not None else ""
    return f"{parameter.name}{'?' if parameter.optional else ''}: {kind}{default}"


def main() -> int:
    """Write the file."""
    TARGET.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
