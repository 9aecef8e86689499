"""What holds for any text: an answer and no exception, and layout that carries no meaning."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from p2_script_trees import SCRIPTS as TREES
from p2_scripts import SCRIPTS, parsed
from p2lang import ast
from p2lang.diagnostics import Diagnostic, as_json, render
from p2lang.fmt import format_script
from p2lang.parser import decode, parse
from p2lang.parser.codes import CODES
from p2lang.parser.lexer import lex
from p2lang.parser.tables import tables
from p2lang.source import Source

REPORT = next(path for path in SCRIPTS if path.stem == "06_report").read_text("utf-8")
WORDS = sorted(tables().keywords)
SIGNS = [text for _, kind, text in tables().terminals if kind == "str" and text not in WORDS]
FRAGMENTS = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(
        [
            *SIGNS,
            "==",
            "<",
            "!",
            "&&",
            ";",
            "'",
            "“",
            '"',
            "`",
            "$",
            "%",
            "\\",
            "\n",
            "#",
            '"""',
            "§",
        ]
    ),
    st.sampled_from(
        [
            "a",
            "$x",
            "table",
            "f",
            "1",
            "5m",
            "10min",
            '"t"',
            'f"{a}"',
            'f"{',
            "`n`",
            "for",
            "lambda",
        ]
    ),
    st.text(max_size=4),
)
SOUPS = st.lists(st.tuples(FRAGMENTS, st.sampled_from(["", " ", "\n"])), max_size=25).map(
    lambda parts: "".join(text + gap for text, gap in parts)
)
OFTEN = settings(max_examples=300, deadline=None)


def answer(text: str) -> None:
    """Parse, and render all that was found: nothing may raise, every place lies in the text."""
    source = Source(text)
    result = parse(source)
    for diagnostic in result.diagnostics:
        assert diagnostic.code in CODES
        places = [diagnostic.span, *(r.span for r in diagnostic.related)]
        places += [diagnostic.fix.span] if diagnostic.fix else []
        assert all(0 <= span.start <= span.end <= len(text) for span in places)
        assert render(diagnostic, source)
        assert as_json(diagnostic, source)["message"]
    if result.script is not None and not any(d.is_error for d in result.diagnostics):
        again = format_script(result.script)
        assert format_script(parsed(again)) == again


@OFTEN
@given(st.text(max_size=60))
@example("let = ")
def test_any_text_is_answered(text: str) -> None:
    answer(text)


@OFTEN
@given(SOUPS)
def test_any_heap_of_tokens_is_answered(text: str) -> None:
    answer(text)


@OFTEN
@given(st.binary(max_size=60))
def test_any_bytes_are_answered(content: bytes) -> None:
    source = decode(content)
    if isinstance(source, Diagnostic):
        assert source.code in CODES
    else:
        parse(source)


def test_a_script_cut_anywhere_is_answered() -> None:
    for end in range(len(REPORT)):
        answer(REPORT[:end])
    for start in range(0, len(REPORT), 3):
        answer(REPORT[start:])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_a_script_with_characters_lost_or_doubled_is_answered(path: Path) -> None:
    text = path.read_text("utf-8")
    chance = random.Random(path.stem)
    for _ in range(60):
        start = chance.randrange(len(text))
        end = min(len(text), start + chance.randrange(1, 6))
        answer(text[:start] + text[end:])
        answer(text[:end] + text[start:])


def squeezed(text: str) -> str:
    """Put a script on one line, without comments; the Python of script steps stays as it is."""
    tokens = lex(text)
    return " ".join(tokens.text_of(i) for i in range(len(tokens) - 1))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_an_example_squeezed_onto_one_line_is_the_same_script(path: Path) -> None:
    text = path.read_text("utf-8")
    line = squeezed(text)
    assert "\n" not in re.sub(r'"""[\s\S]*"""', "", line)
    assert parsed(line) == parsed(text)
    assert format_script(parsed(line)).split() == format_script(without_comments(text)).split()


def without_comments(text: str) -> ast.Script:
    """Parse a script with its comments taken away."""
    for span in reversed(lex(text).comments):
        text = text[: span.start] + text[span.end :]
    return parsed(text)


@settings(max_examples=40, deadline=None)
@given(TREES, st.randoms(use_true_random=False))
def test_white_space_between_tokens_means_nothing(tree: ast.Script, chance: random.Random) -> None:
    text = format_script(tree)
    tokens = lex(text)
    gaps = [" ", "\n", "\t", "\r\n", "  # c\n"]
    shaken = "".join(tokens.text_of(i) + chance.choice(gaps) for i in range(len(tokens) - 1))
    assert parsed(shaken) == tree
