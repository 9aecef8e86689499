"""Times as what is signed holds them: whole seconds in UTC, `YYYY-MM-DDTHH:MM:SSZ` from the year 2000 on."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_TIME = re.compile(r"[2-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def is_whole_second(moment: datetime) -> bool:
    """Say whether a time is in UTC and has no fraction of a second."""
    return moment.utcoffset() == timedelta(0) and moment.microsecond == 0


def written_time(moment: datetime) -> str:
    """Write a time that is a whole second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text: str) -> datetime | None:
    """Read a time; None where the text is none."""
    try:
        return datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:  # such as 30 February
        return None


def require_zone(moment: datetime) -> None:
    """Raise ValueError for a time without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone says nothing; give datetime.now(UTC)")
