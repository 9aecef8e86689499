"""Trust in one root, read and changed: whose signatures count, under which names, and what they may grant."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from p2sign import policy, policy_editing, trust_editing
from p2sign.keys import PublicKey, parse_public_line
from p2sign.policy import Rules
from p2sign.refusal import placed
from p2sign.trust import TrustLine, parse_trust
from plotter2.errors import Refused
from plotter2.host import codes
from plotter2.host.keyring import Keyring, refusals

ORDINARY = ("read bundle:.*", "write output:.*")
"""What ordinary scripts need: they read bundles and hand out pictures and files."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """Somebody who is to be trusted: whose key, for which uses, when, what may be granted (None: unsaid)."""

    principal: str
    key: PublicKey
    namespaces: tuple[str, ...]
    may: tuple[str, ...] | None
    valid_after: datetime | None = None
    valid_before: datetime | None = None


def rules_of(keyring: Keyring) -> Rules:
    """Give the policy of a root with what the root knows beside it. Raises Refused."""
    return Rules(policy_of(keyring), own=keyring.own_fingerprints())


def policy_of(keyring: Keyring) -> policy.Policy:
    """Give the policy of a root; the default where it has none. Raises Refused."""
    content = keyring.policy()
    with refusals(), placed(keyring.policy_file.name):
        return policy.parse(content)


def one_key(text: str, where: str) -> PublicKey:
    """Read a public key file that has one key and nothing else. Raises Refused, P2-S0845, P2-S0846."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    first = lines[0].split(" ", 1)[0] if lines else ""
    if "@" in first and not first.startswith(("sk-", "ecdsa-", "ssh-")):
        raise Refused(
            codes.TRUST_LINE_GIVEN,
            "this is a line of a trust file, as git has them, and not a public key; it may be good for other uses",
            where,
            "give the .pub file alone; plotter2 trust add writes the line, for plotter2 only",
        )
    if len(lines) > 1:
        raise Refused(
            codes.SEVERAL_KEYS,
            f"there are {len(lines)} keys here, and a person vouches for one at a time",
            where,
            "keep the line of the key whose fingerprint you compared (ssh-keygen -l -f FILE shows them)",
        )
    with refusals(), placed(where):
        return parse_public_line(text)[0]


def add(keyring: Keyring, new: Trusted) -> None:
    """Trust a key, or say anew what a trusted one is for; of a stranger with what may be granted. Raises Refused."""
    said = keyring.policy()
    with refusals():
        line = TrustLine(new.principal, new.namespaces, new.key, new.valid_after, new.valid_before)
        known = parse_trust(keyring.trust())
        _refuse_other_owner(known, line)
        updated = trust_editing.with_line(keyring.trust(), line)
        wanted = (
            said if new.may is None else policy_editing.with_ceiling(said, new.principal, new.may)
        )
    if wanted != said:
        keyring.write_policy(wanted)
    keyring.write_trust(updated)


def _refuse_other_owner(known: Sequence[TrustLine], line: TrustLine) -> None:
    other = next(
        (each for each in known if each.key == line.key and each.principal != line.principal), None
    )
    if other is not None:
        raise Refused(
            codes.KEY_OF_ANOTHER,
            f"the key {line.key.fingerprint} is that of {other.principal} already",
            line.principal,
            f"a key belongs to one person; to give it to another: plotter2 trust remove {shlex.quote(other.principal)}",
        )
