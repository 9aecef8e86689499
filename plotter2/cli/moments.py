"""Moments as commands show them: for people in their own time zone, for programs in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(moment: int, timespec: str = "auto") -> str:
    """Give a moment in ms since 1970 for `--json`."""
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec=timespec)


def to_the_day(moment: int) -> str:
    """Give `2026-01-31` in the time zone of this machine."""
    return _local(moment, "%Y-%m-%d")


def to_the_minute(moment: int) -> str:
    """Give `2026-01-31 14:05` in the time zone of this machine."""
    return _local(moment, "%Y-%m-%d %H:%M")


def to_the_second(moment: int) -> str:
    """Give `2026-01-31 14:05:59` in the time zone of this machine."""
    return _local(moment, "%Y-%m-%d %H:%M:%S")


def _local(moment: int, form: str) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).astimezone().strftime(form)
