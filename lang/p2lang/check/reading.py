"""What a step reads from outside: stored bundles, what a bundle answers for, what tasks expose, what is asked again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from p2lang.check.arguments import Arguments
from p2lang.check.links import answer_to, needed, unwaited
from p2lang.check.model import UnusableBundle
from p2lang.check.session import Session
from p2lang.check.tasks import collected
from p2lang.check.words import nearest, surely
from p2lang.diagnostics import Fix, Related
from p2lang.ir import Value
from p2lang.semantics.selection import selection
from p2lang.semantics.structure import reads_bundle
from p2lang.signatures import Signature
from p2lang.source import Span
from p2lang.types import TableSchema


@dataclass(frozen=True)
class Reading:
    """An operation with its attributes, and the shape of what it reads."""

    signature: Signature
    attributes: Mapping[str, Value]
    bundle: TableSchema | None = None


def reading(session: Session, signature: Signature, given: Arguments, name: Span) -> Reading | None:
    """Give the operation that a call stands for with what it reads, or None after a report."""
    if reads_bundle(signature):
        answer = answer_to(session, given.attributes["path"])
        if answer is not None and signature.name in ("access", "copy"):
            found = needed(session, answer, given, copied=signature.name == "copy")
            return None if found is None else Reading(*found)
        if "key" in given.attributes:
            _opens_nothing(session, given)
            return None
        bundle = _bundle(session, signature, given)
        return None if bundle is None else Reading(signature, given.attributes, bundle)
    if signature.name == "collect":
        exposed = collected(session, given, name)
        return None if exposed is None else Reading(signature, given.attributes, exposed)
    if signature.name == "redo" and not _can_be_asked(session, given):
        return None
    return Reading(signature, given.attributes)


def _opens_nothing(session: Session, given: Arguments) -> None:
    path = given.attributes["path"]
    name = path[1] if path[0] == "str" and path[1].isidentifier() else "name"
    session.report(
        "P2-E0276",
        "a key opens a table that a task shares, and none is declared here by this name",
        given.spans["key"],
        help=f"say what it looks like, in the task: `impose {name}: table{{step: int, value: number}}`",
    )


def _can_be_asked(session: Session, given: Arguments) -> bool:
    """Tell whether a `redo` names a bundle that is known, itself or by what lies below it."""
    path, span = given.attributes["bundle"], given.spans["bundle"]
    if path[0] != "str":
        session.report(
            "P2-E0223",
            "`bundle` of `redo` is known before the run: it is written as text",
            span,
            help="what a script may ask for is part of what is signed",
        )
        return False
    below = f"{path[1]}/"
    if any(known == path[1] or known.startswith(below) for known in session.schemas.known):
        return True
    tops = tuple(dict.fromkeys(known.partition("/")[0] for known in session.schemas.known))
    close = nearest(path[1], tops)
    session.report(
        "P2-E0218",
        f'no bundle "{path[1]}" is known',
        span,
        help=f'did you mean "{close}"?' if close else "",
        note=_known(tops),
        fix=Fix(span, f'"{close}"') if close else None,
    )
    return False


def _bundle(session: Session, signature: Signature, given: Arguments) -> TableSchema | None:
    path = given.attributes["path"]
    span = given.spans["path"]
    if path[0] != "str":
        session.report(
            "P2-E0223",
            f"`path` of `{signature.name}` is known before the run: it is written as text",
            span,
            help="a script's bundles are part of what is signed",
        )
        return None
    if not _table_as_text(session, signature, given):
        return None
    try:
        schema = session.bundle(selection(given.attributes).shape)
    except UnusableBundle as unusable:
        code = "P2-E0273" if unusable.chosen else "P2-E0218"
        place = _blamed(given, unusable) or span
        session.report(code, unusable.message, place, help=unusable.remedy)
        return None
    if schema is None and not _exposed_elsewhere(session, path[1], span):
        _unknown(session, path[1], span)
    return schema


def _table_as_text(session: Session, signature: Signature, given: Arguments) -> bool:
    if given.attributes.get("table", ["str"])[0] == "str":
        return True
    session.report(
        "P2-E0223",
        f"`table` of `{signature.name}` is known before the run: it is written as text",
        given.spans["table"],
        help="what a script reads is part of what is signed",
    )
    return False


def _blamed(given: Arguments, unusable: UnusableBundle) -> Span | None:
    """Give the place of what chooses among bundles and leaves none, or of a table that is not there."""
    if unusable.chosen:
        return next(
            (given.spans[n] for n in ("where", "since", "before") if n in given.spans), None
        )
    table = given.attributes.get("table", ["str", ""])[1]
    return given.spans.get("table") if f'"{table}"' in unusable.message else None


def _exposed_elsewhere(session: Session, path: str, span: Span) -> bool:
    answer = unwaited(session, path)
    if answer is None or answer.task is None:
        return False
    here = session.task.name if session.task is not None else "name"
    session.report(
        "P2-E0216",
        f"`{path}` is exposed by task `{answer.task.name}`, and nothing here waits for it",
        span,
        help=f"write `task {here} after {answer.task.name}`",
        related=(Related(answer.span, "exposed here"),),
    )
    return True


def _unknown(session: Session, path: str, span: Span) -> None:
    answers = [answer.name for answer in session.answers]
    close = _nearest_path(path, (*session.schemas.known, *answers))
    session.report(
        "P2-E0218",
        f'no bundle "{path}" is known',
        span,
        help=f'did you mean "{close}"?' if close else _elsewhere(path),
        note=_known(session.schemas.known),
        fix=Fix(span, f'"{close}"') if close and surely(path, close) else None,
    )


def _elsewhere(path: str) -> str:
    """Give what to do for a path that is a file or an address, not a bundle's name."""
    if "://" in path:
        return "fetch it first; `plotter2 add FILE` takes it into the store, and its name goes here"
    name = path.rpartition("/")[2]
    if "*" in name and name not in ("*", "**"):
        return f'`*` stands alone: "{path.rpartition("/")[0]}/*", then `| filter(...)` keeps some of the rows'
    if "." in name or path.startswith(("/", "~", ".")):
        return f"`plotter2 add {path}` takes a file into the store; then its name there goes here"
    return "`plotter2 show` lists the bundles of the store"


def _nearest_path(path: str, known: tuple[str, ...]) -> str | None:
    """Give the nearest known path; the star of `name/*` stays, for `known` has names only."""
    folder = path.rpartition("/")[2]
    if path.startswith((".", "/", "~")) and folder in known:
        return f"{folder}/*" if any(name.startswith(f"{folder}/") for name in known) else folder
    close = nearest(path, known)
    base, slash, star = path.rpartition("/")
    if not star.startswith("*") or (close or "").endswith("*"):
        return close
    names = [name for name in known if not name.endswith("*")]
    named = base if base in names else nearest(base, names)
    return f"{named}{slash}{star}" if named else close


def _known(paths: tuple[str, ...]) -> str:
    shown = ", ".join(f'"{path}"' for path in paths[:8])
    more = f", ... ({len(paths)} in all)" if len(paths) > 8 else ""
    return (
        f"known: {shown}{more}" if paths else "no bundle is known yet; `plotter2 add` takes one in"
    )
