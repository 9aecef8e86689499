"""kill -9 while bundles are renamed, archived, added and garbage is removed: fsck finds the store sound."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datter_samples import PATIENCE_S, add_run, curve
from plotter2.datter.auditing import audit
from plotter2.datter.scrubbing import scrub
from plotter2.datter.store import Store

CHANGER = Path(__file__).with_name("killed_changer.py")
TURNS = 12
CHANGES = ("rename", "archive", "undo", "gc", "add", "attach", "detach")


def killed(root: Path, seed: int, number: int, after_s: float) -> list[list[str]]:
    command = [sys.executable, str(CHANGER), str(root), str(seed), str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        return [line.split() for line in process.stdout.read().splitlines()]


def last_done(told: list[list[str]], *kinds: str) -> tuple[str, int] | None:
    done = [(what, int(number)) for word, what, number in told if word == "done" and what in kinds]
    return done[-1] if done else None


def begun(told: list[list[str]], *kinds: str) -> bool:
    """Tell whether the killed change was one of these: nobody knows whether it happened."""
    return bool(told) and told[-1][0] == "begin" and told[-1][1] in kinds


@pytest.mark.process
@pytest.mark.slow
def test_a_process_killed_while_it_changes_the_store_leaves_it_sound(tmp_path: Path) -> None:
    generator = random.Random(11)
    number = landed = 0
    with Store.open(tmp_path) as store:
        for run in range(3):
            add_run(store, f"exp0/run{run}", curve(3 + run))
    for turn in range(TURNS):
        told = killed(tmp_path, turn, number, generator.uniform(0, 0.12))
        with Store.open(tmp_path) as store:
            assert audit(tmp_path, PATIENCE_S).problems == ()
            assert list(store.layout.temp.iterdir()) == []
            assert scrub(store.layout).damaged == ()
            runs = {line.bundle.run: line.bundle for line in store.list()}
            archived = {line.bundle.run for line in store.archived()}
            assert runs.keys() | archived == {"run0", "run1", "run2"}
            name = runs["run0"].name.split("/")[0]
            renamed = last_done(told, "rename")
            if renamed and not begun(told, "rename"):
                assert name == f"exp{renamed[1]}"
            shelved = last_done(told, "archive", "undo")
            if shelved and not begun(told, "archive", "undo"):
                assert ("run1" in archived) == (shelved[0] == "archive")
            added = last_done(told, "add")
            if added and not begun(told, "add"):
                assert store.bundle(runs["run2"].id).tables["main"].rows == added[1] + 5
            attached = last_done(told, "attach", "detach")
            if attached and not begun(told, "attach", "detach"):
                kept = store.attachments(runs["run0"])
                scripts = [store.object_bytes(a.kept.script.digest) for a in kept]
                is_there = [f"p2 1 {attached[1]}".encode()] if attached[0] == "attach" else []
                assert scripts == is_there
        landed += begun(told, *CHANGES)
        number = max([number, *(int(line[2]) for line in told)])
    assert landed >= TURNS // 2, "too few kills came while a change was under way"
