"""Boxes: what stands in a frame, a page and a report, and what each gives. Parts are pure; a report is a picture."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

from p2lang import ast
from p2lang.check.arguments import Arguments, arguments
from p2lang.check.model import LOST, Step, Stream
from p2lang.check.pictures import made, named_at_once
from p2lang.check.session import PendingFrame, Place, Session, inputs
from p2lang.check.steps import framed
from p2lang.diagnostics import Related
from p2lang.ir import PARTS, Value
from p2lang.semantics.structure import GRID, LAYERS, MOST_PARTS, PAGE, REPORT
from p2lang.semantics.transfer import Application, schema_after
from p2lang.semantics.values import Typed
from p2lang.signatures import Signature
from p2lang.source import Span
from p2lang.types import FlowKind, TableSchema

MISPLACED = "P2-E0260"
"""The code of what stands in a box where it does not belong, and of what stands in none and should."""


def box(session: Session, place: Place, node: ast.Box) -> Stream:
    """Give what a box at the head of a flow gives: a view, a page, or a picture with many pages."""
    head = Span(node.span.start, node.span.start + len(node.kind))
    if node.body is None:
        return _open(session, node, head)
    if node.kind == "frame":
        return _frame(session, place, node, node.body, head)
    if node.kind == "page":
        return _page(session, place, node, node.body, head)
    return _report(session, place, node, node.body, head)


def _open(session: Session, node: ast.Box, head: Span) -> Stream:
    if node.kind == "frame":
        message = "`frame` needs a table from the left"
        help = "write `$table | frame(...)`, or put the drawing in braces: `frame { $table | line(...) }`"
    else:
        message = f"`{node.kind}` needs braces around what stands in it"
        help = f"write `{node.kind} {_EXAMPLES[node.kind]}`"
    session.report("P2-E0203", message, head, label="starts a flow, but has no input", help=help)
    return LOST


_EXAMPLES = {
    "frame": "{ $table | line(x=..., y=...) }",
    "page": '"Title" { text("...") }',
    "report": '"Title" { page "First" { text("...") } }',
}


def _inside(place: Place, kind: str, frame: PendingFrame | None) -> Place:
    return Place(place.scope.block(), frame=frame, box=kind)


def _parts(
    session: Session, inside: Place, node: ast.Box, body: ast.Block, head: Span
) -> list[Stream] | None:
    """Give the sound parts of a box; None when there is nothing to put together."""
    before = session.errors
    given = session.block(session, inside, body)
    parts = [part for part in given if isinstance(part, Stream) and part.step is not None]
    lost = len(parts) < sum(isinstance(part, Stream) for part in given)  # it was told why
    if not parts and session.errors == before and not lost and not _damaged(session, body):
        session.report(
            "P2-E0203",
            f"there is nothing in this {node.kind}",
            head,
            help=f"write for example `{node.kind} {_EXAMPLES[node.kind]}`",
        )
    if len(parts) > MOST_PARTS:
        session.report(
            "P2-E0302",
            f"this {node.kind} has {len(parts)} parts, and at most {MOST_PARTS} are put together",
            head,
            help="split it into several",
        )
        return None
    return parts or None


def _damaged(session: Session, body: ast.Block) -> bool:
    """Tell whether what stands in the braces could not be read; that was told."""
    for item in body.items:
        head = item.flow.head if isinstance(item, ast.FlowStatement) else None
        if isinstance(head, ast.Box) and head.body is not None and _damaged(session, head.body):
            return True
    written = re.sub(r"#[^\n]*", "", session.source.slice(body.span))
    return not body.items and bool(written.strip("{} \t\r\n"))


def _put_together(
    session: Session,
    signature: Signature,
    given: Arguments,
    parts: list[Stream],
    head: Span,
) -> Stream:
    attributes = {**given.attributes, PARTS: ["list", [_part(part) for part in parts]]}
    shapes: list[TableSchema] = [part.schema for part in parts if part.schema is not None]
    application = Application(signature, attributes, parts=tuple(shapes))
    schema = schema_after(application)
    kind = cast(FlowKind, signature.gives)
    step = session.emit(
        Step(signature, inputs((), attributes), attributes, kind, schema, head, given.named)
    )
    return Stream(kind, step, schema, any(part.open for part in parts))


def _part(part: Stream) -> Value:
    node: Value = ["node", part.step]
    return node if part.guard is None else ["if", part.guard, node, ["null"]]


# ---- frames --------------------------------------------------------------------------------------


def _frame(session: Session, place: Place, node: ast.Box, body: ast.Block, head: Span) -> Stream:
    """A frame around one flow is a step of that flow; several flows are layers, several frames a grid."""
    frame = session.registry.flow("frame", "table")
    assert frame is not None
    outside = replace(place, columns=None, open=False, grouped=frozenset())
    given = arguments(session, outside, frame, node.arguments or (), head)
    if place.box == "frame" and "size" in given.spans:
        session.report(
            MISPLACED,
            "the size of a frame inside a frame follows from the outer one",
            given.spans["size"],
            help="give `size` to the outer frame: its room is shared out evenly",
        )
    label = _label(node)
    alone = not _several(body)
    pending = PendingFrame(frame, given.attributes if alone else {}, head, label)
    parts = _parts(session, _inside(place, "frame", pending), node, body, head)
    if parts is None:
        return replace(LOST, label=label)
    loose = [part for part in parts if part.loose]
    if loose and len(loose) < len(parts):
        session.report(
            MISPLACED,
            "this frame holds both frames and flows of its own",
            head,
            help="put each flow into a frame of its own: `frame name { $table | line(...) }`",
        )
        return replace(LOST, label=label)
    if loose:
        _unarranged(session, given)
    if alone and (loose or not given.attributes):
        return replace(parts[0], loose=False, label=label)
    signature = LAYERS if loose else GRID
    if not loose and not _arranged(session, given, len(parts)):
        return replace(LOST, label=label)
    return replace(_put_together(session, signature, given, parts, head), label=label)


def _label(node: ast.Box) -> str:
    if node.label is None:
        return ""
    return node.label.text if isinstance(node.label, ast.Name) else node.label.value


def _several(body: ast.Block) -> bool:
    flows = [item for item in body.items if isinstance(item, ast.FlowStatement)]
    others = [item for item in body.items if isinstance(item, ast.Repeat | ast.When | ast.Task)]
    nested = any(isinstance(item.flow.head, ast.Box) for item in flows)
    return len(flows) != 1 or bool(others) or nested


def _unarranged(session: Session, given: Arguments) -> None:
    for name in ("cols", "rows"):
        if name in given.spans:
            session.report(
                MISPLACED,
                f"`{name}` arranges the frames inside a frame, and this one holds none",
                given.spans[name],
                help="put each flow into a frame of its own, `frame name { ... }`;"
                " `facet(cols=...)` makes panels of one flow",
            )


def _arranged(session: Session, given: Arguments, count: int) -> bool:
    """Check that the places suffice; `rows` alone says how many columns there are."""
    rows, cols = (given.attributes.get(name, ["var"]) for name in ("rows", "cols"))
    if rows[0] != "int" or rows[1] < 1:
        return True
    if "cols" not in given.attributes:
        given.attributes["cols"] = ["int", -(-count // rows[1])]
    elif cols[0] == "int" and cols[1] * rows[1] < count:
        session.report(
            "P2-E0226",
            f"this frame has {cols[1] * rows[1]} places and holds {count} frames",
            given.spans["rows"].to(given.spans["cols"])
            if given.spans["rows"].start < given.spans["cols"].start
            else given.spans["cols"].to(given.spans["rows"]),
            help="leave out `rows`: it follows from `cols`",
        )
        return False
    return True


# ---- pages and reports ---------------------------------------------------------------------------


def _page(session: Session, place: Place, node: ast.Box, body: ast.Block, head: Span) -> Stream:
    given = _titled(session, place, PAGE, node, head)
    frame = session.registry.flow("frame", "table")
    assert frame is not None
    inside = _inside(place, "page", PendingFrame(frame, {}, head, ""))
    parts = _parts(session, inside, node, body, head)
    return LOST if parts is None else _put_together(session, PAGE, given, parts, head)


def _report(session: Session, place: Place, node: ast.Box, body: ast.Block, head: Span) -> Stream:
    if place.box:
        session.report(
            MISPLACED,
            f"a report does not stand in a {place.box}",
            head,
            help=_WHERE["report"],
        )
        return LOST
    given = _titled(session, place, REPORT, node, head)
    parts = _parts(session, _inside(place, "report", None), node, body, head)
    if parts is None:
        return LOST
    if isinstance(node.label, ast.Name):
        named_at_once(session, REPORT, node.label.text, given.attributes, node.label.span)
    report = _put_together(session, REPORT, given, parts, head)
    if report.step is not None:
        made(session, report.step)
    return report


def _titled(
    session: Session, place: Place, signature: Signature, node: ast.Box, head: Span
) -> Arguments:
    """Give the arguments of a page or report; the text after the word is its title."""
    outside = replace(place, columns=None, open=False, grouped=frozenset())
    given = arguments(session, outside, signature, node.arguments or (), head)
    if node.label is None:
        return given
    if "title" not in given.attributes:
        given.attributes["title"] = ["str", _label(node)]
    elif isinstance(node.label, ast.String):
        session.report(
            "P2-E0222",
            f"the title of this {signature.name} is given twice",
            given.spans["title"],
            related=(Related(node.label.span, "first given here"),),
            help="keep one of them",
        )
    return given


# ---- parts ---------------------------------------------------------------------------------------


def part(session: Session, place: Place, what: Stream | Typed, span: Span) -> list[Stream]:
    """Give what a flow in a box adds to it; what does not belong there is reported."""
    if isinstance(what, Typed):
        return _value(session, place, what, span)
    if what.kind is None or what.open:
        return [what]
    if what.kind == "table" and place.box == "frame" and place.frame is not None:
        return [framed(session, what, place.frame)]
    if (place.box, what.kind) in _BELONGS:
        return [what]
    message, help = _stray(place.box, what.kind)
    session.report(MISPLACED, message, span, help=help)
    return []


_BELONGS = frozenset(
    (("frame", "view"), ("page", "view"), ("page", "item"), ("report", "page"))
)  # fmt: skip


def _value(session: Session, place: Place, what: Typed, span: Span) -> list[Stream]:
    if what.type.kind == "unknown":
        return []
    text = session.registry.flow("text", "none")
    if place.box == "page" and what.type.kind == "string" and text is not None:
        attributes: dict[str, Value] = {"text": what.value}
        made = Step(text, inputs((), attributes), attributes, "item", None, span)
        return [Stream("item", session.emit(made))]
    message, help = _stray(place.box, "text" if what.type.kind == "string" else "value")
    session.report(MISPLACED, message, span, help=help)
    return []


def _stray(box: str, kind: str) -> tuple[str, str]:
    """Give what to say of a thing in a box that does not hold it."""
    thing = _THINGS.get(kind, f"a {kind}")
    return f"{_HOLDS[box]}, and this is {thing}", _HELP.get((box, kind)) or _WHERE.get(kind, "")


_HOLDS = {
    "frame": "a frame holds flows with marks, and frames",
    "page": "a page holds text, formulas, tables and drawings",
    "report": "a report holds pages",
}
_THINGS = {
    "item": "an item of a page",
    "plot": "a finished picture",
    "done": "the end of a flow",
    "text": "text",
    "value": "a value",
    "view": "a drawing",
}
_WHERE = {
    "page": 'a page stands in a report: `report "Title" { page "First" { ... } }`',
    "report": "a report stands alone, and its pages in it: move it out of the braces",
    "plot": "put `| plot | handoff` after the closing brace of the whole box",
}
_HELP = {
    ("page", "table"): "print it with `| table`, or draw it: `| line(x=..., y=...)`",
    ("page", "value"): 'put it into text: f"{...}"',
    ("report", "item"): 'put it into a page: `page "Title" { ... }`',
    ("report", "text"): 'put it into a page: `page "Title" { ... }`',
    ("report", "value"): 'put it into text on a page: `page "Title" { f"{...}" }`',
    ("report", "view"): 'put it into a page: `page "Title" { ... }`',
    ("report", "table"): 'put it into a page: `page "Title" { $table | table }`',
    ("frame", "item"): "put it beside the frame, on the page;"
    " a mark writes into a drawing: `$table | text(label=...)`",
    (
        "frame",
        "text",
    ): "give the frame a `title`, or write into the drawing: `$table | text(label=...)`",
    (
        "frame",
        "value",
    ): "give the frame a `title`, or write into the drawing: `$table | text(label=...)`",
}


def text_alone(session: Session, span: Span) -> None:
    """Report text that stands alone and on no page."""
    session.report(
        MISPLACED,
        "text alone stands on a page, and there is no page around it",
        span,
        help='write `report "Title" { page "First" { ... } } | handoff("name.pdf")` around it;'
        ' a line for the log is `loggy("...")`',
    )


def without_box(session: Session, what: Stream, span: Span) -> None:
    """Report an item that is on no page and a page that is in no report."""
    if what.kind == "item":
        session.report(
            MISPLACED,
            "this makes an item of a page, and there is no page around it",
            span,
            help='write `report "Title" { page "First" { ... } } | handoff("name.pdf")` around it',
        )
    elif what.kind == "page":
        session.report(MISPLACED, "a page needs a report around it", span, help=_WHERE["page"])


def no_statement(session: Session, place: Place, item: ast.Item) -> bool:
    """Report a statement that does not stand in a box."""
    word = _STATEMENTS.get(type(item))
    if not place.box or word is None:
        return False
    session.report(
        MISPLACED,
        f"`{word}` does not stand in a {place.box}",
        Span(item.span.start, item.span.start + len(word)),
        help="put it before the box: what stands in a box is only drawn",
    )
    return True


_STATEMENTS: dict[type, str] = {
    ast.Use: "use",
    ast.Param: "param",
    ast.ScriptDef: "script",
    ast.Task: "task",
    ast.Link: "link",
    ast.Expose: "expose",
    ast.ImposeThat: "impose",
    ast.ImposeInput: "impose",
}
