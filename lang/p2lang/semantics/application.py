"""An operation with its arguments: what the rules of `transfer` and `sources` look at. Values only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from p2lang.ir import Value, inside
from p2lang.semantics.bounds import Bounds
from p2lang.semantics.clash import Clash
from p2lang.semantics.values import Typed
from p2lang.signatures import Signature
from p2lang.types import TableSchema


class Application(NamedTuple):
    """An operation with its arguments, ready to say what it gives.

    `flow` is the table or view from the left, `bundle` what a source reads, `tables` answers what a `["table", ref]`
    names, `new` are the named new columns with their types, `parts` the shapes of what stands in a box, `calls` the
    calls in the attributes, for who has looked for them already. A tuple: one is made for every node that is verified.
    """

    signature: Signature
    attributes: Mapping[str, Value]
    flow: TableSchema | None = None
    bundle: TableSchema | None = None
    new: tuple[tuple[str, Typed], ...] = ()
    tables: Callable[[Any], TableSchema] | None = None
    bounds: Bounds = MappingProxyType({})
    parts: tuple[TableSchema, ...] = ()
    calls: tuple[Value, ...] | None = None

    @property
    def values(self) -> Iterable[Value]:
        """Give the calls in the attributes where they are known, else all values."""
        return inside(self.attributes) if self.calls is None else self.calls

    def columns(self, name: str) -> tuple[str, ...]:
        """Give the column names that an attribute lists; none when it is absent."""
        value = self.attributes.get(name)
        return () if value is None else tuple(value[1])

    def table(self, name: str) -> TableSchema:
        """Give the shape of the table that an attribute names; raises Clash when it names none."""
        value = self.attributes[name]
        if value[0] != "table" or self.tables is None:
            raise Clash(
                "P2-E0207",
                f"`{name}` of `{self.signature.name}` is a table",
                help="bind it with `let` and write `$name`",
                argument=name,
            )
        return self.tables(value[1])
