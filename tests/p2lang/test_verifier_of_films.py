"""The verifier on films: what follows the current value stands where something moves, and in a film over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from p2_compiling import SCHEMAS, module_of
from p2lang.ir import Module, Node
from p2lang.verifier import RefusedProgram, verify
from p2std.registry import core

FILM = """p2 1
access("experiment2/run7/embeddings") | frame | line(x=step, y=loss) | rule(x=current(step))
  | animate(over=step, max_frames=40) | handoff("film")
"""
SIMULATED = """p2 1
access("experiment2/run7/embeddings") | simulate(steps=5, loss = loss * 0.9)
  | frame | point(x=loss, y=step) | animate | handoff("film")
"""


def rebuilt(module: Module, change: Callable[[Node], Node]) -> bytes:
    """Give a module with changed nodes and all ids made anew."""
    renamed: dict[str, str] = {}
    nodes = []
    for node in module.nodes:
        changed = change(replace(node, inputs=tuple(renamed[name] for name in node.inputs)))
        renamed[node.id] = changed.id
        nodes.append(changed)
    sinks = tuple(renamed[name] for name in module.sinks)
    return replace(module, nodes=tuple(nodes), sinks=sinks).encode()


def having(op: str, **attributes: object) -> Callable[[Node], Node]:
    def change(node: Node) -> Node:
        if not node.op.startswith(f"{op}@"):
            return node
        return replace(node, attributes={**node.attributes, **attributes})  # type: ignore[dict-item]

    return change


@pytest.mark.parametrize("text", [FILM, SIMULATED])
def test_what_the_compiler_makes_of_a_film_is_accepted(text: str) -> None:
    module = module_of(text).module
    assert module is not None
    assert rebuilt(module, lambda node: node) == module.encode()
    program = verify(module.encode(), SCHEMAS, core())
    assert program.need.frames == module.needs["frames"]


@pytest.mark.parametrize(
    ("text", "change", "code"),
    [
        (FILM, having("animate", over=["col", "loss"]), "P2-V0512"),
        (FILM, having("animate", over=["col", "nothing"]), "P2-V0511"),
        (FILM, having("animate", fps=["int", 0]), "P2-V0512"),
        (FILM, having("animate", max_frames=["int", 41]), "P2-V0520"),
        (FILM, having("animate", max_frames=["int", 10**6]), "P2-V0512"),
        (FILM, having("line", alpha=["call", "current@1", {"c": ["col", "step"]}]), "P2-V0512"),
        (FILM, having("rule", x=["call", "current@1", {"c": ["int", 1]}]), "P2-V0512"),
        (SIMULATED, having("simulate", steps=["int", 6]), "P2-V0515"),
        (SIMULATED, having("simulate", steps=["int", 5_001]), "P2-V0512"),
        (SIMULATED, having("simulate", new=["new", [["state", ["int", 1]]]]), "P2-V0512"),
        (SIMULATED, having("simulate", new=["new", []]), "P2-V0512"),
    ],
)
def test_a_film_that_was_changed_is_refused(
    text: str, change: Callable[[Node], Node], code: str
) -> None:
    module = module_of(text).module
    assert module is not None
    with pytest.raises(RefusedProgram) as refused:
        verify(rebuilt(module, change), SCHEMAS, core())
    assert refused.value.code == code


def test_a_picture_that_stands_still_follows_nothing() -> None:
    module = module_of(FILM).module
    assert module is not None

    def stopped(node: Node) -> Node:
        if not node.op.startswith("animate@"):
            return node
        kept = {n: v for n, v in node.attributes.items() if n in ("name", "@seq")}
        return replace(node, op="plot@1", attributes=kept)

    with pytest.raises(RefusedProgram) as refused:
        verify(rebuilt(module, stopped), SCHEMAS, core())
    assert refused.value.code == "P2-V0512"
