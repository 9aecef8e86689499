"""A process for the crash test of backups: copies a root and is killed at every step of it.

For each n (or some of them: argument `stride`) a safe copy of an older state is copied to; a forked child dies by
SIGKILL before its n-th change of the disk. What can be read then must be the older state or the newer one, whole, and
the next copy must finish. Kinds: `backup` onto an older copy, `first` onto nothing, `restore` into an empty root,
`mend` into a root that lost much. What broke a promise is printed as JSON.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "staging"))

from broken_relays import killed

from copy_samples import change_root, flip_a_bit, make_root, said_of
from plotter2.datter.auditing import audit
from plotter2.datter.collecting import object_files
from plotter2.datter.layout import Layout
from plotter2.relay.copies import backup, restore, verify


def main() -> None:
    base, kind, stride = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    root, older = base / "root", base / "older"
    make_root(root)
    backup(root, older)
    before = said_of(older)
    change_root(root)
    after = said_of(root)
    newer = base / "newer"
    backup(root, newer)
    broken: list[str] = []
    points, point, ended = 0, 1, False
    while not ended:
        target = base / "target"
        work = _prepared(kind, target, older, newer, root)
        ended = killed(work, point)
        allowed = (
            [after] if kind == "mend" else [before, after] if kind == "backup" else [{}, after]
        )
        broken += [f"{point}: {what}" for what in _wrong(target, allowed)]
        work()
        broken += [f"{point}, again: {what}" for what in _wrong(target, [after])]
        broken += [f"{point}, again: {p.message}" for p in audit(target, 5.0).problems]
        if kind in ("backup", "first"):
            broken += [f"{point}, again: {p.message}" for p in verify(target).problems]
        shutil.rmtree(target)
        points, point = points + 1, point + stride
    print(json.dumps({"points": points, "broken": broken}))


def _prepared(
    kind: str, target: Path, older: Path, newer: Path, root: Path
) -> Callable[[], object]:
    if kind == "backup":
        shutil.copytree(older, target)
        return lambda: backup(root, target)
    if kind == "first":
        return lambda: backup(root, target)
    if kind == "mend":
        shutil.copytree(root, target)
        files = object_files(Layout(target))
        flip_a_bit(files[0])
        files[1].unlink()
        next(Layout(target).source.glob("0*/bundle.json")).unlink()
    return lambda: restore(newer, target)


def _wrong(target: Path, allowed: list[dict[str, object]]) -> list[str]:
    """Say how a root differs from each of the states that it may be in; pictures may have come before their runs."""
    if not Layout(target).commits.is_dir():
        return [] if {} in allowed else ["there is no store"]
    found = said_of(target)
    names = ("bundles", "tables", "names", "events", "runs", "serials", "contents")
    for state in allowed:
        if not state and not found["bundles"] and not found["runs"]:
            return []
        if state and all(found[name] == state[name] for name in names):
            missing = [d for d in state["objects"] if d not in found["objects"]]  # type: ignore[attr-defined]
            pictures = state["outputs"].items() - found["outputs"].items()  # type: ignore[attr-defined]
            if len(allowed) == 1 and allowed[0] is state and "mend" in sys.argv:
                return []
            return [f"{len(missing)} objects and {len(pictures)} pictures are missing"] * bool(
                missing or pictures
            )
    return ["it is neither the older state nor the newer one"]


if __name__ == "__main__":
    main()
