"""What a run of a task gets beside its script: its bundle, the tables that answer what it asks for, what is known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from plotter2.datter.bundle import Table, canonical
from plotter2.datter.task_runs import Performance
from plotter2.datter.transfers import Holder
from plotter2.runs.inputs import BoundTable
from plotter2.wire.inputs import LinkProgram, Place


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a table is from that a task reads, claims or drops by its name: the run that exposed it, and whose."""

    run: str
    exposer: Holder


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What goes on between a run of a task and the other runs of the same command.

    `let_go_on` is told the run and what it exposed when it releases. `require_earlier` waits for the runs before it
    that are still at work, calling what it is given now and then, and raises RunError P2-R0651 when one whose tables
    this run read did not end well.
    """

    let_go_on: Callable[[str, Mapping[str, Table]], None] = lambda run, tables: None
    require_earlier: Callable[[Callable[[], None]], None] = lambda keep: None


ALONE = Meanwhile()
"""Of a run that no other one waits for, and that waits for no other one."""


@dataclass(frozen=True, slots=True)
class TaskPlace:
    """The place of one run of a task.

    `tables` are what the task names, `answers` what it asks for by name, `links` the scripts of links among them.
    `held` are the exposed tables that it speaks of, by name, and `receivers` the tasks to which operations hand them.
    `done` is what the store will keep of the run, without its results; `about` is told in pictures and in the record.
    `released` are those of the runs it read from that were still at work.
    """

    place: Place
    tables: tuple[BoundTable, ...]
    answers: tuple[BoundTable, ...]
    links: Mapping[str, LinkProgram]
    done: Performance
    about: Mapping[str, Any] = field(default_factory=dict)
    held: Mapping[str, Origin] = field(default_factory=dict)
    receivers: Mapping[str, Holder] = field(default_factory=dict)
    released: frozenset[str] = frozenset()
    meanwhile: Meanwhile = ALONE


def digest_of_inputs(known: Mapping[str, Any], *tables: BoundTable) -> str:
    """Give the SHA-256 of all that a run reads: values that are known, and tables by their objects."""
    read = [
        [
            table.path,
            [
                [
                    part.bundle_id,
                    part.rows,
                    {name: [c.path.name for c in chunks] for name, chunks in part.columns.items()},
                    part.constants,
                ]
                for part in table.parts
            ],
        ]
        for table in tables
    ]
    return hashlib.sha256(canonical([known, read])).hexdigest()
