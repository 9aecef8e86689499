"""Files that a reader does not survive: found by having each read alone, so that they cost nobody the others.

A child that ends without an answer does not say over which file. Whatever lets even a child of its own end for memory,
time or a fault of a library cannot be read; all the rest is read together again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from plotter2.errors import HostError
from plotter2.staging.found import Unread
from plotter2.staging.parts import RECORDED, Planned, Source
from plotter2.wire import codes

TOO_SLOW: Final = frozenset({codes.WALL_LIMIT, codes.CPU_LIMIT})
TOO_MUCH: Final = frozenset(
    {codes.OUTPUT_LIMIT, codes.TOO_MANY_MESSAGES, codes.MEMORY_LIMIT, codes.CHILD_DIED}
)
PERHAPS_ONE_OF_THEM: Final = TOO_SLOW | TOO_MUCH
"""Errors of a child that one of its files may be to blame for."""


def without_deadly(
    planned: Planned, error: HostError, read: Callable[[Planned], None]
) -> tuple[Planned, list[Unread]]:
    """Give a bundle over which a reader ended without the files that a child of their own does not survive, and these.

    `read` has a bundle read for nothing but the error. Raises `error` when each can be read alone, or when it was over
    a share of a table, which is nothing without the others.
    """
    units = _units(planned)
    if not all(source.whole for source in chain(*units)):
        raise error
    found = [(units[0], error)] if len(units) == 1 else _deadly(planned, units, read)
    if not found:
        raise error
    gone = {source for unit, _ in found for source in unit}
    rest = tuple(source for source in planned.sources if source not in gone)
    return replace(planned, sources=rest), [_unread(planned, *one) for one in found]


def _units(planned: Planned) -> list[tuple[Source, ...]]:
    """Give the sources that are read by themselves, and those that are one recorded run together."""
    run = tuple(source for source in planned.sources if source.format in RECORDED)
    others: list[tuple[Source, ...]] = [
        (source,) for source in planned.sources if source.format not in RECORDED
    ]
    return [run, *others] if run else others


def _deadly(
    planned: Planned, units: Sequence[tuple[Source, ...]], read: Callable[[Planned], None]
) -> list[tuple[tuple[Source, ...], HostError]]:
    found: list[tuple[tuple[Source, ...], HostError]] = []
    for unit in units:
        try:
            read(replace(planned, sources=unit))
        except HostError as error:
            if error.code not in PERHAPS_ONE_OF_THEM:
                raise
            found.append((unit, error))
    return found


def _unread(planned: Planned, unit: Sequence[Source], error: HostError) -> Unread:
    name = planned.shown if unit[0].format in RECORDED else unit[0].name
    error.where = name
    return Unread(name, tuple(unit), error.code, error.message, name, error.help, error)
