"""What is not signed, not trusted, or not what was signed does not run; every refusal says what to do."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commandline import Finished, p2, p2_json, p2_process
from p2lang.parser import tables
from sweep_samples import Workplace

pytestmark = pytest.mark.process


def refused(finished: Finished, code: str, name: str = "") -> None:
    """Check a refusal: exit code 4, its code, its name, a remedy, no traceback."""
    assert finished.code == 4, finished.out + finished.err
    assert code in finished.err
    assert name in finished.err
    assert "help:" in finished.err
    assert "Traceback" not in finished.err


def test_an_unsigned_script_is_refused_without_a_terminal(place: Workplace) -> None:
    (place.folder / "mean.p2.sig").unlink()
    finished = p2_process(place.root, "run", place.script)
    refused(finished, "P2-S0701")
    assert "plotter2 sign" in finished.err


def test_a_changed_script_is_refused(place: Workplace) -> None:
    place.script.write_text(place.script.read_text().replace("Reward", "Regard"))
    refused(p2(place.root, "run", place.script), "P2-S0774", "E_DIGEST")


def test_changed_line_ends_are_refused_with_their_own_remedy(place: Workplace) -> None:
    place.script.write_bytes(place.script.read_bytes().replace(b"\n", b"\r\n"))
    finished = p2(place.root, "run", place.script)
    refused(finished, "P2-S07", "E_DIGEST_EOL")
    assert ".gitattributes" in finished.err


def test_a_changed_signature_is_refused(place: Workplace) -> None:
    sidecar = place.folder / "mean.p2.sig"
    sidecar.write_bytes(sidecar.read_bytes().replace(b"limit mem-mib 4096", b"limit mem-mib 9999"))
    refused(p2(place.root, "run", place.script), "P2-S07")


def test_a_key_that_nobody_trusts_is_refused(place: Workplace) -> None:
    (place.root / "config" / "trust" / "allowed_signers").write_text("")
    refused(p2(place.root, "run", place.script), "P2-S0740", "E_SIGNER_UNKNOWN")


def test_a_signature_for_less_than_the_script_needs_is_refused(place: Workplace) -> None:
    wider = place.folder / "wider.p2"
    wider.write_text(place.script.read_text().replace('plot("reward")', 'plot("other")'))
    narrow = (place.folder / "mean.p2.sig").read_bytes()
    (place.folder / "wider.p2.sig").write_bytes(narrow)
    refused(p2(place.root, "run", wider), "P2-S07", "E_ENTRY")


@pytest.mark.parametrize("ending", ["p2pack", "p2trust", "p2revoke"])
def test_other_signed_files_are_looked_at_with_their_own_verbs(
    place: Workplace, ending: str
) -> None:
    other = place.folder / f"lab.{ending}"
    other.write_bytes(b"")
    for verb in ("verify", "inspect"):
        told = p2(place.root, verb, other)
        assert told.code == 2
        assert "pack show" in told.err or "trust import" in told.err


def test_a_name_that_looks_like_the_signed_one_is_shown_as_it_is(place: Workplace) -> None:
    twin = place.folder / "m\u0435an.p2"
    twin.write_bytes(place.script.read_bytes())
    twin.with_name(f"{twin.name}.sig").write_bytes((place.folder / "mean.p2.sig").read_bytes())
    finished = p2(place.root, "verify", twin)
    refused(finished, "P2-S0773", "E_ENTRY")
    assert "not for 'm\\u0435an.p2'" in finished.err


def test_a_name_of_several_lines_says_nothing_in_a_line_of_its_own(place: Workplace) -> None:
    name = place.folder / "a.p2\ngood: lab_a serial 1, signed by ada@lab\n.p2"
    name.write_bytes(b"p2 1\n")
    for words in (("verify", name), ("inspect", name), ("check", name.with_suffix(".p"))):
        told = p2(place.root, *words)
        assert told.code
        assert not any(line.startswith("good") for line in told.err.splitlines()), told.err


def test_another_person_must_trust_the_key_first(place: Workplace, tmp_path: Path) -> None:
    other = tmp_path / "other-root"
    p2_json(other, "add", place.folder / "runs" / "sweep")
    refused(p2(other, "verify", place.script), "P2-S0740")
    key = place.root / "config" / "keys" / "sign_ed25519.pub"
    p2_json(other, "trust", "add", "tester@here", key)
    assert p2_json(other, "verify", place.script)["signers"][0]["principal"] == "tester@here"
    assert p2_json(other, "run", place.script)["artefacts"]


def test_an_older_signature_does_not_run_after_a_newer_one(place: Workplace) -> None:
    old = (place.folder / "mean.p2.sig").read_bytes()
    p2_json(place.root, "sign", place.script)
    p2_json(place.root, "run", place.script)
    (place.folder / "mean.p2.sig").write_bytes(old)
    refused(p2(place.root, "run", place.script), "P2-S07", "E_SERIAL")


def test_the_stock_commands_of_verify_explain_accept_the_script(place: Workplace) -> None:
    answer = p2_json(place.root, "verify", place.script, "--explain")
    for command in answer["stock_commands"]:
        done = subprocess.run(
            command, shell=True, cwd=place.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, command + done.stdout + done.stderr


def test_a_private_key_that_others_can_read_is_refused(place: Workplace) -> None:
    (place.root / "config" / "keys" / "sign_ed25519").chmod(0o644)
    refused(p2(place.root, "sign", place.script), "P2-S0790")


def run_of(place: Workplace) -> list[str]:
    command = [sys.executable, "-m", "plotter2", "run"]
    return [*command, str(place.script), "--root", str(place.root)]


def test_in_a_terminal_an_own_script_is_shown_asked_about_signed_and_run(
    place: Workplace,
) -> None:
    (place.folder / "mean.p2.sig").unlink()
    shown, code = in_terminal(run_of(place), "[y/N]", "y\n")
    assert code == 0, shown
    assert "sweep/*" in shown
    assert shown.count("[y/N]") == 1
    line = next(line for line in shown.splitlines() if "reward.png" in line)
    assert line.rpartition("\x1b[2K")[2].startswith("/")  # the line of progress was taken away
    assert (place.folder / "mean.p2.sig").exists()


def test_in_a_terminal_no_means_no(place: Workplace) -> None:
    (place.folder / "mean.p2.sig").unlink()
    shown, code = in_terminal(run_of(place), "[y/N]", "n\n")
    assert code == 1, shown
    assert shown.rstrip().endswith("stopped")
    assert "P2-H0999" not in shown
    assert not (place.folder / "mean.p2.sig").exists()


def in_terminal(command: list[str], prompt: str, answer: str) -> tuple[str, int]:
    """Run a command on a terminal of its own, answer one prompt; gives what was shown and the exit code."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown, answered, deadline = "", False, time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([controller], [], [], 0.2)
        if ready:
            try:
                piece = os.read(controller, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece.decode()
        if not answered and prompt in shown:
            os.write(controller, answer.encode())
            answered = True
        if process.poll() is not None and not ready:
            break
    os.close(controller)
    return shown, process.wait(timeout=10)


def test_a_refused_run_makes_no_folder_for_pictures(place: Workplace) -> None:
    (place.folder / "mean.p2.sig").unlink()
    refused(p2_process(place.root, "run", place.script, "-o", place.folder / "out"), "P2-S0701")
    assert not (place.folder / "out").exists()


def test_tables_of_the_parser_that_were_changed_are_refused(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    changed = tmp_path / "p2.tables.json"
    changed.write_bytes(tables.TABLES_PATH.read_bytes().replace(b"NAME", b"NAMF", 1))
    monkeypatch.setattr(tables, "TABLES_PATH", changed)
    tables.tables.cache_clear()
    try:
        finished = p2(place.root, "check", place.script)
    finally:
        monkeypatch.undo()
        tables.tables.cache_clear()
    assert finished.code == 1
    assert "P2-H0922" in finished.err
    assert "reinstall" in finished.err


def test_a_file_of_data_is_no_script(place: Workplace) -> None:
    data = place.folder / "a.csv"
    data.write_text("step,loss\n1,2\n")
    for words in (("run", data), ("check", data), ("sign", data)):
        finished = p2(place.root, *words)
        assert finished.code == 2
        assert "error[P2-E0022]: a.csv is no script" in finished.err + finished.out
        assert "plotter2 add" in finished.err + finished.out
