"""The trust files: one literal person a line, for named uses, in UTC; anything looser refuses the file."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2sign.keys import SigningKey
from p2sign.refusal import Refusal
from p2sign.trust import (
    TrustLine,
    parse_revoked_keys,
    parse_revoked_scripts,
    parse_time,
    parse_trust,
    principal_of,
)
from p2sign.trust_editing import with_revoked_key, with_trust_line
from p2sign.uses import NAMESPACES, Kind
from p2sign_samples import ALICE, ALICE_LINE, BOB, BOB_LINE, NAMESPACE, NOW, trust_text

LINE = ALICE_LINE.dump()
KEY = ALICE.public.line()

MOMENT = st.integers(946684800, 4000000000).map(lambda second: datetime.fromtimestamp(second, UTC))
WINDOW = st.lists(MOMENT, min_size=2, max_size=2, unique=True).map(sorted)
WORD = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
LINES = st.builds(
    TrustLine,
    st.builds("{}@{}".format, WORD, WORD),
    st.lists(st.sampled_from(NAMESPACES), min_size=1, unique=True).map(tuple),
    st.binary(min_size=32, max_size=32).map(lambda seed: SigningKey.from_seed(seed).public),
    comment=st.text(max_size=20).filter(str.isprintable),
)


def refusal_of(text: str | bytes) -> str:
    with pytest.raises(Refusal) as caught:
        parse_trust(text if isinstance(text, bytes) else text.encode())
    return caught.value.name


@given(LINES, WINDOW, st.sampled_from(["neither", "after", "before", "both"]))
def test_a_trust_line_is_read_back_as_it_was_written(
    line: TrustLine, window: list[datetime], bounds: str
) -> None:
    if bounds in ("after", "both"):
        line = replace(line, valid_after=window[0])
    if bounds in ("before", "both"):
        line = replace(line, valid_before=window[1])
    assert parse_trust(line.dump().encode() + b"\n") == (line,)


def test_comments_and_empty_lines_stand_between_the_lines() -> None:
    text = f"# das Labor, gepr\u00fcft\n\n{LINE} J\u00fcrgen\n#\n{BOB_LINE.dump()}\n"
    assert [line.principal for line in parse_trust(text.encode())] == ["alice@lab", "bob@lab"]
    assert parse_trust(b"") == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (LINE, "E_TRUST_LINE"),
        (f"{LINE}\r\n", "E_TRUST_LINE"),
        (f" {LINE}\n", "E_TRUST_PRINCIPAL"),
        (f"{LINE}\n # indented\n", "E_TRUST_PRINCIPAL"),
        (f"{LINE}\x00\n", "E_TRUST_LINE"),
        (f"{LINE} \u202egood\n", "E_TRUST_LINE"),
        (LINE.encode() + b" \xff\n", "E_TRUST_LINE"),
        ("alice@lab\n", "E_TRUST_LINE"),
        (LINE.replace(" ", "  ", 1) + "\n", "E_TRUST_NAMESPACE"),
        (LINE.replace(f'"{NAMESPACE}"', NAMESPACE) + "\n", "E_TRUST_NAMESPACE"),
        (LINE.replace(f'"{NAMESPACE}"', f'"{NAMESPACE}') + "\n", "E_TRUST_LINE"),
        (LINE.replace(f'"{NAMESPACE}"', f'"{NAMESPACE}",') + "\n", "E_TRUST_LINE"),
        (f"alice@lab {KEY}\n", "E_TRUST_NAMESPACE"),
        (f"alice@lab {KEY} comment\n", "E_TRUST_NAMESPACE"),
        (f'alice@lab valid-before="20271231Z" {KEY}\n', "E_TRUST_NAMESPACE"),
        (f'alice@lab namespaces="" {KEY}\n', "E_TRUST_NAMESPACE"),
        (f'alice@lab namespaces="git" {KEY}\n', "E_TRUST_NAMESPACE"),
        (f'alice@lab namespaces="plotter2-*" {KEY}\n', "E_TRUST_NAMESPACE"),
        (f'alice@lab namespaces="!{NAMESPACE}" {KEY}\n', "E_TRUST_NAMESPACE"),
        (f'alice@lab namespaces="{NAMESPACE},{NAMESPACE}" {KEY}\n', "E_TRUST_NAMESPACE"),
        (f'alice@lab namespaces="{NAMESPACE},git" {KEY}\n', "E_TRUST_NAMESPACE"),
        (f'alice@lab namespaces="{NAMESPACE}",namespaces="{NAMESPACE}" {KEY}\n', "E_TRUST_OPTION"),
        (f'alice@lab namespaces="{NAMESPACE}",verify-required="yes" {KEY}\n', "E_TRUST_OPTION"),
        (f'alice@lab cert-authority,namespaces="{NAMESPACE}" {KEY}\n', "E_TRUST_OPTION"),
        (f'alice@lab namespaces="{NAMESPACE}",valid-before="20271231" {KEY}\n', "E_TRUST_TIME"),
        (f'alice@lab namespaces="{NAMESPACE}",valid-before="20271331Z" {KEY}\n', "E_TRUST_TIME"),
        (f'alice@lab namespaces="{NAMESPACE}",valid-before="202712312Z" {KEY}\n', "E_TRUST_TIME"),
        (f'alice@lab namespaces="{NAMESPACE}",valid-before="" {KEY}\n', "E_TRUST_TIME"),
        (
            f'alice@lab namespaces="{NAMESPACE}",valid-after="20271231Z",valid-before="20271231Z" {KEY}\n',
            "E_TRUST_TIME",
        ),
        (LINE.replace("ssh-ed25519", "ssh-dss") + "\n", "E_KEY_ALGORITHM"),
        (LINE[:-4] + "\n", "E_KEY_FORMAT"),
        (f"{LINE}\n{LINE}\n", "E_TRUST_DUPLICATE"),
        (f"{LINE}\n{LINE.replace('alice', 'carol')}\n", "E_TRUST_DUPLICATE"),
    ],
)
def test_a_loose_trust_line_refuses_the_file(text: str | bytes, name: str) -> None:
    assert refusal_of(text) == name


@pytest.mark.parametrize(
    "principal",
    ["*", "*@lab", "!bob@lab", "a?@lab", "alice@lab,bob@lab", '"alice@lab"', "alice", "alice@", "@lab", "Alice@lab",
     "alice@lab@x", "al\u0456ce@lab", "a" * 65 + "@lab"],
)  # fmt: skip
def test_a_principal_is_one_literal_name_at_a_place(principal: str) -> None:
    assert refusal_of(LINE.replace("alice@lab", principal) + "\n") == "E_TRUST_PRINCIPAL"
    with pytest.raises(Refusal) as caught:
        replace(ALICE_LINE, principal=principal)
    assert caught.value.name == "E_TRUST_PRINCIPAL"


def test_a_person_may_have_several_keys() -> None:
    lines = parse_trust(trust_text(ALICE_LINE, replace(BOB_LINE, principal="alice@lab")))
    for key in (ALICE, BOB):
        assert principal_of(key.public, lines, NAMESPACE, NOW) == "alice@lab"


def test_options_stand_in_any_order() -> None:
    text = f'alice@lab valid-before="20271231Z",namespaces="{NAMESPACE}" {KEY}\n'
    assert parse_trust(text.encode())[0].valid_before == datetime(2027, 12, 31, tzinfo=UTC)


def test_a_key_is_valid_from_the_first_to_before_the_second_time() -> None:
    window = replace(ALICE_LINE, valid_after=NOW, valid_before=NOW + timedelta(seconds=10))

    def answer(seconds: float) -> str:
        try:
            return principal_of(
                ALICE.public, (window,), NAMESPACE, NOW + timedelta(seconds=seconds)
            )
        except Refusal as refusal:
            return refusal.name

    answers = [answer(seconds) for seconds in (-0.001, 0, 9.999, 10)]
    assert answers == ["E_SIGNER_NOT_YET", "alice@lab", "alice@lab", "E_SIGNER_EXPIRED"]


@pytest.mark.skipif(
    not hasattr(time, "tzset"), reason="this system cannot change its time zone within a process"
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles", "<-14>+14"])
def test_the_time_zone_of_the_machine_decides_nothing(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = f'alice@lab namespaces="{NAMESPACE}",valid-after="20261201Z",valid-before="202612011200Z" {KEY}\n'
    with monkeypatch.context() as environment:
        environment.setenv("TZ", zone)
        time.tzset()
        try:
            (read,) = parse_trust(line.encode())
            assert read.valid_after == datetime(2026, 12, 1, tzinfo=UTC)
            assert (
                replace(read, valid_before=NOW)
                .dump()
                .split(" ")[1]
                .endswith('valid-before="20261201120000Z"')
            )
            local = datetime.fromtimestamp((NOW - timedelta(seconds=1)).timestamp()).astimezone()
            assert principal_of(ALICE.public, (read,), NAMESPACE, local) == "alice@lab"
            with pytest.raises(Refusal, match="until 2026-12-01T12:00:00"):
                principal_of(ALICE.public, (read,), NAMESPACE, local + timedelta(seconds=1))
        finally:
            environment.undo()
            time.tzset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20271231Z", datetime(2027, 12, 31, tzinfo=UTC)),
        ("202712312359Z", datetime(2027, 12, 31, 23, 59, tzinfo=UTC)),
        ("20271231235958Z", datetime(2027, 12, 31, 23, 59, 58, tzinfo=UTC)),
    ],
)
def test_times_have_three_lengths(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    "moment", [NOW.replace(microsecond=1), NOW.astimezone(timezone(timedelta(hours=1)))]
)
def test_a_line_holds_whole_seconds_in_utc(moment: datetime) -> None:
    with pytest.raises(Refusal) as caught:
        replace(ALICE_LINE, valid_after=moment)
    assert caught.value.name == "E_TRUST_TIME"


def test_a_line_is_added_after_what_is_there() -> None:
    comment = b"# my lab\n"
    extended = with_trust_line(comment, TrustLine.for_kind("alice@lab", ALICE.public, Kind.SCRIPT))
    assert extended == comment + LINE.encode() + b"\n"
    # A file that somebody left without its last line feed must not swallow the new line as a comment.
    extended = with_trust_line(f"{LINE} my key".encode(), BOB_LINE)
    assert [line.principal for line in parse_trust(extended)] == ["alice@lab", "bob@lab"]
    with pytest.raises(Refusal) as caught:
        with_trust_line(extended, replace(ALICE_LINE, principal="mallory@lab"))
    assert caught.value.name == "E_TRUST_DUPLICATE"


def test_revoked_keys_are_public_key_lines() -> None:
    text = with_revoked_key(b"# lost laptops\n", ALICE.public, "laptop stolen")
    text = with_revoked_key(text + b"\n", BOB.public)
    assert parse_revoked_keys(text) == {ALICE.public, BOB.public}
    assert parse_revoked_keys(text + text) == {ALICE.public, BOB.public}
    assert parse_revoked_keys(b"") == frozenset()


@pytest.mark.parametrize(
    "text", [b"SSHKRL\n\0", b"alice@lab\n", KEY.encode(), b"\xff\n", f"{KEY}\r\n".encode()]
)
def test_a_damaged_list_of_revoked_keys_is_refused_and_not_read_as_empty(text: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        parse_revoked_keys(text)
    assert caught.value.name == "E_REVOKED_KEYS"


def test_revoked_scripts_are_lines_as_sha256sum_prints_them() -> None:
    one, other = "0" * 64, "ab" * 32
    text = f"# withdrawn\n{one}\n{other}  thermal.p2\n"
    assert parse_revoked_scripts(text.encode()) == {one, other}


@pytest.mark.parametrize(
    "line", ["00", "AB" * 32, "ab" * 32 + "\t", "sha256:" + "ab" * 32, " " + "ab" * 32]
)
def test_a_damaged_list_of_revoked_scripts_is_refused(line: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_revoked_scripts(f"{line}\n".encode())
    assert caught.value.name == "E_REVOKED_SCRIPTS"
