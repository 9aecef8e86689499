"""Colours: the Pygments lexer covers every text, agrees with the language, and so does the editors' grammar."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String

from p2_scripts import SCRIPTS
from plotter2.highlight import P2Lexer

REPOSITORY = Path(__file__).parents[2]
TEXTS = [path.read_text(encoding="utf-8") for path in SCRIPTS]


def coloured(text: str) -> list[tuple[object, str]]:
    """Give the tokens of a text without white space."""
    return [(kind, t) for _, kind, t in P2Lexer().get_tokens_unprocessed(text) if t.strip()]


@pytest.mark.parametrize("text", TEXTS, ids=[path.stem for path in SCRIPTS])
def test_examples_are_lexed_whole_without_errors(text: str) -> None:
    found = list(P2Lexer().get_tokens_unprocessed(text))
    assert "".join(t for _, _, t in found) == text
    assert not [t for _, kind, t in found if kind is Error]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(TEXTS), st.integers(0, 2000), st.integers(0, 60), st.text(max_size=5))
def test_any_text_is_covered_in_order(text: str, at: int, gone: int, new: str) -> None:
    changed = text[:at] + new + text[at + gone :]
    place = 0
    for start, _, found in P2Lexer().get_tokens_unprocessed(changed):
        assert start == place
        place += len(found)
    assert place == len(changed)


def test_the_four_kinds_of_words_have_four_colours() -> None:
    text = 'access("a") | filter(`train/loss` > $cut) | line(x=step, colour=lr)'
    assert coloured(text) == [
        (Name.Function, "access"),
        *[(kind, t) for kind, t in coloured("(")],
        (String.Double, '"a"'),
        *[(kind, t) for kind, t in coloured(")")],
        (Operator, "|"),
        (Name.Function, "filter"),
        *[(kind, t) for kind, t in coloured("(")],
        (Name, "`train/loss`"),
        (Operator, ">"),
        (Name.Variable, "$cut"),
        *[(kind, t) for kind, t in coloured(")")],
        (Operator, "|"),
        (Name.Function, "line"),
        *[(kind, t) for kind, t in coloured("(")],
        (Name.Attribute, "x"),
        (Operator, "="),
        (Name, "step"),
        *[(kind, t) for kind, t in coloured(",")],
        (Name.Attribute, "colour"),
        (Operator, "="),
        (Name, "lr"),
        *[(kind, t) for kind, t in coloured(")")],
    ]


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("## what follows", Comment.Special, "## what follows"),
        ("# a remark", Comment.Single, "# a remark"),
        ("param k: int = 3", Keyword.Type, "int"),
        ("param k: int = 3", Name.Variable, "k"),
        ("param k: list[number]", Keyword.Type, "number"),
        ("let a = 10min", Keyword.Type, "min"),
        ("let a = 10min", Number, "10"),
        ('let a = f"x {$k} y"', Name.Variable, "$k"),
        ('let a = f"x {$k} y"', String.Interpol, "{"),
        ('let a = "a\\nb"', String.Escape, "\\n"),
        ("let a = true and b in c", Operator.Word, "and"),
        ("let a = true", Keyword.Constant, "true"),
        ('script f() = python """\nreturn 1\n"""', Keyword, "return"),
        ("access | frame", Name.Function, "frame"),
        ("let a = §", Error, "§"),
        ('let a = "still typ', String.Double, '"still typ'),
        ('let a = "never closed\nlet b = 3', Error, '"never closed'),
        ("def tidy(cut: int) = | head", Name.Function, "tidy"),
    ],
)
def test_what_is_what(text: str, kind: object, found: str) -> None:
    assert (kind, found) in coloured(text)


def test_pygments_finds_the_lexer_by_its_entry_point() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["p2"].partition(":")
    assert getattr(importlib.import_module(module), name) is P2Lexer
    assert "p2" in P2Lexer.aliases
    assert P2Lexer.analyse_text("# a\np2 1\nlet a = 3") == 1.0
    assert P2Lexer.analyse_text("import numpy") == 0.0
