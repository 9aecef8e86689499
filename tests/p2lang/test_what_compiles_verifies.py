"""The promise between compiler and verifier: whatever compiles is accepted, unchanged, and states what it needs.

Scripts are put together at random from steps and marks, right and wrong ones; those that compile must verify
from their bytes alone, and a second opinion (`independent_needs`) must agree with every bound and right.
`test_check_any_tree.py` asks the same of any syntax tree and of mangled examples.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from module_fuzzing import SCHEMAS, lies
from p2lang.compiler import compile_script
from p2lang.source import Source
from p2lang.verifier import verify
from p2std.registry import core

NUMBERS = st.sampled_from(["0", "1", "3", "$k", "$k * 2", "40", "1_000_000", "if $k > 2 then 3 else 5"])  # fmt: skip
COLUMNS = st.sampled_from(["step", "reward", "lr", "run", "seed", "a", "wall_time", "m"])
AGGREGATES = st.sampled_from(["mean", "sum", "max", "ci_low", "last", "count"])


def text(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Give texts with parts in the places of `{}`."""
    return st.tuples(*parts).map(lambda given: pattern.format(*given))


STEPS = st.one_of(
    text("filter({} > {})", COLUMNS, NUMBERS),
    text("derive(a = {} + {})", COLUMNS, NUMBERS),
    text("derive(a = rolling_mean({}, window={}))", COLUMNS, NUMBERS),
    text("derive(a = {} - mean({}), b = rank(reward))", COLUMNS, COLUMNS),
    text("summary(by=[{}], m = {}({}))", COLUMNS, AGGREGATES, COLUMNS),
    text("head({})", NUMBERS),
    text("sample(rows={})", NUMBERS),
    text("order(desc({}), {})", COLUMNS, COLUMNS),
    text("kmeans(on=[{}], k={}, iters=5)", COLUMNS, NUMBERS),
    text("select({}, step, reward, run)", COLUMNS),
    text("label({})", COLUMNS),
    text("join($other, on={})", COLUMNS),
    text("scale({})", COLUMNS),
    st.just("drop_nulls"),
)
MARKS = st.one_of(
    text("line(x={}, y={}, colour={})", COLUMNS, COLUMNS, COLUMNS),
    text("point(x={}, y={})", COLUMNS, COLUMNS),
    text("facet(cols={}, max_panels={})", COLUMNS, NUMBERS),
    text('axis(x="{}")', COLUMNS),
)
FLOWS = st.tuples(st.lists(STEPS, max_size=4), st.lists(MARKS, min_size=1, max_size=3)).map(
    lambda parts: " | ".join(['access("experiment2/run7")', *parts[0], "frame", *parts[1]])
)
COMPILED: Counter[bool] = Counter()


@settings(max_examples=250, deadline=None)
@given(flows=st.lists(FLOWS, min_size=1, max_size=3), when=st.booleans())
def test_whatever_compiles_is_accepted_and_tells_the_truth(flows: list[str], when: bool) -> None:
    lines = [f'{flow} | plot("p{number}") | handoff' for number, flow in enumerate(flows)]
    if when:
        lines[-1] = f"when rows($other) > $k {{ {lines[-1]} }}"
    script = "\n".join(
        [
            "p2 1",
            "param k: int = 3 where $k in 1..9",
            'let other = access("experiment2/run7") | select(step, lr) | rename(rate = lr)',
            *lines,
        ]
    )
    found = compile_script(Source(script), core(), SCHEMAS)
    assert (found.module is None) == any(d.is_error for d in found.diagnostics)
    COMPILED[found.module is not None] += 1
    if found.module is None:
        return
    encoded = found.module.encode()
    program = verify(encoded, found.schemas, core(), found.module.sha256)
    assert program.module == found.module
    assert program.capabilities == found.capabilities
    assert lies(encoded, program) == []


def test_a_good_part_of_these_scripts_compiles() -> None:
    assert COMPILED[True] > 20 or not COMPILED
