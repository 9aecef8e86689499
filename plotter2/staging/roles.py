"""Roles and units of a table's columns, inferred from the features that the reader sent; no value is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from logger2.identity import Scalar
from logger2.schema import Schema, features_from, infer
from plotter2.errors import DataError
from plotter2.staging import codes
from plotter2.staging.found import ReadColumn, ReadTable

_UNIT_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Background:
    """What is known of a run beside its table: params, which of them repeat or are axes, definitions."""

    params: Mapping[str, Scalar] = field(default_factory=dict)
    repeat: Iterable[str] = ()
    axes: Iterable[str] = ()
    definitions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def roles_of(table: ReadTable, known: Background) -> Schema:
    """Give what each column means; what a person defined counts more than what can be inferred.

    Raises DataError (P2-D0837) when the reader sent features that cannot be.
    """
    try:
        features = {
            column.name: features_from(_kind(column), table.rows, column.features)
            for column in table.columns.values()
        }
    except ValueError as error:
        raise DataError(
            codes.ANSWER_BROKEN,
            f"the reader's answer does not fit together: {error}",
            help="nothing was stored; try again, and if it stays so, report it with the file",
        ) from None
    return infer(features, known.definitions, known.params, known.repeat, known.axes)


def unit_of(column: ReadColumn, inferred: str) -> str:
    """Give the unit that was recorded with a column, else the inferred one, as a type can show it."""
    unit = str(column.features.get("unit") or inferred).strip()
    shown = "".join(c for c in unit if c.isprintable() and c not in "[]")
    return shown[:_UNIT_CHARACTERS]


def _kind(column: ReadColumn) -> str:
    return "number" if column.kind == "null" else column.kind
