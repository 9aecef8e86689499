"""What a step takes from the left, and what is said when it is something else."""

from __future__ import annotations

from dataclasses import replace

from p2lang.check.model import LOST, Stream
from p2lang.check.session import Place, Session
from p2lang.diagnostics import Fix
from p2lang.semantics.structure import GRID, LAYERS, REPORT, stands_after
from p2lang.semantics.transfer import keeps_columns
from p2lang.signatures import Signature
from p2lang.source import Span
from p2lang.types import FlowKind


def belongs(
    session: Session, place: Place, stream: Stream, signature: Signature, name: Span
) -> bool:
    """Report an effect inside a box, the first of a flow: what stands there is only drawn."""
    if not place.box or signature.kind != "effect":
        return True
    if stream.kind is None:
        return False
    after = f"delete it here; `| {signature.name}` stands after the closing brace of the whole box"
    if place.box in ("page", "report") and signature.takes == "view":
        after = "end this flow with its last mark: a page draws it; a picture or film of its own is a flow outside"
    session.report(
        "P2-E0260",
        f"`{signature.name}` does not stand in a {place.box}",
        name,
        help="put it before or after the box" if signature.takes == "none" else after,
    )
    return False


def takes(session: Session, stream: Stream, signature: Signature, name: Span) -> bool:
    """Report a step that does not take what the pipe carries."""
    kind, wanted, word = stream.kind, signature.takes, signature.name
    if kind is None or kind == wanted or (wanted == "any" and kind in ("table", "plot")):
        return _fits_box(session, stream, signature, name)
    if kind == "none":
        session.report(
            "P2-E0203",
            f"`{word}` needs {THINGS.get(wanted, 'something')} from the left",
            name,
            label="starts a flow, but has no input",
            help="start with `access(...)` or a `$name`",
        )
        return False
    message, label, help = _after_report(stream, signature) or _mismatch(signature, kind)
    between = _BETWEEN.get((kind, wanted))
    fix = Fix(Span(name.start, name.start), f"{between} | ") if between else None
    session.report("P2-E0204", message, name, label=label, help=help, fix=fix)
    return False


def _fits_box(session: Session, stream: Stream, signature: Signature, name: Span) -> bool:
    """Report a mark or a decoration after a frame that is no frame of one flow."""
    box = _box_of(stream)
    if box is None or stands_after(signature, box):
        return True
    held = "frames" if box is GRID else "flows"
    word = signature.name
    where = "inside the frame that it is for" if box is GRID else "inside the braces, after a table"
    does = "draws rows of one table" if signature.kind == "mark" else "is for one frame"
    session.report(
        "P2-E0204",
        f"`{word}` {does}, and this frame holds several {held}",
        name,
        help=f"write `| {word}(...)` {where}",
    )
    return False


def _box_of(stream: Stream) -> Signature | None:
    step = stream.step
    while step is not None and step.inputs and step.signature.kind in ("mark", "deco"):
        step = step.inputs[0]
    return step.signature if step is not None and step.signature in (GRID, LAYERS) else None


def after_mismatch(stream: Stream, signature: Signature) -> Stream:
    """Give what the pipe carries after a step that did not fit."""
    # The flow goes on as if the step were not there, unless it replaces what flows.
    if stream.kind in ("none", "done"):
        return LOST
    renews = signature.takes == "none" or not keeps_columns(signature)
    kept = stream.opened() if renews else stream
    return replace(kept, kind=None, muddled=True)


_BETWEEN = {("table", "view"): "frame", ("view", "any"): "plot"}
"""The step that is missing between what the pipe carries and what a step takes."""

THINGS = {
    "table": "a table",
    "view": "a frame",
    "plot": "a picture",
    "any": "a picture or a table",
}
"""What a step takes from the left, in words."""


def _mismatch(signature: Signature, kind: FlowKind) -> tuple[str, str, str]:
    word, wanted = signature.name, signature.takes
    here = {
        "table": "a table",
        "view": "a frame",
        "plot": "a finished picture",
        "item": "an item of a page",
        "page": "a page",
    }
    if kind == "done":
        return (
            f"`{word}` comes after the end of the flow",
            "the flow ends before it",
            "delete it"
            if signature.kind == "effect"
            else "bind what comes before with `let`, and start a second flow with its `$name`",
        )
    if wanted == "none":
        return (
            f"`{word}` takes nothing from the left",
            "",
            f"delete the `|` before `{word}`: it starts a flow of its own",
        )
    if kind == "table" and wanted == "view":
        does = "draws" if signature.kind == "mark" else "works on a frame"
        return f"`{word}` {does}, but there is no frame yet", "", f"add `| frame` before `| {word}`"
    if kind == "view" and wanted == "any":
        return (
            f"`{word}` takes a finished picture, but here there is a frame",
            "",
            f"put `| plot` before `| {word}`",
        )
    if kind == "view" and signature.gives == "view":
        return (
            f"there is a `{word}` already",
            "",
            "delete it, or start a new flow for a second picture",
        )
    if kind == "view" and wanted == "table":
        return _too_late(signature)
    if kind == "plot" and wanted in ("view", "table"):
        return _finished(signature)
    return (
        f"`{word}` takes {THINGS.get(wanted, wanted)}, but here there is {here.get(kind, kind)}",
        "",
        "hand on the whole report, after its closing brace" if kind in ("item", "page") else "",
    )


def _too_late(signature: Signature) -> tuple[str, str, str]:
    word = signature.name
    if signature.kind == "item":
        return (
            f"`{word}` prints rows, but here there is a drawing",
            "",
            f"start a flow of its own: `$table | {word}`",
        )
    return (
        f"`{word}` works on a table, but here there is a frame",
        "comes after `frame`",
        f"move `| {word}(...)` above `| frame`",
    )


def _after_report(stream: Stream, signature: Signature) -> tuple[str, str, str] | None:
    """Give the words for a mark or decoration behind a whole report, None elsewhere."""
    report = stream.step is not None and stream.step.signature is REPORT
    if not report or signature.takes != "view":
        return None
    if signature.kind == "effect":
        message = f"a report is drawn as it is, without `{signature.name}`"
        return message, "", 'hand it on: `| handoff("name.pdf")`'
    return (
        f"`{signature.name}` is for one frame, and here there is a whole report",
        "",
        f"move `| {signature.name}(...)` to the flow that draws the frame, inside the page",
    )


def _finished(signature: Signature) -> tuple[str, str, str]:
    word = signature.name
    if signature.gives == "plot":
        return (
            f"the picture is finished before `{word}`",
            "",
            "delete one of the two: a flow makes one picture, or one film",
        )
    return (
        f"`{word}` comes after the picture is finished",
        "",
        f"move `| {word}(...)` above `| plot`",
    )
