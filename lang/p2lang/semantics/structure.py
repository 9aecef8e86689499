"""Operations that statements make, beside those of the registry, and attributes that any operation may carry."""

from __future__ import annotations

from p2lang.signatures import Registry, Signature, parse_signature

IMPOSE = parse_signature(
    "effect impose@1(that:bool, message:str?) : none -> done | 0 | - | Stop unless the condition holds."
)
_STATEMENTS = {IMPOSE.full_name: IMPOSE}

SEQUENCE = "@seq"
"""The attribute with an effect's place in the order of effects."""

GUARD = "@when"
"""The attribute with the condition under which an effect happens."""

DELIVERED = "cols"
"""The attribute with the columns that a source of one bundle delivers."""


def operation(full_name: str, registry: Registry) -> Signature | None:
    """Give the signature of an operation of a flow or statement by its `name@version`."""
    statement = _STATEMENTS.get(full_name)
    if statement is not None:
        return statement
    found = registry.by_full_name.get(full_name)
    return found if found is not None and found.in_flow else None


def reads_bundle(signature: Signature) -> bool:
    """Tell whether an operation is a source that reads the bundle at its `path`."""
    return signature.kind == "source" and signature.parameter("path") is not None
