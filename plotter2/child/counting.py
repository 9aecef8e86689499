"""Counts what a run takes while it is computed, and stops it when it is more than the script was checked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from p2lang.semantics.bounds import Bounds
from p2lang.semantics.cost import work
from p2lang.semantics.structure import NEED
from p2lang.signatures import Registry
from p2lang.verifier import Program, ProgramNode
from plotter2.child.run_codes import MORE_ROWS, MORE_WORK
from plotter2.errors import RunError


class Meter:
    """Adds up the work of one run; the bounds are those that the program was verified with."""

    def __init__(self, program: Program, params: Mapping[str, Any], registry: Registry) -> None:
        self._program, self._registry = program, registry
        self._values = _exact(params)
        self._given: dict[str, int] = {}
        self.units = 0

    def count(self, node: ProgramNode, rows: int, given: int | None) -> int:
        """Count a node that worked on so many rows and gave so many (None: it gives no table); give its work.

        Raises RunError P2-R0602 or P2-R0615.
        """
        if given is not None:
            self.know(node, given)
        units = work(node.signature, node.node, rows, self._registry, self._values, self._rows_of)
        self.units += units
        if self.units > self._program.work:
            raise RunError(
                MORE_WORK,
                f"the run takes {self.units:,} units of work, and was allowed {self._program.work:,}",
                node.signature.name,
                "give its parameters smaller values; if it has none, this is a bug in plotter2",
            )
        return units

    def know(self, node: ProgramNode, given: int) -> None:
        """Take how many rows a node gives, whoever computed it. Raises RunError P2-R0602."""
        require_rows(node, given)
        self._given[node.id] = given

    def _rows_of(self, name: str) -> int:
        return self._given.get(name, 1)


def require_rows(node: ProgramNode, given: int) -> None:
    """Raise RunError P2-R0602 when a node gives more rows than the program was checked for."""
    assert node.schema is not None
    if given <= node.schema.rows:
        return
    path = node.node.attributes.get("path")
    raise RunError(
        MORE_ROWS,
        f"{_called(node)} gives {given:,} rows, and the script was checked for at most {node.schema.rows:,}",
        node.signature.name,
        "run it again if runs were added meanwhile; otherwise the bundle's manifest is wrong: run plotter2 doctor"
        if path is not None
        else _FEWER.get(
            node.signature.name, "this is a bug in plotter2: please report it with the script"
        ),
    )


_FEWER = {
    "script": "a step in Python gives at most as many rows as it takes and reads: give fewer",
    NEED.name: "let the link that answers give fewer rows: `via | filter(...)`",
    "collect": "say how many there are at most: `collect(..., rows=...)`",
}
"""What helps where nobody knows the number of rows before the run."""


def _called(node: ProgramNode) -> str:
    attributes, name = node.node.attributes, node.signature.name
    if "path" in attributes:
        return f'the bundle "{attributes["path"][1]}"'
    return f"`{attributes['name'][1] if name == NEED.name else name}`"


def _exact(params: Mapping[str, Any]) -> Bounds:
    return {
        name: (float(value), float(value))
        for name, value in params.items()
        if isinstance(value, int | float)
    }
