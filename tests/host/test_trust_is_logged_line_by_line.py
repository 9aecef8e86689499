"""A change of a file of trust is told line by line, whoever makes it; what did not change is not told."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from plotter2.errors import Refused
from plotter2.host.keyring import Keyring
from plotter2.host.run_log import RunLog
from plotter2.host.trust_entries import changes


def test_lines_that_come_and_go_are_told_and_comments_are_not() -> None:
    before, after = b"# ours\nalice@lab one\nbob@lab two\n", b"bob@lab two\n\ncarol@lab three\n"
    assert list(changes("allowed_signers", before, after)) == [
        ("trust-remove", {"file": "allowed_signers", "line": "alice@lab one"}),
        ("trust-add", {"file": "allowed_signers", "line": "carol@lab three"}),
    ]
    assert list(changes("allowed_signers", before, before + b"# more\n")) == []
    assert [event for event, _ in changes("revoked_keys", b"", b"key\n")] == ["revoke"]
    assert [event for event, _ in changes("revoked_scripts", b"ab\n", b"")] == ["revoke-undone"]


def test_other_files_are_told_by_their_hashes() -> None:
    told = {"file": "policy.toml", "before": "", "after": sha256(b"new").hexdigest()}
    assert list(changes("policy.toml", b"", b"new")) == [("policy-change", told)]
    assert list(changes("policy.toml", b"new", b"new")) == []
    assert [event for event, _ in changes("feeds/lab.feed", b"", b"x")] == ["trust-file"]


def test_trust_that_cannot_be_logged_stays_as_it_was(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.append("run")
    keyring = Keyring(tmp_path / "config", log.append)
    keyring.write_policy(b"# first\n")
    log.files.checkpoint.write_bytes(b"")
    with pytest.raises(Refused):
        Keyring(tmp_path / "config", RunLog(tmp_path).append).write_policy(b"# second\n")
    assert keyring.policy() == b"# first\n"
