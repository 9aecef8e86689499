"""What is asked on the command line, in Python and in a notebook is remembered: done once, tried again, taken back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import plotter2
from commandline import Finished, p2, p2_json
from plotter2.config.settings import settings
from plotter2.datter.bodies import Add, Redo
from plotter2.datter.store import Store
from plotter2.errors import Problem
from plotter2.host.host import Host
from plotter2.host.session import Session
from sweep_samples import Workplace

pytestmark = pytest.mark.process

CSV = "step,loss\n" + "".join(f"{n},{1 / (n + 1)}\n" for n in range(20))


def error_of(finished: Finished) -> Any:
    assert finished.code != 0, finished.out
    return finished.json["error"]


def pictures(root: Path) -> list[str]:
    return sorted(str(path) for path in (root / "output").glob("*/*"))


def requests_of(root: Path, *words: str) -> list[Any]:
    found: list[Any] = p2_json(root, "requests", "ls", *words)["requests"]
    return found


def killed_run(place: Workplace, key: str) -> None:
    """Start a run and kill it while its child works."""
    command = [sys.executable, "-m", "plotter2", "run", str(place.script), "--key", key]
    command += ["--root", str(place.root)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while not is_running(place.root, key):
            assert process.poll() is None
            time.sleep(0.005)
        refused = p2(place.root, "run", place.script, "--key", key, "--json")
        assert error_of(refused)["code"] == "P2-D0886"
        assert str(process.pid) in error_of(refused)["message"]
        process.kill()


def is_running(root: Path, key: str) -> bool:
    with Store.open(root) as store:
        return any(asked.key == key and asked.run for asked in store.requests.listed())


# ------------------------------------------------------------ once
def test_a_run_with_a_key_happens_once_and_tells_its_result_again(place: Workplace) -> None:
    first = p2_json(place.root, "run", place.script, "--key", "k")
    again = p2_json(place.root, "run", place.script, "--key", "k")
    assert again == {**first, "repeated": True}
    assert len(p2_json(place.root, "runs")["runs"]) == 1
    told = p2(place.root, "run", place.script, "--key", "k")
    assert told.out.splitlines()[-1].endswith("was done before; nothing ran now")
    assert first["artefacts"][0]["path"] in told.out
    with plotter2.open(place.root) as library:
        same = library.run(place.script, key="k")
        other = library.run(place.script)
    assert (same.run, same.repeated) == (first["run"], True)
    assert same.artefacts[0].path.is_file()
    assert (other.run == first["run"], other.repeated) == (False, False)


def test_a_key_with_something_else_is_refused_and_both_are_shown(place: Workplace) -> None:
    p2_json(place.root, "run", place.script, "--key", "k")
    for words in (("-f", "svg"), ("-p", "window=3")):
        error = error_of(p2(place.root, "run", place.script, *words, "--key", "k", "--json"))
        assert error["code"] == "P2-D0885"
        then, now = error["note"].splitlines()
        assert then.startswith("asked then: run, ")
        assert now.startswith("asked now: run, ")
        assert words[1].partition("=")[0] in now
        assert words[1].partition("=")[0] not in then
    assert error_of(p2(place.root, "run", place.script, "--key", "two words", "--json"))[
        "code"
    ] == ("P2-D0869")


def test_an_add_with_a_key_happens_once_and_tells_its_report_again(tmp_path: Path) -> None:
    root, data = tmp_path / "root", tmp_path / "exp.csv"
    data.write_text(CSV)
    first = p2_json(root, "add", data, "--key", "k")
    data.write_text(CSV + "20,0.5\n")
    again = p2_json(root, "add", data, "--key", "k")
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert first["added"] == again["added"]
    assert first["request"] == again["request"]
    assert len(p2_json(root, "show", "exp")["attempts"]) == 1
    assert "was done before" in p2(root, "add", data, "--key", "k").out
    assert p2_json(root, "add", data)["added"][0]["outcome"] == "new attempt"
    assert (
        error_of(p2(root, "add", data, "--name", "x", "--key", "k", "--json"))["code"] == "P2-D0885"
    )


# ------------------------------------------------------------ killed
@pytest.mark.slow
def test_a_killed_run_is_queued_again_and_done_when_it_is_tried_again(place: Workplace) -> None:
    before = pictures(place.root)
    killed_run(place, "k")
    (request,) = requests_of(place.root)
    assert (request["state"], request["crashes"]) == ("queued", 1)
    assert request["error"]["code"] == "P2-H0920"
    (broken,) = p2_json(place.root, "runs")["runs"]
    assert (broken["state"], broken["request"]) == ("broken off", request["id"])
    assert pictures(place.root) == before
    done = p2_json(place.root, "requests", "retry", request["id"])
    assert done["request"] == request["id"]
    assert [run["state"] for run in p2_json(place.root, "runs")["runs"]] == ["done", "broken off"]
    shown = p2_json(place.root, "requests", "show", "k")
    assert shown["state"] == "done"
    assert shown["pictures"] == [artefact["path"] for artefact in done["artefacts"]]
    states = [change["state"] for change in shown["history"]]
    assert states == ["queued", "leased", "queued", "leased", "done"]
    assert p2_json(place.root, "run", place.script, "--key", "k")["run"] == done["run"]


def test_an_add_whose_process_died_is_done_when_it_is_tried_again(tmp_path: Path) -> None:
    root, data = tmp_path / "root", tmp_path / "exp.csv"
    data.write_text(CSV)
    died = """
import os, sys
from pathlib import Path
from plotter2.config.settings import settings
from plotter2.host import asking
from plotter2.errors import Problem
from plotter2.host.host import Host
host = Host(settings(sys.argv[1]))
host.store.begin(asking.add_of([Path(sys.argv[2])], None), 60)
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", died, str(root), str(data)], check=False)
    (request,) = requests_of(root)
    assert (request["state"], request["kind"], request["crashes"]) == ("queued", "add", 1)
    added = p2_json(root, "requests", "retry", request["id"])
    assert [bundle["name"] for bundle in added["added"]] == ["exp"]
    assert requests_of(root) == []


# ------------------------------------------------------------ failed, changed, taken back
def test_what_fails_by_its_own_fault_says_so_again_and_runs_again_when_it_is_mended(
    tmp_path: Path,
) -> None:
    root, data = tmp_path / "root", tmp_path / "exp.csv"
    data.write_text("step,loss\n")
    first = error_of(p2(root, "add", data, "--key", "k", "--json"))
    again = error_of(p2(root, "add", data, "--key", "k", "--json"))
    assert again["code"] == "P2-D0889"
    assert first["message"] in again["message"]
    assert "plotter2 requests retry" in again["help"]
    assert requests_of(root) == []
    (request,) = requests_of(root, "--state", "failed")
    assert request["error"]["code"] == first["code"]
    data.write_text(CSV)
    assert p2_json(root, "requests", "retry", "k")["added"][0]["outcome"] == "added"


def test_a_script_that_changed_is_not_run_for_an_old_request(place: Workplace) -> None:
    killed_run(place, "k")
    place.script.write_text(place.script.read_text() + "// changed\n")
    error = error_of(p2(place.root, "requests", "retry", "k", "--json"))
    assert error["code"] == "P2-D0867"
    assert str(place.script) in error["help"]
    assert requests_of(place.root)[0]["state"] == "queued"
    gone = p2_json(place.root, "requests", "cancel", "k")
    assert gone["state"] == "cancelled"
    assert error_of(p2(place.root, "requests", "cancel", "k", "--json"))["code"] == "P2-D0889"
    assert requests_of(place.root) == []
    assert requests_of(place.root, "--all")[0]["key"] == "k"


def test_a_kind_that_nobody_carries_out_stays_and_can_be_taken_back(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.requests.ask("redo", "exp", Redo(bundle="exp", over=({"lr": 0.1},)), "again")
    error = error_of(p2(tmp_path, "requests", "retry", "again", "--json"))
    assert error["code"] == "P2-D0868"
    text = p2(tmp_path, "requests", "show", "again").out
    assert "redo exp" in text
    assert "over:\n  lr = 0.1\n" in text
    assert p2(tmp_path, "requests", "cancel", "again").out.startswith("cancelled: redo exp (")


def test_ctrl_c_takes_a_run_back(place: Workplace) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with plotter2.open(place.root) as library, pytest.raises(KeyboardInterrupt):
        library.run(place.script, on_event=interrupt, key="k")
    (request,) = requests_of(place.root, "--state", "cancelled")
    assert request["key"] == "k"


# ------------------------------------------------------------ looking
def test_runs_are_listed_newest_first_with_their_pictures(place: Workplace) -> None:
    assert p2(place.root, "runs").out == "nothing ran yet\n"
    first = p2_json(place.root, "run", place.script, "-f", "png", "-f", "svg")
    second = p2_json(place.root, "run", place.script)
    runs = p2_json(place.root, "runs")["runs"]
    assert [run["run"] for run in runs] == [second["run"], first["run"]]
    assert runs[1]["pictures"] == [one["path"] for one in first["artefacts"]]
    for name in (str(place.script), "own/mean"):
        assert len(p2_json(place.root, "runs", name)["runs"]) == 2
    assert len(p2_json(place.root, "runs", "--limit", "1")["runs"]) == 1
    head, newest, older = p2(place.root, "runs").out.splitlines()
    assert head.split() == ["run", "what", "state", "when", "sandbox", "pictures"]
    assert newest.startswith(second["run"])
    assert older.endswith("reward.png reward.svg")
    assert "did not run yet" in p2(place.root, "runs", "nothing.p2").out


def test_requests_are_listed_and_an_unknown_one_is_told(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    assert p2(tmp_path, "requests", "ls").out == "nothing to list; nothing was asked yet\n"
    data = tmp_path / "exp.csv"
    data.write_text(CSV)
    p2_json(tmp_path, "add", data, "--key", "nightly")
    assert p2(tmp_path, "requests", "ls").out == "nothing to list; 1 done\n"
    head, line, total = p2(tmp_path, "requests", "ls", "--all").out.splitlines()
    assert head.split() == ["id", "state", "kind", "what", "asked", "tries", "key"]
    assert line.split()[1:4] == ["done", "add", "exp.csv"]
    assert line.endswith("nightly")
    assert total == "1 done"
    assert error_of(p2(tmp_path, "requests", "show", "nix", "--json"))["code"] == "P2-D0888"
    assert json.loads(p2(tmp_path, "requests", "ls", "--json").out)["counts"] == {"done": 1}


def test_doctor_tells_of_dead_requests(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        request = store.requests.ask("add", "a", Add(paths=("a",)))
        for _ in range(3):
            token = store.requests.lease(request.id, 60)
            store.requests.crash(token, Problem("P2-H0903", "the child died"))
    checks = {check["check"]: check for check in p2(tmp_path, "doctor", "--json").json["checks"]}
    assert (checks["requests"]["ok"], checks["requests"]["detail"]) == (False, "1 dead")


def test_inputs_of_a_session_are_requests_too(place: Workplace) -> None:
    with Host(settings(place.root)) as host:
        session = Session(host)
        session.take(session.understood('access("sweep/*") | head(3)'))
    newest = requests_of(place.root, "--all")[0]
    assert (newest["kind"], newest["state"]) == ("run", "done")
    assert "sessions" in newest["subject"]
