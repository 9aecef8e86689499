"""Runs workloads with a fault at one point after the other, and says what broke a promise.

`run(...)` from a test or another program starts this file as a process of its own with the shim preloaded; that
process imports everything once and forks a child for each point. As a script it prints a table:

    python tests/faults/fault_points.py [--mode MODE] [--workload NAME] [--stride N]
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import fault_shim
from faults.fault_shim import MODES, Mode, Shim
from faults.fault_workloads import (
    LONG,
    WORKLOADS,
    Happened,
    Steps,
    be_impatient,
    be_predictable,
)
from faults.loop_disks import FILE_SYSTEMS, Disk, mounted, no_disk
from plotter2.errors import Plotter2Error

LONGEST_S = 60
SYNC_FAILED = 70
_DIE_WITH_PARENT = 1
_LOG_HEAD, _FRAME = 32, 24 + 4096
DISK_MODES = ("power cut", "sync fails", "sync fails, believed", "sync fails, killed")
PLAIN_MODES = tuple(mode for mode in MODES if mode not in ("count", *DISK_MODES))


@dataclass
class Tally:
    """What came of one workload in one mode: the points, what was wrong at which, how soon a store was ready."""

    workload: str
    mode: str
    file_system: str = ""
    points: int = 0
    deeper: int = 0
    states: int = 0
    wrong: list[str] = field(default_factory=list)
    ready_s: list[float] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def run(workload: str, mode: str, **more: Any) -> Tally:
    """Put a fault at points of one workload; gives what was wrong. See `run_all`."""
    return run_all(mode, (workload,), **more)[0]


def run_all(
    mode: str,
    workloads: Sequence[str] = tuple(WORKLOADS),
    *,
    first: int = 1,
    stride: int = 1,
    most: int = 1_000_000,
    patch: str = "",
    depth: int = 0,
    most_deeper: int = 1_000,
    until_wrong: bool = False,
    evenly: bool = True,
    file_system: str = "",
    folder: Path | None = None,
    timeout_s: float = 1_800,
) -> list[Tally]:
    """Put a fault at the points `first`, `first + stride`, ... (`most` of them) of workloads; gives what was wrong.

    `patch` is `module:function`, called in every child before it works (a seeded bug). `depth` kills the recovery
    too, so many times in a row. `until_wrong` ends a workload with the first thing that is wrong. With a stride, of
    long workloads as many points are taken as of others, unless not `evenly`. `file_system` (ext4, xfs) runs on a
    loop-mounted disk, which power cuts and failed syncs need. Raises RuntimeError when the process fails, with what it
    said.
    """
    asked = {
        "workloads": list(workloads), "mode": mode, "first": first, "stride": stride, "most": most,
        "patch": patch, "depth": depth, "most_deeper": most_deeper, "file_system": file_system,
        "until_wrong": until_wrong, "evenly": evenly,
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="p2-faults-", dir=folder or _fast(mode)) as temporary:
        command = [sys.executable, __file__, "--asked", json.dumps(asked), "--folder", temporary]
        if file_system:
            command = ["unshare", "--mount", "--propagation", "private", *command]
        done = subprocess.run(
            command, env=fault_shim.environment(), capture_output=True, text=True,
            timeout=timeout_s, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{workloads}, {mode}: {done.stderr[-4_000:]}")
    return [Tally(**found) for found in json.loads(done.stdout.splitlines()[-1])]


def _fast(mode: str) -> Path | None:
    """Give a folder in memory, where that is: the death of a process does not ask what a disk keeps."""
    memory = Path("/dev/shm")
    return memory if mode in PLAIN_MODES and os.access(memory, os.W_OK) else None


# ------------------------------------------------------------ in the preloaded process
@dataclass(frozen=True)
class Ended:
    """How a child ended: `done`, `killed`, `refused` with a code, or `bug`; what it had told before, and its error."""

    how: str
    told: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Harm:
    """A fault in a child: what, at which of its calls below which folder."""

    mode: Mode
    point: int
    root: Path


Tell = Callable[[str], None]
Visit = Callable[[int, tuple[str, ...]], None]


class Children:
    """Forks children that come to harm, or not."""

    def __init__(self, shim: Shim, patch: str, disk: Disk | None) -> None:
        self._shim = shim
        self._patch = patch
        self._disk = disk

    def run(
        self, work: Callable[[Tell], None], harm: Harm | None = None, visit: Visit | None = None
    ) -> Ended:
        """Have a child work; `visit` is called with its number while it is stopped."""
        told = os.memfd_create("told")
        try:
            child = os.fork()
            if child == 0:
                self._work(work, told, harm)
            _, status = os.waitpid(child, os.WUNTRACED)
            if os.WIFSTOPPED(status):
                assert visit is not None
                visit(child, tuple(_records(told).get("told", ())))
                os.kill(child, signal.SIGCONT)
                _, status = os.waitpid(child, 0)
            return _ended(status, _records(told))
        finally:
            os.close(told)

    def _work(self, work: Callable[[Tell], None], told: int, harm: Harm | None) -> None:
        def tell(what: str, kind: str = "told") -> None:
            os.write(told, json.dumps([kind, what]).encode() + b"\n")

        code = 1
        try:
            signal.alarm(LONGEST_S)
            if self._patch:
                module, _, function = self._patch.partition(":")
                getattr(importlib.import_module(module), function)()
            if harm:
                disk = self._disk.opened() if self._disk else -1
                self._shim.arm(harm.mode, harm.point, harm.root, disk)
            work(tell)
            code = 0
        except Plotter2Error as error:
            tell(f"{error.code} {error.message}", "refused")
        finally:
            if sys.exc_info()[0] is not None:
                tell(traceback.format_exc(), "bug")
            os._exit(code)


def _records(told: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in os.pread(told, os.fstat(told).st_size, 0).splitlines():
        kind, what = json.loads(line)
        found.setdefault(kind, []).append(what)
    return found


def _ended(status: int, records: dict[str, list[str]]) -> Ended:
    told = tuple(records.get("told", ()))
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return (
            Ended("killed", told)
            if number == signal.SIGKILL
            else Ended("bug", told, f"signal {number}")
        )
    if os.WEXITSTATUS(status) == SYNC_FAILED:
        return Ended("refused", told, "exit 70: a sync failed")
    for kind in ("refused", "bug"):
        if kind in records:
            return Ended(kind, told, records[kind][0])
    return Ended("done", told)


class Points:
    """One workload in one mode: the points one after the other."""

    def __init__(self, name: str, asked: dict[str, Any], folder: Path, disk: Disk | None) -> None:
        self._workload = WORKLOADS[name]
        self._mode: str = asked["mode"]
        self._asked = asked
        self._disk = disk
        self._base = disk.folder if disk else folder
        self._shim = Shim()
        self._children = Children(self._shim, asked["patch"], disk)
        self._random = random.Random(4)
        self._tally = Tally(name, asked["mode"], asked["file_system"])
        self._template = folder / "template"
        self._roots = 0
        self._states: set[bytes] = set()
        self._where = ""
        self._learn(folder)

    def _learn(self, folder: Path) -> None:
        unharmed = Children(self._shim, "", None)

        def must(work: Callable[[], None]) -> None:
            ended = unharmed.run(lambda _: work())
            if ended.how != "done":
                raise RuntimeError(ended.error)

        self._template.mkdir()
        must(lambda: self._workload.prepare(self._template))
        if isinstance(self._workload, Steps):
            self._workload.learn(folder, must)
            self._workload.dies_open = self._mode in DISK_MODES

    def all(self) -> Tally:
        """Go from point to point, to the end of the work or as far as was asked for."""
        began = time.monotonic()
        stride, first = self._asked["stride"], self._asked["first"]
        if stride > 1 and self._asked["evenly"]:
            stride *= LONG.get(self._workload.name, 1)
        for point in range(first, first + stride * self._asked["most"], stride):
            if not self._one(point) or (self._asked["until_wrong"] and self._tally.wrong):
                break
        self._tally.seconds = round(time.monotonic() - began, 2)
        return self._tally

    def _one(self, point: int) -> bool:
        """Work with a fault at this point; tells whether there was such a point."""
        with self._root(self._template) as root:
            if self._disk:
                self._disk.sync()
            self._shim.reset()
            harm = Harm(MODES[self._mode], point, root)
            ended = self._children.run(
                lambda ack: self._workload.work(root, ack),
                harm,
                lambda _, acks: self._visited(root, acks),
            )
            was_hit = self._shim.count >= point
            self._tally.points += was_hit
            self._where = f"{self._mode} at {point} ({self._shim.what})" if was_hit else "no fault"
            self._note_end(ended)
            if was_hit:
                self._aftermath(root)
            happened = Happened(ended.told, ended.error if ended.how == "refused" else "")
            if was_hit and self._mode in ("sync fails, believed", "sync fails, killed"):
                happened = self._believed(root, happened)
            if self._asked["depth"] and was_hit:
                self._deeper(root, happened, self._asked["depth"])
            self._check(root, happened)
        return was_hit

    @contextmanager
    def _root(self, like: Path) -> Iterator[Path]:
        self._roots += 1
        root = self._base / f"root{self._roots}"
        shutil.copytree(like, root, symlinks=True)
        try:
            yield root
        finally:
            shutil.rmtree(root)

    # ------------------------------------------------------------ after the fault
    def _aftermath(self, root: Path) -> None:
        match self._mode:
            case "power cut":
                self._cut()
            case "disk full from":
                self._note_end(self._recovered(root, 1, MODES[self._mode]))
            case "sync fails":
                self._cut()
            case _:
                pass

    def _cut(self) -> None:
        assert self._disk is not None
        self._disk.cut()
        self._shim.reset()

    def _believed(self, root: Path, happened: Happened) -> Happened:
        """Have another process come after a failed sync, believe what it sees, and work on it; then the power goes."""
        second = self._children.run(lambda ack: self._workload.go_on(root, ack))
        self._note_end(second)
        self._cut()
        self._where += ", believed, power cut"
        return Happened(max(happened.acks, second.told, key=len))

    def _recovered(self, root: Path, point: int, mode: Mode, turn: int = 0) -> Ended:
        """Have a child do what comes first after a death; its clock and its ids are the same every time."""

        def recover(_: Tell) -> None:
            be_predictable(turn)
            self._workload.recover(root)

        self._shim.reset()
        return self._children.run(recover, Harm(mode, point, root))

    def _visited(self, root: Path, acks: tuple[str, ...]) -> None:
        """Have another process look while the first one stands still."""

        def look(tell: Tell) -> None:
            be_impatient()
            self._shim.hurry()
            for wrong in self._workload.look(root, Happened(acks)):
                tell(wrong)

        looked = self._children.run(look)
        self._where = f"a visitor while stopped at {self._shim.what}"
        self._note_end(looked)
        for wrong in looked.told:
            self._note(wrong)

    def _deeper(self, root: Path, happened: Happened, depth: int) -> None:
        """Kill the recovery at each of its points, and the recovery from that, and so on; check what comes of each.

        Of states that are equal, as after a sync that had nothing to do, one is gone on with.
        """
        turn = self._asked["depth"] - depth
        with self._root(root) as copy:
            self._note_end(self._recovered(copy, 0, MODES["count"], turn))
            calls = self._shim.count
        most = self._asked["most_deeper"]
        points = range(1, calls + 1)
        for point in points if calls <= most else sorted(self._random.sample(points, most)):
            with self._root(root) as copy:
                self._recovered(copy, point, MODES["kill before"], turn)
                self._tally.deeper += 1
                if not self._is_new(copy, happened):
                    continue
                self._tally.states += 1
                where, self._where = self._where, f"{self._where}, then at {self._shim.what}"
                if depth > 1:
                    self._deeper(copy, happened, depth - 1)
                self._check(copy, happened)
                self._where = where

    def _is_new(self, root: Path, happened: Happened) -> bool:
        """Tell whether no recovery was killed in this very state of the files yet."""
        state = hashlib.blake2b(repr(happened).encode(), digest_size=16)
        for path in sorted(root.rglob("*")):
            state.update(f"{path.relative_to(root)}\n".encode())
            if path.is_file():
                state.update(_content(path))
        fresh = state.digest() not in self._states
        self._states.add(state.digest())
        return fresh

    # ------------------------------------------------------------ what is wrong
    def _check(self, root: Path, happened: Happened) -> None:
        checked = self._children.run(
            lambda tell: tell(json.dumps(asdict(self._workload.check(root, happened))))
        )
        if checked.how != "done":
            self._note(f"the check ended so: {checked.how} {checked.error}")
            return
        found = json.loads(checked.told[0])
        self._tally.ready_s.append(round(found["ready_s"], 4))
        for wrong in found["wrong"]:
            self._note(wrong)

    def _note_end(self, ended: Ended) -> None:
        if ended.how == "bug":
            self._note(ended.error)
        elif ended.how == "refused":
            code = ended.error.split()[0]
            self._tally.refusals[code] = self._tally.refusals.get(code, 0) + 1

    def _note(self, wrong: str) -> None:
        self._tally.wrong.append(f"{self._where}: {wrong}")


def _content(path: Path) -> bytes:
    """Give what counts of a file's bytes: not who holds a lock, nor by which numbers SQLite tells its logs apart."""
    if path.name.endswith((".lock", "-shm", "lock")):
        return b""
    data = path.read_bytes()
    if not path.name.endswith("-wal"):
        return data
    frames = (data[at : at + _FRAME] for at in range(_LOG_HEAD, len(data), _FRAME))
    return b"".join(frame[:8] + frame[24:] for frame in frames)


# ------------------------------------------------------------ a process of its own
def answered(asked: dict[str, Any], folder: Path) -> list[Tally]:
    """Do in this preloaded process what was asked for; it ends with the process that asked."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    made = mounted(asked["file_system"], folder) if asked["file_system"] else nullcontext()
    tallies: list[Tally] = []
    with made as disk:
        for name in asked["workloads"]:
            own = folder / name
            own.mkdir()
            tallies.append(Points(name, asked, own, disk).all())
    return tallies


def table(tallies: Sequence[Tally]) -> str:
    """Give the tallies as a table for people."""
    heads = f"{'points':>7}{'deeper':>8}{'states':>8}{'wrong':>7}{'ready p99':>11}{'s':>8}"
    lines = [f"{'workload':<12}{'mode':<24}{'on':<6}{heads}"]
    for one in tallies:
        ready = sorted(one.ready_s)
        late = ready[int(len(ready) * 0.99)] if ready else 0.0
        lines.append(
            f"{one.workload:<12}{one.mode:<24}{one.file_system or '-':<6}{one.points:>7}{one.deeper:>8}{one.states:>8}"
            f"{len(one.wrong):>7}{late * 1000:>8.0f} ms{one.seconds:>8.1f}"
        )
    return "\n".join(lines)


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="A fault at one point after the other.")
    parser.add_argument("--asked", help="what a test asks for, as JSON")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--workload", action="append", choices=sorted(WORKLOADS))
    parser.add_argument("--mode", action="append", choices=sorted(MODES))
    parser.add_argument("--file-system", action="append", choices=sorted(FILE_SYSTEMS))
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--depth", type=int, default=0, help="kill the recovery so often too")
    parser.add_argument("--most-deeper", type=int, default=1_000, help="so many points of each")
    given = parser.parse_args(words)
    if given.asked:
        print(json.dumps([asdict(t) for t in answered(json.loads(given.asked), given.folder)]))
        return
    tallies: list[Tally] = []
    for mode in given.mode or (*PLAIN_MODES, *DISK_MODES):
        for file_system in (given.file_system or FILE_SYSTEMS) if mode in DISK_MODES else ("",):
            if file_system and no_disk(file_system):
                print(f"left out: {mode} on {file_system}: {no_disk(file_system)}")
                continue
            found = run_all(
                mode,
                given.workload or tuple(WORKLOADS),
                stride=given.stride,
                depth=given.depth,
                most_deeper=given.most_deeper,
                file_system=file_system,
            )
            tallies += found
            print("\n".join(table(found).splitlines()[1:]), flush=True)
            for wrong in [wrong for tally in found for wrong in tally.wrong][:10]:
                print("   ", wrong[:1500])
    print(table(tallies))


if __name__ == "__main__":
    main(sys.argv[1:])
