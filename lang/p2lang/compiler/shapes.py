"""The shapes of tables after columns were left out: worked out anew, as the verifier will."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from p2lang.compiler.lowering import Lowered
from p2lang.ir import Node
from p2lang.semantics.bounds import Bounds
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
        bundle = bundles[node.attributes["path"][1]] if reads_bundle(signature) else None
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
            )
        )
    return replace(lowered, schemas=schemas)


def _table(schema: TableSchema | None) -> TableSchema:
    assert schema is not None
    return schema


def _new(node: Node, before: TableSchema | None) -> tuple[tuple[str, Typed], ...]:
    tag, pairs = node.attributes.get("new", ["new", []])
    if tag != "new" or before is None:
        return ()
    return tuple((name, Typed(value, of_column(before[name]))) for name, value in pairs)
