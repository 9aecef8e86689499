"""The checker on anything: it reports or it lowers, it never raises, and what it lowers the verifier accepts."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p2_compiling import LOWERED, SCHEMAS, SCRIPTS, codes, compiled
from p2_script_trees import SCRIPTS as TREES
from p2lang import ast
from p2lang.check import CODES, check
from p2lang.compiler import Limits
from p2lang.fmt import format_script
from p2lang.source import Source
from p2lang.verifier import verify
from p2std.registry import core

CALM = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
SIGNS = ("==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "**", "..")
WORDS = re.compile(
    r'f?"[^"\n]*"|`[^`\n]*`|\$?[A-Za-z_]\w*|[0-9]\w*(?:\.[0-9]\w*)?%?|==|!=|<=|>=|->|\.\.|\*\*|\S'
)


@CALM
@given(TREES)
def test_any_tree_is_reported_or_lowered(script: ast.Script) -> None:
    text = format_script(script)
    result = compiled(text)
    assert (result.module is None) == any(d.is_error for d in result.diagnostics)
    if result.module is not None:
        verify(result.module.encode(), result.schemas, core())


@CALM
@given(TREES)
def test_a_tree_without_places_is_checked_as_well(script: ast.Script) -> None:
    checked = check(script, Source(""), core(), SCHEMAS)
    assert {d.code for d in checked.diagnostics} <= {*CODES, "P2-E0101", "P2-E0217"}


def mangled(text: str, dice: random.Random, words: list[str]) -> str:
    """Give a script with a few words replaced, removed or swapped."""
    found = WORDS.findall(text)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(found))
        choice = dice.random()
        if choice < 0.05:
            del found[place]
        elif choice < 0.1:
            found[place] = dice.choice(words)
        else:
            kin = [word for word in words if kind_of(word) == kind_of(found[place])]
            found[place] = dice.choice(kin)
    return " ".join(found)


def kind_of(word: str) -> str:
    """Give what a word is: a name, a number, a text, a binding, or itself."""
    if word[0].isalpha() and not word.startswith('f"'):
        return (
            word if word in ("let", "param", "pipe", "def", "if", "then", "else", "in") else "name"
        )
    return (
        "number"
        if word[0].isdigit()
        else word[0]
        if word[0] in '"f$`'
        else "sign"
        if word in SIGNS
        else word
    )


def test_mangled_examples_are_reported_or_lowered() -> None:
    dice = random.Random(11)
    texts = [path.read_text(encoding="utf-8") for path in sorted(SCRIPTS.glob("*.p2"))]
    texts = [re.sub(r"#.*", "", text) for text in texts if '"""' not in text]
    words = [word for text in texts for word in WORDS.findall(text)]
    accepted = 0
    for _ in range(300):
        text = mangled(dice.choice(texts), dice, words)
        result = compiled(text)
        assert (result.module is None) == any(d.is_error for d in result.diagnostics)
        if result.module is not None:
            accepted += 1
            verify(result.module.encode(), result.schemas, core())
    assert accepted > 10


@pytest.mark.parametrize("path", LOWERED, ids=lambda path: path.stem)
def test_the_examples_have_no_mistakes(path: object) -> None:
    assert isinstance(path, type(SCRIPTS))
    found = codes(path.read_text(encoding="utf-8"))
    assert [code for code in found if not code.startswith("P2-W0402")] == []


def test_deep_expressions_are_refused_with_a_code() -> None:
    chain = " or ".join(f"step == {n}" for n in range(3_000))
    flow = (
        'access("experiment2/run7") | filter({}) | frame | line(x=step, y=reward) | plot | handoff'
    )
    assert codes(flow.format(chain)) in (["P2-E0303"], ["P2-E0004"])


def test_deep_values_made_of_bindings_are_refused_with_a_code() -> None:
    lines = ["let a0 = 1"] + [f"let a{n} = $a{n - 1} + 1" for n in range(1, 400)]
    flow = 'access("experiment2/run7") | filter(step > $a399) | frame | line(x=step, y=reward) | plot | handoff'
    assert set(codes("\n".join([*lines, flow]))) == {"P2-E0303"}


@pytest.mark.parametrize("levels", [14, 24, 40])
def test_definitions_that_double_are_refused_before_they_are_written_out(levels: int) -> None:
    lines = ["def f0(x: column[number]): number = $x + $x"]
    lines += [
        f"def f{n}(x: column[number]): number = f{n - 1}($x) + f{n - 1}($x)"
        for n in range(1, levels)
    ]
    lines += [
        f'access("matrix") | derive(y = f{levels - 1}(value)) | frame | line(x=row, y=y) | plot | handoff'
    ]
    assert codes("\n".join(lines)) == ["P2-E0302"]  # written out, 40 levels would never end


def test_pipes_that_double_are_refused() -> None:
    lines = ["pipe q0 = [head(3), head(2)]"]
    lines += [f"pipe q{n} = [$q{n - 1}, $q{n - 1}]" for n in range(1, 20)]
    lines += ['access("matrix") | $q19 | frame | line(x=row, y=value) | plot | handoff']
    assert codes("\n".join(lines)) == ["P2-E0302"]


def test_long_flows_and_many_statements_are_no_problem() -> None:
    steps = " ".join("| head(10)" for _ in range(2_000))
    assert codes(f'access("matrix") {steps} | frame | line(x=row, y=value) | plot | handoff') == []
    lets = "\n".join(f'let t{n} = access("matrix") | head({n + 1})' for n in range(800))
    uses = "\n".join(
        f'$t{n} | frame | line(x=row, y=value) | plot("p{n}") | handoff' for n in range(800)
    )
    assert codes(f"{lets}\n{uses}") == []


def test_a_right_that_was_not_granted_is_named() -> None:
    text = 'access("matrix") | frame | line(x=row, y=value) | plot | handoff'
    limits = Limits(rights=frozenset({"read", "render"}))
    [found] = [d for d in compiled(text, limits=limits).diagnostics if d.code != "P2-W0405"]
    assert found.code == "P2-E0220"
    assert '"write"' in found.message


def test_a_right_for_what_needs_more_than_this_release_has_is_named_as_well() -> None:
    text = 'redo("experiment2", over=sweep(lr=[0.1]))'
    limits = Limits(rights=frozenset({"read"}))
    assert "P2-E0220" in [d.code for d in compiled(text, limits=limits).diagnostics]


def test_a_damaged_statement_hides_its_names_from_complaints() -> None:
    text = 'let a = access("matrix") | filter(row > )\n$a | frame | line(x=row, y=value) | plot | handoff\n'
    assert codes(text) == ["P2-E0100"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_reported(text: str) -> None:
    result = compiled(text)
    assert (result.module is None) == any(d.is_error for d in result.diagnostics)
