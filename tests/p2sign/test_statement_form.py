"""The statement: one form for one meaning, and everything else refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2sign.refusal import Refusal
from p2sign.rights import Capability, SignedLimits, decode_target, encode_target
from p2sign.statement import (
    MAX_STATEMENT,
    FileDigest,
    Import,
    Statement,
    digests,
    parse,
    sorted_caps,
    sorted_imports,
    to_second,
)
from p2sign.uses import Kind
from p2sign_samples import TERMS

DUMP = TERMS.dump()

SEGMENT = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,12}", fullmatch=True)
NAME = st.lists(SEGMENT, min_size=2, max_size=4).map("/".join)
DIGEST = st.binary(min_size=32, max_size=32).map(bytes.hex)
# A fixed first letter keeps device names out, a fixed last one the final dot.
PATH_SEGMENT = st.from_regex(r"_[A-Za-z0-9._-]{0,8}x", fullmatch=True)
PATH = st.lists(PATH_SEGMENT, min_size=1, max_size=8).map("/".join)
MOMENT = st.integers(946684800, 253000000000).map(
    lambda second: datetime.fromtimestamp(second, UTC)
)
NUMBER = st.integers(1, 2**31 - 1)
WORD = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5})?", fullmatch=True)
CAPABILITY = st.builds(Capability, WORD, WORD, st.text(min_size=1, max_size=20).map(encode_target))
LANGUAGE = st.tuples(st.integers(0, 9999), st.integers(0, 9999)).map(
    lambda pair: f"{pair[0]}.{pair[1]}"
)
IMPORTS = st.lists(st.builds(Import, DIGEST, NAME), max_size=4, unique_by=lambda i: i.name).map(
    sorted_imports
)


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    """Draw any statement that can be."""
    kind = draw(st.sampled_from(Kind))
    pack = kind is Kind.PACK
    paths = PATH_SEGMENT.map(str.lower)
    files = draw(
        st.lists(st.builds(FileDigest, paths, DIGEST), min_size=1, max_size=4 if pack else 1)
    )
    unique = tuple(sorted({file.path: file for file in files}.values(), key=lambda file: file.path))
    issued = draw(MOMENT)
    life = draw(st.none() | st.integers(1, 10**7))
    return Statement(
        kind=kind,
        name=draw(NAME),
        serial=draw(NUMBER),
        language=draw(LANGUAGE),
        issued=issued,
        expires=None if life is None else issued + timedelta(seconds=life),
        entry=draw(st.sampled_from(unique)).path,
        files=unique,
        imports=() if pack else draw(IMPORTS),
        caps=() if pack else sorted_caps(draw(st.lists(CAPABILITY, max_size=4))),
        limits=None if pack else draw(st.builds(SignedLimits, NUMBER, NUMBER, NUMBER, NUMBER)),
    )


@given(statements())
def test_a_statement_is_read_back_as_it_was_written(terms: Statement) -> None:
    data = terms.dump()
    assert parse(data) == terms
    assert parse(data).dump() == data


def test_the_sample_has_the_published_form() -> None:
    assert DUMP.decode().splitlines() == [
        "plotter2-statement 1",
        "kind script",
        "name lab/thermal",
        "serial 7",
        "language 1.2",
        "issued 2026-11-24T09:46:40Z",
        "expires 2027-11-25T09:46:40Z",
        "entry thermal.p2",
        "SHA256 (thermal.p2) = 751dd06baf0a6921329c9de686782489f7981944839cf815a7805e18690919fa",
        "import sha256:6966200918a6b94bce073b152a197eb56fecb4af317b203a26d4b16c3c3dd5bb std/fit",
        "cap read bundle:run-7/loss",
        "cap write frame:loss-summary",
        "limit cpu-ms 20000",
        "limit mem-mib 512",
        "limit out-mib 64",
        "limit wall-ms 60000",
        "end",
    ]
    assert DUMP.endswith(b"\nend\n")


def refusal_of(data: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        parse(data)
    return caught.value.name


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("plotter2-statement 1", "plotter2-statement 1 ", "E_STMT_VERSION"),
        ("plotter2-statement 1", "", "E_STMT_VERSION"),
        ("kind script\n", "", "E_STMT_LINE"),
        ("kind script", "kind  script", "E_STMT_KIND"),
        ("kind script", "kind pack", "E_STMT_PACK"),
        ("kind script", "kind Script", "E_STMT_KIND"),
        ("serial 7\nlanguage 1.2", "language 1.2\nserial 7", "E_STMT_LINE"),
        ("serial 7", "serial 7\nserial 7", "E_STMT_LINE"),
        ("serial 7", "serial +7", "E_STMT_NUMBER"),
        ("serial 7", "serial 7_0", "E_STMT_NUMBER"),
        ("serial 7", "serial 2147483648", "E_STMT_NUMBER"),
        ("serial 7", "serial 99999999999", "E_STMT_NUMBER"),
        ("language 1.2", "language 01.2", "E_STMT_NUMBER"),
        ("language 1.2", "language 1", "E_STMT_NUMBER"),
        ("2026-11-24T09", "2026-11-24t09", "E_STMT_TIME"),
        ("2026-11-24T09", "1999-11-24T09", "E_STMT_TIME"),
        ("40Z\nexpires", "60Z\nexpires", "E_STMT_TIME"),
        ("40Z\nexpires", "40+00:00\nexpires", "E_STMT_TIME"),
        ("expires 2027", "expires 2025", "E_STMT_TIME"),
        ("expires 2027-11-25T09:46:40Z", "expires Never", "E_STMT_TIME"),
        ("expires 2027-11-25T09:46:40Z\n", "", "E_STMT_LINE"),
        ("SHA256 (thermal.p2) =", "SHA256 (thermal.p2)=", "E_STMT_LINE"),
        ("import sha256:", "import sha512:", "E_STMT_LINE"),
        ("import sha256:69", "import sha256:6", "E_STMT_DIGEST"),
        ("= 751d", "= 751D", "E_STMT_DIGEST"),
        (" std/fit", " fit", "E_STMT_NAME"),
        (" std/fit", "  std/fit", "E_STMT_NAME"),
        ("cap read", "cap Read", "E_STMT_CAP"),
        ("run-7/loss", "run-7/l%6Fss", "E_STMT_CAP"),
        ("run-7/loss", "run-7/l%2fss", "E_STMT_CAP"),
        ("run-7/loss", "run-7/l%FFss", "E_STMT_CAP"),
        ("run-7/loss", "run-7/%", "E_STMT_CAP"),
        ("run-7/loss", "run 7", "E_STMT_CAP"),
        ("run-7/loss", "", "E_STMT_CAP"),
        ("cap write", "cap aaa", "E_STMT_NONCANONICAL"),
        ("cap write frame:loss-summary", "cap read bundle:run-7/loss", "E_STMT_NONCANONICAL"),
        ("limit cpu-ms 20000", "limit cpu-ms 020000", "E_STMT_NONCANONICAL"),
        ("limit cpu-ms 20000", "limit cpu-ms 0", "E_STMT_NUMBER"),
        ("limit cpu-ms 20000", "limit cpu-ms", "E_STMT_NUMBER"),
        ("limit cpu-ms 20000\n", "", "E_STMT_LIMIT"),
        ("limit cpu-ms 20000", "limit cpu-ms 20000\nlimit cpu-ms 20000", "E_STMT_LIMIT"),
        ("limit cpu-ms 20000", "limit cpu-s 20", "E_STMT_LIMIT"),
        (
            "limit cpu-ms 20000\nlimit mem-mib 512",
            "limit mem-mib 512\nlimit cpu-ms 20000",
            "E_STMT_NONCANONICAL",
        ),
        (DUMP.decode()[DUMP.index(b"limit cpu") : -4], "", "E_STMT_LIMIT"),
        ("limit cpu", "limits cpu", "E_STMT_LINE"),
        ("end\n", "end", "E_STMT_LINE"),
        ("end\n", "end\n\n", "E_STMT_LINE"),
        ("end\n", "end\nend\n", "E_STMT_LINE"),
        ("end\n", "", "E_STMT_LINE"),
        ("lab/thermal", "lab/thérmal", "E_STMT_LINE"),
        ("lab/thermal", "lab/ther\rmal", "E_STMT_NAME"),
        ("lab/thermal", "lab/Thermal", "E_STMT_NAME"),
        ("lab/thermal", "a/b/c/d/e", "E_STMT_NAME"),
        ("lab/thermal", "lab//thermal", "E_STMT_NAME"),
        ("lab/thermal", "lab/../x", "E_STMT_NAME"),
        ("lab/thermal", "lab/" + "x" * 65, "E_STMT_NAME"),
        ("\n", "\r\n", "E_STMT_VERSION"),
    ],
)
def test_a_statement_that_is_out_of_form_is_refused(old: str, new: str, name: str) -> None:
    text = DUMP.decode()
    assert old in text
    assert refusal_of(text.replace(old, new, -1 if old == "\n" else 1).encode()) == name


@pytest.mark.parametrize("data", [b"", b"\n", b"end\n", DUMP[: len(DUMP) // 2], DUMP * 2])
def test_a_part_or_a_multiple_of_a_statement_is_refused(data: bytes) -> None:
    assert refusal_of(data) in {"E_STMT_VERSION", "E_STMT_LINE"}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/thermal.p2",
        "thermal.p2/",
        "../thermal.p2",
        "a/./b",
        "a//b",
        ".hidden",
        "-o",
        "a b",
        "a\\b",
        "c:x",
        "caf\u00e9",
        "x)",
        "a.",
        "con",
        "CON.p2",
        "nul.tar.gz",
        "a/LPT1/b",
        "a/b/c/d/e/f/g/h/i",
        "x" * 241,
    ],
)
def test_a_path_that_is_not_plain_everywhere_is_refused(path: str) -> None:
    with pytest.raises(Refusal) as caught:
        FileDigest(path, "0" * 64)
    assert caught.value.name == "E_STMT_PATH"


@pytest.mark.parametrize(
    "paths",
    [("A.p2", "a.p2"), ("a", "a/b"), ("Data/x", "data/y"), ("a/B", "a/b/c"), ("aa", "a/b", "A/c")],
)
def test_paths_that_meet_on_some_system_are_refused(paths: tuple[str, ...]) -> None:
    files = digests(dict.fromkeys(paths, b""))
    with pytest.raises(Refusal) as caught:
        replace(
            TERMS, kind=Kind.PACK, imports=(), caps=(), limits=None, files=files, entry=paths[0]
        )
    assert caught.value.name == "E_STMT_PATH"


def test_a_pack_covers_many_files() -> None:
    files = digests({"a/b.p2": b"1", "a/b.p2.sig": b"2", "a-b": b"3", "z": b"4"})
    pack = replace(
        TERMS, kind=Kind.PACK, imports=(), caps=(), limits=None, files=files, entry="a/b.p2"
    )
    assert parse(pack.dump()) == pack
    assert [file.path for file in files] == ["a-b", "a/b.p2", "a/b.p2.sig", "z"]


def test_a_script_covers_one_file() -> None:
    for files, entry in (
        (digests({"a.p2": b"", "b.p2": b""}), "a.p2"),
        (digests({"a/b.p2": b""}), "a/b.p2"),
    ):
        with pytest.raises(Refusal) as caught:
            replace(TERMS, files=files, entry=entry)
        assert caught.value.name == "E_STMT_FILES"


def test_a_statement_never_expires_only_when_it_says_so() -> None:
    forever = replace(TERMS, expires=None)
    assert b"\nexpires never\n" in forever.dump()
    assert parse(forever.dump()).expires is None


@pytest.mark.parametrize(
    "moment",
    [
        TERMS.issued.replace(tzinfo=None),
        datetime(2026, 1, 1, microsecond=1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(1999, 1, 1, tzinfo=UTC),
    ],
)
def test_times_are_whole_seconds_in_utc(moment: datetime) -> None:
    with pytest.raises(Refusal) as caught:
        replace(TERMS, issued=moment)
    assert caught.value.name == "E_STMT_TIME"


def test_any_aware_time_becomes_a_whole_second_in_utc() -> None:
    local = datetime(2026, 1, 1, 1, 30, 5, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert to_second(local) == datetime(2025, 12, 31, 23, 30, 5, tzinfo=UTC)
    with pytest.raises(ValueError, match="time zone"):
        to_second(TERMS.issued.replace(tzinfo=None))


def test_a_statement_may_have_256_kib_and_no_byte_more() -> None:
    filler = [Capability("read", "bundle", f"{number:06d}" + "x" * 994) for number in range(258)]
    room = MAX_STATEMENT - len(replace(TERMS, caps=sorted_caps(filler[:257])).dump())
    assert 20 < room < 1000
    last = Capability("read", "bundle", "z" * (room - len("cap read bundle:\n")))
    full = replace(TERMS, caps=sorted_caps([*filler[:257], last]))
    assert len(full.dump()) == MAX_STATEMENT
    assert parse(full.dump()) == full
    with pytest.raises(Refusal) as caught:
        replace(
            TERMS, caps=sorted_caps([*filler[:257], replace(last, target=last.target + "z")])
        ).dump()
    assert caught.value.name == "E_STMT_SIZE"


@given(st.text(max_size=60))
def test_a_target_is_decoded_to_what_was_encoded(text: str) -> None:
    target = encode_target(text)
    if text:
        assert decode_target(target) == text


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_texts_have_different_targets(one: str, other: str) -> None:
    assert (encode_target(one) == encode_target(other)) == (one == other)


def test_a_plain_target_stands_for_itself() -> None:
    plain = "run-7/*:a_b.c@d"
    assert encode_target(plain) == plain
    assert encode_target("50% ~\u00e4") == "50%25%20%7E%C3%A4"


@given(CAPABILITY)
def test_a_right_is_read_back_as_it_was_written(cap: Capability) -> None:
    assert Capability.parse(str(cap)) == cap
