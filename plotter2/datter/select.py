"""Selectors: from a path such as `experiment2/*` to the bundles and the table it means.

`name` is a bundle's own table, `name/*` its children, `name/**` all below; a further last part
names the table (`name/run7/steps`, `name/*/steps`). It is not needed where every bundle has one
table, whatever it is called, nor for the table `main`. An id or the beginning of one stands for a name.
Only the newest active attempt of a name is meant; older ones, and archived ones, are reached by id.
With `table` beside it a path means bundles, whatever their tables are called.
A name that a bundle had before it was renamed still means it, until another bundle gets the name.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import NoReturn

from plotter2.datter import codes
from plotter2.datter.ids import is_id_prefix
from plotter2.datter.left_out import left_out, note_of
from plotter2.datter.narrowing import EVERYTHING, Narrowing
from plotter2.datter.registry import BundleRow, Registry
from plotter2.datter.selector import Pattern, natural, parsed
from plotter2.errors import DataError

DEFAULT_STREAM = "main"
"""The table that is meant when a bundle has several and none is named."""
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Member:
    """One selected bundle and the table of it that is meant."""

    bundle: BundleRow
    stream: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a selector means: members in natural order of their names, and what was left out."""

    path: str
    members: tuple[Member, ...]
    notes: tuple[str, ...]


def choose(
    registry: Registry, path: str, only: Narrowing = EVERYTHING, table: str | None = None
) -> Chosen:
    """Find the tables that `path` means; with `table` it means bundles, and that is the table of each.

    Raises DataError: P2-D0815 (not a selector), P2-D0810 (unknown, with names that are close),
    P2-D0811 (means two things), P2-D0812 (several tables), P2-D0813 (no such table), P2-D0818
    (no table at all).
    """
    pattern = parsed(path)
    if table is not None and pattern.stream not in (None, table):
        raise _two_tables(path, pattern.stream, table)
    if pattern.depth:
        return _many(registry, path, replace(pattern, stream=table or pattern.stream), only)
    chosen = _one(registry, path) if table is None else _named_table(registry, path, table)
    _require(path, chosen.members[0].bundle, only)
    return chosen


def param_kinds(registry: Registry, path: str) -> dict[str, frozenset[str]]:
    """Give the params of the bundles that `path` means, with the kinds of their values as JSON calls them.

    Raises DataError as `bundles`.
    """
    pattern = parsed(path)
    if not pattern.depth:
        (bundle,) = bundles(registry, path)
        return registry.param_kinds(id=bundle.id)
    named = _named(registry, pattern.base) if pattern.base else None
    base = pattern.base if named is None else named.name
    return registry.param_kinds(below=base, children=pattern.depth == "*")


def bundles(registry: Registry, path: str, only: Narrowing = EVERYTHING) -> tuple[BundleRow, ...]:
    """Find the bundles that `path` means, whether they have tables or not; a table means its bundle.

    Raises DataError as `choose`, but neither P2-D0812 nor P2-D0818.
    """
    pattern = parsed(path)
    if pattern.stream is not None:
        return tuple(member.bundle for member in _many(registry, path, pattern, only).members)
    if pattern.depth:
        return _descendants(registry, path, pattern, only)
    bundle = _named(registry, path) or _owner(registry, path)
    return (bundle or _nothing(registry, path),)


def alias_note(registry: Registry, path: str) -> tuple[str, ...]:
    """Say that a name in use in `path` is a former one, and what it is now; nothing otherwise."""
    base = path.rstrip("/*") if "*" in path else path
    for name in (base, base.rpartition("/")[0]):
        if name and not is_id_prefix(name) and not registry.attempts(name):
            renamed = _renamed(registry, name)
            if renamed:
                return (former_name(name, renamed.name),)
    return ()


def former_name(name: str, now: str) -> str:
    """Give the note for a bundle that was named by a name it had before."""
    return f"{name!r} is a former name; the bundle is called {now!r} now"


def _two_tables(path: str, named: str | None, table: str) -> DataError:
    return DataError(
        codes.AMBIGUOUS,
        f"{path!r} names the table {named!r}, and {table!r} is named beside it",
        where=path,
        help="name one of them, once",
    )


# ------------------------------------------------------------ one bundle
def _one(registry: Registry, path: str) -> Chosen:
    bundle = _named(registry, path)
    base, _, stream = path.rpartition("/")
    owner = _owner(registry, path)
    if bundle is not None and owner is not None:
        raise DataError(
            codes.AMBIGUOUS,
            f"{path!r} is a bundle and also the table {stream!r} of {base!r}",
            where=path,
            help=f"for the table write {base!r} with table={stream!r} beside it, for the bundle its id"
            f" {bundle.id} or {path!r} with one of its tables; rename one of the two for good",
        )
    if owner is not None:
        return Chosen(path, (Member(owner, stream),), alias_note(registry, path))
    if bundle is None:
        if archived := _archived(registry, path):
            raise archived
        parent = _named(registry, base) if base else None
        if parent is not None:
            raise _no_stream(path, stream, registry.streams_of([parent.id])[parent.id])
        _nothing(registry, path)
    chosen = _stream_for(path, registry.streams_of([bundle.id])[bundle.id])
    if chosen is None:
        raise _no_table(registry, path, bundle)
    return Chosen(path, (Member(bundle, chosen),), alias_note(registry, path))


def _named_table(registry: Registry, path: str, table: str) -> Chosen:
    """Give the table of one bundle, both named for themselves."""
    bundle = _named(registry, path) or _nothing(registry, path)
    streams = registry.streams_of([bundle.id])[bundle.id]
    if table not in streams:
        raise _lacks_table(path, table, streams)
    return Chosen(path, (Member(bundle, table),), alias_note(registry, path))


def _lacks_table(path: str, table: str, streams: dict[str, int]) -> DataError:
    close = difflib.get_close_matches(table, streams, n=1)
    there = f"there are {_listed(sorted(streams))}" if streams else "it has no tables of its own"
    return DataError(
        codes.UNKNOWN_TABLE,
        f"{path!r} has no table {table!r}"
        if "*" not in path
        else f"no bundle in {path!r} has a table {table!r}",
        where=path,
        help=f"did you mean {close[0]!r}?" if close else there,
    )


def _require(path: str, bundle: BundleRow, only: Narrowing) -> None:
    if not only.fits(bundle.params, bundle.created):
        raise DataError(
            codes.NOTHING_LEFT,
            f"the bundle {path!r} does not fulfil the conditions",
            where=path,
            help=f"plotter2 show {path} tells its params and when it was added",
        )


def _owner(registry: Registry, path: str) -> BundleRow | None:
    """Find the bundle whose table is named by the last part of `path`."""
    base, _, stream = path.rpartition("/")
    owner = _named(registry, base) if base else None
    has_it = owner is not None and stream in registry.streams_of([owner.id])[owner.id]
    return owner if has_it else None


def _named(registry: Registry, path: str) -> BundleRow | None:
    attempts = registry.attempts(path)
    active = [b for b in attempts if b.state == "active"]
    if active:
        return active[0]
    if not is_id_prefix(path):
        return None if attempts else _renamed(registry, path)
    found = registry.with_id_prefix(path.upper())
    if len(found) > 1:
        raise DataError(
            codes.AMBIGUOUS,
            f"{path!r} is the beginning of {len(found)} ids: "
            + _listed([f"{b.id} ({b.name})" for b in found]),
            where=path,
            help="write more characters of the id",
        )
    return found[0] if found else None


def _renamed(registry: Registry, name: str) -> BundleRow | None:
    """Find the bundle that had this name before it was renamed, unless it is archived by now."""
    change = registry.formerly(name)
    row = registry.bundle(change.bundle) if change else None
    if row is None:
        return None
    return next((b for b in registry.attempts(row.name) if b.state == "active"), None)


def _archived(registry: Registry, path: str) -> DataError | None:
    change = registry.formerly(path)
    row = next(iter(registry.attempts(path)), None) or (
        registry.bundle(change.bundle) if change else None
    )
    if row is None:
        return None
    return DataError(
        codes.ARCHIVED,
        f"the bundle {row.name!r} is archived",
        where=path,
        help=f"bring it back with: plotter2 archive --undo {row.name}; or name its id {row.id}",
    )


def _nothing(registry: Registry, path: str) -> NoReturn:
    archived = _archived(registry, path)
    if archived is not None:
        raise archived
    lacking = registry.left_out.all()
    for each in lacking:
        if path == each.name or (is_id_prefix(path) and each.bundle.startswith(path.upper())):
            raise left_out(each.called, path)
    names = registry.names()
    if not names and not lacking:
        raise DataError(
            codes.UNKNOWN_BUNDLE,
            f"there is no bundle {path!r}: the store is empty",
            where=path,
            help="bring output in with: plotter2 add PATH; plotter2 ls --archived shows what is archived",
        )
    close = difflib.get_close_matches(path, names, n=3, cutoff=0.6)
    if not close:
        last = path.rpartition("/")[2]
        close = sorted(n for n in names if n.rpartition("/")[2] == last)[:3]
    out = "; some are left out until they are mended: plotter2 fsck" if lacking else ""
    raise DataError(
        codes.UNKNOWN_BUNDLE,
        f"there is no bundle {path!r}",
        where=path,
        help=(
            f"did you mean {_listed([repr(n) for n in close], 'or')}?"
            if close
            else "plotter2 ls lists the bundles there are"
        )
        + out,
    )


def _stream_for(path: str, streams: dict[str, int]) -> str | None:
    if not streams:
        return None
    if len(streams) == 1:
        return next(iter(streams))
    if DEFAULT_STREAM in streams:
        return DEFAULT_STREAM
    names = sorted(streams)
    raise DataError(
        codes.WHICH_TABLE,
        f"{path!r} has {len(names)} tables: {_listed(names)}",
        where=path,
        help=f"name the one that is meant, for example {path + '/' + names[0]!r}",
    )


def _no_stream(path: str, stream: str, streams: dict[str, int]) -> DataError:
    close = difflib.get_close_matches(stream, streams, n=1)
    there = f"it has {_listed(sorted(streams))}" if streams else "it has no tables of its own"
    return DataError(
        codes.UNKNOWN_TABLE if streams else codes.UNKNOWN_BUNDLE,
        f"there is no bundle {path!r} and no table {stream!r} in the bundle around it",
        where=path,
        help=f"did you mean {path.removesuffix(stream) + close[0]!r}?" if close else there,
    )


def _no_table(registry: Registry, path: str, bundle: BundleRow) -> DataError:
    return DataError(
        codes.NO_TABLE,
        f"the bundle {bundle.name!r} has no table of its own",
        where=path,
        help=_deeper(registry, bundle.name) or "select another bundle; plotter2 show lists them",
    )


def _deeper(registry: Registry, base: str) -> str:
    """Say how the bundles below `base` that hold tables are selected; nothing when none does."""
    below = registry.below(base)
    streams = registry.streams_of([bundle.id for bundle in below])
    parents = sorted({b.name.rpartition("/")[0] for b in below if streams[b.id]}, key=natural)
    if not parents:
        return ""
    if len(parents) == 1:
        return f"the bundles inside are selected with {parents[0] + '/*'!r}"
    shown = _listed([repr(f"{parent}/*") for parent in parents], "or")
    return f"the bundles inside are selected with {shown}"


# ------------------------------------------------------------ several bundles
def _many(registry: Registry, path: str, pattern: Pattern, only: Narrowing) -> Chosen:
    found = _descendants(registry, path, pattern, only)
    streams = registry.streams_of([bundle.id for bundle in found])
    holding = [bundle for bundle in found if streams[bundle.id]]
    if not holding:
        raise DataError(
            codes.NO_TABLE,
            f"no bundle in {path!r} has a table of its own",
            where=path,
            help=_deeper(registry, pattern.base) or "plotter2 show lists what the bundles hold",
        )
    if pattern.stream is None and all(len(streams[b.id]) == 1 for b in holding):
        chosen = tuple(Member(b, next(iter(streams[b.id]))) for b in holding)
        return Chosen(path, chosen, _notes(registry, path))
    stream = pattern.stream or _common_stream(path, [streams[b.id] for b in holding])
    members = tuple(Member(b, stream) for b in holding if stream in streams[b.id])
    if not members:
        every = {name for of_bundle in streams.values() for name in of_bundle}
        raise _lacks_table(path, stream, dict.fromkeys(every, 0))
    without = [b.run for b in holding if stream not in streams[b.id]]
    note = f"{len(without)} without the table {stream!r} left out: {_listed(without)}"
    notes = _notes(registry, path)
    return Chosen(path, members, (*notes, note) if without else notes)


def _notes(registry: Registry, path: str) -> tuple[str, ...]:
    """Give what a person should know of a selector of several bundles."""
    return (*alias_note(registry, path), *note_of(registry.left_out.all()))


def _descendants(
    registry: Registry, path: str, pattern: Pattern, only: Narrowing
) -> tuple[BundleRow, ...]:
    base = pattern.base
    named = _named(registry, base) if base else None
    if named is not None:
        base = named.name
    found = registry.below(base, only)
    if pattern.depth == "*":
        depth = base.count("/") + 1 if base else 0
        found = tuple(b for b in found if b.name.count("/") == depth)
    if not found and only and (all_of := _descendants(registry, path, pattern, EVERYTHING)):
        raise DataError(
            codes.NOTHING_LEFT,
            f"none of the {len(all_of)} bundles in {path!r} fulfils the conditions",
            where=path,
            help=f"ask for other values; plotter2 ls '{path}' lists the bundles with their params",
        )
    if not found and named is None:
        _nothing(registry, base or path)
    if not found:
        raise DataError(
            codes.UNKNOWN_BUNDLE,
            f"the bundle {base!r} has no bundles below it",
            where=path,
            help=f"its own table is selected with {base!r}",
        )
    return tuple(sorted(found, key=lambda b: natural(b.name)))


def _common_stream(path: str, streams: list[dict[str, int]]) -> str:
    every = sorted({name for of_bundle in streams for name in of_bundle})
    if DEFAULT_STREAM in every:
        return DEFAULT_STREAM
    raise DataError(
        codes.WHICH_TABLE,
        f"the bundles in {path!r} have {len(every)} tables: {_listed(every)}",
        where=path,
        help=f"name the one that is meant, for example {path + '/' + every[0]!r}",
    )


def _listed(words: list[str], last: str = "and") -> str:
    if len(words) > _SHOWN:
        words = [*words[:_SHOWN], f"{len(words) - _SHOWN} more"]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
