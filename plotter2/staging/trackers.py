"""What trackers leave on a disk, by the names of files and folders: runs of MLflow, Weights & Biases, TensorBoard.

Nothing is opened. A run of MLflow is a folder with `meta.yaml` beside `metrics`, `params` or `tags`; one of Weights &
Biases a folder with `run-ID.wandb`; one of TensorBoard a folder with event files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plotter2.datter.select import DEFAULT_STREAM
from plotter2.errors import DataError
from plotter2.staging import codes
from plotter2.staging.parts import Part, Planned, Source

_META, _EXPERIMENT = "meta.yaml", "experiment.yaml"
_READ_FOLDERS = ("metrics", "params")
_MLFLOW_FOLDERS = (*_READ_FOLDERS, "tags")
_LOG = ".wandb"
_EVENTS = ".tfevents."
_NAMES_BYTES = 40_000
"""What the names of a run's files may take in the message to the child."""


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """A folder that one run of a tracker is: what is read of it, and which files and folders are not."""

    planned: Planned
    files: tuple[Path, ...]
    folders: tuple[Path, ...]


def tracked_run(
    folder: Path, files: Sequence[Path], folders: Sequence[Path], shown: Callable[[Path], str]
) -> TrackedRun | None:
    """Give the run that a folder is, None when it is none. Raises DataError P2-D0839 for too many files."""
    if _is_of_mlflow(files, folders):
        return _of_mlflow(folder, files, folders, shown)
    logs = [path for path in files if path.name.endswith(_LOG)]
    if len(logs) != 1:
        return None
    name = shown(logs[0])
    source = Source((Part(logs[0], name),), name, "wandb")
    rest = tuple(path for path in files if path not in logs)
    return TrackedRun(Planned(None, "", name, (source,)), rest, tuple(folders))


def is_experiment_of_runs(files: Sequence[Path], folders: Sequence[Path]) -> bool:
    """Tell whether a folder is an experiment of MLflow: its runs say what it is called."""
    return [path.name for path in files] == [_META] and bool(folders)


def is_event_file(name: str) -> bool:
    """Tell whether a file is called like one of TensorBoard's."""
    return _EVENTS in name


def event_files(
    files: Sequence[Path], folders: Sequence[Path], shown: Callable[[Path], str]
) -> tuple[Source | None, list[Path]]:
    """Give the event files of a folder as one table, and the folders that are no part of them.

    Folders below with nothing but event files are parts of the same run: the curves of a group, or its params.
    """
    own = [path for path in files if is_event_file(path.name)]
    if not own:
        return None, list(folders)
    parts = {path.name: path for path in own}
    others: list[Path] = []
    for below in folders:
        inside = [] if below.is_symlink() else sorted(below.iterdir())
        if inside and all(is_event_file(path.name) and path.is_file() for path in inside):
            parts |= {f"{below.name}/{path.name}": path for path in inside}
        else:
            others.append(below)
    return _together(parts, shown(own[0].parent), "events", shown, DEFAULT_STREAM), others


def _is_of_mlflow(files: Sequence[Path], folders: Sequence[Path]) -> bool:
    names = {path.name for path in folders}
    return any(path.name == _META for path in files) and not names.isdisjoint(_MLFLOW_FOLDERS)


def _of_mlflow(
    folder: Path, files: Sequence[Path], folders: Sequence[Path], shown: Callable[[Path], str]
) -> TrackedRun:
    parts = {_META: folder / _META}
    experiment = folder.parent / _META
    if experiment.is_file() and not experiment.is_symlink():
        parts[_EXPERIMENT] = experiment
    for below in folders:
        if below.name in _READ_FOLDERS:
            found = sorted(
                path for path in below.rglob("*") if path.is_file() and not path.is_symlink()
            )
            parts |= {path.relative_to(folder).as_posix(): path for path in found}
    name = shown(folder)
    others = tuple(path for path in files if path.name != _META)
    beside = tuple(path for path in folders if path.name not in _READ_FOLDERS)
    source = _together(parts, name, "mlflow", shown)
    return TrackedRun(Planned(None, "", name, (source,)), others, beside)


def _together(
    parts: dict[str, Path],
    name: str,
    kind: Literal["events", "mlflow"],
    shown: Callable[[Path], str],
    table: str = "",
) -> Source:
    if sum(len(inner.encode("utf-8", "surrogateescape")) for inner in parts) > _NAMES_BYTES:
        raise DataError(
            codes.TOO_MANY_FILES,
            f"{name} has {len(parts)} files, too many for one run",
            where=name,
            help="add fewer of its metrics, or export the run as CSV",
        )
    told = tuple(inner.encode("utf-8", "backslashreplace").decode() for inner in parts)
    return Source(
        tuple(Part(path, shown(path)) for path in parts.values()), name, kind, table, names=told
    )
