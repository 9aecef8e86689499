"""Trust in one root, changed: who is trusted, for what and until when, what is revoked, what was seen.

The keyring keeps each change of a file in the run log before it is made; what cannot be logged is not done.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

from p2sign import policy, policy_editing, sidecar, trust_editing
from p2sign.keys import PublicKey, parse_public_line
from p2sign.naming import is_digest
from p2sign.policy import Policy
from p2sign.refusal import Refusal, placed, shown
from p2sign.statement import to_second
from p2sign.trust import TrustLine, parse_revoked_keys, parse_revoked_scripts, parse_trust
from p2sign.trust_editing import with_revoked_key, with_revoked_script
from p2sign.uses import Kind
from plotter2.errors import Refused
from plotter2.host import codes
from plotter2.host.keyring import public_text, refusals
from plotter2.host.root import Root
from plotter2.host.ruling import (
    AGREED_END,
    BUNDLE_END,
    BUNDLES,
    FEED_END,
    FEEDS,
    bundles_of,
    feeds_of,
)
from plotter2.runs.opening import open_script

ORDINARY = ("read bundle:.*", "write output:.*")
"""What ordinary scripts need: they read bundles and hand out pictures and files."""
Reason = Literal["compromised", "retired"]


_KEY_WORDS = ("sk-", "ecdsa-", "ssh-")
"""How the line of a public key begins."""
_PRIVATE = "PRIVATE KEY-----"


@dataclass(frozen=True, slots=True)
class Trusted:
    """Somebody who is to be trusted: whose key, for which uses, when, what may be granted (None: unsaid)."""

    principal: str
    key: PublicKey
    namespaces: tuple[str, ...]
    may: tuple[str, ...] | None
    valid_after: datetime | None = None
    valid_before: datetime | None = None


def one_key(text: str, where: str) -> PublicKey:
    """Read a public key file that has one key and nothing else. Raises Refused, P2-S0845, P2-S0846."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    first = lines[0].split(" ", 1)[0] if lines else ""
    is_key = first.startswith(_KEY_WORDS)
    if ("@" in first or "*" in first) and not is_key:
        raise Refused(
            codes.TRUST_LINE_GIVEN,
            "this is a line of a trust file, as git has them, and not a public key; it may be good for other uses",
            where,
            "give the .pub file alone; plotter2 trust add writes the line, for plotter2 only",
        )
    if is_key and len(lines) > 1:
        raise Refused(
            codes.SEVERAL_KEYS,
            f"there are {len(lines)} keys here, and a person vouches for one at a time",
            where,
            "keep the line of the key whose fingerprint you compared (ssh-keygen -l -f FILE shows them)",
        )
    with refusals(), placed(where):
        if not is_key and len(lines) > 1 and _PRIVATE not in text:
            raise Refusal("E_KEY_FORMAT", f"{shown(lines[0])} is not a public key in one line")
        return parse_public_line(text)[0]


def add(root: Root, new: Trusted) -> None:
    """Trust a key, or say anew what a trusted one is for; of a stranger with what may be granted. Raises Refused."""
    keyring, said = root.keyring, root.keyring.policy()
    with refusals():
        line = TrustLine(new.principal, new.namespaces, new.key, new.valid_after, new.valid_before)
        _refuse_other_owner(parse_trust(keyring.trust()), line)
        _refuse_revoked(parse_revoked_keys(keyring.revoked_keys()), line)
        _refuse_lent(keyring.trust(), line)
        updated = trust_editing.with_line(keyring.trust(), line)
        wanted = (
            said if new.may is None else policy_editing.with_ceiling(said, new.principal, new.may)
        )
    if wanted != said:
        keyring.write_policy(wanted)
    keyring.write_trust(updated)


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken away: lines of the trust file, a trust bundle, a list of revocations."""

    lines: tuple[TrustLine, ...]
    bundle: bool = False
    feed: bool = False


def remove(root: Root, what: str) -> Removed:
    """Trust no more: a person, one key by its fingerprint, or all of a trust bundle. Raises Refused P2-S0848."""
    keyring = root.keyring
    content = keyring.trust()
    if what in bundles_of(keyring) or what in feeds_of(keyring):
        return _removed_bundle(root, what, content)
    with refusals():
        lines = parse_trust(content)
        gone = tuple(line for line in lines if what in (line.principal, line.key.fingerprint))
        if not gone:
            raise nobody(what, root)
        _refuse_lent(content, *gone)
        left = trust_editing.without(content, lambda line: line in gone)
        people = {line.principal for line in parse_trust(left)}
        said = wanted = keyring.policy()
        for principal in {line.principal for line in gone} - people:
            wanted = policy_editing.without_ceiling(wanted, principal)
    keyring.write_trust(left)
    if wanted != said:
        keyring.write_policy(wanted)
    return Removed(gone)


def _removed_bundle(root: Root, name: str, content: bytes) -> Removed:
    keyring = root.keyring
    with refusals():
        gone = trust_editing.lent_lines(content).get(name, ())
    if gone or name in bundles_of(keyring):
        keyring.write_trust(trust_editing.without_bundle(content, name))
    found = keyring.take_away(f"{BUNDLES}/{name}{BUNDLE_END}")
    keyring.take_away(f"{BUNDLES}/{name}{AGREED_END}")
    return Removed(gone, found, keyring.take_away(f"{FEEDS}/{name}{FEED_END}"))


def nobody(what: str, root: Root) -> Refused:
    """Give the error for somebody or something that is not known here (P2-S0848)."""
    return Refused(
        codes.NOBODY_KNOWN,
        f"nobody and nothing is known here as {what[:200]!a}",
        str(root.keyring.trust_file),
        "plotter2 trust list shows people, fingerprints and bundles",
    )


def _refuse_other_owner(known: Sequence[TrustLine], line: TrustLine) -> None:
    other = next((o for o in known if o.key == line.key and o.principal != line.principal), None)
    if other is not None:
        raise Refused(
            codes.KEY_OF_ANOTHER,
            f"the key {line.key.fingerprint} is that of {other.principal} already",
            line.principal,
            f"a key belongs to one person; to give it to another: plotter2 trust remove {shlex.quote(other.principal)}",
        )


def _refuse_revoked(revoked: frozenset[PublicKey], line: TrustLine) -> None:
    if line.key in revoked:
        raise Refusal(
            "E_SIGNER_REVOKED",
            f"the key {line.key.fingerprint} was revoked here, which is for good: it would not count",
        )


def _refuse_lent(content: bytes, *lines: TrustLine) -> None:
    for name, lent in trust_editing.lent_lines(content).items():
        line = next((line for line in lines if line.key in {each.key for each in lent}), None)
        if line is not None:
            raise Refused(
                codes.OF_A_BUNDLE,
                f"the key {line.key.fingerprint} of {line.principal} was brought by the trust bundle {name}",
                "allowed_signers",
                f"plotter2 trust remove {name} takes all of it away; plotter2 revoke stops the key alone",
            )


# ------------------------------------------------------------------ revoking


@dataclass(frozen=True, slots=True)
class Revoked:
    """What counts no more: keys with whose they were, digests of a script and its statement."""

    keys: tuple[TrustLine, ...] = ()
    digests: tuple[str, ...] = ()
    own: bool = False


def revoke(root: Root, what: str, reason: Reason, note: str = "") -> Revoked:
    """Revoke a person's keys, one key, or a script; a retired key still counts for what ran here while it was valid.

    Raises Refused P2-S0848 for what is not known, P2-S0840 where the reason does not fit.
    """
    digests = _digests(what)
    if digests and reason == "retired":
        raise Refused(
            codes.NOT_RETIRED,
            "a script or a statement is not retired: it counts, or it does not",
            what,
            "say --reason compromised; to retire whoever signed it, name the person or the key",
        )
    lines = () if digests else _lines_of(root, what)
    said = f"{root.now():%Y-%m-%d} {reason} {note}".rstrip()
    if digests:
        _revoke_scripts(root, digests, said)
    elif reason == "retired":
        _retire(root, lines)
    else:
        _revoke_keys(root, lines, said)
    own = root.keyring.own_fingerprints()
    return Revoked(lines, digests, any(line.key.fingerprint in own for line in lines))


def _digests(what: str) -> tuple[str, ...]:
    if is_digest(what):
        return (what,)
    path = Path(what)
    if path.suffix != ".p2":
        return ()
    script = open_script(path)
    found = [sha256(script.content).hexdigest()]
    if script.sidecar is not None:
        with suppress(Refusal):  # a damaged signature file counts nowhere
            found.append(sha256(sidecar.split(script.sidecar).statement).hexdigest())
    return tuple(found)


def _lines_of(root: Root, what: str) -> tuple[TrustLine, ...]:
    lines = root.keyring.trusted()
    if what.endswith(".pub"):
        key = one_key(public_text(Path(what)), what)
        known = next((line for line in lines if line.key == key), None)
        return (known or TrustLine("unknown@nowhere", (Kind.SCRIPT.namespace,), key),)
    found = tuple(line for line in lines if what in (line.principal, line.key.fingerprint))
    if not found:
        raise nobody(what, root)
    return found


def _revoke_keys(root: Root, lines: Sequence[TrustLine], said: str) -> None:
    content = root.keyring.revoked_keys()
    with refusals():
        known = parse_revoked_keys(content)
        for line in lines:
            if line.key not in known:
                content = with_revoked_key(content, line.key, f"{line.principal} {said}")
    root.keyring.write("revoked_keys", content)


def _revoke_scripts(root: Root, digests: Sequence[str], said: str) -> None:
    content = root.keyring.revoked_scripts()
    with refusals():
        known = parse_revoked_scripts(content)
        for digest in digests:
            if digest not in known:
                content = with_revoked_script(content, digest, said)
    root.keyring.write("revoked_scripts", content)


def _retire(root: Root, lines: Sequence[TrustLine]) -> None:
    content, now = root.keyring.trust(), to_second(root.now())
    keys = {line.key for line in lines}

    def ended(line: TrustLine) -> TrustLine:
        over = line.valid_before is not None and line.valid_before <= now
        return line if line.key not in keys or over else replace(line, valid_before=now)

    with refusals():
        _refuse_lent(content, *lines)
        updated = trust_editing.changed(content, ended)
    root.keyring.write_trust(updated)


def reset_floor(root: Root, name: str) -> int:
    """Forget the highest serial that ran here under a name; gives it. Raises Refused P2-S0848."""
    floor = root.store.seen_serial(name)
    if floor is None:
        raise Refused(
            codes.NOBODY_KNOWN,
            f"nothing ran here yet under the name {name[:200]!a}",
            "the serials that ran",
            "plotter2 verify FILE shows the name of a script; names are such as own/thermal",
        )
    root.run_log.append("reset-floor", name=name, floor=floor)
    root.store.forget_serial(name)
    return floor


def replace_policy(root: Root, content: bytes) -> Policy:
    """Put another policy in the place of the one that counts, when it can be read. Raises Refused."""
    with refusals(), placed(root.keyring.policy_file.name):
        wanted = policy.parse(content)
    root.keyring.write_policy(content)
    return wanted
