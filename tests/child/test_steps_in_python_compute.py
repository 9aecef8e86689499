"""Steps in Python compute with tables, columns, arrays and plain values as their text says."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from p2lang.check.script_names import NUM, WORDS
from plotter2.child.placing import PlacedError
from plotter2.child.python.describing import known_words
from plotter2.child.python.running import FIXED
from plotter2.errors import RunError
from python_steps import RUNS, refused, returned, told
from running_programs import Part, run_script

STEP = '''p2 1
script settle(
  runs: table{{run: string, step: int, reward: number?}},
  tol: number = 0.01,
): table{{{gives}}} = python """{text}"""
access("e") | settle | export("out.csv")
'''
SETTLED = """
rows = []
for run, part in runs.groups("run"):
    reward = part["reward"]
    inside = num.abs(reward - reward.last()) <= tol
    at = inside.all_from()
    rows.append({"run": run, "settled": part["step"][at] if at is not None else None})
return table(rows)
"""


def out(text: str, gives: str) -> str:
    script = STEP.format(text=text, gives=gives)
    return run_script(script, {"e": [Part(RUNS)]}).picture("out", "csv").decode()


def test_a_table_goes_in_and_the_promised_table_comes_out() -> None:
    assert out(SETTLED, "run: string, settled: int?") == "run,settled\na,2\nb,1\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("return [x * 2 for x in range(3)]", [0, 2, 4]),
        ("a = [1, 2]\na[0] += 5\na += (3,)\nreturn a", [6, 2, 3]),
        ("d = {'x': 1}\nd['y'] = d.get('z', 7)\nreturn d", {"x": 1, "y": 7}),
        ("(a, [b, *c]) = (1, [2, 3, 4])\nreturn [a, b, c]", [1, 2, [3, 4]]),
        ("return sum(i for i in range(101))", 5050),
        ("f = lambda x, y=2: x ** y\nreturn f(3)", 9),
        ("def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nreturn fib(10)", 55),
        ("return f'{1234.5:,.2f} {True} {None} {[1, {2}]!r:>12}'", "1,234.50 True None     [1, {2}]"),
        ("return '%05.1f|%s|%d%%' % (2.25, [1], 7)", "002.2|[1]|7%"),
        ("return sorted({'b', 'a'}), list({3, 1, 2})", (["a", "b"], [1, 2, 3])),
        ("n = 0\nwhile n < 10:\n    n += 3\nreturn n", 12),
        ("return max([3, 1], key=lambda x: -x), min(2, 1), round(2.567, 1)", (1, 1, 2.6)),
        ("return isinstance(1, int), isinstance('a', (int, float)), (x := 3) + x", (True, False, 6)),
        ("return ', '.join(str(x) for x in zip([1, 2], 'ab'))", "(1, 'a'), (2, 'b')"),
        ("return [k for k, v in sorted({'b': 1, 'a': 2}.items(), key=lambda p: p[1])]", ["b", "a"]),
    ],
)  # fmt: skip
def test_plain_python_means_what_it_means(text: str, value: Any) -> None:
    assert returned(text) == value


B = [{"run": "b", "step": 0, "reward": 3.0}, {"run": "b", "step": 1, "reward": 2.0}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("return runs['reward'].tolist()", [0.5, None, 1.0, 3.0, 2.0]),
        ("return runs['reward'].mean(), runs['reward'].count()", (1.625, 4)),
        ("return (runs['reward'] > 0.7).tolist()", [False, None, True, True, True]),
        ("return runs['reward'][runs['step'] == 0].tolist()", [0.5, 3.0]),
        ("return (runs['step'] * 2 - 1).tolist()", [-1, 1, 3, -1, 1]),
        ("return runs['reward'].sort(True).tolist()", [3.0, 2.0, 1.0, 0.5]),
        ("return runs.sort('reward')['step'].tolist()", [0, 2, 1, 0, 1]),
        ("return runs.filter(runs['run'] == 'b').rows()", B),
        ("return (num.array([[1, 2], [3, 4]]) @ num.array([1, 1])).tolist()", [3.0, 7.0]),
        ("return num.solve([[2, 0], [0, 4]], [2, 2]).tolist()", [1.0, 0.5]),
        ("return num.where(runs['step'] > 0, runs['reward'], -1).tolist()", [-1.0, None, 1.0, -1.0, 2.0]),
        ("return num.array([[1, 2], [3, 4]]).sum(axis=0).tolist()", [4, 6]),
        ("return num.cumsum([1, 2, 3]).tolist(), num.clip(5, 0, 3), num.sqrt(9)", ([1, 3, 6], 3, 3.0)),
        ("return (7 // runs['step']).tolist()", [None, 7, 3, None, 7]),
        ("return num.random(1).integers(0, 10, 3).tolist()", [4, 5, 7]),
    ],
)  # fmt: skip
def test_columns_and_arrays_compute_with_missing_values(text: str, value: Any) -> None:
    assert returned(text) == value


def test_what_is_printed_is_told() -> None:
    assert told("print('a', 1, {2, 1})\nprint(sum, runs)\nreturn []")[1] == [
        "a 1 {1, 2}",
        "function sum table of 5 rows with run, step, reward",
    ]


@pytest.mark.parametrize(
    ("text", "code", "line", "said"),
    [
        ("x = 1\nimport os", "P2-R0690", 2, "nothing can be imported"),
        ("\n\nx = = 1", "P2-R0690", 3, "this is no Python"),
        ("x = (1,\n", "P2-R0690", 1, "`(` is never closed"),
        ("return nmu.abs(1)", "P2-R0692", 1, "there is no nmu"),
        ("return runs['rewrd']", "P2-R0692", 1, "the table has no rewrd"),
        ("x = 1\nreturn x.real", "P2-R0692", 2, "a whole number has no real"),
        ("def f(x):\n    return 1 / x\nreturn f(0)", "P2-R0691", 2, "a number is divided by zero"),
        ("return 2 ** 2 ** 20", "P2-R0693", 1, "a whole number would have 1,048,577 bits"),
        ("return 'ab' * 10 ** 7", "P2-R0693", 1, "a text would have 20,000,000 characters"),
        ("impose(len(runs) > 10, f'only {len(runs)} rows')", "P2-R0601", 1, "only 5 rows"),
    ],
)
def test_an_error_tells_what_and_in_which_line(text: str, code: str, line: int, said: str) -> None:
    error = refused(text)
    assert (error.code, error.line) == (code, line)
    assert said in error.message
    assert error.help


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    assert refused("return np.abs(1)").help == "did you mean num?"
    assert refused("return num.maen([1])").help == "did you mean mean?"
    assert refused("return runs['rewrd']").help == "did you mean reward?"


@pytest.mark.parametrize(
    ("text", "gives", "code", "said"),
    [
        ("return [{'run': 'a'}]", "run: string, n: int", "P2-R0694", "lacks n"),
        ("return 3", "n: int", "P2-R0694", "gives a whole number, and promises a table"),
        ("return [{'n': 1}, {'n': 2.5}]", "n: int", "P2-R0695", "row 2 of n is 2.5, and n: int is promised"),
        ("return [{'n': 1}, {'n': None}]", "n: int", "P2-R0695", "row 2 of n is missing"),
        ("return [{'n': 'x'}]", "n: number", "P2-R0695", "row 1 of n is 'x'"),
        ("return [{'n': 1}] * 6", "n: int", "P2-R0602", "gives 6 rows"),
    ],
)  # fmt: skip
def test_what_comes_out_is_held_against_the_promise(
    text: str, gives: str, code: str, said: str
) -> None:
    with pytest.raises(RunError) as raised:
        out(text, gives)
    assert raised.value.code == code
    assert said in raised.value.message
    assert "bug in plotter2" not in raised.value.help


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("if True:\n    return [{'n': 'x'}]\nreturn []", 2),
        ("def f():\n    return [{'n': 'x'}]\nif True:\n    return f()\nreturn []", 4),
        ("if False:\n    return []\nn = 3", 3),
    ],
)
def test_what_is_wrong_with_a_result_is_told_at_the_return_that_gave_it(
    text: str, line: int
) -> None:
    with pytest.raises(PlacedError) as raised:
        out(text, "n: number")
    assert raised.value.line == line


def test_an_empty_table_and_whole_floats_are_fine() -> None:
    assert out("return []", "n: int, t: string") == "n,t\n"
    assert (
        out("return {'n': num.array([1.0, 2.0]), 't': [None, 'x']}", "n: int, t: string?")
        == "n,t\n1,\n2,x\n"
    )


def test_the_same_text_gives_the_same_rows_again() -> None:
    text = "return [{'t': x} for x in {'q', 'e', 'w', 'r', 't'}]"
    assert out(text, "t: string") == "t\ne\nq\nr\nt\nw\n"


def test_rows_go_in_as_they_are() -> None:
    text = "return runs"
    made = pl.read_csv(out(text, "run: string, step: int, reward: number?").encode())
    assert made.equals(RUNS)


def test_columns_of_text_are_kept_whole() -> None:
    rows = pl.DataFrame(
        {"run": pl.Series([None, "b", "a", None, "b"], dtype=pl.String), "reward": [1.0] * 5}
    )
    text = """
run = runs["run"]
return [
    run.tolist(), run.first(), run.last(), run.count(), run.unique().tolist(), run[1:3].tolist(),
    (run == "b").tolist(), (run != run).tolist(), "a" in run, "c" in run, None in run, run[-1],
    runs.sort("run")["run"].tolist(), [(key, len(part)) for key, part in runs.groups("run")],
    [(key, len(part)) for key, part in runs.groups("run", "reward")], run.is_missing().tolist(),
]
"""
    found = returned(text, rows)
    assert found == [
        [None, "b", "a", None, "b"], "b", "b", 3, ["a", "b"], ["b", "a"],
        [None, True, False, None, True], [None, False, False, None, False], True, False, True, "b",
        ["a", "b", "b", None, None], [(None, 2), ("b", 2), ("a", 1)],
        [((None, 1.0), 2), (("b", 1.0), 2), (("a", 1.0), 1)], [True, False, False, True, False],
    ]  # fmt: skip


def test_a_column_without_any_text_goes_through() -> None:
    nothing = pl.DataFrame({"run": pl.Series([None, None], dtype=pl.String)})
    assert returned("return runs['run'].tolist(), runs.groups('run')[0][0]", nothing) == (
        [None, None],
        None,
    )


def test_the_checker_knows_the_words_that_the_child_has() -> None:
    assert set(known_words()) == WORDS
    assert set(FIXED["num"].members()) == NUM
