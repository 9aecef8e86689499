"""Named new columns of an operation: computed, renamed or cast."""

from __future__ import annotations

from collections.abc import Callable

from p2lang.ir import Value
from p2lang.semantics.arguments import accept_new
from p2lang.semantics.transfer import CAST_KINDS
from p2lang.semantics.values import Typed
from p2lang.signatures import Signature
from p2lang.verifier.refusal import RefusedProgram
from p2lang.verifier.typing import Surroundings, column_type, typed


def new_columns(
    signature: Signature, kind: str, value: Value, around: Surroundings, grouped: frozenset[str]
) -> tuple[tuple[str, Typed], ...]:
    """Check the named new columns of an operation; give those that are computed, with their types."""
    rule = _RULES.get("cast" if signature.name == "cast" else kind)
    if rule is not None:
        rule(value, around)
        return ()
    if value[0] != "new":
        raise RefusedProgram("P2-V0509", f"{signature.full_name} lacks its new columns")
    inside = Surroundings(around.registry, around.params, around.columns, around.tables, grouped)
    found = []
    for name, inner in value[1]:
        given = typed(inner, inside)
        accept_new(signature, name, kind, given)
        found.append((name, given))
    return tuple(found)


def _renamed(value: Value, around: Surroundings) -> None:
    if value[0] != "rename":
        raise RefusedProgram("P2-V0509", "rename has no pairs of names")
    for _, old in value[1]:
        column_type(old, around)


def _cast(value: Value, around: Surroundings) -> None:
    if value[0] != "types":
        raise RefusedProgram("P2-V0509", "cast has no pairs of column and type")
    for name, kind in value[1]:
        column_type(name, around)
        if kind not in CAST_KINDS:
            raise RefusedProgram("P2-V0509", f"there is no type {kind[:20]!r} to cast to")


_RULES: dict[str, Callable[[Value, Surroundings], None]] = {"col": _renamed, "cast": _cast}
