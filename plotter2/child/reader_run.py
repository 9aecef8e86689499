"""A run that logger2 recorded, as tables: its rows as `main`, its arrays as tables of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from logger2.identity import run_name
from logger2.runfile import RUN_FILE, packed
from logger2.segment import Header, NotARun, RunInfo, read_run, read_segment
from plotter2.child import reader_codes as codes
from plotter2.child.reader_arrays import array_tables
from plotter2.child.reader_columns import ReadTable, from_values
from plotter2.child.reader_limits import ReadingLimits, checked_names
from plotter2.errors import DataError

MAIN = "main"


@dataclass(frozen=True, slots=True)
class ReadRun:
    """A run as it was read."""

    info: RunInfo
    tables: tuple[ReadTable, ...]


def read_recorded_run(files: Mapping[str, bytes], where: str, limits: ReadingLimits) -> ReadRun:
    """Read the files of a run's folder, given by their names in it.

    Raises DataError: P2-D0856 when `run.json` is missing or none, P2-D0847, P2-D0848, P2-D0854.
    """
    if RUN_FILE not in files:
        raise _bad_run(where, f"it has no {RUN_FILE}")
    try:
        run = read_run(files[RUN_FILE], files.items())
    except NotARun as error:
        raise _bad_run(where, str(error)) from None
    limits.check_rows(run.rows, where)
    if run.columns:
        checked_names([column.name for column in run.columns], where, limits)
    columns = tuple(from_values(column.name, column.values) for column in run.columns)
    units = {column.name: column.unit for column in run.columns}
    notes = [*run.notes, *(f"{event.kind}: {event.message}" for event in run.events)]
    main = ReadTable(MAIN, run.rows, columns, run.skipped, tuple(notes), units)
    arrays = tuple(_renamed(table) for table in array_tables(run.blobs, files, limits))
    return ReadRun(run.info, (main, *arrays))


def read_lone_segment(data: bytes, where: str, limits: ReadingLimits) -> ReadRun:
    """Read a segment without its folder: what `run.json` would say is taken from its header.

    Raises DataError as `read_recorded_run`.
    """
    header = next((item for item in read_segment(data) if isinstance(item, Header)), None)
    if header is None:
        raise _bad_run(where, "it does not begin with the header of a segment")
    run_file = {
        "l2": 1,
        "run": header.run,
        "name": run_name({**header.params, **header.repeat}) or header.run,
        "experiment": header.experiment,
        "state": "running",
        "params": packed(header.params),
        "repeat": packed(header.repeat),
    }
    files = {RUN_FILE: json.dumps(run_file).encode(), "seg-0000.l2.jsonl": data}
    return read_recorded_run(files, where, limits)


def _renamed(table: ReadTable) -> ReadTable:
    return replace(table, name=f"array-{table.name}") if table.name == MAIN else table


def _bad_run(where: str, why: str) -> DataError:
    return DataError(
        codes.BAD_RUN,
        f"{where} cannot be read as a recorded run: {why}",
        where=where,
        help="check the folder, or move it away; its segments (*.l2.jsonl) can be added one by one",
    )
