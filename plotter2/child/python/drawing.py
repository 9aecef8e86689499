"""A figure of a script as a drawing of the program."""

from __future__ import annotations

from dataclasses import replace

from p2lang.verifier import ProgramNode
from plotter2.child.happenings import Drawing, Within
from plotter2.child.python.borders import frame_of
from plotter2.child.python.figures import Figure
from plotter2.child.python.nested import Compute


def drawing_of(figure: Figure, node: ProgramNode, unnamed: str, compute: Compute) -> Drawing:
    """Give the drawing of a figure under the name that the program has for it."""
    program = figure.chain.ended("plot")
    (drawing,) = compute(program, frame_of(figure.chain.table)).effects()
    assert isinstance(drawing, Drawing)
    name = node.node.attributes.get("name")
    return replace(
        drawing,
        name=unnamed if name is None else str(name[1]),
        node=node,
        within=Within(program, str(node.flow)),
    )
