"""What a module cannot hold is told when the script is checked, not when the module is read again."""

from __future__ import annotations

import pytest

from p2lang.compiler import compile_script
from p2lang.semantics.structure import MOST_NODES, MOST_TASKS
from p2lang.source import Source
from p2lang.verifier import verify
from p2std.registry import core

MANY = {
    "tasks": (MOST_TASKS, lambda number: f'task t{number} {{ loggy("x") }}'),
    "operations": (MOST_NODES, lambda number: f'loggy("{number}")'),
}


@pytest.mark.parametrize("what", MANY)
def test_as_many_as_a_module_holds_are_taken_and_one_more_is_told(what: str) -> None:
    most, line = MANY[what]
    lines = ["p2 1", *map(line, range(most))]
    fitting = compile_script(Source("\n".join(lines) + "\n"), core(), {})
    assert fitting.module is not None
    verify(fitting.module.encode(), fitting.schemas, core())
    found = compile_script(Source("\n".join([*lines, line(most), ""])), core(), {})
    assert found.module is None
    (error,) = (d for d in found.diagnostics if d.is_error)
    assert (error.code, error.message) == ("P2-E0302", f"the script has more than {most:,} {what}")
    assert error.help
