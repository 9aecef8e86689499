"""The tree says what the text says: nodes, places, comments."""

from __future__ import annotations

from pathlib import Path

import pytest

from p2_scripts import SCRIPTS, only, parsed, value_of
from p2lang import ast
from p2lang.parser import parse
from p2lang.source import Source


def column(name: str) -> ast.Column:
    """Give a bare name."""
    return ast.Column(ast.QName((ast.Name(name),)))


def number(text: str) -> ast.Number:
    """Give a number."""
    return ast.Number(text)


A, B, C = column("a"), column("b"), column("c")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_an_example_parses_without_a_remark(path: Path) -> None:
    result = parse(Source(path.read_text("utf-8"), path.name))
    assert result.diagnostics == ()
    assert result.script is not None
    assert result.script.edition == 1


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a or b and c", ast.Binary("or", A, ast.Binary("and", B, C))),
        ("a and b or c", ast.Binary("or", ast.Binary("and", A, B), C)),
        ("not a == b", ast.Unary("not", ast.Binary("==", A, B))),
        ("a + b * c", ast.Binary("+", A, ast.Binary("*", B, C))),
        ("a - b - c", ast.Binary("-", ast.Binary("-", A, B), C)),
        ("a / b / c", ast.Binary("/", ast.Binary("/", A, B), C)),
        ("-a ** b", ast.Unary("-", ast.Binary("**", A, B))),
        ("a ** -b", ast.Binary("**", A, ast.Unary("-", B))),
        ("a ** b ** c", ast.Binary("**", A, ast.Binary("**", B, C))),
        ("a in b..c", ast.Binary("in", A, ast.Range(B, C))),
        ("a not in b", ast.Binary("not in", A, B)),
        ("a + b..c", ast.Range(ast.Binary("+", A, B), C)),
        ("a < b and b >= c", ast.Binary("and", ast.Binary("<", A, B), ast.Binary(">=", B, C))),
        ("if a then b else if b then c else a", ast.If(A, B, ast.If(B, C, A))),
        ("200_000", number("200_000")),
        ("1e-3", number("1e-3")),
        ("10min", ast.Quantity("10", "min")),
        ("95%", ast.Quantity("95", "%")),
        ("1.5MiB", ast.Quantity("1.5", "MiB")),
        ("true", ast.Bool(True)),
        ("null", ast.Null()),
        ("$a.b", ast.Var(ast.Name("a"), (ast.Name("b"),))),
        ("`train/loss`", column("train/loss")),
        ("[a, b,]", ast.ListExpr((ast.Argument(A), ast.Argument(B)))),
        ("x.y", ast.Column(ast.QName((ast.Name("x"), ast.Name("y"))))),
        ("f(a, k=b)", ast.Call(ast.QName((ast.Name("f"),)), (ast.Argument(A), ast.Argument(B, ast.Name("k"))))),
    ],
)  # fmt: skip
def test_an_expression_binds_as_the_grammar_says(text: str, tree: ast.Expr) -> None:
    assert value_of(text) == tree


@pytest.mark.parametrize("word", sorted(ast.KEYWORDS - {"if", "not", "true", "false", "null"}))
def test_words_of_the_language_are_columns_where_no_statement_can_start(word: str) -> None:
    call = value_of(f"f({word}, {word}={word})")
    assert isinstance(call, ast.Call)
    assert [a.value for a in call.arguments] == [column(word), column(word)]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (r'"a\nb\t\"\\"', 'a\nb\t"\\'),
        (r'"\u{e9}\u{1F600}"', "é😀"),
        ('"# no comment"', "# no comment"),
        ('""', ""),
        ('"ü"', "ü"),
    ],
)
def test_a_text_means_what_its_escapes_say(text: str, meaning: str) -> None:
    assert value_of(text) == ast.String(meaning)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('f""', ()),
        ('f"plain"', ("plain",)),
        ('f"{a}"', (A,)),
        ('f"x {a}{b} y"', ("x ", A, B, " y")),
        ('f"{{a}} {a}"', ("{a} ", A)),
        (r'f"\u{7b}{a}\n"', ("{", A, "\n")),
        ('f"{a + b}"', (ast.Binary("+", A, B),)),
    ],
)
def test_a_text_with_holes_is_cut_at_its_holes(
    text: str, parts: tuple[str | ast.Expr, ...]
) -> None:
    assert value_of(text) == ast.FString(parts)


def test_a_hole_may_hold_texts_and_its_places_count_in_the_whole_script() -> None:
    text = 'let it = f"rows: {format(x, ".1f")} {$y}"'
    [let] = parsed(text).items
    calls = [node for node in ast.walk(let) if isinstance(node, ast.Call)]
    assert [text[c.span.start : c.span.end] for c in calls] == ['format(x, ".1f")']
    variables = [node for node in ast.walk(let) if isinstance(node, ast.Var)]
    assert [text[v.span.start : v.span.end] for v in variables] == ["$y"]


def test_statements_know_their_parts() -> None:
    assert only("def f(x: column[number]?) = | a | $p") == ast.Def(
        ast.Name("f"),
        (
            ast.Parameter(
                ast.Name("x"),
                ast.TypeExpr(
                    ast.Name("column"), (ast.TypeExpr(ast.Name("number")),), nullable=True
                ),
            ),
        ),
        ast.Flow(None, (ast.Stage(ast.QName((ast.Name("a"),))), ast.Splice(ast.Name("p")))),
    )
    assert only('use "a@1" sha256 "f" as x') == ast.Use(
        ast.String("a@1"), ast.Name("x"), ((ast.Name("sha256"), ast.String("f")),)
    )
    assert only("task t after a, b {}") == ast.Task(
        ast.Name("t"), ast.Block(()), None, (ast.Name("a"), ast.Name("b"))
    )
    assert only("impose m: table{}") == ast.ImposeInput(
        ast.Name("m"), ast.TypeExpr(ast.Name("table"), (), ())
    )


def test_a_script_step_keeps_its_python() -> None:
    text = 'script f(): table = python """\nreturn "x"\n"""'
    step = only(text)
    assert isinstance(step, ast.ScriptDef)
    assert step.body == '\nreturn "x"\n'


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_every_node_lies_inside_its_parent(path: Path) -> None:
    script = parsed(path.read_text("utf-8"))
    for node in ast.walk(script):
        for child in ast.children(node):
            assert node.span.start <= child.span.start < child.span.end <= node.span.end, child


def test_places_are_the_smallest_that_hold_a_node() -> None:
    text = "$t | filter(step > 10) | legend"
    [statement] = parsed(text).items
    assert isinstance(statement, ast.FlowStatement)
    shown = [text[s.span.start : s.span.end] for s in statement.flow.stages]
    assert shown == ["filter(step > 10)", "legend"]


COMMENTED = """\
# above the edition line
p2 1 # edition

## what it is
# and more

let a = access("x") # the head
  # before the step
  | select(
      a, # first
      # above the second
      b,
      # below
    ) # the step
  | plot # the end

frame { # opens
  $a | line(x=a) # inside
  # last
}
# the end of all
"""


def test_comments_belong_to_what_they_stand_by() -> None:
    script = parsed(COMMENTED)
    let, frame = script.items
    assert isinstance(let, ast.Let)
    assert isinstance(frame, ast.FlowStatement)
    select, plot = let.value.stages
    assert isinstance(select, ast.Stage)
    assert isinstance(frame.flow.head, ast.Box)
    block = frame.flow.head.body
    assert block is not None
    assert select.arguments is not None
    assert script.header == ("# above the edition line",)
    assert script.edition_trailing == "# edition"
    assert let.comments == ("## what it is", "# and more", "")
    assert let.value.head_comment == "# the head"
    assert select.comments == ("# before the step",)
    assert [a.trailing for a in select.arguments] == ["# first", ""]
    assert [a.comments for a in select.arguments] == [(), ("# above the second",)]
    assert select.dangling == ("# below",)
    assert [select.trailing, plot.trailing] == ["# the step", "# the end"]
    assert block.items[0].comments == ("# opens",)
    assert block.dangling == ("# last",)
    assert script.dangling == ("# the end of all",)


def test_a_comment_in_the_middle_of_an_expression_goes_above_its_statement() -> None:
    let = only("let a = 1 + # one\n  # two\n  2")
    assert let.comments == ("# one", "# two")


def test_blank_lines_above_statements_are_noted_and_their_absence_too() -> None:
    first, second, third, fourth = parsed("let a = 1\nlet b = 2\n\n# c\nlet c = 3 let d = 4").items
    assert [first.blank_before, second.blank_before] == [None, False]
    assert [third.blank_before, fourth.blank_before] == [True, None]
