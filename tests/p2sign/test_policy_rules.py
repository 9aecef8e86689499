"""The policy: who counts for a name, how many it takes, what they may grant; and in which order that is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from p2sign import policy, policy_editing
from p2sign.ceilings import Ceiling
from p2sign.gate import TrustFiles, verify
from p2sign.make import add_signature, sign_statement
from p2sign.policy import Delegation, Rules, Scope
from p2sign.refusal import Refusal
from p2sign.uses import Kind
from p2sign_samples import (
    ALICE,
    ALICE_LINE,
    BOB,
    BOB_LINE,
    NOW,
    TERMS,
    TRUST,
    offer,
    trust_text,
)

ALL = '[signer."{}"]\nmay = [".*"]\n'
ALICE_ALL, BOB_ALL = ALL.format("alice@lab"), ALL.format("bob@lab")
BY_ALICE = sign_statement(TERMS, ALICE)
BY_BOTH = add_signature(BY_ALICE, BOB)
ALICE_KEY, BOB_KEY = ALICE.public.fingerprint, BOB.public.fingerprint


def passes(text: str, sidecar: bytes = BY_ALICE, **known: object) -> None:
    rules = Rules(policy.parse(text.encode()), **known)  # type: ignore[arg-type]
    verify(offer(sidecar), replace(TRUST, rules=rules), NOW)


def refused(text: str, sidecar: bytes = BY_ALICE, **known: object) -> tuple[str, str]:
    with pytest.raises(Refusal) as caught:
        passes(text, sidecar, **known)
    return caught.value.name, caught.value.what


def test_a_stranger_may_grant_nothing_until_it_is_said_what() -> None:
    assert refused("")[0] == "E_CEILING_NONE"
    assert refused('[signer."alice@lab"]\nmay = []\n')[0] == "E_CEILING"
    passes(ALICE_ALL)


def test_an_own_key_may_grant_what_its_scripts_declare_unless_its_owner_has_a_ceiling() -> None:
    passes("", own=frozenset({ALICE_KEY}))
    name, what = refused('[signer."alice@lab"]\nmay = ["read .*"]\n', own=frozenset({ALICE_KEY}))
    assert (name, what) == ("E_CEILING", "alice@lab may not grant here: write frame:loss-summary")


def test_a_scope_counts_its_own_signers_only() -> None:
    scope = '[scope.lab]\nsigners = ["bob@lab"]\n'
    name, what = refused(scope + ALICE_ALL)
    assert name == "E_SCOPE"
    assert "signed by bob@lab, and this is signed by alice@lab" in what
    passes(scope + BOB_ALL, BY_BOTH)  # who signs beside them does no harm
    assert refused(scope + ALICE_ALL, BY_BOTH)[0] == "E_CEILING_NONE"  # and lends them nothing
    passes('[scope.other]\nsigners = ["bob@lab"]\n' + ALICE_ALL)


def test_a_threshold_counts_people_and_not_keys() -> None:
    scope = '[scope.lab]\nsigners = ["alice@lab", "bob@lab"]\nrequire = 2\n' + ALICE_ALL + BOB_ALL
    assert refused(scope)[0] == "E_THRESHOLD"
    passes(scope, BY_BOTH)
    twice = TrustFiles(trust_text(ALICE_LINE, replace(BOB_LINE, principal="alice@lab")))
    rules = Rules(policy.parse(scope.encode()))
    with pytest.raises(Refusal) as caught:
        verify(offer(BY_BOTH), replace(twice, rules=rules), NOW)
    assert caught.value.name == "E_THRESHOLD"


def test_a_right_counts_if_as_many_as_are_required_may_grant_it() -> None:
    one = '[signer."alice@lab"]\nmay = ["read .*"]\n[signer."bob@lab"]\nmay = ["write .*"]\n'
    passes(one, BY_BOTH)  # one suffices for each
    both = '[scope.lab]\nsigners = ["alice@lab", "bob@lab"]\nrequire = 2\n'
    name, what = refused(both + one, BY_BOTH)
    assert name == "E_CEILING"
    assert "read bundle:run-7/loss; write frame:loss-summary" in what
    passes(both + ALICE_ALL + BOB_ALL, BY_BOTH)
    assert refused(both + ALICE_ALL, BY_BOTH)[0] == "E_CEILING_NONE"


def test_the_language_has_a_floor() -> None:
    passes('[policy]\nmin-language = "1.2"\n' + ALICE_ALL)
    assert refused('[policy]\nmin-language = "1.10"\n' + ALICE_ALL)[0] == "E_LANGUAGE_FLOOR"


def test_revocations_must_be_fresh_where_the_policy_wants_it() -> None:
    text = "[policy]\nrevocation-max-age-days = 30\n" + ALICE_ALL
    assert refused(text)[0] == "E_REVOCATION_STALE"
    passes(text, revocations={"lab": NOW - timedelta(days=30)})
    stale = {"lab": NOW, "other": NOW - timedelta(days=30, seconds=1)}
    name, what = refused(text, revocations=stale)  # one that is kept from us is enough
    assert name == "E_REVOCATION_STALE"
    assert "of other" in what


def lab(**changes: object) -> Delegation:
    whole = Delegation(
        "lab",
        frozenset({ALICE_KEY}),
        {"lab": Scope("lab", ("alice@lab",))},
        {"alice@lab": Ceiling((".*",))},
        Ceiling(("read bundle:.*", "write frame:.*")),
    )
    return replace(whole, **changes)


def test_the_keys_of_a_trust_bundle_count_in_its_scopes_only() -> None:
    lent = {"lent": frozenset({ALICE_KEY}), "delegations": (lab(),)}
    passes("", **lent)
    elsewhere = {**lent, "delegations": (lab(scopes={}),)}
    assert refused("", **elsewhere)[0] == "E_SCOPE"
    assert (
        refused(ALICE_ALL, **elsewhere)[0] == "E_SCOPE"
    )  # a ceiling of ours is not for a lent key
    own_scope = '[scope.lab]\nsigners = ["alice@lab"]\n' + ALICE_ALL
    assert (
        refused(own_scope, **lent)[0] == "E_SCOPE"
    )  # nor a scope of ours, even under the same name


def test_a_trust_bundle_grants_nothing_beyond_what_was_agreed() -> None:
    lent = frozenset({ALICE_KEY})
    narrow = lab(agreed=Ceiling(("read bundle:.*",)))
    assert refused("", lent=lent, delegations=(narrow,))[0] == "E_CEILING"
    modest = lab(ceilings={"alice@lab": Ceiling(("read .*",))})
    assert refused("", lent=lent, delegations=(modest,))[0] == "E_CEILING"
    assert refused("", lent=lent, delegations=(lab(ceilings={}),))[0] == "E_CEILING_NONE"


def test_other_signers_have_no_say_in_a_scope_of_a_trust_bundle() -> None:
    by_bob = sign_statement(TERMS, BOB)
    assert refused(BOB_ALL, by_bob, delegations=(lab(),))[0] == "E_SCOPE"
    assert refused("", by_bob, delegations=(lab(),), own=frozenset({BOB_KEY}))[0] == "E_SCOPE"


def test_a_trust_bundle_that_expired_counts_no_more() -> None:
    lent = frozenset({ALICE_KEY})
    passes("", lent=lent, delegations=(lab(expires=NOW + timedelta(seconds=1)),))
    assert refused("", lent=lent, delegations=(lab(expires=NOW),))[0] == "E_BUNDLE_EXPIRED"


def test_the_first_thing_that_is_wrong_is_reported_in_the_order_of_the_design() -> None:
    """Mend one thing after another, from a script in which everything is wrong."""
    everything = (
        '[policy]\nrevocation-max-age-days = 1\nmin-language = "9.0"\n'
        '[scope.lab]\nsigners = ["alice@lab", "bob@lab"]\nrequire = 2\n'
    )
    bad = offer(sign_statement(replace(TERMS, name="std/x"), ALICE), b"changed", "other.p2")
    std = everything.replace("scope.lab", "scope.std").replace('"alice@lab", ', '"carol@lab", ')
    fresh = {"lab": NOW}
    floors = {"lab/thermal": 8}

    def found(text: str, offered: object, revocations: dict[str, object]) -> str:
        rules = Rules(policy.parse(text.encode()), revocations=revocations)  # type: ignore[arg-type]
        with pytest.raises(Refusal) as caught:
            verify(offered, replace(TRUST, rules=rules), NOW, floors)  # type: ignore[arg-type]
        return caught.value.name

    assert found(std, bad, {}) == "E_REVOCATION_STALE"
    assert found(std, bad, fresh) == "E_SCOPE"
    assert found(everything.replace("lab]", "std]"), bad, fresh) == "E_THRESHOLD"
    both = everything
    assert found(both, offer(BY_BOTH, b"changed", "other.p2"), fresh) == "E_ENTRY"
    assert found(both, offer(BY_BOTH, b"changed"), fresh) == "E_DIGEST"
    assert found(both, offer(BY_BOTH), fresh) == "E_SERIAL"
    floors.clear()
    assert found(both, offer(BY_BOTH), fresh) == "E_LANGUAGE_FLOOR"
    assert found(both.replace("9.0", "1.0"), offer(BY_BOTH), fresh) == "E_CEILING_NONE"


def test_an_expired_key_counts_for_what_ran_here_while_it_was_valid() -> None:
    line = replace(ALICE_LINE, valid_after=NOW - timedelta(days=9), valid_before=NOW)
    files = TrustFiles(trust_text(line))

    def outcome(seconds: int | None, trusted: TrustFiles = files) -> str:
        when = None if seconds is None else NOW + timedelta(seconds=seconds)
        try:
            verify(offer(), trusted, NOW, seen=lambda _: when)
        except Refusal as refusal:
            return refusal.name
        return ""

    assert outcome(None) == "E_SIGNER_EXPIRED"
    assert outcome(-1) == ""
    assert outcome(0) == "E_SIGNER_EXPIRED"
    assert outcome(-10 * 86400) == "E_SIGNER_EXPIRED"  # before it was valid
    revoked = replace(files, revoked_keys=f"{ALICE.public.line()}\n".encode())
    assert outcome(-1, revoked) == "E_SIGNER_REVOKED"


@pytest.mark.parametrize(
    "text",
    [
        "[policy", "x = 1", "[policy]\nx = 1", "[policy]\nmode = 'none'", "[policy]\nmode = 1",
        "[policy]\nmin-language = '1'", "[policy]\nmin-language = 1.0",
        "[policy]\nrevocation-max-age-days = 0", "[policy]\nrevocation-max-age-days = 1.5",
        "[policy]\nrevocation-max-age-days = true", "[policy]\nallow-rsa = 1", "policy = 1",
        "[scope]\nlab = 1", "[scope.lab]", "[scope.lab]\nsigners = []",
        "[scope.lab]\nsigners = 'a@b'", "[scope.lab]\nsigners = ['a@b', 'a@b']",
        "[scope.lab]\nsigners = ['a@b']\nrequire = 2", "[scope.lab]\nsigners = ['a@b']\nrequire = 0",
        "[scope.lab]\nsigners = ['a@b']\nmay = []", "[scope.'lab/x']\nsigners = ['a@b']",
        "[signer.'a@b']", "[signer.'a@b']\nmay = '.*'", "[signer.'a@b']\nmay = [1]",
        "[signer.'a@b']\nmay = []\nx = 1", "[scope.lab]\nsigners = ['a@b']\n[scope.lab]\n",
    ],
)  # fmt: skip
def test_a_policy_that_is_not_understood_to_the_last_word_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        policy.parse(text.encode())
    assert caught.value.name == "E_POLICY_FORM"


def test_people_in_a_policy_are_literal() -> None:
    for text in ("[signer.'*@b']\nmay = []", "[scope.lab]\nsigners = ['A@b']"):
        with pytest.raises(Refusal) as caught:
            policy.parse(text.encode())
        assert caught.value.name == "E_TRUST_PRINCIPAL"


def test_bytes_that_are_no_policy_are_refused() -> None:
    for data in (b"\xff", b"#" * (policy.MAX_POLICY + 1), b"a." * 20_000 + b"a = 1"):
        with pytest.raises(Refusal) as caught:
            policy.parse(data)
        assert caught.value.name == "E_POLICY_FORM"


def test_rsa_counts_only_where_the_policy_says_so() -> None:
    assert "ssh-rsa" not in replace(TRUST, rules=Rules()).accepted
    allowed = Rules(policy.parse(b"[policy]\nallow-rsa = true\n"))
    assert "ssh-rsa" in replace(TRUST, rules=allowed).accepted


def test_a_ceiling_is_set_changed_and_taken_away_and_all_else_stays() -> None:
    by_hand = (
        b"# ours\n[policy]\nmode = 'ask' # really\n\n[signer.'bob@lab'] # b\nmay = ['a'] # c\n"
    )
    first = policy_editing.with_ceiling(by_hand, "alice@lab", ["read .*", "it's"])
    assert first.startswith(by_hand)
    assert policy.parse(first).ceilings["alice@lab"].patterns == ("read .*", "it's")
    second = policy_editing.with_ceiling(first, "alice@lab", [r"a\d"])
    assert policy.parse(second).ceilings["alice@lab"].patterns == (r"a\d",)
    assert second.startswith(by_hand)
    assert policy_editing.without_ceiling(second, "alice@lab") == by_hand
    without = policy_editing.without_ceiling(second, "bob@lab")
    assert list(policy.parse(without).ceilings) == ["alice@lab"]
    assert policy_editing.without_ceiling(by_hand, "carol@lab") == by_hand
    assert policy.parse(policy_editing.with_ceiling(b"", "a@b", ["x"])).mode == "deny"


def test_a_policy_in_another_layout_is_left_to_its_owner() -> None:
    for text in (b"signer = { 'a@b' = { may = [] } }\n", b"[signer]\n'a@b'.may = []\n"):
        with pytest.raises(Refusal, match="cannot be changed line by line"):
            policy_editing.with_ceiling(text, "a@b", ["x"])


def test_a_pack_answers_to_scopes_too() -> None:
    rules = Rules(policy.parse(b"[scope.lab]\nsigners = ['bob@lab']\n"))
    terms = replace(TERMS, kind=Kind.PACK, imports=(), caps=(), limits=None)
    signers = [policy.Signer("alice@lab", ALICE_KEY)]
    with pytest.raises(Refusal) as caught:
        rules.count(terms, signers, NOW)
    assert caught.value.name == "E_SCOPE"
