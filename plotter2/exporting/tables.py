"""`export --as csv|npz|parquet`: a folder for each bundle with a file for each table and a description beside them.

A bundle with one table and none below it is one file where `-o` names a file of the format.
"""

from __future__ import annotations

from pathlib import Path

from plotter2.datter.store import Store
from plotter2.exporting.wanted import Exported, Submit, ToExport, file_name, members
from plotter2.exporting.written import (
    DESCRIPTION,
    described,
    filled,
    laid_out,
    readable,
    single_file,
    write_copies,
    write_file,
    write_tables,
)
from plotter2.wire.messages import WrittenFormat


def csv(store: Store, wanted: ToExport, submit: Submit) -> Exported:
    """Write CSV files: a missing value is nothing, units stand in the description. Raises DataError, HostError."""
    return _export(store, wanted, submit, "csv")


def npz(store: Store, wanted: ToExport, submit: Submit) -> Exported:
    """Write NumPy archives with an array for each column. Raises DataError, HostError."""
    return _export(store, wanted, submit, "npz")


def parquet(store: Store, wanted: ToExport, submit: Submit) -> Exported:
    """Write Parquet files. Raises DataError, HostError."""
    return _export(store, wanted, submit, "parquet")


def _export(store: Store, wanted: ToExport, submit: Submit, form: WrittenFormat) -> Exported:
    found, notes = members(store, wanted)
    laid = laid_out(store, found, form)
    to = wanted.to or Path(file_name(found[0].bundle.name))
    if len(laid.tables) == 1 and not laid.copies and to.suffix == f".{form}":
        file = single_file(store, laid, form, submit, to)
        return Exported(to, 1, 1, file.bytes, notes)
    with filled(to) as folder:
        files = write_tables(store, laid, form, submit, folder)
        files |= write_copies(store, laid, folder)
        for bundle, place in laid.folders:
            path = f"{place}/{DESCRIPTION}" if place else DESCRIPTION
            files[path] = write_file(folder, path, readable(described(bundle, laid)))
    return Exported(to, len(found), len(files), sum(f.bytes for f in files.values()), notes)
