"""Looking up columns and bindings at a place, and the message when there is none. Suggestions are made here."""

from __future__ import annotations

from itertools import zip_longest

from p2lang import ast
from p2lang.check.dropped import dropped
from p2lang.check.model import Binding, Stream
from p2lang.check.session import Place, Remedy, Session
from p2lang.check.vocabulary import FOREIGN_LITERALS, NO_CONSTANTS
from p2lang.check.words import nearest, surely
from p2lang.diagnostics import Fix, Related
from p2lang.semantics.values import UNKNOWN, Typed, ValueType, of_column
from p2lang.source import Span, plain_letters, unicode_name

_SHOWN = 8
LOST = Typed(["null"], UNKNOWN)
"""What a mistake leaves of an expression: it fits everywhere."""

UNKNOWN_COLUMN = ValueType("unknown", "each")


def column(session: Session, place: Place, name: ast.QName) -> Typed:
    """Give the column of a bare name, or report that there is none."""
    text = name.text
    if len(name.parts) > 1:
        return _dotted(session, place, name)
    known = None if place.columns is None else place.columns.get(text)
    if known is None:
        if place.open:
            return Typed(["col", text], UNKNOWN_COLUMN)
        no_column(session, place, text, name.span)
        return LOST
    if not text.isascii():
        _look_alike(session, place, text, name.span)
    type_ = of_column(known)
    return Typed(["col", text], type_.in_shape("group") if text in place.grouped else type_)


def _look_alike(session: Session, place: Place, text: str, span: Span) -> None:
    """Tell that a column is named that looks like another one of the table: a reader cannot tell them apart."""
    twin = _twin(text, tuple(other for other in place.names if other != text))
    if twin is None:
        return
    session.report(
        "P2-W0412",
        f"the table has two columns that look like `{plain_letters(text)}`",
        span,
        help=f"if the other one is meant, write {shown(twin)}; rename one of them where the data are made",
        note=_difference(twin, text),
        severity="warning",
    )


def _twin(text: str, names: tuple[str, ...]) -> str | None:
    plain = plain_letters(text)
    return next((name for name in names if plain_letters(name) == plain), None)


def _difference(twin: str, text: str) -> str:
    odd = next((a for a in zip_longest(twin, text, fillvalue="") if a[0] != a[1]), ("", ""))
    theirs, ours = (unicode_name(letter) if letter else "no letter more" for letter in odd)
    return f"the column {shown(twin)} has {theirs}, and here is {ours}"


def _dotted(session: Session, place: Place, name: ast.QName) -> Typed:
    text = name.text
    if place.columns is not None and text in place.columns:
        session.report(
            "P2-E0215",
            f"`{text}` reads as a part of something",
            name.span,
            help=f"the column is called `{text}`: put it in backticks",
            fix=Fix(name.span, f"`{text}`"),
        )
    elif place.scope.binding(name.parts[0].text) is not None:
        session.report(
            "P2-E0201",
            f"there is no column `{text}` here",
            name.span,
            help=f"the binding is written `${text}`",
            fix=Fix(name.span, f"${text}"),
        )
    elif text in FOREIGN_LITERALS or text in NO_CONSTANTS:
        no_column(session, place, text, name.span)
    elif not place.open:
        word = place.scope.word(name.parts[0].text)
        library = word is not None and isinstance(word.what, ast.Use)
        help = f"a value of a library is written `${text}`" if library else ""
        session.report(
            "P2-E0201",
            f"there is no column `{text}` here",
            name.span,
            help=help
            or "a column's name has no parts; a name with a dot in it stands in backticks",
            fix=Fix(name.span, f"${text}") if library else None,
        )
    return LOST


def no_column(session: Session, place: Place, text: str, span: Span) -> None:
    """Report that there is no such column here."""
    binding = place.scope.seen_binding(text)
    names = () if place.columns is None else place.columns.names
    if binding is not None:
        binding.used = True  # it is what is meant
        session.report(
            "P2-E0201",
            f"there is no column `{text}` here",
            span,
            help=f"the binding is written `${text}`",
            note=available(names),
            fix=Fix(span, f"${text}"),
        )
        return
    meant, related = _meant(session, place, text, span)
    session.report(
        "P2-E0201",
        f"there is no column {text} here",
        span,
        label="not in this table" if place.columns is not None else "there is no table here",
        help=meant.help,
        note=meant.note or available(names),
        related=related,
        fix=meant.fix,
    )


def _meant(
    session: Session, place: Place, text: str, span: Span
) -> tuple[Remedy, tuple[Related, ...]]:
    """Give what to write for a bare name that is no column, and the place that explains why it is none."""
    literal = FOREIGN_LITERALS.get(text)
    if literal is not None:
        return Remedy(f"write `{literal}`", Fix(span, literal)), ()
    if "${" in text:
        return Remedy(f'text with holes is written `f"{text.replace("${", "{$")}"`'), ()
    if text in NO_CONSTANTS:
        return Remedy(NO_CONSTANTS[text]), ()
    if text in place.beside and place.columns is not None:
        help = "new columns of one step are computed side by side: put the second into a step of its own"
        return Remedy(help), ()
    lost = dropped(place.step, text)
    if lost is not None:
        fix = Fix(span, shown(lost.now)) if lost.now else None
        return Remedy(lost.help, fix), (lost.related,)
    if place.columns is None:
        help = "a bare name is a column of the table from the left; text stands in quotes"
        return Remedy(help), ()
    near = _near(text, place.columns.names, span)
    function = session.registry.expression(text)
    if near.help or function is None:
        return near, ()
    inside = "column" if function.parameters else ""
    return Remedy(f"`{text}` is a function: write `{text}({inside})`"), ()


def _near(text: str, names: tuple[str, ...], span: Span) -> Remedy:
    twin = _twin(text, names)
    if twin is not None:
        help = f"the column only looks the same: write {shown(twin)}"
        return Remedy(help, Fix(span, shown(twin)), note=_difference(twin, text))
    close = nearest(text, names)
    ends = [name for name in names if name.endswith((f"/{text}", f".{text}"))]
    if ends and (close is None or close not in ends):
        listed = " or ".join(shown(name) for name in ends[:_FEW])
        fix = Fix(span, shown(ends[0])) if len(ends) == 1 else None
        return Remedy(f"did you mean {listed}?", fix)
    if close is None:
        return Remedy("")
    fix = Fix(span, shown(close)) if surely(text, close) else None
    return Remedy(f"did you mean {shown(close)}?", fix)


_FEW = 3


def available(names: tuple[str, ...]) -> str:
    """Give `available: a, b, c, ... (10 in all)`."""
    if not names:
        return ""
    listed = ", ".join(shown(name) for name in names[:_SHOWN])
    more = f", ... ({len(names)} in all)" if len(names) > _SHOWN else ""
    return f"available: {listed}{more}"


def shown(name: str) -> str:
    """Give a column's name as it is written: in backticks when it is an odd one."""
    return name if name.isidentifier() and name.isascii() else f"`{name}`"


def bound(session: Session, place: Place, name: ast.Name, span: Span) -> Binding | None:
    """Give the binding of `$name`, or report that there is none."""
    binding = place.scope.binding(name.text)
    if binding is not None:
        return binding
    if name.text == "me":
        session.report(
            "P2-E0201",
            "`$me` is not a table",
            span,
            help="write `$me.bundle` or `$me.task`: what the script runs for",
        )
        return None
    hidden = place.scope.hidden(name.text)
    if isinstance(hidden, Binding):
        session.report(
            "P2-E0227",
            f"`${name.text}` is not bound above this",
            span,
            help="a definition may use only what stands above it",
        )
        return None
    close = nearest(name.text, place.scope.names())
    place.scope.binding(close or "")  # what is meant is used
    column_named = place.columns is not None and name.text in place.columns
    help = f"did you mean `${close}`?" if close else ""
    if column_named:
        help = f"a column is written without $: {name.text}"
    session.report(
        "P2-E0209",
        f"`${name.text}` is not bound",
        span,
        label="not found",
        help=help or "bind it above: `let name = ...`, or `param name: type`",
        fix=Fix(span, name.text) if column_named else Fix(span, f"${close}") if close else None,
    )
    return None


def table_column(session: Session, stream: Stream, name: ast.Name) -> Typed:
    """Give the column of a bound table, `$table.column`."""
    if stream.open or stream.schema is None or stream.step is None:
        return LOST
    known = stream.schema.get(name.text)
    if known is None:
        close = nearest(name.text, stream.schema.names)
        session.report(
            "P2-E0201",
            f"there is no column {name.text} in this table",
            name.span,
            help=f"did you mean {close}?" if close else "",
            note=available(stream.schema.names),
            fix=Fix(name.span, shown(close)) if close else None,
        )
        return LOST
    return Typed(["field", stream.step, name.text], ValueType("field"))


def of_table(stream: Stream) -> Typed:
    """Give the value that stands for a table in an argument."""
    if stream.step is None or stream.open:
        return LOST
    return Typed(["table", stream.step], ValueType("table", schema=stream.schema))
