"""Definitions of the script, expanded where they are used: arguments bound, then the body checked anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from p2lang import ast
from p2lang.check.columns import columns_argument
from p2lang.check.model import LOST as NOWHERE
from p2lang.check.model import Binding, Stream, Word
from p2lang.check.places import LOST
from p2lang.check.scope import Scope
from p2lang.check.session import Loaded, Place, Session
from p2lang.check.words import nearest
from p2lang.check.written import Declared, declared, keeps_promise, missing_of_table
from p2lang.diagnostics import Fix, Related
from p2lang.semantics.values import UNKNOWN, Typed, assignable
from p2lang.source import Source, Span

Stages = Callable[[Session, Place, Stream, tuple[ast.Stage | ast.Splice, ...]], Stream]


def expand_function(
    session: Session,
    place: Place,
    word: Word,
    definition: ast.Def,
    node: ast.Call,
    home: Loaded | None = None,
) -> Typed | Stream:
    """Give the value or the flow that a call of a definition stands for; `home` is the library that it is from."""
    if definition.body.head is None:
        session.report(
            "P2-E0202",
            f"`{word.name.text}` is a step, not a function",
            node.name.span,
            help=f"a step stands after a bar: `| {word.name.text}(...)`",
        )
        return LOST
    session.foresee(definition, node.span)
    scope = _bound(session, place, word, node.arguments, node.name.span, home)
    if scope is None:
        return LOST
    inner = replace(place, scope=scope)
    with session.called(node.span, None if home is None else home.source):
        given = session.flow(session, inner, definition.body)
        if definition.type is not None:
            _kept(session, definition, given)
    return given


def expand_step(  # noqa: PLR0913 -- a definition, where it is used, and where it is from
    session: Session,
    place: Place,
    stream: Stream,
    word: Word,
    node: ast.Stage,
    stages: Stages,
    *,
    home: Loaded | None = None,
) -> Stream:
    """Give the stream after the steps of a definition; `home` is the library that it is from."""
    definition = word.what
    assert isinstance(definition, ast.Def)
    if definition.body.head is not None:
        session.report(
            "P2-E0202",
            f"`{word.name.text}` is a function, not a step",
            node.name.span,
            help="a step's body starts with a bar: `def name() = | ...`"
            if home is None
            else f"it stands inside a step: `| derive(name = {word.name.text}(...))` or `| summary(...)`",
        )
        return stream
    session.foresee(definition, node.name.span)
    scope = _bound(session, place, word, node.arguments or (), node.name.span, home)
    if scope is None:
        return NOWHERE
    with session.called(node.name.span, None if home is None else home.source):
        given = stages(session, replace(place, scope=scope), stream, definition.body.stages)
        if definition.type is not None:
            _kept(session, definition, given)
    return given


def try_out(session: Session, place: Place, word: Word, stages: Stages) -> None:
    """Check the body of a definition that nothing uses, with arguments and a table of which nothing is known."""
    definition = word.what
    assert isinstance(definition, ast.Def)
    scope = place.scope.body(word)
    for parameter in definition.parameters:
        scope.bind(Binding(parameter.name, Typed(["null"], UNKNOWN), used=True))
    inside = Place(scope, open=True)
    with session.apart():
        if definition.body.head is None:
            stages(session, inside, Stream(None, open=True), definition.body.stages)
        else:
            session.flow(session, inside, definition.body)


def _kept(session: Session, definition: ast.Def, given: Typed | Stream) -> None:
    assert definition.type is not None
    if isinstance(given, Typed):
        meaning = declared(session, definition.type)
        if meaning.kind in ("value", "column") and assignable(meaning.type, given.type):
            return
        if meaning.kind in ("unknown", "value", "column") and given.type.kind == "unknown":
            return
    keeps_promise(session, definition.name, definition.type, definition.body.span, given)


def _bound(
    session: Session,
    place: Place,
    word: Word,
    written: tuple[ast.Argument, ...],
    span: Span,
    home: Loaded | None,
) -> Scope | None:
    assert isinstance(word.what, ast.Def)
    parameters = word.what.parameters
    given = matched(session, word, parameters, written)
    if given is None:
        return None
    scope = (place.scope if home is None else home.scope).body(word)
    source = None if home is None else home.source
    sound = True
    for parameter in parameters:
        argument = given.get(parameter.name.text)
        if argument is None and parameter.default is None:
            session.report(
                "P2-E0206",
                f"`{word.name.text}` needs `{parameter.name.text}`",
                span,
                help=f"add `{parameter.name.text}=...`",
            )
            sound = False
            continue
        with session.reading(source):
            meaning = declared(session, parameter.type)
        taken = _Taken(word.name.text, parameter, meaning, source)
        if argument is None:
            with session.reading(source):
                what = _value(session, replace(place, scope=scope), taken, parameter.default)
        else:
            what = _value(session, place, taken, argument.value)
        scope.bind(Binding(parameter.name, what, used=True))
    return scope if sound else None


@dataclass(frozen=True)
class _Taken:
    """A parameter of a definition, what its type means, and the text it stands in (None: this one)."""

    called: str
    parameter: ast.Parameter
    meaning: Declared
    source: Source | None


def given_value(
    session: Session,
    place: Place,
    word: Word,
    parameter: ast.Parameter,
    argument: ast.Argument | None,
) -> Typed | Stream | None:
    """Give the value of a parameter: of its argument, else of its default; None after a report."""
    taken = _Taken(word.name.text, parameter, declared(session, parameter.type), None)
    return _value(session, place, taken, parameter.default if argument is None else argument.value)


def matched(
    session: Session,
    word: Word,
    parameters: tuple[ast.Parameter, ...],
    written: tuple[ast.Argument, ...],
) -> dict[str, ast.Argument] | None:
    """Give the arguments of a call by the parameter that each is for; None after a report."""
    names = [parameter.name.text for parameter in parameters]
    given: dict[str, ast.Argument] = {}
    sound = True
    for argument in written:
        free = next((name for name in names if name not in given), None)
        name = free if argument.name is None else argument.name.text
        if name is None or name not in names or name in given:
            _refused(session, word, names, argument)
            sound = False
            continue
        given[name] = argument
    return given if sound else None


def _refused(session: Session, word: Word, names: list[str], argument: ast.Argument) -> None:
    called = word.name.text
    note = f"arguments: {', '.join(names)}" if names else ""
    if argument.name is None:
        count = f"{len(names)} argument{'s' if len(names) != 1 else ''}"
        session.report("P2-E0222", f"`{called}` takes {count}", argument.span, note=note)
        return
    if argument.name.text in names:
        session.report(
            "P2-E0222", f"`{argument.name.text}` of `{called}` is given twice", argument.span
        )
        return
    close = nearest(argument.name.text, names)
    session.report(
        "P2-E0205",
        f"`{called}` has no argument `{argument.name.text}`",
        argument.name.span,
        help=f"did you mean `{close}`?" if close else "",
        note=note,
        fix=Fix(argument.name.span, close) if close else None,
    )


def _value(
    session: Session, place: Place, taken: _Taken, node: ast.Expr | None
) -> Typed | Stream | None:
    assert node is not None
    meaning, parameter = taken.meaning, taken.parameter
    if meaning.kind == "columns":
        return columns_argument(session, place, [ast.Argument(node, span=node.span)])
    typed = session.expression(session, place, node)
    if typed.type.kind == "unknown" and typed.value[0] != "col":
        return None
    if not session.shallow(typed, node.span):
        return None
    if not _fits_parameter(meaning, typed):
        session.report(
            "P2-E0207",
            f"`{parameter.name.text}` of `{taken.called}` is {meaning.text}, not {_described(typed)}",
            node.span,
            related=(Related(parameter.type.span, "declared here", taken.source),),
            help="declare it as `column[...]` to pass columns"
            if meaning.kind == "value" and typed.type.shape != "one" and taken.source is None
            else f"give {meaning.text}",
        )
        return None
    if typed.type.kind == "table":
        lacking = missing_of_table(parameter.name, meaning, typed.type.schema)
        if lacking is not None:
            message, help = lacking
            message = message.replace("this flow", "this table")
            session.report(
                "P2-E0221",
                message.replace(" promises ", f" of `{taken.called}` needs ", 1),
                node.span,
                help=help,
                related=(Related(parameter.type.span, "declared here", taken.source),),
            )
            return None
        return Stream("table", typed.value[1], typed.type.schema)
    return typed


def _described(typed: Typed) -> str:
    return f"a column of {typed.type}" if typed.type.shape == "each" else str(typed.type)


def _fits_parameter(meaning: Declared, typed: Typed) -> bool:
    if meaning.kind == "unknown":
        return True
    if meaning.kind == "table":
        return typed.type.kind == "table"
    if meaning.kind == "value" and typed.type.shape != "one":
        return False
    if meaning.kind == "column":
        wanted = meaning.type
        same = wanted.kind in ("unknown", "any", typed.type.kind)
        return typed.type.is_scalar and (
            same or (wanted.kind == "number" and typed.type.is_numeric)
        )
    return assignable(meaning.type, typed.type)
