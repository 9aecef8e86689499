"""A lock file has one form: what is written is read back, and everything else is refused with its line."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2lang.verifier.decoding import _LIBRARY
from plotter2.errors import Plotter2Error
from plotter2.libraries.lockfile import LockLine, dump, parse
from plotter2.libraries.reference import Reference

SEGMENTS = st.text("abz09._-", max_size=6).map("a{}".format)
NUMBERS = st.integers(0, 99).map(str)
REFERENCES = st.builds(
    Reference, SEGMENTS, SEGMENTS, st.lists(NUMBERS, min_size=1, max_size=4).map(".".join)
)
DIGESTS = st.integers(0, 2**256 - 1).map("{:064x}".format)
KEYS = st.binary(min_size=32, max_size=32).map(lambda b: b64encode(b).decode().rstrip("="))
SIGNERS = st.tuples(SEGMENTS.map("{}@lab".format), KEYS.map("SHA256:{}".format))
SHORT = st.integers(0, 2**48 - 1).map("{:012x}".format)
NAMES = st.dictionaries(st.sampled_from(["ema", "Snr", "x_1", "okabe_ito"]), SHORT, max_size=4)
LINES = st.builds(
    LockLine,
    REFERENCES,
    DIGESTS,
    st.sampled_from(["libraries", "folder", "root", "plotter2"]),
    st.lists(SIGNERS, min_size=1, max_size=3).map(tuple),
    NAMES,
)
LOCKS = st.lists(
    LINES, max_size=5, unique_by=lambda line: (line.reference.scope, line.reference.name)
)


@settings(max_examples=60)
@given(LOCKS)
def test_what_is_written_is_read_back(lines: list[LockLine]) -> None:
    read = parse(dump(lines), "p2.lock")
    assert read == {str(line.reference): line for line in lines}
    assert dump(read.values()) == dump(lines)


@settings(max_examples=60)
@given(LOCKS.filter(bool), st.data())
def test_a_changed_lock_is_another_lock_or_refused(
    lines: list[LockLine], data: st.DataObject
) -> None:
    written = dump(lines)
    at = data.draw(st.integers(0, len(written) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != written[at]))
    changed = written[:at] + bytes([byte]) + written[at + 1 :]
    try:
        read = parse(changed, "p2.lock")
    except Plotter2Error as error:
        refused = error
    else:
        assert dump(read.values()) == changed
        assert read != {str(line.reference): line for line in lines}
        return
    assert refused.code == "P2-E0253"
    assert re.fullmatch(r"p2\.lock:\d+", refused.where)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"p2-lock 2\n", 1),
        (b"p2-lock 1", 1),
        (b"p2-lock 1\n\n", 2),
        (b"p2-lock 1\r\n", 1),
        (b"p2-lock 1\nlab/x@1.0.0 sha256:00 from root signer a@b SHA256:x\n", 2),
        ("p2-lock 1\n# über\n".encode(), 2),
        (b"p2-lock 1\n" + b"\xff" * 10 + b"\n", 2),
    ],
)
def test_what_is_no_lock_is_refused_at_its_line(content: bytes, line: int) -> None:
    with pytest.raises(Plotter2Error) as caught:
        parse(content, "p2.lock")
    assert caught.value.code == "P2-E0253"
    assert caught.value.where == f"p2.lock:{line}"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/libraries/lab/style/2.0.1.p2", "lab/style@2.0.1"),
        ("a/libraries/lab/style/new.p2", None),
        ("a/libraries/lab/2.0.1.p2", None),
        ("a/lab/style/2.0.1.p2", None),
        ("a/libraries/lab/style/2.0.1.txt", None),
        ("a/libraries/Lab/style/2.0.1.p2", None),
    ],
)
def test_a_path_says_which_library_it_is(path: str, expected: str | None) -> None:
    found = Reference.of_path(Path("/") / path)
    assert (str(found) if found else None) == expected


@given(REFERENCES)
def test_a_reference_reads_back_from_text_and_path(reference: Reference) -> None:
    assert Reference.parse(str(reference)) == reference
    assert Reference.of_path(reference.below(Path("/x/libraries"))) == reference


SOUND = b" sha256:" + b"0" * 64 + b" from libraries signer a@lab SHA256:" + b"A" * 43
HOSTILE = {
    # Whatever opens a folder reads its lock, so a long line must be judged at once and a long number be no number.
    "a signer of at signs": SOUND.split(b" signer")[0] + b" signer " + b"@" * 1_000_000,
    "a version of digits": b"9" * 5000 + SOUND,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_is_no_line(name: str) -> None:
    line = HOSTILE[name]
    head = b"lab/x@" if name == "a version of digits" else b"lab/x@1.0.0"
    with pytest.raises(Plotter2Error) as caught:
        parse(b"p2-lock 1\n" + head + line + b"\n", "p2.lock")
    assert caught.value.code == "P2-E0253"


def test_the_longest_version_is_one_that_a_module_may_name() -> None:
    version = ".".join(["9" * 9] * 4)
    assert Reference.parse(f"lab/x@{version}") is not None
    assert Reference.parse(f"lab/x@{'9' * 10}") is None
    assert _LIBRARY.match(f"lab/x@{version}")
