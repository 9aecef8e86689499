"""What the verifier gives: a program that is safe to run, with the shape of every table in it. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from p2lang import ir
from p2lang.semantics.needs import Need
from p2lang.signatures import Signature
from p2lang.types import FlowKind, TableSchema
from p2lang.verifier.params import Given, ProgramParam, Scalar, bind


class ProgramNode(NamedTuple):
    """One operation to carry out.

    `schema` is what the node gives: a table's columns, for a view the columns that its marks may name, else None;
    `schema.rows` is the upper bound that the work was counted with. `flow` is the input that the pipe delivers and
    that `["col", ...]` speaks of (None for sources and statements); the other inputs are tables that attributes name.
    `work` is the bound of its own work, in units of about 10 ns.
    """

    id: str
    node: ir.Node
    signature: Signature
    kind: FlowKind
    inputs: tuple[str, ...]
    schema: TableSchema | None
    flow: str | None = None
    work: int = 0

    def argument(self, name: str) -> ir.Value | None:
        """Give an attribute as written, else the signature's default as a tagged value, else None."""
        value = self.node.attributes.get(name)
        if value is not None:
            return value
        parameter = self.signature.parameter(name)
        return None if parameter is None else parameter.default_value


@dataclass(frozen=True)
class ProgramTask:
    """A task: its name, its params by the names that a run gives them, the tasks above that it waits for."""

    name: str
    params: Mapping[str, ProgramParam]
    after: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """A verified module: nodes in an order in which every input comes before its use."""

    sha256: str
    module: ir.Module
    nodes: tuple[ProgramNode, ...]
    params: Mapping[str, ProgramParam]
    sinks: tuple[str, ...]
    rights: tuple[str, ...]
    need: Need
    capabilities: tuple[str, ...]
    tasks: tuple[ProgramTask, ...] = ()

    @property
    def work(self) -> int:
        """Give the bound of the work, in units of about 10 ns."""
        return self.need.work

    def __getitem__(self, node_id: str) -> ProgramNode:
        """Give the node of that id; raises KeyError."""
        return self._by_id[node_id]

    @cached_property
    def _by_id(self) -> dict[str, ProgramNode]:
        return {node.id: node for node in self.nodes}

    def bind(
        self, given: Mapping[str, Given], task: str | None = None
    ) -> dict[str, Scalar | tuple[Scalar, ...]]:
        """Give a value for every param, numbers in base units, lists as tuples; raises BadParam.

        With a task its params are taken as well; they come back as `task.name`, as values call them.
        """
        own = next((t.params for t in self.tasks if t.name == task), {})
        bound = bind({**self.params, **own}, given)
        return {f"{task}.{name}" if name in own else name: bound[name] for name in bound}
