"""The signature file `.p2.sig`: a statement, 1 to 16 armours, end of file. Splits and joins, and trusts nobody."""

from __future__ import annotations

from dataclasses import dataclass

from p2sign.algorithms import COMMON
from p2sign.refusal import Refusal, placed
from p2sign.sshsig import FOOTER, HEADER, MAX_ARMOUR, Signature, check, parse
from p2sign.statement import FIRST_WORD, MAX_STATEMENT

MAX_SIGNATURES = 16
"""The most signatures a file may have."""
MAX_SIDECAR = MAX_STATEMENT + MAX_SIGNATURES * MAX_ARMOUR
"""The most bytes a signature file may have; whoever opens one need not read more."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The parts of a signature file: the bytes that were signed and the armours, both not parsed yet."""

    statement: bytes
    armours: tuple[bytes, ...]

    def join(self) -> bytes:
        """Give the file. Raises Refusal E_SIDECAR_COUNT."""
        _check_count(len(self.armours))
        return self.statement + b"".join(self.armours)

    def signatures(self, accepted: frozenset[str] = COMMON) -> tuple[Signature, ...]:
        """Read all armours strictly. Raises Refusal E_SIG_..., E_KEY_... with the number of the signature."""
        found: list[Signature] = []
        for number, armour in enumerate(self.armours, 1):
            with placed(f"signature {number}"):
                signature = parse(armour, accepted)
                if signature.key in (earlier.key for earlier in found):
                    raise Refusal("E_SIG_DUPLICATE")
                found.append(signature)
        return tuple(found)

    def good_signatures(
        self, namespace: str, accepted: frozenset[str] = COMMON
    ) -> tuple[Signature, ...]:
        """Read all armours, and check that each was made over the statement for `namespace`.

        Raises Refusal E_SIG_..., E_KEY_... with the number of the signature.
        """
        found = self.signatures(accepted)
        for number, signature in enumerate(found, 1):
            with placed(f"signature {number}"):
                check(signature, self.statement, namespace)
        return found


def split(data: bytes, first_word: str = FIRST_WORD) -> Sidecar:
    """Take a signature file apart; every byte belongs to the statement, which begins with a word, or to one armour.

    Raises Refusal E_UNSIGNED, E_SIDECAR_SIZE, E_SIDECAR_EOL, E_SIDECAR_BLOCK, E_SIDECAR_COUNT.
    """
    if len(data) > MAX_SIDECAR:
        raise Refusal(
            "E_SIDECAR_SIZE",
            f"the signature file has {len(data)} bytes, and may have {MAX_SIDECAR}",
        )
    if b"\r" in data:
        raise Refusal("E_SIDECAR_EOL")
    if not data.startswith(f"{first_word} ".encode("ascii")):
        raise Refusal("E_SIDECAR_BLOCK", f"the file does not begin with {first_word!r}")
    found = data.find(b"\n" + HEADER)
    if found < 0:
        raise Refusal("E_UNSIGNED", "the signature file has a statement and no signature")
    return Sidecar(data[: found + 1], _armours(data[found + 1 :]))


def _armours(data: bytes) -> tuple[bytes, ...]:
    armours: list[bytes] = []
    at = 0
    while at < len(data):
        end = data.find(b"\n" + FOOTER, at)
        if not data.startswith(HEADER, at) or end < 0:
            raise Refusal(
                "E_SIDECAR_BLOCK",
                f"block {len(armours) + 1} after the statement is not a whole signature",
            )
        end += 1 + len(FOOTER)
        armours.append(data[at:end])
        at = end
    _check_count(len(armours))
    return tuple(armours)


def _check_count(count: int) -> None:
    if count > MAX_SIGNATURES:
        raise Refusal(
            "E_SIDECAR_COUNT",
            f"the signature file has {count} signatures, and may have {MAX_SIGNATURES}",
        )
