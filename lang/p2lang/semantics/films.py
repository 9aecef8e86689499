"""What moves in a film: where `current` may stand, and that there is a film. One rule for checker and verifier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from p2lang.ir import Value, inside, walk
from p2lang.semantics.clash import Clash
from p2lang.signatures import Signature

CURRENT: Final = "current@1"
"""The function that gives the value of the animated column."""

STATE: Final = "state"
"""The column that counts the states of a simulation."""

_MAY_MOVE: Final = frozenset(
    (("rule", "x"), ("rule", "y"), ("text", "label"), ("title", "text"), ("frame", "title"))
)
MISPLACED: Final = "P2-E0270"


def followed(attributes: Mapping[str, Value]) -> Iterator[str]:
    """Give the columns whose current value attributes ask for."""
    return _columns(inside(attributes))


def _columns(values: Iterable[Value]) -> Iterator[str]:
    for value in values:
        if value[0] == "call" and value[1] == CURRENT:
            yield value[2]["c"][1]


def check_place(
    signature: Signature, attributes: Mapping[str, Value], values: Iterable[Value]
) -> None:
    """Raise Clash where `current` stands in something that does not move; `values` has all calls in the attributes."""
    if next(_columns(values), None) is None:
        return
    for name, attribute in attributes.items():
        column = next(_columns(walk(attribute)), None)
        if column is not None and (signature.name, name) not in _MAY_MOVE:
            raise Clash(
                MISPLACED,
                f"`current({column})` stands in `rule`, in the `label` of `text` and in titles,"
                f" not in `{signature.name}`",
                help=_INSTEAD.get(signature.kind, ""),
                argument=name,
            )


_INSTEAD: Final = {
    "step": "rows are chosen by `animate(over=...)` on its own: each picture shows those of the current value",
    "deco": "axes and legends stand still; limits that hold everything are `extent(column)`",
    "mark": "each picture shows the rows of the current value on its own",
}


def check_film(
    signature: Signature, attributes: Mapping[str, Value], drawn: Iterable[Mapping[str, Value]]
) -> None:
    """Raise Clash when a picture asks for the current value of a column that it is not animated over.

    `drawn` are the attributes of all marks and decorations of the picture.
    """
    over = attributes["over"][1] if "over" in attributes else None
    for column in (name for view in drawn for name in followed(view)):
        if over is None:
            raise Clash(
                MISPLACED,
                f"`current({column})` has a value only in a film",
                label="this draws one picture that stands still",
                help=f"write `| animate(over={column})` instead of `| {signature.name}`",
            )
        if column != over:
            raise Clash(
                MISPLACED,
                f"this film goes over {over}, and `current({column})` asks for another column",
                help=f"write `current({over})`, or `animate(over={column})`",
                argument="over",
            )
