"""Publishing artefacts: `output/<run>/<name>.<kind>`, all files of a run at once or none.

The bytes were checked by whoever hands them in; here they are written, synced and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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


@dataclass(frozen=True, slots=True)
class Ready:
    """Artefacts that are on the disk and not visible yet; `paths` are what they will be called, in order."""

    paths: tuple[Path, ...]
    _folder: Path
    _final: Path

    def publish(self) -> None:
        """Give all of them their names in one step (rename), durably. Raises DataError."""
        durable.rename_dir(self._folder, self._final)


@contextmanager
def prepared(layout: Layout, run_id: str, artefacts: Sequence[Artefact]) -> Iterator[Ready]:
    """Write the artefacts of a run; what is not published in the block is removed after it.

    Raises DataError: P2-D0821 for a name that cannot be a file name or comes twice, P2-D0801 when
    the disk is full; then nothing is left behind.
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
        for artefact, name in zip(artefacts, names, strict=True):
            durable.write_new(ready / name, (artefact.data,))
        durable.sync_dir(ready)
        yield Ready(tuple(final / name for name in names), ready, final)


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
