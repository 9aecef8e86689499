"""Publishing artefacts: `output/<run>/<name>.<kind>`, all files of a run at once or none.

The bytes were checked by whoever hands them in; here they are written, synced and named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from p2lang.semantics.structure import PICTURE_NAME
from plotter2.datter import codes, durable
from plotter2.datter.layout import Layout
from plotter2.datter.workspace import workspace
from plotter2.errors import DataError

_KIND = re.compile(r"[a-z0-9]{1,10}\Z")


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file to publish: its name without ending, its kind (`png`, `svg`, `pdf`), its bytes."""

    name: str
    kind: str
    data: bytes


def publish(layout: Layout, run_id: str, artefacts: Sequence[Artefact]) -> tuple[Path, ...]:
    """Publish the artefacts of a run and give their paths, in order.

    The folder of the run appears with all its files in one step (rename). Raises DataError:
    P2-D0821 for a name that cannot be a file name or comes twice, P2-D0801 when the disk is full;
    then nothing is left behind.
    """
    names = [_file_name(artefact) for artefact in artefacts]
    if len(set(names)) < len(names):
        twice = sorted(name for name in names if names.count(name) > 1)[0]
        raise _refused(twice, "two artefacts of the run have this name")
    final = layout.output / run_id
    with workspace(layout, run_id) as folder:
        ready = folder / "ready"
        with durable.reported(ready):
            ready.mkdir()
        try:
            for artefact, name in zip(artefacts, names, strict=True):
                durable.write_new(ready / name, (artefact.data,))
            durable.sync_dir(ready)
            durable.rename_dir(ready, final)
        except BaseException:
            durable.discard_dir(ready)
            raise
    return tuple(final / name for name in names)


def _file_name(artefact: Artefact) -> str:
    name = f"{artefact.name}.{artefact.kind}"
    if not PICTURE_NAME.match(artefact.name) or not _KIND.match(artefact.kind):
        raise _refused(name, "it cannot be a file name")
    return name


def _refused(name: str, why: str) -> DataError:
    return DataError(
        codes.OUTPUT_REFUSED,
        f"the artefact {name!r} is refused: {why}",
        where=name,
        help="name the plot with letters, digits and . _ = , + - or spaces, 120 characters at most",
    )
