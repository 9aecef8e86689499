"""Countersignatures: people sign a checkpoint with their own key (SSHSIG, `plotter2-log@v1`) and keep what they saw.

The message is the whole checkpoint as a file, so that `ssh-keygen -Y verify -n plotter2-log@v1` checks them as well.
They stand beside it: 1 to 16 armours and nothing else.
"""

from __future__ import annotations

from p2sign import sshsig
from p2sign.algorithms import COMMON
from p2sign.make import AnyKey, armour_of
from p2sign.refusal import Refusal, placed
from p2sign.sshsig import FOOTER, HEADER, MAX_ARMOUR, Signature
from p2sign.uses import LOG_NAMESPACE

NAMESPACE = LOG_NAMESPACE
"""What a countersignature is made for."""
MAX_WITNESSES = 16
"""The most countersignatures of one checkpoint in a file."""
MAX_WITNESSED = MAX_WITNESSES * MAX_ARMOUR
"""The most bytes of such a file."""


def countersigned(checkpoint: bytes, witnessed: bytes, key: AnyKey) -> bytes:
    """Give the file with one more; those in it must be good. Raises Refusal E_LOG_WITNESS, E_SIG_..."""
    if any(each.key == key.public for each in witnesses(checkpoint, witnessed)):
        return witnessed
    whole = witnessed + armour_of(checkpoint, key, NAMESPACE, COMMON)
    witnesses(checkpoint, whole)
    return whole


def witnesses(checkpoint: bytes, witnessed: bytes) -> tuple[Signature, ...]:
    """Give all countersignatures, each good and by another key. Raises Refusal E_LOG_WITNESS, E_SIG_..., E_KEY_..."""
    found: list[Signature] = []
    rest = witnessed
    while rest:
        end = rest.find(b"\n" + FOOTER) + 1 + len(FOOTER)
        if not rest.startswith(HEADER) or end <= len(FOOTER) or len(found) == MAX_WITNESSES:
            raise Refusal("E_LOG_WITNESS")
        with placed(f"countersignature {len(found) + 1}"):
            signature = sshsig.parse(rest[:end])
            sshsig.check(signature, checkpoint, NAMESPACE)
            if any(signature.key == each.key for each in found):
                raise Refusal("E_LOG_WITNESS", "a key countersigned the checkpoint twice")
        found.append(signature)
        rest = rest[end:]
    return tuple(found)
