"""What a kernel says when data cannot be computed with: code, message, help. The interpreter adds the place."""

from __future__ import annotations

from typing import Final

CODES: Final[dict[str, str]] = {
    "P2-R0610": "a whole number is outside the range of 64 bits",
    "P2-R0611": "a value cannot be changed into the wanted type",
    "P2-R0612": "a format specification that does not fit the value",
    "P2-R0613": "too few complete rows for what is asked",
    "P2-R0614": "an argument whose value cannot be used",
    "P2-R0616": "numbers too large or not finite for this operation",
    "P2-R0617": "a join gives more rows than it may",
}


class UnfitFormat(ValueError):
    """A value that a format specification does not suit, found while rows are computed.

    polars makes such an error anew from its text alone, so it can carry nothing else.
    """


class NotComputable(Exception):
    """A computation that the data or an argument's value does not allow."""

    def __init__(self, code: str, message: str, help: str = "") -> None:
        assert code in CODES
        super().__init__(message)
        self.code, self.message, self.help = code, message, help
