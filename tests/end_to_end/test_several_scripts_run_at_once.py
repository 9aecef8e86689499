"""`plotter2 run A.p2 B.p2`: each script runs on its own, in order told, and Ctrl-C cancels all of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commandline import hearing_interrupts, p2, p2_json
from sweep_samples import MEAN_SCRIPT, Workplace

pytestmark = pytest.mark.process


@pytest.fixture
def scripts(place: Workplace) -> list[Path]:
    """Give three signed scripts beside each other."""
    found = []
    for name in ("one", "two", "three"):
        script = place.folder / f"{name}.p2"
        script.write_text(MEAN_SCRIPT)
        p2_json(place.root, "sign", script)
        found.append(script)
    return found


def test_each_gives_its_pictures_and_they_are_those_of_a_single_run(
    place: Workplace, scripts: list[Path], tmp_path: Path
) -> None:
    told = p2_json(place.root, "run", *scripts, "--jobs", "2", "-o", tmp_path / "out")
    assert told["ok"]
    assert [run["script"] for run in told["runs"]] == [str(script) for script in scripts]
    alone = p2_json(place.root, "run", scripts[1])
    digests = [run["record"]["artefacts"][0]["sha256"] for run in told["runs"]]
    assert digests[1] == alone["artefacts"][0]["sha256"]
    for script in scripts:
        assert list((tmp_path / "out" / script.stem).iterdir())


def test_a_record_says_which_limits_held_and_where_they_come_from(
    place: Workplace, scripts: list[Path]
) -> None:
    (place.root / "config" / "plotter2.toml").write_text(
        "[limits]\nwall_ms = 20000\n[host]\nchildren = 1\noutput_mib = 100\n"
    )
    record = p2_json(place.root, "run", scripts[0])
    assert record["outcome"] == "done"
    limits = record["limits"]
    assert limits["wall_ms"] == {"limit": 20000, "from": "policy"}
    assert limits["out_mib"] == {"limit": 100, "from": "host"}
    assert limits["mem_mib"]["from"] == "signature"


def test_one_that_fails_does_not_keep_the_others(place: Workplace, scripts: list[Path]) -> None:
    scripts[1].write_text(MEAN_SCRIPT + "\n# changed after it was signed\n")
    finished = p2(place.root, "run", *scripts, "--json")
    assert finished.code == 1
    first, second, third = finished.json["runs"]
    assert (first["ok"], second["ok"], third["ok"]) == (True, False, True)
    assert second["error"]["code"].startswith("P2-S07")
    text = p2(place.root, "run", *scripts)
    assert text.code == 1
    assert text.out.index(str(scripts[0])) < text.out.index(second["error"]["code"])


@pytest.mark.parametrize("words", [["--key", "k"], ["--only"], ["--jobs", "0"]])
def test_options_that_do_not_fit_several_scripts_are_refused(
    place: Workplace, scripts: list[Path], words: list[str]
) -> None:
    finished = p2(place.root, "run", *scripts, *words)
    assert finished.code == 2


def test_ctrl_c_cancels_all(place: Workplace, scripts: list[Path]) -> None:
    command = [sys.executable, "-m", "plotter2", "run", *map(str, scripts), "--root"]
    command.append(str(place.root))
    with hearing_interrupts():
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    with process as running:
        deadline = time.monotonic() + 60
        while not p2_json(place.root, "requests", "ls")["requests"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(running.pid, signal.SIGINT)
        _, error = running.communicate(timeout=60)
    assert "stopped" in error
    assert running.returncode == 1
    asked = p2_json(place.root, "requests", "ls", "--all")["requests"]
    assert {request["state"] for request in asked} <= {"cancelled", "done"}
    assert "cancelled" in {request["state"] for request in asked}
