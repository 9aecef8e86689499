"""What scripts in an editor are read against: schemas from a file that is named or found, else from the store."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from p2lang.check import Schemas
from p2lang.compiler import Surroundings
from p2lang.service import Workspace
from p2lang.types import schemas_from_json
from p2std.registry import core
from plotter2.config.settings import settings
from plotter2.datter.layout import is_root
from plotter2.errors import Plotter2Error
from plotter2.host.host import Host
from plotter2.runs.compiling import store_schemas
from plotter2.runs.opening import read_once
from plotter2.runs.texts import Texts

SCHEMAS_FILE = "p2schemas.json"
"""The file of schemas that is found beside scripts or in the folder that the editor has open."""

_FRESH_SECONDS = 2.0
_LARGEST = 16 * 1024 * 1024

Found = TypeVar("Found")

log = logging.getLogger("plotter2.lsp")


@dataclass(frozen=True)
class Known:
    """A workspace, and whether there are any schemas: without, bundles are not checked."""

    workspace: Workspace
    has_schemas: bool


@dataclass
class Knowledge:
    """Finds the schemas. `root` and `schemas` are what the person set; what was found is kept for two seconds.

    To be used from one thread only: the store is bound to the thread that opens it.
    """

    root: str | None = None
    schemas: str | None = None
    folders: tuple[Path, ...] = ()
    _kept: dict[Path, tuple[float, Known]] = field(default_factory=dict)
    _host: Host | None = None
    _texts: Texts | None = None

    def configure(self, root: str | None, schemas: str | None, folders: tuple[Path, ...]) -> None:
        """Take other settings; what was known is forgotten."""
        self.close()
        self.root, self.schemas, self.folders = root, schemas, folders

    @property
    def folder(self) -> Path:
        """Give the folder that the editor has open."""
        return self.folders[0] if self.folders else Path()

    def close(self) -> None:
        """Close the store."""
        self._kept.clear()
        if self._host is not None:
            self._host.close()
            self._host = None
        if self._texts is not None:
            self._texts.close()
            self._texts = None

    def of(self, script: Path) -> Known:
        """Give what a script is read against; what is wrong with files or the store is logged."""
        kept = self._kept.get(script)
        if kept is not None and time.monotonic() - kept[0] < _FRESH_SECONDS:
            return kept[1]
        schemas = self._told(lambda: self._schemas(script.parent))
        around = self._told(lambda: self._open_host().surroundings(script, strict=False))
        around = around or Surroundings()
        workspace = Workspace(
            core(), schemas or Schemas.of({}), around.libraries, around.as_library
        )
        known = Known(workspace, schemas is not None)
        self._kept[script] = time.monotonic(), known
        return known

    def texts(self) -> Texts | None:
        """Give what looks at texts of steps in Python, to be used by one other thread."""
        if self._texts is None:
            minimum = self._told(lambda: settings(self.root).minimum_level)
            self._texts = None if minimum is None else Texts(minimum)
        return self._texts

    def _told(self, found: Callable[[], Found]) -> Found | None:
        try:
            return found()
        except (Plotter2Error, ValueError, OSError, RuntimeError) as error:  # `~nobody` is the last
            log.warning("%s", error)
            return None

    def _open_host(self) -> Host:
        if self._host is None:
            self._host = Host(settings(self.root), reads=True)
        return self._host

    def _schemas(self, folder: Path) -> Schemas | None:
        path = self._schemas_file(folder)
        if path is not None:
            content = read_once(path, _LARGEST, "schemas file")
            return Schemas.of(schemas_from_json(json.loads(content)))
        host = self._open_host()
        if not is_root(host.settings.root):
            return None  # an editor makes no store
        schemas = store_schemas(host.store)
        choose, params = schemas.choose, schemas.params
        return Schemas(
            cache(schemas.find),
            schemas.known,
            None if choose is None else cache(choose),
            None if params is None else cache(params),
            cache(schemas.tables),
        )

    def _schemas_file(self, folder: Path) -> Path | None:
        if self.schemas:
            named = Path(self.schemas).expanduser()
            return self.folders[0] / named if self.folders else named
        near = (folder, *self.folders)
        return next((f / SCHEMAS_FILE for f in near if (f / SCHEMAS_FILE).is_file()), None)
