"""The error codes of the cache, one line each. No behaviour."""

from __future__ import annotations

from typing import Final

UNUSABLE: Final = "P2-D0920"

CODES: Final[dict[str, str]] = {
    UNUSABLE: "the folder of kept results cannot be read or emptied",
}
