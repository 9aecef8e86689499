"""Tasks, links, exposed tables, steps in Python, column params: what they become, and what the verifier refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2_compiling import SCHEMAS, SCRIPTS, encoded, module_of, verified
from p2lang import ir
from p2lang.check.tasks import DEFAULT_CAP
from p2lang.compiler import Compiled, Surroundings, compile_script
from p2lang.fmt import format_script
from p2lang.ir import Node
from p2lang.parser import parse
from p2lang.semantics.bounds import bounds_of, count
from p2lang.semantics.promises import broken, columns_of, shape_of
from p2lang.semantics.structure import TASK, outside_tasks
from p2lang.source import Source
from p2lang.types import ColumnType, TableSchema
from p2lang.verifier import BadParam, RefusedProgram, verify
from p2std.registry import core

TASKS = """p2 1
param rates: list[number] = [0.1, 0.2] where count($rates) in 1..5
link small: table{row: int, v: number} -> "matrix" via | filter(row > 3) | rename(v = value)
task first(least: int = 3) {
  impose small: table{row: int, v: number}
  expose sums: table{row: int, v: number} = $small | filter(row > $least) | summary(by=row, v = sum(v))
  release()
}
task second after first {
  let all = collect(gather_tasks("first"), rows=2_000_000)
  redo("experiment2", over=sweep(lr=$rates), gpu_hours=2h)
  $all | summary(by=bundle, m = max(v)) | frame | bar(x=bundle, y=m) | plot("most") | handoff
}
"""

STEP = """p2 1
script late(runs: table{run: string, step: int}, beyond: int = 3): table{run: string, at: int?} = python \"\"\"
return runs.where(runs["step"] > beyond)
\"\"\"
access("experiment2/run7") | late(beyond=7) | frame | histogram(x=at) | plot | handoff
"""

METRIC = """p2 1
param metric: column[number] = reward
access("experiment2/run7") | frame(title=f"{$metric}") | line(x=step, y=$metric) | plot | handoff
"""


def renamed(content: dict[str, Any]) -> dict[str, Any]:
    """Give every node the name of its content, as somebody would who changes a module on purpose."""
    names: dict[str, str] = {}

    def through(value: Any) -> Any:
        if isinstance(value, str):
            return names.get(value, value)
        if isinstance(value, list):
            return [through(item) for item in value]
        if isinstance(value, dict):
            return {key: through(item) for key, item in value.items()}
        return value

    for each in content["nodes"]:
        _, operation, inputs, attributes, kind = each
        node = Node(operation, tuple(through(inputs)), through(attributes), kind)
        names[each[0]] = node.id
        each[:] = node.as_json()
    content["sinks"] = through(content["sinks"])
    return content


def refusal(text: str, change: Callable[[dict[str, Any]], None]) -> str:
    content = json.loads(encoded(text))
    change(content)
    with pytest.raises(RefusedProgram) as caught:
        verified(ir.canonical(renamed(content)))
    return caught.value.code


def node(content: dict[str, Any], name: str) -> list[Any]:
    return next(n for n in content["nodes"] if n[1].partition("@")[0] == name)


# ---- what they become ------------------------------------------------------------------------------


def test_a_module_tells_its_tasks_their_params_and_what_they_wait_for() -> None:
    program = verified(encoded(TASKS))
    assert [(task.name, list(task.params), task.after) for task in program.tasks] == [
        ("first", ["least"], ()),
        ("second", [], ("first",)),
    ]
    assert list(program.params) == ["rates"]


def test_a_sweep_that_is_asked_again_and_compared_compiles_and_is_verified() -> None:
    text = (SCRIPTS / "10_sweep.p2").read_text(encoding="utf-8")
    result = module_of(text.replace("  $both | automatic | handoff\n", ""))
    assert result.module is not None
    program = verify(result.module.encode(), result.schemas, core(), result.module.sha256)
    sweep = next(n for n in program.nodes if n.signature.name == "sweep")
    assert sweep.schema is not None
    assert [(name, str(column)) for name, column in sweep.schema.columns] == [
        ("lr", "number"),
        ("seed", "int"),
    ]
    assert sweep.schema.rows == 32 * 10
    assert "request redo:experiment2" in program.capabilities


def test_each_effect_of_a_task_names_it_and_what_stands_outside_does_not() -> None:
    program = verified(encoded(TASKS))
    told = [
        (program[sink].signature.name, program[sink].node.attributes.get(TASK, ["str", ""])[1])
        for sink in program.sinks
    ]
    assert told == [
        ("link", ""),
        ("expose", "first"),
        ("release", "first"),
        ("redo", "second"),
        ("plot", "second"),
        ("handoff", "second"),
    ]
    assert [n.op for n in outside_tasks(program.module.nodes)] == [
        "access@1",
        "filter@1",
        "rename@1",
        "link@1",
    ]


def test_capabilities_tell_links_inputs_exposed_tables_and_requests() -> None:
    assert module_of(TASKS).capabilities == (
        "expose table:sums",
        "link table:small",
        "read bundle:matrix",
        "read input:small",
        "read task:first",
        "request redo:experiment2",
        "write output:most",
    )
    assert "run python:late" in module_of(STEP).capabilities


def test_a_link_and_a_step_in_python_read_only_the_columns_that_they_declare() -> None:
    module = module_of(TASKS).module
    assert module is not None
    assert module.nodes[0].attributes["cols"] == ["cols", ["row", "value"]]
    step = module_of(STEP).module
    assert step is not None
    assert step.nodes[0].attributes["cols"] == ["cols", ["run", "step"]]


def test_what_is_collected_has_the_columns_that_are_exposed_and_the_bundle() -> None:
    program = verified(encoded(TASKS))
    collect = next(n for n in program.nodes if n.signature.name == "collect")
    assert collect.schema is not None
    assert [str(pair[0]) for pair in collect.schema.columns] == ["bundle", "v"]
    assert collect.schema.rows == 2_000_000


def test_a_step_in_python_keeps_its_text_byte_for_byte() -> None:
    text = (SCRIPTS / "11_script.p2").read_text(encoding="utf-8")
    body = text.split('"""')[1]
    module = module_of(text).module
    assert module is not None
    step = next(n for n in module.nodes if n.op == "script@1")
    assert step.attributes["text"] == ["str", body]
    odd = text.replace(body, "\n\tif x :  \n\n\n   return   runs  \n\t")
    script = parse(Source(odd)).script
    assert script is not None
    assert format_script(script).split('"""')[1] == odd.split('"""')[1]


def test_a_step_in_python_gives_at_most_the_rows_that_it_takes() -> None:
    program = verified(encoded(STEP))
    step = next(n for n in program.nodes if n.signature.name == "script")
    assert step.schema is not None
    assert step.schema.rows == SCHEMAS["experiment2/run7"].rows
    assert [name for name, _ in step.schema.columns] == ["run", "at"]
    assert step.node.attributes["new"] == ["new", [["beyond", ["int", 7]]]]


def test_nobody_compiles_the_text_of_a_step_in_python() -> None:
    text = STEP.replace('return runs.where(runs["step"] > beyond)', "runs runs runs")
    assert module_of(text).module is not None


def test_params_of_a_task_are_bound_with_those_of_the_script() -> None:
    program = verified(encoded(TASKS))
    assert program.bind({}) == {"rates": (0.1, 0.2)}
    bound = program.bind({"least": "9"}, task="first")
    assert bound == {"rates": (0.1, 0.2), "first.least": 9}
    with pytest.raises(BadParam):
        program.bind({"least": "9"})


# ---- params that name a column ---------------------------------------------------------------------


def with_columns(text: str, **columns: str) -> Compiled:
    around = Surroundings(columns=columns)
    return compile_script(Source(text), core(), SCHEMAS, None, around)


def test_another_column_is_another_module_that_is_checked_anew() -> None:
    found = with_columns(METRIC, metric="lr").module
    first = module_of(METRIC).module
    assert found is not None
    assert first is not None
    assert found.sha256 != first.sha256
    assert found.nodes[0].attributes["cols"] == ["cols", ["lr", "step"]]
    program = verified(found.encode())
    assert program.bind({}) == {"metric": "lr"}
    assert program.bind({"metric": "lr"}) == {"metric": "lr"}


def test_a_program_takes_no_other_column_than_it_was_compiled_for() -> None:
    with pytest.raises(BadParam) as caught:
        verified(encoded(METRIC)).bind({"metric": "lr"})
    assert caught.value.code == "P2-E0232"


@pytest.mark.parametrize(("column", "code"), [("rewrd", "P2-E0201"), ("env", "P2-E0207")])
def test_a_column_that_is_not_there_or_of_another_type_is_told_once(column: str, code: str) -> None:
    twice = METRIC + METRIC.splitlines()[2].replace("| plot", '| plot("again")')
    found = [d for d in with_columns(twice, metric=column).diagnostics if d.is_error]
    assert {d.code for d in found} == {code}
    if code == "P2-E0201":
        [told] = found
        assert "-p metric=reward" in told.help


# ---- what the verifier refuses ---------------------------------------------------------------------


def _set(name: str, attribute: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        node(content, name)[3][attribute] = value

    return change


def _task(number: int, key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content["tasks"][number][key] = value

    return change


def _same_name(content: dict[str, Any]) -> None:
    content["tasks"][1]["name"] = "first"


def _no_tasks(content: dict[str, Any]) -> None:
    content["tasks"] = []


def _left_out(content: dict[str, Any]) -> None:
    del content["tasks"]


WRONG_TASKS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "waits for one below": (_task(0, "after", ["second"]), "P2-V0525"),
    "waits for itself": (_task(1, "after", ["second"]), "P2-V0525"),
    "waits twice": (_task(1, "after", ["first", "first"]), "P2-V0525"),
    "waits for nobody known": (_task(1, "after", ["third"]), "P2-V0525"),
    "two of one name": (_same_name, "P2-V0525"),
    "an empty list": (_no_tasks, "P2-V0504"),
    "none at all": (_left_out, "P2-V0509"),
    "a param with the script's name": (
        _task(1, "params", {"rates": {"type": "int", "default": ["int", 1], "where": None}}),
        "P2-V0525",
    ),
    "an effect of no task": (_set("redo", TASK, ["str", "third"]), "P2-V0525"),
    "an effect back in an earlier task": (_set("plot", TASK, ["str", "first"]), "P2-V0525"),
    "an effect that uses another's param": (_set("expose", TASK, ["str", "second"]), "P2-V0525"),
    "a collector above what it collects": (
        _set("collect", "tasks", ["call", "gather_tasks@1", {"name": ["str", "second"]}]),
        "P2-V0509",
    ),
    "a collector of nobody": (
        _set("collect", "tasks", ["call", "gather_tasks@1", {"name": ["str", "third"]}]),
        "P2-V0509",
    ),
    "a collector of something that is not exposed": (
        _set("collect", "name", ["str", "others"]),
        "P2-V0509",
    ),
    "a collector with too small a cap": (_set("collect", "rows", ["int", 10]), "P2-V0509"),
    "a collector that takes any number": (_set("collect", "rows", ["int", 0]), "P2-V0512"),
    "a link with another type": (
        _set("link", "type", ["shape", [["row", "int"], ["v", "string"]]]),
        "P2-V0512",
    ),
    "a link with a column more": (
        _set("link", "type", ["shape", [["row", "int"], ["w", "number"]]]),
        "P2-V0512",
    ),
    "a link from elsewhere": (_set("link", "path", ["str", "total"]), "P2-V0509"),
    "a link to itself": (_set("link", "name", ["str", "matrix"]), "P2-V0509"),
    "an exposed type that is not kept": (
        _set("expose", "type", ["shape", [["row", "int"], ["v", "int"]]]),
        "P2-V0512",
    ),
    "a shape with a column twice": (
        _set("need", "type", ["shape", [["row", "int"], ["row", "int"]]]),
        "P2-V0504",
    ),
    "a shape with an odd type": (_set("need", "type", ["shape", [["row", "whole"]]]), "P2-V0504"),
    "a shape that is none": (_set("need", "type", ["types", [["row", "int"]]]), "P2-V0509"),
    "a name that only the run knows": (_set("need", "name", ["var", "rates"]), "P2-V0512"),
}


@pytest.mark.parametrize("case", WRONG_TASKS, ids=str)
def test_changed_tasks_and_links_are_refused(case: str) -> None:
    change, code = WRONG_TASKS[case]
    assert refusal(TASKS, change) == code


def _translated_by_summary(content: dict[str, Any]) -> None:
    link, expose = node(content, "link"), node(content, "expose")
    link[3]["type"] = expose[3]["type"]
    link[2] = list(expose[2])
    content["nodes"].remove(link)
    content["nodes"].insert(content["nodes"].index(expose), link)


ANSWERS = """p2 1
task first {
  link a: table{row: int} -> "matrix"
  link b: table{row: int} -> "matrix"
  when 1 > 2 and 3 > 2 { expose s: table{row: int} = access("matrix") }
  otherwise { expose s: table{row: int} = access("matrix") }
  expose t: table{row: int} = access("matrix")
}
"""


@pytest.mark.parametrize(
    ("named", "after"), [("b", "a"), ("t", "s")], ids=["a link", "an exposed table"]
)
def test_what_answers_twice_by_one_name_is_refused(named: str, after: str) -> None:
    verify(encoded(ANSWERS), SCHEMAS, core())

    def change(content: dict[str, Any]) -> None:
        for node in content["nodes"]:
            if node[3].get("name") == ["str", named]:
                node[3]["name"] = ["str", after]

    assert refusal(ANSWERS, change) == "P2-V0509"


def test_a_link_over_many_rows_is_refused() -> None:
    assert refusal(TASKS, _translated_by_summary) in ("P2-V0509", "P2-V0525")


WRONG_STEPS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "text too long": (_set("script", "text", ["str", "x" * 40_000]), "P2-V0513"),
    "no table first": (_set("script", "params", ["types", [["beyond", "int"]]]), "P2-V0509"),
    "a value of another type": (
        _set("script", "new", ["new", [["beyond", ["str", "a"]]]]),
        "P2-V0509",
    ),
    "a value that is missing": (_set("script", "new", ["new", []]), "P2-V0509"),
    "a value for each row": (
        _set("script", "new", ["new", [["beyond", ["col", "step"]]]]),
        "P2-V0509",
    ),
    "a parameter of no type": (
        _set("script", "params", ["types", [["runs", "table"], ["beyond", "table"]]]),
        "P2-V0509",
    ),
    "a column that does not arrive": (
        _set("script", "takes", ["shape", [["run", "string"], ["reward", "number?"]]]),
        "P2-V0512",
    ),
    "another result": (_set("script", "gives", ["shape", [["run", "string"]]]), "P2-V0511"),
    "a result without columns": (_set("script", "gives", ["shape", []]), "P2-V0509"),
}


@pytest.mark.parametrize("case", WRONG_STEPS, ids=str)
def test_changed_steps_in_python_are_refused(case: str) -> None:
    change, code = WRONG_STEPS[case]
    assert refusal(STEP, change) == code


def test_a_changed_column_param_is_refused() -> None:
    def change(content: dict[str, Any]) -> None:
        content["params"]["metric"]["default"] = ["str", "reward"]

    assert refusal(METRIC, change) == "P2-V0518"


def test_what_names_its_task_stands_in_one() -> None:
    def change(content: dict[str, Any]) -> None:
        del node(content, "loggy")[3][TASK]

    assert refusal("p2 1\ntask a { loggy($me.task) }", change) == "P2-V0525"


def test_rights_are_recomputed() -> None:
    def change(content: dict[str, Any]) -> None:
        content["rights"].remove("request")

    assert refusal(TASKS, change) == "P2-V0514"


# ---- rules that both sides share -------------------------------------------------------------------

COLUMN = st.builds(
    ColumnType, st.sampled_from(["int", "number", "string", "bool", "time"]), st.booleans()
)
COLUMNS = st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), COLUMN, max_size=6)


@given(columns=COLUMNS)
def test_a_declared_type_comes_back_from_its_value(columns: dict[str, ColumnType]) -> None:
    assert columns_of(shape_of(columns.items())) == tuple(columns.items())


@given(columns=COLUMNS, more=COLUMNS)
def test_a_table_keeps_the_promise_of_its_own_columns_and_of_fewer(
    columns: dict[str, ColumnType], more: dict[str, ColumnType]
) -> None:
    schema = TableSchema(tuple({**more, **columns}.items()), 10)
    assert broken(tuple(columns.items()), schema) == []
    lacking = broken((("zzzzzzz", ColumnType("int")),), schema)
    assert [problem.why for problem in lacking] == ["lacking"]


@settings(max_examples=50)
@given(low=st.integers(0, 50), more=st.integers(0, 50))
def test_counts_of_ranges_and_lists_are_bounded_by_their_params(low: int, more: int) -> None:
    high = low + more
    condition = ["op", "in", ["var", "n"], ["range", ["int", low], ["int", high]]]
    bounds = bounds_of({"n": condition})
    assert count(["range", ["int", 1], ["var", "n"]], bounds) == high
    length = ["op", "<=", ["len", ["var", "names"]], ["int", high]]
    assert count(["var", "names"], bounds_of({"names": length})) == high
    assert count(["list", [["int", 1]] * more], {}) == more


def test_the_cap_that_is_told_is_the_one_of_the_signature() -> None:
    collect = core().by_full_name["collect@1"]
    assert collect.by_name["rows"].default_value == ["int", DEFAULT_CAP]


def test_tasks_without_anything_in_them_are_a_module_too() -> None:
    program = verified(encoded("p2 1\ntask idle { }\n"))
    assert [task.name for task in program.tasks] == ["idle"]
    assert program.nodes == ()
