"""A `release()` in the text of a step in Python counts where it stands, while the text goes on.

What a text does has its place in the order of effects, and is carried out when the text has run to its end. Letting
others go on is the one thing that cannot wait for that. It does not wait where nothing else is left to be done before
it: of what stands before it in the order, all is done but tables that the same text has exposed by now, and pictures.
Elsewhere it happens in its order, when the text has run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from p2lang.semantics.promises import columns_of
from p2lang.semantics.structure import (
    DRAWN,
    EXPOSE,
    GUARD,
    MADE,
    RAN,
    SEQUENCE,
    is_effect_of,
)
from p2lang.verifier import Program, ProgramNode
from p2std.table import collected
from plotter2.child.happenings import Exposing
from plotter2.child.python.stepping import Stepped
from plotter2.child.shaping import in_shape
from plotter2.errors import RunError

_KEPT_BACK = (DRAWN.full_name, RAN.full_name)
"""What may stand before a release and is seen by nobody who goes on."""


class Halfway:
    """What an interpreter tells of effects and of steps that let others go on; this one lets nobody."""

    def come_to(self, node: ProgramNode) -> None:
        """Hear of the effect that is carried out now; those before it are done."""
        del node

    def released(self, step: ProgramNode, so_far: Stepped) -> None:
        """Hear that the text of a step lets others go on, and what it did so far."""
        del step, so_far


@dataclass
class Midway(Halfway):
    """What steps of one task may let go on; `let_go_on` is told what the step exposed so far, in their order."""

    program: Program
    task: str
    let_go_on: Callable[[Sequence[Exposing]], None]
    _at: int = 0

    def come_to(self, node: ProgramNode) -> None:
        """Hear of the effect that is carried out now."""
        self._at = place_of(node)

    def released(self, step: ProgramNode, so_far: Stepped) -> None:
        """Let others go on if nothing else is left to be done before the release of a step that is running."""
        before = self._left_before_release()
        if before is None or not all(_is_of(node, step, self.program) for node in before):
            return
        made = [self._made(node) for node in before if node.node.op == EXPOSE.full_name]
        if not all(so_far.came_to(node) for node in made):
            return
        try:
            exposed = [_exposing(node, self._made(node), so_far) for node in before if _gives(node)]
        except RunError:  # told with its place when the effect has its turn
            return
        self.let_go_on(exposed)

    def _left_before_release(self) -> list[ProgramNode] | None:
        """Give what is not done yet of what stands before the one release; None when it may not happen at all."""
        own = [node for node in self.program.nodes if is_effect_of(node.node, self.task)]
        releases = [node for node in own if node.node.op.startswith("release@")]
        if len(releases) != 1 or GUARD in releases[0].node.attributes:
            return None
        left = [node for node in own if self._at <= place_of(node) < place_of(releases[0])]
        return sorted(left, key=place_of)

    def _made(self, node: ProgramNode) -> ProgramNode:
        return self.program[str(node.flow)]


def place_of(node: ProgramNode) -> int:
    """Give the place of an effect in the order of effects."""
    return int(node.node.attributes[SEQUENCE][1])


def _gives(node: ProgramNode) -> bool:
    return node.node.op == EXPOSE.full_name


def _is_of(node: ProgramNode, step: ProgramNode, program: Program) -> bool:
    """Tell whether an effect is a table or a picture of a step, and happens in any case."""
    if GUARD in node.node.attributes or node.flow is None:
        return False
    if node.node.op in _KEPT_BACK:
        return node.flow == step.id
    made = program[node.flow]
    return _gives(node) and made.node.op == MADE.full_name and made.flow == step.id


def _exposing(node: ProgramNode, made: ProgramNode, so_far: Stepped) -> Exposing:
    assert made.schema is not None
    frame = in_shape(made, so_far.exposed(made).lazy(), made.schema)
    names = [name for name, _ in columns_of(node.node.attributes["type"])]
    return Exposing(str(node.node.attributes["name"][1]), collected(frame).select(names), node)
