"""What scripts in an editor are read against: schemas from a file that is named or found, else from the store."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from p2lang.check import Schemas
from p2lang.service import Workspace
from p2lang.types import schemas_from_json
from p2std.registry import core
from plotter2.config.settings import settings
from plotter2.errors import Plotter2Error
from plotter2.host.host import Host
from plotter2.runs.compiling import store_schemas
from plotter2.runs.opening import read_once

SCHEMAS_FILE = "p2schemas.json"
"""The file of schemas that is found beside scripts or in the folder that the editor has open."""

_FRESH_SECONDS = 2.0
_LARGEST = 16 * 1024 * 1024

log = logging.getLogger("plotter2.lsp")


@dataclass(frozen=True)
class Known:
    """A workspace, where its schemas are from, and whether there are any: without, bundles are not checked."""

    workspace: Workspace
    origin: str
    has_schemas: bool


@dataclass
class Knowledge:
    """Finds the schemas. `root` and `schemas` are what the person set; what was found is kept for two seconds.

    To be used from one thread only: the store is bound to the thread that opens it.
    """

    root: str | None = None
    schemas: str | None = None
    folders: tuple[Path, ...] = ()
    _kept: dict[Path | None, tuple[float, Known]] = field(default_factory=dict)
    _host: Host | None = None

    def configure(self, root: str | None, schemas: str | None, folders: tuple[Path, ...]) -> None:
        """Take other settings; what was known is forgotten."""
        self.close()
        self.root, self.schemas, self.folders = root, schemas, folders

    def close(self) -> None:
        """Close the store."""
        self._kept.clear()
        if self._host is not None:
            self._host.close()
            self._host = None

    def of(self, script: Path | None) -> Known:
        """Give what a script is read against; what is wrong with files or the store is logged."""
        folder = None if script is None else script.parent
        kept = self._kept.get(folder)
        if kept is not None and time.monotonic() - kept[0] < _FRESH_SECONDS:
            return kept[1]
        known = self._found(folder)
        self._kept[folder] = time.monotonic(), known
        return known

    def _found(self, folder: Path | None) -> Known:
        path = self._schemas_file(folder)
        try:
            if path is not None:
                return _from_file(path)
            schemas = self._from_store()
        except (Plotter2Error, ValueError, OSError, RecursionError) as error:
            log.warning("%s", error)
            return Known(Workspace.of(core(), {}), str(error), False)
        if schemas is None:
            return Known(Workspace.of(core(), {}), "there are no schemas", False)
        return Known(Workspace(core(), schemas), "the store", True)

    def _schemas_file(self, folder: Path | None) -> Path | None:
        if self.schemas:
            named = Path(self.schemas).expanduser()
            return self.folders[0] / named if self.folders else named
        near = (*(() if folder is None else (folder,)), *self.folders)
        return next((f / SCHEMAS_FILE for f in near if (f / SCHEMAS_FILE).is_file()), None)

    def _from_store(self) -> Schemas | None:
        found = settings(self.root)
        if not (found.root / "registry").is_dir():
            return None  # an editor makes no store
        if self._host is None:
            self._host = Host(found)
        schemas = store_schemas(self._host.store)
        return Schemas(cache(schemas.find), schemas.known)


def _from_file(path: Path) -> Known:
    content = read_once(path, _LARGEST, "schemas file")
    return Known(Workspace.of(core(), schemas_from_json(json.loads(content))), str(path), True)
