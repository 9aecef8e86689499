"""Trust is given for something, shown, checked and taken back; each refusal has its code and its way out."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from commandline import p2, p2_json
from p2sign import sshsig
from p2sign.keys import SigningKey
from sweep_samples import Workplace

pytestmark = pytest.mark.process


def refused(root: Path, *words: str | Path, code: str) -> dict[str, Any]:
    """Check that a command is refused with exit code 4 and this code; gives the error."""
    finished = p2(root, *words, "--json")
    assert finished.code == 4, finished.out + finished.err
    error: dict[str, Any] = json.loads(finished.out)["error"]
    assert error["code"] == code, error
    assert error["help"]
    return error


@pytest.fixture
def other(place: Workplace, tmp_path: Path) -> Path:
    """Give another root with the same data, where nobody is trusted yet."""
    root = tmp_path / "other"
    p2_json(root, "add", place.folder / "runs" / "sweep")
    return root


def key_of(place: Workplace) -> Path:
    return place.root / "config" / "keys" / "sign_ed25519.pub"


def trust_of(root: Path) -> Path:
    return root / "config" / "trust"


def test_trust_inside_a_project_is_told(place: Workplace) -> None:
    assert p2_json(place.root, "trust", "check")["findings"] == []
    (place.root.parent / ".git").mkdir()
    checked = p2_json(place.root, "trust", "check")
    (told,) = checked["findings"]
    assert (told["wrong"], str(place.root.parent) in told["what"]) == (False, True)


def test_a_stranger_gets_what_ordinary_scripts_need_and_no_more(
    place: Workplace, other: Path
) -> None:
    added = p2_json(other, "trust", "add", "tester@here", key_of(place))
    assert added["may"] == ["read bundle:.*", "write output:.*"]
    assert p2_json(other, "verify", place.script)["name"]
    p2_json(other, "trust", "add", "tester@here", key_of(place), "--may", "read bundle:else/.*")
    error = refused(other, "verify", place.script, code="P2-S0826")
    assert "read bundle:sweep" in error["message"]
    (line,) = p2_json(other, "trust", "list")["trusted"]
    assert line["may"] == ["read bundle:else/.*"]
    second = other.parent / "second.pub"
    second.write_text(f"{SigningKey.from_seed(bytes(32)).public.line()}\n")
    told = p2(other, "trust", "add", "tester@here", second)
    assert "another key here" in told.out
    assert line["fingerprint"] in told.out
    p2_json(other, "trust", "remove", SigningKey.from_seed(bytes(32)).public.fingerprint)
    refused(
        other,
        "trust",
        "add",
        "tester@here",
        key_of(place),
        "--may",
        "read bundle:*",
        code="P2-S0821",
    )


def test_a_line_that_was_written_by_hand_grants_nothing(place: Workplace, other: Path) -> None:
    trust_of(other).mkdir(mode=0o700)
    lines = (trust_of(place.root) / "allowed_signers").read_text()
    (trust_of(other) / "allowed_signers").write_text(lines)
    error = refused(other, "run", place.script, code="P2-S0825")
    assert "--may" in error["help"]
    checked = p2(other, "trust", "check")
    assert checked.code == 3
    assert "may grant nothing" in checked.out


def test_what_is_trusted_is_private_and_can_be_taken_back(place: Workplace, other: Path) -> None:
    p2_json(other, "trust", "add", "tester@here", key_of(place))
    for name in ("allowed_signers", "policy.toml"):
        assert (trust_of(other) / name).stat().st_mode & 0o777 == 0o600
    assert trust_of(other).stat().st_mode & 0o777 == 0o700
    assert p2_json(other, "trust", "check")["ok"]
    p2_json(other, "trust", "remove", "tester@here")
    assert p2_json(other, "trust", "list")["trusted"] == []
    assert "tester" not in (trust_of(other) / "policy.toml").read_text()
    refused(other, "verify", place.script, code="P2-S0740")
    refused(other, "trust", "remove", "tester@here", code="P2-S0848")


def test_a_key_is_good_for_its_time_and_its_uses_only(place: Workplace, other: Path) -> None:
    for options, code in (
        (["--valid-before", "2020-01-01"], "P2-S0744"),
        (["--valid-after", "2999-01-01"], "P2-S0743"),
        (["--for", "revoke"], "P2-S0742"),
    ):
        p2_json(other, "trust", "add", "tester@here", key_of(place), *options)
        refused(other, "verify", place.script, code=code)
    assert p2(other, "trust", "add", "a@b", key_of(place), "--valid-before", "soon").code == 2
    refused(other, "trust", "add", "b@there", key_of(place), code="P2-S0844")


def test_fingerprints_key_files_and_lines_of_git_are_looked_at(
    place: Workplace, other: Path
) -> None:
    made = SigningKey.generate().public.line("x")
    file = place.folder / "keys"
    line = key_of(place).read_text().strip()
    fingerprint = p2_json(place.root, "key", "list")["keys"][0]["fingerprint"]
    given = ("trust", "add", "a@b", file)
    for text, code in (
        (f"{line}\n{made}\n", "P2-S0845"),
        (f"a@b {line}\n", "P2-S0846"),
        (f"* {line}\n", "P2-S0846"),
        ("ssh-ed25519\n", "P2-S0720"),
        ('p2 1\naccess("exp")\n', "P2-S0720"),
        ("", "P2-S0720"),
    ):
        file.write_text(text)
        refused(other, *given, code=code)
    file.write_text(f"{line}\n")
    refused(other, *given, "--fingerprint", "SHA256:x", code="P2-S0847")
    p2_json(other, *given, "--fingerprint", fingerprint)


def test_a_compromised_key_counts_no_more_and_a_retired_one_for_what_ran(
    place: Workplace, other: Path
) -> None:
    again = place.folder / "again.p2"
    again.write_text(place.script.read_text())
    p2_json(place.root, "sign", again)
    p2_json(other, "trust", "add", "tester@here", key_of(place))
    p2_json(other, "run", place.script)
    time.sleep(1.1)  # times of keys are whole seconds
    p2_json(other, "revoke", "tester@here", "--reason", "retired")
    assert p2_json(other, "run", place.script)["artefacts"]
    refused(other, "run", again, code="P2-S0744")
    done = p2_json(other, "revoke", "tester@here", "--reason", "compromised", "--note", "stolen")
    assert len(done["keys"]) == 1
    assert "tester@here" in (trust_of(other) / "revoked_keys").read_text()
    refused(other, "run", place.script, code="P2-S0741")
    refused(other, "run", again, code="P2-S0741")


def test_a_key_is_revoked_by_its_file_before_anybody_trusts_it(
    place: Workplace, other: Path
) -> None:
    p2_json(other, "revoke", key_of(place), "--reason", "compromised")
    refused(other, "trust", "add", "tester@here", key_of(place), code="P2-S0741")
    refused(other, "verify", place.script, code="P2-S0741")


def test_a_script_is_revoked_by_its_file_or_its_digest(place: Workplace) -> None:
    verified = p2_json(place.root, "verify", place.script)
    refused(place.root, "revoke", place.script, "--reason", "retired", code="P2-S0840")
    done = p2_json(place.root, "revoke", place.script, "--reason", "compromised")
    assert done["digests"] == [verified["script_sha256"], verified["statement_sha256"]]
    refused(place.root, "run", place.script, code="P2-S0776")
    assert p2(place.root, "revoke", "ab" * 32, "--reason", "compromised").code == 0
    assert p2(place.root, "revoke", place.script).code == 2
    refused(place.root, "revoke", "nobody@here", "--reason", "compromised", code="P2-S0848")


def test_a_floor_rises_when_a_script_runs_and_is_reset_by_name(place: Workplace) -> None:
    sidecar = place.folder / "mean.p2.sig"
    old = sidecar.read_bytes()
    name = p2_json(place.root, "verify", place.script)["name"]
    refused(place.root, "trust", "reset-floor", name, code="P2-S0848")
    p2_json(place.root, "sign", place.script)
    p2_json(place.root, "verify", place.script)
    newer = sidecar.read_bytes()
    sidecar.write_bytes(old)
    assert p2_json(place.root, "verify", place.script)["serial"] == 1  # it was only looked at
    sidecar.write_bytes(newer)
    p2_json(place.root, "run", place.script)
    sidecar.write_bytes(old)
    error = refused(place.root, "verify", place.script, code="P2-S0777")
    assert "reset-floor" in error["help"]
    assert p2_json(place.root, "trust", "reset-floor", name)["floor"] == 2
    assert p2_json(place.root, "verify", place.script)["serial"] == 1


def edited(root: Path, text: str | None, monkeypatch: pytest.MonkeyPatch) -> int:
    """Edit the policy with an editor that writes this text, or fails."""
    script = root.parent / "editor"
    script.write_text(
        "#!/bin/sh\nexit 1\n" if text is None else f"#!/bin/sh\ncat > \"$1\" <<'END'\n{text}END\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(script))
    monkeypatch.delenv("VISUAL", raising=False)
    return p2(root, "policy", "edit").code


def test_a_policy_is_taken_over_only_when_it_can_be_read(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = trust_of(place.root) / "policy.toml"
    assert edited(place.root, "[policy]\nmode = 'all'\n", monkeypatch) == 4
    assert edited(place.root, None, monkeypatch) == 1
    assert not policy.exists()
    assert edited(place.root, "[scope.own]\nsigners = ['ada@lab']\n", monkeypatch) == 0
    refused(place.root, "verify", place.script, code="P2-S0822")
    checked = p2(place.root, "policy", "check")
    assert (checked.code, "no trusted key of ada@lab" in checked.out) == (3, True)
    assert p2_json(place.root, "policy", "show")["scopes"]["own"]["require"] == 1
    assert edited(place.root, "[policy]\nmin-language = '9.0'\n", monkeypatch) == 0
    refused(place.root, "run", place.script, code="P2-S0824")
    checked = p2(place.root, "policy", "check")
    assert (checked.code, "nothing runs" in checked.out) == (3, True)
    policy.write_text("[policy]\nrevocation-max-age-days = 7\n")
    assert "wants fresh revocations" in p2(place.root, "policy", "check").out
    policy.write_text("[policy]\nmood = 'deny'\n")
    refused(place.root, "run", place.script, code="P2-S0820")
    assert p2(place.root, "policy", "check", policy).code == 4
    policy.chmod(0o666)
    trust_of(place.root).chmod(0o755)
    (place.root / "config").chmod(0o755)
    refused(place.root, "run", place.script, code="P2-S0793")


def test_a_policy_is_no_link(place: Workplace) -> None:
    elsewhere = place.folder / "elsewhere"
    elsewhere.write_text("")
    (trust_of(place.root) / "policy.toml").symlink_to(elsewhere)
    told = p2(place.root, "run", place.script).err
    assert "P2-E001" in told
    assert "not a link to it" in told
    assert p2(place.root, "run", place.script).code == 4


def test_the_stock_verifier_reads_what_was_written(place: Workplace, other: Path) -> None:
    p2_json(other, "trust", "add", "tester@here", key_of(place), "--valid-after", "2026-01-01")
    p2_json(other, "verify", place.script)
    statement, found = place.folder / "statement", place.folder / "statement.sig"
    content = (place.folder / "mean.p2.sig").read_bytes()
    at = content.index(sshsig.HEADER)
    statement.write_bytes(content[:at])
    found.write_bytes(content[at:])
    command = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        trust_of(other) / "allowed_signers",
        "-I",
        "tester@here",
    ]
    command += ["-n", "plotter2-script@v1", "-s", found]
    env = {**os.environ, "TZ": "Pacific/Kiritimati"}
    with statement.open("rb") as data:
        done = subprocess.run(command, stdin=data, capture_output=True, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
