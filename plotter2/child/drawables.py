"""Polars columns to what renderkit draws: numbers with NaN for missing, text as codes and levels. One copy each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from plotter2.renderkit.grouping import keyed
from plotter2.renderkit.numbers import level_text
from plotter2.renderkit.view import Column, Factor

NAMING = frozenset(("cluster",))
"""Whole numbers in columns of these names only tell things apart: they are drawn as categories."""


def drawable(column: pl.Series) -> Column:
    """Give a column as renderkit takes it; categories stand in ascending order."""
    if column.dtype == pl.String:
        return _factor(column, column.unique().drop_nulls().sort().to_list())
    if column.dtype == pl.Boolean and column.null_count():
        return _factor(column.cast(pl.String), ["false", "true"])
    if column.name in NAMING and column.dtype == pl.Int64:
        levels = column.unique().drop_nulls().sort().cast(pl.String).to_list()
        return _factor(column.cast(pl.String), levels)
    if column.dtype == pl.Null:
        return np.full(len(column), np.nan)
    return column.to_numpy()


def as_categories(column: Column) -> Factor:
    """Give a column as categories: numbers in rising order, written as labels show them."""
    if isinstance(column, Factor):
        return column
    found = keyed(column)
    return Factor(found.codes, tuple(level_text(level) for level in found.levels))


def drawables(frame: pl.DataFrame) -> dict[str, Column]:
    """Give all columns as renderkit takes them."""
    return {column.name: drawable(column) for column in frame.get_columns()}


def together(frames: Sequence[pl.DataFrame], like: Mapping[str, Column]) -> dict[str, Column]:
    """Give stacked frames with the categories of columns that have the same name in `like`."""
    found = drawables(pl.concat(frames))
    for name, column in found.items():
        known = like.get(name)
        if isinstance(column, Factor) and isinstance(known, Factor):
            places = {level: place for place, level in enumerate(known.levels)}
            table = np.array([*(places[level] for level in column.levels), -1], dtype=np.int32)
            found[name] = Factor(table[column.codes], known.levels)
    return found


def _factor(column: pl.Series, levels: list[str]) -> Factor:
    coded = column.cast(pl.Enum(levels)).to_physical().cast(pl.Int32)
    return Factor(coded.fill_null(-1).to_numpy(), tuple(levels))
