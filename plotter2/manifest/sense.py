"""What the parts of a manifest must be to each other: nothing twice, nothing that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from typing import TypeAlias

from plotter2.manifest import codes
from plotter2.manifest.mistakes import Mistake, at_key, at_place, quoted
from plotter2.manifest.model import (
    ArrayFile,
    Content,
    Enclosed,
    Manifest,
    ManifestV2,
    OtherFiles,
    ParamsFile,
    RecordedRun,
    TableFile,
)
from plotter2.manifest.names import folded, folders_above
from plotter2.manifest.walking import (
    format_of,
    is_run,
    kept_path,
    paths_of,
    shared_paths_of,
    table_name,
    walk,
)

MOST_LEVELS = 12
"""So deep may bundles lie inside each other."""
_Seen: TypeAlias = dict[str, str]


def senses(manifest: Manifest) -> Iterator[Mistake]:
    """Give what does not go together in a manifest whose single values are all right."""
    yield from _moment(manifest)
    ids: _Seen = {}
    used: _Seen = {}
    for place in walk(manifest):
        if place.level > MOST_LEVELS:
            yield _disagree(
                f"bundles lie more than {MOST_LEVELS} levels inside each other", place.path,
                "pack the inner ones on their own",
            )  # fmt: skip
            continue
        yield from _once(ids, place.bundle.id, at_key(place.path, "id"), "the id")
        yield from _contents(place.path, place.bundle, used)
    if isinstance(manifest, ManifestV2):
        yield from _scripts(manifest, used)
    yield from _coordinates(manifest, used)
    yield from _cargo(manifest, used)


def _moment(manifest: Manifest) -> Iterator[Mistake]:
    for name, read in (("date", date.fromisoformat), ("time", time.fromisoformat)):
        try:
            read(getattr(manifest, name)[:15])
        except ValueError:
            yield Mistake(
                codes.BAD_VALUE, f"there is no {name} {getattr(manifest, name)}", f"$.{name}",
                "write it like 2026-11-24" if name == "date" else "write it like 13:05:00",
            )  # fmt: skip


def _contents(path: str, bundle: Manifest | Enclosed, used: _Seen) -> Iterator[Mistake]:
    tables: _Seen = {}
    inside: _Seen = {}
    kept: _Seen = {}
    arrays: _Seen = {}
    for place, item in enumerate(bundle.contains):
        here = at_place(at_key(path, "contains"), place)
        for file in paths_of(item):
            yield from _once(used, file, here, "the file")
        called = kept_path(item)
        if called is not None:
            yield from _once(kept, called, here, "the path in the bundle")
        elif isinstance(item, str | TableFile):
            yield from _table(item, here, tables)
        elif isinstance(item, OtherFiles):
            yield from _other(item, here, tables)
        elif isinstance(item, ArrayFile):
            yield from _once(arrays, item.name, at_key(here, "name"), "the array")
        elif isinstance(item, Enclosed):
            yield from _enclosed(item, here, inside)
    if sum(isinstance(item, ParamsFile) for item in bundle.contains) > 1:
        yield _disagree("a bundle has two files with params", path, "keep one of them")
    yield from _cases(kept)
    yield from _cases(arrays)
    runs = [item for item in bundle.contains if is_run(item)]
    yield from _runs(path, bundle, runs) if runs else _schema(path, bundle, tables)


def _coordinates(manifest: Manifest, used: _Seen) -> Iterator[Mistake]:
    """Arrays share the coordinates of their axes; these are nothing else."""
    shared: _Seen = {}
    for place in walk(manifest):
        for number, item in enumerate(place.bundle.contains):
            here = at_key(at_place(at_key(place.path, "contains"), number), "axes")
            for file in shared_paths_of(item):
                if file not in shared:
                    yield from _once(used, file, here, "the file")
                    shared[file] = here


def _runs(path: str, bundle: Manifest | Enclosed, runs: list[Content]) -> Iterator[Mistake]:
    others = [i for i in bundle.contains if kept_path(i) is None and not isinstance(i, ArrayFile)]
    if len(others) > 1:
        yield _disagree(
            "a recorded run is a bundle of its own, and here is more beside it",
            path,
            'put each run alone into a {"kind": "bundle", "contains": [...]}',
        )
    for run in runs:
        names: _Seen = {}
        for file in paths_of(run) if isinstance(run, RecordedRun) else ():
            yield from _once(names, file.rpartition("/")[2], path, "in a recorded run the file")


def _schema(path: str, bundle: Manifest | Enclosed, tables: _Seen) -> Iterator[Mistake]:
    for name in bundle.schema:
        if name not in tables:
            yield _disagree(
                f"there is no table {quoted(name)} in this bundle",
                at_key(at_key(path, "schema"), name),
                f"its tables are: {', '.join(tables) or 'none'}",
            )


def _table(item: str | TableFile, path: str, tables: _Seen) -> Iterator[Mistake]:
    yield from _once(tables, table_name(item), path, "the table")
    form = format_of(item)
    files = paths_of(item)
    if form is None:
        yield _disagree(
            f"nothing says how the table {quoted(table_name(item))} is to be read", path,
            'give it a "format": csv, tsv, jsonl or arrow',
        )  # fmt: skip
    elif form != "arrow" and len(files) != 1:
        yield _disagree(
            f"a table in the format {form} is one file, not {len(files)}", path,
            "make one table for each file",
        )  # fmt: skip


def _other(item: OtherFiles, path: str, tables: _Seen) -> Iterator[Mistake]:
    if is_run(item) and item.name is not None:
        yield _disagree(
            f"a run of {item.format} says its own name", at_key(path, "name"), "leave out the name"
        )
    elif not is_run(item) and item.name is None:
        yield _disagree("nothing says what its tables are called", path, 'give it a "name"')
    yield from _once(tables, item.name, path, "the table")
    several = item.format in ("events", "mlflow")
    if not several and len(item.files) != 1:
        yield _disagree(
            f"{item.format} is read from one file, not {len(item.files)}", path,
            "make one entry for each file",
        )  # fmt: skip
    if len(item.names) != (len(item.files) if several else 0):
        yield _disagree(
            f"{len(item.names)} names do not go with {len(item.files)} files", at_key(path, "names"),
            "say under names what each of the files is called within its run"
            if several
            else "leave out the names",
        )  # fmt: skip


def _enclosed(item: Enclosed, path: str, inside: _Seen) -> Iterator[Mistake]:
    if item.name is not None:
        numbered = item.name if item.attempt is None else f"{item.name} (attempt {item.attempt})"
        yield from _once(inside, numbered, at_key(path, "name"), "the bundle")
    elif not any(is_run(inner) for inner in item.contains):
        yield _disagree(
            "this bundle has no name", path, "give it a name; only a recorded run says its own"
        )


def _scripts(manifest: ManifestV2, used: _Seen) -> Iterator[Mistake]:
    bundles = {place.name for place in walk(manifest)}
    for number, script in enumerate(manifest.scripts):
        path = at_place("$.scripts", number)
        for key in ("file", "sidecar"):
            yield from _once(used, getattr(script, key), at_key(path, key), "the file")
        if script.lock is not None:  # scripts share one
            used.setdefault(script.lock, at_key(path, "lock"))
        if script.bundle is not None and script.bundle not in bundles:
            yield _disagree(
                f"there is no bundle {quoted(script.bundle)} in this package", at_key(path, "bundle"),
                f"its bundles are: {', '.join(sorted(bundles - {''})) or 'none'}",
            )  # fmt: skip
    files = {script.file for script in manifest.scripts}
    for number, plot in enumerate(manifest.plots):
        if plot.script not in files:
            yield _disagree(
                f"no script of this package is {quoted(plot.script)}",
                at_key(at_place("$.plots", number), "script"),
                "list it under scripts, with its sidecar",
            )


def _cargo(manifest: Manifest, used: _Seen) -> Iterator[Mistake]:
    """Digests are for all files or for none, and no two paths are one on a system that tells no cases apart."""
    files = (*used, *(f for f in manifest.digests if f not in used))
    yield from _cases({file: used.get(file) or at_key("$.digests", file) for file in files})
    if manifest.digests:
        for file, path in used.items():
            if file not in manifest.digests:
                yield _disagree(
                    f"{quoted(file)} has no digest", path, "add it to digests; plotter2 pack does"
                )


def _cases(files: _Seen) -> Iterator[Mistake]:
    """No path holds what cannot be seen, and no two are one on a system that tells no cases apart."""
    cases: dict[str, str] = {}
    for file, path in files.items():
        if not file.isprintable():
            yield Mistake(
                codes.BAD_NAME,
                f"{quoted(file)} holds characters that cannot be seen",
                path,
                "rename the file",
            )
        other = cases.setdefault(folded(file), file)
        if other != file:
            yield Mistake(
                codes.BAD_NAME, f"{quoted(file)} and {quoted(other)} are one file on some systems", path,
                "rename one of them",
            )  # fmt: skip
        for above in folders_above(folded(file)):
            if above in cases:
                yield Mistake(
                    codes.BAD_NAME, f"{quoted(cases[above])} is a file and cannot hold {quoted(file)}", path,
                    "rename one of them",
                )  # fmt: skip


def _once(seen: _Seen, value: str | None, path: str, what: str) -> Iterator[Mistake]:
    if value is None:
        return
    if value in seen:
        yield Mistake(
            codes.BAD_NAME, f"{what} {quoted(value)} is there twice, first at {seen[value]}", path,
            "keep one of the two, or give it another name",
        )  # fmt: skip
    else:
        seen[value] = path


def _disagree(message: str, path: str, help: str) -> Mistake:
    return Mistake(codes.DISAGREES, message, path, help)
