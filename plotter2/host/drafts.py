"""Drafts: scripts that a program wrote and marked so. They never run; a person reads one and signs it, or does not."""

from __future__ import annotations

import hashlib

from p2sign import sshsig
from p2sign.refusal import Refusal
from p2sign.sidecar import split
from p2sign.statement import parse
from p2sign.uses import Kind
from plotter2.host.root import Root
from plotter2.runs.opening import OpenedScript


def drafted_by(root: Root, script: OpenedScript) -> str | None:
    """Tell whose draft a script is, and whether it is still what was drafted; None when it is no draft."""
    if script.sidecar is None:
        return None
    try:
        signed = split(script.sidecar)
        terms, signatures = parse(signed.statement), signed.signatures()
    except Refusal:
        return None  # damaged: it is about to be replaced
    if Kind.DRAFT.namespace not in [each.namespace for each in signatures]:
        return None
    known = root.keyring.owners()
    who = []
    for each in signatures:
        try:
            sshsig.check(each, signed.statement, Kind.DRAFT.namespace)
        except Refusal:
            return "somebody whose signature is not good"
        named = known.get(each.key, "a key that is not known here,")
        who.append(f"{named} {each.key.fingerprint}")
    changed = hashlib.sha256(script.content).hexdigest() != terms.digest_of_entry()
    return " and ".join(who) + (", and was changed since" if changed else "")
