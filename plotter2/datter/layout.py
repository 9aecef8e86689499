"""Where things lie under a root: its folders, made on first use. No file is written here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from plotter2.datter import codes, durable
from plotter2.datter.failures import not_writable
from plotter2.errors import DataError

FOLDERS = ("source", "temp", "config", "service", "registry", "output", "log")
"""bundles; buffers; keys, trust, policy; services; SQLite; artefacts; run-time log."""

INBOX = "inbox"
"""What others drop. Made with a root, so that there is a place to copy to; a safe copy takes nothing and has none."""

STAGED, REFUSED = "staged", "quarantine"
"""What staging keeps beside the store; made when they are needed."""

CACHE = "cache"
"""The folder of results that are kept between runs; made when it is needed, and gone at any time without loss."""

_MODES = {"config": 0o700}


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths under one root."""

    root: Path

    @property
    def source(self) -> Path:
        """Bundles: `<id>/bundle.json`, `objects/`, `commits/`."""
        return self.root / "source"

    @property
    def objects(self) -> Path:
        """Columns, named by the SHA-256 of their bytes, in up to 256 folders by its beginning."""
        return self.source / "objects"

    @property
    def commits(self) -> Path:
        """One small file per change of the store: the order of events, and the truth."""
        return self.source / "commits"

    @property
    def partial(self) -> Path:
        """Objects of another root that have come in part; made when it is needed."""
        return self.source / "partial"

    @property
    def sessions(self) -> Path:
        """What was typed at a prompt or in a notebook, or drawn by `dev`, as scripts, one folder for each session."""
        return self.log / "sessions"

    @property
    def quarantine(self) -> Path:
        """What was set aside because it is damaged, each with the reason; made when it is needed."""
        return self.source / "quarantine"

    @property
    def refused(self) -> Path:
        """What staging could not store, each with the reason; made when it is needed."""
        return self.root / REFUSED

    @property
    def staged(self) -> Path:
        """What staging acknowledged and has not stored yet, one folder for each batch; made when it is needed."""
        return self.root / STAGED

    @property
    def temp(self) -> Path:
        """Buffers; whatever lies here belongs to a running process or to nobody."""
        return self.root / "temp"

    @property
    def config(self) -> Path:
        """Configuration, trust and keys; readable by the owner only."""
        return self.root / "config"

    @property
    def registry(self) -> Path:
        """The index in SQLite, and the lock of the store."""
        return self.root / "registry"

    @property
    def lock(self) -> Path:
        """The lock of the store: who changes it holds this file, one at a time."""
        return self.registry / "lock"

    @property
    def output(self) -> Path:
        """Published artefacts, one folder per run."""
        return self.root / "output"

    @property
    def log(self) -> Path:
        """Run-time and crash records."""
        return self.root / "log"

    @property
    def run_log(self) -> Path:
        """The run log that grows: its entries, its checkpoint, the name of its key."""
        return self.log / "run"

    @property
    def earlier_logs(self) -> Path:
        """Run logs that grow no more, because they came out of a safe copy or lost their key; made when needed."""
        return self.log / "earlier"

    def bundle_file(self, bundle_id: str) -> Path:
        """Give the path of a bundle's description."""
        return self.source / bundle_id / "bundle.json"

    def object_file(self, digest: str) -> Path:
        """Give the path of the object with this SHA-256 (64 hex digits)."""
        return self.objects / digest[:2] / digest


def present(root: Path) -> Path:
    """Give the folder of a root back; raises DataError (P2-D0865) when there is none.

    For what only reads, keeps a store sound or copies it: of a root whose name was misspelt it must neither say that
    all is well, nor make one.
    """
    if not is_root(root):
        raise DataError(
            codes.NO_ROOT,
            f"there is no root {root}",
            where=str(root),
            help="plotter2 add PATH brings output in and makes it; or name another with --root DIR or PLOTTER2_ROOT",
        )
    return root


def is_root(root: Path) -> bool:
    """Tell whether a folder holds a root. Raises DataError."""
    layout = Layout(root)
    with durable.reported(root):
        return layout.commits.is_dir() or layout.registry.is_dir()


def prepare(root: Path, *, takes_output: bool = True) -> Layout:
    """Give the layout of `root`, with all folders in place, and an inbox if it `takes_output`.

    Raises DataError: P2-D0804 when it is no folder, P2-D0802 when it may not be written,
    P2-D0801 when the disk is full.
    """
    layout = Layout(root)
    if root.exists() and not root.is_dir():
        raise DataError(
            codes.IO_FAILED,
            f"the root {root} is not a folder",
            where=str(root),
            help="choose a folder with --root DIR",
        )
    if layout.objects.is_dir() and layout.commits.is_dir():  # made last
        _check_writable(layout)
        return layout
    _make_parents(root)
    names = (*FOLDERS, INBOX) if takes_output else FOLDERS
    durable.make_dirs([root / name for name in names], _MODES)
    durable.make_dirs([layout.objects, layout.commits])
    return layout


def _make_parents(root: Path) -> None:
    missing = [path for path in (root, *root.parents) if not path.exists()]
    above = missing[-1].parent if missing else root
    # A dead process may have made it and not synced its name: to be seen is not to be on the disk.
    begun = [above] if os.access(above.parent, os.R_OK) else []
    for path in (*begun, *reversed(missing)):
        durable.make_dirs([path])


def is_writable(layout: Layout) -> bool:
    """Tell whether the store may be changed by who asks."""
    return not _closed_folders(layout)


def _check_writable(layout: Layout) -> None:
    for folder in _closed_folders(layout):
        raise not_writable(folder)


def _closed_folders(layout: Layout) -> list[Path]:
    needed = (layout.source, layout.temp, layout.registry)
    return [folder for folder in needed if not os.access(folder, os.W_OK | os.X_OK)]
