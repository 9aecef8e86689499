"""Trust that travels: trust bundles and lists of revocations, by outsiders and by a minority of their roots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from p2sign import bundles, feed, sshsig
from p2sign.bundles import Agreement, Place, RootKey, TrustBundle
from p2sign.keys import SigningKey
from p2sign.policy import Policy, Scope
from p2sign.trust import TrustLine
from p2sign_keys import file_key
from p2sign_samples import ALICE, ALICE_LINE, BOB, BOB_LINE, NOW
from signing_attacks import (
    NOTHING,
    OLD,
    OTHER_USE,
    ROOT,
    STRANGER,
    TRUSTED,
    Attack,
    BundleBid,
    Control,
    FeedBid,
    feed_import,
    trust_import,
)
from trust_bundle_samples import CAROL, CAROL_LINE, FEED, LAB, signed

EVE = SigningKey.from_seed(b"\x66" * 32)
TEXT = LAB.dump()
GOOD = signed(LAB, ALICE, BOB)
EVE_LINE = TrustLine("eve@lab", ALICE_LINE.namespaces, EVE.public)
MOMENT = timedelta(seconds=1)
FEED_TEXT = FEED.dump()
REVOKERS = (CAROL_LINE,)


def bundle(*keys: SigningKey, **changes: object) -> bytes:
    return signed(replace(LAB, **changes), *(keys or (ALICE, BOB)))  # type: ignore[arg-type]


def sealed(text: bytes, namespace: str = bundles.NAMESPACE) -> bytes:
    """Sign any text with two keys of the root."""
    first = text + sshsig.sign(text, ALICE, namespace)
    return first + sshsig.sign(text, BOB, namespace)


def changed(old: str, new: str) -> Callable[[], BundleBid]:
    assert old.encode() in TEXT
    return lambda: BundleBid(sealed(TEXT.replace(old.encode(), new.encode(), 1)))


def new(*keys: SigningKey, old: TrustBundle = LAB, **changes: object) -> BundleBid:
    """Bring the next version of the bundle to a place that has the one before."""
    return BundleBid(bundle(*keys, **{"serial": 4, **changes}), old)


def at(place: Place, data: bytes = GOOD, **more: object) -> BundleBid:
    return BundleBid(data, place=place, **more)  # type: ignore[arg-type]


def lists(*keys: SigningKey, **changes: object) -> bytes:
    return list_of(replace(FEED, **changes).dump(), *keys)  # type: ignore[arg-type]


def list_of(text: bytes, *keys: SigningKey, namespace: str = feed.NAMESPACE) -> bytes:
    return text + b"".join(sshsig.sign(text, key, namespace) for key in keys or (CAROL,))


def listed(old: str, changed_to: str) -> Callable[[], FeedBid]:
    assert old.encode() in FEED_TEXT
    text = FEED_TEXT.replace(old.encode(), changed_to.encode(), 1)
    return lambda: FeedBid(list_of(text), REVOKERS)


EMPTY = Policy()
EVES_ROOT = (RootKey("eve@lab", EVE.public),)
SMALL_ROOT = (RootKey("alice@lab", ALICE.public), RootKey("eve@lab", EVE.public))
ONE_SCOPE = Agreement.of(["lab"], ["read bundle:.*"])
TAKEN = Policy(scopes={"lab": Scope("lab", ("bob@lab",))})
KEY_LINES = [line for line in FEED_TEXT.decode().split("\n") if line.startswith("key ")]

CONTROLS = [
    Control("the trust bundle", trust_import, lambda: BundleBid(GOOD)),
    Control("the trust bundle with all signatures", trust_import, lambda: BundleBid(bundle(ALICE, BOB, CAROL))),
    Control("the next version", trust_import, new),
    Control("the same version again", trust_import, lambda: BundleBid(GOOD, LAB)),
    Control("the text, signed again", trust_import, lambda: BundleBid(sealed(TEXT))),
    Control("a new root that the old one signs", trust_import, lambda: new(ALICE, BOB, EVE, roots=(RootKey("alice@lab", ALICE.public), *EVES_ROOT))),
    Control("a place with other scopes", trust_import, lambda: at(Place(Policy(scopes={"x": Scope("x", ("bob@lab",))}), (ALICE_LINE,), frozenset(), ()))),
    Control("the list of revocations", feed_import, lambda: FeedBid(lists(), REVOKERS)),
    Control("the next list", feed_import, lambda: FeedBid(lists(serial=5), REVOKERS, FEED)),
    Control("the text of the list, signed again", feed_import, lambda: FeedBid(list_of(FEED_TEXT), REVOKERS)),
]  # fmt: skip

ATTACKS = [
    # ---- who signed
    Attack("one of the two that are required", ROOT, trust_import, "E_BUNDLE_SIGNERS", lambda: BundleBid(bundle(ALICE))),
    Attack("a stranger in place of the second", ROOT, trust_import, "E_BUNDLE_SIGNERS", lambda: BundleBid(bundle(ALICE, EVE))),
    Attack("two keys of one person of the root", ROOT, trust_import, "E_BUNDLE_SIGNERS", lambda: BundleBid(bundle(ALICE, EVE, roots=(*LAB.roots, RootKey("alice@lab", EVE.public))))),
    Attack("a root key that was revoked here", OLD, trust_import, "E_BUNDLE_SIGNERS", lambda: BundleBid(GOOD, revoked=frozenset({BOB.public}))),
    Attack("the next version by a minority of the root", ROOT, trust_import, "E_BUNDLE_SIGNERS", lambda: new(ALICE)),
    Attack("a minority puts a root of its own in place", ROOT, trust_import, "E_BUNDLE_ROOT", lambda: new(ALICE, EVE, roots=SMALL_ROOT)),
    Attack("a stranger's bundle of the same name", STRANGER, trust_import, "E_BUNDLE_ROOT", lambda: new(EVE, roots=EVES_ROOT, require=1)),
    Attack("the old root alone, for a new one that it does not have", ROOT, trust_import, "E_BUNDLE_SIGNERS", lambda: new(ALICE, BOB, roots=(*EVES_ROOT, RootKey("dan@lab", file_key("ssh-ed25519").public)))),
    Attack("the root is made smaller by those who will be left", ROOT, trust_import, "E_BUNDLE_SHRINK", lambda: new(require=1)),
    Attack("a revoked root key helps to choose the next root", OLD, trust_import, "E_BUNDLE_ROOT", lambda: replace(new(ALICE, BOB, CAROL, EVE, roots=(RootKey("carol@lab", CAROL.public), *EVES_ROOT)), revoked=frozenset({ALICE.public, BOB.public}))),
    Attack("a signature that does not fit", NOTHING, trust_import, "E_SIG_BAD", lambda: BundleBid(GOOD.replace(b"serial 3", b"serial 4"))),
    Attack("signatures that were made for scripts", OTHER_USE, trust_import, "E_SIG_NAMESPACE", lambda: BundleBid(sealed(TEXT, namespace="plotter2-script@v1"))),
    Attack("signatures that were made for revocations", OTHER_USE, trust_import, "E_SIG_NAMESPACE", lambda: BundleBid(sealed(TEXT, namespace=feed.NAMESPACE))),
    Attack("one signature twice in a bundle", ROOT, trust_import, "E_SIG_DUPLICATE", lambda: BundleBid(bundle(ALICE) + sshsig.sign(TEXT, ALICE, bundles.NAMESPACE))),
    Attack("a bundle without signatures", NOTHING, trust_import, "E_UNSIGNED", lambda: BundleBid(TEXT)),
    Attack("a statement of a script as a bundle", OTHER_USE, trust_import, "E_SIDECAR_BLOCK", lambda: BundleBid(lists())),
    Attack("RSA in a root where it is not allowed", STRANGER, trust_import, "E_KEY_ALGORITHM", lambda: BundleBid(TEXT + sshsig.sign(TEXT, file_key("ssh-rsa"), bundles.NAMESPACE))),
    # ---- when
    Attack("an older version of the bundle", OLD, trust_import, "E_BUNDLE_SERIAL", lambda: new(serial=2)),
    Attack("another text under the same serial", ROOT, trust_import, "E_BUNDLE_SERIAL", lambda: new(serial=3, signers=(*LAB.signers, EVE_LINE))),
    Attack("a bundle that expired", OLD, trust_import, "E_BUNDLE_EXPIRED", lambda: BundleBid(bundle(expires=NOW))),
    Attack("a bundle dated in the future", ROOT, trust_import, "E_BUNDLE_TIME", lambda: BundleBid(bundle(issued=NOW + MOMENT))),
    # ---- its form
    Attack("a bundle of a version of the future", ROOT, trust_import, "E_BUNDLE_FORM", changed("plotter2-trust 1", "plotter2-trust 2")),
    Attack("a line of a bundle that nobody knows", ROOT, trust_import, "E_BUNDLE_FORM", changed("require 2", "require 2\nmode ask")),
    Attack("the lines of a bundle in another order", ROOT, trust_import, "E_BUNDLE_FORM", changed("root alice@lab", "root zlice@lab")),
    Attack("something after the end of a bundle", ROOT, trust_import, "E_BUNDLE_FORM", changed("\nend\n", "\nend\nscope own 1 alice@lab\n")),
    Attack("a serial of a bundle with a zero in front", ROOT, trust_import, "E_BUNDLE_FORM", changed("serial 3", "serial 03")),
    Attack("a name of a bundle that climbs", ROOT, trust_import, "E_BUNDLE_FORM", changed("name lab", "name ../lab")),
    Attack("a name of a bundle that paints the terminal", ROOT, trust_import, "E_BUNDLE_FORM", changed("name lab", "name \x1b[2Jlab")),
    Attack("a bundle with a homoglyph", ROOT, trust_import, "E_BUNDLE_FORM", changed("name lab", "name lаb")),
    Attack("a time of a bundle without a zone", ROOT, trust_import, "E_BUNDLE_FORM", changed("Z\nexpires", "\nexpires")),
    Attack("a day of a bundle that is not", ROOT, trust_import, "E_BUNDLE_FORM", changed("expires 2027-12-01", "expires 2027-02-30")),
    Attack("more people required than there are", ROOT, trust_import, "E_BUNDLE_FORM", changed("require 2", "require 4")),
    Attack("nobody required", ROOT, trust_import, "E_BUNDLE_FORM", changed("require 2", "require 0")),
    Attack("a root key twice", ROOT, trust_import, "E_BUNDLE_FORM", lambda: _twice("root bob@lab", "root dan@lab")),
    Attack("a signer's key twice in a bundle", ROOT, trust_import, "E_BUNDLE_FORM", lambda: _twice("signer bob@lab", "signer dan@lab")),
    Attack("a scope for somebody without a line", ROOT, trust_import, "E_BUNDLE_FORM", changed("scope lab 2 alice@lab", "scope lab 2 aaron@lab")),
    Attack("a ceiling for somebody without a line", ROOT, trust_import, "E_BUNDLE_FORM", changed("may alice@lab", "may aaron@lab")),
    Attack("a scope twice, with two thresholds", ROOT, trust_import, "E_BUNDLE_FORM", changed("scope lab 2", "scope lab 1 alice@lab\nscope lab 2")),
    Attack("a threshold of a bundle's scope that nobody reaches", ROOT, trust_import, "E_POLICY_FORM", changed("scope lab 2", "scope lab 9")),
    Attack("the signers of a scope in another order", ROOT, trust_import, "E_BUNDLE_FORM", changed("2 alice@lab bob@lab", "2 bob@lab alice@lab")),
    Attack("a scope line without signers", ROOT, trust_import, "E_BUNDLE_FORM", changed("scope lab 2 alice@lab bob@lab", "scope lab 2")),
    Attack("a bundle with a comment that is not shown", ROOT, trust_import, "E_BUNDLE_FORM", lambda: BundleBid(sealed(_with_comment()))),
    Attack("a bundle whose keys sign logs", ROOT, trust_import, "E_BUNDLE_FORM", changed("plotter2-script@v1", "plotter2-log@v1")),
    Attack("a bundle whose keys sign other bundles", ROOT, trust_import, "E_BUNDLE_FORM", changed("plotter2-script@v1", "plotter2-trust@v1")),
    Attack("a pattern of a bundle that looks back", ROOT, trust_import, "E_POLICY_PATTERN", changed("may alice@lab read bundle:.*", "may alice@lab (r)ead \\1")),
    Attack("a principal of a bundle that is everybody", ROOT, trust_import, "E_TRUST_PRINCIPAL", changed("signer alice@lab", "signer *")),
    Attack("a root that is everybody", ROOT, trust_import, "E_TRUST_PRINCIPAL", changed("root alice@lab", "root *")),
    Attack("a weak key in a bundle", ROOT, trust_import, "E_KEY_WEAK", lambda: BundleBid(sealed(TEXT.replace(_key_of(CAROL), b"AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")))),
    Attack("a bundle that expires before it is issued", ROOT, trust_import, "E_BUNDLE_FORM", changed("expires 2027", "expires 2025")),
    Attack("seventeen roots", ROOT, trust_import, "E_BUNDLE_FORM", lambda: BundleBid(sealed(_many_roots()))),
    Attack("a bundle larger than any", ROOT, trust_import, "E_SIDECAR_SIZE", lambda: BundleBid(sealed(TEXT.replace(b"require 2", b"require 2" + b"0" * 500_000)))),
    Attack("a bundle larger than its text may be", ROOT, trust_import, "E_BUNDLE_FORM", lambda: BundleBid(sealed(TEXT.replace(b"require 2", b"require 2" + b"0" * 300_000)))),
    # ---- what it reaches for
    Attack("a scope that was not agreed", ROOT, trust_import, "E_BUNDLE_SCOPE", lambda: BundleBid(GOOD, agreed=Agreement.of(["x"], []))),
    Attack("a new scope in the next version", ROOT, trust_import, "E_BUNDLE_SCOPE", lambda: replace(new(scopes=(*LAB.scopes, Scope("own", ("alice@lab",)))), agreed=ONE_SCOPE)),
    Attack("the scope of one's own scripts", ROOT, trust_import, "E_BUNDLE_TAKEN", lambda: BundleBid(bundle(scopes=(Scope("own", ("alice@lab",)),)))),
    Attack("the scope of sessions", ROOT, trust_import, "E_BUNDLE_TAKEN", lambda: BundleBid(bundle(scopes=(Scope("session", ("alice@lab",)),)))),
    Attack("the scope of the machine", ROOT, trust_import, "E_BUNDLE_TAKEN", lambda: BundleBid(bundle(scopes=(Scope("local", ("alice@lab",)),)))),
    Attack("a scope that the policy speaks for", ROOT, trust_import, "E_BUNDLE_TAKEN", lambda: at(Place(TAKEN, (), frozenset(), ()))),
    Attack("the scope of another bundle", ROOT, trust_import, "E_BUNDLE_TAKEN", lambda: at(Place(EMPTY, (), frozenset(), (replace(LAB, name="other", signers=(EVE_LINE,), scopes=(Scope("lab", ("eve@lab",)),), ceilings=()),)))),
    Attack("one's own key under somebody's name", ROOT, trust_import, "E_BUNDLE_TAKEN", lambda: at(Place(EMPTY, (), frozenset({ALICE.public.fingerprint}), ()))),
    Attack("one's own name with somebody's key", ROOT, trust_import, "E_BUNDLE_TAKEN", lambda: at(Place(EMPTY, (TrustLine("bob@lab", BOB_LINE.namespaces, EVE.public),), frozenset({EVE.public.fingerprint}), ()))),
    Attack("a known key under another name", ROOT, trust_import, "E_BUNDLE_TAKEN", lambda: at(Place(EMPTY, (replace(ALICE_LINE, principal="adam@lab"),), frozenset(), ()))),
    Attack("a key that another bundle brought", ROOT, trust_import, "E_BUNDLE_TAKEN", lambda: at(Place(EMPTY, (), frozenset(), (replace(LAB, name="other", scopes=()),)))),
    # ---- lists of revocations
    Attack("a stranger revokes", STRANGER, feed_import, "E_SIGNER_UNKNOWN", lambda: FeedBid(lists(EVE), REVOKERS)),
    Attack("somebody trusted for scripts revokes others' keys", TRUSTED, feed_import, "E_SIGNER_NAMESPACE", lambda: FeedBid(lists(ALICE), (ALICE_LINE,))),
    Attack("somebody who was revoked revokes the others", OLD, feed_import, "E_SIGNER_REVOKED", lambda: FeedBid(lists(), REVOKERS, revoked=frozenset({CAROL.public}))),
    Attack("a revoker whose time is over", OLD, feed_import, "E_SIGNER_EXPIRED", lambda: FeedBid(lists(), (replace(CAROL_LINE, valid_before=NOW),))),
    Attack("a stranger signs a list beside the revoker", STRANGER, feed_import, "E_SIGNER_UNKNOWN", lambda: FeedBid(lists(CAROL, EVE), REVOKERS)),
    Attack("an older list, without the newest revocations", OLD, feed_import, "E_FEED_SERIAL", lambda: FeedBid(lists(serial=3), REVOKERS, FEED)),
    Attack("another list under the same serial", TRUSTED, feed_import, "E_FEED_SERIAL", lambda: FeedBid(lists(digests=()), REVOKERS, FEED)),
    Attack("a list dated in the future, to stay fresh", TRUSTED, feed_import, "E_FEED_TIME", lambda: FeedBid(lists(issued=NOW + MOMENT), REVOKERS)),
    Attack("a list signed as a script", OTHER_USE, feed_import, "E_SIG_NAMESPACE", lambda: FeedBid(list_of(FEED_TEXT, namespace="plotter2-script@v1"), REVOKERS)),
    Attack("a list that was changed", NOTHING, feed_import, "E_SIG_BAD", lambda: FeedBid(lists().replace(b"ab" * 32, b"cd" * 32), REVOKERS)),
    Attack("a bundle as a list of revocations", OTHER_USE, feed_import, "E_SIDECAR_BLOCK", lambda: FeedBid(GOOD, REVOKERS)),
    Attack("a list without signatures", NOTHING, feed_import, "E_UNSIGNED", lambda: FeedBid(FEED_TEXT, REVOKERS)),
    Attack("a list of a version of the future", TRUSTED, feed_import, "E_FEED_FORM", listed("revocations 1", "revocations 2")),
    Attack("a digest of a list in capital letters", TRUSTED, feed_import, "E_FEED_FORM", listed("ab" * 32, "AB" * 32)),
    Attack("a key of a list with a comment", TRUSTED, feed_import, "E_FEED_FORM", lambda: FeedBid(list_of(FEED_TEXT.replace(_key_of(ALICE), _key_of(ALICE) + b" x")), REVOKERS)),
    Attack("a key twice in a list", TRUSTED, feed_import, "E_FEED_FORM", listed(KEY_LINES[0], f"{KEY_LINES[0]}\n{KEY_LINES[0]}")),
    Attack("keys of a list in another order", TRUSTED, feed_import, "E_FEED_FORM", listed("\n".join(KEY_LINES), "\n".join(KEY_LINES[::-1]))),
    Attack("a name of a list that climbs", TRUSTED, feed_import, "E_FEED_FORM", listed("name lab", "name ../lab")),
    Attack("a list with a null serial", TRUSTED, feed_import, "E_FEED_FORM", listed("serial 4", "serial 0")),
    Attack("a list with a line that nobody knows", TRUSTED, feed_import, "E_FEED_FORM", listed("end\n", "until never\nend\n")),
    Attack("a list without its end", TRUSTED, feed_import, "E_FEED_FORM", listed("end\n", "")),
    Attack("a byte beyond ASCII in a list", TRUSTED, feed_import, "E_FEED_FORM", listed("name lab", "name läb")),
    Attack("a weak key in a list", TRUSTED, feed_import, "E_KEY_WEAK", lambda: FeedBid(list_of(FEED_TEXT.replace(_key_of(ALICE), b"AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")), REVOKERS)),
]  # fmt: skip


def _key_of(key: SigningKey) -> bytes:
    return key.public.line().split(" ")[1].encode()


def _twice(word: str, other: str) -> BundleBid:
    """Bring a bundle in which one key stands a second time under another name."""
    line = next(line for line in TEXT.decode().split("\n") if line.startswith(word))
    text = TEXT.decode().replace(line, f"{line}\n{line.replace(word, other)}")
    return BundleBid(sealed(_sorted(text).encode()))


def _with_comment() -> bytes:
    return TEXT.replace(_key_of(BOB) + b"\nscope", _key_of(BOB) + b" friendly\nscope")


def _many_roots() -> bytes:
    roots = (
        RootKey(f"r{n}@lab", SigningKey.from_seed(bytes([n]) * 32).public) for n in range(90, 107)
    )
    text = TEXT.decode().replace(
        "root alice", "\n".join(f"root {root}" for root in roots) + "\nroot alice"
    )
    return _sorted(text).encode()


def _sorted(text: str) -> str:
    """Sort the lines of the root and of the signers, as they must be."""
    lines = text.split("\n")
    for word in ("root ", "signer "):
        places = [at for at, line in enumerate(lines) if line.startswith(word)]
        found = sorted(lines[at] for at in places)
        for place, line in zip(places, found, strict=True):
            lines[place] = line
    return "\n".join(lines)
