"""Trust bundles: whom a group trusts, for which names and for what, as one text signed by k of its n root keys.

A bundle says what a group wants; an `Agreement` says what whoever imports it lets it do, and nothing goes beyond that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from p2sign import policy
from p2sign.ceilings import Ceiling
from p2sign.keys import PublicKey, parse_public_line
from p2sign.naming import is_scope
from p2sign.policy import Delegation, Scope
from p2sign.refusal import Refusal, placed, shown
from p2sign.rights import MAX_NUMBER
from p2sign.signed_text import SignedText, TextLines, opened, taken_apart
from p2sign.times import is_whole_second, written_time
from p2sign.trust import TrustLine, check_principal, parse_line
from p2sign.uses import REVOKE_NAMESPACE, TRUST_NAMESPACE, Kind

NAMESPACE: Final = TRUST_NAMESPACE
FIRST_WORD: Final = "plotter2-trust"
MAX_BUNDLE: Final = 256 * 1024
"""The most bytes the text of a bundle may have."""
MAX_ROOTS: Final = 16
USES: Final = (Kind.SCRIPT.namespace, Kind.PACK.namespace, REVOKE_NAMESPACE)
"""What the keys of a bundle may be trusted for."""

_SCOPE_LINE = re.compile(r"([^ ]+) ([1-9][0-9]?)((?: [^ ]+)+)")


@dataclass(frozen=True, slots=True)
class RootKey:
    """A key that signs a trust bundle, and whose it is. Raises Refusal E_TRUST_PRINCIPAL."""

    principal: str
    key: PublicKey

    def __post_init__(self) -> None:
        check_principal(self.principal)

    def __str__(self) -> str:
        return f"{self.principal} {self.key.line()}"


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """Whom a group trusts. `require` of the principals of `roots` sign it. Raises Refusal E_BUNDLE_FORM, E_POLICY_...

    The lines of its text are sorted; the values here may stand in any order. Trust lines have no comments.
    """

    name: str
    serial: int
    issued: datetime
    expires: datetime | None
    require: int
    roots: tuple[RootKey, ...]
    signers: tuple[TrustLine, ...]
    scopes: tuple[Scope, ...]
    ceilings: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        if not is_scope(self.name) or not 1 <= self.serial <= MAX_NUMBER:
            raise _form(f"the name {shown(self.name)} or the serial cannot be")
        for moment in (self.issued, self.expires or self.issued):
            if not is_whole_second(moment):
                raise _form("a time is not a whole second in UTC")
        if self.expires is not None and self.expires <= self.issued:
            raise _form("it expires before it is issued")
        self._check_roots()
        self._check_signers()

    def _check_roots(self) -> None:
        keys = [root.key for root in self.roots]
        people = {root.principal for root in self.roots}
        if len(set(keys)) != len(keys) or len(keys) > MAX_ROOTS:
            raise _form(f"a root key stands twice, or there are more than {MAX_ROOTS}")
        if not 1 <= self.require <= len(people):
            raise _form(f"it requires {self.require} of the {len(people)} people of its root")

    def _check_signers(self) -> None:
        keys = [line.key for line in self.signers]
        people = {line.principal for line in self.signers}
        if len(set(keys)) != len(keys):
            raise _form("a signer's key stands twice")
        for line in self.signers:
            if line.comment or not set(line.namespaces) <= set(USES):
                raise _form(f"a key of {line.principal} is for {', '.join(line.namespaces)}")
        named = {who for scope in self.scopes for who in scope.signers}
        unknown = sorted((named | {who for who, _ in self.ceilings}) - people)
        if unknown:
            raise _form(f"{unknown[0]} has no signer line")
        for scope in self.scopes:
            if list(scope.signers) != sorted(scope.signers):
                raise _form(f"the signers of the scope {scope.name} are not sorted")
        if len({scope.name for scope in self.scopes}) != len(self.scopes):
            raise _form("a scope stands twice")
        self.ceiling_of()

    def ceiling_of(self) -> Mapping[str, Ceiling]:
        """Give what each signer may grant. Raises Refusal E_POLICY_PATTERN."""
        found: dict[str, tuple[str, ...]] = {}
        for principal, pattern in self.ceilings:
            found[principal] = (*found.get(principal, ()), pattern)
        return {principal: Ceiling(patterns) for principal, patterns in found.items()}

    def dump(self) -> bytes:
        """Give the text that is signed. Raises Refusal E_BUNDLE_FORM when it is too long."""
        expires = "never" if self.expires is None else written_time(self.expires)
        lines = [
            f"{FIRST_WORD} 1",
            f"name {self.name}",
            f"serial {self.serial}",
            f"issued {written_time(self.issued)}",
            f"expires {expires}",
            f"require {self.require}",
            *sorted(f"root {root}" for root in self.roots),
            *sorted(f"signer {line.dump()}" for line in self.signers),
            *sorted(f"scope {s.name} {s.require} {' '.join(s.signers)}" for s in self.scopes),
            *sorted(f"may {principal} {pattern}" for principal, pattern in self.ceilings),
            "end",
        ]
        data = "".join(f"{line}\n" for line in lines).encode("ascii")
        if len(data) > MAX_BUNDLE:
            raise _form(f"it has {len(data)} bytes, and may have {MAX_BUNDLE}")
        return data


@lru_cache(maxsize=64)
def parse(data: bytes) -> TrustBundle:
    """Read the text of a bundle; `parse(data).dump() == data`. Raises Refusal E_BUNDLE_FORM, E_POLICY_..."""
    lines = TextLines(data, "E_BUNDLE_FORM", MAX_BUNDLE)
    lines.header(FIRST_WORD, lines.number)
    bundle = TrustBundle(
        name=lines.header("name", str),
        serial=lines.header("serial", lines.number),
        issued=lines.header("issued", lines.time),
        expires=lines.header("expires", lambda text: None if text == "never" else lines.time(text)),
        require=lines.header("require", lines.number),
        roots=lines.block("root", _root),
        signers=lines.block("signer", parse_line),
        scopes=lines.block("scope", _scope),
        ceilings=lines.block("may", _ceiling),
    )
    lines.end()
    if bundle.dump() != data:
        raise lines.wrong("it is not in its one form")
    return bundle


def _root(text: str) -> RootKey:
    principal, _, line = text.partition(" ")
    return RootKey(principal, parse_public_line(line)[0])


def _scope(text: str) -> Scope:
    match = _SCOPE_LINE.fullmatch(text)
    if match is None:
        raise _form(f"{shown(text)} is not of the form SCOPE NUMBER NAME@PLACE ...")
    return Scope(match[1], tuple(match[3].split()), int(match[2]))


def _ceiling(text: str) -> tuple[str, str]:
    principal, _, pattern = text.partition(" ")
    return principal, pattern


def _form(what: str) -> Refusal:
    return Refusal("E_BUNDLE_FORM", what)


# ------------------------------------------------------------------ who signed it, and what it follows


def open_bundle(data: bytes, accepted: frozenset[str]) -> tuple[TrustBundle, SignedText]:
    """Take a signed bundle apart; every signature is good, nobody is trusted yet. Raises Refusal."""
    found = opened(data, FIRST_WORD, NAMESPACE, accepted)
    return parse(found.text), found


def kept(data: bytes) -> TrustBundle:
    """Read a bundle that was checked when it was imported, and kept since. Raises Refusal."""
    return parse(taken_apart(data, FIRST_WORD).statement)


def signed_by(root: TrustBundle, keys: Iterable[PublicKey]) -> tuple[str, ...]:
    """Give the people of a bundle's root who are among those that signed, each once."""
    signed = set(keys)
    return tuple(sorted({each.principal for each in root.roots if each.key in signed}))


def check_signed(
    new: TrustBundle,
    found: SignedText,
    old: TrustBundle | None,
    revoked: frozenset[PublicKey],
) -> None:
    """Refuse a bundle that too few of its own root signed (E_BUNDLE_SIGNERS), or of the root before it (E_BUNDLE_ROOT).

    Revoked keys do not count.
    """
    keys = [key for key in found.keys if key not in revoked]
    who = signed_by(new, keys)
    if len(who) < new.require:
        raise Refusal("E_BUNDLE_SIGNERS", _too_few(new, who))
    if old is not None:
        before = signed_by(old, keys)
        if len(before) < old.require:
            raise Refusal(
                "E_BUNDLE_ROOT", f"of the root that is trusted here: {_too_few(old, before)}"
            )


def check_follows(new: TrustBundle, old: TrustBundle | None, now: datetime) -> None:
    """Refuse a bundle out of its time (E_BUNDLE_EXPIRED, E_BUNDLE_TIME), or not newer (E_BUNDLE_SERIAL)."""
    if new.issued > now:
        raise Refusal("E_BUNDLE_TIME", f"it is dated {new.issued.isoformat()}, in the future")
    if new.expires is not None and now >= new.expires:
        raise Refusal("E_BUNDLE_EXPIRED", f"it expired at {new.expires.isoformat()}")
    if old is not None and (
        new.serial < old.serial or (new.serial == old.serial and new.dump() != old.dump())
    ):
        raise Refusal(
            "E_BUNDLE_SERIAL",
            f"the trust bundle {new.name} has serial {new.serial}, and serial {old.serial} is here already",
        )


def check_root_kept(new: TrustBundle, old: TrustBundle) -> None:
    """Refuse (E_BUNDLE_SHRINK) a root of which fewer people are required than before."""
    if new.require < old.require:
        raise Refusal(
            "E_BUNDLE_SHRINK",
            f"the root required {old.require} people until now, and would require {new.require}",
        )


def _too_few(root: TrustBundle, who: tuple[str, ...]) -> str:
    people = ", ".join(sorted({each.principal for each in root.roots}))
    return f"{root.require} of {people} must sign, and {', '.join(who) or 'nobody'} did"


# ------------------------------------------------------------------ what was agreed


@dataclass(frozen=True, slots=True)
class Agreement:
    """What whoever imported a bundle lets it do: sign these scopes, grant these rights. Raises Refusal E_POLICY_..."""

    scopes: tuple[str, ...]
    may: tuple[str, ...]

    def __post_init__(self) -> None:
        Ceiling(self.may)
        if not all(map(is_scope, self.scopes)) or len(set(self.scopes)) != len(self.scopes):
            raise Refusal(
                "E_POLICY_FORM", "the scopes that were agreed are no scopes, or one stands twice"
            )

    def dump(self) -> bytes:
        """Give the text that is kept."""
        lines = [*(f"scope {name}" for name in self.scopes), *(f"may {each}" for each in self.may)]
        return "".join(f"{line}\n" for line in ("plotter2-agreed 1", *lines, "end")).encode("ascii")

    @classmethod
    def parse(cls, data: bytes) -> Agreement:
        """Read what was kept. Raises Refusal E_BUNDLE_FORM, E_POLICY_..."""
        lines = TextLines(data, "E_BUNDLE_FORM", MAX_BUNDLE)
        lines.header("plotter2-agreed", lines.number)
        agreed = cls(tuple(sorted(lines.block("scope", str))), lines.block("may", str))
        lines.end()
        if agreed.dump() != data:
            raise lines.wrong("it is not in its one form")
        return agreed

    @classmethod
    def of(cls, scopes: Iterable[str], may: Iterable[str]) -> Agreement:
        """Give an agreement in order."""
        return cls(tuple(sorted(set(scopes))), tuple(sorted(set(may))))

    def lacking(self, bundle: TrustBundle) -> tuple[str, ...]:
        """Give the scopes of a bundle that were not agreed."""
        return tuple(sorted({scope.name for scope in bundle.scopes} - set(self.scopes)))

    def require(self, bundle: TrustBundle) -> None:
        """Refuse (E_BUNDLE_SCOPE) a bundle with scopes that were not agreed."""
        lacking = self.lacking(bundle)
        if lacking:
            raise Refusal(
                "E_BUNDLE_SCOPE", f"you have not agreed that it signs {', '.join(lacking)}"
            )


def delegation(bundle: TrustBundle, agreed: Agreement) -> Delegation:
    """Give what a bundle may do here: of its scopes those that were agreed, within the agreed rights."""
    return Delegation(
        bundle.name,
        frozenset(line.key.fingerprint for line in bundle.signers),
        {scope.name: scope for scope in bundle.scopes if scope.name in agreed.scopes},
        bundle.ceiling_of(),
        Ceiling(agreed.may),
        bundle.expires,
    )


RESERVED: Final = ("own", "session", "local", "plotter2")
"""Scopes that are a place's own, and no bundle's."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bundle is imported: the policy, the trust lines that are its own, its own keys, and the other bundles."""

    policy: policy.Policy
    lines: tuple[TrustLine, ...]
    own: frozenset[str]
    others: tuple[TrustBundle, ...]

    def require_room(self, bundle: TrustBundle, agreed: Agreement) -> None:
        """Refuse (E_BUNDLE_TAKEN) a bundle that reaches for scopes or keys that are somebody else's here."""
        for name in agreed.scopes:
            holder = self._holder(name)
            if holder:
                raise Refusal("E_BUNDLE_TAKEN", f"the scope {name} is {holder}")
        own_people = {line.principal for line in self.lines if line.key.fingerprint in self.own}
        taken = {line.key: (line.principal, "your trust file") for line in self.lines}
        for other in self.others:
            taken |= {
                line.key: (line.principal, f"the bundle {other.name}") for line in other.signers
            }
        for line in bundle.signers:
            with placed(line.principal):
                if line.key.fingerprint in self.own or line.principal in own_people:
                    raise Refusal(
                        "E_BUNDLE_TAKEN",
                        "this is you: a bundle brings none of your own keys or names",
                    )
                principal, where = taken.get(line.key, (line.principal, ""))
                if principal != line.principal or where.startswith("the bundle"):
                    raise Refusal(
                        "E_BUNDLE_TAKEN",
                        f"its key {line.key.fingerprint} is that of {principal} in {where}",
                    )

    def lines_for(self, bundle: TrustBundle) -> tuple[TrustLine, ...]:
        """Give the lines that the bundle brings: those whose keys are not trusted here anyway."""
        known = {line.key for line in self.lines}
        return tuple(line for line in bundle.signers if line.key not in known)

    def _holder(self, name: str) -> str:
        if name in RESERVED:
            return "this place's own"
        if name in self.policy.scopes:
            return "spoken for by your policy"
        lender = next((o.name for o in self.others if name in {s.name for s in o.scopes}), None)
        return "" if lender is None else f"that of the bundle {lender}"
