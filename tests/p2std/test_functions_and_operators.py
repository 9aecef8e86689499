"""Row-wise functions and operators against Python's own arithmetic, missing values included."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from p2std.errors import NotComputable
from p2std.lowering import constant
from p2std.operands import Range
from p2std.table import Nothing
from tagged import call, col, derived, lit, op, ran

NAN, INF = float("nan"), float("inf")
FLOATS = st.floats(-1e6, 1e6)


def of(value: Any, **columns: list[Any]) -> list[Any]:
    return derived(pl.DataFrame(columns, strict=False), value)


PLAIN = {
    "abs": abs, "exp": math.exp, "sin": math.sin, "cos": math.cos, "tan": math.tan, "atan": math.atan,
    "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh, "asinh": math.asinh,
    "floor": math.floor, "ceil": math.ceil,
}  # fmt: skip
PARTIAL: dict[str, tuple[Any, list[float]]] = {
    "sqrt": (math.sqrt, [-1.0]),
    "log": (math.log, [0.0, -1.0]),
    "log10": (math.log10, [0.0, -1.0]),
    "asin": (math.asin, [1.5, -2.0]),
    "acos": (math.acos, [1.5, -2.0]),
    "log2": (math.log2, [0.0, -1.0]),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_functions(name: str) -> None:
    values = [-1.25, 0.0, 0.5, 3.0]
    found = of(call(name, x=col("x")), x=[*values, None, NAN])
    assert found == [*(pytest.approx(PLAIN[name](v), rel=1e-14) for v in values), None, None]


@pytest.mark.parametrize("name", PARTIAL)
def test_a_value_without_an_answer_is_missing(name: str) -> None:
    answer, without = PARTIAL[name]
    found = of(call(name, x=col("x")), x=[0.5, 1.0, *without, None, NAN])
    assert found[:2] == pytest.approx([answer(0.5), answer(1.0)])
    assert found[2:] == [None] * (len(without) + 2)


def test_atan2() -> None:
    found = of(
        call("atan2", y=col("y"), x=col("x")), y=[1.0, 0.0, -1.0, None], x=[1.0, -1.0, 0.0, 1.0]
    )
    assert found == [math.pi / 4, math.pi, -math.pi / 2, None]


@given(FLOATS, FLOATS)
def test_mod_has_the_sign_of_the_divisor(x: float, y: float) -> None:
    assume(abs(y) > 1e-3)
    (found,) = of(call("mod", x=col("x"), y=col("y")), x=[x], y=[y])
    assert found == pytest.approx(x % y, abs=1e-6) or abs(found - x % y) == pytest.approx(
        abs(y), abs=1e-6
    )


def test_mod_by_zero_is_missing() -> None:
    assert of(call("mod", x=col("x"), y=col("y")), x=[5, 7, -7], y=[0, 4, 4]) == [None, 3.0, 1.0]


def test_round_goes_away_from_zero_at_half() -> None:
    assert of(call("round", x=col("x")), x=[0.5, 1.5, 2.5, -0.5, -2.5]) == [
        1.0,
        2.0,
        3.0,
        -1.0,
        -3.0,
    ]
    assert of(call("round", x=col("x"), digits=2), x=[3.14159, None]) == [3.14, None]
    assert of(call("round", x=col("x"), digits=-2), x=[150.0, 1249.0]) == [200.0, 1200.0]


def test_isnull_and_fill_see_nan_as_missing() -> None:
    assert of(call("isnull", x=col("x")), x=[1.0, None, NAN]) == [False, True, True]
    assert of(call("fill", x=col("x"), value=0), x=[1.0, None, NAN]) == [1.0, 0.0, 0.0]
    ratio = op("/", col("x"), col("x"))
    assert of(call("isnull", x=ratio), x=[0.0, 1.0]) == [True, False]
    assert of(call("fill", x=ratio, value=-1.0), x=[0.0, 1.0]) == [-1.0, 1.0]


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        (".1%", 0.1234),
        (".2f", 3.14159),
        ("8.3g", 1234.5),
        (",d", 1234567),
        (">5", "ab"),
        ("+.0e", 5.5e9),
    ],
)
def test_format_is_pythons(spec: str, value: Any) -> None:
    assert of(call("format", x=col("x"), spec=spec), x=[value, None]) == [format(value, spec), None]


@pytest.mark.parametrize("spec", ["{x}", "!r", ".999999999f", "%d", "d\n"])
def test_a_wrong_specification_is_refused(spec: str) -> None:
    with pytest.raises(NotComputable) as refused:
        of(call("format", x=col("x"), spec=spec), x=[1.0])
    assert refused.value.code == "P2-R0612"


# ------------------------------------------------------------ operators
def test_division_of_whole_numbers_gives_a_number() -> None:
    assert of(op("/", col("a"), col("b")), a=[1, 7, 0, 3], b=[2, 7, 5, None]) == [
        0.5,
        1.0,
        0.0,
        None,
    ]


def test_nothing_divided_by_nothing_is_missing_and_something_is_infinite() -> None:
    assert of(op("/", col("a"), col("b")), a=[0, 1, -1], b=[0, 0, 0]) == [None, INF, -INF]


def test_a_power_is_a_number() -> None:
    assert of(op("**", col("a"), col("b")), a=[2, 2, -8], b=[3, -1, 0]) == [8.0, 0.5, 1.0]
    assert of(op("**", col("a"), 0.5), a=[4.0, -4.0]) == [2.0, None]


@pytest.mark.parametrize("sign", ["+", "-", "*"])
def test_whole_numbers_stay_whole(sign: str) -> None:
    found = of(op(sign, col("a"), col("b")), a=[2**40, -3], b=[2**20, 5])
    assert found == [eval(f"{a}{sign}{b}") for a, b in ((2**40, 2**20), (-3, 5))]
    assert all(isinstance(v, int) for v in found)


def test_a_whole_number_never_wraps_round() -> None:
    with pytest.raises(pl.exceptions.InvalidOperationError, match="i128"):
        of(op("*", col("a"), col("a")), a=[2**40])


@pytest.mark.parametrize("sign", ["<", ">=", "==", "!="])
def test_comparing_with_missing_is_missing(sign: str) -> None:
    assert of(op(sign, col("a"), 1.0), a=[None, NAN]) == [None, None]
    ratio = op("/", col("a"), col("a"))
    assert of(op(sign, ratio, 1.0), a=[0.0]) == [None]


def test_truth_has_three_values() -> None:
    left, right = [True, True, True, False, False, None], [True, False, None, False, None, None]
    assert of(op("and", col("a"), col("b")), a=left, b=right) == [
        True,
        False,
        None,
        False,
        False,
        None,
    ]
    assert of(op("or", col("a"), col("b")), a=left, b=right) == [
        True,
        True,
        True,
        False,
        None,
        None,
    ]
    assert of(["not", col("a")], a=[True, False, None]) == [False, True, None]


def test_membership() -> None:
    assert of(op("in", col("a"), [0.05, 0.1]), a=[0.1, 0.2, None]) == [True, False, None]
    assert of(op("in", col("a"), [1, 2]), a=[1.0, 1.5, 2.0]) == [True, False, True]
    assert of(op("in", col("a"), [0.5, 2.0]), a=[1, 2]) == [False, True]
    assert of(op("in", col("a"), ["x", "y"]), a=["x", "z"]) == [True, False]
    assert of(op("in", col("a"), ["range", lit(1), lit(3)]), a=[0, 1, 3, 4, None]) == [
        False,
        True,
        True,
        False,
        None,
    ]
    assert of(op("in", col("a"), ["list", [col("b"), lit(9)]]), a=[1, 9, 2], b=[1, 1, 1]) == [
        True,
        True,
        False,
    ]


def test_if_takes_else_when_the_condition_is_missing() -> None:
    value = ["if", op(">", col("a"), 0), lit(1), lit(2.5)]
    assert of(value, a=[5, -5, None]) == [1.0, 2.5, 2.5]


def test_text_with_holes_writes_numbers_short() -> None:
    value = ["cat", [lit("a="), col("a"), lit(" b="), col("b"), lit(" c="), col("c")]]
    assert of(value, a=[1, 2], b=[0.1, 5.0], c=[True, None]) == ["a=1 b=0.1 c=true", None]


def test_negation() -> None:
    assert of(["neg", col("a")], a=[1, None]) == [-1, None]


def test_a_window_inside_a_function_and_an_aggregate_on_every_row() -> None:
    centred = op("-", col("x"), call("mean", x=col("x")))
    assert of(call("abs", x=centred), x=[1.0, 3.0, None]) == [1.0, 1.0, None]
    smooth = op("*", call("rolling_mean", x=col("x"), window=2), 2)
    assert of(smooth, x=[1.0, 3.0]) == [2.0, 4.0]


def test_all_new_columns_see_the_old_ones() -> None:
    frame = pl.DataFrame({"a": [1, 2]})
    both = ["new", [["a", op("+", col("a"), 1)], ["b", op("*", col("a"), 10)]]]
    assert ran("derive", frame, new=both).rows() == [(2, 10), (3, 20)]


def test_hidden_columns_do_not_stay() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0]})
    value = op("-", call("rolling_mean", x=col("x"), window=2), call("mean", x=col("x")))
    assert ran("derive", frame, new=["new", [["d", value]]]).columns == ["x", "d"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lit(5), 5),
        (lit(0.1), 0.1),
        (lit([1, 2]), [1, 2]),
        (lit(None), None),
        (["range", lit(0), lit(1)], Range(0, 1)),
        (op("/", 1, 4), 0.25),
        (op("and", True, op(">", 2, 1)), True),
        (["cat", [lit("k="), lit(5)]], "k=5"),
        (call("sqrt", x=op("+", 9, 7)), 4.0),
        (["if", op(">", 1, 2), lit("a"), lit("b")], "b"),
        (op("in", 3, [1, 2, 3]), True),
        (["len", lit([1, 2, 3])], 3),
    ],
)
def test_constants(value: list[Any], expected: Any) -> None:
    assert constant(value, Nothing()) == expected


def test_inverse_hyperbolic_functions_have_no_value_outside_their_domain() -> None:
    assert of(call("acosh", x=col("x")), x=[1.0, 2.0, 0.5, None]) == [
        0.0, pytest.approx(math.acosh(2)), None, None,
    ]  # fmt: skip
    assert of(call("atanh", x=col("x")), x=[0.0, 0.5, 1.0, -1.0, 2.0]) == [
        0.0, pytest.approx(math.atanh(0.5)), None, None, None,
    ]  # fmt: skip


@given(st.integers(-1000, 1000))
def test_log2_of_a_power_of_two_is_exact(power: int) -> None:
    assert of(call("log2", x=col("x")), x=[2.0**power]) == [power]


@given(st.lists(FLOATS | st.none(), min_size=1), FLOATS, FLOATS)
def test_clamp_is_numpys_clip(values: list[float | None], low: float, high: float) -> None:
    found = of(call("clamp", x=col("x"), low=low, high=high), x=[*values, NAN])
    assert found == [*(None if v is None else float(np.clip(v, low, high)) for v in values), None]


def test_clamp_without_a_bound_is_missing() -> None:
    assert of(call("clamp", x=1.0, low=col("x"), high=2.0), x=[0.0, None]) == [1.0, None]


def test_sign_is_minus_one_zero_or_one() -> None:
    assert of(call("sign", x=col("x")), x=[-0.5, 0.0, 3.0, None]) == [-1, 0, 1, None]


@given(
    st.lists(st.text(max_size=8), min_size=1, max_size=4),
    st.text(max_size=3),
    st.text("a$1", max_size=3),
)
def test_functions_of_text_are_pythons(values: list[str], part: str, new: str) -> None:
    def texts(name: str, **others: Any) -> list[Any]:
        return of(call(name, x=col("x"), **others), x=values)

    assert texts("length") == [len(v) for v in values]
    assert texts("contains", part=part) == [part in v for v in values]
    assert texts("starts_with", part=part) == [v.startswith(part) for v in values]
    assert texts("ends_with", part=part) == [v.endswith(part) for v in values]
    assert texts("replace", old=part, new=new) == [
        v.replace(part, new) if part else v for v in values
    ]


def test_missing_text_stays_missing_and_capitals_follow_unicode() -> None:
    assert of(call("upper", x=col("x")), x=["straße", "é", None]) == ["STRASSE", "É", None]
    assert of(call("lower", x=col("x")), x=["ÉA", None]) == ["éa", None]
