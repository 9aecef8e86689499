"""The text of a step in Python is looked at as tokens: nothing that can stand in it makes the checker fail or wait."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2lang.check.script_calls import called
from p2lang.check.script_names import unknown_names
from p2lang.compiler import Limits, compile_script
from p2lang.ir import Node
from p2lang.semantics.script_text import DEEPEST, LONGEST_LINE, LONGEST_SCRIPT, first_fault, tokens
from p2lang.semantics.structure import SCRIPT, asks_about_place
from p2lang.source import Source
from p2std.registry import core

PIECES = (
    "access", "expose", "impose", "plot", "(", ")", "[", "]", "{", "}", ",", "=", '"a"', "'b'", "1", "-", "x", ".",
    "gather_tasks", "collect", "\n", "def ", "for ", "in ", "lambda ", ":", "if ", "f'{x}'", "*", "None", "#c\n",
    "\\\n",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@settings(max_examples=300, deadline=1000)
def test_any_tokens_are_looked_through(text: str) -> None:
    for call in called(text, 0):
        assert text[call.span.start : call.span.end].startswith(call.word)
    assert all(text[u.token.start : u.token.end] == u.token.text for u in unknown_names(text, ()))


@given(st.text(max_size=60))
def test_any_characters_are_looked_through(text: str) -> None:
    fault = first_fault(text)
    assert fault is None or 0 <= fault.start <= fault.end <= max(len(text), 1)
    assert all(text[t.start : t.end] == t.text for t in tokens(text))


@pytest.mark.parametrize(
    ("text", "about", "said"),
    [
        ("#" * (LONGEST_SCRIPT + 1), "size", "32,769 characters"),
        ("x = '\u202e'", "sign", "invisible character U+202E"),
        ("x = '\x00'", "sign", "U+0000"),
        ("naïve = 1", "sign", "stands in a name"),
        ("(" * (DEEPEST + 1), "sign", "more than 60 brackets"),
        ("f'{" + "(" * (DEEPEST + 1) + "}'", "sign", "more than 60 brackets"),
        ("-" * (LONGEST_LINE + 1), "sign", "more than 4,000 words and signs"),
        ("x = 'a", "sign", "a string is not closed"),
        ("x = (1]", "sign", "closes nothing here"),
        ("yield 1", "word", "`yield` is not allowed"),
        ("x.__class__", "word", "begin with _"),
    ],
)
def test_what_may_not_stand_in_a_text_is_told(text: str, about: str, said: str) -> None:
    fault = first_fault(text)
    assert fault is not None
    assert fault.about == about
    assert said in fault.message
    assert fault.help


def test_a_call_is_read_with_its_literals_and_its_place() -> None:
    (call,) = called('x = 1\nt = access("runs/*", step=-3, since=None, seeds=[1, 2], at=n)', 100)
    assert (call.word, call.key, call.text(0)) == ("access", "2:4", "runs/*")
    assert [name for name, _ in call.named] == ["step", "since", "seeds", "at"]
    assert (call.span.start, call.span.end) == (110, 167)


@pytest.mark.parametrize(
    "text", ["x.access('a')", "def access(a):\n    return a", "'access(1)'", "access"]
)
def test_what_only_looks_like_a_call_is_none(text: str) -> None:
    assert called(text, 0) == []


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_mistake_has_its_line_whatever_ends_lines(end: str) -> None:
    text = 'p2 1\nscript f() = python """\nx = 1\nprint(y)\n"""\nf()\n'.replace("\n", end)
    source = Source(text, "plot.p2")
    (told,) = [d for d in compile_script(source, core(), {}, Limits()).diagnostics if d.is_error]
    assert (told.code, source.position(told.span.start)) == ("P2-E0282", (4, 7))


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("x = me.bundle", True),
        ("x = f'{me.bundle}'", True),
        ("x = f'{1:{imposed()[0]}}'", True),
        ("x = f'{\uff4de.bundle}'", True),
        ("x = approved", True),
        ("x = mean  # me", False),
        ("x = f'{mean}'", False),
    ],
)
def test_a_text_that_asks_about_its_place_is_known_by_its_words(text: str, asks: bool) -> None:
    node = Node(SCRIPT.full_name, (), {"text": ["str", text]}, "table")
    assert asks_about_place(node) is asks
