"""What counts in one root beside signatures: policy, own keys, trust bundles, how fresh its revocations are."""

from __future__ import annotations

from dataclasses import dataclass

from p2sign import bundles, feed, policy, trust_editing
from p2sign.bundles import Agreement, TrustBundle
from p2sign.feed import Feed
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


def rules_of(keyring: Keyring) -> Rules:
    """Give the policy of a root with what the root knows beside it. Raises Refused."""
    kept = bundles_of(keyring)
    with refusals(), placed(keyring.trust_file.name):
        lent = trust_editing.lent_lines(keyring.trust()) if kept else {}
    return Rules(
        policy_of(keyring),
        own=keyring.own_fingerprints(),
        lent=frozenset(line.key.fingerprint for lines in lent.values() for line in lines),
        delegations=tuple(bundles.delegation(each.bundle, each.agreed) for each in kept.values()),
        revocations={name: each.issued for name, each in feeds_of(keyring).items()},
    )


def policy_of(keyring: Keyring) -> policy.Policy:
    """Give the policy of a root; the default where it has none. Raises Refused."""
    content = keyring.policy()
    with refusals(), placed(keyring.policy_file.name):
        return policy.parse(content)


def bundles_of(keyring: Keyring) -> dict[str, KeptBundle]:
    """Give the trust bundles of a root by their names; one without an agreement may do nothing. Raises Refused."""
    files = keyring.kept(BUNDLES)
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
    found = {}
    for file, content in keyring.kept(FEEDS).items():
        name = file.removesuffix(FEED_END)
        if name != file:
            with refusals(), placed(f"{FEEDS}/{file}"):
                found[name] = feed.kept(content)
    return found
