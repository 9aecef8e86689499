"""Arguments that a call may leave out and the columns of the table fill in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from p2lang.ir import Value
from p2lang.semantics.clash import Clash
from p2lang.semantics.films import STATE
from p2lang.signatures import Signature
from p2lang.types import TableSchema


def filled_in(
    signature: Signature, attributes: Mapping[str, Value], flow: TableSchema
) -> dict[str, Value]:
    """Give the attributes that follow from the table when a call leaves them out; raises Clash when none does.

    All numeric columns for `pca` and `scale`, all columns that may be null for `drop_nulls`, the first text column for
    `label`, the column `label` for `colour`, the column `state` for `animate`.
    """
    rule = _FILLED.get(signature.name)
    if rule is None or rule[0] in attributes:
        return {}
    return {rule[0]: rule[1](signature, flow)}


def filled_attribute(signature: Signature) -> str | None:
    """Give the attribute that `filled_in` always fills for an operation."""
    rule = _FILLED.get(signature.name)
    return None if rule is None else rule[0]


def _numeric_columns(signature: Signature, flow: TableSchema) -> Value:
    names = [n for n, t in flow.columns if t.kind in ("int", "number")]
    if not names:
        raise Clash(
            "P2-E0207", f"`{signature.name}` needs numbers, but this table has no numeric column"
        )
    return ["cols", names]


def _nullable_columns(signature: Signature, flow: TableSchema) -> Value:
    return ["cols", [n for n, t in flow.columns if t.nullable]]


def _key_column(signature: Signature, flow: TableSchema) -> Value:
    for kinds in (("string",), ("int",), ("number", "bool", "time", "any")):
        for name, column in flow.columns:
            if column.kind in kinds:
                return ["col", name]
    raise Clash(
        "P2-E0206",
        f"`{signature.name}` needs `by`: this table has no column",
        help="add `by=<column>`",
    )


def _label_column(signature: Signature, flow: TableSchema) -> Value:
    if "label" in flow:
        return ["col", "label"]
    raise Clash(
        "P2-E0206",
        f"`{signature.name}` needs `by`: there is no column `label` here",
        help="add `by=<column>`, or `| label` above `| frame`",
    )


def _state_column(signature: Signature, flow: TableSchema) -> Value:
    if STATE in flow:
        return ["col", STATE]
    raise Clash(
        "P2-E0206",
        f"`{signature.name}` needs `over`: there is no column `{STATE}` here",
        help="add `over=<column>`: the film has one picture for each of its values",
    )


_FILLED: dict[str, tuple[str, Callable[[Signature, TableSchema], Value]]] = {
    "pca": ("cols", _numeric_columns),
    "scale": ("cols", _numeric_columns),
    "drop_nulls": ("cols", _nullable_columns),
    "label": ("by", _key_column),
    "colour": ("by", _label_column),
    "animate": ("over", _state_column),
}
