"""What a program does, as values: drawings, files, exposed tables, requests. Carrying them out is the run's work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from p2lang.verifier import Program, ProgramNode
from p2std.kernels.effects import HandOver, Motion, Redo, Release, Say, Show
from plotter2.child.drawn import Drawable, Report


@dataclass(frozen=True)
class Within:
    """A picture of a step in Python: the few nodes that the step put together, and the step's own node."""

    program: Program
    step: str


@dataclass(frozen=True)
class Drawing:
    """An effect: draw this view or report under this name; with `motion`, as a film.

    `within` is there for what a step in Python draws.
    """

    name: str
    view: Drawable | Report
    node: ProgramNode
    motion: Motion | None = None
    within: Within | None = None


@dataclass(frozen=True)
class Writing:
    """An effect: hand out a table as this file."""

    name: str
    data: bytes
    rows: int
    node: ProgramNode


@dataclass(frozen=True)
class Exposing:
    """An effect: give this table, in the declared columns, to whoever may read it."""

    name: str
    rows: pl.DataFrame
    node: ProgramNode


@dataclass(frozen=True)
class Asking:
    """An effect: ask for an experiment to be run again."""

    redo: Redo
    node: ProgramNode


@dataclass(frozen=True)
class Owning:
    """An effect: change who owns a table, or who may read it, as this operation says."""

    node: ProgramNode


Happening: TypeAlias = (
    Drawing | HandOver | Say | Show | Writing | Exposing | Release | Asking | Owning
)
"""What goes on to the next effect; a GiveUp does not."""
