"""Trust bundles and lists of revocations: one form, enough signatures, never backwards, never more than agreed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2sign import bundles, feed, signed_text, trust_editing
from p2sign.algorithms import COMMON
from p2sign.bundles import Agreement, Place, RootKey, TrustBundle
from p2sign.feed import Feed
from p2sign.keys import SigningKey
from p2sign.policy import Policy, Scope
from p2sign.refusal import Refusal
from p2sign.trust import TrustLine, parse_trust
from p2sign_mutation import mutants
from p2sign_samples import ALICE, ALICE_LINE, BOB, BOB_LINE, NOW, trust_text
from trust_bundle_samples import CAROL, CAROL_LINE, FEED, LAB, signed


def checked(
    data: bytes, old: TrustBundle | None = None, revoked: frozenset[object] = frozenset()
) -> str:
    try:
        bundle, found = bundles.open_bundle(data, COMMON)
        bundles.check_signed(bundle, found, old, revoked)  # type: ignore[arg-type]
        bundles.check_follows(bundle, old, NOW)
        if old is not None:
            bundles.check_root_kept(bundle, old)
    except Refusal as refusal:
        return refusal.name
    return ""


def refused(make: object) -> str:
    with pytest.raises(Refusal) as caught:
        make()  # type: ignore[operator]
    return caught.value.name


KEYS = [SigningKey.from_seed(bytes([n]) * 32).public for n in range(1, 9)]
PEOPLE = ["a@x", "b@x", "c@x"]
MOMENTS = st.integers(946684800, 4102444800).map(lambda second: datetime.fromtimestamp(second, UTC))


@st.composite
def any_bundle(draw: st.DrawFn) -> TrustBundle:
    """Draw any bundle that can be."""
    issued = draw(MOMENTS)
    later = st.integers(1, 10**8).map(lambda seconds: issued + timedelta(seconds=seconds))
    owned = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(KEYS))
    roots = draw(st.lists(owned, min_size=1, unique_by=lambda pair: pair[1].blob))
    lines = draw(st.lists(owned, min_size=1, unique_by=lambda pair: pair[1].blob))
    uses = st.sampled_from(bundles.USES)
    people = sorted({who for who, _ in lines})
    chosen = st.lists(st.sampled_from(people), min_size=1, unique=True).map(sorted).map(tuple)
    scopes = draw(
        st.dictionaries(st.from_regex(r"[a-z][a-z0-9._-]{0,5}", fullmatch=True), chosen, max_size=3)
    )
    rights = st.sampled_from(["read bundle:.*", "write output:[a-z]+", "a b"])
    return TrustBundle(
        name=draw(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True)),
        serial=draw(st.integers(1, 2**31 - 1)),
        issued=issued,
        expires=draw(st.none() | later),
        require=draw(st.integers(1, len({who for who, _ in roots}))),
        roots=tuple(RootKey(who, key) for who, key in roots),
        signers=tuple(TrustLine(who, (draw(uses),), key) for who, key in lines),
        scopes=tuple(
            Scope(name, who, draw(st.integers(1, len(who)))) for name, who in scopes.items()
        ),
        ceilings=tuple(draw(st.lists(st.tuples(st.sampled_from(people), rights), unique=True))),
    )


@given(any_bundle())
def test_a_bundle_is_read_back_and_has_one_form(bundle: TrustBundle) -> None:
    text = bundle.dump()
    assert bundles.parse(text).dump() == text
    assert set(bundles.parse(text).signers) == set(bundle.signers)


@given(
    st.integers(1, 2**31 - 1), MOMENTS, st.frozensets(st.sampled_from(KEYS)),
    st.frozensets(st.binary(min_size=32, max_size=32).map(bytes.hex), max_size=4),
)  # fmt: skip
def test_a_list_of_revocations_is_read_back(
    serial: int, issued: datetime, keys: frozenset[object], digests: frozenset[str]
) -> None:
    made = Feed.of("lab", serial, issued, (keys, digests))  # type: ignore[arg-type]
    assert feed.parse(made.dump()) == made


@pytest.mark.parametrize("text", [LAB.dump(), FEED.dump()], ids=["bundle", "list"])
def test_no_other_bytes_are_a_bundle_or_a_list(text: bytes) -> None:
    read = bundles.parse if text == LAB.dump() else feed.parse
    for form in mutants(text, 7, 3000):
        try:
            found = read(form)
        except Refusal:
            continue
        assert found.dump() == form


def test_as_many_people_of_its_root_must_sign_as_it_requires() -> None:
    assert checked(signed(LAB, ALICE)) == "E_BUNDLE_SIGNERS"
    assert checked(signed(LAB, ALICE, BOB)) == ""
    assert checked(signed(LAB, ALICE, SigningKey.generate())) == "E_BUNDLE_SIGNERS"
    assert checked(signed(LAB, ALICE, BOB), revoked=frozenset({BOB.public})) == "E_BUNDLE_SIGNERS"
    twice = replace(
        LAB,
        roots=(
            RootKey("alice@lab", ALICE.public),
            RootKey("alice@lab", BOB.public),
            RootKey("carol@lab", CAROL.public),
        ),
    )
    assert checked(signed(twice, ALICE, BOB)) == "E_BUNDLE_SIGNERS"  # one person with two keys


def test_a_signature_for_another_use_or_another_text_is_refused() -> None:
    other = signed_text.signed(LAB.dump(), ALICE, feed.NAMESPACE)
    assert checked(other) == "E_SIG_NAMESPACE"
    assert checked(signed(LAB, ALICE, BOB).replace(b"serial 3", b"serial 4")) == "E_SIG_BAD"
    assert refused(lambda: signed(LAB, ALICE, ALICE)) == "E_SIG_DUPLICATE"
    assert checked(LAB.dump()) == "E_UNSIGNED"
    assert checked(FEED.dump()) == "E_SIDECAR_BLOCK"


def test_a_new_root_needs_the_old_one() -> None:
    eve, mallory = SigningKey.from_seed(b"\x08" * 32), SigningKey.from_seed(b"\x09" * 32)
    theirs = replace(
        LAB,
        serial=4,
        roots=(RootKey("eve@lab", eve.public), RootKey("mallory@lab", mallory.public)),
    )
    assert checked(signed(theirs, eve, mallory)) == ""  # nobody knows better at a first import
    assert checked(signed(theirs, eve, mallory), LAB) == "E_BUNDLE_ROOT"
    assert checked(signed(theirs, eve, mallory, ALICE), LAB) == "E_BUNDLE_ROOT"
    assert checked(signed(theirs, eve, mallory, ALICE, CAROL), LAB) == ""
    assert checked(signed(theirs, ALICE, CAROL), LAB) == "E_BUNDLE_SIGNERS"


def test_a_root_does_not_shrink_in_silence() -> None:
    smaller = replace(LAB, serial=4, require=1)
    assert checked(signed(smaller, ALICE, BOB), LAB) == "E_BUNDLE_SHRINK"


def test_bundles_go_forward_only() -> None:
    for serial, outcome in ((2, "E_BUNDLE_SERIAL"), (3, ""), (4, "")):
        assert checked(signed(replace(LAB, serial=serial), ALICE, BOB), LAB) == outcome
    other = replace(LAB, ceilings=())
    assert checked(signed(other, ALICE, BOB), LAB) == "E_BUNDLE_SERIAL"
    assert checked(signed(replace(LAB, expires=NOW), ALICE, BOB)) == "E_BUNDLE_EXPIRED"
    future = replace(LAB, issued=NOW + timedelta(seconds=1))
    assert checked(signed(future, ALICE, BOB)) == "E_BUNDLE_TIME"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Lab"}, {"serial": 0}, {"require": 0}, {"require": 4}, {"roots": ()},
        {"roots": LAB.roots + LAB.roots}, {"signers": LAB.signers * 2}, {"expires": LAB.issued},
        {"signers": (replace(ALICE_LINE, comment="x"), BOB_LINE)},
        {"signers": (replace(ALICE_LINE, namespaces=("plotter2-trust@v1",)), BOB_LINE)},
        {"signers": (replace(ALICE_LINE, namespaces=("plotter2-local@v1",)), BOB_LINE)},
        {"signers": (ALICE_LINE,)}, {"scopes": LAB.scopes * 2},
        {"scopes": (Scope("lab", ("bob@lab", "alice@lab")),)}, {"ceilings": (("eve@lab", "a"),)},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_no_bundle(change: dict[str, object]) -> None:
    assert refused(lambda: replace(LAB, **change)) == "E_BUNDLE_FORM"  # type: ignore[arg-type]


def test_a_bundle_with_a_pattern_that_cannot_be_read_is_refused() -> None:
    assert refused(lambda: replace(LAB, ceilings=(("alice@lab", "(a"),))) == "E_POLICY_PATTERN"


AGREED = Agreement.of(["lab"], ["read bundle:lab/.*"])


def test_what_was_agreed_is_kept_and_read_back() -> None:
    agreed = Agreement.of(["b", "a"], ["write .*", "read .*"])
    assert Agreement.parse(agreed.dump()) == agreed
    assert refused(lambda: Agreement.parse(b"plotter2-agreed 1\nscope A\nend\n")) == "E_POLICY_FORM"
    assert refused(lambda: Agreement.parse(b"plotter2-agreed 1\n")) == "E_BUNDLE_FORM"


def test_a_delegation_has_the_scopes_that_were_agreed_and_no_others() -> None:
    wide = replace(LAB, scopes=(*LAB.scopes, Scope("std", ("bob@lab",))))
    assert AGREED.lacking(wide) == ("std",)
    given_here = bundles.delegation(wide, AGREED)
    assert list(given_here.scopes) == ["lab"]
    ceiling = given_here.ceiling("alice@lab")
    assert ceiling is not None
    assert ceiling.covers("read bundle:lab/x")
    assert not ceiling.covers("read bundle:other")
    assert given_here.ceiling("eve@lab") is None


def place(**changes: object) -> Place:
    return replace(Place(Policy(), (), frozenset(), ()), **changes)  # type: ignore[arg-type]


def test_a_bundle_takes_nothing_that_is_somebody_elses() -> None:
    place().require_room(LAB, AGREED)
    me = replace(CAROL_LINE, principal="alice@lab")
    own = frozenset({CAROL.public.fingerprint})
    taken = [
        place(policy=Policy(scopes={"lab": Scope("lab", ("x@y",))})),
        place(others=(replace(LAB, name="other"),)),
        place(own=frozenset({ALICE.public.fingerprint}), lines=(ALICE_LINE,)),
        place(own=own, lines=(me,)),  # my name with a key of theirs
        place(lines=(replace(ALICE_LINE, principal="eve@lab"),)),
        place(others=(replace(LAB, name="other", scopes=()),)),
    ]
    for here in taken:
        assert refused(lambda here=here: here.require_room(LAB, AGREED)) == "E_BUNDLE_TAKEN"
    for scope in bundles.RESERVED:
        agreed = Agreement.of([scope], [])
        assert refused(lambda agreed=agreed: place().require_room(LAB, agreed)) == "E_BUNDLE_TAKEN"


def test_whom_i_trust_anyway_keeps_my_line() -> None:
    here = place(lines=(ALICE_LINE,))
    here.require_room(LAB, AGREED)
    assert here.lines_for(LAB) == (BOB_LINE,)


def test_the_lines_of_a_bundle_stand_in_a_block_and_go_as_one() -> None:
    mine = b"# mine\n" + trust_text(CAROL_LINE)
    with_lab = trust_editing.with_bundle(mine, "lab", 3, [ALICE_LINE])
    assert trust_editing.lent_lines(with_lab) == {"lab": (ALICE_LINE,)}
    newer = trust_editing.with_bundle(with_lab, "lab", 4, [BOB_LINE])
    assert trust_editing.lent_lines(newer) == {"lab": (BOB_LINE,)}
    assert trust_editing.without_bundle(newer, "lab") == mine
    added = trust_editing.with_line(newer, ALICE_LINE)
    assert trust_editing.lent_lines(added) == {"lab": (BOB_LINE,)}
    assert [line.principal for line in parse_trust(added)] == ["carol@lab", "alice@lab", "bob@lab"]
    assert (
        refused(lambda: trust_editing.with_bundle(added, "x", 1, [ALICE_LINE]))
        == "E_TRUST_DUPLICATE"
    )
    gone = trust_editing.without(added, lambda line: line == CAROL_LINE)
    assert gone.startswith(b"# mine\nalice@lab")
    unclosed = newer.replace(b"# end of bundle lab\n", b"")
    assert trust_editing.lent_lines(unclosed) == {"lab": (BOB_LINE,)}


def feed_outcome(
    made: Feed, key: SigningKey = CAROL, old: Feed | None = None, **known: object
) -> str:
    data = signed_text.signed(made.dump(), key, feed.NAMESPACE)
    lines = parse_trust(trust_text(ALICE_LINE, CAROL_LINE))
    try:
        found, text = feed.open_feed(data, COMMON)
        feed.check_signers(text, lines, known.get("revoked", frozenset()), NOW)  # type: ignore[arg-type]
        feed.check_follows(found, old, NOW)
    except Refusal as refusal:
        return refusal.name
    return ""


def test_a_list_counts_by_whom_is_trusted_for_revocations() -> None:
    assert feed_outcome(FEED) == ""
    assert feed_outcome(FEED, ALICE) == "E_SIGNER_NAMESPACE"
    assert feed_outcome(FEED, BOB) == "E_SIGNER_UNKNOWN"
    assert feed_outcome(FEED, revoked=frozenset({CAROL.public})) == "E_SIGNER_REVOKED"


def test_lists_go_forward_only() -> None:
    assert feed_outcome(replace(FEED, issued=NOW + timedelta(seconds=1))) == "E_FEED_TIME"
    assert feed_outcome(replace(FEED, serial=3), old=FEED) == "E_FEED_SERIAL"
    assert feed_outcome(FEED, old=FEED) == ""
    assert feed_outcome(replace(FEED, digests=()), old=FEED) == "E_FEED_SERIAL"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Lab"}, {"serial": 0}, {"digests": ("AB" * 32,)}, {"digests": ("b" * 64, "a" * 64)},
        {"keys": (FEED.keys[1], FEED.keys[0])}, {"keys": FEED.keys * 2}, {"issued": NOW.replace(microsecond=1)},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_no_list(change: dict[str, object]) -> None:
    assert refused(lambda: replace(FEED, **change)) == "E_FEED_FORM"  # type: ignore[arg-type]
