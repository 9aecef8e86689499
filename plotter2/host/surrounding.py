"""The libraries around a script: where they are looked for, and what pins them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from p2lang.check import Locked
from p2lang.compiler import Surroundings
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host.root import Root
from plotter2.libraries import lockfile
from plotter2.libraries.codes import ONLY_USED
from plotter2.libraries.finding import Finder
from plotter2.libraries.reference import Reference
from plotter2.libraries.shelves import shelves


def finder(root: Root, script: Path) -> Finder:
    """Give what looks for the libraries of a script."""
    places = shelves(script, root.settings.libraries, root.settings.root, root.trust_files)
    return Finder(places, root.now(), partial(_first_used, root))


def _first_used(root: Root, library_sha256: str) -> datetime | None:
    started = root.store.first_run_with(library_sha256)
    return None if started is None else datetime.fromtimestamp(started / 1000, UTC)


def surroundings(root: Root, script: Path, *, strict: bool) -> Surroundings:
    """Give the libraries that a script may use, held against the lock beside it. Raises Plotter2Error P2-E0253."""
    found = finder(root, script)
    if Reference.of_path(script) is not None:
        alone = replace(found.libraries(None, strict=False), lockable=False)
        return Surroundings(alone, as_library=True)
    pins = lockfile.pins(lockfile.read(script.parent))
    return Surroundings(found.libraries(pins, strict=strict))


def surroundings_signed(root: Root, script: Path, signed: Mapping[str, Locked]) -> Surroundings:
    """Give the libraries for an attached script: the signature pins them, not a lock file."""
    found = finder(root, root.settings.root / "attached" / script.name)
    return Surroundings(found.libraries(signed, strict=True))


def require_script(path: Path) -> None:
    """Raise Plotter2Error P2-E0256 when a file is a library."""
    library = Reference.of_path(path)
    if library is not None:
        raise Plotter2Error(
            ONLY_USED,
            "this is a library, and does nothing by itself",
            str(path),
            f'use it in a script: use "{library}" as {library.name}',
            exit_code=ExitCode.USAGE,
        )
