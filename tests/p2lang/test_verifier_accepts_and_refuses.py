"""The verifier: what the compiler makes is accepted; what anyone changed is refused with a code, and no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from module_fuzzing import RICH, renamed
from p2_compiling import LOWERED, SCHEMAS, compiled, encoded, verified
from p2_libraries import LIBRARIES
from p2lang import ir
from p2lang.check import check
from p2lang.compiler.budget import needs
from p2lang.compiler.lowering import lower
from p2lang.parser import parse
from p2lang.semantics.needs import total
from p2lang.semantics.structure import rights_of
from p2lang.source import Source
from p2lang.types import TableSchema
from p2lang.verifier import CODES, RefusedProgram, verify
from p2std.registry import core

NAMED = pytest.mark.parametrize("path", LOWERED, ids=lambda path: path.stem)


def refusal(data: bytes) -> str:
    with pytest.raises(RefusedProgram) as caught:
        verified(data)
    assert caught.value.code in CODES
    assert caught.value.message
    return caught.value.code


# ---- what the compiler makes -----------------------------------------------------------------------


@NAMED
def test_what_the_compiler_makes_is_accepted(path: Path) -> None:
    result = compiled(path.read_text(encoding="utf-8"), path.name)
    assert result.module is not None
    program = verify(result.module.encode(), result.schemas, core(), result.module.sha256)
    assert program.sha256 == result.module.sha256
    assert program.module == result.module
    assert program.work == result.module.work == sum(result.costs.values())
    assert program.need == total(cost.need for cost in result.needs)
    assert program.need.beside_work() == result.module.needs
    assert program.capabilities == result.capabilities
    assert [node.id for node in program.nodes] == [node.id for node in result.module.nodes]


def test_all_kinds_of_values_survive_the_way() -> None:
    program = verified(encoded(RICH))
    assert [program[sink].signature.name for sink in program.sinks] == [
        "impose", "plot", "handoff", "loggy", "giveup",
    ]  # fmt: skip


def test_each_node_knows_the_shape_it_gives() -> None:
    program = verified(encoded(RICH))
    join = next(node for node in program.nodes if node.signature.name == "join")
    assert join.flow == join.inputs[0]
    assert join.schema is not None
    assert "step" in join.schema
    derive = next(node for node in program.nodes if node.signature.name == "derive")
    assert derive.schema is not None
    assert str(derive.schema["speed"]) == "number?[1/s]"
    assert str(derive.schema["z"]) == "number?"
    head = next(node for node in program.nodes if node.signature.name == "head")
    assert head.schema is not None
    assert head.schema.rows == 20
    line = next(node for node in program.nodes if node.signature.name == "line")
    assert line.kind == "view"
    assert line.argument("width") == ["num", (2.0).hex(), "pt"]
    assert line.argument("alpha") == ["num", (1.0).hex()]
    assert line.argument("by") is None


@pytest.mark.parametrize("text", [*(p.read_text("utf-8") for p in LOWERED), RICH])
def test_checker_and_verifier_give_every_table_the_same_shape(text: str) -> None:
    source = Source(text)
    script = parse(source).script
    assert script is not None
    checked = check(script, source, core(), SCHEMAS, libraries=LIBRARIES)
    lowered = lower(checked.steps, checked.effects)
    need = total(cost.need for cost in needs(lowered, core(), checked.bounds))
    module = ir.Module(
        lowered.nodes,
        lowered.sinks,
        {n: ir.ModuleParam(p.type_text, p.default, p.where) for n, p in checked.params.items()},
        {path: schema.digest() for path, schema in checked.bundles.items()},
        rights_of(lowered.nodes, core()),
        need.work,
        needs=need.beside_work(),
        tasks=tuple(
            ir.ModuleTask(
                task.name,
                {
                    n: ir.ModuleParam(p.type_text, p.default, p.where)
                    for n, p in task.params.items()
                },
                task.after,
            )
            for task in checked.tasks
        ),
    )
    program = verified(module.encode())
    assert {node.id: node.schema for node in program.nodes} == lowered.schemas


def test_a_verified_program_reads_its_module_from_the_bytes() -> None:
    data = encoded(RICH)
    assert verified(data).module.encode() == data


# ---- what anyone changed ---------------------------------------------------------------------------


def changed(text: str, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Change a module and give its new bytes; ids are made to fit, as an attacker would."""
    content = json.loads(encoded(text))
    change(content)
    return ir.canonical(renamed(content))


LINE = """p2 1
access("matrix") | filter(row > 3) | frame | line(x=row, y=value) | plot("a") | handoff
"""


def node(content: dict[str, Any], name: str) -> list[Any]:
    return next(n for n in content["nodes"] if n[1].partition("@")[0] == name)


def set_attribute(name: str, attribute: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        node(content, name)[3][attribute] = value

    return change


def put(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content[key] = value

    return change


def put_op(content: dict[str, Any], op: str) -> None:
    """Let the filter be another operation, without arguments."""
    node(content, "filter")[1:4:2] = [op, {}]


def drop_input(content: dict[str, Any]) -> None:
    node(content, "filter")[2] = []


def swap_nodes(content: dict[str, Any]) -> None:
    nodes = content["nodes"]
    nodes[1], nodes[2] = nodes[2], nodes[1]


def wrong_kind(content: dict[str, Any]) -> None:
    node(content, "frame")[4] = "table"


def other_op(content: dict[str, Any]) -> None:
    node(content, "filter")[1] = "filter@9"


def unused_node(content: dict[str, Any]) -> None:
    content["nodes"].insert(
        1, ["x", "head@1", [content["nodes"][0][0]], {"n": ["int", 3]}, "table"]
    )


def drop_sink(content: dict[str, Any]) -> None:
    content["sinks"].pop()


def deep(content: dict[str, Any]) -> None:
    value: list[Any] = ["bool", True]
    for _ in range(200):
        value = ["not", value]
    node(content, "filter")[3]["where"] = value


REFUSED = [
    ("P2-V0503", put("p2ir", 2)),
    ("P2-V0503", put("core", "core@2")),
    ("P2-V0503", put("edition", 2)),
    ("P2-V0504", put("libs", {"lab/style": "0" * 64})),
    ("P2-V0504", put("libs", {"lab/style@1.0.0": "00"})),
    ("P2-V0504", put("libs", {f"lab/style@{n}": "0" * 64 for n in range(65)})),
    ("P2-V0504", put("extra", 1)),
    ("P2-V0504", put("nodes", 7)),
    ("P2-V0504", put("sinks", [7])),
    ("P2-V0504", put("params", [])),
    ("P2-V0504", put("work", -1)),
    ("P2-V0504", put("work", True)),
    ("P2-V0504", put("needs", {})),
    ("P2-V0504", put("needs", {"memory": -1, "rows": 1, "panels": 1, "pixels": 1, "frames": 1})),
    ("P2-V0520", put("needs", {"memory": 1, "rows": 1, "panels": 1, "pixels": 1, "frames": 1})),
    ("P2-V0505", put("schema", {"matrix": "0" * 32})),
    ("P2-V0505", put("schema", {})),
    ("P2-V0505", set_attribute("access", "path", ["str", "total"])),
    ("P2-V0507", drop_input),
    ("P2-V0507", swap_nodes),
    ("P2-V0507", unused_node),
    ("P2-V0508", other_op),
    ("P2-V0508", set_attribute("filter", "where", ["call", "system@1", {}])),
    ("P2-V0508", set_attribute("filter", "where", ["call", "filter@1", {}])),
    ("P2-V0509", set_attribute("filter", "what", ["int", 1])),
    ("P2-V0509", set_attribute("filter", "@seq", ["int", 1])),
    ("P2-V0509", set_attribute("filter", "where", ["var", "k"])),
    ("P2-V0509", set_attribute("filter", "where", ["new", [["a", ["int", 1]]]])),
    ("P2-V0509", set_attribute("filter", "where", ["call", "isnull@1", {"y": ["col", "row"]}])),
    ("P2-V0509", set_attribute("filter", "where", ["call", "isnull@1", {}])),
    ("P2-V0509", set_attribute("plot", "name", ["str", "../a"])),
    ("P2-V0509", lambda content: put_op(content, "order@1")),
    ("P2-V0509", lambda content: put_op(content, "select@1")),
    ("P2-V0509", set_attribute("plot", "@when", ["int", 1])),
    ("P2-V0510", wrong_kind),
    ("P2-V0511", set_attribute("line", "x", ["col", "rows"])),
    ("P2-V0511", set_attribute("access", "cols", ["cols", ["rows"]])),
    ("P2-V0512", set_attribute("line", "x", ["int", 1])),
    ("P2-V0512", set_attribute("line", "y", ["int", 1])),
    ("P2-V0512", set_attribute("line", "alpha", ["str", "much"])),
    ("P2-V0512", set_attribute("line", "width", ["num", (1.0).hex()])),
    ("P2-V0512", set_attribute("filter", "where", ["op", "<", ["col", "row"], ["str", "a"]])),
    ("P2-V0513", deep),
    ("P2-V0513", set_attribute("line", "alpha", ["str", "a" * 200_000])),
    ("P2-V0514", put("rights", [])),
    ("P2-V0514", put("rights", ["read", "render", "task", "write"])),
    ("P2-V0515", put("work", 1)),
    ("P2-V0516", drop_sink),
    ("P2-V0516", set_attribute("plot", "@seq", ["int", 7])),
    ("P2-V0518", put("params", {"k": {"type": "pickle", "default": None, "where": None}})),
    ("P2-V0518", put("params", {"k": {"type": "int", "default": ["str", "a"], "where": None}})),
    ("P2-V0504", set_attribute("filter", "where", ["eval", "1"])),
    ("P2-V0504", set_attribute("filter", "where", ["int", 2**70])),
    ("P2-V0504", set_attribute("filter", "where", ["num", "1.5"])),
    ("P2-V0504", set_attribute("filter", "where", ["num", "inf"])),
    ("P2-V0504", set_attribute("filter", "where", ["op", "//", ["int", 1], ["int", 1]])),
    ("P2-V0504", set_attribute("filter", "where", [])),
    ("P2-V0504", set_attribute("filter", "where", None)),
    ("P2-V0504", set_attribute("filter", "where", ["str", "\ud800"])),
    ("P2-V0504", set_attribute("access", "cols", ["cols", ["row", "row"]])),
]  # fmt: skip


@pytest.mark.parametrize(("code", "change"), REFUSED)
def test_a_changed_module_is_refused_with_the_reason(
    code: str, change: Callable[[dict[str, Any]], None]
) -> None:
    assert refusal(changed(LINE, change)) == code


def test_a_mark_that_wants_numbers_is_refused_categories() -> None:
    text = 'access("experiment2/*") | frame | line(x=run, y=reward) | plot | handoff'
    data = changed(text, set_attribute("line", "y", ["col", "run"]))
    assert refusal(data) == "P2-V0512"


def test_a_node_that_is_not_named_after_its_content_is_refused() -> None:
    content = json.loads(encoded(LINE))
    node(content, "filter")[3]["where"] = ["bool", True]
    assert refusal(ir.canonical(content)) == "P2-V0506"


def test_what_is_not_canonical_is_refused() -> None:
    data = encoded(LINE)
    content = json.loads(data)
    spaced = json.dumps(content).encode()
    doubled = data.replace(b'{"core":', b'{"core":"core@1","core":', 1)
    floating = data.replace(b'"work":', b'"work":1.5,"work":', 1)
    for bad in (
        spaced,
        doubled,
        floating,
        b"",
        b"null",
        b"[]",
        b"\xff",
        data + b" ",
        b"[" * 100_000,
    ):
        assert refusal(bad) in ("P2-V0502", "P2-V0504")


def test_what_is_too_large_is_refused_before_it_is_read() -> None:
    assert refusal(b" " * (9 * 2**20)) == "P2-V0501"


def test_another_module_than_the_expected_one_is_refused() -> None:
    with pytest.raises(RefusedProgram) as caught:
        verify(encoded(LINE), SCHEMAS, core(), "0" * 64)
    assert caught.value.code == "P2-V0517"


def test_a_bundle_that_changed_its_shape_is_refused() -> None:
    schema = SCHEMAS["matrix"]
    other = {"matrix": TableSchema(schema.columns[:2], schema.rows)}
    with pytest.raises(RefusedProgram) as caught:
        verify(encoded(LINE), other, core())
    assert caught.value.code == "P2-V0505"
    with pytest.raises(RefusedProgram):
        verify(encoded(LINE), {}, core())


def test_a_bundle_that_grew_needs_the_script_compiled_again() -> None:
    schema = SCHEMAS["matrix"]
    with pytest.raises(RefusedProgram) as caught:
        verify(encoded(LINE), {"matrix": TableSchema(schema.columns, schema.rows + 1)}, core())
    assert caught.value.code == "P2-V0515"


# ---- anything at all -------------------------------------------------------------------------------


MODULES = [path.read_text(encoding="utf-8") for path in LOWERED] + [RICH]


def outcome(data: bytes) -> str:
    """Give `accepted`, or the code of the refusal; anything else that is raised fails the test."""
    try:
        program = verified(data)
    except RefusedProgram as refused:
        return refused.code if refused.code in CODES else f"unknown code {refused.code}"
    assert program.module.encode() == data
    return "accepted"


@settings(max_examples=100, deadline=None)
@given(
    which=st.integers(0, len(MODULES) - 1),
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_flipped_bytes_are_refused(which: int, edits: list[tuple[int, int]]) -> None:
    data = bytearray(encoded(MODULES[which]))
    original = bytes(data)
    for place, value in edits:
        data[place % len(data)] = value
    result = outcome(bytes(data))
    assert result != "P2-V0519"
    if bytes(data) != original and result == "accepted":
        changed, before = json.loads(data), json.loads(original)
        # A default and the digest of a library are true by themselves: only the module's hash tells them apart.
        assert [key for key in before if changed[key] != before[key]] in (
            ["params"],
            ["libs"],
            ["tasks"],
        )


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_are_refused(data: bytes) -> None:
    assert outcome(data) != "accepted"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(key=st.sampled_from(ir.MODULE_KEYS), value=JSON)
def test_any_value_under_any_key_is_refused_or_harmless(key: str, value: Any) -> None:
    content = json.loads(encoded(LINE))
    content[key] = value
    assert outcome(ir.canonical(content)) != "P2-V0519"


@settings(max_examples=100, deadline=None)
@given(
    op=st.sampled_from(["filter", "line", "frame", "access", "plot"]),
    name=st.sampled_from(["where", "x", "title", "cols", "path", "@seq", "@when", "new", "size"]),
    value=JSON,
)
def test_any_value_in_any_attribute_is_refused_or_harmless(op: str, name: str, value: Any) -> None:
    data = changed(LINE, set_attribute(op, name, value))
    assert outcome(data) != "P2-V0519"
