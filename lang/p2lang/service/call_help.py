"""What the call takes that is being written, and which argument the cursor is in."""

from __future__ import annotations

from dataclasses import dataclass

from p2lang.service.document import Document
from p2lang.service.whereabouts import whereabouts
from p2lang.service.wording import (
    definition_text,
    doc_of,
    given_text,
    signature_text,
)
from p2lang.signatures import parameter_text


@dataclass(frozen=True, slots=True)
class SignatureHelp:
    """A call's signature: `parameters` are parts of `label`, `active` is the index of the one being written."""

    label: str
    parameters: tuple[str, ...]
    active: int | None
    doc: str


def signature_help(document: Document, offset: int) -> SignatureHelp | None:
    """Give the signature of the call around an offset, None outside of calls of something known."""
    around = whereabouts(document, offset)
    call, definition, operation = around.call, around.definition, around.operation
    if call is None:
        return None
    if definition is not None:
        names = [p.name.text for p in definition.parameters]
        shown = tuple(given_text(p) for p in definition.parameters)
        position = call.position if call.position < len(names) else None
        active = names.index(call.argument) if call.argument in names else position
        label = definition_text(definition)
        return SignatureHelp(label, shown, active, doc_of(definition.comments))
    if operation is None:
        return None
    parameter = around.parameter
    active = None if parameter is None else operation.parameters.index(parameter)
    shown = tuple(parameter_text(p) for p in operation.parameters)
    return SignatureHelp(signature_text(operation), shown, active, operation.doc)
