"""Whatever of the log's history is rewritten, by whoever has its key too, a checkpoint kept elsewhere tells."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faults import fault_shim
from faults.fault_points import run, table
from p2sign.keys import SigningKey
from p2sign.log.checkpoint import Checkpoint
from p2sign.log.tree import Tree, leaf_hash
from p2sign.refusal import Refusal
from plotter2.datter.layout import Layout
from plotter2.errors import Refused
from plotter2.host.log_checking import found_entry, logs_of, require_recorded
from plotter2.host.run_log import RunLog

NOW = datetime(2026, 11, 24, 9, 46, 40, tzinfo=UTC)
KEPT, NOW_THERE = 6, 10


def made(root: Path) -> bytes:
    """Make a log that grew on after a checkpoint was given away; gives that checkpoint."""
    log = RunLog(root, lambda: NOW)
    for number in range(KEPT - 1):
        kept = log.append("run", n=number, run=f"01RUN{number}").checkpoint
    for number in range(KEPT - 1, NOW_THERE - 1):
        log.append("done", n=number)
    return kept


@pytest.fixture(scope="module")
def like(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    root = tmp_path_factory.mktemp("log") / "root"
    return root, made(root)


def test_a_clock_that_was_set_back_is_told(tmp_path: Path) -> None:
    hours = iter([9, 9, 10, 11, 8, 8, 12])
    log = RunLog(tmp_path, lambda: NOW.replace(hour=next(hours)))
    for _ in range(6):
        log.append("run", about={"time": "2027-01-01T00:00:00.000Z"}, file='"time":"9')
    assert logs_of(tmp_path).newest.set_back() == [4]


def name_of(root: Path, kept: bytes) -> str:
    """Give the refusal of a check against what was kept; empty when all is well."""
    try:
        logs_of(root).require(kept)
    except Refused as refused:
        return refused.note.strip("()")
    except Refusal as refusal:
        return refusal.name
    return ""


def lines_of(root: Path) -> list[bytes]:
    return RunLog(root).files.read_entries()[0]


def rewritten(root: Path, lines: list[bytes], *, signed: bool) -> None:
    """Write other entries, by somebody who has the log's key and signs them, or not."""
    log = RunLog(root)
    log.files.segment(0).write_bytes(b"".join(line + b"\n" for line in lines))
    log.files.edge.unlink(missing_ok=True)
    if signed:
        key = SigningKey.load(log.key_file.read_bytes())
        public = log.public_key()
        assert public is not None
        tree = Tree([leaf_hash(line) for line in lines])
        note = Checkpoint(public.name, len(lines), tree.root()).signed(key)
        log.files.checkpoint.write_bytes(note)


def changed(lines: list[bytes], at: int) -> list[bytes]:
    entry = json.loads(lines[at])
    entry["n"] = 99
    line = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
    return [*lines[:at], line, *lines[at + 1 :]]


REWRITING: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "an entry": lambda lines: changed(lines, 3),
    "the first entry": lambda lines: changed(lines, 0),
    "the last that was covered": lambda lines: changed(lines, KEPT - 1),
    "one dropped": lambda lines: [*lines[:2], *lines[3:]],
    "one added": lambda lines: [*lines[:2], lines[1], *lines[2:]],
    "two swapped": lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
    "one doubled in place of another": lambda lines: [*lines[:3], lines[2], *lines[4:]],
    "the end cut off": lambda lines: lines[: KEPT - 1],
    "everything cut off": lambda lines: lines[:1],
}


@pytest.mark.parametrize("signed", [False, True], ids=["without the key", "with the key"])
@pytest.mark.parametrize("what", REWRITING)
def test_rewriting_is_found(
    like: tuple[Path, bytes], tmp_path: Path, what: str, signed: bool
) -> None:
    root, kept = tmp_path / "root", like[1]
    shutil.copytree(like[0], root)
    assert name_of(root, kept) == ""
    rewritten(root, REWRITING[what](lines_of(root)), signed=signed)
    expected = {"E_LOG_FORK", "E_LOG_SHORT"} if signed else {"E_LOG_ENTRY", "E_LOG_SHORT"}
    assert name_of(root, kept) in expected


def test_what_grew_after_the_checkpoint_is_rewritten_unseen_with_the_key_only(
    like: tuple[Path, bytes], tmp_path: Path
) -> None:
    root, kept = tmp_path / "root", like[1]
    shutil.copytree(like[0], root)
    newest = logs_of(root).newest.note
    rewritten(root, changed(lines_of(root), KEPT), signed=True)
    assert name_of(root, kept) == ""
    assert name_of(root, newest) == "E_LOG_FORK"


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_flipped_bit_of_entries_checkpoint_or_key_goes_unnoticed(
    like: tuple[Path, bytes], data: st.DataObject
) -> None:
    root, kept = like
    files = RunLog(root).files
    path = data.draw(st.sampled_from([files.segment(0), files.checkpoint, files.key]))
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    bit = data.draw(st.integers(0, 7))
    try:
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])
        assert name_of(root, kept)
    finally:
        path.write_bytes(content)
    assert name_of(root, kept) == ""


def test_a_log_that_was_replaced_as_a_whole_has_another_key(
    like: tuple[Path, bytes], tmp_path: Path
) -> None:
    root, kept = tmp_path / "root", like[1]
    shutil.copytree(like[0], root)
    shutil.rmtree(Layout(root).log)
    for path in (root / "config").glob("log_ed25519*"):
        path.unlink()
    made(root)
    assert name_of(root, kept) == "E_LOG_KEY"


def test_a_log_that_follows_another_must_say_where_that_one_ended(
    like: tuple[Path, bytes], tmp_path: Path
) -> None:
    root, kept = tmp_path / "root", like[1]
    shutil.copytree(like[0], root)
    RunLog(root).files.alive.unlink()
    RunLog(root).append("run")
    assert name_of(root, kept) == ""
    shutil.rmtree(Layout(root).earlier_logs)
    made_elsewhere = tmp_path / "other"
    made(made_elsewhere)
    shutil.copytree(Layout(made_elsewhere).run_log, Layout(root).earlier_logs / "1")
    assert name_of(root, kept) == "E_LOG_FORK"


def test_records_of_runs_tell_that_an_older_log_lies_here(
    like: tuple[Path, bytes], tmp_path: Path
) -> None:
    older, root = tmp_path / "older", tmp_path / "root"
    shutil.copytree(like[0], older)
    shutil.copytree(like[0], root)
    logged = RunLog(root).append("run", run="01NEW")
    record = {"run": "01NEW", "log": logged.as_json()}
    assert require_recorded(logs_of(root), [record, {"run": "old"}]) == 1
    with pytest.raises(Refused) as caught:
        require_recorded(logs_of(older), [record])
    assert caught.value.code == "P2-S0864"


def test_entries_are_found_by_number_and_by_run(like: tuple[Path, bytes]) -> None:
    logs = logs_of(like[0])
    assert found_entry(logs, "3")[1] == 3
    assert found_entry(logs, "01RUN2")[1] == 3
    for unknown in ("99", "01RUN9", 'x"y', ""):
        with pytest.raises(Refused) as caught:
            found_entry(logs, unknown)
        assert caught.value.code == "P2-S0863"


@pytest.mark.process
@pytest.mark.skipif(bool(fault_shim.missing()), reason=fault_shim.missing())
@pytest.mark.parametrize("mode", ["kill before", "torn write"])
def test_a_process_that_is_killed_at_any_step_loses_nothing_it_acknowledged(mode: str) -> None:
    tally = run("logging", mode)
    print(table([tally]))
    assert tally.points > 25
    assert tally.wrong == []
