"""The error codes of libraries and their lock file, one line each. No behaviour."""

from __future__ import annotations

BAD_LOCK = "P2-E0253"
NOT_LOCKED = "P2-E0254"
NOTHING_USED = "P2-E0255"
ONLY_USED = "P2-E0256"
OTHER_LIBRARY = "P2-S0795"

CODES: dict[str, str] = {
    BAD_LOCK: "a lock file is not in its one form",
    NOT_LOCKED: "a lock file does not fit the libraries that are used",
    NOTHING_USED: "no script here uses a library",
    ONLY_USED: "a library does nothing by itself",
    OTHER_LIBRARY: "the signature beside a library is for another one",
}
