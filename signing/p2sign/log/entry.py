"""Entries of the run log: one line of JSON each, keys sorted, in its one form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from p2sign.refusal import Refusal

MAX_ENTRY = 65535
"""The most bytes an entry may have: its length is two bytes in the bundles of tlog-tiles."""


def dump_entry(fields: Mapping[str, Any]) -> bytes:
    """Give the line of an entry, without its line end. Raises Refusal E_LOG_FORM."""
    line = _written(fields)
    if len(line) > MAX_ENTRY:
        raise Refusal("E_LOG_FORM", f"an entry has at most {MAX_ENTRY} bytes, this one {len(line)}")
    return line


def parse_entry(line: bytes) -> dict[str, Any]:
    """Read an entry; what is written again must give the same bytes. Raises Refusal E_LOG_FORM."""
    if len(line) > MAX_ENTRY:
        raise Refusal("E_LOG_FORM")
    try:
        found = json.loads(line)
        again = _written(found)
    except (ValueError, RecursionError):
        raise Refusal("E_LOG_FORM", "an entry of the log is not JSON") from None
    if not isinstance(found, dict) or again != line:
        raise Refusal("E_LOG_FORM")
    if not all(isinstance(found.get(name), str) for name in ("time", "event")):
        raise Refusal("E_LOG_FORM", "an entry of the log says no time or no event")
    return found


def _written(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
