"""A trust bundle and a list of revocations for tests, and a case for each way in which they are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from p2sign import bundles, feed, signed_text
from p2sign.algorithms import COMMON
from p2sign.bundles import Agreement, Place, RootKey, TrustBundle
from p2sign.feed import Feed
from p2sign.keys import SigningKey
from p2sign.policy import Policy, Scope
from p2sign.trust import TrustLine
from p2sign_samples import ALICE, ALICE_LINE, BOB, BOB_LINE, NOW

CAROL = SigningKey.from_seed(b"\x03" * 32)
CAROL_LINE = TrustLine("carol@lab", ("plotter2-revoke@v1",), CAROL.public)
LAB = TrustBundle(
    name="lab",
    serial=3,
    issued=NOW - timedelta(days=1),
    expires=NOW + timedelta(days=365),
    require=2,
    roots=tuple(
        RootKey(f"{name}@lab", key.public)
        for name, key in (("alice", ALICE), ("bob", BOB), ("carol", CAROL))
    ),
    signers=(ALICE_LINE, BOB_LINE),
    scopes=(Scope("lab", ("alice@lab", "bob@lab"), 2),),
    ceilings=(("alice@lab", "read bundle:.*"), ("bob@lab", "read bundle:.*")),
)
FEED = Feed.of(
    "lab",
    4,
    NOW - timedelta(days=1),
    (frozenset({ALICE.public, BOB.public}), frozenset({"ab" * 32})),
)


def signed(bundle: TrustBundle, *keys: SigningKey) -> bytes:
    data = signed_text.signed(bundle.dump(), keys[0], bundles.NAMESPACE)
    for key in keys[1:]:
        data = signed_text.signed_also(data, bundles.FIRST_WORD, key, bundles.NAMESPACE)
    return data


def bundle_of(**changes: object) -> bytes:
    made = replace(LAB, **changes)  # type: ignore[arg-type]
    return signed(made, ALICE, BOB)


def imported(data: bytes, old: TrustBundle | None = None) -> None:
    bundle, found = bundles.open_bundle(data, COMMON)
    bundles.check_signed(bundle, found, old, frozenset())
    bundles.check_follows(bundle, old, NOW)
    if old is not None:
        bundles.check_root_kept(bundle, old)


OTHER_ROOT = replace(LAB, roots=(RootKey("eve@lab", CAROL.public),), require=1)

BUNDLE_CASES: dict[str, Callable[[], object]] = {
    "E_BUNDLE_TIME": lambda: imported(bundle_of(issued=NOW + timedelta(seconds=1))),
    "E_BUNDLE_FORM": lambda: replace(LAB, require=0),
    "E_BUNDLE_SIGNERS": lambda: imported(signed(LAB, ALICE)),
    "E_BUNDLE_ROOT": lambda: imported(bundle_of(), OTHER_ROOT),
    "E_BUNDLE_SERIAL": lambda: imported(bundle_of(), replace(LAB, serial=4)),
    "E_BUNDLE_SHRINK": lambda: bundles.check_root_kept(replace(LAB, require=1), LAB),
    "E_BUNDLE_TAKEN": lambda: Place(Policy(), (), frozenset(), (LAB,)).require_room(
        replace(LAB, name="x"), Agreement.of(["lab"], [])
    ),
    "E_BUNDLE_SCOPE": lambda: Agreement.of([], []).require(LAB),
    "E_FEED_FORM": lambda: replace(FEED, serial=0),
    "E_FEED_TIME": lambda: feed.check_follows(FEED, None, FEED.issued - timedelta(seconds=1)),
    "E_FEED_SERIAL": lambda: feed.check_follows(replace(FEED, serial=1), FEED, NOW),
}
