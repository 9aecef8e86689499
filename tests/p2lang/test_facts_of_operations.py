"""Facts of a signature line: what each says, what they change, and that nothing else is accepted."""

from __future__ import annotations

import pytest

from p2lang.facts import PLAIN, Touched, parse_facts
from p2lang.signatures import Signature, parse_signature
from p2std.registry import core

LINE = "fn f@1(x:num, q:num) -> number | 1 | - | Words."


def test_a_line_without_facts_knows_none() -> None:
    assert parse_signature(LINE).facts is PLAIN


def test_facts_follow_the_words_of_a_line() -> None:
    found = parse_signature(f"{LINE} | null sometimes; unit root x; q in 0..1; q like 0.5").facts
    assert (found.null, found.unit) == ("sometimes", "root x")
    assert found.of("q").bounds == (0, 1)
    assert found.of("q").like == "0.5"
    assert found.of("x").bounds is None


def test_bounds_may_have_no_end() -> None:
    assert parse_facts("n in 1..").of("n").bounds == (1, float("inf"))


def test_what_is_touched_names_a_parameter_and_what_stands_without_it() -> None:
    assert parse_facts("touches write output:name or plot").touched == Touched(
        "write", "output", "name", "plot"
    )


@pytest.mark.parametrize("text", ["rows many", "null", "x in a..b", "touches everything", "q is"])
def test_what_is_no_fact_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ValueError, match="not a fact"):
        parse_signature(f"{LINE} | {text}")


def test_two_facts_about_the_same_are_refused() -> None:
    with pytest.raises(ValueError, match="the same"):
        parse_facts("rows kept; rows fewer")


def test_a_line_with_too_many_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="too many fields"):
        parse_signature(f"{LINE} | null never | unit none")


@pytest.mark.parametrize("signature", core().by_full_name.values(), ids=lambda s: s.full_name)
def test_facts_speak_of_parameters_that_there_are(signature: Signature) -> None:
    known = {p.attribute for p in signature.parameters}
    facts = signature.facts
    named = {*facts.narrowed, *facts.kind_of, facts.angle, facts.values_changed}
    named |= {word for word in facts.unit.split() if word in ("x", "y", "wrt")}
    named |= set() if facts.touched is None else {facts.touched.parameter}
    assert named - {""} <= known
