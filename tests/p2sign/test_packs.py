"""The pack: one form, one reading, exactly what its statement names, scripts and libraries that belong together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2sign import pack, sshsig, statement
from p2sign.gate import Signer, TrustFiles
from p2sign.make import add_signature, sign_statement
from p2sign.pack_gate import VerifiedPack, look_into, verify_pack
from p2sign.refusal import Refusal
from p2sign.statement import Import, digests
from p2sign.trust import TrustLine
from p2sign.uses import Kind
from p2sign_mutation import mutants
from p2sign_samples import ALICE, BOB, NOW, TRUST, trust_text
from pack_samples import (
    DATA,
    FILES,
    LIBRARY,
    LIBRARY_PATH,
    LIBRARY_TERMS,
    PACK_NAMESPACE,
    PACK_TRUST,
    PICTURE,
    PLAIN,
    PLAIN_TERMS,
    THERMAL,
    THERMAL_TERMS,
    pack_of,
    pack_terms,
    with_files,
)

PACK = pack_of()
SIDECAR = sign_statement(pack_terms(), ALICE)


def refusal_of(
    data: bytes, trusted: TrustFiles = PACK_TRUST, floors: Mapping[str, int] | None = None
) -> str:
    with pytest.raises(Refusal) as caught:
        verify_pack(data, trusted, NOW, floors)
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()
    return caught.value.name


def signed_over(files: Mapping[str, bytes], **names: bytes) -> bytes:
    """Give a pack of alice whose statement says of some files what `names` says instead of their bytes."""
    return pack.packed(sign_statement(pack_terms(dict(files) | names), ALICE), files)


# ------------------------------------------------------------------ what passes


def test_a_pack_of_a_trusted_packer_is_verified_and_its_content_sorted_out() -> None:
    verified = verify_pack(PACK, PACK_TRUST, NOW)
    content = verified.content
    assert verified.signers == (Signer("alice@lab", ALICE.public.fingerprint),)
    assert dict(content.files) == FILES
    assert [each.path for each in content.scripts] == ["plain.p2", "thermal.p2"]
    assert [each.path for each in content.libraries] == [LIBRARY_PATH]
    assert content.data == ("data/run-7.p2b",)
    assert content.pictures == ("pictures/loss.png",)
    assert content.scripts[1].offer.file_name == "thermal.p2"
    assert content.statement_sha256 == sha256(pack_terms().dump()).hexdigest()


def test_nobody_else_makes_a_verified_pack() -> None:
    with pytest.raises(TypeError, match="only p2sign"):
        VerifiedPack(verify_pack(PACK, PACK_TRUST, NOW).content, (), object())


def test_a_time_without_a_zone_is_no_time() -> None:
    with pytest.raises(ValueError, match="time zone"):
        verify_pack(PACK, PACK_TRUST, NOW.replace(tzinfo=None))


def test_a_pack_may_hold_scripts_and_libraries_of_strangers_for_it_grants_nothing() -> None:
    files = with_files({"plain.p2.sig": sign_statement(PLAIN_TERMS, BOB)})
    assert verify_pack(pack_of(files), PACK_TRUST, NOW).content.scripts[0].path == "plain.p2"


def test_a_pack_may_hold_a_script_that_has_expired_for_its_own_gate_refuses_it() -> None:
    old = replace(PLAIN_TERMS, expires=NOW - timedelta(days=1))
    files = with_files({"plain.p2.sig": sign_statement(old, ALICE)})
    assert verify_pack(pack_of(files), PACK_TRUST, NOW)


def test_two_packers_can_sign_one_pack() -> None:
    lines = [TrustLine(who, (PACK_NAMESPACE,), key.public) for who, key in _BOTH.items()]
    data = pack.packed(add_signature(SIDECAR, BOB), FILES)
    signers = verify_pack(data, TrustFiles(trust_text(*lines)), NOW).signers
    assert [signer.principal for signer in signers] == ["alice@lab", "bob@lab"]


_BOTH = {"alice@lab": ALICE, "bob@lab": BOB}


def test_the_same_serial_opens_again_and_an_older_one_does_not() -> None:
    assert verify_pack(PACK, PACK_TRUST, NOW, {"lab/thermal-pack": 3})
    assert refusal_of(PACK, floors={"lab/thermal-pack": 4}) == "E_PACK_SERIAL"


def test_a_library_that_ships_is_imported_and_not_brought() -> None:
    ships = replace(PLAIN_TERMS, imports=(Import("0" * 64, "p2/statistics/1.0.0"),))
    files = with_files({"plain.p2.sig": sign_statement(ships, ALICE)})
    assert verify_pack(pack_of(files), PACK_TRUST, NOW)


def test_anybody_can_look_into_a_pack_and_learn_whose_key_it_was() -> None:
    content, fingerprints = look_into(pack_of(key=BOB))
    assert fingerprints == (BOB.public.fingerprint,)
    assert content.data == ("data/run-7.p2b",)


def test_pictures_and_data_keep_their_bytes_whatever_they_are() -> None:
    files = with_files({"pictures/loss.png": b"\nend\nfile 3 x\n", "data/run-7.p2b": b""})
    assert dict(verify_pack(pack_of(files), PACK_TRUST, NOW).content.files) == files


_PATHS = st.text("abcXYZ019._-/", min_size=1, max_size=30)


@given(st.binary(max_size=300), st.dictionaries(_PATHS, st.binary(max_size=300), max_size=8))
def test_splitting_undoes_joining(sidecar: bytes, files: dict[str, bytes]) -> None:
    data = pack.packed(sidecar, files)
    parts = pack.split(data)
    assert (parts.sidecar, dict(parts.files)) == (sidecar, files)
    assert parts.join() == data


@given(st.binary(max_size=200))
def test_bytes_that_are_read_are_written_the_same(tail: bytes) -> None:
    data = b"P2PACK 1\n" + tail
    try:
        parts = pack.split(data)
    except Refusal:
        return
    assert parts.join() == data


def test_no_damaged_pack_is_verified_and_none_crashes() -> None:
    for changed in mutants(PACK, seed=6, rounds=1500):
        with pytest.raises(Refusal):
            verify_pack(changed, PACK_TRUST, NOW)


def test_every_single_byte_counts() -> None:
    for at in range(0, len(PACK), 7):
        with pytest.raises(Refusal):
            verify_pack(PACK[:at] + bytes([PACK[at] ^ 1]) + PACK[at + 1 :], PACK_TRUST, NOW)


def test_no_beginning_of_a_pack_is_a_pack() -> None:
    for length in range(0, len(PACK), 5):
        with pytest.raises(Refusal):
            verify_pack(PACK[:length], PACK_TRUST, NOW)


# ------------------------------------------------------------------ the container


def container(old: bytes, new: bytes) -> Callable[[], bytes]:
    def changed() -> bytes:
        assert PACK.count(old) == 1, old
        return PACK.replace(old, new)

    return changed


_PLAIN = b"file %d plain.p2\n" % len(PLAIN)
_PICTURE = b"file %d pictures/loss.png\n%b\n" % (len(PICTURE), PICTURE)
_DATA = b"file %d data/run-7.p2b\n%b\n" % (len(DATA), DATA)
_SIG = b"\nsig %d\n" % len(SIDECAR)
MALFORMED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "E_PACK_FORM"),
    "another version": (container(b"P2PACK 1\n", b"P2PACK 2\n"), "E_PACK_FORM"),
    "something before it": (lambda: b"\n" + PACK, "E_PACK_FORM"),
    "a byte order mark": (lambda: b"\xef\xbb\xbf" + PACK, "E_PACK_FORM"),
    "CRLF in the first line": (container(b"P2PACK 1\n", b"P2PACK 1\r\n"), "E_PACK_EOL"),
    "CRLF all through": (lambda: PACK.replace(b"\n", b"\r\n"), "E_PACK_EOL"),
    "no signature": (container(_SIG + SIDECAR, b""), "E_PACK_FORM"),
    "two signatures": (container(_SIG + SIDECAR, 2 * (_SIG + SIDECAR)), "E_PACK_FORM"),
    "an empty signature": (container(_SIG + SIDECAR, b"\nsig 0\n"), "E_SIDECAR_BLOCK"),
    "two spaces": (container(_PLAIN, _PLAIN.replace(b" ", b"  ", 1)), "E_PACK_FORM"),
    "a tab": (container(_PLAIN, _PLAIN.replace(b" ", b"\t", 1)), "E_PACK_FORM"),
    "a space behind the path": (container(_PLAIN, _PLAIN[:-1] + b" \n"), "E_PACK_FORM"),
    "an escape in a path": (container(_PLAIN, b"file 3 \x1b[31m\n"), "E_PACK_FORM"),
    "no path": (container(_PLAIN, b"file %d\n" % len(PLAIN)), "E_PACK_FORM"),
    "an unknown word": (container(_PLAIN, _PLAIN.replace(b"file", b"link")), "E_PACK_FORM"),
    "a leading zero": (container(_PLAIN, _PLAIN.replace(b" ", b" 0", 1)), "E_PACK_LENGTH"),
    "a plus": (container(_PLAIN, _PLAIN.replace(b" ", b" +", 1)), "E_PACK_LENGTH"),
    "a negative length": (container(_PLAIN, b"file -1 plain.p2\n"), "E_PACK_LENGTH"),
    "a hex length": (container(_PLAIN, b"file 0x1c plain.p2\n"), "E_PACK_LENGTH"),
    "an underscore": (container(_PLAIN, b"file 2_8 plain.p2\n"), "E_PACK_LENGTH"),
    "no length": (container(_PLAIN, b"file  plain.p2\n"), "E_PACK_LENGTH"),
    "4 GiB": (container(_PLAIN, b"file 4294967296 plain.p2\n"), "E_PACK_LENGTH"),
    "32 MiB that are not there": (container(_PLAIN, b"file 33554432 plain.p2\n"), "E_PACK_LENGTH"),
    "one more": (container(_PLAIN, b"file %d plain.p2\n" % (len(PLAIN) + 1)), "E_PACK_LENGTH"),
    "one less": (container(_PLAIN, b"file %d plain.p2\n" % (len(PLAIN) - 1)), "E_PACK_FORM"),
    "two less": (container(_PLAIN, b"file %d plain.p2\n" % (len(PLAIN) - 2)), "E_PACK_LENGTH"),
    "a signature of 1 MiB": (container(_SIG, b"\nsig 1048576\n"), "E_PACK_LENGTH"),
    "a line without an end": (container(_PLAIN, b"file 1 " + 5000 * b"x"), "E_PACK_FORM"),
    "no end line": (lambda: PACK.removesuffix(b"end\n"), "E_PACK_END"),
    "an end without its line end": (lambda: PACK[:-1], "E_PACK_FORM"),
    "something after the end": (lambda: PACK + b"x", "E_PACK_END"),
    "a pack after the pack": (lambda: PACK + PACK, "E_PACK_END"),
    "a file after the end": (lambda: PACK + _PICTURE, "E_PACK_END"),
    "a file twice": (container(_PICTURE, 2 * _PICTURE), "E_PACK_FILES"),
    "a file less": (container(_PICTURE, b""), "E_PACK_FILES"),
    "a file more": (lambda: PACK.removesuffix(b"end\n") + b"file 0 z.p2\n\nend\n", "E_PACK_FILES"),
    "another order": (
        lambda: PACK.replace(_PICTURE, b"").replace(_DATA, _PICTURE + _DATA),
        "E_PACK_FILES",
    ),
    "a million files": (container(_PICTURE, 5000 * b"file 0 a\n\n"), "E_PACK_FILES"),
    "another path": (container(b"pictures/loss.png\n", b"pictures/../x.png\n"), "E_PACK_FILES"),
    "other bytes": (container(PLAIN, PLAIN.swapcase()), "E_PACK_DIGEST"),
    "swapped data": (container(DATA, DATA[::-1]), "E_PACK_DIGEST"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_container_is_refused_by_name(name: str) -> None:
    make, expected = MALFORMED[name]
    assert refusal_of(make()) == expected


def test_one_byte_more_than_32_mib_is_too_much_and_32_mib_are_not() -> None:
    room = pack.MAX_PACK - len(pack_of(with_files({"pictures/loss.png": b""})))
    room -= len(str(room)) - 1
    files = with_files({"pictures/loss.png": bytes(room)})
    data = pack_of(files)
    assert len(data) == pack.MAX_PACK
    assert verify_pack(data, PACK_TRUST, NOW)
    with pytest.raises(Refusal, match="E_PACK_SIZE"):
        pack_of(with_files({"pictures/loss.png": bytes(room + 1)}))
    assert refusal_of(data + b"\n") == "E_PACK_SIZE"


# ------------------------------------------------------------------ insiders: a trusted packer signs something wrong


def signature_of(**terms: object) -> bytes:
    return sign_statement(replace(PLAIN_TERMS, **terms), ALICE)


def other_library(
    content: bytes = b"pipe smooth = other\n", **terms: object
) -> dict[str, bytes | None]:
    signed = replace(LIBRARY_TERMS, files=digests({"1.0.0.p2": content}), **terms)
    return {LIBRARY_PATH: content, f"{LIBRARY_PATH}.sig": sign_statement(signed, ALICE)}


def draft() -> bytes:
    terms = replace(PLAIN_TERMS, kind=Kind.DRAFT).dump()
    return terms + sshsig.sign(terms, ALICE, Kind.DRAFT.namespace)


def local() -> bytes:
    return sign_statement(replace(PLAIN_TERMS, kind=Kind.LOCAL), ALICE)


def kind_in_the_wrong_namespace() -> bytes:
    terms = replace(PLAIN_TERMS, kind=Kind.LOCAL).dump()
    return terms + sshsig.sign(terms, ALICE, Kind.SCRIPT.namespace)


INSIDERS: dict[str, tuple[Mapping[str, bytes | None], str]] = {
    "a script without its signature": ({"plain.p2.sig": None}, "E_PACK_UNSIGNED"),
    "a library without its signature": ({f"{LIBRARY_PATH}.sig": None}, "E_PACK_UNSIGNED"),
    "a signature without its script": ({"thermal.p2": None}, "E_PACK_PLACE"),
    "a signature of no bytes": ({"plain.p2.sig": b""}, "E_SIDECAR_BLOCK"),
    "a statement nobody signed": ({"plain.p2.sig": PLAIN_TERMS.dump()}, "E_UNSIGNED"),
    "a changed script": ({"plain.p2": PLAIN + b"#"}, "E_DIGEST"),
    "a script with CRLF": ({"plain.p2": PLAIN.replace(b"\n", b"\r\n")}, "E_DIGEST_EOL"),
    "a signature of another script": ({"plain.p2.sig": FILES["thermal.p2.sig"]}, "E_ENTRY"),
    "a signature with more rights": (
        {"plain.p2.sig": FILES["plain.p2.sig"].replace(b"run-7/loss", b"run-8/loss")},
        "E_SIG_BAD",
    ),
    "a draft": ({"plain.p2.sig": draft()}, "E_SIG_DRAFT"),
    "a script of a machine": ({"plain.p2.sig": local()}, "E_SIG_NAMESPACE"),
    "a kind in another namespace": ({"plain.p2.sig": kind_in_the_wrong_namespace()}, "E_KIND"),
    "another library under the same name": (other_library(), "E_PACK_MIX"),
    "a library that was signed under another name": (
        other_library(LIBRARY, name="lab/fit/2.0.0"),
        "E_PACK_MIX",
    ),
    "a library that is lacking": (
        {LIBRARY_PATH: None, f"{LIBRARY_PATH}.sig": None},
        "E_PACK_MIX",
    ),
    "a library that nobody uses": ({"thermal.p2": None, "thermal.p2.sig": None}, "E_PACK_MIX"),
    "a library of the scope that ships": (
        {
            "libraries/p2/fit/1.0.0.p2": LIBRARY,
            "libraries/p2/fit/1.0.0.p2.sig": FILES[f"{LIBRARY_PATH}.sig"],
        },
        "E_PACK_PLACE",
    ),
    "a script in a folder": ({"more/x.p2": PLAIN, "more/x.p2.sig": signature_of()}, "E_PACK_PLACE"),
    "a program": ({"run.sh": b"#!/bin/sh\n"}, "E_PACK_PLACE"),
    "a lock file": ({"p2.lock": b"p2-lock 1\n"}, "E_PACK_PLACE"),
    "git attributes below": ({"pictures/deep/x.png": b""}, "E_PACK_PLACE"),
    "data that are no package": ({"data/x.csv": b"a\n1\n"}, "E_PACK_PLACE"),
}


@pytest.mark.parametrize("name", INSIDERS)
def test_a_trusted_packer_cannot_bring(name: str) -> None:
    changed, expected = INSIDERS[name]
    assert refusal_of(pack_of(with_files(changed))) == expected


def test_an_old_script_does_not_come_with_a_new_library_or_the_other_way_round() -> None:
    newer = b"pipe smooth = better\n"
    as_new = replace(LIBRARY_TERMS, files=digests({"1.0.0.p2": newer}))
    script = replace(THERMAL_TERMS, imports=(Import(sha256(newer).hexdigest(), "lab/fit/1.0.0"),))
    library = {LIBRARY_PATH: newer, f"{LIBRARY_PATH}.sig": sign_statement(as_new, ALICE)}
    both = {**library, "thermal.p2.sig": sign_statement(script, ALICE)}
    assert verify_pack(pack_of(with_files(both)), PACK_TRUST, NOW)
    assert refusal_of(pack_of(with_files(library))) == "E_PACK_MIX"
    only_script = {"thermal.p2.sig": both["thermal.p2.sig"]}
    assert refusal_of(pack_of(with_files(only_script))) == "E_PACK_MIX"


ELSEWHERE = """
pictures/CON.png pictures/nul aux.p2 pictures/x. ../x.p2 /x.p2 a//b.p2 pictures/.hidden pictures/-rf pictures/LOSS.PNG
Pictures/x.png plain.p2/x.p2 pictures/\N{CYRILLIC SMALL LETTER A}.png pictures/\x1b[2J a\\b.p2 pictures/a%20b
"""


@pytest.mark.parametrize("path", [*ELSEWHERE.split(), "pictures/a b.png", "pictures/a\n.png"])
def test_no_statement_of_a_pack_names_a_path_that_is_not_plain_everywhere(path: str) -> None:
    with pytest.raises(Refusal, match="E_STMT_PATH"):
        pack_terms({**FILES, path: b""})
    lines = pack_terms().dump().split(b"end\n")[0]
    forged = lines + b"SHA256 (%b) = %b\nend\n" % (path.encode(), 64 * b"0")
    data = pack.packed(forged + sshsig.sign(forged, ALICE, PACK_NAMESPACE), FILES)
    assert refusal_of(data).startswith("E_STMT_")


def test_a_pack_with_rights_imports_or_limits_is_refused() -> None:
    text = pack_terms().dump()
    for line in (b"cap read bundle:x", b"limit cpu-ms 5", b"import sha256:%b a/b" % (64 * b"0")):
        forged = text.replace(b"\nend\n", b"\n" + line + b"\nend\n")
        data = pack.packed(forged + sshsig.sign(forged, ALICE, PACK_NAMESPACE), FILES)
        assert refusal_of(data).startswith("E_STMT_")


def test_the_statement_of_a_script_does_not_sign_a_pack() -> None:
    assert refusal_of(pack.packed(sign_statement(PLAIN_TERMS, ALICE), FILES)) == "E_SIG_NAMESPACE"
    forged = PLAIN_TERMS.dump()
    data = pack.packed(forged + sshsig.sign(forged, ALICE, PACK_NAMESPACE), FILES)
    assert refusal_of(data) == "E_KIND"


def test_the_entry_of_a_pack_is_a_script() -> None:
    assert refusal_of(pack_of(entry="pictures/loss.png")) == "E_PACK_PLACE"


def test_a_statement_that_names_other_bytes_or_more_files_is_refused() -> None:
    assert refusal_of(signed_over(FILES, **{"data/run-7.p2b": b"other"})) == "E_PACK_DIGEST"
    assert refusal_of(signed_over(FILES, **{"pictures/more.png": b""})) == "E_PACK_FILES"


# ------------------------------------------------------------------ trust, time, revocation


def test_who_is_trusted_for_scripts_only_is_no_packer() -> None:
    assert refusal_of(PACK, TRUST) == "E_SIGNER_NAMESPACE"


def test_a_stranger_is_no_packer_and_one_more_does_not_help() -> None:
    assert refusal_of(pack_of(key=BOB)) == "E_SIGNER_UNKNOWN"
    data = pack.packed(add_signature(SIDECAR, BOB), FILES)
    assert refusal_of(data) == "E_SIGNER_UNKNOWN"


def test_a_revoked_packer_packs_no_more() -> None:
    revoked = f"{ALICE.public.line('')}\n".replace(" \n", "\n").encode()
    assert refusal_of(PACK, replace(PACK_TRUST, revoked_keys=revoked)) == "E_SIGNER_REVOKED"


def test_a_pack_of_the_future_or_of_the_past_is_refused() -> None:
    late = pack_of(issued=NOW + timedelta(days=1))
    assert refusal_of(late) == "E_NOT_YET_ISSUED"
    assert refusal_of(pack_of(expires=NOW - timedelta(days=1))) == "E_EXPIRED"


@pytest.mark.parametrize(
    "revoked",
    [
        sha256(pack_terms().dump()).hexdigest(),
        sha256(THERMAL).hexdigest(),
        sha256(LIBRARY).hexdigest(),
        sha256(THERMAL_TERMS.dump()).hexdigest(),
        sha256(LIBRARY_TERMS.dump()).hexdigest(),
        sha256(DATA).hexdigest(),
    ],
)
def test_a_pack_with_something_revoked_in_it_is_refused_whole(revoked: str) -> None:
    trusted = replace(PACK_TRUST, revoked_scripts=f"{revoked}\n".encode())
    assert refusal_of(PACK, trusted) == "E_SCRIPT_REVOKED"


def test_trust_is_asked_before_the_statement_is_read() -> None:
    forged = b"plotter2-statement 1\nnothing else\n"
    data = pack.packed(forged + sshsig.sign(forged, BOB, PACK_NAMESPACE), FILES)
    assert refusal_of(data) == "E_SIGNER_UNKNOWN"
    data = pack.packed(forged + sshsig.sign(forged, ALICE, PACK_NAMESPACE), FILES)
    assert refusal_of(data) == "E_STMT_LINE"
    assert statement.parse(pack_terms().dump()) == pack_terms()
