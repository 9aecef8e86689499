"""What the service knows about a place: names and their uses, types, sizes, costs, signatures, an outline, fixes."""

from __future__ import annotations

from pathlib import Path

import pytest

from p2_compiling import LOWERED, SCHEMAS, compiled
from p2lang import ast
from p2lang.check import Schemas
from p2lang.service import (
    Document,
    Refused,
    Workspace,
    applied,
    definition,
    fix_all,
    hover,
    inlay_hints,
    library_definition,
    references,
    rename,
    signature_help,
    symbols,
)
from p2lang.service.actions import actions
from p2lang.source import Span
from p2lang.types import ColumnType
from p2std.registry import core
from script_editing import document, marked

RUNS = 'access("experiment2/*")'


def hovered(text: str) -> tuple[str, str]:
    """Give code and text of the hover at the mark."""
    found = hover(*marked(text))
    assert found is not None
    return found.code, found.text


def renamed(text: str, new: str) -> str | Refused:
    """Give the text after renaming what is at the mark."""
    given, offset = marked(text)
    changes = rename(given, offset, new)
    return changes if isinstance(changes, Refused) else applied(given.text, changes)


# ---- hover ---------------------------------------------------------------------------------------


def test_a_column_tells_its_type_unit_and_whether_it_may_be_missing() -> None:
    assert hovered(f"{RUNS} | filter(rew^ard > 3)") == ("reward: number?", "may be missing")
    assert hovered(f"{RUNS} | filter(wall^_time > 3s)") == ("wall_time: number[s]", "time")
    assert hovered(f"{RUNS} | filter(`train^/loss` > 3)")[0] == "`train/loss`: number"


def test_a_param_that_a_source_chooses_by_tells_what_it_holds() -> None:
    text = 'access("experiment2/*", since="2026-01-01", where=lr > 0.1 and opt == "adam")'
    params = {"lr": ColumnType("number"), "opt": ColumnType("string")}
    schemas = Schemas(SCHEMAS.get, params=lambda path: params)
    known = Document(text, Workspace.of(core(), schemas))
    found = hover(known, text.index("lr >") + 1)
    assert found is not None
    assert (found.code, found.text) == ("lr: number", "param of the bundles")
    for other in ("adam", "2026"):
        about = hover(known, text.index(other) + 1)
        assert about is None or "rows" not in about.code
    path = hover(known, text.index("experiment2") + 1)
    assert path is not None
    assert "rows" in path.code


def test_a_word_of_the_language_tells_what_it_does() -> None:
    assert hovered("rep^eat x in [1, 2] { }")[1] == "do the same for each value of a list"
    assert hovered('when 1 > 0 { loggy("x") } other^wise { }')[0] == "otherwise"
    assert hover(*marked('loggy("rep^eat")')) is None
    assert hover(*marked("# rep^eat")) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{RUNS} | sm.e^ma(col=reward, half_life=5)", "ema"),
        (f"{RUNS} | head($sm.usual_half^_life)", "usual_half_life"),
        (f"{RUNS} | derive(a = sm.tw^ice(lr))", "twice"),
    ],
)
def test_what_a_library_offers_is_found_in_its_file(text: str, found: str) -> None:
    given, offset = marked(f'use "lab/smoothing@1.2.0" as sm\n{text}')
    place = library_definition(given, offset)
    assert place is not None
    source, span = place
    assert source.slice(span) == found
    assert source.text != given.text


def test_a_library_is_found_from_its_use_and_its_name_stays_in_the_script() -> None:
    use = 'use "lab/smoo^thing@1.2.0" as sm\n'
    place = library_definition(*marked(f"{use}{RUNS} | sm.ema(col=reward)"))
    assert place is not None
    assert place[1] == Span(0, 0)
    alias = f'use "lab/smoothing@1.2.0" as sm\n{RUNS} | s^m.ema(col=reward)'
    assert library_definition(*marked(alias)) is None
    assert definition(*marked(alias)) is not None
    assert library_definition(*marked(f"{RUNS} | fil^ter(lr > 1)")) is None


def test_a_step_tells_signature_documentation_size_and_cost_up_to_here() -> None:
    code, text = hovered(
        f"{RUNS} | fil^ter(lr > 3) | frame | line(x=step, y=reward) | plot | handoff"
    )
    assert code == "filter(where: true or false): table → table"
    assert "Keep the rows" in text
    assert "gives table, at most 3,000,000 rows" in text
    assert "units of work" in text


def test_costs_are_told_only_for_scripts_without_mistakes() -> None:
    assert "units" not in hovered(f"{RUNS} | hea^d | filter(nothing > 3)")[1]


def test_bindings_tell_their_type_and_what_was_written_about_them() -> None:
    text = "## The smoothing.\nparam window: int = 50 where $window in 1..500\nlet a = $win^dow"
    code, about = hovered(text)
    assert code == "param $window: int = 50 where $window in 1..500"
    assert about == "The smoothing."
    code, about = hovered(f"let a = {RUNS} | select(run, lr)\n$^a | head")
    assert code == "let $a: table, at most 3,000,000 rows, 2 columns"
    assert "- lr: number" in about


def test_arguments_quantities_paths_and_definitions_tell_what_they_are() -> None:
    assert hovered(f"{RUNS} | frame | line(x=step, y=reward, col^our=lr)")[0] == "colour?: column"
    assert hovered("let a = 10m^in")[0] == "10min = 600 s"
    assert hovered('access("exper^iment2/*") | head')[0].startswith('"experiment2/*": at most')
    text = "## Tidy.\ndef tidy(cut: int = 10): table = | head($cut)\n" + f"{RUNS} | ti^dy"
    assert hovered(text)[0] == "def tidy(cut: int = 10): table"
    assert hovered(f"{RUNS} | summary(m^id = median(reward))") == ("mid: number?", "new column")


def test_what_a_library_holds_tells_what_is_written_about_it() -> None:
    text = f'use "lab/smoothing@1.2.0" as sm\n{RUNS} | sm.em^a(col=reward) | head'
    code, about = hovered(text)
    assert code.startswith("def ema(col: column[number], half_life: number = $usual_half_life")
    assert "the exponentially weighted mean" in about


# ---- names ---------------------------------------------------------------------------------------


def test_definitions_are_found_and_columns_lead_to_the_step_that_makes_them() -> None:
    given, offset = marked(f"let curves = {RUNS}\n$cur^ves | head")
    found = definition(given, offset)
    assert found == Span(4, 10)
    given, offset = marked(f"{RUNS} | derive(twice = 2 * lr) | head | filter(twi^ce > 3)")
    made = definition(given, offset)
    assert made is not None
    assert given.source.slice(made) == "twice"
    given, offset = marked(f"{RUNS} | filter(rew^ard > 3)")
    assert definition(given, offset) is None


def test_references_are_all_places_of_a_name() -> None:
    given, offset = marked('param k: int = 3\nlet a = $^k + $k\nlet t = f"{$k}"')
    assert [given.source.slice(span) for span in references(given, offset)] == ["k"] * 4


@pytest.mark.parametrize(
    ("text", "new", "after"),
    [
        ("let ^a = 3\nlet b = $a", "c", "let c = 3\nlet b = $c"),
        ("let a = 3\nlet b = $^a", "$c", "let c = 3\nlet b = $c"),
        (f"pipe ^p = [head]\n{RUNS} | $p", "q", f"pipe q = [head]\n{RUNS} | $q"),
        ("repeat ^i in [1] { let a = $i }", "k", "repeat k in [1] { let a = $k }"),
        (
            f"def f(^n: int): table = | head($n)\n{RUNS} | f(n=3)",
            "rows",
            f"def f(rows: int): table = | head($rows)\n{RUNS} | f(rows=3)",
        ),
        (
            f"def ^f(n: int): table = | head($n)\n{RUNS} | f(n=3)",
            "first",
            f"def first2(n: int): table = | head($n)\n{RUNS} | first2(n=3)",
        ),
        ('param ^k: int = 3\nlet t = f"{$k}"', "n", 'param n: int = 3\nlet t = f"{$n}"'),
    ],
)
def test_names_are_renamed_everywhere(text: str, new: str, after: str) -> None:
    if new == "first":
        assert isinstance(renamed(text, new), Refused)
        new = "first2"
    assert renamed(text, new) == after


@pytest.mark.parametrize(
    ("text", "new", "why"),
    [
        ("let ^a = 3\nlet b = $a", "b", "`b` is declared in line 2"),
        ("let ^a = 3", "let", "`let` is a word of the language"),
        ("let ^a = 3", "9", "`9` cannot be a name"),
        ("def ^f(): table = | head", "filter", "`filter` is a step or function of the language"),
        (f"{RUNS} | filter(rew^ard > 3)", "r", "the column reward is named by the data"),
        (f"{RUNS} | he^ad", "r", "there is no name of this script here"),
        (
            'script f(^n: int): table = python """\nreturn n\n"""',
            "k",
            "the Python between the quotes",
        ),
        ("expose ^t = 3", "u", "other scripts and runs read it"),
        ("let ^a = 3 +", "b", "a script that cannot be read"),
    ],
)
def test_what_cannot_be_renamed_is_refused_with_a_remedy(text: str, new: str, why: str) -> None:
    refused = renamed(text, new)
    assert isinstance(refused, Refused)
    assert refused.message.startswith(why)
    assert refused.help


NAMED_IN_THE_MODULE = frozenset(("param", "task", "script", "link", "expose", "input"))
"""Names that a run, a store or a person speaks of: they are part of what a script does."""


@pytest.mark.parametrize("path", LOWERED, ids=lambda path: path.stem)
def test_renaming_bindings_changes_nothing_of_what_a_script_does(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    before = compiled(text).module
    assert before is not None
    script = document(text).parsed.script
    assert script is not None
    open_ended = [item for item in script.items if isinstance(item, ast.Task | ast.ScriptDef)]
    outer = {given.name.span for item in open_ended for given in item.parameters or ()}
    for name in document(text).names:
        if name.kind in NAMED_IN_THE_MODULE or name.span in outer:
            continue
        changes = rename(document(text), name.span.start, name.name + "_2")
        assert not isinstance(changes, Refused)
        after = compiled(applied(text, changes)).module
        assert after is not None
        assert after.sha256 == before.sha256


# ---- outline, hints, help, fixes -----------------------------------------------------------------


def test_the_outline_has_declarations_blocks_and_pictures() -> None:
    text = f'let a = {RUNS}\ntask t {{\n  let b = 3\n}}\n$a | frame | plot("curve") | handoff'
    found = symbols(document(text))
    assert [(s.name, s.kind) for s in found] == [("a", "let"), ("t", "task"), ("curve", "flow")]
    assert [s.name for s in found[1].children] == ["b"]


def test_hints_tell_sizes_at_ends_of_lines_and_what_a_let_is() -> None:
    text = f"let a = {RUNS}\n  | select(run, lr)\n  | filter(lr > 3)\nlet n: int = 3\nlet k = 5"
    given = document(text)
    found = [(given.source.position(h.offset)[0], h.text) for h in inlay_hints(given)]
    assert found == [
        (1, ": table"),
        (1, "≤ 3,000,000 rows, 11 columns"),
        (2, "≤ 3,000,000 rows, 2 columns"),
        (5, ": int"),
    ]


def test_signature_help_marks_the_argument_that_is_written() -> None:
    found = signature_help(*marked(f"{RUNS} | frame | line(x=step, col^"))
    assert found is not None
    assert found.active is not None
    assert found.parameters[found.active] == "y: column of numbers"
    assert all(parameter in found.label for parameter in found.parameters)
    found = signature_help(
        *marked("def f(a: int, b: int = 2): table = | head($a)\n" + f"{RUNS} | f(b=^")
    )
    assert found is not None
    assert (found.label, found.active) == ("f(a: int, b: int = 2): table", 1)
    assert signature_help(*marked(f"{RUNS} | ^")) is None


def test_fixes_mend_what_they_say() -> None:
    given = document(
        f'{RUNS} | filtr(step > 3) | frame | line(x=step, y=reward) | axis(xscale="lgo")'
    )
    titles = [a.title for a in actions(given, Span(0, len(given.text)))]
    assert titles == [
        "write `filter` instead of `filtr`",
        'write `"log"` instead of `"lgo"`',
        "write `p2 1`",
    ]
    mended = applied(given.text, fix_all(given))
    assert mended.startswith("p2 1\n")
    assert "| filter(step > 3)" in mended
    assert 'xscale="log"' in mended
