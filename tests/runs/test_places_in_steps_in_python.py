"""Lines of the text of a step in Python lead to the lines of the script, whatever ends them."""

from __future__ import annotations

import pytest

from p2lang.ir import Node
from p2lang.semantics.structure import SCRIPT
from plotter2.runs.bodies import line_starts

BODY = "\nx = 1\nreturn x\n"


def step(text: str) -> Node:
    return Node(SCRIPT.full_name, (), {"text": ["str", text]}, "table")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_line_is_found(end: str) -> None:
    script = f'p2 1\nscript f() = python """{BODY}"""\nf()\n'.replace("\n", end)
    node = step(BODY)
    starts = line_starts([node], script)[node.id]
    assert [script[start:].split(end)[0] for start in starts] == ["", "x = 1", "return x", '"""']


def test_a_text_that_is_not_in_the_script_has_no_places() -> None:
    assert line_starts([step("return 1")], 'script f() = python """return 2"""') == {}
