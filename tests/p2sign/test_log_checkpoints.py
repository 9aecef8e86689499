"""Checkpoints, entries, proofs and countersignatures: one form each, and nothing that was changed passes."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2sign.keys import SigningKey
from p2sign.log.checkpoint import Checkpoint, claimed_checkpoint, open_checkpoint
from p2sign.log.entry import MAX_ENTRY, dump_entry, parse_entry
from p2sign.log.note import NoteKey, check_note, parse_note, parse_note_key, sign_note
from p2sign.log.proof import parse_proof
from p2sign.log.witness import NAMESPACE, countersigned, witnesses
from p2sign.refusal import Refusal
from p2sign_log_samples import ENTRIES, KEY, NOTE, NOTE_KEY, ORIGIN, PROOF, TREE, checkpoint
from p2sign_mutation import mutants
from p2sign_samples import ALICE, BOB

NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SECRET = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
KNOWN = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()


def refused(data: bytes, *keys: NoteKey) -> str:
    with pytest.raises(Refusal) as caught:
        open_checkpoint(data, keys or (NOTE_KEY,))
    return caught.value.name


def test_the_published_note_is_read_and_made_to_the_byte() -> None:
    key = parse_note_key(NEUMANN)
    text, signers = check_note(KNOWN, [key])
    assert signers == (key,)
    assert str(key) == NEUMANN
    assert sign_note(text, key.name, SigningKey.from_seed(SECRET)) == KNOWN


def test_a_text_with_empty_lines_ends_at_the_last_one() -> None:
    note = sign_note("one\n\ntwo\n", ORIGIN, KEY)
    assert parse_note(note).text == "one\n\ntwo\n"
    assert check_note(note, [NOTE_KEY])[0] == "one\n\ntwo\n"


def test_signatures_by_unknown_keys_are_passed_over_and_bad_ones_by_known_keys_are_not() -> None:
    other = checkpoint(key=ALICE)
    line = other.rpartition(b"\n\n")[2]
    assert open_checkpoint(NOTE + line, [NOTE_KEY]).size == 9
    own = NOTE.rpartition(b"\n\n")[2]
    broken = NOTE.replace(own, own[:60] + (b"A" if own[60:61] != b"A" else b"B") + own[61:])
    assert refused(broken) == "E_LOG_SIGNATURE"
    assert refused(NOTE + own) == "E_LOG_NOTE"
    assert refused(other) == "E_LOG_KEY"


def test_a_checkpoint_counts_for_the_log_whose_key_signed_it_only() -> None:
    elsewhere = NoteKey("other.example/plotter2", KEY.public)
    stolen = sign_note(claimed_checkpoint(NOTE).dump(), elsewhere.name, KEY)
    assert refused(stolen, elsewhere) == "E_LOG_KEY"
    assert refused(NOTE, elsewhere) == "E_LOG_KEY"


@pytest.mark.parametrize("seed", range(4))
def test_no_changed_checkpoint_says_anything_else(seed: int) -> None:
    for changed in mutants(NOTE, seed, 400):
        try:
            found = open_checkpoint(changed, [NOTE_KEY])
        except Refusal:
            continue
        assert found == claimed_checkpoint(NOTE)  # another signature was added, in the right form


@pytest.mark.parametrize(
    "text",
    ["o\n1\n", "o\n01\nROOT\n", "o\n-1\nROOT\n", "o\n1\nROOT\nmore\n", "\n1\nROOT\n", "o\n1\nAAAA\n", "o\n1\nROOT=\n"],
)  # fmt: skip
def test_a_checkpoint_has_three_lines_in_one_form(text: str) -> None:
    signed = sign_note(text.replace("ROOT", base64.b64encode(TREE.root()).decode()), "o", KEY)
    assert refused(signed, NoteKey("o", KEY.public)) == "E_LOG_NOTE"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "a\u202eb"])
def test_a_key_cannot_have_every_name(name: str) -> None:
    with pytest.raises(Refusal, match="name of a log's key"):
        NoteKey(name, KEY.public)


@pytest.mark.parametrize(
    "text", ["", "a+b", "a+00000000+AQ==", str(NOTE_KEY).replace("+", "+0", 1), f"{NOTE_KEY} "]
)
def test_a_line_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        parse_note_key(text)
    assert parse_note_key(f"{NOTE_KEY}\n") == NOTE_KEY


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(), _VALUES, max_size=5))
def test_what_an_entry_says_is_read_again(more: dict[str, object]) -> None:
    fields = {**more, "event": "run", "time": "2026-01-01T00:00:00.000Z"}
    line = dump_entry(fields)
    assert parse_entry(line) == fields
    assert b"\n" not in line


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b'"x"', b"{", b'{"event":"run"}', b'{"time":"t","event":"run"}', b'{"event":"run","time":"t"} ',
     b'{"event":1,"time":"t"}', b'{"event":"r","event":"run","time":"t"}', "{\"event\":\"é\",\"time\":\"t\"}".encode(),
     b'{"event":"run","n":NaN,"time":"t"}', b"[" * 40_000, b'{"event":"run","time":"t"}' + b" " * MAX_ENTRY],
)  # fmt: skip
def test_an_entry_has_one_form(line: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        parse_entry(line)
    assert caught.value.name == "E_LOG_FORM"


def test_an_entry_ends_at_65535_bytes() -> None:
    room = MAX_ENTRY - len(dump_entry({"event": "", "time": ""}))
    assert len(dump_entry({"event": "x" * room, "time": ""})) == MAX_ENTRY
    with pytest.raises(Refusal, match="at most 65535"):
        dump_entry({"event": "x" * (room + 1), "time": ""})


def test_a_proof_is_checked_without_its_log() -> None:
    read = parse_proof(PROOF.dump())
    assert read == PROOF
    assert read.checked([NOTE_KEY]) == Checkpoint(ORIGIN, 9, TREE.root())
    assert read.entry == ENTRIES[3]
    with pytest.raises(Refusal) as caught:
        read.checked([NoteKey(ORIGIN, ALICE.public)])
    assert caught.value.name == "E_LOG_KEY"


@pytest.mark.parametrize("seed", range(4))
def test_no_changed_proof_proves_another_entry(seed: int) -> None:
    for changed in mutants(PROOF.dump(), seed, 400):
        try:
            read = parse_proof(changed)
            read.checked([NOTE_KEY])
        except Refusal:
            continue
        assert (read.entry, read.index, read.path) == (PROOF.entry, PROOF.index, PROOF.path)


def test_countersignatures_are_collected_and_each_key_signs_once() -> None:
    one = countersigned(NOTE, b"", ALICE)
    two = countersigned(NOTE, one, BOB)
    assert [each.key for each in witnesses(NOTE, two)] == [ALICE.public, BOB.public]
    assert countersigned(NOTE, two, ALICE) == two
    for wrong in (two + one, two[:-1], b"x" + two, two + b"\n", two.replace(b"\n", b"\r\n")):
        with pytest.raises(Refusal):
            witnesses(NOTE, wrong)
    with pytest.raises(Refusal) as caught:
        witnesses(checkpoint(8), two)
    assert caught.value.name == "E_SIG_BAD"


@pytest.mark.process
@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen here")
def test_ssh_keygen_accepts_a_countersignature(tmp_path: Path) -> None:
    (tmp_path / "signed").write_bytes(countersigned(NOTE, b"", ALICE))
    (tmp_path / "trust").write_text(f'alice@lab namespaces="{NAMESPACE}" {ALICE.public.line()}\n')
    words = ["ssh-keygen", "-Y", "verify", "-f", "trust", "-I", "alice@lab", "-n", NAMESPACE]
    words += ["-s", "signed"]
    done = subprocess.run(words, input=NOTE, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
