"""What a cause is, and the remedies that several parts give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One kind of refusal: a code that is never used again, its stable name, what is the case, and how to mend it."""

    code: str
    name: str
    cause: str
    remedy: str


SIGN_AGAIN = "sign it again: plotter2 sign FILE"
"""What helps where a statement does not fit its script any more."""
KEEP_BYTES = (
    "put '*.p2 -text' and '*.p2.sig -text' into .gitattributes and check out again, "
    "or copy the file without changing its line ends"
)
"""What helps where line ends were changed."""
