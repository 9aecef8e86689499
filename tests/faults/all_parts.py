"""The parts of `make test-faults`: what each does in a process of its own, and what it gives for the table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from faults import fault_shim, recorded_writes
from faults.fault_points import DISK_MODES, PLAIN_MODES, Tally, run
from faults.fault_workloads import LONG, WORKLOADS
from faults.loop_disks import FILE_SYSTEMS, no_disk
from faults.seeded_bugs import BUGS, FAULTS
from faults.store_stories import STORIES
from plotter2.datter.store import Store
from staging_samples import attempts

TESTS = Path(__file__).parents[1]
EXPLORER = Path(__file__).with_name("explore.py")
ADDERS = TESTS / "staging" / "adding_at_once.py"
ROUNDS = 100
FILES = 24_000
_ONE_CRASH, _TWO_CRASHES = 9_000, 12_000
_TOGETHER = 4
_THINNED = 7
"""Of a workload with so many times more calls than the others, each so manieth."""
_THOROUGH = {
    "P2_KILL_STRIDE": "1",
    "P2_MODEL_EXAMPLES": "200",
    "P2_INBOX_FILES": str(FILES),
    "P2_CRASH_STATES": "9000",
}
_MANY_TO_RECOVER = {"adding": 87}
"""Workloads whose recovery has so many calls that fewer first deaths are enough, at such a stride."""
_QUICK_TO_RECOVER = tuple(name for name in WORKLOADS if name not in ("inbox", "copying"))


@dataclass
class Outcome:
    """What came of a part: how much was looked at, what was wrong, how soon stores were ready, what was left out."""

    done: int = 0
    wrong: list[str] = field(default_factory=list)
    ready_s: list[float] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """A part: the line of the table that it counts for, what it is called, about how many seconds it takes."""

    line: str
    title: str
    seconds: int
    work: Callable[[], Outcome]


@dataclass(frozen=True)
class Line:
    """A line of the table: what is counted, and how much of it is wanted at least."""

    name: str
    least: int


LINES = (
    Line("kill points", 1_000),
    Line("torn and short writes", 400),
    Line("disk full (ENOSPC)", 400),
    Line("I/O error (EIO)", 400),
    Line("stopped (SIGSTOP)", 400),
    Line("kills during recovery, to depth 3", 1_000),
    *(Line(f"power cuts, {fs}", 400) for fs in FILE_SYSTEMS),
    *(Line(f"failed syncs, {fs}", 100) for fs in FILE_SYSTEMS),
    Line("disks after one crash", 2_000),
    Line("disks after two crashes", 8_000),
    Line("seeded bugs, each caught", len(BUGS)),
    Line("flipped bits, each seen", 200),
    Line("rounds of 8 adders", ROUNDS),
    Line("files after an overflow", FILES),
    Line("other tests", 100),
)


def parts() -> Iterator[Part]:
    """Give all parts."""
    yield from _plain_faults()
    yield from _disk_faults()
    yield from _explored()
    yield from _hunted()
    yield from _tested()
    yield Part("rounds of 8 adders", f"8 adders, {ROUNDS} rounds", 60, _added)


# ------------------------------------------------------------ faults at calls
_LINE_OF = {
    "kill before": "kill points", "kill after": "kill points",
    "torn write": "torn and short writes", "short write": "torn and short writes",
    "disk full once": "disk full (ENOSPC)", "disk full from": "disk full (ENOSPC)",
    "i/o error": "I/O error (EIO)", "stop": "stopped (SIGSTOP)",
}  # fmt: skip
_RECOVERY = "kills during recovery, to depth 3"


def _plain_faults() -> Iterator[Part]:
    lacking = fault_shim.missing()
    for mode in PLAIN_MODES:
        for name in WORKLOADS:
            every = name not in LONG or mode == "kill before"
            work = partial(
                _harmed, lacking, name, mode, stride=1 if every else _THINNED, evenly=False
            )
            yield Part(_LINE_OF[mode], f"{mode}, {name}", 100 if name in LONG else 30, work)
    for name in _QUICK_TO_RECOVER:
        stride = _MANY_TO_RECOVER.get(name, 29)
        work = partial(_harmed, lacking, name, "kill before", depth=3, stride=stride)
        yield Part(_RECOVERY, f"recovery killed, {name}", 120, work)
    work = partial(_harmed, lacking, "inbox", "kill before", depth=3, most_deeper=3, stride=29)
    yield Part(_RECOVERY, "recovery killed, inbox", 60, work)


def _disk_faults() -> Iterator[Part]:
    for file_system in FILE_SYSTEMS:
        lacking = fault_shim.missing() or no_disk(file_system)
        for mode in DISK_MODES:
            kind = "power cuts" if mode == "power cut" else "failed syncs"
            for name in WORKLOADS:
                work = partial(
                    _harmed, lacking, name, mode, file_system=file_system,
                    stride=_THINNED if name in LONG else 1, evenly=False,
                )  # fmt: skip
                yield Part(f"{kind}, {file_system}", f"{mode}, {name}, {file_system}", 40, work)


def _harmed(lacking: str, name: str, mode: str, **more: Any) -> Outcome:
    if lacking:
        return Outcome(left_out=[lacking])
    tally: Tally = run(name, mode, **more)
    return Outcome(tally.points + tally.deeper, tally.wrong, tally.ready_s)


# ------------------------------------------------------------ crash states and seeded bugs
def _explored() -> Iterator[Part]:
    for story in STORIES:
        for crashes, line, states in (
            (1, "disks after one crash", _ONE_CRASH),
            (2, "disks after two crashes", _TWO_CRASHES),
        ):
            words = ["--story", story, "--crashes", str(crashes)]
            words += ["--states", str(-(-states // len(STORIES)))]
            title = f"{'one crash' if crashes == 1 else 'two crashes'}, {story}"
            yield Part(line, title, 60 * crashes, partial(_looked_at, words))


def _looked_at(words: Sequence[str]) -> Outcome:
    found = _told_by_explorer(words)
    if isinstance(found, Outcome):
        return found
    return Outcome(found["one_crash"] + found["two_crashes"], found["violations"])


def _hunted() -> Iterator[Part]:
    line = "seeded bugs, each caught"
    explored = [bug for bug in BUGS if bug not in FAULTS]
    for start in range(0, len(explored), _TOGETHER):
        bugs = explored[start : start + _TOGETHER]
        yield Part(line, "bugs " + ", ".join(bugs), 40, partial(_caught_by_disks, bugs))
    for bug, (mode, name, file_system) in FAULTS.items():
        work = partial(_caught_by_fault, bug, mode, name, file_system)
        yield Part(line, f"bug {bug}", 20, work)


def _caught_by_disks(bugs: Sequence[str]) -> Outcome:
    found = _told_by_explorer(["--states", "150", *(f"--hunt={bug}" for bug in bugs)])
    if isinstance(found, Outcome):
        return found
    missed = [bug for bug in bugs if not found[bug]["violations"]]
    return Outcome(len(bugs) - len(missed), [f"{bug} is not caught" for bug in missed])


def _caught_by_fault(bug: str, mode: str, name: str, file_system: str) -> Outcome:
    lacking = fault_shim.missing() or (no_disk(file_system) if file_system else "")
    if lacking:
        return Outcome(left_out=[lacking])
    patch = f"faults.seeded_bugs:{bug}"
    tally = run(
        name, mode, patch=patch, file_system=file_system, stride=5, most=25, until_wrong=True
    )
    return Outcome(1) if tally.wrong else Outcome(wrong=[f"{bug} is not caught"])


def _told_by_explorer(words: Sequence[str]) -> dict[str, Any] | Outcome:
    with tempfile.TemporaryDirectory() as folder:
        try:
            recorder = recorded_writes.build(Path(folder))
        except LookupError as error:
            return Outcome(left_out=[str(error)])
        done = subprocess.run(
            [sys.executable, str(EXPLORER), *words],
            env=recorded_writes.environment(recorder), capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        return Outcome(wrong=[done.stderr[-4_000:]])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# ------------------------------------------------------------ tests
_OVERFLOW = "news_that_the_kernel_forgets"
_DONE_HERE = (
    "test_faults_at_every_call.py", "test_seeded_bugs_are_caught.py",
    "test_flipped_bits_are_found.py",
)  # fmt: skip


def _tested() -> Iterator[Part]:
    watcher = "staging/test_killed_while_staging.py"
    yield Part(
        "files after an overflow", f"{FILES:,} files after an overflow", 400,
        partial(_tests, [watcher, "-k", _OVERFLOW], FILES),
    )  # fmt: skip
    flipped = "faults/test_flipped_bits_are_found.py"
    yield Part("flipped bits, each seen", "flipped bits", 30, partial(_tests, [flipped], 200))
    yield Part("other tests", watcher, 300, partial(_tests, [watcher, "-k", f"not {_OVERFLOW}"]))
    states = "faults/test_crash_states.py"
    yield Part("other tests", states, 5, partial(_tests, [states, "-k", "not promise_is_kept"]))
    done = (*_DONE_HERE, Path(watcher).name, Path(states).name)
    for folder in ("faults", "staging", "datter", "relay"):
        for path in sorted((TESTS / folder).glob("test_*.py")):
            if path.name not in done:
                name = f"{folder}/{path.name}"
                yield Part("other tests", name, 30, partial(_tests, [name]))


def _tests(words: Sequence[str], counts: int = 0) -> Outcome:
    """Run tests; gives how many ran well, or `counts` where all of them did."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            f"--junitxml={told}",
            f"--basetemp={folder}/tmp",
        ]
        command += ["-p", "no:cacheprovider", "-o", "faulthandler_timeout=3600"]
        done = subprocess.run(
            [*command, str(TESTS / words[0]), *words[1:]],
            env={**os.environ, **_THOROUGH}, cwd=TESTS.parent, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if not told.exists():
            return Outcome(wrong=[(done.stdout + done.stderr)[-4_000:]])
        cases = list(ET.parse(told).getroot().iter("testcase"))
    found = Outcome()
    for case in cases:
        name = f"{words[0]}::{case.get('name')}"
        bad = [each for kind in ("failure", "error") for each in case.findall(kind)]
        found.wrong += [
            f"{name}: {each.get('message')}\n{(each.text or '')[-2_000:]}" for each in bad
        ]
        found.left_out += [f"{name}: {each.get('message')}" for each in case.findall("skipped")]
        found.done += not len(case.findall("skipped")) and not bad
    if done.returncode and not found.wrong:
        found.wrong.append((done.stdout + done.stderr)[-4_000:])
    if counts:
        found.done = 0 if found.wrong or found.left_out else counts
    return found


def _added() -> Outcome:
    """Have eight processes add at the same moment, again and again."""
    found = Outcome()
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            names = ["shared", *(f"own{each}" for each in range(8))]
            for each in names:
                (folder / f"{each}.csv").write_text(each)
            done = subprocess.run(
                [sys.executable, str(ADDERS), str(folder / "root"), name],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                found.wrong.append(f"round {number}: {done.stderr[-2_000:]}")
                continue
            with Store.open(folder / "root") as store:
                stored = attempts(store)
        if stored == dict.fromkeys(names, 1):
            found.done += 1
        else:
            found.wrong.append(f"round {number}: {stored}")
    return found
