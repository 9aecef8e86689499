"""Where the texts of steps in Python stand in a script: a child tells their lines, a person reads those of the file."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

from p2lang.ir import Node
from p2lang.semantics.structure import SCRIPT
from plotter2.wire.zygote import Equipment

_QUOTES = '"""'


def needs_of(nodes: Iterable[Node]) -> frozenset[Equipment]:
    """Give what a child must have to run these nodes."""
    return frozenset({"python"} if any(node.op == SCRIPT.full_name for node in nodes) else ())


def line_starts(nodes: Iterable[Node], text: str) -> dict[str, list[int]]:
    """Give for each step in Python where each line of its text begins; none for one that a library has."""
    steps = [node for node in nodes if node.op == SCRIPT.full_name]
    found = {node.id: _starts(str(node.attributes["text"][1]), text) for node in steps}
    return {node: starts for node, starts in found.items() if starts}


def _starts(body: str, text: str) -> list[int]:
    plain = text.replace("\r\n", "\n")
    at = plain.find(_QUOTES + body + _QUOTES)
    if at < 0:
        return []
    begins = list(accumulate(map(len, text.splitlines(keepends=True)), initial=0))
    first = plain.count("\n", 0, at)
    column = at - (plain.rfind("\n", 0, at) + 1) + len(_QUOTES)
    return [begins[first] + column, *begins[first + 1 : first + 1 + body.count("\n")]]
