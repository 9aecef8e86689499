"""A folder of CSV files with one file beside them that says what they are: the shape of packages for other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from plotter2.datter.store import Store
from plotter2.exporting.wanted import Exported, Submit, ToExport, file_name, members
from plotter2.exporting.written import (
    File,
    Laid,
    filled,
    laid_out,
    readable,
    write_copies,
    write_file,
    write_tables,
)

NO_LICENCE: Final = "no licence is stated: add one to {file} before you publish"

Describe: TypeAlias = Callable[[Laid, Mapping[str, File]], dict[str, Any]]
"""Gives what the describing file says of the tables and of the files that hold them."""


def export_described(
    store: Store, wanted: ToExport, submit: Submit, descriptor: str, describe: Describe
) -> Exported:
    """Write the folder; its describing file is called `descriptor`. Raises DataError, HostError."""
    found, notes = members(store, wanted)
    laid = laid_out(store, found, "csv")
    to = wanted.to or Path(file_name(found[0].bundle.name))
    with filled(to) as folder:
        files = write_tables(store, laid, "csv", submit, folder)
        files |= write_copies(store, laid, folder)
        content = readable(describe(laid, files))
        files[descriptor] = write_file(folder, descriptor, content)
    more = NO_LICENCE.format(file=descriptor)
    size = sum(file.bytes for file in files.values())
    return Exported(to, len(found), len(files), size, (*notes, more))
