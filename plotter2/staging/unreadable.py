"""Files that no reader could read: kept as they are where that is asked for, else all of them are refused at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from plotter2.datter.holdings import Paths
from plotter2.errors import DataError, HostError
from plotter2.staging import codes
from plotter2.staging.found import ReadBundle, Unread
from plotter2.staging.loose import Taking, check_room, free_path
from plotter2.staging.parts import KeptFile, Part
from plotter2.staging.sources import MOST_COPIED, size_of_part

_NAMED = 100
"""So many files are named in a refusal."""
_REMEDY = "or have what cannot be read kept as it is, beside the rest: plotter2 add --files PATH"


def settle(found: Sequence[ReadBundle], taking: Taking) -> None:
    """Have the bundles keep the files of theirs that could not be read, each with a note that says why.

    Raises DataError when `taking` does not ask for that: with the code of the one file, P2-D0928 for several; HostError
    for one that no reader survived. P2-D0926 when they are too much to keep.
    """
    unread = [each for bundle in found for each in bundle.unread]
    if unread and not taking.keep:
        raise _refusal(unread)
    for bundle in found:
        if bundle.unread:
            _keep(bundle, taking)


def _keep(bundle: ReadBundle, taking: Taking) -> None:
    planned = bundle.planned
    there = Paths()
    for file in planned.files:
        there.add(file.path)
    kept = list(planned.files)
    for each in bundle.unread:
        why = f"{each.message} [{each.code}]"
        for part in (part for source in each.sources for part in source.parts):
            if size_of_part(part, MOST_COPIED) > taking.largest:
                bundle.notes.append(f"{part.name} is left alone, it is too large to be kept: {why}")
                continue
            inside = part.name.removeprefix(f"{planned.shown}/")
            path = free_path(inside if inside != part.name else _last(part), there)
            kept.append(KeptFile(part, path))
        said = why if each.name in why else f"{each.name}: {why}"
        bundle.notes.append(f"kept as a file, as it cannot be read: {said}")
    sizes = [size_of_part(file.part, MOST_COPIED) for file in kept]
    check_room(planned.shown, len(kept), sum(sizes), taking)
    gone = {source for each in bundle.unread for source in each.sources}
    sources = tuple(source for source in planned.sources if source not in gone)
    names = {source.name for source in gone}
    bundle.files = [file for file in bundle.files if file.name not in names]
    bundle.planned = replace(planned, sources=sources, files=tuple(kept))


def _last(part: Part) -> str:
    return part.name.rpartition("/")[2]


def _refusal(unread: Sequence[Unread]) -> DataError | HostError:
    if len(unread) == 1:
        (one,) = unread
        help_ = f"{one.help}; {_REMEDY}" if one.help else _REMEDY.removeprefix("or ")
        if one.ended_with is not None:
            one.ended_with.help = help_
            return one.ended_with
        return DataError(one.code, one.message, where=one.where or one.name, help=help_)
    named = [f"{each.name} [{each.code}]" for each in unread[:_NAMED]]
    reasons = [each.message for each in unread[:_NAMED]]
    if len(unread) > _NAMED:
        more = f"and {len(unread) - _NAMED} more"
        named.append(more)
        reasons.append(more)
    return DataError(
        codes.SEVERAL_UNREADABLE,
        f"{len(unread)} files cannot be read: {', '.join(named)}",
        where=unread[0].name,
        help=f"mend them, or take them out of the folder, {_REMEDY}",
        note="\n".join(reasons),
    )
