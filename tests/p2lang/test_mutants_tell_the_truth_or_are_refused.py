"""Mutants by someone who fits ids, rights and bounds: refused with a code, or accepted and true by a second opinion.

`make fuzz` does the same for 200,000 mutants.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from independent_needs import told
from module_fuzzing import OWN, SCHEMAS, at, fitted, fuzz, is_value, leaves, lies, renamed, seeds
from p2_compiling import SCHEMAS as LARGE
from p2_compiling import SCRIPTS, compiled
from p2lang import ir
from running_mutants import ran

CONTENTS = seeds()


@pytest.mark.parametrize("seed", [1, 2])
def test_no_mutant_is_a_surprise_and_none_that_lies_is_accepted(seed: int) -> None:
    counts = fuzz(2_000, seed, ran)
    assert counts["P2-V0519"] == 0, "a surprise: a shape check is missing"
    assert counts["accepted"] > 100
    assert counts["run"] > 10
    assert len(counts) > 12


def test_what_the_compiler_makes_is_true_by_the_second_opinion() -> None:
    exact = 0
    for text in (*OWN, *(path.read_text("utf-8") for path in sorted(SCRIPTS.glob("*.p2")))):
        module = compiled(text).module
        if module is None:
            continue
        found = told(module.as_json(), LARGE)
        assert found.rights == set(module.rights)
        exact += found.exact
        stated = {"work": module.work, **module.needs}
        for name in ("work", "rows", "panels", "frames", "pixels"):
            here = getattr(found, name)
            assert here == stated[name] if found.exact else here <= stated[name], name
        assert found.memory <= stated["memory"]
    assert exact >= 8


@pytest.mark.parametrize("name", ["memory", "rows", "panels", "pixels", "frames"])
@pytest.mark.parametrize("difference", [-1, 1])
def test_a_bound_that_is_one_off_is_refused(name: str, difference: int) -> None:
    content = copy.deepcopy(CONTENTS[0])
    content["needs"][name] += difference
    result, data, program = fitted(ir.canonical(content))
    assert result == "accepted"  # after it was mended
    assert json.loads(data)["needs"] == CONTENTS[0]["needs"]
    assert program is not None


OPERATORS = st.sampled_from(["+", "-", "*", "/", "<", "and", "in", "=="])
FUNCTIONS = st.sampled_from(["mean@1", "sqrt@1", "isnull@1", "rank@1", "system@1"])
VALUES = st.recursive(
    st.one_of(
        st.builds(lambda n: ["int", n], st.integers(-(2**64), 2**64)),
        st.builds(lambda n: ["num", n.hex()], st.floats(allow_nan=False, allow_infinity=False)),
        st.builds(lambda t: ["str", t], st.text(max_size=6)),
        st.sampled_from([["null"], ["bool", True], ["var", "k"], ["col", "step"], ["col", "reward"], ["col", "lr"]]),
        st.builds(lambda names: ["cols", names], st.lists(st.sampled_from(["step", "reward", "run"]), unique=True)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda a, b, op: ["op", op, a, b], inner, inner, OPERATORS),
        st.builds(lambda a, b, c: ["if", a, b, c], inner, inner, inner),
        st.builds(lambda items: ["list", items], st.lists(inner, max_size=3)),
        st.builds(lambda a, f: ["call", f, {"x": a}], inner, FUNCTIONS),
        st.builds(lambda a, t: [t, a], inner, st.sampled_from(["neg", "not", "len"])),
    ),
    max_leaves=8,
)  # fmt: skip
"""Well-formed tagged values of every kind, right or wrong where they stand."""


@settings(max_examples=300, deadline=None)
@given(data=st.data(), value=VALUES)
def test_any_value_in_the_place_of_any_other_is_refused_or_true(
    data: st.DataObject, value: list[Any]
) -> None:
    content = copy.deepcopy(data.draw(st.sampled_from(CONTENTS)))
    node = data.draw(st.sampled_from(content["nodes"]))
    places = [path for path in leaves(node[3]) if path and is_value(at(node[3], path))]
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    at(node[3], place[:-1])[place[-1]] = value
    try:
        encoded = ir.canonical(renamed(content))
    except UnicodeEncodeError:
        return
    result, encoded, program = fitted(encoded)
    assert result != "P2-V0519"
    if program is not None:
        assert lies(encoded, program) == []
        assert program.work >= 0
        assert set(program.module.schema) <= set(SCHEMAS)
