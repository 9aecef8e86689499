"""Numbers as people write them, ticks at round places, texts measured and broken."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter2.renderkit.lettering import printable, text_width, wrapped
from plotter2.renderkit.numbers import level_text, linear_ticks, log_ticks, symlog_ticks


def anything_fits(_texts: object, _places: object) -> bool:
    """Room without end."""
    return True


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.001, "0.001"),
        (0.1, "0.1"),
        (0.30000000000000004, "0.3"),
        (1e-5, "10⁻⁵"),
        (3e-7, "3×10⁻⁷"),
        (-1e-9, "−10⁻⁹"),
        (5000, "5000"),
        (20000, "20,000"),
        (-2.5, "−2.5"),
        (0.0, "0"),
        (True, "true"),
        ("1e-03", "1e-03"),
    ],
)
def test_levels_are_written_plainly(value: float | str | bool, text: str) -> None:
    assert level_text(value) == text


@pytest.mark.parametrize(
    ("limits", "texts", "factor"),
    [
        ((0, 3000), ["0", "500", "1000", "1500", "2000", "2500", "3000"], ""),
        ((0, 20_000), ["0", "5,000", "10,000", "15,000", "20,000"], ""),
        ((-0.2, 1.3), ["−0.2", "0.0", "0.2", "0.4", "0.6", "0.8", "1.0", "1.2"], ""),
        ((0, 4e6), ["0", "1", "2", "3", "4"], "×10⁶"),
        ((0, 9e-6), ["0", "2", "4", "6", "8"], "×10⁻⁶"),
    ],
)
def test_linear_ticks_are_round(limits: tuple[float, float], texts: list[str], factor: str) -> None:
    ticks = linear_ticks(limits, 8 if factor == "" else 6, anything_fits, whole=False)
    assert [tick.text for tick in ticks.major] == texts
    assert ticks.factor == factor


def test_an_axis_of_whole_numbers_has_no_broken_ticks() -> None:
    ticks = linear_ticks((0.8, 3.2), 8, anything_fits, whole=True)
    assert [tick.text for tick in ticks.major] == ["1", "2", "3"]


@given(
    st.floats(-1e9, 1e9, allow_subnormal=False),
    st.floats(1e-6, 1e9, allow_subnormal=False),
    st.integers(2, 10),
)
def test_linear_ticks_lie_within_the_limits_and_say_what_they_stand_for(
    low: float, width: float, most: int
) -> None:
    high = low + width
    if high - low < 1e-7 * max(abs(low), abs(high)):
        return
    ticks = linear_ticks((low, high), most, anything_fits, whole=False)
    assert len(ticks.major) <= most
    exponent = int(ticks.factor[3:].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
    for tick in ticks.major:
        assert low - 1e-6 * width <= tick.at <= high + 1e-6 * width
        said = float(tick.text.replace("−", "-").replace(",", "")) * 10.0**exponent
        assert math.isclose(said, tick.at, rel_tol=1e-9, abs_tol=1e-6 * width)


def test_log_ticks_stand_at_powers_and_between_them_where_there_are_few() -> None:
    many = log_ticks((1e-12, 1e6), 8, anything_fits)
    assert [tick.text for tick in many.major] == [
        "10⁻¹²",
        "10⁻⁹",
        "10⁻⁶",
        "10⁻³",
        "10⁰",
        "10³",
        "10⁶",
    ]
    few = log_ticks((0.5, 30.0), 8, anything_fits)
    assert [tick.text for tick in few.major] == ["0.5", "1", "2", "5", "10", "20"]
    narrow = log_ticks((17.0, 17.5), 8, anything_fits)
    assert len(narrow.major) >= 2


def test_symlog_ticks_are_symmetric_around_zero() -> None:
    ticks = symlog_ticks((-1000.0, 1000.0), 0.1, 9, anything_fits)
    places = [tick.at for tick in ticks.major]
    assert 0.0 in places
    assert places == [-place for place in reversed(places)]


def test_control_characters_become_spaces_and_lines_stay() -> None:
    assert printable("a\x00b\x1b[31m\nc\ud800") == "a b [31m\nc "


@given(st.text(max_size=80), st.floats(30, 400), st.booleans())
def test_broken_lines_fit_and_lose_nothing(text: str, width: float, bold: bool) -> None:
    lines = wrapped(text, width, 9.0, bold).split("\n")
    assert all(len(line) <= 1 or text_width(line, 9.0, bold) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == printable(text).replace("\n", "").replace(" ", "")


def test_ticks_of_a_huge_offset_do_not_take_for_ever() -> None:
    limits = (1e15, float(np.nextafter(1e15, 2e15)))
    assert len(linear_ticks(limits, 8, anything_fits, whole=False).major) <= 8
