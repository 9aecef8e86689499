"""What is refused before a script is read, and that nothing in a script makes the parser slow or deep."""

from __future__ import annotations

import sys

import pytest

from p2_scripts import errors_of, parsed
from p2lang import ast
from p2lang.diagnostics import Diagnostic
from p2lang.parser import LONGEST_SCRIPT, decode, parse
from p2lang.source import Source


def test_bytes_become_a_source_with_its_name() -> None:
    source = decode("p2 1\n# ü".encode(), "a.p2")
    assert isinstance(source, Source)
    assert (source.text, source.name) == ("p2 1\n# ü", "a.p2")


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"#" * (LONGEST_SCRIPT + 1), "P2-E0001", "262,145 bytes"),
        (b"p2 1\nlet \xff = 1", "P2-E0003", "byte 0xff on line 2, byte 5"),
        (b"\xff\xfep\0002", "P2-E0003", "0xff on line 1"),
    ],
)
def test_bytes_that_hold_no_script_are_refused_with_the_reason(
    content: bytes, code: str, words: str
) -> None:
    refused = decode(content, "a.p2")
    assert isinstance(refused, Diagnostic)
    assert refused.code == code
    assert words in refused.message
    assert refused.help


def test_the_byte_that_is_no_text_is_marked_where_it_stands() -> None:
    content = "p2 1\nlet é = ".encode() + b"\xff\xfe"
    refused = decode(content, "a.p2")
    assert isinstance(refused, Diagnostic)
    shown = content.decode("utf-8", "replace")
    assert shown[refused.span.start : refused.span.end] == "\N{REPLACEMENT CHARACTER}"
    assert shown[: refused.span.start] == "p2 1\nlet é = "


def test_the_longest_script_is_still_read() -> None:
    assert isinstance(decode(b"#" * LONGEST_SCRIPT), Source)


def test_the_length_counts_in_bytes_of_utf_8() -> None:
    [refused] = errors_of("#" + "ü" * (LONGEST_SCRIPT // 2))
    assert refused.code == "P2-E0001"
    assert parse(Source("#" + "ü" * (LONGEST_SCRIPT // 2))).script is None


@pytest.mark.parametrize(
    "character",
    ["\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2028", "\x00", "\x1b", "\x0c", "\x85",
     "\u3164", "\ufe0f", "\U000e0041", "\ud800", "\ue000"],
)  # fmt: skip
@pytest.mark.parametrize("template", ["# {}", '"{}"', "let a{} = 1", "let a = `{}`"])
def test_a_character_that_cannot_be_seen_is_refused_everywhere(
    template: str, character: str
) -> None:
    text = template.format(character)
    result = parse(Source(text))
    assert [d.code for d in result.diagnostics] == ["P2-E0002"]
    assert result.diagnostics[0].span.start == text.index(character)
    assert result.script is None


def test_only_the_first_few_hidden_characters_are_listed() -> None:
    assert len(errors_of("\u200b" * 100)) == 5


@pytest.mark.parametrize(
    "text", ["# ü é 漢字 😀", '"–"', "let a = `größe`\n", "p2 1\r\nlet a = 1\r\n"]
)
def test_characters_that_can_be_seen_are_fine(text: str) -> None:
    assert "P2-E0002" not in [d.code for d in errors_of(text)]


def test_line_ends_of_other_systems_mean_the_same() -> None:
    text = 'p2 1\n# c\nlet a = f(\n  1,\n  2,\n)\nscript s() = python """\nx\n"""\n'
    assert parsed(text.replace("\n", "\r\n")) == parsed(text)


@pytest.mark.parametrize(
    ("opening", "closing"), [("(", ")"), ("[", "]"), ("f(", ")"), ("frame {", "}"), ("f(a=", ")")]
)
def test_brackets_nest_64_deep_and_no_deeper(opening: str, closing: str) -> None:
    filling = "" if "{" in opening else "1"
    start = "" if "{" in opening else "let a = "
    assert errors_of(f"{start}{opening * 64}{filling}{closing * 64}") == []
    [refused] = errors_of(f"{start}{opening * 65}{filling}{closing * 65}")
    assert refused.code == "P2-E0004"


@pytest.mark.parametrize("piece", ["1 + ", "not ", "- ", "2 ** ", "1 or ", "if a then b else "])
def test_long_expressions_are_refused_before_they_get_too_deep_for_those_who_walk_the_tree(
    piece: str,
) -> None:
    assert errors_of(f"let a = {piece * 100}1") == []
    for count in (1_000, 5_000):
        [refused] = errors_of(f"let a = {piece * count}1")
        assert refused.code == "P2-E0004"


def test_the_expression_of_a_hole_nests_32_deep_and_no_deeper() -> None:
    for piece in ("not ", "1 + "):
        assert errors_of(f'let a = f"{{{piece * 32}b}}"') == []
        [refused] = errors_of(f'let a = f"{{{piece * 33}b}}"')
        assert refused.code == "P2-E0004"


def test_the_deepest_tree_can_be_compared_shown_and_walked() -> None:
    deepest = "not " * 60 + "(" * 64 + "1" + ")" * 64
    script = parsed(f"let a = {deepest}")
    assert script == parsed(f"let a = {deepest}")
    assert len(repr(script)) > 1_000
    assert sum(1 for _ in ast.walk(script)) > 128


HOSTILE = pytest.mark.parametrize(
    ("before", "piece", "count"),
    [
        ("", '"', 50_000),
        ("", "`", 50_000),
        ("", "'", 50_000),
        ("", 'f"{', 15_000),
        ("", 'f"{"', 15_000),
        ('f"', '{a"b"', 10_000),
        ("", "\\", 50_000),
        ("", "(", 50_000),
        ("", ")", 50_000),
        ("", "{", 50_000),
        ("", "frame { ", 7_500),
        ("", "let a = ", 6_250),
        ("", "let a = 1 +\n", 5_000),
        ("", "a(\n", 15_000),
        ("", "| ", 25_000),
        ("", "1e", 25_000),
        ("", "1_", 25_000),
        ("", "$", 50_000),
        ("", ";", 50_000),
        ("", "# c\n", 15_000),
        ("let a = [", "1, ", 20_000),
        ("let a = [", "1, # c\n", 7_500),
        ("", "task a { let x = \n", 3_250),
        ("", '"""', 20_000),
        ("", "x", 50_000),
        ("", "0", 50_000),
    ],
    ids=lambda value: (
        value[:12].encode("unicode_escape").decode() if isinstance(value, str) else ""
    ),
)


@HOSTILE
def test_hostile_scripts_are_answered(before: str, piece: str, count: int) -> None:
    result = parse(Source(before + piece * count))
    assert result.diagnostics


@HOSTILE
def test_twice_as_much_of_the_same_is_at_most_twice_the_work(
    before: str, piece: str, count: int
) -> None:
    once, twice = (calls(before + piece * (count // 25 * times)) for times in (1, 2))
    assert twice < 2.2 * once + 1_000


def calls(text: str) -> int:
    """Count the calls that reading a text takes: a measure of work that no machine changes."""
    seen = 0

    def count(frame: object, event: str, value: object) -> None:
        nonlocal seen
        seen += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        parse(Source(text))
    finally:
        sys.setprofile(None)
    return seen
