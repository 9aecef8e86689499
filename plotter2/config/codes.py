"""The error codes of settings, one line each. No behaviour."""

from __future__ import annotations

BAD_SETTINGS = "P2-H0901"

CODES: dict[str, str] = {
    BAD_SETTINGS: "the settings of the root cannot be used, or others can change them",
}
