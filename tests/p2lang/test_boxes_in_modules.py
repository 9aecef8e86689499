"""Boxes in the IR: what their parts need, what the verifier refuses, what names a picture."""

from __future__ import annotations

import json
from typing import Any

import pytest

from p2_compiling import SCHEMAS, codes, module_of
from p2lang import ir
from p2lang.ir import Module
from p2lang.verifier import RefusedProgram, verify
from p2std.registry import core

WINDOW = """p2 1
let t = access("experiment2/run7")
frame window (cols=2) {
  frame left { $t | line(x=step, y=reward) }
  frame right {
    $t | point(x=step, y=lr)
    access("matrix") | line(x=row, y=value)
  }
}
  | plot
  | handoff"""
REPORT = """p2 1
let t = access("experiment2/run7")
report "All" {
  page "One" {
    f"{rows($t)} rows"
    when rows($t) > 3 { $t | head(2) | table(columns=[step]) } otherwise { text("few") }
  }
}
  | handoff("all.pdf")"""


def made(text: str) -> Module:
    module = module_of(text).module
    assert module is not None
    return module


def ops(module: Module) -> list[str]:
    return [node.op for node in module.nodes]


def read(module: Module, path: str) -> list[str]:
    (columns,) = (
        node.attributes["cols"][1]
        for node in module.nodes
        if node.attributes.get("path") == ["str", path]
    )
    return list(columns)


def test_several_flows_are_layers_and_several_frames_a_grid() -> None:
    module = made(WINDOW)
    assert [op for op in ops(module) if op.startswith("frame_")] == [
        "frame_layers@1",
        "frame_grid@1",
    ]
    assert module.sinks == tuple(n.id for n in module.nodes if n.op in ("plot@1", "handoff@1"))


def test_a_box_names_its_parts_in_the_order_of_the_script() -> None:
    module = made(WINDOW)
    grid = next(node for node in module.nodes if node.op == "frame_grid@1")
    left, right = (name for _, name in ir.parts_of(grid.attributes))
    kinds = {node.id: node.op for node in module.nodes}
    assert (kinds[left], kinds[right]) == ("line@1", "frame_layers@1")
    assert grid.inputs == (left, right)


def test_only_the_columns_that_parts_draw_are_read() -> None:
    module = made(WINDOW)
    assert read(module, "experiment2/run7") == ["lr", "reward", "step"]
    assert read(module, "matrix") == ["row", "value"]


def test_a_part_without_marks_keeps_all_its_columns() -> None:
    module = made(
        'p2 1\nframe { frame a { access("matrix") } frame b { access("matrix") } } | plot | handoff'
    )
    assert read(module, "matrix") == ["col", "row", "value"]


def test_a_table_reads_the_columns_that_it_prints_and_all_when_it_names_none() -> None:
    page = 'p2 1\nreport "R" {{ page "P" {{ access("matrix") | table{} }} }} | handoff("r.pdf")'
    assert read(made(page.format("(columns=[row])")), "matrix") == ["row"]
    assert read(made(page.format("")), "matrix") == ["col", "row", "value"]


def test_what_stands_after_frames_may_name_the_columns_that_all_of_them_have() -> None:
    flows = "frame {{ $t | line(x=step, y=reward) $t | point(x=step, y=reward) }} | facet(cols={})"
    text = 'p2 1\nlet t = access("experiment2/run7")\n' + flows + " | plot | handoff"
    assert "lr" in read(made(text.format("lr")), "experiment2/run7")
    assert codes(text.format("lrr")) == ["P2-E0201"]


def test_a_report_is_one_effect_named_by_its_handoff() -> None:
    result = module_of(REPORT)
    assert result.module is not None
    assert [(n.op, n.kind) for n in result.module.nodes if "@seq" in n.attributes] == [
        ("report@1", "plot"),
        ("handoff@1", "done"),
    ]
    assert result.capabilities == ("read bundle:experiment2/run7", "write output:all")
    assert result.module.rights == ("read", "render", "write")
    report = next(node for node in result.module.nodes if node.op == "report@1")
    assert report.attributes["@format"] == ["str", "pdf"]


def test_parts_under_a_condition_carry_it() -> None:
    page = next(node for node in made(REPORT).nodes if node.op == "page@1")
    always, many, few = (guard for guard, _ in ir.parts_of(page.attributes))
    assert always is None
    assert many is not None
    assert few == ["not", many]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('| plot | handoff("a.svg")', "a"),
        ('| plot("b") | handoff("a.svg")', "b"),
        ("| plot | handoff", "plot"),
        ('| plot("c.pdf") | handoff', "c"),
        ('| plot("lr 0.1") | handoff', "lr 0.1"),
    ],
)
def test_pictures_are_named_by_plot_or_else_by_handoff(text: str, name: str) -> None:
    flow = f'p2 1\naccess("matrix") | frame | line(x=row, y=value) {text}'
    assert f"write output:{name}" in module_of(flow).capabilities


def test_the_label_of_a_frame_names_its_picture_until_handoff_does() -> None:
    box = 'p2 1\nframe a {{ access("matrix") | line(x=row, y=value) }} | plot | handoff{}'
    assert "write output:a" in module_of(box.format("")).capabilities
    assert "write output:b" in module_of(box.format('("b.png")')).capabilities


# ---- what the verifier refuses -------------------------------------------------------------------


def refused(module: Module, change: Any) -> str:
    """Give the code with which a changed module is refused; nodes after the changed ones get new names."""
    content = json.loads(module.encode())
    change(content)
    names: dict[str, str] = {}
    for node in content["nodes"]:
        text = json.dumps(node[1:])
        for old, new in names.items():
            text = text.replace(old, new)
        node[1:] = json.loads(text)
        again = ir.Node(node[1], tuple(node[2]), node[3], node[4])
        names[node[0]] = again.id
        node[0] = again.id
    content["sinks"] = [names[sink] for sink in content["sinks"]]
    with pytest.raises(RefusedProgram) as refusal:
        verify(ir.canonical(content), SCHEMAS, core())
    return refusal.value.code


def parts_to(op: str, change: Any) -> Any:
    def changed(content: Any) -> None:
        node = next(node for node in content["nodes"] if node[1] == op)
        node[3]["parts"] = change(node[3]["parts"])
        node[2] = list(dict.fromkeys(ir.nodes_named(node[3])))

    return changed


@pytest.mark.parametrize(
    ("op", "change", "code"),
    [
        ("page@1", lambda parts: ["list", []], "P2-V0509"),
        ("page@1", lambda parts: parts[1][0], "P2-V0509"),
        ("page@1", lambda parts: ["list", [["str", "x"]]], "P2-V0509"),
        ("page@1", lambda parts: ["list", [["table", parts[1][0][1]]]], "P2-V0510"),
        ("page@1", lambda parts: ["list", [["node", "n" + "0" * 32]]], "P2-V0507"),
        (
            "page@1",
            lambda parts: ["list", [["if", ["int", 1], parts[1][0], ["null"]]]],
            "P2-V0509",
        ),
        ("report@1", lambda parts: ["list", [*parts[1], *parts[1]] * 300], "P2-V0509"),
    ],
)
def test_parts_that_are_none_are_refused(op: str, change: Any, code: str) -> None:
    assert refused(made(REPORT), parts_to(op, change)) == code


def test_a_box_in_the_wrong_box_is_refused() -> None:
    module = made(REPORT)
    page = next(node for node in module.nodes if node.op == "page@1")
    text = next(node for node in module.nodes if node.op == "text@2")
    assert text.kind == "item"
    wrong = parts_to("report@1", lambda parts: ["list", [*parts[1], ["node", text.id]]])
    assert refused(module, wrong) == "P2-V0510"
    assert page.kind == "page"


def test_a_mark_after_several_flows_is_refused() -> None:
    module = made(WINDOW)

    def change(content: Any) -> None:
        nodes = content["nodes"]
        grid = next(node for node in nodes if node[1] == "frame_grid@1")
        at = nodes.index(grid) + 1
        mark = ir.Node("rule@1", (grid[0],), {"y": ["int", 1]}, "view")
        plot = next(node for node in nodes if node[1] == "plot@1")
        plot[2] = [mark.id]
        nodes.insert(at, mark.as_json())

    assert refused(module, change) == "P2-V0510"


def test_values_that_name_nodes_stand_nowhere_else() -> None:
    module = made(REPORT)
    page = next(node for node in module.nodes if node.op == "page@1")

    def change(content: Any) -> None:
        report = next(node for node in content["nodes"] if node[1] == "report@1")
        report[3]["author"] = ["node", page.id]

    assert refused(module, change) == "P2-V0509"
