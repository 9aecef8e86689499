"""The shapes of tables after columns were left out: worked out anew, as the verifier will."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from p2lang.compiler.lowering import Lowered
from p2lang.ir import Node, parts_of
from p2lang.semantics.bounds import Bounds
from p2lang.semantics.selection import selection
from p2lang.semantics.structure import operation, reads_bundle
from p2lang.semantics.transfer import Application, schema_after
from p2lang.semantics.values import Typed, of_column
from p2lang.signatures import Registry
from p2lang.types import TableSchema


def with_shapes(
    lowered: Lowered, registry: Registry, bounds: Bounds, bundles: Mapping[str, TableSchema]
) -> Lowered:
    """Give the same nodes with the shapes that they give now; types are those that the checker found."""
    schemas: dict[str, TableSchema | None] = {}
    for node in lowered.nodes:
        signature = operation(node.op, registry)
        assert signature is not None
        before = lowered.schemas[node.id]
        if signature.name in _AS_BEFORE:
            schemas[node.id] = before
            continue
        bundle = bundles[selection(node.attributes).shape.key] if reads_bundle(signature) else None
        if signature.name == "collect":
            bundle = _exposed(before)
        flow = schemas[node.inputs[0]] if signature.takes != "none" and node.inputs else None
        schemas[node.id] = schema_after(
            Application(
                signature,
                node.attributes,
                flow,
                bundle,
                _new(node, before),
                lambda name: _table(schemas[name]),
                bounds,
                tuple(s for _, part in parts_of(node.attributes) if (s := schemas[part])),
            )
        )
    return replace(lowered, schemas=schemas)


_AS_BEFORE = frozenset(("sweep", "script"))
"""Operations of which no column can be left out."""


def _exposed(collected: TableSchema | None) -> TableSchema | None:
    if collected is None:
        return None
    columns = tuple(pair for pair in collected.columns if pair[0] != "bundle")
    return TableSchema(columns, collected.rows)


def _table(schema: TableSchema | None) -> TableSchema:
    assert schema is not None
    return schema


def _new(node: Node, before: TableSchema | None) -> tuple[tuple[str, Typed], ...]:
    tag, pairs = node.attributes.get("new", ["new", []])
    if tag != "new" or before is None:
        return ()
    return tuple((name, Typed(value, of_column(before[name]))) for name, value in pairs)
