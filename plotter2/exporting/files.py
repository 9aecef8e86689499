"""`export --as files`: what bundles keep beside their tables, byte by byte as it came in.

Each bundle is a folder in that of the bundle around it. `--only PATH` gives one file, or one array as an NPY file.
"""

from __future__ import annotations

from pathlib import Path

from plotter2.datter import objects
from plotter2.datter.bundle import Bundle
from plotter2.datter.holdings import StoredArray, held
from plotter2.datter.store import Store
from plotter2.exporting.wanted import Exported, Submit, ToExport, file_name, members
from plotter2.exporting.written import filled, laid_out, write_copies
from plotter2.staging.shipping import new_file


def export(store: Store, wanted: ToExport, submit: Submit) -> Exported:
    """Write the files and arrays. Raises DataError: as `members`, P2-D0816, P2-D0899, P2-D0927 when there is none."""
    del submit  # nothing is converted
    found, notes = members(store, wanted)
    if wanted.only is not None:
        return _one(store, store.bundle(found[0].bundle.id), wanted.only, wanted.to)
    laid = laid_out(store, found, "")
    if not laid.copies:
        held(found[0].bundle.name, "*", {}, {})
    to = wanted.to or Path(file_name(found[0].bundle.name))
    with filled(to) as folder:
        files = write_copies(store, laid, folder)
    holding = {copy.bundle.id for copy in laid.copies}
    return Exported(to, len(holding), len(files), sum(f.bytes for f in files.values()), notes)


def _one(store: Store, bundle: Bundle, path: str, to: Path | None) -> Exported:
    found = held(bundle.name, path, bundle.files, bundle.arrays)
    last = path.rpartition("/")[2]
    place = to or Path(f"{last}.npy" if isinstance(found, StoredArray) else last)
    new_file(place, objects.pieces(store.layout, found.digest, found.bytes))
    more = {"sha256": found.digest}
    return Exported(place, 1, 1, found.bytes, (), more)
