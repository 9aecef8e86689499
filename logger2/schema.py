"""What a table's columns mean: kind, unit, role, subset and family of each, and against what to draw. Pure.

`infer` guesses from features of one run, `vote` joins the guesses of many; `define` of the experiment overrides both.
Every guess carries a confidence and a reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from logger2 import words
from logger2.definitions import ROLES, Definitions, said_about
from logger2.features import Features, features, features_from
from logger2.identity import Scalar
from logger2.roles import Column, Surroundings, role_of

__all__ = ["ColumnSchema", "Features", "Schema", "features", "features_from", "infer", "vote"]

FORMAT = 1
_X_ROLES = ("step", "time", "coordinate")
_UNKNOWN = Features("number", 0)


@dataclass(frozen=True, slots=True)
class ColumnSchema:
    """What one column means. `subset` and `family` are of metrics: `val/loss` is family `loss`, subset `val`."""

    name: str
    kind: str
    nullable: bool
    unit: str
    role: str
    confidence: float
    why: str
    subset: str = ""
    family: str = ""
    better: str = ""
    x: str = ""
    desc: str = ""


@dataclass(frozen=True)
class Schema:
    """All columns in order; `x` is what series are drawn against ("" if nothing), `other_x` what they could be."""

    columns: tuple[ColumnSchema, ...]
    x: str = ""
    other_x: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> ColumnSchema:
        """Give a column by name; raises KeyError."""
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def _by_name(self) -> dict[str, ColumnSchema]:
        return {column.name: column for column in self.columns}

    def with_role(self, *roles: str) -> tuple[ColumnSchema, ...]:
        """Give the columns that have one of these roles."""
        return tuple(column for column in self.columns if column.role in roles)

    def to_dict(self) -> dict[str, Any]:
        """Give the schema as plain JSON values."""
        return {
            "logger2-schema": FORMAT,
            "columns": [asdict(column) for column in self.columns],
            "x": self.x,
            "other_x": list(self.other_x),
        }


def infer(
    columns: Mapping[str, Features],
    definitions: Definitions | None = None,
    params: Mapping[str, Scalar] | None = None,
    repeat: Iterable[str] = (),
    axes: Iterable[str] = (),
) -> Schema:
    """Guess what the columns of one run's table mean.

    `definitions` are what the experiment said and win over every guess; `params` are the run's parameters, of which
    `repeat` only repeat it and `axes` are varied on purpose. Those that are no columns yet are added as such.
    """
    repeating = frozenset(repeat)
    given = dict.fromkeys(repeating) | dict(params or {})
    said = definitions or {}
    table = Surroundings(
        {name: Column(name, found) for name, found in columns.items()},
        {name: value for name, value in given.items() if name not in repeating},
        repeating,
    )
    guessed = [_guess(column, table, said) for column in table.columns.values()]
    varied = frozenset(axes)
    for name in sorted(given.keys() - columns.keys()):
        guessed.append(_given(name, given[name], name in repeating, name in varied, said))
    complete = _with_implied_subsets(guessed)
    x, other = _x_of(complete, columns)
    return Schema(tuple(complete), x, other)


def vote(schemas: Sequence[Schema]) -> Schema:
    """Join what several runs' tables were taken for: roles by weight of confidence, kinds and nullability by width.

    A column that is constant or empty in some runs and something else in others is the something else.
    """
    by_name: dict[str, list[ColumnSchema]] = {}
    for schema in schemas:
        for column in schema.columns:
            by_name.setdefault(column.name, []).append(column)
    columns = [_joined(found, everywhere=len(found) == len(schemas)) for found in by_name.values()]
    x = _most(schema.x for schema in schemas if schema.x)
    wanted = dict.fromkeys(
        name for schema in schemas for name in (schema.x, *schema.other_x) if name and name != x
    )
    return Schema(tuple(_with_implied_subsets(columns)), x, tuple(wanted))


# ---- one column -----------------------------------------------------------------------------


def _guess(column: Column, table: Surroundings, definitions: Definitions) -> ColumnSchema:
    verdict = role_of(column, table)
    _, unit = words.unit_in(column.name)
    guess = ColumnSchema(
        name=column.name,
        kind=column.features.dtype,
        nullable=column.features.missing > 0,
        unit=unit or ("s" if verdict.role == "time" and column.features.is_numeric else ""),
        role=verdict.role,
        confidence=verdict.confidence,
        why=verdict.why,
    )
    return _defined(guess, definitions)


def _given(
    name: str, value: Scalar, repeats: bool, varied: bool, definitions: Definitions
) -> ColumnSchema:
    if repeats:
        why = "the run names it as what repeats it"
    else:
        why = (
            "a parameter that the experiment varies on purpose"
            if varied
            else "a parameter of the run"
        )
    kind = features([value]).dtype
    role = "repeat" if repeats else "param"
    return _defined(ColumnSchema(name, kind, value is None, "", role, 1.0, why), definitions)


def _defined(guess: ColumnSchema, definitions: Definitions) -> ColumnSchema:
    said = said_about(guess.name, definitions)
    if "role" in said:
        guess = replace(guess, role=said["role"], confidence=1.0, why="the experiment says so")
    if guess.role in ("metric", "uncertainty"):
        subset, family = words.subset_of(words.unit_in(guess.name)[0])
        guess = replace(guess, subset=subset, family=family, better=words.better_of(family))
    return replace(
        guess,
        unit=said.get("unit", guess.unit),
        better=said.get("better", guess.better),
        x=said.get("x", ""),
        desc=said.get("desc", ""),
    )


def _with_implied_subsets(columns: Sequence[ColumnSchema]) -> list[ColumnSchema]:
    """Take `loss` beside `val_loss` for the training loss."""
    families = {column.family for column in columns if column.subset in ("val", "test", "eval")}

    def is_training(column: ColumnSchema) -> bool:
        return column.role == "metric" and not column.subset and column.family in families

    return [
        replace(column, subset="train") if is_training(column) else column for column in columns
    ]


def _x_of(
    columns: Sequence[ColumnSchema], found: Mapping[str, Features]
) -> tuple[str, tuple[str, ...]]:
    """Give the finest step, else a time, else a coordinate, and the others."""
    candidates = [
        column for column in columns if column.role in _X_ROLES and column.kind != "string"
    ]

    def rank(column: ColumnSchema) -> tuple[int, int, float]:
        known = found.get(column.name, _UNKNOWN)
        return _X_ROLES.index(column.role), -known.unique, -(known.maximum or 0)

    ranked = sorted(candidates, key=rank)
    return (ranked[0].name if ranked else ""), tuple(column.name for column in ranked[1:])


# ---- many runs ------------------------------------------------------------------------------


def _joined(found: Sequence[ColumnSchema], *, everywhere: bool) -> ColumnSchema:
    telling = [column for column in found if column.role not in ("constant", "empty")] or list(
        found
    )
    weights: dict[str, float] = {}
    for column in telling:
        weights[column.role] = weights.get(column.role, 0.0) + column.confidence
    role = max(weights, key=lambda r: (weights[r], -ROLES.index(r)))
    best = max((c for c in telling if c.role == role), key=lambda c: c.confidence)
    share = weights[role] / sum(weights.values())
    why = best.why if share == 1 else f"{best.why} (in most of {len(found)} runs)"
    return replace(
        best,
        kind=_widest({column.kind for column in telling if column.role != "empty"} or {best.kind}),
        nullable=not everywhere or any(column.nullable for column in found),
        unit=next((column.unit for column in found if column.unit), ""),
        confidence=round(best.confidence * share, 4),
        why=why,
    )


def _widest(kinds: set[str]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "number" if kinds <= {"int", "number"} else "string"


def _most(values: Iterable[str]) -> str:
    counted = Counter(values)
    return max(counted, key=lambda value: counted[value]) if counted else ""
