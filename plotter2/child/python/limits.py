"""How much a step in Python may make, in one place. The child's memory and processor limits stand behind all of it."""

from __future__ import annotations

from typing import Final

from plotter2.child.run_codes import SCRIPT_LIMIT
from plotter2.errors import RunError

INTEGER_BITS: Final = 4_096
TEXT: Final = 1_000_000
ITEMS: Final = 2_000_000
NUMBERS: Final = 20_000_000
STEPS: Final = 50_000_000
PRINTED: Final = 16_000
WIDTH: Final = 1_000
_COUNTED: Final = 10**15


def require_integer(bits: int) -> None:
    """Raise RunError P2-R0693 when a whole number would be longer than it may."""
    if bits > INTEGER_BITS:
        raise too_much("a whole number", bits, INTEGER_BITS, "bits", "compute with floats: 1.0 * x")


def require_text(length: int) -> None:
    """Raise RunError P2-R0693 when a text would be longer than it may."""
    if length > TEXT:
        raise too_much("a text", length, TEXT, "characters", "make it shorter, or several of it")


def require_items(count: int) -> None:
    """Raise RunError P2-R0693 when a list, dict, set or tuple would be longer than it may."""
    if count > ITEMS:
        raise too_much(
            "a list", count, ITEMS, "elements", "use an array of num for so many numbers"
        )


def require_numbers(count: int) -> None:
    """Raise RunError P2-R0693 when an array would be larger than it may."""
    if count > NUMBERS:
        raise too_much("an array", count, NUMBERS, "elements", "work on groups or on fewer rows")


def too_much(what: str, count: int, most: int, of: str, remedy: str) -> RunError:
    """Give the error for something that would become too large."""
    many = f"{count:,}" if count < _COUNTED else "many"
    return RunError(
        SCRIPT_LIMIT, f"{what} would have {many} {of}, at most {most:,} are allowed", help=remedy
    )
