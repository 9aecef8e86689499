"""Units of numbers as labels that multiply and divide: `s`, `B/s`, `s^2`. No conversion: values are in base units."""

from __future__ import annotations

import re
from functools import lru_cache

from p2lang.types import UNITS

CHECKED = frozenset(unit for unit in UNITS if unit)
"""Units that a plain number is never compared with or passed for."""

EXAMPLES = {"s": "`10min` or `24h`", "pt": "`3pt` or `160mm`", "B": "`4MiB`", "rad": "`30deg`"}
"""How a number with that unit is written."""

_FACTOR = re.compile(r"([*/]?)([^*/^]+)(?:\^(-?[0-9]{1,3}))?")


def named(unit: str) -> str:
    """Give the words for a unit: `time`, `a plain number`, `[B/s]`."""
    return UNITS.get(unit) or f"[{unit}]"


def product(left: str, right: str) -> str:
    """Give the unit of a product."""
    return _combined(left, right, 1)


def quotient(left: str, right: str) -> str:
    """Give the unit of a quotient."""
    return _combined(left, right, -1)


def power(unit: str, exponent: int) -> str:
    """Give the unit of a whole power."""
    return _text({name: count * exponent for name, count in _factors(unit).items()})


def root(unit: str) -> str | None:
    """Give the unit of a square root, or None when it has none."""
    factors = _factors(unit)
    if any(count % 2 for count in factors.values()):
        return None
    return _text({name: count // 2 for name, count in factors.items()})


def _combined(left: str, right: str, sign: int) -> str:
    if not right:
        return left
    factors = dict(_factors(left))
    for name, count in _factors(right).items():
        factors[name] = factors.get(name, 0) + sign * count
    return _text(factors)


@lru_cache(maxsize=256)
def _factors(unit: str) -> dict[str, int]:
    factors: dict[str, int] = {}
    for sign, name, exponent in _FACTOR.findall(unit):
        if name != "1":
            count = int(exponent or 1) * (-1 if sign == "/" else 1)
            factors[name] = factors.get(name, 0) + count
    return factors


def _text(factors: dict[str, int]) -> str:
    above = [_factor(n, c) for n, c in sorted(factors.items()) if c > 0]
    below = [_factor(n, -c) for n, c in sorted(factors.items()) if c < 0]
    if not above and not below:
        return ""
    return "/".join(["*".join(above) or "1", *below])


def _factor(name: str, count: int) -> str:
    return name if count == 1 else f"{name}^{count}"
