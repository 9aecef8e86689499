"""What counts in one root beside signatures: policy, own keys, trust bundles, how fresh its revocations are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256

from p2sign import bundles, feed, policy, trust_editing
from p2sign.bundles import Agreement, TrustBundle
from p2sign.feed import Feed
from p2sign.gate import TrustFiles
from p2sign.policy import Rules
from p2sign.refusal import placed
from plotter2.host.keyring import Keyring, refusals

BUNDLES, BUNDLE_END, AGREED_END = "bundles", ".p2trust", ".agreed"
FEEDS, FEED_END = "revocations", ".p2revoke"


@dataclass(frozen=True, slots=True)
class KeptBundle:
    """A trust bundle that was imported, and what it may do here."""

    bundle: TrustBundle
    agreed: Agreement


@dataclass(frozen=True, slots=True)
class TrustNow:
    """What says whose scripts may run, each file read once, and a digest of all that was read."""

    files: TrustFiles
    epoch: bytes


NO_TRUST = TrustNow(TrustFiles(b"", rules=Rules()), b"")
"""Before a root is made."""


@dataclass(frozen=True, slots=True)
class _Read:
    """The bytes of the files of trust, and the fingerprints of the own keys."""

    trust: bytes
    revoked_keys: bytes
    revoked_scripts: bytes
    policy: bytes
    bundles: dict[str, bytes]
    feeds: dict[str, bytes]
    own: frozenset[str]

    def epoch(self) -> bytes:
        digest = sha256()
        parts = [self.trust, self.revoked_keys, self.revoked_scripts, self.policy]
        for files in (self.bundles, self.feeds):
            parts.append(b"")
            for name, content in files.items():
                parts += [b"file", os.fsencode(name), content]
        parts += [b"own", *(each.encode("ascii") for each in sorted(self.own))]
        for part in parts:
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()


def trust_now(keyring: Keyring, known: TrustNow = NO_TRUST) -> TrustNow:
    """Read what says whose scripts may run, the policy with what the root knows beside it.

    `known` is given again when it says the same. Raises Refused.
    """
    read = _Read(
        keyring.trust(),
        keyring.revoked_keys(),
        keyring.revoked_scripts(),
        keyring.policy(),
        keyring.kept(BUNDLES),
        keyring.kept(FEEDS),
        keyring.own_fingerprints(),
    )
    epoch = read.epoch()
    if epoch == known.epoch:
        return known
    rules = _rules(read, keyring)
    return TrustNow(TrustFiles(read.trust, read.revoked_keys, read.revoked_scripts, rules), epoch)


def _rules(read: _Read, keyring: Keyring) -> Rules:
    kept = _bundles(read.bundles)
    with refusals(), placed(keyring.trust_file.name):
        lent = trust_editing.lent_lines(read.trust) if kept else {}
    return Rules(
        _policy(read.policy, keyring),
        own=read.own,
        lent=frozenset(line.key.fingerprint for lines in lent.values() for line in lines),
        delegations=tuple(bundles.delegation(each.bundle, each.agreed) for each in kept.values()),
        revocations={name: each.issued for name, each in _feeds(read.feeds).items()},
    )


def policy_of(keyring: Keyring) -> policy.Policy:
    """Give the policy of a root; the default where it has none. Raises Refused."""
    return _policy(keyring.policy(), keyring)


def _policy(content: bytes, keyring: Keyring) -> policy.Policy:
    with refusals(), placed(keyring.policy_file.name):
        return policy.parse(content)


def bundles_of(keyring: Keyring) -> dict[str, KeptBundle]:
    """Give the trust bundles of a root by their names; one without an agreement may do nothing. Raises Refused."""
    return _bundles(keyring.kept(BUNDLES))


def _bundles(files: dict[str, bytes]) -> dict[str, KeptBundle]:
    found = {}
    for file, content in files.items():
        name = file.removesuffix(BUNDLE_END)
        if name != file:
            with refusals(), placed(f"{BUNDLES}/{file}"):
                said = files.get(name + AGREED_END)
                agreed = Agreement((), ()) if said is None else Agreement.parse(said)
                found[name] = KeptBundle(bundles.kept(content), agreed)
    return found


def feeds_of(keyring: Keyring) -> dict[str, Feed]:
    """Give the lists of revocations that were imported, by their names. Raises Refused."""
    return _feeds(keyring.kept(FEEDS))


def _feeds(files: dict[str, bytes]) -> dict[str, Feed]:
    found = {}
    for file, content in files.items():
        name = file.removesuffix(FEED_END)
        if name != file:
            with refusals(), placed(f"{FEEDS}/{file}"):
                found[name] = feed.kept(content)
    return found
