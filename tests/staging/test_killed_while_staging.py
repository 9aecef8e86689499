"""kill -9 at every step of staging, overflowing news, many adders at once: nothing is lost, nothing is there twice."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from commandline import p2, p2_json, p2_process
from plotter2.datter.store import Store
from plotter2.staging import quarantine
from plotter2.staging.grounds import Grounds
from staging_samples import attempts, drop

pytestmark = pytest.mark.process
STAGER = Path(__file__).with_name("killed_stager.py")
CUTTER = STAGER.with_name("power_cuts.py")
KEEPER = STAGER.with_name("killed_keeper.py")
ADDERS = STAGER.with_name("adding_at_once.py")


def run(root: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "plotter2", *words, "--root", str(root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.slow
def test_killed_before_each_change_of_the_disk_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    stride = int(os.environ.get("P2_KILL_STRIDE", "9"))
    command = [
        sys.executable,
        str(STAGER),
        str(tmp_path),
        str(random.randrange(1_000)),
        str(stride),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["broken"] == []
    assert found["points"] >= 100 // stride


@pytest.mark.slow
def test_killed_anywhere_what_nothing_is_read_from_is_kept_once(tmp_path: Path) -> None:
    stride = int(os.environ.get("P2_KILL_STRIDE", "9"))
    command = [sys.executable, str(KEEPER), str(tmp_path), str(stride)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["broken"] == []
    assert found["points"] >= 100 // stride


@pytest.mark.slow
def test_a_watcher_killed_again_and_again_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    root, generator = tmp_path / "root", random.Random(3)
    names: set[str] = set()
    acknowledged: set[str] = set()
    for turn in range(2):
        with run(root, "inbox", "watch") as watcher:
            assert watcher.stdout is not None
            watcher.stdout.readline()
            for number in range(10):
                name = f"run{turn}-{number}"
                drop(root, f"{name}.csv", f"a\n{turn * 100 + number}\n")
                names.add(name)
            time.sleep(generator.uniform(2.0, 3.2))
            watcher.send_signal(signal.SIGKILL)
            said = watcher.stdout.read().splitlines()
        acknowledged |= {line.split()[1] for line in said if line.startswith("staged ")}
        assert not acknowledged & {path.name for path in (root / "inbox").iterdir()}
    assert acknowledged
    p2_json(root, "inbox", "watch", "--once")
    with Store.open(root) as store:
        assert attempts(store) == dict.fromkeys(names, 1)


@pytest.mark.slow
def test_what_is_acknowledged_survives_power_cuts(tmp_path: Path) -> None:
    if os.geteuid() != 0 or not all(map(shutil.which, ("mkfs.ext4", "unshare"))):
        pytest.skip("cutting the power of a disk needs root, mkfs.ext4, unshare and loop devices")
    disk = tmp_path / "disk"
    disk.mkdir()
    stride = os.environ.get("P2_KILL_STRIDE", "9")
    # A mount that other processes take into name spaces of their own would outlive its end here.
    alone = ["unshare", "--mount", "--propagation", "private"]
    command = [*alone, sys.executable, str(CUTTER), str(tmp_path / "image"), str(disk), stride]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if "CalledProcessError" in done.stderr and "'mount'" in done.stderr:
        pytest.skip("this machine does not mount loop devices: " + done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["broken"] == []


def test_ctrl_c_ends_the_watcher_in_peace(tmp_path: Path) -> None:
    with run(tmp_path, "inbox", "watch") as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline().startswith("watching ")
        watcher.send_signal(signal.SIGINT)
        assert watcher.stdout.read() == "0 staged, 0 stored, 0 quarantined\n"
    assert watcher.returncode == 0


def test_news_that_the_kernel_forgets_are_made_up_for_by_looking(tmp_path: Path) -> None:
    count = int(os.environ.get("P2_INBOX_FILES", "300"))
    with run(tmp_path, "inbox", "watch") as watcher:
        assert watcher.stdout is not None
        watcher.stdout.readline()
        watcher.send_signal(signal.SIGSTOP)
        for number in range(count):
            (tmp_path / "inbox" / f"run{number}.csv").write_text(f"a\n{number}\n")
        watcher.send_signal(signal.SIGCONT)
        for line in watcher.stdout:
            count -= line.startswith("stored ")
            if not count:
                break
        watcher.send_signal(signal.SIGINT)
        watcher.stdout.read()
    assert list((tmp_path / "inbox").iterdir()) == []
    with Store.open(tmp_path) as store:
        assert set(attempts(store).values()) == {1}


def test_eight_processes_that_add_at_once_agree(tmp_path: Path) -> None:
    names = ["shared", *(f"own{number}" for number in range(8))]
    for name in names:
        (tmp_path / f"{name}.csv").write_text(name)
    command = [sys.executable, str(ADDERS), str(tmp_path / "root"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    with Store.open(tmp_path / "root") as store:
        assert attempts(store) == dict.fromkeys(names, 1)


def test_watch_once_tells_what_it_did_and_status_what_is_left(tmp_path: Path) -> None:
    drop(tmp_path, "good.csv", "a\n1\n")
    drop(tmp_path, "bad.csv", "a,b\n1\n")
    (tmp_path / "inbox" / "half.csv.part").touch()
    done = p2_process(tmp_path, "inbox", "watch", "--once")
    assert done.code == 1
    assert "stored good.csv: good: 1 added\n" in done.out
    assert "not taken: half.csv.part: its name says that it is not finished\n" in done.out
    assert done.out.endswith("2 staged, 1 stored, 1 quarantined\n")
    told = p2_json(tmp_path, "inbox", "status")
    assert told["arriving"] == ["half.csv.part"]
    (reason,) = quarantine.listed(Grounds(tmp_path))
    assert [item["id"] for item in told["quarantined"]] == [reason.id]
    shown = p2_json(tmp_path, "quarantine", "show", reason.id[:6])
    assert Path(shown["kept"]).read_text() == "a,b\n1\n"
    assert shown["message"] in p2(tmp_path, "quarantine", "show", reason.id).out
    assert "staged again" in p2(tmp_path, "quarantine", "retry", reason.id).out
    assert p2_json(tmp_path, "inbox", "status")["staged"] == ["bad.csv"]
    assert p2_process(tmp_path, "inbox", "watch", "--once").code == 1
    assert p2(tmp_path, "quarantine", "drop", reason.id).out == "deleted: bad.csv\n"
    assert p2(tmp_path, "quarantine", "drop", reason.id).code == 2
    assert p2_json(tmp_path, "inbox", "status")["quarantined"] == []
