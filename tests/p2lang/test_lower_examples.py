"""The example scripts as modules: golden dumps and hashes, and what must not change them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2_compiling import HERE, LOWERED, SCHEMAS, SCRIPTS, compiled, module_of
from p2lang.compiler import Compiled, compile_script, dump
from p2lang.fmt import format_script
from p2lang.semantics.structure import capabilities
from p2lang.source import Source
from p2lang.types import TableSchema
from p2std.registry import core

GOLDEN = HERE / "golden" / "modules.txt"
NAMED = pytest.mark.parametrize("path", LOWERED, ids=lambda path: path.stem)


SQUEEZABLE = [path for path in LOWERED if '"""' not in path.read_text(encoding="utf-8")]
"""Scripts without a step in Python, whose text is kept byte for byte, lines and all."""


def module(path: Path) -> Compiled:
    return module_of(path.read_text(encoding="utf-8"))


def squeezed(text: str) -> str:
    """Give a script without comments on one line."""
    kept = [re.sub(r'^([^"#]*("[^"]*"[^"#]*)*)#.*$', r"\1", line) for line in text.splitlines()]
    return " ".join(" ".join(kept).split())


def test_modules_of_the_examples_are_as_they_were() -> None:
    parts = []
    for path in LOWERED:
        result = module(path)
        assert result.module is not None
        parts.append(f"; {path.stem}\n{dump(result.module, result.costs)}")
    text = "\n".join(parts)
    if os.environ.get("P2_REGENERATE") == "1":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SQUEEZABLE, ids=lambda path: path.stem)
def test_a_script_on_one_line_is_the_same_module(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    squeezed_module = module_of(squeezed(text)).module
    original = module_of(text).module
    assert squeezed_module is not None
    assert original is not None
    assert "\n" not in squeezed(text)
    assert squeezed_module.encode() == original.encode()


@NAMED
def test_a_formatted_script_is_the_same_module(path: Path) -> None:
    result = module(path)
    assert result.script is not None
    again = module_of(format_script(result.script))
    assert again.module == result.module


def test_the_order_of_a_bundles_columns_does_not_change_the_module() -> None:
    text = (SCRIPTS / "02_mean_ci.p2").read_text(encoding="utf-8")
    schema = SCHEMAS["experiment2/*"]
    turned = {"experiment2/*": TableSchema(tuple(reversed(schema.columns)), schema.rows)}
    other = compile_script(Source(text), core(), turned)
    assert other.module == module_of(text).module


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(
        st.from_regex(r"[a-z][a-z0-9_]{3,12}", fullmatch=True), min_size=2, max_size=2, unique=True
    )
)
def test_names_of_bindings_do_not_change_the_module(names: list[str]) -> None:
    text = (SCRIPTS / "04_confusion.p2").read_text(encoding="utf-8")
    other = text.replace("let pairs", f"let q{names[0]}").replace("$pairs", f"$q{names[0]}")
    assert module_of(other).module == module_of(text).module


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_spaces_lines_and_comments_anywhere_do_not_change_the_module(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(SQUEEZABLE))
    text = squeezed(path.read_text(encoding="utf-8"))
    pieces = re.split(r'("[^"]*")', text)
    out = []
    for piece in pieces:
        if piece.startswith('"'):
            out.append(piece)
            continue
        for word in re.split(r"( )", piece):
            gap = (
                data.draw(st.sampled_from([" ", "\n", "  \t ", " # note\n"]))
                if word == " "
                else word
            )
            out.append(gap)
    assert module_of("".join(out)).module == module_of(text).module


def test_steps_of_ones_own_and_pipes_leave_no_trace() -> None:
    plain = """p2 1
    access("matrix") | filter(row > 3) | frame | line(x=row, y=value) | plot("a") | handoff"""
    named = """p2 1
    let limit = 3
    def cut(at: int, of: column[number]) = | filter($of > $at)
    pipe draw = [frame, line(x=row, y=value)]
    access("matrix") | cut($limit, row) | $draw | plot("a") | handoff"""
    boxed = """p2 1
    frame a { access("matrix") | filter(row > 3) | line(x=row, y=value) } | plot | handoff"""
    assert module_of(named).module == module_of(plain).module == module_of(boxed).module


def test_equal_work_is_one_node() -> None:
    text = """p2 1
    let a = access("matrix") | filter(row > 3)
    let b = access("matrix") | filter(row > 3)
    $a | frame | line(x=row, y=value) | plot("a") | handoff
    $b | frame | point(x=row, y=value) | plot("b") | handoff"""
    result = module_of(text).module
    assert result is not None
    assert [node.op for node in result.nodes].count("filter@1") == 1


def test_columns_that_nothing_needs_are_not_read() -> None:
    result = module(SCRIPTS / "02_mean_ci.p2").module
    assert result is not None
    access, select, *_ = result.nodes
    assert access.attributes["cols"] == ["cols", ["lr", "reward", "run", "step"]]
    assert select.attributes["cols"] == ["cols", ["run", "lr", "step", "reward"]]


def test_a_table_of_which_only_the_rows_count_keeps_a_column() -> None:
    text = """p2 1
    let t = access("matrix")
    impose rows($t) > 3"""
    result = module_of(text).module
    assert result is not None
    assert result.nodes[0].attributes["cols"] == ["cols", ["row"]]


def test_a_table_that_is_handed_on_keeps_all_columns() -> None:
    result = module_of('p2 1\naccess("matrix") | filter(row > 3) | handoff("kept")').module
    assert result is not None
    assert result.nodes[0].attributes["cols"] == ["cols", ["col", "row", "value"]]


def test_a_step_whose_columns_are_not_used_goes() -> None:
    text = """p2 1
    access("matrix") | derive(_a = row) | rename(b = col) | frame | line(x=row, y=value) | plot | handoff"""
    result = module_of(text).module
    assert result is not None
    assert [node.op for node in result.nodes] == [
        "access@1",
        "frame@1",
        "line@1",
        "plot@1",
        "handoff@1",
    ]


def test_columns_are_followed_through_rename_join_and_union() -> None:
    text = """p2 1
    let a = access("matrix") | rename(r = row, v = value)
    let b = access("total") | rename(r = row, w = value, c = col)
    union($a, (access("matrix") | rename(r = row, v = value)))
      | join($b, on=r)
      | frame
      | line(x=v, y=w)
      | plot
      | handoff"""
    result = module_of(text).module
    assert result is not None
    read = {
        node.attributes["path"][1]: node.attributes["cols"][1]
        for node in result.nodes
        if node.op == "access@1"
    }
    assert read == {"matrix": ["row", "value"], "total": ["row", "value"]}


def test_effects_under_a_condition_are_guarded() -> None:
    text = """p2 1
    let t = access("matrix")
    when rows($t) > 10 { $t | frame | line(x=row, y=value) | plot("many") | handoff }
    otherwise { loggy("too few") }"""
    result = module_of(text).module
    assert result is not None
    guards = [node.attributes["@when"] for node in result.nodes if "@when" in node.attributes]
    assert len(guards) == 3
    assert guards[2] == ["not", guards[0]]
    assert [node.attributes["@seq"] for node in result.nodes if "@seq" in node.attributes] == [
        ["int", 0],
        ["int", 1],
        ["int", 2],
    ]


def test_repeat_is_unrolled() -> None:
    text = """p2 1
    let t = access("experiment2/run7")
    repeat m in [lr, reward] { $t | frame(title=f"{$m} here") | line(x=step, y=$m) | plot(f"of {$m}") | handoff }"""
    result = module_of(text)
    assert result.capabilities == (
        "read bundle:experiment2/run7",
        "write output:of lr",
        "write output:of reward",
    )


def test_quantities_are_exact() -> None:
    text = """p2 1
    access("experiment2/run7")
      | filter(wall_time < 1.5h)
      | frame(size=[25.4mm, 1inch])
      | line(x=step, y=reward, alpha=95%)
      | plot
      | handoff"""
    result = module_of(text).module
    assert result is not None
    written = [value for node in result.nodes for value in node.attributes.values()]
    assert ["op", "<", ["col", "wall_time"], ["num", (5400.0).hex(), "s"]] in written
    assert ["list", [["num", (72.0).hex(), "pt"], ["num", (72.0).hex(), "pt"]]] in written
    assert ["num", (0.95).hex()] in written


def test_the_suggested_sample_fits_the_limit() -> None:
    text = """p2 1
    access("experiment2/*") {} | kmeans(on=[step, reward], k=200, iters=300)
      | frame | point(x=step, y=reward) | plot | handoff"""
    [refused] = compiled(text.replace(" {}", "")).diagnostics
    assert refused.code == "P2-E0301"
    suggestion = re.search(r"`(\| sample\(rows=[0-9_]+\))`", refused.help)
    assert suggestion is not None
    assert compiled(text.replace("{}", suggestion.group(1))).module is not None


def test_the_capabilities_are_a_function_of_the_nodes() -> None:
    result = module(SCRIPTS / "01_line.p2")
    assert result.module is not None
    assert (
        result.capabilities
        == capabilities(result.module.nodes, core())
        == (
            "read bundle:experiment2/run7",
            "write output:reward",
        )
    )


def test_each_node_has_a_place_in_the_script() -> None:
    path = SCRIPTS / "02_mean_ci.p2"
    text = path.read_text(encoding="utf-8")
    result = module(path)
    assert result.module is not None
    for node in result.module.nodes:
        span = result.spans[node.id]
        assert text[span.start : span.end].startswith(node.op.partition("@")[0])


def test_rows_of_a_bundle_do_not_name_its_shape_but_its_columns_do() -> None:
    schema = SCHEMAS["matrix"]
    assert TableSchema(schema.columns, 5).digest() == schema.digest()
    assert TableSchema(tuple(reversed(schema.columns)), 5).digest() == schema.digest()
    assert TableSchema(schema.columns[1:], 5).digest() != schema.digest()
