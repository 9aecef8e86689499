"""Patterns of rights mean what they mean to Python's `re`, are matched in linear time, and nothing unknown is taken."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2sign.ceilings import EVERYTHING, Ceiling, Within
from p2sign.refusal import Refusal

LETTERS = st.sampled_from(["a", "b", "-", "/", "1", " "])
ATOMS = st.one_of(
    LETTERS.map(lambda letter: letter.replace("-", r"\-")),
    st.sampled_from([".", r"\d", r"\w", r"\W", "[a-b]", "[^a]", r"[\d\-]", "[ab1]"]),
)
COUNTS = st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}"])


def repeated(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("({}){}".format, part, COUNTS)


PATTERNS = st.recursive(
    ATOMS,
    lambda part: st.one_of(
        st.lists(part, min_size=1, max_size=3).map("".join),
        st.lists(part, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        repeated(part),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.lists(st.text("ab-/1 é\n", max_size=6), max_size=6))
def test_a_pattern_means_what_re_says(pattern: str, lines: list[str]) -> None:
    try:
        ceiling = Ceiling((pattern,))
    except Refusal:
        return
    expected = re.compile(pattern, re.ASCII)
    for line in filter(str.isascii, lines):
        assert ceiling.covers(line) == (expected.fullmatch(line) is not None), (pattern, line)


def test_the_patterns_of_the_design_cover_whole_rights() -> None:
    ceiling = Ceiling((r"read bundle:run-\d+/\w+", r"write frame:[\w-]+"))
    assert ceiling.covers("read bundle:run-7/loss")
    assert ceiling.covers("write frame:loss-summary")
    for line in (
        "read bundle:run-7/loss/x",
        "xread bundle:run-7/loss",
        "read bundle:run-/loss",
        "",
    ):
        assert not ceiling.covers(line)
    assert not ceiling.covers("write frame:größe")


def test_no_pattern_and_no_line_hold_the_program_up() -> None:
    line = "a" * 1000
    start = time.process_time()
    for pattern in ("(a*)*b", "(a|a)*b", "(a?){99}a{99}b", ".*.*.*.*.*.*.*.*.*b", "(.{9}|.{8})*b"):
        assert not Ceiling((pattern,)).covers(line)
    assert time.process_time() - start < 20  # with backtracking it would be years


@pytest.mark.parametrize(
    "pattern",
    [
        "", "a" * 201, "é", "a\n", "(a", "a)", "[a", "[]", "*a", "a**", "a*?", "a++", "a{", "a{,2}",
        "a{2,1}", "a{0}", "a{1000}", "(?=a)", "(?P<n>a)", "(?i)a", r"(a)\1", r"\b", r"\x41", r"\s",
        "^a", "a$", "a|", "|a", "()", "[z-a]", r"[\d-z]", "a]", "a}", "[[]", "(" * 11 + "a" + ")" * 11,
        "(a{99}){99}", "read bundle:*", "read bundle:lab/*",
    ],
)  # fmt: skip
def test_what_is_not_simple_is_refused(pattern: str) -> None:
    with pytest.raises(Refusal) as caught:
        Ceiling((pattern,))
    assert caught.value.name == "E_POLICY_PATTERN"


def test_a_star_after_a_colon_is_told_to_be_a_mistake() -> None:
    with pytest.raises(Refusal, match=r"write \.\* for anything"):
        Ceiling(("read bundle:*",))


def test_nobody_has_more_patterns_than_can_be_read() -> None:
    Ceiling(("a",) * 64)
    with pytest.raises(Refusal):
        Ceiling(("a",) * 65)


def test_ceilings_can_lie_within_each_other() -> None:
    both = Within((Ceiling(("read .*",)), Ceiling((".*:lab/.*",))))
    assert both.covers("read bundle:lab/x")
    assert not both.covers("read bundle:x")
    assert not both.covers("write output:lab/x")
    assert EVERYTHING.covers("request redo:x")
    assert not Ceiling(()).covers("read bundle:x")
