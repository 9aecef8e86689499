"""What holds for every tree: its text parses to it, prints again as it is, and keeps every comment."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings

from p2_script_trees import EXPRESSIONS, SCRIPTS
from p2_scripts import parsed
from p2lang import ast
from p2lang.fmt import format_expr, format_script

CALM = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def comments_of(script: ast.Script) -> Counter[str]:
    """Count the comments of a tree."""
    found: Counter[str] = Counter()
    for node in ast.walk(script):
        for name in ("comments", "dangling", "header"):
            found.update(c for c in getattr(node, name, ()) if c)
        for name in ("trailing", "head_comment", "edition_trailing"):
            text = getattr(node, name, "")
            found.update([text] if text else [])
    return found


@CALM
@given(SCRIPTS)
def test_the_text_of_a_tree_parses_to_the_tree_and_prints_again_as_it_is(
    script: ast.Script,
) -> None:
    text = format_script(script)
    again = parsed(text)
    assert again == script
    assert format_script(again) == text


@CALM
@given(SCRIPTS)
def test_no_comment_is_lost_or_doubled(script: ast.Script) -> None:
    assert comments_of(parsed(format_script(script))) == comments_of(script)


@CALM
@given(SCRIPTS)
def test_no_line_has_spaces_at_its_end_and_the_text_ends_in_one_line_end(
    script: ast.Script,
) -> None:
    if any(isinstance(node, ast.ScriptDef) for node in ast.walk(script)):
        return
    text = format_script(script)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(line == line.rstrip(" ") for line in text.split("\n"))


@CALM
@given(EXPRESSIONS)
def test_an_expression_reads_back_from_one_line(expr: ast.Expr) -> None:
    script = parsed(f"let x = ({format_expr(expr)}\n)")
    [let] = script.items
    assert isinstance(let, ast.Let)
    assert let.value.head == ast.Paren(ast.Flow(expr))
