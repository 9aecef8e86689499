"""Groups of a file that are bundles of their own, below the bundle that the file belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plotter2.datter.bundle import free_name, slug_path
from plotter2.staging.found import ReadBundle
from plotter2.staging.parts import Planned, Source


def group_below(bundle: ReadBundle, source: Source, group: str) -> ReadBundle:
    """Give a bundle for a group of one of the files of `bundle`, and put it below.

    It is called after its group; when several files have groups, after its file and its group.
    """
    above = bundle.planned
    several = sum(not each.is_one_table for each in above.sources) > 1
    inner = f"{source.table}/{group}" if several and source.table else group
    taken = {below.planned.name or "" for below in bundle.below}
    name = free_name(f"{above.name or above.shown}/{slug_path(inner)}", taken)
    shown = f"{above.shown}/{inner}"
    below = ReadBundle(Planned(name, above.name or "", shown, (), dict(above.params)))
    bundle.below.append(below)
    return below


def with_groups(bundles: Sequence[ReadBundle]) -> list[ReadBundle]:
    """Give the bundles, each before those below it, which came from the same files."""
    return [each for bundle in bundles for each in _with_groups(bundle)]


def _with_groups(bundle: ReadBundle) -> Iterator[ReadBundle]:
    yield bundle
    for below in bundle.below:
        below.files = bundle.files
        yield below
