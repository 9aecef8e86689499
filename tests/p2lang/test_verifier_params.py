"""Values for parameters from outside: read as the type wants, kept within the range, or one clear message."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2_compiling import SCHEMAS, module_of
from p2lang.verifier import BadParam, Program, verify
from p2lang.verifier.params import CODES
from p2std.registry import core

SCRIPT = """p2 1
param k: int = 5 where $k in 2..20
param share: number = 95%
param limit: time = 10min where $limit > 0s and $limit <= 2h
param kind: string = "done" where $kind in ["done", "failed"]
param log: bool = false
param rates: list[number] = [0.1, 0.2] where count($rates) in 1..3
param seeds: list[int] = [1]
param needed: int
access("experiment2/run7")
  | filter(wall_time < $limit and status == $kind and lr in $rates and seed in $seeds and $log)
  | head($k + $needed)
  | frame
  | line(x=step, y=reward, alpha=$share)
  | plot
  | handoff
"""


@pytest.fixture(scope="module")
def program() -> Program:
    module = module_of(SCRIPT).module
    assert module is not None
    return verify(module.encode(), SCHEMAS, core())


def test_defaults_are_in_base_units(program: Program) -> None:
    assert program.bind({"needed": 1}) == {
        "k": 5,
        "share": 0.95,
        "limit": 600.0,
        "kind": "done",
        "log": False,
        "rates": (0.1, 0.2),
        "seeds": (1,),
        "needed": 1,
    }


@pytest.mark.parametrize(
    ("name", "given_value", "bound"),
    [
        ("k", "7", 7),
        ("k", 7, 7),
        ("k", 7.0, 7),
        ("share", "50%", 0.5),
        ("share", "1e-3", 0.001),
        ("share", 1, 1.0),
        ("limit", "1h", 3600.0),
        ("limit", "1_000ms", 1.0),
        ("limit", 30, 30.0),
        ("kind", "failed", "failed"),
        ("log", "true", True),
        ("log", True, True),
        ("rates", "0.1, 0.5", (0.1, 0.5)),
        ("rates", "[0.1]", (0.1,)),
        ("rates", [0.1, 1], (0.1, 1.0)),
        ("rates", 0.3, (0.3,)),
        ("seeds", "1,2,3", (1, 2, 3)),
        ("needed", "-3", -3),
    ],
)
def test_values_are_read_as_their_type_wants(
    program: Program, name: str, given_value: Any, bound: Any
) -> None:
    found = program.bind({"needed": 1, name: given_value})[name]
    assert found == bound
    assert type(found) is type(bound)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("k", "many", "P2-E0232"),
        ("k", "7.5", "P2-E0232"),
        ("k", 7.5, "P2-E0232"),
        ("k", True, "P2-E0232"),
        ("k", "9" * 40, "P2-E0232"),
        ("k", 2**70, "P2-E0232"),
        ("k", 21, "P2-E0217"),
        ("k", [1], "P2-E0232"),
        ("share", "1e999", "P2-E0232"),
        ("share", "1e999999999", "P2-E0232"),
        ("share", math.nan, "P2-E0232"),
        ("share", math.inf, "P2-E0232"),
        ("share", "10min", "P2-E0232"),
        ("limit", "600", "P2-E0232"),
        ("limit", "10mm", "P2-E0232"),
        ("limit", "3h", "P2-E0217"),
        ("kind", "other", "P2-E0217"),
        ("kind", 3, "P2-E0232"),
        ("log", "yes", "P2-E0232"),
        ("rates", "", "P2-E0217"),
        ("rates", "1,2,3,4", "P2-E0217"),
        ("rates", "a", "P2-E0232"),
        ("rates", [[1]], "P2-E0232"),
        ("seeds", "1.5", "P2-E0232"),
        ("kk", 3, "P2-E0231"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_code(
    program: Program, name: str, value: Any, code: str
) -> None:
    with pytest.raises(BadParam) as caught:
        program.bind({"needed": 1, name: value})
    assert caught.value.code == code
    assert name in caught.value.message


def test_a_parameter_without_a_default_must_be_given(program: Program) -> None:
    with pytest.raises(BadParam) as caught:
        program.bind({})
    assert caught.value.code == "P2-E0233"
    assert "-p needed=" in caught.value.help


def test_a_misspelt_parameter_gets_a_suggestion(program: Program) -> None:
    with pytest.raises(BadParam) as caught:
        program.bind({"limt": "1h"})
    assert caught.value.help == "did you mean `limit`?"


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.binary(max_size=3)
)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["k", "share", "limit", "kind", "log", "rates", "seeds"]),
    value=SCALARS | st.lists(SCALARS, max_size=3),
)
def test_anything_is_bound_or_refused(program: Program, name: str, value: Any) -> None:
    try:
        bound = program.bind({"needed": 1, name: value})
    except BadParam as refused:
        code = refused.code
    else:
        code = "P2-E0217"
        assert bound[name] == program.bind({"needed": 1, name: bound[name]})[name]
    assert code in CODES


@pytest.mark.parametrize("given", [{"limit": "never"}, {"nothing_like_it": "1"}])
def test_every_refused_value_has_a_remedy(program: Program, given: dict[str, str]) -> None:
    with pytest.raises(BadParam) as caught:
        program.bind(given)
    assert caught.value.help
