"""Numbers as people write them: 0.001, 20,000, 3×10⁻⁷; and the places of ticks on an axis."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from plotter2.renderkit.scene import Tick

Fits = Callable[[Sequence[str], Sequence[float]], bool]
"""Tells whether these texts have room when they stand at these data coordinates."""

_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MINUS: Final = "−"
_PLAIN_FROM, _PLAIN_BELOW = 1e-4, 1e7
_MANTISSAS: Final = (1.0, 2.0, 2.5, 5.0)


def level_text(value: float | str | bool) -> str:
    """Give a value as a legend or a label shows it, exact to 10 significant digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value).replace("-", _MINUS)
    if _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return _grouped(_trimmed(f"{value:.{max(0, 9 - math.floor(math.log10(abs(value))))}f}"))
    mantissa, exponent = f"{value:.9e}".split("e")
    digits = _trimmed(mantissa)
    power = power_text(int(exponent))
    shown = {"1": power, "-1": f"-{power}"}.get(digits, f"{digits}×{power}")
    return shown.replace("-", _MINUS)


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _grouped(digits: str, longest: int = 0) -> str:
    sign, digits = (_MINUS, digits[1:]) if digits.startswith("-") else ("", digits)
    whole, dot, part = digits.partition(".")
    if max(len(whole), longest) > 4:
        whole = f"{int(whole):,}"
    return f"{sign}{whole}{dot}{part}"


def power_text(exponent: int) -> str:
    """Give 10 to a whole power, with raised digits."""
    return f"10{str(exponent).translate(_RAISED)}"


@dataclass(frozen=True, slots=True)
class Ticks:
    """Labelled and small ticks; `factor` ("×10⁶") multiplies every text."""

    major: tuple[Tick, ...]
    minor: tuple[float, ...] = ()
    factor: str = ""


def linear_ticks(limits: tuple[float, float], most: int, fits: Fits, whole: bool) -> Ticks:
    """Give at most `most` round ticks whose texts fit; only whole numbers where `whole`."""
    low, high = min(limits), max(limits)
    exponent = math.floor(math.log10((high - low) / max(most, 1))) if high > low else 0
    chosen = Ticks(())
    for power in range(exponent, exponent + 4):
        for mantissa in _MANTISSAS:
            step = mantissa * 10.0**power if power >= 0 else mantissa / 10.0**-power
            # 25 or 250 read well, 2.5 and 0.25 only lengthen every text.
            if step != math.floor(step) and (whole or mantissa == 2.5):
                continue
            places = _multiples(low, high, step)
            if len(places) > most:
                continue
            chosen = _linear(places, step)
            if fits([t.text for t in chosen.major], [t.at for t in chosen.major]):
                return chosen
    return chosen


def _multiples(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > 1000:
        return [low] * 1001
    return [_round_to(place * step, step) for place in range(first, last + 1)]


def _round_to(value: float, step: float) -> float:
    return round(value, max(0, 2 - math.floor(math.log10(step)))) + 0.0


def _linear(places: list[float], step: float) -> Ticks:
    largest = max(map(abs, places), default=0.0)
    exponent = 0
    if largest >= 1e6 or 0 < largest < 1e-3:
        exponent = 3 * math.floor(math.log10(largest) / 3 + 1e-9)
    shown = step / 10.0**exponent
    decimals = max(0, -math.floor(math.log10(shown) + 1e-9))
    if abs(shown * 10**decimals - round(shown * 10**decimals)) > 1e-6:
        decimals += 1
    longest = len(f"{largest / 10.0**exponent:.0f}")
    ticks = tuple(
        Tick(at, _grouped(f"{at / 10.0**exponent + 0.0:.{decimals}f}", longest)) for at in places
    )
    return Ticks(ticks, factor=f"×{power_text(exponent)}" if exponent else "")


def log_ticks(limits: tuple[float, float], most: int, fits: Fits) -> Ticks:
    """Give ticks at powers of ten (and between them where there are few); linear ones below half a decade."""
    low, high = limits
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    minor = tuple(
        digit * 10.0**power
        for power in range(first - 1, last + 1)
        for digit in range(2, 10)
        if low <= digit * 10.0**power <= high
    )
    if last - first < 2:
        return _few_decades(limits, most, fits, minor)
    for every in range(1, last - first + 2):
        major = tuple(Tick(10.0**p, _decade(p, first, last)) for p in range(first, last + 1, every))
        texts, places = [t.text for t in major], [t.at for t in major]
        if len(major) <= most and fits(texts, places):
            return Ticks(major, minor if every == 1 else ())
    return Ticks(())


def _decade(power: int, first: int, last: int) -> str:
    plain = first >= -4 and last <= 4
    return level_text(10.0**power) if plain else power_text(power)


def _few_decades(
    limits: tuple[float, float], most: int, fits: Fits, minor: tuple[float, ...]
) -> Ticks:
    low, high = limits
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    wide = high / low > 5
    for digits in ((1, 2, 5), (1, 3), (1,)) if wide else (range(1, 10), (1, 2, 5)):
        places = [d * 10.0**p for p in powers for d in digits if low <= d * 10.0**p <= high]
        texts = [level_text(float(f"{at:.6g}")) for at in places]
        if 2 <= len(places) <= most and fits(texts, places):
            return Ticks(tuple(map(Tick, places, texts)), minor)
    return linear_ticks(limits, most, fits, whole=False)


def symlog_ticks(limits: tuple[float, float], constant: float, most: int, fits: Fits) -> Ticks:
    """Give ticks at 0 and at positive and negative powers of ten beyond the linear part."""
    low, high = limits
    least = math.ceil(math.log10(constant) - 1e-9)
    largest = math.floor(math.log10(max(abs(low), abs(high), constant)) + 1e-9)
    # The first power often stands too close to 0, so the next one is tried as well.
    for every, start in itertools.product(range(1, largest - least + 2), (least, least + 1)):
        powers = range(start, largest + 1, every)
        signed = [(-(10.0**p), _MINUS + _decade(p, least, largest)) for p in reversed(powers)]
        signed += [(0.0, "0"), *((10.0**p, _decade(p, least, largest)) for p in powers)]
        inside = [(at, text) for at, text in signed if low <= at <= high]
        texts, places = [text for _, text in inside], [at for at, _ in inside]
        if 2 <= len(inside) <= most and fits(texts, places):
            return Ticks(tuple(map(Tick, places, texts)))
    return linear_ticks(limits, most, fits, whole=False)


def column_of(values: Sequence[float | None], digits: int) -> list[str]:
    """Give the texts of a column of numbers, each with that many significant digits and all with equal decimals.

    Whole numbers keep all their digits; a column that spans too much for one form has powers of ten. None is a dash.
    """
    known = [v for v in values if v is not None and math.isfinite(v) and v != 0]
    largest, smallest = max(map(abs, known), default=0.0), min(map(abs, known), default=1.0)
    if largest >= _PLAIN_BELOW or smallest < _PLAIN_FROM:
        return [_dash(v) or _scientific(v, digits) for v in values]  # type: ignore[arg-type] # no None is left
    needed = max((_decimals(v, digits) for v in known), default=0)
    longest = max((len(str(int(abs(v)))) for v in known), default=0)
    return [_dash(v) or _grouped(f"{v:.{needed}f}", longest) for v in values]


def whole_column_of(values: Sequence[int | None]) -> list[str]:
    """Give the texts of a column of whole numbers, all digits of each. None is a dash."""
    longest = max((len(str(abs(v))) for v in values if v is not None), default=0)
    return ["–" if v is None else _grouped(str(v), longest) for v in values]


def _dash(value: float | None) -> str:
    if value is None:
        return "–"
    return "" if math.isfinite(value) else str(value).replace("-", _MINUS)


def _decimals(value: float, digits: int) -> int:
    """Give how many decimals show so many significant digits, without zeros at the end."""
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return len(_trimmed(f"{value:.{places}f}").partition(".")[2])


def _scientific(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{max(0, digits - 1)}e}".split("e")
    return f"{_trimmed(mantissa)}×{power_text(int(exponent))}".replace("-", _MINUS)
