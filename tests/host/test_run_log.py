"""The run log grows by one entry at a time, whoever appends; nothing that a checkpoint covers can go unnoticed."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from p2sign.log.checkpoint import claimed_checkpoint
from p2sign.log.entry import parse_entry
from plotter2.datter import log_files
from plotter2.datter.layout import Layout
from plotter2.errors import Refused
from plotter2.host.run_log import RunLog, earlier_logs, read_note_key

NOW = datetime(2026, 11, 24, 9, 46, 40, tzinfo=UTC)


def log_of(root: Path) -> RunLog:
    return RunLog(root, lambda: NOW)


def entries(log: RunLog) -> list[dict[str, object]]:
    return [parse_entry(line) for line in log.files.read_entries()[0]]


def test_the_first_entry_says_which_key_the_log_has(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    logged = log.append("run", script="ab", note=None)
    assert logged.index == 1
    key = log.public_key()
    assert entries(log) == [
        {"event": "log-begin", "key": str(key), "time": "2026-11-24T09:46:40.000Z"},
        {"event": "run", "script": "ab", "time": "2026-11-24T09:46:40.000Z"},
    ]


def test_each_entry_comes_with_a_proof_that_its_own_checkpoint_bears_out(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    for number in range(20):
        logged = log.append("run", n=number)
        key = log.public_key()
        assert key is not None
        assert logged.proof.checked([key]).size == logged.index + 1 == number + 2
        assert parse_entry(logged.proof.entry)["n"] == number


def test_key_and_log_are_closed_to_others(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    log.append("run")
    for path in (log.key_file, log.files.segment(0)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.files.folder.stat().st_mode) == 0o700


def test_segments_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("plotter2.datter.log_files", "plotter2.host.run_log"):
        monkeypatch.setattr(f"{module}.SEGMENT", 4)
    one, other = log_of(tmp_path), log_of(tmp_path)
    for number in range(6):
        one.append("run", n=number)
        other.append("done", n=number)
        one.files.edge.unlink()
    names = [path.name for path in sorted(one.files.entries.iterdir())]
    assert names == [f"{start:012}.jsonl" for start in (0, 4, 8, 12)]
    assert [entry.get("n") for entry in entries(one)[1:]] == [n // 2 for n in range(12)]
    assert log_files.SEGMENT == 4


def test_what_a_torn_write_left_is_cut_off(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    log.append("run", n=0)
    with log.files.segment(0).open("ab") as file:
        file.write(b'{"event":"run","n":1,"ti')
    assert log.append("run", n=2).index == 2
    assert [entry.get("n") for entry in entries(log)] == [None, 0, 2]


def test_a_whole_entry_behind_the_checkpoint_is_taken_over_and_noise_is_not(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    log.append("run", n=0)
    before = log.files.checkpoint.read_bytes()
    log.append("run", n=1)
    log.files.checkpoint.write_bytes(before)
    with log.files.segment(0).open("ab") as file:
        file.write(b"\0\0\0\n" * 3)
    assert log_of(tmp_path).append("run", n=2).index == 3
    assert [entry.get("n") for entry in entries(log)] == [None, 0, 1, 2]


def flipped(path: Path, at: int = 40) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def other_root(path: Path) -> None:
    """Put another root into a checkpoint, and nothing that is no base64 (one more bit may be just that)."""
    origin, size, root, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([origin, size, b"B" if root[:1] != b"B" else b"C", root[1:], *rest]))


def dropped(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))


def origin(log: RunLog) -> str:
    return claimed_checkpoint(log.files.checkpoint.read_bytes()).origin


DAMAGES: dict[str, tuple[Callable[[RunLog], object], str]] = {
    "an entry": (lambda log: flipped(log.files.segment(0)), "E_LOG_ENTRY"),
    "the last entry": (lambda log: dropped(log.files.segment(0)), "E_LOG_SHORT"),
    "all entries": (lambda log: log.files.segment(0).unlink(), "E_LOG_SHORT"),
    "the root": (lambda log: other_root(log.files.checkpoint), "E_LOG_SIGNATURE"),
    "the size": (
        lambda log: flipped(log.files.checkpoint, len(origin(log)) + 1),
        "E_LOG_SIGNATURE",
    ),
    "no checkpoint": (lambda log: log.files.checkpoint.unlink(), "E_LOG_NOTE"),
    "an empty checkpoint": (lambda log: log.files.checkpoint.write_bytes(b""), "E_LOG_NOTE"),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_nothing_is_appended_to_a_damaged_log(tmp_path: Path, what: str) -> None:
    log = log_of(tmp_path)
    for number in range(5):
        log.append("run", n=number)
    damage, name = DAMAGES[what]
    damage(log)
    log.files.edge.unlink()
    with pytest.raises(Refused) as caught:
        log_of(tmp_path).append("run")
    assert caught.value.note == f"({name})"


@pytest.mark.parametrize("lost", ["key", "alive"])
def test_a_log_that_does_not_belong_here_is_set_aside_and_the_next_one_says_so(
    tmp_path: Path, lost: str
) -> None:
    told: list[str] = []
    log = RunLog(tmp_path, lambda: NOW, told.append)
    log.append("run")
    assert told == []
    old = claimed_checkpoint(log.files.checkpoint.read_bytes())
    old_key = log.public_key()
    (log.key_file if lost == "key" else log.files.alive).unlink()
    assert log.append("run").index == 1
    (earlier,) = earlier_logs(Layout(tmp_path))
    assert read_note_key(earlier.key) == old_key != log.public_key()
    first = entries(log)[0]
    assert first["previous"] == {"size": 2, "root": old.root_text}
    assert first["earlier"] == "1"
    (line,) = told
    assert ("the key of the run log is lost" in line) == (lost == "key")
    assert line.endswith(f"a new log begins; the one before is kept: {earlier.folder}")


@pytest.mark.parametrize("left", [(), ("edge",), ("key", "alive", "edge")])
def test_a_log_that_was_deleted_is_told_when_the_next_one_begins(
    tmp_path: Path, left: tuple[str, ...]
) -> None:
    told: list[str] = []
    log = RunLog(tmp_path, lambda: NOW, told.append)
    log.append("run")
    shutil.rmtree(log.files.entries)
    for path in log.files.folder.iterdir():
        if path.name not in left:
            path.unlink()
    assert log.append("run").index == 1
    assert log.append("run").index == 2
    (line,) = told
    assert "the run log that was here is gone" in line


def test_a_log_whose_beginning_was_cut_off_was_not_there_before(tmp_path: Path) -> None:
    told: list[str] = []
    log = RunLog(tmp_path, lambda: NOW, told.append)
    log.append("run")
    shutil.rmtree(log.files.entries)
    for path in (log.files.checkpoint, log.files.edge):
        path.unlink()
    assert log.append("run").index == 1
    assert told == []


def test_a_key_that_others_can_read_signs_nothing(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    log.append("run")
    log.key_file.chmod(0o640)
    with pytest.raises(Refused, match="can be read by others"):
        log.append("run")
    log.key_file.chmod(0o600)
    log.key_file.write_bytes(b"no key")
    with pytest.raises(Refused) as caught:
        log.append("run")
    assert caught.value.code == "P2-S0861"


@pytest.mark.parametrize("closed", ["run.lock", "run/entries/000000000000.jsonl"])
def test_a_log_that_cannot_be_written_refuses(tmp_path: Path, closed: str) -> None:
    log = log_of(tmp_path)
    log.append("run")
    path, kept = tmp_path / "log" / closed, tmp_path / "kept"
    path.rename(kept)
    path.mkdir()
    with pytest.raises(Refused) as caught:
        log.append("run")
    assert caught.value.code == "P2-S0860"
    assert caught.value.help
    path.rmdir()
    kept.rename(path)
    assert log.append("run").index == 2


@pytest.mark.process
def test_processes_append_at_once_and_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from plotter2.host.run_log import RunLog\n"
        "log = RunLog(Path(sys.argv[1]))\n"
        "for n in range(25): print(log.append('run', who=sys.argv[2], n=n).index)\n"
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    running = [
        subprocess.Popen([*words, str(who)], stdout=subprocess.PIPE, text=True) for who in range(3)
    ]
    places = [int(line) for one in running for line in one.communicate(timeout=60)[0].split()]
    assert sorted(places) == list(range(1, 76))
    found = entries(log_of(tmp_path))
    for who in range(3):
        assert [each["n"] for each in found if each.get("who") == str(who)] == list(range(25))
