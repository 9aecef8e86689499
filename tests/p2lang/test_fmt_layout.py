"""How scripts are laid out, against golden/layout.txt: `=== title`, a script as someone wrote it, `---`, its layout.

P2_REGENERATE=1 rewrites the layouts; read the difference.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from p2_scripts import SCRIPTS, parsed, value_of
from p2lang import ast
from p2lang.fmt import format_expr, format_script

GOLDEN = Path(__file__).with_name("golden") / "layout.txt"


@dataclass(frozen=True)
class Case:
    """A script and how it is laid out."""

    title: str
    text: str
    expected: str


def read_cases() -> list[Case]:
    """Read the golden file."""
    cases: list[Case] = []
    for section in re.split(r"^=== ", GOLDEN.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, rest = section.partition("\n")
        text, _, expected = rest.partition("\n---\n")
        cases.append(Case(title, text, expected.rstrip("\n") + "\n"))
    return cases


CASES = read_cases()


def test_the_golden_file_is_up_to_date_or_rewritten() -> None:
    if os.environ.get("P2_REGENERATE"):
        parts = [f"=== {c.title}\n{c.text}\n---\n{format_script(parsed(c.text))}\n" for c in CASES]
        GOLDEN.write_text("".join(parts), "utf-8")
    assert len({c.title for c in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.title)
def test_a_script_is_laid_out_as_expected_and_stays_so(case: Case) -> None:
    text = format_script(parsed(case.text))
    if not os.environ.get("P2_REGENERATE"):
        assert text == case.expected
    assert format_script(parsed(text)) == text
    assert parsed(text) == parsed(case.text)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_an_example_is_already_laid_out(path: Path) -> None:
    text = path.read_text("utf-8")
    assert format_script(parsed(text)) == text


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_no_line_of_an_example_is_longer_than_88_but_for_comments_and_python(path: Path) -> None:
    script = parsed(path.read_text("utf-8"))
    bodies = [node.body for node in ast.walk(script) if isinstance(node, ast.ScriptDef)]
    for line in format_script(script).splitlines():
        assert len(line) <= 88 or line.startswith("#") or any(line in body for body in bodies)


def test_a_tree_that_a_program_built_is_spaced_by_kind() -> None:
    x, name = ast.Column(ast.QName((ast.Name("x"),))), ast.QName((ast.Name("f"),))
    flow = ast.Flow(ast.Call(name, (ast.Argument(x),)))
    script = ast.Script(
        (
            ast.Let(ast.Name("a"), flow, comments=("## Doc.",)),
            ast.Let(ast.Name("b"), flow),
            ast.FlowStatement(flow),
            ast.FlowStatement(flow),
            ast.Task(ast.Name("t"), ast.Block((ast.FlowStatement(flow),))),
        ),
        1,
    )
    expected = "p2 1\n## Doc.\nlet a = f(x)\nlet b = f(x)\n\nf(x)\n\nf(x)\n\ntask t {\n  f(x)\n}\n"
    assert format_script(script) == expected


def test_operators_of_a_built_tree_get_the_parentheses_they_need() -> None:
    a, b = ast.Number("1"), ast.Number("2")
    total = ast.Binary("+", a, b)
    assert format_expr(ast.Binary("*", total, b)) == "(1 + 2) * 2"
    assert format_expr(ast.Binary("-", a, total)) == "1 - (1 + 2)"
    assert format_expr(ast.Unary("-", total)) == "-(1 + 2)"
    assert format_expr(ast.Binary("**", ast.Unary("-", a), b)) == "(-1) ** 2"
    assert format_expr(ast.Binary("==", ast.Binary("<", a, b), a)) == "(1 < 2) == 1"
    assert format_expr(ast.Binary("or", ast.If(a, b, a), b)) == "(if 1 then 2 else 1) or 2"
    assert format_expr(ast.Range(ast.Range(a, b), total)) == "(1..2)..1 + 2"


def test_names_that_are_no_identifiers_stand_in_backticks() -> None:
    call = ast.Call(
        ast.QName((ast.Name("f"),)), (ast.Argument(ast.Number("1"), ast.Name("train/loss")),)
    )
    assert format_expr(call) == "f(`train/loss`=1)"
    assert format_expr(ast.Column(ast.QName((ast.Name("if"),)))) == "`if`"
    assert value_of("`if`") == ast.Column(ast.QName((ast.Name("if"),)))


@pytest.mark.parametrize(
    "tree",
    [
        ast.Number("-1"),
        ast.Number("NaN"),
        ast.Quantity("1", "parsec"),
        ast.Var(ast.Name("a b")),
        ast.Column(ast.QName((ast.Name("a`b"),))),
        ast.Column(ast.QName((ast.Name(""),))),
        ast.String("\ud800"),
        ast.FString((ast.FString(("x",)),)),
        ast.FString((ast.Column(ast.QName((ast.Name("a{b"),))),)),
    ],
    ids=repr,
)
def test_what_no_text_can_say_is_refused(tree: ast.Expr) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        format_expr(tree)


@pytest.mark.parametrize(
    "item",
    [
        ast.FlowStatement(ast.Flow(ast.Number("1"))),
        ast.ScriptDef(ast.Name("f"), (), 'a """ b'),
        ast.ScriptDef(ast.Name("f"), (), 'a"'),
        ast.Let(ast.Name("a"), ast.Flow(ast.Null()), comments=("no sign",)),
        ast.Let(ast.Name("a"), ast.Flow(ast.Null()), trailing="# two\n# lines"),
    ],
    ids=lambda item: type(item).__name__,
)
def test_statements_that_no_text_can_say_are_refused(item: ast.Item) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        format_script(ast.Script((item,), 1))
