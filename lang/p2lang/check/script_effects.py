"""What a step in Python touches outside, as operations of the program: tables that it reads, what it exposes and draws.

Each call with a known word becomes what the same word means in a flow, so that it is checked, bound, signed and held to
its rights like any other. The step's node says which call is which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from p2lang import ast
from p2lang.check.links import expose, impose_input, link
from p2lang.check.model import Binding, Step, Stream
from p2lang.check.pictures import named_at_once
from p2lang.check.script_calls import READING, Argument, Called, Other, arguments_of, call_of
from p2lang.check.session import Place, Session, inputs
from p2lang.ir import Value
from p2lang.semantics.promises import Columns, shape_of
from p2lang.semantics.structure import DRAWN, MADE, MOST_TABLES, RAN
from p2lang.semantics.transfer import ROWS_OF_NOTHING
from p2lang.semantics.values import Typed
from p2lang.source import Span
from p2lang.types import TableSchema, parse_column_type

_GIVEN = "given"
_ROWS = "rows"


@dataclass
class Touched:
    """What the calls of one step read, in order, and where each call leads."""

    tables: list[Step] = field(default_factory=list)
    sites: dict[str, str] = field(default_factory=dict)
    names: dict[str, TableSchema] = field(default_factory=dict)


def reads(session: Session, place: Place, calls: list[Called]) -> Touched | None:
    """Give the tables that a text reads; None after a report."""
    touched, before = Touched(), session.errors
    for call in calls:
        stream = _read(session, place, call)
        if stream is None:
            continue
        if stream.step is None or stream.schema is None:
            return None
        if stream.step not in touched.tables:
            touched.tables.append(stream.step)
        number = touched.tables.index(stream.step) + 1
        touched.sites[call.key] = f"t{number}"
        name = call.text(0)
        if name is not None:
            touched.names[name] = stream.schema
    if len(touched.tables) > MOST_TABLES:
        session.report(
            "P2-E0285",
            f"a step in Python reads at most {MOST_TABLES} tables, and this one {len(touched.tables)}",
            calls[-1].span,
            help="join them in the pipeline, and hand the result in from the left",
        )
    return touched if session.errors == before else None


def _read(session: Session, place: Place, call: Called) -> Stream | None:
    if call.word == "impose" and _is_input(call):
        return _imposed(session, place, call)
    if call.word not in READING:
        return None
    given = _literals(session, place, call)
    if given is None:
        return None
    what = session.flow(
        session, place, ast.Flow(call_of(call.word, given, call.span), span=call.span)
    )
    return what if isinstance(what, Stream) else Stream(None)


def _is_input(call: Called) -> bool:
    return len(call.given) == 1 and call.text(0) is not None and bool(call.named)


def _imposed(session: Session, place: Place, call: Called) -> Stream | None:
    name, columns = call.text(0), _columns(session, call)
    if columns is None or name is None:
        return None
    at = call.span
    type_ = ast.TypeExpr(
        ast.Name("table", span=at),
        fields=tuple(
            ast.TypeField(
                ast.Name(column, span=at),
                ast.TypeExpr(
                    ast.Name(kind.kind, span=at),
                    (ast.TypeExpr(ast.Name(kind.unit, span=at), span=at),) if kind.unit else (),
                    nullable=kind.nullable,
                    span=at,
                ),
                span=at,
            )
            for column, kind in columns
        ),
        span=at,
    )
    item = ast.ImposeInput(ast.Name(name, span=at), type_, span=at)
    found = impose_input(session, place, item)
    return found.what if found is not None and isinstance(found.what, Stream) else None


def _literals(
    session: Session, place: Place, call: Called
) -> list[tuple[str | None, ast.Expr]] | None:
    """Give the arguments of a call; they must be known before the run. None after a report."""
    pairs: list[tuple[str | None, Argument]] = [(None, value) for value in call.given]
    found: list[tuple[str | None, ast.Expr]] = []
    for name, value in [*pairs, *call.named]:
        unknown = isinstance(value, ast.Var) and place.scope.seen_binding(value.name.text) is None
        if isinstance(value, Other) or unknown:
            session.report(
                "P2-E0283",
                f"what `{call.word}` is given must be known before the run",
                value.span,
                help='write text, numbers or a parameter of the step: access("experiment/*", step=step)',
                note="so a signature says what the script touches",
            )
            return None
        assert not isinstance(value, Other)
        found.append((name, value))
    return found


# ---- what is done --------------------------------------------------------------------------------


def sited(touched: Touched, calls: list[Called]) -> dict[str, str]:
    """Give where each call of a text leads: a table that is read, or something done under a name."""
    found = dict(touched.sites)
    for call in calls:
        if call.key not in found and call.word in _DOING:
            found[call.key] = _target(call)
    return found


def _target(call: Called) -> str:
    name = call.text(1 if call.word == "plot" else 0)
    return f"{call.word} {name or ''}".strip()


def do(session: Session, place: Place, step: Step, touched: Touched, calls: list[Called]) -> None:
    """Keep what a text does as effects that stand on the step's node, in the order of the text."""
    made: dict[str, Stream] = {}
    work = _Work(session, place, step, touched, made)
    for call in calls:
        if call.key not in touched.sites and call.word in _DOING and work.is_unconditional(call):
            _DOING[call.word](work, call)


def anchor(session: Session, step: Step, span: Span) -> None:
    """Keep that a step is run for what it does."""
    session.emit(Step(RAN, (step,), {}, "done", None, span))


@dataclass
class _Work:
    session: Session
    place: Place
    step: Step
    touched: Touched
    made: dict[str, Stream]

    def is_unconditional(self, call: Called) -> bool:
        """Tell whether a call that happens in any case stands at the left margin; report it when not."""
        if call.word not in _ALWAYS or call.key.endswith(":0"):
            return True
        self.session.report(
            "P2-E0286",
            f"`{call.word}` happens whenever the task runs, so it does not stand inside anything",
            call.span,
            help="write it at the left margin, as a line of its own",
        )
        return False

    def expose(self, call: Called) -> None:
        """Keep that the step exposes a table."""
        name = self._named(call, 0)
        if name is None:
            return
        columns = self._promised(call, name)
        if columns is None:
            return
        rows = self._rows(call, name)
        attributes: dict[str, Value] = {
            "name": ["str", f"expose {name}"],
            "type": shape_of(columns),
            "rows": ["int", rows],
        }
        schema = TableSchema(columns, rows)
        table = self.session.emit(Step(MADE, (self.step,), attributes, "table", schema, call.span))
        self.made[name] = Stream("table", table, schema)
        label = ast.Name(name, span=call.span)
        flow = self._flow(name, call.span)
        expose(self.session, self._inside(name), ast.Expose(label, flow, span=call.span))

    def _rows(self, call: Called, name: str) -> int:
        """Give how many rows a table has at most: as the call says, else as the largest that the step takes."""
        said = dict(call.named).get(_ROWS)
        if isinstance(said, ast.Number) and said.text.replace("_", "").isdigit():
            return max(int(said.text), 1)
        known = self.touched.names.get(name)
        if known is not None:
            return max(known.rows, 1)
        tables = (*self.touched.tables, *self.step.inputs)
        most = max(table.schema.rows for table in tables if table.schema is not None)
        return max(most, 1) if self.touched.tables else max(most, ROWS_OF_NOTHING)

    def _promised(self, call: Called, name: str) -> Columns | None:
        if any(each != _ROWS for each, _ in call.named):
            return _columns(self.session, call)
        known = self.touched.names.get(name)
        if known is not None:
            return known.columns
        self.session.report(
            "P2-E0284",
            f"`expose` does not say which columns `{name}` has",
            call.span,
            help=f'write `expose("{name}", rows, step="int", value="number?")`',
        )
        return None

    def plot(self, call: Called) -> None:
        """Keep that the step draws a picture."""
        if len(call.given) > 1 and self._named(call, 1) is None:
            return
        name = call.text(1)
        attributes: dict[str, Value] = {} if name is None else {"name": ["str", name]}
        if not named_at_once(self.session, DRAWN, "", attributes, call.span):
            return
        given = inputs((self.step,), attributes)
        self.session.emit(Step(DRAWN, given, attributes, "plot", None, call.span))

    def release(self, call: Called) -> None:
        """Keep that the tasks after this one may go on."""
        self._said(call, ast.Flow(call_of("release", [], call.span), span=call.span), self.place)

    def owned(self, call: Called) -> None:
        """Keep what becomes of a table that the step exposes."""
        name, given = self._named(call, 0), _literals(self.session, self.place, call)
        if name is None or given is None:
            return
        if name not in self.made:
            self.session.report(
                "P2-E0284",
                f"`{call.word}` names `{name}`, which this step does not expose above",
                call.span,
                help=f'write `expose("{name}", rows, ...)` before it',
            )
            return
        word = ast.QName((ast.Name(call.word, span=call.span),), span=call.span)
        stage = ast.Stage(word, arguments_of(given[1:], call.span), span=call.span)
        flow = replace(self._flow(name, call.span), stages=(stage,))
        self._said(call, flow, self._inside(name))

    def link(self, call: Called) -> None:
        """Keep where a link leads."""
        name, source = self._named(call, 0), self._named(call, 1)
        if name is None or source is None:
            return
        at = call.span
        link(
            self.session,
            self.place,
            ast.Link(ast.Name(name, span=at), ast.String(source, span=at), span=at),
        )

    def condition(self, call: Called) -> None:
        """Leave a condition to the run."""

    def _said(self, call: Called, flow: ast.Flow, place: Place) -> None:
        self.session.flow(self.session, place, flow)

    def _flow(self, name: str, span: Span) -> ast.Flow:
        return ast.Flow(ast.Var(ast.Name(_GIVEN, span=span), span=span), span=span)

    def _inside(self, name: str) -> Place:
        scope = self.place.scope.block()
        scope.bind(Binding(ast.Name(_GIVEN), self.made[name], used=True))
        return replace(self.place, scope=scope)

    def _named(self, call: Called, number: int) -> str | None:
        name = call.text(number)
        if name is None:
            self.session.report(
                "P2-E0283",
                f"the name that `{call.word}` is given must be text that stands here",
                call.span,
                help=_NAMED.get(call.word, f'write `{call.word}("name")`'),
                note="so a signature says what the script touches",
            )
        return name


_NAMED = {
    "expose": 'write `expose("total", rows, step="int")`',
    "plot": 'write `plot(fig, "reward")`',
    "link": 'write `link("name", "file.csv")`',
}

_ALWAYS = frozenset(("release", "handin", "handoff", "share", "link"))
"""Words whose effect does not depend on a value that the call is given."""

_DOING: dict[str, Callable[[_Work, Called], None]] = {
    "expose": _Work.expose,
    "plot": _Work.plot,
    "release": _Work.release,
    "handin": _Work.owned,
    "handoff": _Work.owned,
    "share": _Work.owned,
    "link": _Work.link,
    "impose": _Work.condition,
}


def _columns(session: Session, call: Called) -> Columns | None:
    """Give the columns that a call names with their types as text; None after a report."""
    found = []
    for name, value in call.named:
        if name == _ROWS and isinstance(value, ast.Number):
            continue
        try:
            if not isinstance(value, ast.String):
                raise ValueError(name)
            found.append((name, parse_column_type(value.value)))
        except ValueError:
            session.report(
                "P2-E0284",
                f"`{name}` of `{call.word}` is no type of a column",
                value.span,
                help=f'write `{name}="int"`, "number", "string", "bool" or "time", with ? where it may be missing',
            )
            return None
    return tuple(found)


def parameters_of(place: Place, given: dict[str, Typed]) -> Place:
    """Give a place where the values of a step's parameters have their names."""
    scope = place.scope.block()
    for name, value in given.items():
        scope.bind(Binding(ast.Name(name), value, used=True))
    return replace(place, scope=scope, columns=None)
