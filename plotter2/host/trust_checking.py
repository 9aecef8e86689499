"""What is wrong in the trust of one root, or will be soon: found before a script is refused for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from p2sign.policy import Rules
from p2sign.refusal import Refusal
from p2sign.trust import TrustLine
from p2sign.uses import Kind
from plotter2.errors import Refused
from plotter2.host.root import Root
from plotter2.host.ruling import bundles_of
from plotter2.runs.signing import LANGUAGE

_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know; `wrong` when scripts are refused for it."""

    wrong: bool
    what: str


def findings(root: Root) -> tuple[Finding, ...]:
    """Give what is to be told about trust, what is wrong first."""
    unread = [*_unread(root.trust_files), *_unread(root.keyring.trusted)]
    if unread:
        return tuple(dict.fromkeys(unread))
    found = [*policy_findings(root), *_lines(root), *_bundles(root), *_in_a_project(root)]
    return tuple(sorted(found, key=lambda each: not each.wrong))


def policy_findings(root: Root) -> tuple[Finding, ...]:
    """Give what of the policy does not fit whom and what this root knows, or lets nothing run. Raises Refused."""
    rules = root.rules()
    return (*_stale(root, rules), *_policy(rules, root.keyring.trusted()))


def _in_a_project(root: Root) -> Iterator[Finding]:
    trust = root.keyring.trust_file.parent.absolute()
    project = next((folder for folder in trust.parents if (folder / ".git").exists()), None)
    if project is not None:
        yield Finding(
            False,
            f"trust lies in the project {project}: whoever can change that could change trust; "
            "keep the root elsewhere (--root, PLOTTER2_ROOT), or have git ignore it",
        )


def _unread(read: Callable[[], object]) -> Iterator[Finding]:
    try:
        read()
    except Refused as error:
        where = f"{error.where}: " if error.where else ""
        yield Finding(True, f"{where}{error.message} [{error.code}]; {error.help}")


def _stale(root: Root, rules: Rules) -> Iterator[Finding]:
    try:
        rules.require_fresh(root.now())
    except Refusal as refusal:
        yield Finding(True, f"{refusal.what}; {refusal.remedy}")


def _policy(rules: Rules, lines: tuple[TrustLine, ...]) -> Iterator[Finding]:
    if rules.policy.is_newer_than(LANGUAGE):
        yield Finding(
            True,
            f"min-language is {rules.policy.min_language}, and this release signs and runs language {LANGUAGE}: "
            "nothing runs; lower it: plotter2 policy edit",
        )
    people = {line.principal for line in lines if line.key.fingerprint not in rules.lent}
    for scope in rules.policy.scopes.values():
        missing = [who for who in scope.signers if who not in people]
        if len(scope.signers) - len(missing) < scope.require:
            yield Finding(
                True,
                f"the scope {scope.name} requires {scope.require} signers, and has no trusted key of "
                f"{', '.join(missing)}",
            )
        elif missing:
            yield Finding(
                False,
                f"the scope {scope.name} names {', '.join(missing)}, without a trusted key here",
            )
    for who in rules.policy.ceilings:
        if who not in people:
            yield Finding(False, f"the policy has a ceiling for {who}, without a trusted key here")


def _lines(root: Root) -> Iterator[Finding]:
    rules, now = root.rules(), root.now()
    for line in root.keyring.trusted():
        who = f"{line.principal} {line.key.fingerprint}"
        if line.valid_before is not None and line.valid_before <= now:
            yield Finding(False, f"{who} counts no more since {line.valid_before:%Y-%m-%d}")
        elif line.valid_before is not None and line.valid_before - now < _SOON:
            yield Finding(False, f"{who} counts until {line.valid_before:%Y-%m-%d} only")
        if Kind.SCRIPT.namespace in line.namespaces and not rules.described(
            line.principal, line.key.fingerprint
        ):
            yield Finding(
                True,
                f"{who} is trusted for scripts, and may grant nothing: give --may with plotter2 trust add",
            )


def _bundles(root: Root) -> Iterator[Finding]:
    now = root.now()
    for name, kept in bundles_of(root.keyring).items():
        expires = kept.bundle.expires
        if expires is not None and expires <= now:
            yield Finding(True, f"the trust bundle {name} expired on {expires:%Y-%m-%d}")
        elif expires is not None and expires - now < _SOON:
            yield Finding(False, f"the trust bundle {name} expires on {expires:%Y-%m-%d}")
        lacking = kept.agreed.lacking(kept.bundle)
        if lacking:
            yield Finding(
                False,
                f"the trust bundle {name} speaks of {', '.join(lacking)} too, which was not agreed",
            )
