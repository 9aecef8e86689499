"""A root with bundles that nest, a key, and scripts that are signed and attached, for tests of links and tasks."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datter_samples import add_run
from plotter2.config.settings import settings
from plotter2.datter.registry import BundleRow
from plotter2.host.host import Host
from plotter2.runs.opening import OpenedScript, open_script
from plotter2.tasks.attached import Declarations
from plotter2.tasks.declaring import AttachedTo, Modes

MATRIX = {"row": ("int", [0, 0, 1]), "col": ("int", [0, 1, 1]), "w": ("number", [1.5, 2.5, 4.0])}
BARE = {"row": ("int", [0, 1]), "col": ("int", [0, 1])}

LINK = """p2 1
link matrix: table{row: int, col: int, value: number} -> "weights.csv" via | rename(value = w)
"""
TASKS = """p2 1
task plot_matrix(step: int = 0) {
  impose matrix: table{row: int, col: int, value: number}
  expose seen: table{row: int, value: number} = $matrix | filter(row >= $step)
  $matrix | frame | heatmap(x=col, y=row, fill=value) | plot("mine") | handoff
}
task sum_matrix after plot_matrix {
  let all = collect(gather_tasks("plot_matrix"), rows=10_000_000)
  expose total: table{row: int, value: number} = $all | summary(by=row, value = sum(value))
}
"""


@dataclass
class World:
    """An open root, and a folder where scripts are written."""

    host: Host
    folder: Path

    def bundle(self, path: str) -> BundleRow:
        (found,) = self.host.store.find(path)
        return found

    @property
    def declarations(self) -> Declarations:
        return self.host.declarations()

    def script(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def signed(self, bundle: str, name: str, text: str) -> OpenedScript:
        path = self.script(name, text)
        self.host.sign(open_script(path), bundle=bundle)
        return open_script(path)

    def attach(self, bundle: str, name: str, text: str, modes: Modes | None = None) -> AttachedTo:
        script = self.signed(bundle, name, text)
        (done,) = self.host.attach(bundle, [script], modes or Modes())
        return done


@cache
def _made() -> Path:
    """Make the root of the story once; each test works on a copy."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    with Host(settings(folder / "root")) as host:
        host.keyring.new_key("ada@lab", None)
        store = host.store
        add_run(store, "experiment2", {"run": ("int", [1, 2])}, stream="runs")
        for name in ("experiment2a", "experiment2a/revision1", "experiment2b"):
            add_run(store, f"experiment2/{name}", MATRIX, stream="weights")
        add_run(store, "experiment2/impostor", BARE, stream="weights")
    return folder / "root"


@contextmanager
def opened(tmp_path: Path) -> Iterator[World]:
    """Give the root of the story: experiment2, children with a table `weights`, and one whose table lacks w."""
    shutil.copytree(_made(), tmp_path / "root")
    folder = tmp_path / "scripts"
    folder.mkdir()
    with Host(settings(tmp_path / "root")) as host:
        yield World(host, folder)
