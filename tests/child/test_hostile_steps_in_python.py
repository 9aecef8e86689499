"""Hostile steps in Python fail with a code, in one line, at their line; or do no harm. The host is as it was."""

from __future__ import annotations

import gc
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from confined_children import open_descriptors
from hostile_bombs import bombs
from hostile_python import LIMITS, SCRIPT, SHORT, Attack, Came, came_of, classes, wrong_with
from plotter2.orchestrator import Orchestrator, OrchestratorSettings
from plotter2.orchestrator.settings import Spares

pytestmark = [pytest.mark.process, pytest.mark.attack]

CLASSES = {**classes(), "made_texts": bombs()}
GOOD = SCRIPT.format(
    gives="n: int", text="return [{'n': int(x)} for x in runs['reward'].tolist() if x]"
)
SPARES = Spares(most=2)
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MOST_GROWTH_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Surroundings:
    """What an attack could change of the process that runs it."""

    descriptors: tuple[tuple[str, int], ...]
    threads: int
    folder: str
    mask: int
    signals: tuple[object, ...]
    environment: tuple[tuple[str, str], ...]


def surroundings() -> Surroundings:
    gc.collect()
    handled = tuple(signal.getsignal(number) for number in sorted(signal.valid_signals()))
    os.umask(mask := os.umask(0o077))
    return Surroundings(
        tuple(sorted(Counter(map(_kind, open_descriptors())).items())),
        threading.active_count(),
        str(Path.cwd()),
        mask,
        handled,
        tuple(sorted(os.environ.items())),
    )


def _kind(descriptor: str) -> str:
    return re.sub("[0-9]+", "", descriptor)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def children_of(pid: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        found |= {int(child) for child in (task / "children").read_text().split()}
    return found


@pytest.fixture(scope="module")
def orchestrator() -> Iterator[Orchestrator]:
    before = children_of(os.getpid())
    with Orchestrator(OrchestratorSettings(cache=None, spares=SPARES)) as orchestrator:
        orchestrator.ready()
        yield orchestrator
    assert children_of(os.getpid()) == before


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("canary") / "canary"
    file.write_text("the canary lives")
    os.utime(file, (1, 1))
    return file


def settled(orchestrator: Orchestrator) -> Surroundings:
    """Wait until the children that wait are there again, then look."""
    while len(orchestrator.spares().pids) < SPARES.most:
        time.sleep(0.01)
    return surroundings()


def came_of_all(orchestrator: Orchestrator, attacks: list[Attack]) -> list[Came]:
    with ThreadPoolExecutor(2) as several:
        return list(
            several.map(
                lambda attack: came_of(
                    orchestrator,
                    SCRIPT.format(gives=attack.gives, text=attack.text),
                    SHORT if "P2-H0904" in attack.codes else LIMITS,
                ),
                attacks,
            )
        )


@pytest.mark.parametrize("name", CLASSES)
def test_an_attack_fails_with_its_reason_and_changes_nothing(
    orchestrator: Orchestrator, canary: Path, name: str
) -> None:
    came_of(orchestrator, GOOD)
    before, size = settled(orchestrator), resident_bytes()
    found = came_of_all(orchestrator, CLASSES[name])
    assert [w for a, c in zip(CLASSES[name], found, strict=True) if (w := wrong_with(a, c))] == []
    assert settled(orchestrator) == before
    assert resident_bytes() - size < MOST_GROWTH_BYTES
    assert came_of(orchestrator, GOOD).result == ("0", "1", "3", "2")
    assert (canary.read_text(), canary.stat().st_mtime) == ("the canary lives", 1)


TWO_STEPS = (
    GOOD.replace('export("out.csv")', 'export("good.csv")')
    + '''
script second(
  runs: table{run: string, step: int, reward: number?},
  words: list[string] = ["a", "b"],
): table{s: string} = python """
x = runs["step"]
s = f"{num.pi:.3f} {x.tolist()} {num.abs(-2)} {sorted([2, 1])} {words} {num.random(1).integers(0, 9, 3).tolist()}"
return [{"s": s + f" {runs.columns} {len(runs)} {max(2, 1)} {table([{'a': 1}])}"}]
"""
access("e") | second | export("out.csv")
'''
)


def test_no_step_leaves_anything_behind_for_the_next(orchestrator: Orchestrator) -> None:
    clean = came_of(orchestrator, TWO_STEPS)
    assert clean.error is None
    assert "3.142 [0, 1, 2, 0, 1] 2 [1, 2] ['a', 'b']" in clean.result[0]
    for attack in CLASSES["poisoned"]:
        if attack.result:
            text = TWO_STEPS.replace("return [{'n': int(x)", attack.text + "\n#", 1)
            assert came_of(orchestrator, text).result == clean.result, attack.name


def test_the_corpus_is_large_and_each_attack_is_its_own() -> None:
    texts = [attack.text for attacks in CLASSES.values() for attack in attacks]
    assert len(texts) == len(set(texts)) >= 150
    assert len(CLASSES) >= 15
