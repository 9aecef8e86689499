"""Every rule of the specification has an example, and every example is answered as the specification says."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from p2_compiling import compiled
from p2lang import ir
from p2lang.compiler import dump
from p2lang.verifier import RefusedProgram, verify
from p2std.registry import core
from plotter2.cli import reference

PAGE = Path(__file__).parents[2] / "lang" / "SPEC.md"
RULE = re.compile(r"\*\*(R\d+\.\d+)\*\*")
BLOCK = re.compile(
    r"^```(p2(?:-types|-ir|-refused)?)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Example:
    """One block of the page: the rule above it, its marks, its text."""

    rule: str
    kind: str
    codes: tuple[str, ...]
    text: str


def examples() -> Iterator[Example]:
    """Give all blocks of the page with the number of the rule above each."""
    page = PAGE.read_text(encoding="utf-8")
    for block in BLOCK.finditer(page):
        rule = [found[1] for found in RULE.finditer(page, 0, block.start())][-1]
        yield Example(rule, block[1], tuple(block[2].split()), block[3])


def of_kind(kind: str) -> list[Example]:
    """Give the blocks of one kind."""
    return [example for example in examples() if example.kind == kind]


def typed_lines() -> list[tuple[str, str, str]]:
    """Give rule, expression and what it is, for each line of the blocks with types."""
    lines = []
    for example in examples():
        if example.kind == "p2-types":
            for line in example.text.splitlines():
                expression, arrow, answer = line.rpartition(" => ")
                assert arrow, line
                lines.append((example.rule, expression, answer))
    return lines


def test_every_rule_has_a_number_of_its_own_and_an_example() -> None:
    rules = RULE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(rules) == len(set(rules))
    assert rules == sorted(rules, key=lambda rule: [int(part) for part in rule[1:].split(".")])
    assert sorted(set(rules) - {example.rule for example in examples()}) == []


@pytest.mark.parametrize("example", of_kind("p2"), ids=lambda example: example.rule)
def test_scripts_are_answered_as_the_specification_says(example: Example) -> None:
    edition = "" if example.text.startswith("p2 ") else "p2 1\n"
    result = compiled(edition + example.text)
    assert tuple(sorted({d.code for d in result.diagnostics})) == tuple(sorted(example.codes))
    if not any("E0" in code for code in example.codes):
        assert result.module is not None
        verify(result.module.encode(), result.schemas, core())


@pytest.mark.parametrize(
    ("rule", "expression", "answer"), typed_lines(), ids=lambda text: text[:40]
)
def test_expressions_have_the_types_that_the_specification_says(
    rule: str, expression: str, answer: str
) -> None:
    text = f'p2 1\naccess("experiment2/run7") | derive(it = {expression}) | handoff'
    result = compiled(text)
    if result.module is None:
        assert {d.code for d in result.diagnostics if d.is_error} == {answer}, rule
        return
    program = verify(result.module.encode(), result.schemas, core())
    made = next(node for node in program.nodes if node.signature.name == "derive")
    assert made.schema is not None
    assert str(made.schema["it"]) == answer, rule


def changed(module: ir.Module, changes: str) -> bytes:
    """Give the bytes of a module after assignments to its parts: `nodes.0.4 = "view"`, one a line."""
    content = json.loads(module.encode())
    for line in changes.strip().splitlines():
        place, _, value = line.partition(" = ")
        *parents, last = place.split(".")
        at = content
        for name in parents:
            at = at[int(name) if isinstance(at, list) else name]
        at[int(last) if isinstance(at, list) else last] = json.loads(value)
    return ir.canonical(content)


@pytest.mark.parametrize("example", of_kind("p2-refused"), ids=lambda example: example.rule)
def test_changed_modules_are_refused_as_the_specification_says(example: Example) -> None:
    script, _, changes = example.text.partition("=>\n")
    result = compiled(f"p2 1\n{script}")
    assert result.module is not None
    with pytest.raises(RefusedProgram) as refused:
        verify(changed(result.module, changes), result.schemas, core())
    assert (refused.value.code,) == example.codes


def shown(script: str) -> str:
    """Give what a script compiles to, as the page shows it: without the names of the module and of shapes."""
    result = compiled(f"p2 1\n{script}")
    assert result.module is not None, [d.message for d in result.diagnostics]
    lines = dump(result.module).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("module ", "schema ")))


def with_modules(page: str) -> str:
    """Give the page with what the scripts of its `p2-ir` blocks compile to."""

    def block(match: re.Match[str]) -> str:
        script = match[3].partition("=>\n")[0]
        return match[0] if match[1] != "p2-ir" else f"```p2-ir\n{script}=>\n{shown(script)}```"

    return BLOCK.sub(block, page)


def test_grammar_limits_and_modules_on_the_page_are_those_of_the_program() -> None:
    page = PAGE.read_text(encoding="utf-8")
    true = with_modules(reference.specification(page))
    if os.environ.get("P2_REGENERATE"):
        PAGE.write_text(true, encoding="utf-8")
    assert page == true
