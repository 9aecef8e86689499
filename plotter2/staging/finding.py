"""Finding what a path holds: names of files and folders only, no file is opened.

A folder with `run.json` and segments is a recorded run, and so is what a tracker recorded (`trackers`).
Any other folder is a bundle with one table per file with a known ending, and its subfolders with such files or
runs are the bundles below it; other files are kept as they are by the nearest bundle around them. Links and hidden
names are left alone. A package (`packages`) says itself what it holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from logger2.identity import Scalar
from logger2.runfile import RUN_FILE
from plotter2.datter.bundle import free_name, slug
from plotter2.datter.select import DEFAULT_STREAM
from plotter2.errors import DataError, ExitCode
from plotter2.staging import codes
from plotter2.staging.grounds import shown
from plotter2.staging.loose import AS_SET, Taking, chosen
from plotter2.staging.packages import is_package, planned_package
from plotter2.staging.parts import KeptFile, Part, Plan, Planned, Source
from plotter2.staging.tokens import params_in
from plotter2.staging.trackers import event_files, is_event_file, is_experiment_of_runs, tracked_run
from plotter2.wire.messages import FileFormat

_BY_ENDING: dict[str, FileFormat] = {
    ".l2.jsonl": "l2", ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".arrows": "arrow",
    ".feather": "arrow", ".ipc": "arrow", ".npy": "npy", ".npz": "npz", ".h5": "hdf5", ".hdf5": "hdf5",
    ".hdf": "hdf5", ".nc": "hdf5", ".wandb": "wandb", ".sqlite": "sqlite",
    ".sqlite3": "sqlite", "mlflow.db": "sqlite",
}  # fmt: skip
_TEXT_ENDINGS = (".txt", ".dat", ".log")
"""Read as CSV when such a file is named itself; in a folder they are left alone."""
PARAMS_FILES = ("config.json", "params.json", "hparams.json", "args.json")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff")
"""Unpacked when such a file is named itself; in a folder they are kept as they are."""
_PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth")
_SOME = 4
"""So many files are named in a message."""
MOST_FILES = 50_000
MOST_FOLDERS_DEEP = 12


@dataclass(slots=True)
class _Search:
    base: Path
    taking: Taking = field(default_factory=Taking)
    bundles: list[Planned] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    seen: int = 0

    def free(self, name: str) -> str:
        """Give the name, with a number behind it if another folder has it already."""
        free = free_name(name, self.names)
        self.names.add(free)
        return free

    def shown(self, path: Path) -> str:
        """Give a file's name as it is told and kept: escaped when a terminal or UTF-8 could not take it."""
        name = path.name if path == self.base else str(path.relative_to(self.base.parent))
        return shown(name)


def find(path: Path, name: str | None, taking: Taking = AS_SET) -> Plan:
    """Find what `path` holds; `name` is the bundle's name, by default that of the file or folder.

    `taking` says which files are kept that nothing is read from.

    Raises DataError: P2-D0830 (no such path), P2-D0831 (nothing to read), P2-D0832 (a link or
    device), P2-D0834 (a pickle), P2-D0839 (too many files or folders), P2-D0926 (too much to keep).
    """
    base = path.absolute()
    if not os.path.lexists(base):
        raise DataError(
            codes.NO_SUCH_PATH,
            f"there is no file or folder {path}",
            where=str(path),
            help="check the path; a relative one starts at the working folder",
            exit_code=ExitCode.USAGE,
        )
    if base.is_symlink():
        raise DataError(
            codes.NOT_A_FILE,
            f"{path} is a symbolic link",
            where=str(path),
            help=f"give the path that it points to: {base.resolve()}",
        )
    if is_package(base):
        return planned_package(base, name, taking)
    search = _Search(base, taking)
    if base.is_dir():
        inside = _folder(search, base, "", name, {})
        if not inside.is_read:
            _only_files(search, name, inside.loose)
    else:
        _single(search, base, name)
    if not any(bundle.sources or bundle.files for bundle in search.bundles):
        raise _nothing(path, search.left_alone)
    return Plan(tuple(search.bundles), tuple(search.left_alone))


# ------------------------------------------------------------ a file
def _single(search: _Search, path: Path, name: str | None) -> None:
    shown = search.shown(path)
    found = _format_of(path.name) or ("csv" if path.suffix.lower() in _TEXT_ENDINGS else "any")
    if found == "any" and search.taking.keep:
        kept = chosen(path.parent, [(path, shown)], search.taking, search.left_alone)
        search.bundles.append(Planned(name or default_name(path), "", shown, (), files=kept))
        return
    if path.suffix.lower() in _PICKLES:
        raise DataError(
            codes.NO_READER,
            f"{shown} is a pickle: reading one runs what is in it, so none is read",
            where=str(path),
            help="where it is written, save arrays (numpy.savez, h5py) or a table (CSV, Parquet) instead; "
            "to keep it as it is: plotter2 add --files PATH",
        )
    if is_event_file(path.name):
        found = "events"
    if path.suffix.lower() in _PICTURES:
        _picture(search, path, shown, name)
        return
    if found in ("l2", "wandb"):
        source = _source(path, shown, found)
        search.bundles.append(Planned(name, "", shown, (source,)))
        return
    source = _source(path, shown, found, DEFAULT_STREAM)
    search.bundles.append(Planned(name or default_name(path), "", shown, (source,)))


def _picture(search: _Search, path: Path, shown: str, name: str | None) -> None:
    """Plan a picture that is named itself: its pixels as a table, and the file as it is."""
    kept = (
        ()
        if search.taking.keep is False
        else chosen(path.parent, [(path, shown)], search.taking, search.left_alone)
    )
    sources = () if search.taking.keep else (_source(path, shown, "image", DEFAULT_STREAM),)
    search.bundles.append(Planned(name or default_name(path), "", shown, sources, files=kept))


def _source(path: Path, shown: str, kind: FileFormat, table: str = "") -> Source:
    return Source((Part(path, shown),), shown, kind, table)


def default_name(path: Path) -> str:
    """Give the bundle's name for a path: that of the folder, or of the file without its ending."""
    return slug(path.name if path.is_dir() else _stem(path.name))


def _format_of(name: str) -> FileFormat | None:
    lowered = name.lower()
    return next((found for end, found in _BY_ENDING.items() if lowered.endswith(end)), None)


def _stem(name: str) -> str:
    lowered = name.lower()
    ending = next((end for end in _BY_ENDING if lowered.endswith(end)), Path(name).suffix)
    return name[: len(name) - len(ending)] or Path(name).stem


# ------------------------------------------------------------ a folder
@dataclass(frozen=True, slots=True)
class _Inside:
    """What a folder holds: whether anything is read from it, and files that a bundle around it may keep."""

    is_read: bool
    loose: tuple[Path, ...] = ()


def _folder(
    search: _Search, folder: Path, parent: str, name: str | None, above: dict[str, Scalar]
) -> _Inside:
    """Plan a folder and what is below it."""
    files, folders = _entries(search, folder)
    tracked = tracked_run(folder, files, folders, search.shown)
    if tracked is not None:
        others = [*tracked.files, *_all_files(search, tracked.folders)]
        kept = _kept(search, folder, others)
        search.bundles.append(replace(tracked.planned, parent=parent, files=kept))
        return _Inside(True)
    if is_experiment_of_runs(files, folders):
        return _together(_folder(search, path, parent, None, above) for path in folders)
    if _is_run(folder, files):
        sources = tuple(
            _source(path, search.shown(path), "l2run") for path in files if _belongs_to_run(path)
        )
        others = [path for path in files if not _belongs_to_run(path)]
        kept = _kept(search, folder, [*others, *_all_files(search, folders)])
        search.bundles.append(Planned(name, parent, search.shown(folder), sources, files=kept))
        return _Inside(True)
    own = search.free(name or (f"{parent}/" if parent else "") + slug(folder.name))
    params = {**above, **params_in(folder.name)}
    place = len(search.bundles)
    tables = _tables(search, files)
    events, folders = event_files(files, folders, search.shown)
    tables += [] if events is None else [events]
    params_file = [path for path in files if path.name in PARAMS_FILES][:1] if tables else []
    sources = (
        *tables,
        *(_source(path, search.shown(path), "params") for path in params_file),
    )
    below = [_folder(search, path, own, None, params) for path in folders]
    read = {part.path for source in sources for part in source.parts}
    loose = [path for path in files if path not in read]
    loose += [path for inside in below for path in inside.loose]
    if not tables and not any(inside.is_read for inside in below):
        return _Inside(False, tuple(loose))
    kept = _kept(search, folder, loose)
    planned = Planned(own, parent, search.shown(folder), sources, params, files=kept)
    search.bundles.insert(place, planned)
    return _Inside(True)


def _together(several: Iterable[_Inside]) -> _Inside:
    found = tuple(several)
    loose = tuple(path for inside in found for path in inside.loose)
    return _Inside(any(inside.is_read for inside in found), loose)


def _only_files(search: _Search, name: str | None, loose: Sequence[Path]) -> None:
    """Plan a bundle of files alone where that is asked for."""
    if not search.taking.keep:
        _leave(search, loose)
        return
    kept = _kept(search, search.base, loose)
    search.bundles.append(
        Planned(name or default_name(search.base), "", search.shown(search.base), (), files=kept)
    )


def _kept(search: _Search, folder: Path, loose: Sequence[Path]) -> tuple[KeptFile, ...]:
    if search.taking.keep is False:
        _leave(search, loose)
        return ()
    named = [(path, search.shown(path)) for path in loose]
    return chosen(folder, named, search.taking, search.left_alone)


def _all_files(search: _Search, folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        files, inside = _entries(search, folder)
        yield from files
        yield from _all_files(search, inside)


def _entries(search: _Search, folder: Path) -> tuple[list[Path], list[Path]]:
    files: list[Path] = []
    folders: list[Path] = []
    for entry in _sorted_entries(folder):
        search.seen += 1
        path = Path(entry.path)
        if entry.name.startswith("."):
            search.left_alone.append(f"{search.shown(path)} (hidden)")
        elif entry.is_symlink():
            search.left_alone.append(f"{search.shown(path)} (a symbolic link)")
        elif entry.is_dir():
            folders.append(path)
        else:
            files.append(path)
    depth = len(folder.relative_to(search.base).parts)
    if search.seen > MOST_FILES or depth > MOST_FOLDERS_DEEP:
        raise DataError(
            codes.TOO_MANY_FILES,
            f"{folder} and what is around it are more than {MOST_FILES} files or "
            f"{MOST_FOLDERS_DEEP} folders deep",
            where=str(folder),
            help="add the parts one by one",
        )
    return files, folders


def _sorted_entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            codes.NO_SUCH_PATH,
            f"{folder} cannot be read: {error.strerror}",
            where=str(folder),
            help="check the rights of the folder",
        ) from None


def _is_run(folder: Path, files: list[Path]) -> bool:
    names = {path.name for path in files}
    return RUN_FILE in names and any(_belongs_to_run(Path(n)) for n in names - {RUN_FILE})


def _belongs_to_run(path: Path) -> bool:
    name = path.name
    return name == RUN_FILE or (name.startswith("seg-") and name.endswith((".l2.jsonl", ".l2.bin")))


def _tables(search: _Search, files: list[Path]) -> list[Source]:
    found = [
        (path, kind)
        for path in files
        if (kind := _format_of(path.name)) not in (None, "l2", "wandb")
    ]
    stems = [slug(_stem(path.name)) for path, _ in found]
    sources: list[Source] = []
    taken: set[str] = set()
    for (path, kind), stem in zip(found, stems, strict=True):
        assert kind is not None
        table = free_name(stem if stems.count(stem) == 1 else slug(path.name), taken)
        taken.add(table)
        sources.append(_source(path, search.shown(path), kind, table))
    return sources


def _leave(search: _Search, paths: Sequence[Path]) -> None:
    search.left_alone += [search.shown(path) for path in paths]


def _some_of(names: list[str]) -> str:
    more = f", and {len(names) - _SOME} more" if len(names) > _SOME else ""
    return ", ".join(names[:_SOME]) + more


def _nothing(path: Path, left_alone: list[str]) -> DataError:
    seen = f"it holds {_some_of(left_alone)}" if left_alone else "it is empty"
    return DataError(
        codes.NOTHING_TO_READ,
        f"{path} holds nothing that can be read: {seen}",
        where=str(path),
        help="give a folder that logger2 recorded, or one with files ending in "
        f"{', '.join(sorted(_BY_ENDING))}; to keep its files as they are: plotter2 add --files PATH",
    )
