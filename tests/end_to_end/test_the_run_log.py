"""What ran, what was refused and who was trusted is logged before it counts; anybody can check it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from commandline import p2, p2_json
from plotter2.host.run_log import RunLog
from sweep_samples import Workplace

pytestmark = pytest.mark.process


def entries(place: Workplace, event: str) -> list[dict[str, object]]:
    lines = RunLog(place.root).files.read_entries()[0]
    return [entry for entry in map(json.loads, lines) if entry["event"] == event]


def test_a_run_is_logged_with_its_end_and_its_picture_is_the_same_each_time(
    place: Workplace, tmp_path: Path
) -> None:
    first = p2_json(place.root, "run", place.script)
    second = p2_json(place.root, "run", place.script)
    pictures = [Path(record["artefacts"][0]["path"]) for record in (first, second)]
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    assert first["log"] != second["log"]
    intents, ends = entries(place, "run"), entries(place, "done")
    assert [each["run"] for each in intents] == [first["run"], second["run"]]
    assert [each["rc"] for each in ends] == [0, 0]
    assert ends[0]["output"] == ends[1]["output"]
    name = f"{pictures[0].stem}.png"
    assert ends[0]["files"] == {name: first["artefacts"][0]["sha256"]}
    assert intents[0]["bundles"]
    assert p2_json(place.root, "log", "verify")["runs_recorded"] == 2
    proof = tmp_path / "picture.tlog-proof"
    p2_json(place.root, "log", "prove", pictures[0], "-o", proof)
    assert proof.exists()
    key = p2_json(place.root, "log", "checkpoint")["key"]
    nowhere = tmp_path / "nowhere"
    checked = p2_json(
        nowhere, "log", "verify", "--proof", proof, "--picture", pictures[0], "--key", key
    )
    assert checked["entry"]["run"] == second["run"]
    other = p2(nowhere, "log", "verify", "--proof", proof, "--picture", place.script, "--key", key)
    assert (other.code, "P2-S0856" in other.err) == (4, True)
    unnamed = p2(nowhere, "log", "verify", "--proof", proof)
    assert (unnamed.code, "--key NAME+ID+BASE64" in unnamed.err) == (4, True)
    why = p2_json(place.root, "why", pictures[0])
    assert why["log"]["index"] == second["log"]["index"]


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_copy_that_carries_its_proof_is_checked_anywhere(
    place: Workplace, tmp_path: Path, kind: str
) -> None:
    run = p2_json(place.root, "run", place.script, "-f", kind)
    made = next(Path(a["path"]) for a in run["artefacts"] if a["path"].endswith(kind))
    copy, nowhere = tmp_path / f"copy.{kind}", tmp_path / "nowhere"
    told = p2(place.root, "log", "prove", made, "--into", copy).out
    assert f"--picture {copy} --key" in told
    key = p2_json(place.root, "log", "checkpoint")["key"]
    checked = p2_json(nowhere, "log", "verify", "--picture", copy, "--key", key)
    assert checked["entry"]["run"] == run["run"]
    assert "the picture carries a proof of its own" in p2(nowhere, "why", copy).out
    assert p2_json(place.root, "why", copy)["log"]["index"] == run["log"]["index"]
    assert "checkpoint " in p2(place.root, "why", made).out
    plain = p2(nowhere, "log", "verify", "--picture", made, "--key", key)
    assert (plain.code, "the picture carries no proof" in plain.err) == (4, True)
    copy.write_bytes(copy.read_bytes().replace(b"plotter2", b"plotter3", 1))
    assert p2(nowhere, "log", "verify", "--picture", copy, "--key", key).code == 4


def test_what_is_wrong_with_the_own_checkpoint_says_how_to_get_it_back(place: Workplace) -> None:
    p2_json(place.root, "run", place.script)
    RunLog(place.root).files.checkpoint.unlink()
    for command in (["log", "verify"], ["run", place.script]):
        refused = p2(place.root, *command)
        assert (refused.code, "get log/run back from a safe copy" in refused.err) == (4, True)


def test_refusals_are_logged(place: Workplace) -> None:
    place.script.write_text(place.script.read_text() + "\n# more\n")
    assert p2(place.root, "run", place.script).code == 4
    (refused,) = entries(place, "refused")
    assert (refused["code"], refused["cause"], refused["rc"]) == ("P2-S0774", "E_DIGEST", 4)
    assert entries(place, "run") == []


def test_a_run_that_cannot_be_logged_does_not_start_and_a_refusal_is_one_all_the_same(
    place: Workplace,
) -> None:
    lock = place.root / "log" / "run.lock"
    lock.unlink()
    lock.mkdir()
    finished = p2(place.root, "run", place.script)
    assert finished.code == 4
    assert "P2-S0860" in finished.err
    assert "help:" in finished.err
    assert p2_json(place.root, "runs")["runs"] == []
    place.script.write_text(place.script.read_text() + "\n# more\n")
    refused = p2(place.root, "run", place.script)
    assert (refused.code, "P2-S0774" in refused.err) == (4, True)
    trusted = (place.root / "config" / "trust" / "allowed_signers").read_bytes()
    assert p2(place.root, "key", "new", "--name", "b@here", "--no-passphrase").code == 4
    assert (place.root / "config" / "trust" / "allowed_signers").read_bytes() == trusted


def test_a_run_without_an_end_is_marked_and_others_are_not(place: Workplace) -> None:
    p2_json(place.root, "run", place.script)
    ended = p2_json(place.root, "log", "show")
    assert ended["without_end"] == []
    killed = RunLog(place.root).append("run", run="01KILLED", name="own/x").index
    assert p2_json(place.root, "log", "show")["without_end"] == [killed]
    marked = [line for line in p2(place.root, "log", "show").out.splitlines() if "no end" in line]
    assert len(marked) == 1
    assert "01KILLED" in marked[0]


def test_keys_signatures_and_trust_are_logged(place: Workplace) -> None:
    (made,) = entries(place, "key-new")
    (signed,) = entries(place, "sign")
    (trusted,) = entries(place, "trust-add")
    assert made["principal"] == "tester@here"
    assert signed["key"] == made["key"]
    assert str(trusted["line"]).startswith("tester@here namespaces=")


def test_a_checkpoint_is_countersigned_kept_and_looked_at(place: Workplace, tmp_path: Path) -> None:
    point, other = tmp_path / "monday", tmp_path / "other"
    p2_json(place.root, "log", "checkpoint", "-o", point)
    p2_json(other, "key", "new", "--name", "bob@lab", "--no-passphrase")
    seen = p2_json(other, "log", "witness", point)
    assert [each["principal"] for each in seen["by"]] == ["bob@lab"]
    p2_json(place.root, "log", "witness", point, "--keep")
    p2_json(place.root, "run", place.script)
    verified = p2_json(place.root, "log", "verify", "--since", point)
    fingerprint = seen["by"][0]["fingerprint"]
    assert verified["witnessed"] == [
        {"size": verified["since"]["entries"], "by": [["", fingerprint]]}
    ]
    point.with_name("monday.sig").write_text("no signature\n")
    broken = p2(place.root, "log", "witness", point, "--check")
    assert (broken.code, "P2-S0858" in broken.err) == (4, True)
    foreign = p2(other, "log", "verify", "--since", point)
    assert (foreign.code, "P2-S0851" in foreign.err) == (4, True)


def test_the_log_is_shown_exported_and_looked_at_by_doctor_and_fsck(
    place: Workplace, tmp_path: Path
) -> None:
    shown = p2(place.root, "log", "show", "--last", "2")
    assert [line.split()[3] for line in shown.out.splitlines()] == ["trust-add", "sign"]
    assert p2(place.root, "log", "show", "--event", "revoke").out == "no such entry\n"
    tiles = tmp_path / "tiles"
    p2_json(place.root, "log", "export", tiles)
    size = p2_json(place.root, "log", "show")["size"]
    assert len((tiles / "tile" / "0" / f"000.p/{size}").read_bytes()) == 32 * size
    again = p2(place.root, "log", "export", tiles)
    assert (again.code, "P2-S0865" in again.err) == (2, True)
    assert p2(place.root, "fsck").code == 0
    segment = RunLog(place.root).files.segment(0)
    segment.write_bytes(segment.read_bytes().replace(b"tester@here", b"nobody@here", 1))
    finished = p2(place.root, "fsck")
    assert (finished.code, "P2-S0853" in finished.out) == (1, True)
    checks = {
        check["check"]: check
        for check in json.loads(p2(place.root, "doctor", "--json").out)["checks"]
    }
    assert not checks["run log"]["ok"]


def test_a_root_without_a_log_says_so(tmp_path: Path, place: Workplace) -> None:
    shutil.rmtree(place.root / "log" / "run")
    finished = p2(place.root, "log", "verify")
    assert (finished.code, "P2-S0862" in finished.err) == (4, True)
    assert p2(tmp_path / "nothing", "log", "show").code != 0


def test_a_log_that_was_deleted_is_told_once_to_whoever_runs_next(place: Workplace) -> None:
    shutil.rmtree(place.root / "log" / "run")
    gone = "warning: the run log that was here is gone"
    assert p2(place.root, "run", place.script).err.count(gone) == 1
    assert gone not in p2(place.root, "run", place.script).err
