"""A process for the crash test of the inbox: empties one again and again, and is killed at every step of it.

For each n (or some of them: argument `stride`) a fresh root gets four drops; a forked child empties it and dies by
SIGKILL before its n-th change of the disk; a second child dies during the recovery, a third one finishes. What broke
a promise is printed as JSON.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from plotter2.datter.store import Store
from plotter2.staging import Inbox, Told, quarantine
from plotter2.staging.grounds import Grounds
from staging_samples import attempts, drop, read_plainly

CHANGES = ("write", "fsync", "link", "rename", "replace", "unlink", "mkdir", "rmdir")
DROPS = {"one.csv": "1", "two.csv": "2", "same.csv": "1", "bad.csv": "bad"}


def main() -> None:
    base, seed, stride = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    generator = random.Random(seed)
    broken: list[str] = []
    points, point, ended = 0, 1 + seed % stride, False
    while not ended:
        root = base / str(point)
        for name, content in DROPS.items():
            drop(root, name, content)
        ended = emptied(root, point)
        broken += [f"{point}: {what}" for what in lost(root)]
        emptied(root, generator.randrange(1, 60))
        broken += [f"{point}, again: {what}" for what in lost(root)]
        emptied(root, sys.maxsize)
        broken += [f"{point}, at the end: {what}" for what in not_finished(root)]
        shutil.rmtree(root)
        points, point = points + 1, point + stride
    print(json.dumps({"points": points, "broken": broken}))


def emptied(root: Path, point: int, said: Path | None = None) -> bool:
    """Have a child empty the inbox that dies before its `point`-th change; tells whether it came to the end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            die_before(point)
            empty(root, said or root / "said")
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


def die_before(point: int) -> None:
    lock, calls = threading.Lock(), [0]

    def dying(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            with lock:
                calls[0] += 1
                if calls[0] == point:
                    os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **options)

        return call

    for name in CHANGES:
        setattr(os, name, dying(getattr(os, name)))


def empty(root: Path, news: Path) -> None:
    said = os.open(news, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    raw = os.write

    def tell(told: Told) -> None:
        raw(said, f"{told.what} {told.name}\n".encode())

    with Store.open(root) as store:
        inbox = Inbox(store, read_plainly, tell, still_s=0)
        with inbox.held():
            inbox.step()
            inbox.step()


def lost(root: Path) -> list[str]:
    """Give what is nowhere, and what was acknowledged and is still, or again, in the inbox."""
    said = (root / "said").read_text().splitlines() if (root / "said").exists() else []
    acknowledged = {line.split()[1] for line in said if line.startswith("staged")}
    inbox = {path.name for path in (root / "inbox").iterdir()}
    staged = {path.name for path in root.glob("staged/*/*")}
    aside = {path.name for path in root.glob("quarantine/*/kept/*")}
    with Store.open(root) as store:
        stored = {f"{name}.csv" for name in attempts(store)}
        for name in stored:
            store.verify(name.removesuffix(".csv"))
    found = [f"{name} is lost" for name in DROPS.keys() - inbox - staged - aside - stored]
    found += [f"{name} is in the inbox again" for name in acknowledged & inbox]
    found += [f"{name} has no reason" for name in unexplained(root)]
    return found


def unexplained(root: Path) -> list[str]:
    reasons = quarantine.listed(Grounds(root))
    return [reason.name for reason in reasons if reason.code != "P2-D0844"]


def not_finished(root: Path) -> list[str]:
    with Store.open(root) as store:
        found = attempts(store)
        store.check()
    aside = [reason.name for reason in quarantine.listed(Grounds(root))]
    left = [*(root / "inbox").iterdir(), *root.glob("staged/*/*"), *(root / "temp").iterdir()]
    wrong = [] if found == {"one": 1, "two": 1, "same": 1} else [f"the store has {found}"]
    wrong += [] if aside == ["bad.csv"] else [f"quarantine has {aside}"]
    return wrong + [f"{path.name} is left" for path in left]


if __name__ == "__main__":
    main()
