"""How a script stands towards its signature before the gate: new, signed as it is, or one's own and edited since."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from p2sign import sshsig
from p2sign.causes import CAUSES
from p2sign.policy import Mode
from p2sign.refusal import Refusal
from p2sign.sidecar import split
from p2sign.statement import Statement
from p2sign.statement import parse as parse_statement
from p2sign.uses import Kind
from plotter2.errors import DataError, Refused
from plotter2.host import codes
from plotter2.host.root import Root
from plotter2.host.verifying import verify
from plotter2.runs.opening import OpenedScript

State = Literal["signed", "new", "edited", "expired", "foreign"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the signature beside a script says of it; `before` is what its owner signed last.

    `signed` says only that nobody needs to be asked: whether it may run is the gate's to say.
    """

    state: State
    told: str = ""
    before: Statement | None = None


SIGNED = Standing("signed")


def standing(root: Root, script: OpenedScript) -> Standing:
    """Tell how a script stands. Raises Refused for one that was changed since somebody else signed it."""
    if script.sidecar is None:
        return Standing("new")
    try:
        signed = split(script.sidecar)
        terms = parse_statement(signed.statement)
        signatures = signed.signatures()
    except Refusal:
        return SIGNED  # the gate says what is wrong with it
    if terms.kind is Kind.LOCAL:
        return _of_starter(root, script, terms)
    if terms.kind is not Kind.SCRIPT:
        return SIGNED
    changed = hashlib.sha256(script.content).hexdigest() != terms.digest_of_entry()
    expired = terms.expires is not None and root.now() >= terms.expires
    if not (changed or expired):
        return _asked_by_policy(root, script)
    own = {key.public for key in root.keyring.own_keys()}
    if all(each.key in own and _is_good(each, signed.statement) for each in signatures):
        on = f"{terms.issued:%Y-%m-%d}"
        if changed:
            return Standing("edited", f"was changed since you signed it on {on}", terms)
        return Standing("expired", f"was signed on {on}, which is too long ago", terms)
    if changed:
        _refuse_as_foreign(root, script, signatures)
    return SIGNED


_OF_SIGNERS = frozenset(
    CAUSES[name].code
    for name in (
        "E_SIGNER_UNKNOWN",
        "E_SIGNER_NAMESPACE",
        "E_SIGNER_NOT_YET",
        "E_SIGNER_EXPIRED",
        "E_SCOPE",
        "E_THRESHOLD",
        "E_CEILING_NONE",
        "E_CEILING",
        "E_BUNDLE_EXPIRED",
    )
)
"""Refusals that are about whose signature counts here; what was revoked or damaged is never asked about."""


def _asked_by_policy(root: Root, script: OpenedScript) -> Standing:
    """Tell whether the policy wants a person asked about a good script whose signers do not count here."""
    try:
        if root.rules().policy.mode is Mode.DENY:
            return SIGNED
        verify(root, script)
    except Refused as refused:
        if refused.code in _OF_SIGNERS:
            return Standing("foreign", f"does not run here by its own signature: {refused.message}")
    return SIGNED


def _of_starter(root: Root, script: OpenedScript, terms: Statement) -> Standing:
    """Tell how a script stands that a machine signed: it is one's own where the machine does not vouch for it."""
    if hashlib.sha256(script.content).hexdigest() != terms.digest_of_entry():
        return Standing("new", "was a starter, and was changed since plotter2 wrote it")
    try:
        verify(root, script)
    except Refused as refused:
        if refused.code == codes.STARTER_OTHER:
            return Standing("new", "is a starter, and would be another today: other output came in")
        if refused.code == CAUSES["E_SIGNER_UNKNOWN"].code:
            return Standing("new", "is a starter that another machine wrote")
    except DataError:
        return SIGNED  # the run says what became of its bundle
    return SIGNED


def _is_good(signature: sshsig.Signature, statement: bytes) -> bool:
    try:
        sshsig.check(signature, statement, Kind.SCRIPT.namespace)
    except Refusal:
        return False
    return True


def _refuse_as_foreign(
    root: Root, script: OpenedScript, signatures: tuple[sshsig.Signature, ...]
) -> None:
    """Say whose script it was that was changed, where the gate refuses it for that."""
    try:
        verify(root, script)
    except Refused as refused:
        if refused.code == CAUSES["E_DIGEST"].code:
            known = root.keyring.owners()
            who = ", ".join(known.get(s.key, s.key.fingerprint) for s in signatures)
            refused.message = f"the script was changed since {who} signed it"
            refused.help = (
                f"get it anew from {who}; if the change is yours, read the whole script and sign it"
                " as your own: plotter2 sign FILE"
            )
        raise
