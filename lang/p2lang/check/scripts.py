"""Steps in restricted Python: typed at their borders. Their text is looked at for its signs and for what it touches."""

from __future__ import annotations

from dataclasses import dataclass, replace

from p2lang import ast
from p2lang.check.definitions import given_value, matched
from p2lang.check.model import LOST, Step, Stream, Word
from p2lang.check.places import available
from p2lang.check.script_calls import Called, called
from p2lang.check.script_effects import anchor, do, parameters_of, reads, sited
from p2lang.check.script_names import Unknown, unknown_names
from p2lang.check.session import Place, Session, inputs
from p2lang.check.written import Declared, declared
from p2lang.diagnostics import Fix, Related
from p2lang.ir import Value
from p2lang.semantics.promises import Broken, Columns, broken, shape_of
from p2lang.semantics.script_text import first_fault
from p2lang.semantics.structure import NO_TABLE, SCRIPT
from p2lang.semantics.transfer import Application, schema_after
from p2lang.semantics.values import Typed, parameter_type
from p2lang.source import Span
from p2lang.types import ColumnType, TableSchema

_QUOTES = '"""'
_NOTHING: Columns = (("row", ColumnType("int")),)
"""What stands for a table from the left, or for a result, where a step has none."""


@dataclass(frozen=True)
class ScriptType:
    """What a step in Python takes and gives (None: no table), and the types of its parameters as text."""

    takes: Columns | None
    gives: Columns | None
    params: tuple[tuple[str, str], ...]

    @property
    def what(self) -> str:
        """Give how it is used, in words."""
        if self.takes is None:
            return "starts a flow" if self.gives is not None else "stands alone"
        return "is a step" if self.gives is not None else "ends a flow"


def script_type(session: Session, item: ast.ScriptDef) -> ScriptType | None:
    """Give the borders of a step in Python, or None after a report of what is wrong with them."""
    before = session.errors
    takes, params = _parameters(session, item)
    gives = None
    if item.type is not None:
        gives = _border(session, item, item.type, f"the result of `{item.name.text}`")
    if not item.body.strip():
        session.report(
            "P2-E0242",
            f"the text of `{item.name.text}` is empty",
            item.name.span,
            help="write what it gives: `return table(rows)`",
        )
    _signs(session, item)
    return None if session.errors > before else ScriptType(takes, gives, params)


def _signs(session: Session, item: ast.ScriptDef) -> None:
    text, start = _written(session, item)
    fault = first_fault(text)
    if fault is None:
        for unknown in unknown_names(text, [p.name.text for p in item.parameters]):
            _unknown(session, unknown, start)
        return
    size = fault.about == "size"
    span = item.name.span if size else Span(start + fault.start, start + fault.end)
    code = {"size": "P2-E0242", "sign": "P2-E0280", "word": "P2-E0281"}[fault.about]
    session.report(code, fault.message, span, help=fault.help)


def _unknown(session: Session, unknown: Unknown, start: int) -> None:
    token, near = unknown.token, unknown.near
    span = Span(start + token.start, start + token.end)
    session.report(
        "P2-E0282",
        f"{unknown.behind} has no {token.text}" if unknown.behind else f"there is no {token.text}",
        span,
        help=f"did you mean {near}?"
        if near
        else "docs/reference/python.md lists what a step in Python can name",
        fix=Fix(span, near) if near else None,
    )


def _written(session: Session, item: ast.ScriptDef) -> tuple[str, int]:
    """Give the text of a step, a space for each CR so that its places are places in the file, and where it begins."""
    start = session.source.text.find(_QUOTES, item.span.start) + len(_QUOTES)
    text = session.source.text[start : session.source.text.find(_QUOTES, start)]
    return text.replace("\r\n", " \n"), start


def _parameters(
    session: Session, item: ast.ScriptDef
) -> tuple[Columns | None, tuple[tuple[str, str], ...]]:
    first, *others = item.parameters or (None,)
    takes: Columns | None = None
    params: list[tuple[str, str]] = []
    if first is not None and _is_table(first.type):
        takes = _border(session, item, first.type, f"the first parameter of `{item.name.text}`")
        if first.default is not None and takes is not None:
            session.report(
                "P2-E0241",
                f"`{first.name.text}` is the table from the left, and has no default",
                first.default.span,
            )
        params.append((first.name.text, "table"))
    else:
        params.append((NO_TABLE, "table"))
        others = list(item.parameters)
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


def _is_table(type_: ast.TypeExpr) -> bool:
    return type_.name.text == "table"


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
    given = _given(session, place, word, definition, node.arguments or (), node.name.span)
    if kind is None or stream.kind is None:
        return Stream("table", open=True)
    if kind.takes is None:
        session.report(
            "P2-E0204",
            f"`{node.name.text}` takes no table, and here one comes from the left",
            node.name.span,
            help=f"start with it: `{node.name.text}(...)`, or declare a first parameter `rows: table{{...}}`",
        )
        return LOST
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
    return _Use(session, place, definition, kind, given, node.name.span).emitted(stream)


def start_script(session: Session, place: Place, word: Word, node: ast.Call) -> Stream:
    """Give what a step in Python gives that takes no table: it starts a flow, or stands alone."""
    definition = word.what
    assert isinstance(definition, ast.ScriptDef)
    kind = script_type(session, definition)
    given = _given(session, place, word, definition, node.arguments, node.name.span)
    if kind is None or given is None:
        return LOST
    if kind.takes is not None:
        session.report(
            "P2-E0203",
            f"`{node.name.text}` needs a table from the left",
            node.name.span,
            label="starts a flow, but has no input",
            help=f"put `|` before `{node.name.text}`, or start with `access(...)` or a `$name`",
        )
        return LOST
    return _Use(session, place, definition, kind, given, node.name.span).emitted(
        _nothing(session, node)
    )


def _nothing(session: Session, node: ast.Call) -> Stream:
    """Give the table of one row that stands for none."""
    sweep = session.registry.flow("sweep", "none")
    assert sweep is not None
    typed: Value = ["list", [["int", 1]]]
    (name, column), *_ = _NOTHING
    attributes: dict[str, Value] = {"new": ["new", [[name, typed]]]}
    schema = TableSchema(((name, column),), 1)
    step = session.emit(Step(sweep, (), attributes, "table", schema, node.span))
    return Stream("table", step, schema)


def _given(
    session: Session,
    place: Place,
    word: Word,
    definition: ast.ScriptDef,
    arguments: tuple[ast.Argument, ...],
    span: Span,
) -> dict[str, Typed] | None:
    parameters = definition.parameters
    if parameters and _is_table(parameters[0].type):
        parameters = parameters[1:]
    written = matched(session, word, parameters, arguments)
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
                span,
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


@dataclass
class _Use:
    """One use of a step in Python, with the values of its parameters."""

    session: Session
    place: Place
    definition: ast.ScriptDef
    kind: ScriptType
    given: dict[str, Typed]
    span: Span

    def emitted(self, stream: Stream) -> Stream:
        """Give what it gives, after its node, what it reads and what it does are kept."""
        session, kind = self.session, self.kind
        calls: list[Called] = called(*_written(session, self.definition))
        place = parameters_of(self.place, self.given)
        touched = reads(session, place, calls)
        if touched is None or stream.schema is None:
            return Stream("table", open=True)
        attributes = self._attributes()
        sites = sited(touched, calls)
        if sites:
            attributes["sites"] = ["types", [[key, to] for key, to in sites.items()]]
        for number, table in enumerate(touched.tables, start=1):
            attributes[f"t{number}"] = ["table", table]
        tables = {id(table): table.schema for table in touched.tables}
        application = Application(
            SCRIPT, attributes, stream.schema, tables=lambda table: _shape(tables[id(table)])
        )
        schema = schema_after(application)
        flow = () if stream.step is None else (stream.step,)
        step = session.emit(
            Step(SCRIPT, inputs(flow, attributes), attributes, "table", schema, self.span)
        )
        if kind.gives is None:
            anchor(session, step, self.span)
        do(session, place, step, touched, calls)
        return Stream("done" if kind.gives is None else "table", step, schema)

    def _attributes(self) -> dict[str, Value]:
        kind = self.kind
        attributes: dict[str, Value] = {
            "name": ["str", self.definition.name.text],
            "text": ["str", self.definition.body],
            "takes": shape_of(_NOTHING if kind.takes is None else kind.takes),
            "gives": shape_of(_NOTHING if kind.gives is None else kind.gives),
            "params": ["types", [list(pair) for pair in kind.params]],
            "new": ["new", [[name, typed.value] for name, typed in self.given.items()]],
        }
        if kind.gives is None:
            attributes["mute"] = ["bool", True]
        return attributes


def _shape(schema: TableSchema | None) -> TableSchema:
    assert schema is not None
    return schema
