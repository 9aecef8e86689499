"""Steps in restricted Python: typed at their borders. The text is a value like any other; nothing here reads it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from p2lang import ast
from p2lang.check.definitions import given_value, matched
from p2lang.check.model import Step, Stream, Word
from p2lang.check.places import available
from p2lang.check.session import Place, Session, inputs
from p2lang.check.written import Declared, declared
from p2lang.diagnostics import Related
from p2lang.ir import Value
from p2lang.semantics.promises import Broken, Columns, broken, shape_of
from p2lang.semantics.script_text import LONGEST_SCRIPT
from p2lang.semantics.structure import SCRIPT
from p2lang.semantics.transfer import Application, schema_after
from p2lang.semantics.values import Typed, parameter_type
from p2lang.source import Span


@dataclass(frozen=True)
class ScriptType:
    """What a step in Python takes and gives, and the types of its parameters as text."""

    takes: Columns
    gives: Columns
    params: tuple[tuple[str, str], ...]


def script_type(session: Session, item: ast.ScriptDef) -> ScriptType | None:
    """Give the borders of a step in Python, or None after a report of what is wrong with them."""
    before = session.errors
    takes, params = _parameters(session, item)
    gives = _result(session, item)
    if len(item.body) > LONGEST_SCRIPT:
        session.report(
            "P2-E0242",
            f"the text of `{item.name.text}` has {len(item.body):,} characters, at most {LONGEST_SCRIPT:,} are taken",
            item.name.span,
            help="split it into two steps, or do a part of it with steps of the language",
        )
    elif not item.body.strip():
        session.report(
            "P2-E0242",
            f"the text of `{item.name.text}` is empty",
            item.name.span,
            help="write what it gives: `return table(rows)`",
        )
    if session.errors > before or takes is None or gives is None:
        return None
    return ScriptType(takes, gives, params)


def _parameters(
    session: Session, item: ast.ScriptDef
) -> tuple[Columns | None, tuple[tuple[str, str], ...]]:
    if not item.parameters:
        session.report(
            "P2-E0241",
            f"`{item.name.text}` takes no table: its first parameter is the table from the left",
            item.name.span,
            help=f"write `script {item.name.text}(rows: table{{step: int, reward: number}})`",
        )
        return None, ()
    first, *others = item.parameters
    takes = _border(session, item, first.type, f"the first parameter of `{item.name.text}`")
    if first.default is not None and takes is not None:
        session.report(
            "P2-E0241",
            f"`{first.name.text}` is the table from the left, and has no default",
            first.default.span,
        )
    params = [(first.name.text, "table")]
    for parameter in others:
        if parameter.name.text in dict(params):
            session.report(
                "P2-E0210",
                f"`{parameter.name.text}` is already a parameter",
                parameter.name.span,
                help="choose another name",
            )
        params.append((parameter.name.text, _value_type(session, item, parameter)))
    return takes, tuple(params)


def _value_type(session: Session, item: ast.ScriptDef, parameter: ast.Parameter) -> str:
    meaning = declared(session, parameter.type)
    if meaning.kind == "unknown":
        return ""
    try:
        parameter_type(meaning.text)
    except ValueError:
        session.report(
            "P2-E0241",
            f"`{parameter.name.text}` of `{item.name.text}` cannot be {meaning.text}",
            parameter.type.span,
            help="after the table come values: int, number, string, bool, time, len, bytes, angle, or a list of these",
        )
    return meaning.text


def _result(session: Session, item: ast.ScriptDef) -> Columns | None:
    if item.type is None:
        session.report(
            "P2-E0241",
            f"`{item.name.text}` does not say which table it gives",
            item.name.span,
            help="write its columns before the `=`: `: table{name: type}`",
        )
        return None
    return _border(session, item, item.type, f"the result of `{item.name.text}`")


def _border(session: Session, item: ast.ScriptDef, node: ast.TypeExpr, what: str) -> Columns | None:
    meaning: Declared = declared(session, node)
    if meaning.kind == "unknown" or meaning.columns:
        return meaning.columns
    session.report(
        "P2-E0241",
        f"{what} is a table with its columns, not {meaning.text}",
        node.span,
        help="write `table{step: int, reward: number?}`: only columns that are named are handed over",
    )
    return None


# ---- use -----------------------------------------------------------------------------------------


def expand_script(
    session: Session, place: Place, stream: Stream, word: Word, node: ast.Stage
) -> Stream:
    """Give the table that a step in Python promises, after a check of what it takes."""
    definition = word.what
    assert isinstance(definition, ast.ScriptDef)
    kind = script_type(session, definition)
    given = _given(session, place, word, definition, node)
    if kind is None or stream.kind is None:
        return Stream("table", open=True)
    if stream.kind != "table":
        session.report(
            "P2-E0204",
            f"`{node.name.text}` takes a table, but here there is a {stream.kind}",
            node.name.span,
            help=f"put `| {node.name.text}` where a table flows: before `| frame`",
        )
        return Stream(None, open=True, muddled=True)
    if stream.open or stream.schema is None:
        return Stream("table", open=True)
    problems = broken(kind.takes, stream.schema)
    for problem in problems:
        _lacking(session, definition, node, stream, problem)
    if problems or given is None:
        return Stream("table", open=True)
    return _emitted(session, stream, definition, kind, given, node.name.span)


def _given(
    session: Session, place: Place, word: Word, definition: ast.ScriptDef, node: ast.Stage
) -> dict[str, Typed] | None:
    parameters = definition.parameters[1:]
    written = matched(session, word, parameters, node.arguments or ())
    if written is None:
        return None
    found: dict[str, Typed] = {}
    sound = True
    for parameter in parameters:
        name = parameter.name.text
        argument = written.get(name)
        if argument is None and parameter.default is None:
            session.report(
                "P2-E0206",
                f"`{word.name.text}` needs `{name}`",
                node.name.span,
                help=f"add `{name}=...`",
            )
            sound = False
            continue
        here = replace(place, columns=None)
        value = given_value(session, here, word, parameter, argument)
        if isinstance(value, Typed) and value.type.shape == "one":
            found[name] = value
        else:
            sound = False
    return found if sound else None


def _lacking(
    session: Session,
    definition: ast.ScriptDef,
    node: ast.Stage,
    stream: Stream,
    problem: Broken,
) -> None:
    assert stream.schema is not None
    wanted = f"`{node.name.text}` needs a column {problem.column}: {problem.promised}"
    help = ""
    if problem.why == "lacking":
        here = "and there is none here"
    elif problem.why == "type":
        here = f"and here it is {problem.actual}"
        help = f'write `| cast({problem.column}="{problem.promised.kind}")` before it, if that is what you mean'
    else:
        here = "and here it may be missing"
        help = f"put `| drop_nulls({problem.column})` before it, or declare `{problem.column}: {problem.promised}?`"
    session.report(
        "P2-E0221",
        f"{wanted}, {here}",
        node.name.span,
        help=help,
        note=available(stream.schema.names) if problem.why == "lacking" else "",
        related=(Related(definition.parameters[0].type.span, "declared here"),),
    )


def _emitted(
    session: Session,
    stream: Stream,
    definition: ast.ScriptDef,
    kind: ScriptType,
    given: dict[str, Typed],
    span: Span,
) -> Stream:
    attributes: dict[str, Value] = {
        "name": ["str", definition.name.text],
        "text": ["str", definition.body],
        "takes": shape_of(kind.takes),
        "gives": shape_of(kind.gives),
        "params": ["types", [list(pair) for pair in kind.params]],
        "new": ["new", [[name, typed.value] for name, typed in given.items()]],
    }
    schema = schema_after(Application(SCRIPT, attributes, stream.schema))
    flow = () if stream.step is None else (stream.step,)
    step = session.emit(Step(SCRIPT, inputs(flow, attributes), attributes, "table", schema, span))
    return Stream("table", step, schema)
