"""Everything that a signature file says, block by block, also of one that the gate refuses. Judges no trust."""

from __future__ import annotations

from dataclasses import dataclass

from p2sign import sidecar, sshsig, statement
from p2sign.algorithms import EVERY, Touch, algorithm
from p2sign.keys import PublicKey
from p2sign.refusal import Refusal
from p2sign.sshsig import FOOTER, HEADER, Signature
from p2sign.statement import Statement


@dataclass(frozen=True, slots=True)
class Block:
    """One signature as it was read: what it says (None where it cannot be read), and why it would be refused.

    `refusal` is None for a signature that was made by its key over this statement, for the statement's kind.
    """

    signature: Signature | None
    touch: Touch | None
    refusal: Refusal | None

    @property
    def title(self) -> str:
        """What kind of key signed, for people."""
        return algorithm(self.signature.key.algorithm).title if self.signature else "unreadable"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A signature file: its statement's bytes and what they mean, its signatures, and what is wrong with the whole."""

    text: bytes
    terms: Statement | None
    wrong_terms: Refusal | None
    blocks: tuple[Block, ...]
    wrong_file: Refusal | None

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Everything that is wrong with it, without a look at trust and time."""
        blocks = (block.refusal for block in self.blocks)
        found = (self.wrong_file, self.wrong_terms, *blocks)
        return tuple(each for each in found if each is not None)


def inspect(data: bytes) -> Inspection:
    """Read a signature file as far as it can be read; raises nothing."""
    wrong_file = None
    try:
        parts = sidecar.split(data)
        text, armours = parts.statement, parts.armours
    except Refusal as refusal:
        wrong_file = refusal
        text, armours = _cut(data[: sidecar.MAX_SIDECAR])
    terms, wrong_terms = None, None
    try:
        terms = statement.parse(text)
    except Refusal as refusal:
        wrong_terms = refusal
    blocks = _blocks(armours, text, terms)
    return Inspection(text, terms, wrong_terms, blocks, wrong_file)


def _cut(data: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Cut a damaged file where signatures begin: only to show what is in it."""
    text, *rest = data.split(HEADER)
    found = []
    for each in rest[: sidecar.MAX_SIGNATURES]:
        body, footer, _ = each.partition(FOOTER)
        found.append(HEADER + body + footer)
    return text, tuple(found)


def _blocks(armours: tuple[bytes, ...], text: bytes, terms: Statement | None) -> tuple[Block, ...]:
    found: list[Block] = []
    for armour in armours:
        earlier = [block.signature.key for block in found if block.signature]
        found.append(_block(armour, text, terms, earlier))
    return tuple(found)


def _block(armour: bytes, text: bytes, terms: Statement | None, earlier: list[PublicKey]) -> Block:
    try:
        signature = sshsig.parse(armour, EVERY)
    except Refusal as refusal:
        return Block(None, None, refusal)
    wrong = None
    try:
        if signature.key in earlier:
            raise Refusal("E_SIG_DUPLICATE")
        namespace = terms.kind.namespace if terms else signature.namespace
        sshsig.check(signature, text, namespace)
    except Refusal as refusal:
        wrong = refusal
    return Block(signature, sshsig.touch_of(signature), wrong)
