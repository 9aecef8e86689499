"""What a signed script may do: its rights (`cap` lines) and its limits (`limit` lines), as values and as text."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from urllib.parse import quote, unquote_to_bytes

from p2sign.refusal import Refusal, shown

MAX_NUMBER = 2**31 - 1
"""The largest serial and the largest limit."""

_WORD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_TARGET = re.compile(r"[A-Za-z0-9._/*:%@-]{1,1000}")
_MAX_WORD = 32
# The characters of a target that stand for themselves; quote() keeps letters, digits, '.', '_' and '-' anyway.
_PLAIN = "/*:@"


def encode_target(text: str) -> str:
    """Write any text as a target: other characters, `%` and `~` become the %XX of their UTF-8 bytes."""
    return quote(text, safe=_PLAIN).replace("~", "%7E")


def decode_target(target: str) -> str:
    """Give the text back: `decode_target(encode_target(text)) == text`. Raises Refusal E_STMT_CAP."""
    try:
        text = unquote_to_bytes(target).decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if not _TARGET.fullmatch(target) or encode_target(text) != target:
        raise Refusal("E_STMT_CAP", f"{shown(target)} is not the one way to write a target")
    return text


@dataclass(frozen=True, slots=True, order=True)
class Capability:
    """One right, written `RIGHT KIND:TARGET`, such as `read bundle:run-7/loss`; `target` is percent-encoded.

    Raises Refusal E_STMT_CAP where a part is not well-formed.
    """

    right: str
    kind: str
    target: str

    def __post_init__(self) -> None:
        for word in (self.right, self.kind):
            if len(word) > _MAX_WORD or not _WORD.fullmatch(word):
                raise Refusal(
                    "E_STMT_CAP", f"{shown(word)} is not a word of a right: small letters and '-'"
                )
        decode_target(self.target)

    def __str__(self) -> str:
        return f"{self.right} {self.kind}:{self.target}"

    @classmethod
    def parse(cls, text: str) -> Capability:
        """Read `RIGHT KIND:TARGET`. Raises Refusal E_STMT_CAP."""
        right, space, rest = text.partition(" ")
        kind, colon, target = rest.partition(":")
        if not space or not colon:
            raise Refusal("E_STMT_CAP", f"{shown(text)} is not of the form RIGHT KIND:TARGET")
        return cls(right, kind, target)


@dataclass(frozen=True, slots=True)
class SignedLimits:
    """What a run may use at most; the fields stand in the order of their lines. Raises Refusal E_STMT_NUMBER."""

    cpu_ms: int
    mem_mib: int
    out_mib: int
    wall_ms: int

    def __post_init__(self) -> None:
        for name, value in self.items():
            if not 1 <= value <= MAX_NUMBER:
                raise Refusal(
                    "E_STMT_NUMBER", f"the limit {name} is {value}, and may be 1 to {MAX_NUMBER}"
                )

    def items(self) -> tuple[tuple[str, int], ...]:
        """Give the limits as they are written: `("cpu-ms", 20000)` and so on."""
        return tuple(
            (field.name.replace("_", "-"), getattr(self, field.name)) for field in fields(self)
        )

    @classmethod
    def of(cls, values: dict[str, int]) -> SignedLimits:
        """Build from written names. Raises Refusal E_STMT_LIMIT unless all four are there and nothing else."""
        names = [field.name.replace("_", "-") for field in fields(cls)]
        if sorted(values) != names:
            raise Refusal("E_STMT_LIMIT", f"the limits must be {', '.join(names)}, each once")
        return cls(*(values[name] for name in names))
