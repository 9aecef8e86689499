"""Where a task runs below a bundle with 1,000 bundles that link what it asks for: each verified and compiled anew."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from plotter2.config.settings import settings
from plotter2.datter.adding import Draft
from plotter2.datter.attaching import ScriptBytes
from plotter2.datter.bundle import Column, Table
from plotter2.datter.locks import PATIENCE_S
from plotter2.host.host import Host
from plotter2.runs.opening import open_script
from plotter2.tasks.covering import covered
from plotter2.tasks.listing import tasks_of

BUNDLES = 1_000
ROUNDS = 3
LINK = """p2 1
link matrix: table{row: int, col: int, value: number} -> "weights.csv" via | rename(value = w)
"""
TASK = """p2 1
task show {
  impose matrix: table{row: int, col: int, value: number}
  $matrix | frame | heatmap(x=col, y=row, fill=value) | plot("matrix") | handoff
}
"""


def main() -> None:
    """Print the median, and what attaching took."""
    with tempfile.TemporaryDirectory() as folder, Host(settings(Path(folder, "root"))) as host:
        host.keyring.new_key("bench@here", None)
        _bundles(host)
        _attach(host, "experiment", Path(folder, "show.p2"), TASK)
        attached = _link_all(host, Path(folder, "matrix.p2"))
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            declarations = host.declarations()
            (top,) = host.store.find("experiment")
            found = tasks_of(declarations, top).find("show")
            assert found is not None
            assert len(covered(declarations, found.task).runs) == BUNDLES
            times.append((time.perf_counter() - started) * 1000)
    median = statistics.median(times)
    print(
        f"where a task runs among {BUNDLES:,} linked bundles: {median:,.0f} ms, "
        f"{median / BUNDLES:.1f} ms a bundle (goal 3); attaching one script, durable: {attached:.1f} ms"
    )


def _bundles(host: Host) -> None:
    kinds = (("row", "int"), ("col", "int"), ("w", "number"))
    table = Table(rows=0, columns=tuple(Column(name=n, kind=k) for n, k in kinds))  # type: ignore[arg-type]
    drafts = [Draft("experiment")]
    drafts += [Draft(f"experiment/run{n}", tables={"weights": table}) for n in range(BUNDLES)]
    with host.store.adding() as adding:
        adding.commit(drafts, PATIENCE_S)


def _attach(host: Host, bundle: str, path: Path, text: str) -> ScriptBytes:
    path.write_text(text, encoding="utf-8")
    host.sign(open_script(path), bundle=bundle)
    (done,) = host.attach(bundle, [open_script(path)])
    return done.examined.script


def _link_all(host: Host, path: Path) -> float:
    """Attach one signed script to every bundle; gives the median milliseconds that the store took."""
    first = _attach(host, "experiment/run0", path, LINK)
    times = []
    for line in host.store.list("experiment"):
        link = msgspec.structs.replace(first.links["matrix"], origin=line.bundle.id)
        script = ScriptBytes(first.name, first.script, first.sidecar, {"matrix": link})
        started = time.perf_counter()
        host.store.attach(line.bundle.id, [script])
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
