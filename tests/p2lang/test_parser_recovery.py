"""One mistake costs one statement: the others are read, and what the broken one would have declared is known."""

from __future__ import annotations

import pytest

from p2_scripts import errors_of
from p2lang import ast
from p2lang.parser import Parsed, parse
from p2lang.parser.reading import MOST_REPORTED
from p2lang.source import Source


def read(text: str) -> Parsed:
    """Parse a text."""
    return parse(Source(text))


def names(result: Parsed) -> list[str]:
    """Give the names of the `let` statements that survived."""
    assert result.script is not None
    return [item.name.text for item in result.script.items if isinstance(item, ast.Let)]


def test_good_statements_around_a_broken_one_survive() -> None:
    result = read("p2 1\nlet a = 1\nlet b = = 2\nlet c = 3\n$c | f(\nlet d = 4\n")
    assert names(result) == ["a", "c", "d"]
    assert [d.code for d in result.diagnostics] == ["P2-E0100", "P2-E0104"]
    assert result.script is not None
    assert result.script.edition == 1


def test_what_broken_statements_declare_is_named() -> None:
    result = read(
        'let a = = 1\nparam b = 2\nuse "x" as\nc = 3\ndef f(x) = 1\ntask t { let inner = = 1 }\nlet ok = 1'
    )
    assert result.poisoned == {"a", "b", "c", "f", "inner"}
    assert names(result) == ["ok"]


def test_a_mistake_inside_a_block_costs_only_the_inner_statement() -> None:
    result = read(
        'report "r" {\n  page "a" { let x = 1 + }\n  page "b" { $y | table }\n}\nlet z = 1'
    )
    assert [d.code for d in result.diagnostics if d.is_error] == ["P2-E0100"]
    assert result.script is not None
    [report, _] = result.script.items
    pages = [n.label for n in ast.walk(report) if isinstance(n, ast.Box)]
    assert pages == [ast.String("r"), ast.String("a"), ast.String("b")]
    assert result.poisoned == {"x"}


def test_mistakes_in_several_blocks_and_around_them_are_all_reported_in_order() -> None:
    text = "frame a {\n  $x | | y\n}\nframe b {\n  $x | line(x=)\n  frame c {\n    $z | 3\n  }\n}\nlet q = 1 2 +\n"
    found = [d for d in read(text).diagnostics if d.is_error]
    lines = [text.count("\n", 0, d.span.start) + 1 for d in found]
    assert lines == [2, 5, 7, 10]


@pytest.mark.parametrize("opening", ["f(", "[", "f(g(", "f([1, (2"])
def test_an_open_bracket_ends_at_the_next_statement_that_starts_a_line(opening: str) -> None:
    result = read(f"let a = {opening}\nlet b = 2\nlet c = 3")
    assert names(result) == ["b", "c"]
    assert [d.code for d in result.diagnostics if d.is_error] == ["P2-E0104"]


@pytest.mark.parametrize(
    "broken",
    [
        'let a = f("x)',
        "let a = f('x)",
        "let a = f(“x)",
        'let a = f(f"{x)',
        "let a = f(`x)",
        'let a = f("a" "b)',
    ],
)
def test_an_open_text_ends_with_its_line(broken: str) -> None:
    result = read(f"{broken}\nlet b = 2\n$b | g\nlet c = 3")
    assert names(result) == ["b", "c"]
    assert [d.is_error for d in result.diagnostics if d.code != "P2-W0405"] == [True]


def test_one_mistake_gives_one_message_however_often_it_is_made_in_a_statement() -> None:
    assert len(errors_of("let a = x && y && z && w")) == 1
    assert len(errors_of("let a = f('x', 'y', 'z')")) == 1


def test_many_mistakes_are_not_all_listed() -> None:
    assert len(errors_of("let a = =\n" * 500)) == MOST_REPORTED


def test_a_statement_on_the_same_line_survives_when_it_starts_with_a_word_of_the_language() -> None:
    assert names(read("let a = = 1 let b = 2 let c = 3")) == ["b", "c"]


def test_a_script_that_is_not_read_at_all_has_no_tree() -> None:
    assert read("let a = \u202e1").script is None
    assert read("(" * 100).script is None


def test_a_mistake_in_a_hole_leaves_the_statement_and_is_reported_at_its_place() -> None:
    text = 'let a = f"x {1 + } {b}"\nlet c = 1'
    result = read(text)
    [problem] = [d for d in result.diagnostics if d.is_error]
    assert text[: problem.span.start].endswith("1 + ")
    assert names(result) == ["a", "c"]


def test_the_remark_about_the_edition_line_comes_with_a_fix() -> None:
    [remark] = read("let a = 1").diagnostics
    assert (remark.code, remark.severity) == ("P2-W0405", "warning")
    assert remark.fix is not None
    assert read(remark.fix.text + "let a = 1").diagnostics == ()
