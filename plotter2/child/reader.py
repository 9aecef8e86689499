"""Reading foreign files into columns, inside the confined child: descriptors in, Arrow columns out.

Format by format the work is done in the modules `reader_*` beside this one. Nothing here opens a
file; the host gave the descriptors and names the files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from plotter2.child.reader_arrow import read_arrow
from plotter2.child.reader_content import format_of
from plotter2.child.reader_delimited import SEPARATORS, read_delimited
from plotter2.child.reader_events import read_events
from plotter2.child.reader_grids import ReadGroup
from plotter2.child.reader_hdf5 import read_hdf5
from plotter2.child.reader_images import read_image
from plotter2.child.reader_json import read_lines, read_params
from plotter2.child.reader_limits import ReadingLimits
from plotter2.child.reader_mlflow import read_mlflow
from plotter2.child.reader_numpy import read_array, read_npy, read_npz
from plotter2.child.reader_parquet import read_parquet
from plotter2.child.reader_run import read_lone_segment, read_recorded_run
from plotter2.child.reader_sqlite import read_sqlite
from plotter2.child.reader_telling import Channel, Teller
from plotter2.child.reader_wandb import read_wandb
from plotter2.errors import DataError
from plotter2.wire.memory import laid_out, mapped
from plotter2.wire.messages import Progress, ReadFile, ReadJob

_READ_STEP = 1 << 26


def read_files(job: ReadJob, fds: Sequence[int], channel: Channel) -> None:
    """Read the files of a job and announce their tables, runs and params.

    A CSV, TSV, JSON-lines or Parquet file, or Arrow IPC files, give one table under the file's name; an HDF5 or NumPy
    file gives tables `FILE` and `FILE/<table>`, and groups of its own as `FILE/<group>`. Files of the format `l2run`
    that share a folder (`RUN/run.json`, `RUN/seg-0000.l2.jsonl`, ...) are one run: a RunFound with
    the name RUN and tables called `RUN/<table>`. A file of the format `params` gives a RunFound
    under its own name with params only; its `definitions` say why others are left out. A column's
    features go with its first chunk.

    Of a file that cannot be read a FileRefused says why, and the next one is read; a share of a table is nothing
    without the others, so there it raises DataError. Raises HostError (P2-H0907) when the columns need more than the
    output memory.
    """
    limits = ReadingLimits(job.max_rows, job.max_columns, job.max_text_bytes)
    teller = Teller(channel, job.chunk_bytes)
    groups = list(_groups(job.files))
    for done, (name, files) in enumerate(groups):
        channel.send(Progress(stage="read", done=done, total=len(groups), unit="files"))
        try:
            _read_group(name, files, fds, limits, teller)
        except DataError as error:
            if not all(file.whole for file in files):
                raise
            teller.refused(name, error)
    channel.send(Progress(stage="read", done=len(groups), total=len(groups), unit="files"))


def _groups(files: Sequence[ReadFile]) -> Iterator[tuple[str, list[ReadFile]]]:
    """Put the files of one recorded run together, in the order in which runs are first named."""
    groups: dict[str, list[ReadFile]] = {}
    for file in files:
        name = file.name.rpartition("/")[0] if file.format == "l2run" else file.name
        groups.setdefault(name, []).append(file)
    yield from groups.items()


def _read_group(
    name: str, files: Sequence[ReadFile], fds: Sequence[int], limits: ReadingLimits, teller: Teller
) -> None:
    view = _view_of(files[0], fds)
    in_pieces = len(files[0].pieces) > 1 or bool(files[0].names)
    kind = files[0].format if in_pieces else format_of(view, files[0].format, name)
    if kind == "arrow":
        pieces = _cut(view, files[0].pieces)
        table = read_arrow(pieces, name, limits, whole=files[0].whole)
        teller.table(name, table, in_pieces=bool(files[0].pieces))
        return
    if kind == "array":
        teller.array(name, read_array(_named(view, files[0]), name))
        return
    if kind in _TRACKED:
        _read_tracked(kind, name, _named(view, files[0]), limits, teller)
        return
    if kind in _GROUPS:
        teller.groups(name, _GROUPS[kind](view, name, limits))
        return
    if kind == "parquet":
        teller.table(name, read_parquet(view, name, limits))
        return
    content = {file.name.rpartition("/")[2]: _bytes_of(file, fds) for file in files}
    if kind == "l2run":
        teller.run(name, read_recorded_run(content, name, limits))
        return
    data = next(iter(content.values()))
    if kind == "l2":
        teller.run(name, read_lone_segment(data, name, limits))
    elif kind == "params":
        teller.params(name, read_params(data, name, limits))
    elif kind == "jsonl":
        teller.table(name, read_lines(data, name, limits))
    else:
        separators = ("\t",) if kind == "tsv" else SEPARATORS
        teller.table(name, read_delimited(data, name, limits, separators))


_GROUPS: dict[str, Callable[[memoryview, str, ReadingLimits], Sequence[ReadGroup]]] = {
    "hdf5": read_hdf5,
    "image": read_image,
    "npy": read_npy,
    "npz": read_npz,
    "sqlite": read_sqlite,
}
"""Readers of files with many tables."""


_TRACKED = ("events", "mlflow", "wandb")


def _read_tracked(
    kind: str, name: str, files: Mapping[str, memoryview], limits: ReadingLimits, teller: Teller
) -> None:
    """Read what a tracker recorded of one run."""
    if kind == "events":
        teller.groups(name, read_events(files, name, limits))
    elif kind == "mlflow":
        teller.run(name, read_mlflow(files, name, limits))
    else:
        teller.run(name, read_wandb(next(iter(files.values())), name, limits))


def _named(view: memoryview, file: ReadFile) -> dict[str, memoryview]:
    """Give the files that are read together, by their names."""
    if not file.names:
        return {"": view}
    ends = list(accumulate(file.pieces))
    return {
        name: view[end - length : end]
        for name, end, length in zip(file.names, ends, file.pieces, strict=True)
    }


def _view_of(file: ReadFile, fds: Sequence[int]) -> memoryview:
    """Give the bytes where they lie: they may be gigabytes, and nobody can change them."""
    whole = mapped(fds[file.fd])
    return whole[file.offset :] if file.length is None else whole[file.offset :][: file.length]


def _cut(view: memoryview, pieces: Sequence[int]) -> list[memoryview]:
    if not pieces:
        return [view] if view else []
    return [view[start : start + length] for start, length in laid_out(pieces)]


def _bytes_of(file: ReadFile, fds: Sequence[int]) -> bytes:
    fd = fds[file.fd]
    length = os.fstat(fd).st_size - file.offset if file.length is None else file.length
    pieces: list[bytes] = []
    offset, end = file.offset, file.offset + length
    while offset < end and (piece := os.pread(fd, min(end - offset, _READ_STEP), offset)):
        pieces.append(piece)
        offset += len(piece)
    return b"".join(pieces)
