"""Pictures in scripts: a figure is a list of marks as data, the same that the steps of the language make."""

from __future__ import annotations

from typing import Any, Final

from p2std.registry import core
from plotter2.child.python.facade import FACADES, Facade, Word
from plotter2.child.python.nested import Chain, chain

_LEFT_OUT: Final = frozenset(("visualtype",))
MARKS: Final = frozenset(
    signature.name
    for found in core().newest.values()
    for signature in found
    if signature.kind in ("mark", "deco") and signature.name not in _LEFT_OUT
)
"""The marks and what goes around them, by the names that they have in the language."""


class Figure(Facade):
    """A picture that is being put together: `fig.line(x="step", y="reward")` and so on."""

    __slots__ = ("_chain",)
    called = "a figure"
    exports = MARKS

    def __init__(self, begun: Chain) -> None:
        self._chain = begun

    @property
    def chain(self) -> Chain:
        """Give what was put together; for code of ours only."""
        return self._chain

    def __getattr__(self, name: str) -> Word:
        # Reached past the list of exports only: each mark is an operation of that name.
        def add(**given: Any) -> Figure:
            self._chain = self._chain.then(name, given)
            self._chain.ended("plot")
            return self

        return Word(f"fig.{name}", add)

    def __str__(self) -> str:
        return f"figure of {', '.join(node.op.partition('@')[0] for node in self._chain.nodes[2:])}"

    __repr__ = __str__


FACADES.add(Figure)


def frame(rows: Any, **given: Any) -> Figure:
    """a picture of a table: frame(t, title="...", size=(160, 100)), the size in mm"""
    begun = chain(rows).then("frame", given)
    begun.ended("plot")
    return Figure(begun)
