"""Names of pictures: known before the run, no two alike, with an ending that fits; `handoff` names what has none."""

from __future__ import annotations

import re
from dataclasses import replace

from p2lang.check.model import Step, Stream
from p2lang.check.session import Session
from p2lang.diagnostics import Fix, Related
from p2lang.ir import Value
from p2lang.semantics.guards import exclusive
from p2lang.semantics.structure import (
    FORMAT,
    FORMATS,
    PICTURE_NAME,
    makes_picture,
    name_attribute,
    split_ending,
    unnamed,
)
from p2lang.signatures import Signature
from p2lang.source import Span


def named_at_once(
    session: Session,
    signature: Signature,
    label: str,
    attributes: dict[str, Value],
    span: Span,
) -> bool:
    """Check the name that an operation gives its picture; a label of the frame is one until `handoff` says another."""
    name = name_attribute(signature)
    if name in attributes:
        given = _read(session, signature, attributes, attributes[name], span)
        return given is not None and is_new(session, given, span, _words(signature))
    return not label or _read(session, signature, attributes, ["str", label], span) is not None


def made(session: Session, step: Step) -> None:
    """Note a picture that was not given a name: `handoff` may give it one."""
    session.nameless[step] = [guard.value for guard in session.guards]


def named_by_handoff(
    session: Session, stream: Stream, attributes: dict[str, Value], span: Span
) -> Stream | None:
    """Give the stream with its picture named as `handoff` says, if it has no name yet; None after a mistake.

    The name then belongs to the picture, and `handoff` carries none.
    """
    step = session.latest(stream.step)
    if step is None or not makes_picture(step.signature):
        return stream
    nameless = session.nameless.pop(step, None)
    if nameless is None:
        if not _once(session, stream, step, attributes, span):
            return None
        return replace(stream, step=_second_name(session, step, attributes, span))
    if "name" not in attributes:
        taken = _named_so(session, step, nameless)
        return replace(stream, step=step) if taken else None
    given = dict(step.attributes)
    name = _read(session, step.signature, given, attributes.pop("name"), span)
    if name is None or not is_new(session, name, span, _words(step.signature), nameless):
        return None
    return replace(stream, step=session.renamed(step, given))


def _once(
    session: Session, stream: Stream, step: Step, attributes: dict[str, Value], span: Span
) -> bool:
    """Report a second name for a picture that was handed on before."""
    own = step.attributes.get(name_attribute(step.signature))
    given = attributes.get("name")
    if step is stream.step or own is None or given is None:
        return True
    if split_ending(str(given[1]))[0] != own[1]:
        session.report(
            "P2-E0230",
            f'this picture is handed on as "{own[1]}" already',
            span,
            help="a picture has one name: delete this flow, or draw it twice",
        )
        return False
    del attributes["name"]
    return True


def _second_name(session: Session, step: Step, attributes: dict[str, Value], span: Span) -> Step:
    """Give a picture that has a name the ending that `handoff` says; another name counts nothing, and that is told."""
    own = step.attributes.get(name_attribute(step.signature))
    given = attributes.get("name", ["null"])
    if own is None or given[0] != "str":
        return step
    del attributes["name"]
    name, ending = split_ending(given[1])
    if ending in FORMATS.get(step.signature.name, ()) and FORMAT not in step.attributes:
        step = session.renamed(step, {**step.attributes, FORMAT: ["str", ending]})
    if name == own[1]:
        return step
    session.report(
        "P2-W0411",
        f'this picture is called "{own[1]}" already, and keeps that name',
        span,
        help=f"delete one of the two names: `plot | handoff({session.source.slice(span)})` or `handoff`",
        severity="warning",
    )
    return step


def settle(session: Session) -> None:
    """Look at the pictures that nothing gave a name: of each kind there is one."""
    for step, guards in session.nameless.items():
        _named_so(session, step, guards)


def _named_so(session: Session, step: Step, guards: list[Value]) -> bool:
    """Give a picture the name of its frame, else that of pictures that have none."""
    signature = step.signature
    own = step.attributes.get(name_attribute(signature))
    name = unnamed(signature) if own is None else str(own[1])
    return is_new(session, name, step.span, _words(signature), guards)


def _read(
    session: Session,
    signature: Signature,
    attributes: dict[str, Value],
    value: Value,
    span: Span,
) -> str | None:
    """Give the name that a value says, and keep it and its ending in the attributes; None after a mistake."""
    if value[0] != "str" or not PICTURE_NAME.match(value[1]):
        session.report(
            "P2-E0223",
            "the name of a picture is a file name that is known before the run",
            span,
            label=_wrong_in(value),
            help=f'letters, digits and . _ = , + - or spaces, for example "{_mended(value)}"',
        )
        return None
    name, ending = split_ending(value[1])
    stem, _, last = name.rpartition(".")
    if not ending and stem and last.lower() in _FOREIGN_ENDINGS:
        name, ending = stem, last
    known = FORMATS.get(signature.name, ())
    if ending and ending not in known:
        fix = f'"{name}.{known[0]}"' if known else f'"{name}"'
        session.report(
            "P2-E0208",
            f"{_thing(signature)} cannot be a .{ending} file",
            span,
            help=f"write {fix}. Possible endings: {', '.join('.' + one for one in known)}",
            fix=Fix(span, fix),
        )
        return None
    attributes[name_attribute(signature)] = ["str", name]
    if ending:
        attributes[FORMAT] = ["str", ending]
    return name


_FOREIGN_ENDINGS = frozenset(
    ("avi", "bmp", "csv", "docx", "eps", "html", "jpeg", "jpg", "json", "mkv", "mov", "mpeg", "mpg", "ps", "pptx",
     "tif", "tiff", "webm", "webp", "wmv", "xlsx")
)  # fmt: skip
"""Endings that ask for a kind of file that no picture is; other dots belong to a name, as in `v1.2`."""


def _wrong_in(value: Value) -> str:
    """Say which character of a name no file name may have; empty where that is not what is wrong."""
    if value[0] != "str" or not value[1]:
        return "" if value[0] == "str" else "this is known only when the script runs"
    if len(value[1]) > _LONGEST_NAME:
        return f"longer than {_LONGEST_NAME} characters"
    wrong = next((c for c in value[1] if not PICTURE_NAME.match("a" + c)), value[1][0])
    named = f'it is "{value[1]}", and ' if len(value[1]) <= _SHOWN_NAME else ""
    begins = " at its beginning" if PICTURE_NAME.match("a" + wrong) else ""
    return f"{named}`{wrong}` cannot stand in a file name{begins}"


def _mended(value: Value) -> str:
    """Give a name like the one that was meant."""
    text = re.sub(r"[^A-Za-z0-9._=,+ -]+", "_", str(value[1]) if value[0] == "str" else "")
    text = text.lstrip("._=,+ -")[:_SHOWN_NAME]
    return text or "reward"


_LONGEST_NAME, _SHOWN_NAME = 120, 40


def _thing(signature: Signature) -> str:
    return "a report" if signature.name == "report" else "this picture"


def _words(signature: Signature) -> tuple[str, str]:
    giver = "handoff" if signature.parameter("name") is None else signature.name
    return "pictures", f'give each a name: `{giver}("name")`'


def _of_turn(session: Session, name: str) -> str:
    """Give a name that is another one in each turn of a `repeat`."""
    stem, dot, ending = name.rpartition(".") if name.endswith(_FILE_ENDINGS) else (name, "", "")
    return f'name each after its turn: f"{stem} {{${session.repeating[-1]}}}{dot}{ending}"'


_FILE_ENDINGS = (".csv", ".json", ".parquet")


def is_new(
    session: Session,
    name: str,
    span: Span,
    words: tuple[str, str],
    nameless: list[Value] | None = None,
) -> bool:
    """Report a second output of one name; `words` are what they are and how to mend it."""
    what, help = words
    guards = [g.value for g in session.guards] if nameless is None else nameless
    earlier = session.pictures.setdefault(name, [])
    for first, others in earlier:
        if not exclusive(guards, others):
            again = first == span and session.repeating
            session.report(
                "P2-E0230",
                f'two {what} are called "{name}"',
                span,
                label="the same in every turn" if again else "",
                related=() if again else (Related(first, "the first one"),),
                help=_of_turn(session, name) if again else help,
            )
            return False
    earlier.append((span, guards))
    return True
