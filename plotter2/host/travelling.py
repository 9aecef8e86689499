"""Trust that travels, as files: trust bundles and lists of revocations, made here and taken in here.

What comes in is checked in whole before anything is changed. The file of a bundle is kept before its lines count, so
that whoever is cut off in between has less than he wanted, never more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from p2sign import bundles, feed, signed_text, trust_editing
from p2sign.bundles import Agreement, Place, RootKey, TrustBundle
from p2sign.feed import Feed
from p2sign.keys import PublicKey
from p2sign.policy import Policy, Scope
from p2sign.refusal import placed
from p2sign.statement import to_second
from p2sign.trust import TrustLine, parse_revoked_keys, parse_revoked_scripts, parse_trust
from p2sign.trust_editing import with_revoked_key, with_revoked_script
from p2sign.uses import Kind
from plotter2.errors import Refused
from plotter2.host import codes
from plotter2.host.key_choice import Choice, signed_with
from plotter2.host.keyring import Keyring, refusals
from plotter2.host.root import Root
from plotter2.host.ruling import (
    AGREED_END,
    BUNDLE_END,
    BUNDLES,
    FEED_END,
    FEEDS,
    KeptBundle,
    bundles_of,
    feeds_of,
    policy_of,
)
from plotter2.host.trusting import ORDINARY

MAX_FILE = 2 * 1024 * 1024
"""The most bytes of a file that is taken in."""
_EXPORTED = "exported"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is let in with a bundle: scopes and rights (None: those agreed before), a smaller root."""

    scopes: tuple[str, ...] | None = None
    may: tuple[str, ...] | None = None
    smaller_root: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """A bundle that passed every check, and is not in force yet."""

    content: bytes
    bundle: TrustBundle
    signers: tuple[str, ...]
    agreed: Agreement
    before: KeptBundle | None
    lines: tuple[TrustLine, ...]


@dataclass(frozen=True, slots=True)
class IncomingFeed:
    """A list of revocations that passed every check, and is not in force yet; `new_*` are what it adds here."""

    content: bytes
    feed: Feed
    signers: tuple[str, ...]
    new_keys: tuple[PublicKey, ...]
    new_digests: tuple[str, ...]
    own: bool


def is_feed(content: bytes) -> bool:
    """Tell whether a file is a list of revocations, and not a trust bundle."""
    return content.startswith(feed.FIRST_WORD.encode("ascii"))


# ------------------------------------------------------------------ trust bundles


def examined(root: Root, content: bytes, wish: Wish) -> Incoming:
    """Check a trust bundle against what is here. Raises Refused with the first thing that is wrong."""
    keyring = root.keyring
    kept = bundles_of(keyring)
    policy = policy_of(keyring)
    with refusals():
        bundle, found = bundles.open_bundle(content, root.trust_files().accepted)
        before = kept.get(bundle.name)
        old = before.bundle if before else None
        with placed(f"the trust bundle {bundle.name}"):
            revoked = parse_revoked_keys(keyring.revoked_keys())
            bundles.check_signed(bundle, found, old, revoked)
            bundles.check_follows(bundle, old, root.now())
            if old is not None and not wish.smaller_root:
                bundles.check_root_kept(bundle, old)
            agreed = _agreed(bundle, before, wish)
            place = _place(
                keyring, policy, [k.bundle for name, k in kept.items() if name != bundle.name]
            )
            place.require_room(bundle, agreed)
            lines = place.lines_for(bundle)
    return Incoming(content, bundle, bundles.signed_by(bundle, found.keys), agreed, before, lines)


def _agreed(bundle: TrustBundle, before: KeptBundle | None, wish: Wish) -> Agreement:
    said = (
        before.agreed if before else Agreement.of((each.name for each in bundle.scopes), ORDINARY)
    )
    agreed = Agreement.of(
        said.scopes if wish.scopes is None else wish.scopes,
        said.may if wish.may is None else wish.may,
    )
    if wish.scopes is None:
        agreed.require(bundle)
    return agreed


def _place(keyring: Keyring, policy: Policy, others: Sequence[TrustBundle]) -> Place:
    lines = _not_lent(keyring.trust())
    return Place(policy, lines, keyring.own_fingerprints(), tuple(others))


def _not_lent(content: bytes) -> tuple[TrustLine, ...]:
    """Give the lines of a trust file whose keys no bundle brought. Raises Refusal."""
    lent = {line.key for lines in trust_editing.lent_lines(content).values() for line in lines}
    return tuple(line for line in parse_trust(content) if line.key not in lent)


def take_in(root: Root, incoming: Incoming) -> None:
    """Let a bundle count that was `examined`. Raises Refused, DataError."""
    keyring, bundle = root.keyring, incoming.bundle
    with refusals():
        updated = trust_editing.with_bundle(
            keyring.trust(), bundle.name, bundle.serial, incoming.lines
        )
    root.run_log.append(
        "trust-import",
        bundle=bundle.name,
        serial=bundle.serial,
        sha256=sha256(bundle.dump()).hexdigest(),
        signers=list(incoming.signers),
        scopes=list(incoming.agreed.scopes),
        may=list(incoming.agreed.may),
    )
    keyring.write(f"{BUNDLES}/{bundle.name}{AGREED_END}", incoming.agreed.dump())
    keyring.write(f"{BUNDLES}/{bundle.name}{BUNDLE_END}", incoming.content)
    keyring.write_trust(updated)


@dataclass(frozen=True, slots=True)
class ExportHow:
    """How a trust bundle is made: its name, who signs it and how many of them, which scopes, until when."""

    name: str
    roots: tuple[str, ...]
    require: int
    scopes: tuple[str, ...]
    expires: datetime | None


def export_bundle(root: Root, how: ExportHow, choice: Choice, earlier: bytes | None) -> bytes:
    """Give a bundle of what this root trusts, signed once; its serial goes on. Raises Refused."""
    keyring = root.keyring
    with refusals():
        lines = _not_lent(keyring.trust())
        known = (earlier, *_exports(keyring, f"{how.name}{BUNDLE_END}"))
        last = max((bundles.kept(each).serial for each in known if each), default=0)
        bundle = _bundle(root, how, lines, last + 1)
        accepted, text = root.trust_files().accepted, bundle.dump()
    content = signed_with(
        choice, lambda key: signed_text.signed(text, key, bundles.NAMESPACE, accepted)
    )
    root.run_log.append("trust-export", bundle=bundle.name, serial=bundle.serial)
    keyring.write(f"{_EXPORTED}/{how.name}{BUNDLE_END}", content)
    return content


def _bundle(root: Root, how: ExportHow, lines: Sequence[TrustLine], serial: int) -> TrustBundle:
    policy, own = policy_of(root.keyring), root.keyring.own_fingerprints()
    signers = [_for_others(line) for line in lines if set(line.namespaces) & set(bundles.USES)]
    scripts = Kind.SCRIPT.namespace
    people = sorted({line.principal for line in signers if scripts in line.namespaces})
    scopes = [policy.scopes[name] for name in how.scopes or policy.scopes if name in policy.scopes]
    scopes += [Scope(name, tuple(people)) for name in how.scopes if name not in policy.scopes]
    if not scopes:
        scopes = [Scope(how.name, tuple(people))]
    named = {who for scope in scopes for who in scope.signers}
    used = [line for line in signers if line.principal in named or scripts not in line.namespaces]
    roots = [RootKey(line.principal, line.key) for line in lines if line.principal in how.roots]
    unknown = sorted(set(how.roots) - {each.principal for each in roots})
    if unknown or not used:
        raise Refused(
            codes.NOTHING_TO_EXPORT,
            f"nobody is trusted here as {unknown[0]!a}"
            if unknown
            else "nobody is trusted here for scripts",
            str(root.keyring.trust_file),
            "plotter2 trust list shows whom a bundle can name; plotter2 key new makes your own key",
        )
    return TrustBundle(
        name=how.name,
        serial=serial,
        issued=to_second(root.now()),
        expires=how.expires,
        require=how.require,
        roots=tuple(roots),
        signers=tuple(used),
        scopes=tuple(Scope(s.name, tuple(sorted(s.signers)), s.require) for s in scopes),
        ceilings=_ceilings(policy, used, own),
    )


def _for_others(line: TrustLine) -> TrustLine:
    uses = tuple(use for use in line.namespaces if use in bundles.USES)
    return TrustLine(line.principal, uses, line.key, line.valid_after, line.valid_before)


def _ceilings(
    policy: Policy, lines: Sequence[TrustLine], own: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    found = set()
    for line in lines:
        ceiling = policy.ceilings.get(line.principal)
        said = ORDINARY if ceiling is None and line.key.fingerprint in own else ()
        found |= {(line.principal, pattern) for pattern in (ceiling.patterns if ceiling else said)}
    return tuple(sorted(found))


def add_own_signature(root: Root, content: bytes, choice: Choice) -> bytes:
    """Give a trust bundle, or a list of revocations, with one's own signature added. Raises Refused."""
    word, namespace = (
        (feed.FIRST_WORD, feed.NAMESPACE)
        if is_feed(content)
        else (bundles.FIRST_WORD, bundles.NAMESPACE)
    )
    accepted = root.trust_files().accepted
    return signed_with(
        choice, lambda key: signed_text.signed_also(content, word, key, namespace, accepted)
    )


def signers_of(root: Root, content: bytes) -> tuple[str, ...]:
    """Give who of its root has signed a trust bundle; () for a list of revocations. Raises Refused."""
    if is_feed(content):
        return ()
    with refusals():
        bundle, found = bundles.open_bundle(content, root.trust_files().accepted)
    return bundles.signed_by(bundle, found.keys)


# ------------------------------------------------------------------ lists of revocations


def examined_feed(root: Root, content: bytes) -> IncomingFeed:
    """Check a list of revocations against what is here. Raises Refused with the first thing that is wrong."""
    keyring = root.keyring
    before, kept = feeds_of(keyring), bundles_of(keyring)
    with refusals():
        found, text = feed.open_feed(content, root.trust_files().accepted)
        with placed(f"the list of revocations {found.name}"):
            revoked = parse_revoked_keys(keyring.revoked_keys())
            lender = kept.get(found.name)
            if lender is None:
                signers = feed.check_signers(text, keyring.trusted(), revoked, root.now())
            else:
                bundles.check_signed(lender.bundle, text, None, revoked)
                signers = bundles.signed_by(lender.bundle, text.keys)
            feed.check_follows(found, before.get(found.name), root.now())
        digests = parse_revoked_scripts(keyring.revoked_scripts())
    keys = tuple(key for key in found.keys if key not in revoked)
    own = not keyring.own_fingerprints().isdisjoint(key.fingerprint for key in keys)
    left = tuple(digest for digest in found.digests if digest not in digests)
    return IncomingFeed(content, found, signers, keys, left, own)


def take_in_feed(root: Root, incoming: IncomingFeed) -> None:
    """Revoke what a list that was `examined` names, and remember how fresh it is. Raises Refused, DataError."""
    keyring, found = root.keyring, incoming.feed
    keys, scripts = keyring.revoked_keys(), keyring.revoked_scripts()
    said = f"revoked by {found.name} {found.issued:%Y-%m-%d}"
    with refusals():
        for key in incoming.new_keys:
            keys = with_revoked_key(keys, key, said)
        for digest in incoming.new_digests:
            scripts = with_revoked_script(scripts, digest, said)
    root.run_log.append(
        "revoke-import",
        feed=found.name,
        serial=found.serial,
        signers=list(incoming.signers),
        keys=[key.fingerprint for key in incoming.new_keys],
        digests=list(incoming.new_digests),
    )
    keyring.write("revoked_keys", keys)
    keyring.write("revoked_scripts", scripts)
    keyring.write(f"{FEEDS}/{found.name}{FEED_END}", incoming.content)


def export_feed(root: Root, name: str, choice: Choice, earlier: bytes | None) -> bytes:
    """Give all that is revoked here as a list for others, signed; its serial goes on. Raises Refused."""
    keyring = root.keyring
    with refusals():
        known = (earlier, *_exports(keyring, f"{name}{FEED_END}"))
        last = max((feed.kept(each).serial for each in known if each), default=0)
        revoked = (
            parse_revoked_keys(keyring.revoked_keys()),
            parse_revoked_scripts(keyring.revoked_scripts()),
        )
        made = Feed.of(name, last + 1, to_second(root.now()), revoked)
        accepted, text = root.trust_files().accepted, made.dump()
    content = signed_with(
        choice, lambda key: signed_text.signed(text, key, feed.NAMESPACE, accepted)
    )
    root.run_log.append("revoke-export", feed=name, serial=made.serial)
    keyring.write(f"{_EXPORTED}/{name}{FEED_END}", content)
    return content


def _exports(keyring: Keyring, file: str) -> tuple[bytes, ...]:
    found = keyring.kept(_EXPORTED).get(file)
    return () if found is None else (found,)


def earlier_file(path: Path, content: bytes | None) -> bytes | None:
    """Give the file that is about to be replaced, when it is a bundle or a list. Raises Refused P2-S0842 else."""
    if content is not None and not content.startswith(b"plotter2-"):
        raise Refused(
            codes.NOTHING_TO_EXPORT,
            "the file that would be replaced is no trust bundle and no list of revocations",
            str(path),
            "name another file with -o",
        )
    return content
