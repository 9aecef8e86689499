"""Completion offers what fits at the cursor and nothing else, in scripts that are not finished or not right."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from p2_compiling import LOWERED, SCHEMAS
from p2_scripts import SCRIPTS
from p2lang.check import Schemas
from p2lang.service import Completion, Document, Workspace, completions, is_complete
from p2lang.service.whereabouts import whereabouts
from p2lang.types import ColumnType
from p2std.registry import core
from script_editing import document, marked

RUNS = 'access("experiment2/*")'


def offered(text: str) -> tuple[Completion, ...]:
    """Give what is offered at the mark."""
    return completions(*marked(text))


def labels(text: str, kind: str | None = None) -> list[str]:
    """Give the labels offered at the mark, of one kind or of all."""
    return [c.label for c in offered(text) if kind in (None, c.kind)]


PYTHON = 'script f(runs: table{run: string}, tol: number): table{run: string} = python """'


@pytest.mark.parametrize(
    ("text", "there", "not_there"),
    [
        ("total = 1\nx = to^", ["tol", "total"], ["table"]),
        ("x = num.a^", ["abs", "argmax"], ["access", "all_from"]),
        ("ga^", ["gather_tasks"], ["filter"]),
        ('x = "ab^', [], ["abs"]),
        ("# ab^", [], ["abs"]),
        ("for run, part in runs.gr^", [], ["gradient"]),
    ],
)
def test_words_of_python_are_offered_in_the_text_of_a_step(
    text: str, there: list[str], not_there: list[str]
) -> None:
    found = labels(f"{PYTHON}\n{text}")
    assert set(there) <= set(found)
    assert not set(not_there) & set(found)


def test_after_the_text_of_a_step_the_language_goes_on() -> None:
    assert "filter" in labels(f'{PYTHON}return runs"""\n{RUNS} | ^')


def test_params_of_the_bundles_are_offered_where_a_source_chooses_by_them() -> None:
    text = 'access("experiment2/*", since="2026-01-01", where=lr > 0.1 and )'
    schemas = Schemas(SCHEMAS.get, params=lambda path: {"lr": ColumnType("number")})
    found = completions(Document(text, Workspace.of(core(), schemas)), len(text) - 1)
    assert [(c.label, c.detail) for c in found if c.kind == "column"] == [("lr", "param: number")]


def test_tasks_are_offered_to_whom_a_table_can_be_handed() -> None:
    text = "task a { let t = sweep(lr=[0.1]) expose t = $t  $t | handin(to=^) }\ntask keep after a { release() }"
    assert labels(text, "task") == ['"a"', '"keep"']


@pytest.mark.parametrize("text", ['access("runs", table=)', 'access("runs", table="st")'])
def test_tables_of_the_bundles_are_offered(text: str) -> None:
    schemas = Schemas(SCHEMAS.get, tables=lambda path: ("main", "steps") * (path == "runs"))
    offset = len(text) - (2 if text.endswith('")') else 1)
    found = completions(Document(text, Workspace.of(core(), schemas)), offset)
    assert '"steps"' in [c.label for c in found if c.kind == "choice"]


@pytest.mark.parametrize(
    ("text", "there", "not_there"),
    [
        (f"{RUNS} | ^", ["filter", "frame", "handoff"], ["line", "plot", "access", "mean"]),
        (f"{RUNS} | frame | ^", ["line", "axis", "plot"], ["filter", "handoff", "frame"]),
        (f"{RUNS} | frame | line(x=step, y=reward) | plot | ^", ["handoff"], ["line", "filter"]),
        (f"{RUNS} | filter(^", ["reward", "isnull", "where"], ["line", "access"]),
        (f"{RUNS} | select(run, lr) | filter(^", ["run", "lr"], ["reward", "step"]),
        (f"{RUNS} | derive(twice = 2 * reward) | frame | line(x=^", ["twice", "step"], ["mean"]),
        (f"{RUNS} | summary(by=[^", ["lr", "cols"], ["mean", "by"]),
        (f"{RUNS} | summary(by=[lr], m = ^", ["mean", "reward"], ["line"]),
        (f"{RUNS} | order(^", ["desc", "step"], ["mean"]),
        (f"{RUNS} | frame | line(x=step, ^", ["y", "colour"], ["x"]),
        (f"{RUNS} | frame | line(^, y=reward, colour=lr)", ["x", "alpha"], ["y", "colour"]),
        (f"{RUNS} | frame | line(x=step, y=^", ["reward"], ["env", "run"]),
        ("let curves = ^", ["access", "rows"], ["filter", "$curves"]),
        ("let a = 3\nlet b = ^", ["$a"], ["$b"]),
        ("^", ["let", "param", "access", "p2"], ["otherwise", "filter"]),
        ("param window: ^", ["int", "time"], ["let", "access"]),
        ("repeat m in [reward] {\n  ^", ["let", "access", "$m"], ["param2"]),
        (f"def tidy(cut: int): table = | head(10)\n{RUNS} | ^", ["tidy", "filter"], []),
        ("def snr(x: column[number]): number = mean($^", ["$x"], []),
        (f"pipe p = [{RUNS}, ^", ["filter", "frame"], ["line"]),
        (f"pipe p = [{RUNS}, filter(^", ["reward"], []),
        ("pipe p = [^", ["access", "filter"], ["let"]),
        (f"pipe p = [frame]\n{RUNS} | $^", ["$p"], []),
        (f"let a = {RUNS}\nlet b = 2\nunion($^", ["$a", "$b"], []),
    ],
)
def test_what_fits_is_offered_and_nothing_else(
    text: str, there: list[str], not_there: list[str]
) -> None:
    found = labels(text)
    assert set(there) <= set(found), found
    assert not set(not_there) & set(found), found


def test_columns_come_with_their_types_after_the_steps_before() -> None:
    columns = {
        c.label: c.detail for c in offered(f"{RUNS} | frame | line(x=^") if c.kind == "column"
    }
    assert columns["reward"] == "number?"
    assert columns["wall_time"] == "number[s]"
    assert columns["step"] == "int"


def test_odd_names_are_written_in_backticks() -> None:
    [found] = offered(f"{RUNS} | filter(trai^")
    assert (found.label, found.insert) == ("train/loss", "`train/loss`")
    [again] = offered(f"{RUNS} | filter(`trai^")
    assert again.replaces.start == found.replaces.start


def test_choices_and_paths_are_texts_in_quotes_that_replace_the_whole_text() -> None:
    text = f'{RUNS} | frame | axis(xscale="l^og")'
    [log] = [c for c in offered(text) if c.label == '"log"']
    assert (log.kind, text.replace("^", "")[log.replaces.start : log.replaces.end]) == (
        "choice",
        '"log"',
    )
    assert '"experiment2/run7"' in labels('access("exp^")', "path")
    assert '"symlog"' in labels(f"{RUNS} | frame | axis(xscale=^)", "choice")
    assert "the default" in [c.detail for c in offered(f"{RUNS} | scale(lr, method=^)")]


def test_columns_of_a_bound_table_stand_after_its_dot() -> None:
    assert labels(f"let a = {RUNS} | select(run, lr)\nimpose distinct($a.^") == ["run", "lr"]


def test_libraries_are_offered_and_what_they_hold_behind_their_dot() -> None:
    use = 'use "lab/smoothing@1.2.0" as sm\n'
    assert '"lab/smoothing@1.2.0"' in labels('use "lab^', "path")
    assert "sm" in labels(f"{use}{RUNS} | ^", "library")
    steps, functions = labels(f"{use}{RUNS} | sm.^"), labels(f"{use}{RUNS} | summary(m = sm.^")
    assert {"numbered", "positive", "ema"} <= set(steps)
    assert {"settled", "twice"} <= set(functions)
    assert not set(steps) & set(functions)
    assert "usual_half_life" in labels(f"{use}{RUNS} | head($sm.^")
    assert "half_life" in labels(f"{use}{RUNS} | sm.ema(col=reward, ^", "argument")


def test_what_begins_like_the_word_comes_first_and_what_contains_it_last() -> None:
    found = labels(f"{RUNS} | summary(m = me^")
    assert found.index("mean") < found.index("rolling_mean")
    assert all("me" in label for label in found)


def test_a_word_is_replaced_to_its_end() -> None:
    text = f"{RUNS} | fi^lltr(lr > 3)"
    [found] = offered(text)
    assert text.replace("^", "")[found.replaces.start : found.replaces.end] == "filltr"


def test_holes_of_texts_offer_bindings() -> None:
    assert labels('param window: int = 5\nlet t = f"over {$w^ind} steps"') == ["$window"]
    assert labels('param window: int = 5\nlet t = f"over {{$w^') == []


@pytest.mark.parametrize(
    "text",
    [
        f"# {RUNS} | ^",
        f"{RUNS} | head(10^",
        f'{RUNS} | frame(title="Rew^',
        'script f() = python """\nfor x in rows.^',
        "let ^",
    ],
)
def test_nothing_is_offered_where_nothing_helps(text: str) -> None:
    assert offered(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        f"{RUNS} | filter(a = = 3) | ^",
        f"{RUNS} | nonsense(1, 2) | derive(a == 3, b = 2) | ^",
        f"let x = = 3\n{RUNS} | ^",
        f"let a = {RUNS} |\nlet b = 4\n{RUNS} | ^",
        f"task t {{\n  let x = )\n  {RUNS} | ^",
    ],
)
def test_mistakes_before_the_cursor_do_not_matter(text: str) -> None:
    assert "filter" in labels(text)


def test_columns_are_known_even_when_a_comma_is_missing() -> None:
    assert "reward" in labels(f"{RUNS} | line(x=step y=^")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "complete"),
        ("# only a comment", "complete"),
        ("p2 1", "complete"),
        (f"{RUNS} | head", "complete"),
        (f"{RUNS} |", "incomplete"),
        (f"{RUNS}\n  | frame(", "incomplete"),
        ("let x =", "incomplete"),
        ("def f(a: int", "incomplete"),
        ("repeat i in [1, 2] {", "incomplete"),
        ("when true { } otherwise", "incomplete"),
        ('script f() = python """\nx = 1', "incomplete"),
        (f"{RUNS} | | head", "invalid"),
        (f"{RUNS} | head)", "invalid"),
        ("x = 3", "invalid"),
        ('let t = "abc', "invalid"),
        ("let x = )\nlet y =", "invalid"),
        ("let a = \x00", "invalid"),
    ],
)
def test_whether_a_text_needs_more_lines(text: str, answer: str) -> None:
    assert is_complete(text) == answer


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_line_of_an_example_is_complete_or_waits_for_more(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert is_complete("".join(lines)) == "complete"
    answers = {is_complete("".join(lines[:n])) for n in range(len(lines))}
    assert answers <= {"complete", "incomplete"}


@pytest.mark.parametrize("path", LOWERED, ids=lambda path: path.stem)
def test_whatever_is_offered_in_an_example_is_right_there(path: Path) -> None:
    """Every step, column and binding that is offered is one that the checker finds."""
    text = path.read_text(encoding="utf-8")
    places = [match.end() for match in re.finditer(r"\| |[(,=] ?(?=[a-z])", text)]
    for place in places[:: max(1, len(places) // 12)]:
        for found in completions(document(text), place)[::7]:
            if found.kind not in ("step", "column", "binding"):
                continue
            start, end = found.replaces.start, found.replaces.end
            if text[end] == "." or (text[end] == "(" and found.kind != "step"):
                continue  # what follows would make something else of it
            checked = document(text[:start] + found.insert + text[end:])
            codes = {
                d.code for d in checked.compiled.diagnostics if d.span.start == start and d.is_error
            }
            assert not codes & {"P2-E0201", "P2-E0202", "P2-E0204", "P2-E0209"}, (
                text[:start][-60:],
                found.insert,
                codes,
            )


@pytest.mark.parametrize("path", LOWERED[:6], ids=lambda path: path.stem)
def test_what_stands_above_means_the_same_whether_it_is_known_or_read_anew(path: Path) -> None:
    text = path.read_text("utf-8")
    for offset in range(0, len(text), 23):
        around = whereabouts(document(text), offset)
        anew = replace(around, before=replace(around.before, statement=0))
        assert around.stream.kind == anew.stream.kind
        assert around.stream.schema == anew.stream.schema
        assert {b.name.text for b in around.bindings()} == {b.name.text for b in anew.bindings()}
        assert {w.name.text for w in around.words()} == {w.name.text for w in anew.words()}


def test_a_bundle_with_others_inside_is_offered_with_all_of_them() -> None:
    found = labels('access("^")', "path")
    assert found.index('"experiment2/run7/*"') < found.index('"experiment2/run7"')
    assert len(found) == len(set(found))
