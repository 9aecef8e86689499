"""The policy of one place: which signers count for which names, how many it takes, and what they may grant.

`policy.toml` to values, and the rules that the gate asks between its own checks. Opens no file and knows no clock.

A right counts if as many of the signers that count here as the scope requires (one, where no scope says more) may grant
it; so nobody can lend another a right that he could not grant alone where the others are required.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from p2sign.ceilings import EVERYTHING, Ceiling, Covers, Within
from p2sign.naming import is_language, is_scope
from p2sign.refusal import Refusal, placed, shown
from p2sign.rights import Capability
from p2sign.statement import Statement
from p2sign.trust import check_principal

MAX_POLICY: Final = 256 * 1024
"""The most bytes a policy may have."""
MAX_SIGNERS: Final = 1000
"""The most signers a scope may have, and the most scopes and ceilings of a policy."""

_MOST_DAYS = 3650
_MOST_REQUIRED = 16


class Mode(StrEnum):
    """What becomes of a script that does not count here: it is refused, or a person is asked to sign it."""

    DENY = "deny"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Scope:
    """Who may sign names that begin with `name/`, and how many of them it takes. Raises Refusal E_POLICY_FORM."""

    name: str
    signers: tuple[str, ...]
    require: int = 1

    def __post_init__(self) -> None:
        if not is_scope(self.name):
            raise _form(f"{shown(self.name)} is no scope: the first segment of a name, such as lab")
        for principal in self.signers:
            check_principal(principal)
        if len(set(self.signers)) != len(self.signers) or len(self.signers) > MAX_SIGNERS:
            raise _form(f"the signers of the scope {self.name} are too many, or one stands twice")
        if not 1 <= self.require <= min(len(self.signers), _MOST_REQUIRED):
            raise _form(
                f"the scope {self.name} requires {self.require} of {len(self.signers)} signers; "
                f"it may be 1 to {_MOST_REQUIRED}, and not more than there are"
            )


@dataclass(frozen=True, slots=True)
class Policy:
    """What `policy.toml` says; the default is what counts where there is none."""

    mode: Mode = Mode.DENY
    min_language: str | None = None
    revocation_max_age: timedelta | None = None
    allow_rsa: bool = False
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    ceilings: Mapping[str, Ceiling] = field(default_factory=dict)

    def is_newer_than(self, language: str) -> bool:
        """Tell whether only later languages than this one are admitted."""
        floor = self.min_language
        return floor is not None and _language(language) < _language(floor)


@dataclass(frozen=True, slots=True)
class Delegation:
    """What a trust bundle may do here: its keys count in these scopes only, within what was agreed, until it expires.

    `keys` are fingerprints.
    """

    name: str
    keys: frozenset[str]
    scopes: Mapping[str, Scope]
    ceilings: Mapping[str, Ceiling]
    agreed: Ceiling
    expires: datetime | None = None

    def ceiling(self, principal: str) -> Covers | None:
        """Give what a signer of the bundle may grant: what the bundle says, within what was agreed."""
        own = self.ceilings.get(principal)
        return None if own is None else Within((own, self.agreed))


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody whose good signature is on the statement."""

    principal: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Those of the signers that count for a name, each with what he may grant, and how many it takes."""

    require: int
    grants: Mapping[str, tuple[Covers, ...]]


@dataclass(frozen=True, slots=True)
class Rules:
    """A policy with what the place knows beside it.

    `own` are the fingerprints of its own keys: they may grant whatever a script declares, unless the policy gives their
    principal a ceiling. `lent` are the fingerprints that are here through trust bundles only. `revocations` tells when
    each list of revocations that was imported was issued, by its name.
    """

    policy: Policy = field(default_factory=Policy)
    own: frozenset[str] = frozenset()
    lent: frozenset[str] = frozenset()
    delegations: tuple[Delegation, ...] = ()
    revocations: Mapping[str, datetime] = field(default_factory=dict)

    def require_fresh(self, now: datetime) -> None:
        """Refuse (E_REVOCATION_STALE) when the policy wants fresh revocations and a list is older, or there is none."""
        longest = self.policy.revocation_max_age
        if longest is None:
            return
        if not self.revocations:
            raise Refusal(
                "E_REVOCATION_STALE",
                "the policy wants fresh revocations, and none were ever imported",
            )
        for name, issued in sorted(self.revocations.items()):
            if now - issued > longest:
                raise Refusal(
                    "E_REVOCATION_STALE",
                    f"the revocations of {name} are of {issued.isoformat()}, "
                    f"and may be {longest.days} days old",
                )

    def count(self, terms: Statement, signers: Iterable[Signer], now: datetime) -> Counted:
        """Give who of the signers counts for this name. Raises E_SCOPE, E_BUNDLE_EXPIRED, E_THRESHOLD."""
        name = terms.name.partition("/")[0]
        scope, ceiling_of = self._in_scope(name, now)
        grants: dict[str, tuple[Covers, ...]] = {}
        present = tuple(signers)
        for signer in present:
            ceiling = ceiling_of(signer)
            if ceiling is not None:
                grants[signer.principal] = (*grants.get(signer.principal, ()), *ceiling)
        who = ", ".join(dict.fromkeys(signer.principal for signer in present))
        if not grants:
            allowed = (
                "own signers, those of no trust bundle"
                if scope is None
                else ", ".join(scope.signers)
            )
            raise Refusal(
                "E_SCOPE",
                f"names that begin with {name}/ are signed by {allowed}, and this is signed by {who}",
            )
        require = 1 if scope is None else scope.require
        if len(grants) < require:
            assert scope is not None
            raise Refusal(
                "E_THRESHOLD",
                f"names that begin with {name}/ need {require} signatures of {', '.join(scope.signers)}, "
                f"and this has {len(grants)}: {', '.join(grants)}",
            )
        return Counted(require, grants)

    def require_language(self, terms: Statement) -> None:
        """Refuse (E_LANGUAGE_FLOOR) a statement of an older language than the policy admits."""
        if self.policy.is_newer_than(terms.language):
            raise Refusal(
                "E_LANGUAGE_FLOOR",
                f"the script is of language {terms.language}, and the policy admits "
                f"{self.policy.min_language} and later",
            )

    def require_ceilings(self, counted: Counted, caps: Iterable[Capability]) -> None:
        """Refuse rights that too few of those who count may grant. Raises E_CEILING_NONE, E_CEILING."""
        having = {who: ceilings for who, ceilings in counted.grants.items() if ceilings}
        if len(having) < counted.require:
            without = ", ".join(who for who in counted.grants if who not in having)
            raise Refusal("E_CEILING_NONE", f"{without} may grant nothing here, though trusted")
        missing = [
            text for text in map(str, caps) if not _granted(text, having.values(), counted.require)
        ]
        if missing:
            raise Refusal(
                "E_CEILING",
                f"{', '.join(having)} may not grant here: {'; '.join(missing[:_SHOWN])}"
                + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""),
            )

    def ceiling_of(self, signer: Signer) -> tuple[Covers, ...]:
        """Give what a signer may grant under names that no trust bundle speaks for; () is nothing at all."""
        ceiling = self.policy.ceilings.get(signer.principal)
        if ceiling is not None:
            return (ceiling,)
        return (EVERYTHING,) if signer.fingerprint in self.own else ()

    def owning(self, fingerprint: str) -> Rules:
        """Give the rules of a place that has one own key more, such as that of a session."""
        return replace(self, own=self.own | {fingerprint})

    def described(self, principal: str, fingerprint: str) -> tuple[str, ...]:
        """Give what a signer may grant, as patterns; `.*` is everything, () is nothing."""
        ceiling = self.policy.ceilings.get(principal)
        if fingerprint in self.lent and fingerprint not in self.own:
            lender = next((each for each in self.delegations if fingerprint in each.keys), None)
            ceiling = None if lender is None else lender.ceilings.get(principal)
        if ceiling is not None:
            return ceiling.patterns
        return (".*",) if fingerprint in self.own else ()

    def _in_scope(
        self, name: str, now: datetime
    ) -> tuple[Scope | None, Callable[[Signer], tuple[Covers, ...] | None]]:
        scope = self.policy.scopes.get(name)
        if scope is None:
            lender = next((each for each in self.delegations if name in each.scopes), None)
            if lender is not None:
                return lender.scopes[name], self._delegated(lender, lender.scopes[name], now)
        foreign = self.lent - self.own

        def own_side(signer: Signer) -> tuple[Covers, ...] | None:
            named = scope is None or signer.principal in scope.signers
            return self.ceiling_of(signer) if named and signer.fingerprint not in foreign else None

        return scope, own_side

    def _delegated(
        self, lender: Delegation, scope: Scope, now: datetime
    ) -> Callable[[Signer], tuple[Covers, ...] | None]:
        def of_bundle(signer: Signer) -> tuple[Covers, ...] | None:
            if signer.fingerprint not in lender.keys or signer.principal not in scope.signers:
                return None
            if lender.expires is not None and now >= lender.expires:
                raise Refusal(
                    "E_BUNDLE_EXPIRED",
                    f"the trust bundle {lender.name} expired at {lender.expires.isoformat()}",
                )
            ceiling = lender.ceiling(signer.principal)
            return () if ceiling is None else (ceiling,)

        return of_bundle


_SHOWN = 5


def _granted(right: str, ceilings: Iterable[tuple[Covers, ...]], require: int) -> bool:
    willing = sum(any(each.covers(right) for each in of_one) for of_one in ceilings)
    return willing >= require


# ------------------------------------------------------------------ reading policy.toml


@lru_cache(maxsize=16)
def parse(data: bytes) -> Policy:
    """Read `policy.toml`; b"" is the default. Raises Refusal E_POLICY_FORM, E_POLICY_PATTERN with the section."""
    if len(data) > MAX_POLICY:
        raise _form(f"it has {len(data)} bytes, and may have {MAX_POLICY}")
    try:
        values = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _form(f"it is no TOML: {shown(str(error), 120)}") from None
    found = _Table(values, "")
    head = found.table("policy")
    policy = Policy(
        mode=_mode(head.text("mode")),
        min_language=_min_language(head.text("min-language")),
        revocation_max_age=_age(head.number("revocation-max-age-days", _MOST_DAYS)),
        allow_rsa=head.flag("allow-rsa"),
        scopes={name: _scope(name, table) for name, table in found.tables("scope")},
        ceilings={name: _ceiling(name, table) for name, table in found.tables("signer")},
    )
    head.end()
    found.end()
    return policy


def _mode(text: str | None) -> Mode:
    try:
        return Mode(text or Mode.DENY)
    except ValueError:
        raise _form(
            f'mode is {shown(text or "")}, and may be "deny" or "ask"', "[policy]"
        ) from None


def _min_language(text: str | None) -> str | None:
    if text is not None and not is_language(text):
        raise _form(f'min-language is {shown(text)}, and is such as "1.0"', "[policy]")
    return text


def _age(days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


def _scope(name: str, table: _Table) -> Scope:
    with placed(table.place):
        signers = table.texts("signers")
        require = table.number("require", _MOST_REQUIRED)
        scope = Scope(name, signers, 1 if require is None else require)
    table.end()
    return scope


def _ceiling(principal: str, table: _Table) -> Ceiling:
    with placed(table.place):
        check_principal(principal)
        ceiling = Ceiling(table.texts("may"))
    table.end()
    return ceiling


class _Table:
    """A table of a TOML text: each key is taken once, and none may be left."""

    def __init__(self, values: dict[str, Any], place: str) -> None:
        self._values = dict(values)
        self.place = place

    def table(self, key: str) -> _Table:
        values = self._values.pop(key, {})
        if not isinstance(values, dict):
            raise _form(f"{shown(key)} is not a section [{key}]", self.place)
        return _Table(values, f"[{key}]")

    def tables(self, key: str) -> tuple[tuple[str, _Table], ...]:
        found = self.table(key)._values
        if len(found) > MAX_SIGNERS:
            raise _form(f"there are more than {MAX_SIGNERS} sections [{key}...]")
        wrong = next((name for name, values in found.items() if not isinstance(values, dict)), None)
        if wrong is not None:
            raise _form(f"{shown(wrong)} is not a section of its own", f"[{key}]")
        return tuple((name, _Table(values, f"[{key}.{name}]")) for name, values in found.items())

    def text(self, key: str) -> str | None:
        value = self._values.pop(key, None)
        if value is not None and not isinstance(value, str):
            raise _form(f"{key} is not a text in quotes", self.place)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._values.pop(key, None)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise _form(f"{key} is missing, or not a list of texts in quotes")
        return tuple(value)

    def number(self, key: str, most: int) -> int | None:
        value = self._values.pop(key, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise _form(f"{key} is not a whole number from 1 to {most}", self.place)
        return value

    def flag(self, key: str) -> bool:
        value = self._values.pop(key, False)
        if not isinstance(value, bool):
            raise _form(f"{key} is neither true nor false", self.place)
        return value

    def end(self) -> None:
        for key in self._values:
            raise _form(f"{shown(key)} is not known here", self.place)


def _form(what: str, where: str = "") -> Refusal:
    return Refusal("E_POLICY_FORM", what, where)


def _language(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("."))
