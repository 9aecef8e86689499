"""Stores that several benches measure on."""

from __future__ import annotations

import numpy as np
import polars as pl

from plotter2.child.arrow import arrow_file
from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Chunk, Column, Table
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.store import Store


def add_points(store: Store, names: str, rows: int) -> None:
    """Add the bundle `points`: a column of random numbers for each letter of `names`, the same ones every time."""
    random = np.random.default_rng(1)
    with store.adding() as adding:
        columns = []
        for name in names:
            digest, size = adding.put(arrow_file(pl.Series(name, random.normal(size=rows))))
            chunk = Chunk(digest=digest, bytes=size, rows=rows)
            columns.append(Column(name=name, kind="number", chunks=(chunk,)))
        table = Table(rows=rows, columns=tuple(columns))
        adding.commit([Draft("points", tables={"main": table})], PATIENCE_S)
