"""A process for the crash tests of the journal: asks for a run, does it, and is killed at every step of it.

For each n (or some of them: argument `stride`) a fresh root; a forked child asks with one key, works and publishes, and
dies by SIGKILL before its n-th change of the disk or statement of SQL; a second child dies anywhere in the recovery, a
third one finishes. What broke a promise is printed as JSON.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

sys.path.insert(0, str(Path(__file__).parents[1]))

from datter_samples import published_run
from plotter2.datter.bodies import Run
from plotter2.datter.requested import Asking, Request
from plotter2.datter.store import Store

CHANGES = ("write", "fsync", "link", "rename", "replace", "unlink", "mkdir", "rmdir")
ASKING = Asking("run", "x.p2", Run(script="x.p2", sha256=""), "key")


def main() -> None:
    base, seed, stride = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    generator = random.Random(seed)
    broken: list[str] = []
    points, point, ended = 0, 1 + seed % stride, False
    while not ended:
        root = base / str(point)
        Store.open(root).close()
        ended = worked(root, point)
        broken += [f"{point}: {what}" for what in wrong(root)]
        worked(root, generator.randrange(1, 90))
        broken += [f"{point}, again: {what}" for what in wrong(root)]
        worked(root, sys.maxsize)
        broken += [f"{point}, at the end: {what}" for what in [*wrong(root), *not_done(root)]]
        shutil.rmtree(root)
        points, point = points + 1, point + stride
    print(json.dumps({"points": points, "broken": broken}))


def worked(root: Path, point: int) -> bool:
    """Have a child do the work that dies before its `point`-th change; tells whether it came to the end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(root, point)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


def work(root: Path, point: int) -> None:
    said, raw = os.open(root / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND), os.write
    die_before(point)
    with Store.open(root) as store:
        begun = store.begin(ASKING, 60)
        if not isinstance(begun, Request):
            raw(said, b"asked\n")
            with begun:
                published_run(store, begun)
        raw(said, b"done\n")


def die_before(point: int) -> None:
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def dying(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            count()
            return original(*arguments, **options)

        return call

    def traced(*_: object) -> bool:
        count()
        return True

    for name in CHANGES:
        setattr(os, name, dying(getattr(os, name)))
    apsw.connection_hooks.append(lambda connection: connection.set_exec_trace(traced))


def wrong(root: Path) -> list[str]:
    """Give what is lost, half there or there twice after a crash."""
    said = (root / "said").read_text().split() if (root / "said").exists() else []
    with Store.open(root) as store:
        requests, runs = store.requests.listed(), store.runs()
        left = [path.name for path in store.layout.temp.iterdir()]
        shown = {
            folder.name: len(list(folder.iterdir())) for folder in store.layout.output.iterdir()
        }
        store.check()
    states = [request.state for request in requests]
    found = [f"{name} is left" for name in left]
    found += [] if len(states) == 1 or not (states or said) else [f"the requests are {states}"]
    found += ["what was told to be done is not"] if "done" in said and states != ["done"] else []
    done = {run.id: 1 for run in runs if run.state == "done"}
    found += [f"visible is {shown}, done is {done}"] if shown != done else []
    found += ["it was done twice"] if len(done) > 1 else []
    found += [f"{run.id} is open" for run in runs if run.state == "started"]
    found += [f"it is {states} without an end"] if "leased" in states else []
    return found


def not_done(root: Path) -> list[str]:
    with Store.open(root) as store:
        states = [request.state for request in store.requests.listed()]
    return [] if states == ["done"] else [f"the requests are {states}"]


if __name__ == "__main__":
    main()
