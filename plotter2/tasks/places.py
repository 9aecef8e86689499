"""What a path in an attached script means: first something of its bundle, then a selector of the store.

"weights" or "weights.csv" is the bundle's own table `weights`; "sub/weights" is below the bundle; anything else is
looked up from the root, as `access` does everywhere.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence

from p2lang.check import Schemas, UnusableBundle
from p2lang.semantics.selection import Selection
from p2lang.types import ColumnType, TableSchema
from plotter2.datter import codes
from plotter2.datter.bundle import slug
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.runs.compiling import NOT_ONE_TABLE, quoted
from plotter2.runs.selecting import settled

_ENDING = re.compile(
    r"\.(?:csv|tsv|txt|jsonl|ndjson|json|parquet|npz|npy)(?:\.gz)?\Z", re.IGNORECASE
)
_NOT_HERE = frozenset({codes.UNKNOWN_BUNDLE, codes.UNKNOWN_TABLE, codes.BAD_NAME})


def one_bundle(store: Store, path: str) -> BundleRow:
    """Give the one bundle that `path` means. Raises DataError: P2-D0810 (unknown), P2-D0815 (several)."""
    found = store.find(path)
    if len(found) > 1 or "*" in path:
        raise DataError(
            codes.BAD_NAME,
            f"{path!r} means several bundles",
            where=path,
            help=f"name one of them, for example {found[0].name!r}",
        )
    return found[0]


def selector_of(store: Store, bundle: BundleRow, path: str) -> str:
    """Give the selector that a path of a script attached to `bundle` means.

    Raises DataError: P2-D0810 when nothing fits, or what is wrong with what does.
    """
    spellings = list(dict.fromkeys((path, _without_ending(path))))
    streams = store.streams(bundle)
    for spelling in spellings:
        if spelling in streams:
            return f"{bundle.id}/{spelling}"
    for candidate in (*(f"{bundle.name}/{each}" for each in spellings), *spellings):
        if _means_something(store, candidate):
            return candidate
    archived = _archived_in(store, (f"{bundle.name}/{path}", path))
    if archived is not None:
        raise archived
    has = f"has the tables {', '.join(streams)}" if streams else "has no tables of its own"
    close = difflib.get_close_matches(_without_ending(path), streams, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    raise DataError(
        codes.UNKNOWN_BUNDLE,
        f"{path!r} is no table of {bundle.name!r}, nothing below it, and no bundle of the store",
        where=path,
        help=f"{meant}{bundle.name!r} {has}; plotter2 ls lists the bundles",
    )


def origin_of(store: Store, bundle: BundleRow, path: str) -> str:
    """Give the id of the one bundle that a path reads, "" when it may read several. Raises DataError."""
    if "*" in path:
        return ""
    (part,) = store.describe(selector_of(store, bundle, path)).parts
    return part.bundle.id


def schemas_at(
    store: Store, bundle: BundleRow, names: Sequence[str], exposed: Mapping[str, TableSchema]
) -> Schemas:
    """Give the tables that a script attached to `bundle` may name, as the checker asks for them.

    `names` are those of all bundles; `exposed` are tables that tasks of the script itself expose: such a name means
    nothing else.
    """
    choose = _choosing(store, bundle, exposed)
    return Schemas(
        lambda path: choose(Selection(path)),
        (*store.streams(bundle), *names),
        choose,
        _params(store, bundle),
        _tables(store, bundle),
    )


def _choosing(
    store: Store, bundle: BundleRow, exposed: Mapping[str, TableSchema]
) -> Callable[[Selection], TableSchema | None]:
    def choose(selected: Selection) -> TableSchema | None:
        if selected.path in exposed:
            return exposed[selected.path]
        try:
            selector = selector_of(store, bundle, selected.path)
            return store.schema_of(selector, settled(selected), selected.table)
        except DataError as error:
            if error.code in NOT_ONE_TABLE or error.code in _NOT_HERE:
                chosen = error.code == codes.NOTHING_LEFT
                message, help = quoted(error.message), quoted(error.help)
                raise UnusableBundle(message, help, chosen=chosen) from error
            raise

    return choose


def _params(store: Store, bundle: BundleRow) -> Callable[[str], Mapping[str, ColumnType] | None]:
    def params(path: str) -> Mapping[str, ColumnType] | None:
        try:
            return store.params_of(selector_of(store, bundle, path))
        except DataError:
            return None  # whoever asks for the shape of what the path names is told why

    return params


def _tables(store: Store, bundle: BundleRow) -> Callable[[str], tuple[str, ...]]:
    def tables(path: str) -> tuple[str, ...]:
        try:
            return store.tables_at(selector_of(store, bundle, path))
        except DataError:
            return ()

    return tables


def _archived_in(store: Store, paths: Sequence[str]) -> DataError | None:
    """Give the refusal for a path that meant a bundle, or a table of one, which is archived by now."""
    for path in paths:
        for name in (path, path.rpartition("/")[0]):
            try:
                if name:
                    store.find(name)
            except DataError as error:
                if error.code == codes.ARCHIVED:
                    return error
    return None


def _means_something(store: Store, path: str) -> bool:
    try:
        store.find(path)
    except DataError as error:
        if error.code in _NOT_HERE:
            return False
        raise
    return True


def _without_ending(path: str) -> str:
    """Give a path as the store would have called a file's table: `sub/Weights.csv` is `sub/weights`."""
    base, slash, last = path.rpartition("/")
    stem = _ENDING.sub("", last)
    return path if stem == last else f"{base}{slash}{slug(stem)}"
