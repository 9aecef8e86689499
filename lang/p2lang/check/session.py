"""One check in progress: what was found wrong, the steps so far, and the budget. Everything else is values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, fields, replace
from typing import Any

from p2lang import ast
from p2lang.check.model import (
    NO_LIBRARIES,
    Answer,
    Binding,
    CheckedParam,
    CheckedTask,
    Libraries,
    Schemas,
    Step,
    Stream,
    Word,
)
from p2lang.check.scope import Scope
from p2lang.diagnostics import Diagnostic, Fix, Related, Severity
from p2lang.ir import DEEPEST as DEEPEST_VALUE
from p2lang.ir import Value, depth, nodes_named
from p2lang.semantics.clash import Clash
from p2lang.semantics.selection import Selection
from p2lang.semantics.structure import EFFECTS, GUARD, SEQUENCE, TASK
from p2lang.semantics.values import Typed
from p2lang.signatures import Registry, Signature
from p2lang.source import Source, Span
from p2lang.types import TableSchema

MOST_EXPRESSIONS = 20_000
"""Expressions that a script may expand to."""

_SPENT = (ast.Binary, ast.Unary, ast.If, ast.Call, ast.Stage, ast.Var)
"""Parts of a definition that each use of it evaluates."""

DEEPEST = 96
"""Levels of nesting in an expression; `a + b + c` has two."""


@dataclass(frozen=True)
class Remedy:
    """What to type: in words, as a replacement, and where the mistake is if it is in one part only."""

    help: str
    fix: Fix | None = None
    span: Span | None = None
    note: str = ""


class Abandoned(Exception):
    """The script expands beyond its budget: nothing more is checked."""


@dataclass(frozen=True)
class PendingFrame:
    """A frame box around the flow that is being checked: its step comes before the first mark."""

    signature: Signature
    attributes: Mapping[str, Value]
    span: Span
    label: str


@dataclass(frozen=True)
class Place:
    """What can be named here: bindings, the columns of the table from the left, what each group has one value of.

    `columns` is None where there is no table; `open` tells that any column name is accepted; `box` is the kind of box
    around this place, in which flows end (empty: none). `step` is the last one of the flow, where there is one,
    `beside` are the new columns of the step that is checked.
    """

    scope: Scope
    columns: TableSchema | None = None
    open: bool = False
    grouped: frozenset[str] = frozenset()
    frame: PendingFrame | None = None
    box: str = ""
    step: Step | None = None
    beside: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Give the names of the columns that are known here."""
        return () if self.columns is None else self.columns.names


class Watch:
    """Looks on while a script is checked, for editors that ask what holds at a place of it. This one does nothing.

    A body that is checked several times (a definition, a `repeat`) is seen as often.
    """

    def statement(self, place: Place, item: ast.Item) -> None:
        """See a statement before it is checked."""

    def flow(self, place: Place, node: ast.Flow) -> None:
        """See a flow before it is checked."""

    def head(self, node: ast.Flow, given: Stream | Typed) -> None:
        """See what a flow's head gives."""

    def step(
        self, place: Place, node: ast.Stage | ast.Splice, before: Stream, after: Stream
    ) -> None:
        """See what a step takes and gives; `place` is around the flow."""

    def bound(self, binding: Binding) -> None:
        """See a name get its value."""

    def used(self, loaded: Loaded) -> None:
        """See a library that was read."""


NOBODY = Watch()
"""Looks on and sees nothing."""


@dataclass(frozen=True)
class Use:
    """One use of a definition: where, and in which text."""

    span: Span
    source: Source


@dataclass(frozen=True, eq=False)
class Loaded:
    """A library that was read: its names stand in a scope of their own; `sound` tells that they can be used."""

    reference: str
    source: Source
    scope: Scope
    sound: bool = True


@dataclass
class Session:
    """What one check reads and collects. `expression`, `flow` and `block` are the rules that all others call back.

    `errors` counts what was reported, each time anew. `source` is the text that spans speak of now, `script` the text
    that the check began with; they differ inside a library.
    `given_columns` are the columns that a run gives for params that name one, `repeating` the names of the `repeat`s
    around the place.
    """

    source: Source
    registry: Registry
    schemas: Schemas
    expression: Callable[[Session, Place, ast.Expr], Typed]
    flow: Callable[[Session, Place, ast.Flow], Stream | Typed]
    block: Callable[[Session, Place, ast.Block], list[Stream | Typed]]
    rights: frozenset[str] | None = None
    watch: Watch = NOBODY
    diagnostics: list[Diagnostic] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    effects: list[Step] = field(default_factory=list)
    bundles: dict[str, TableSchema] = field(default_factory=dict)
    params: dict[str, CheckedParam] = field(default_factory=dict)
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    tasks: dict[str, CheckedTask] = field(default_factory=dict)
    task: CheckedTask | None = None
    all_tasks: frozenset[str] = frozenset()
    lost_tasks: set[str] = field(default_factory=set)
    given_columns: Mapping[str, str] = field(default_factory=dict)
    missing_columns: set[str] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)
    pictures: dict[str, list[tuple[Span, list[Value]]]] = field(default_factory=dict)
    calls: list[Use] = field(default_factory=list)
    libraries: Libraries = NO_LIBRARIES
    loaded: dict[str, Loaded | None] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    unlocked: dict[str, Span] = field(default_factory=dict)
    reading_now: list[str] = field(default_factory=list)
    guards: list[Typed] = field(default_factory=list)
    repeating: list[str] = field(default_factory=list)
    nameless: dict[Step, list[Value]] = field(default_factory=dict)
    later_names: dict[Step, Step] = field(default_factory=dict)
    errors: int = 0
    depth: int = 0
    spent: int = 0
    weights: dict[int, int] = field(default_factory=dict)
    script: Source = field(init=False)
    _told: set[tuple[str, Span, str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.script = self.source

    def copied(self, source: Source, watch: Watch) -> Session:
        """Give a session that goes on from here with another text, and leaves this one as it is."""
        changed: dict[str, Any] = {
            given.name: copy(value)
            for given in fields(self)
            if isinstance(value := getattr(self, given.name), list | dict | set)
        }
        changed["pictures"] = {name: list(found) for name, found in self.pictures.items()}
        return replace(self, source=source, watch=watch, **changed)

    # ---- reports -------------------------------------------------------------------------------

    def report(  # noqa: PLR0913 -- the parts of a message, all by name
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        help: str = "",
        note: str = "",
        related: tuple[Related, ...] = (),
        fix: Fix | None = None,
        severity: Severity = "error",
    ) -> None:
        """Add one diagnostic; the same one twice (a definition used twice) is told once."""
        self.errors += severity == "error"
        key = (code, span, message, self.source.name)
        if key in self._told:
            return
        self._told.add(key)
        use = self.use_in_script
        if self.elsewhere:
            related = tuple(replace(r, source=r.source or self.source) for r in related)
            fix = None  # a fix is for the script that is checked, and a library is signed as it is
        if use is not None:
            related = (*related, Related(use.span, "used here"))
        source = self.source if self.elsewhere else None
        self.diagnostics.append(
            Diagnostic(code, message, span, label, help, note, severity, related, fix, source)
        )

    @property
    def elsewhere(self) -> bool:
        """Tell whether a library's text is being checked."""
        return self.source is not self.script

    @property
    def use_in_script(self) -> Use | None:
        """Give the innermost use of a definition that stands in the script itself."""
        return next((use for use in reversed(self.calls) if use.source is self.script), None)

    def clash(self, clash: Clash, span: Span, remedy: Remedy | None = None) -> None:
        """Report a broken rule at a place; a remedy stands instead of the rule's own help."""
        if remedy is None:
            remedy = Remedy(clash.help)
        self.report(
            clash.code,
            clash.message,
            remedy.span or span,
            label=clash.label,
            help=remedy.help,
            fix=remedy.fix,
        )

    @contextmanager
    def called(self, span: Span, home: Source | None = None) -> Iterator[None]:
        """Check the body of a definition for one use of it; `home` is the text that the body stands in."""
        self.calls.append(Use(span, self.source))
        with self.reading(home):
            yield
        self.calls.pop()

    @contextmanager
    def reading(self, home: Source | None) -> Iterator[None]:
        """Check what stands in another text, on which nobody looks; None stays in this one."""
        outside = self.source, self.watch
        if home is not None and home is not self.source:
            self.source, self.watch = home, NOBODY
        yield
        self.source, self.watch = outside

    def weigh(self, scope: Scope, node: ast.Def | ast.Pipe) -> None:
        """Note how many expressions a definition or pipe expands to at least, with those that it uses."""
        weight = 0
        for part in ast.walk(node):
            weight += isinstance(part, _SPENT)
            used: Word | Binding | None = None
            if isinstance(part, ast.Call | ast.Stage) and len(part.name.parts) == 1:
                used = scope.seen_word(part.name.text)
            elif isinstance(part, ast.Splice | ast.Var):
                used = scope.seen_binding(part.name.text)
            if used is not None:
                weight += self.weights.get(id(used.what), 0)
        self.weights[id(node)] = weight

    def foresee(self, node: ast.Def | ast.Pipe, span: Span) -> None:
        """Refuse at once what would use up the budget long before its end; raises Abandoned."""
        if not self.calls and self.spent + self.weights.get(id(node), 0) > MOST_EXPRESSIONS:
            self.spent = MOST_EXPRESSIONS
            self.spend(span)

    def spend(self, span: Span) -> None:
        """Count one expression; raises Abandoned when the budget is used up."""
        self.spent += 1
        if self.spent > MOST_EXPRESSIONS:
            start = self.calls[0].span if self.calls else span
            self.calls.clear()
            self.source = self.script
            self.report(
                "P2-E0302",
                f"the script expands to more than {MOST_EXPRESSIONS:,} expressions",
                start,
                label="while this is expanded",
                help="definitions that use each other several times multiply: bind the shared part with `let`",
            )
            raise Abandoned

    def shallow(self, typed: Typed, span: Span) -> bool:
        """Tell whether a value that gets a name is nested little enough; report it when not."""
        if depth(typed.value) <= DEEPEST:
            return True
        self._too_deep(span)
        return False

    def _too_deep(self, span: Span) -> None:
        self.report(
            "P2-E0303",
            "with the bindings it uses, an expression is nested too deeply",
            span,
            help="compute a part of it in a step of its own: `| derive(name = ...)`",
        )

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Check something that does not become part of the program: only what is wrong with it stays."""
        kept = self.steps, self.effects, self.bundles, self.pictures, self.nameless
        self.steps, self.effects = list(self.steps), list(self.effects)
        self.bundles, self.pictures, self.nameless = dict(self.bundles), {}, {}
        yield
        self.steps, self.effects, self.bundles, self.pictures, self.nameless = kept

    # ---- steps ---------------------------------------------------------------------------------

    def emit(self, step: Step) -> Step:
        """Keep a step; an effect gets its place in the order and the conditions around it.

        A step of a library has the place where the script uses it.
        """
        use = self.use_in_script
        if self.elsewhere and use is not None:
            step = replace(step, span=use.span, named={})
        if step.kind in EFFECTS:
            step = self._ordered(step)
            self.effects.append(step)
        if any(depth(value) > DEEPEST_VALUE for value in step.attributes.values()):
            self._too_deep(step.span)
        self.steps.append(step)
        return step

    def renamed(self, step: Step, attributes: Mapping[str, Value]) -> Step:
        """Keep a step with other attributes in the place of one that was emitted before."""
        made = replace(step, attributes=attributes)
        for held in (self.steps, self.effects):
            held[held.index(step)] = made
        self.later_names[step] = made
        return made

    def latest(self, step: Step | None) -> Step | None:
        """Give what stands in the place of a step now."""
        while step in self.later_names:
            step = self.later_names[step]
        return step

    def _ordered(self, step: Step) -> Step:
        attributes = {**step.attributes, SEQUENCE: ["int", len(self.effects)]}
        if self.task is not None:
            attributes[TASK] = ["str", self.task.name]
        if self.guards:
            condition = self.guards[0].value
            for guard in self.guards[1:]:
                condition = ["op", "and", condition, guard.value]
            attributes[GUARD] = condition
        return Step(
            step.signature,
            inputs(step.inputs, attributes),
            attributes,
            step.kind,
            step.schema,
            step.span,
            step.named,
        )

    def bundle(self, selected: Selection) -> TableSchema | None:
        """Give the schema of what a source reads and note that the script reads it."""
        key = selected.key
        if key not in self.bundles:
            found = self.schemas.chosen(selected)
            if found is None:
                return None
            self.bundles[key] = found
        return self.bundles[key]


def inputs(flow: tuple[Step, ...], attributes: Mapping[str, Value]) -> tuple[Step, ...]:
    """Give a step's inputs: what the pipe delivers, then the steps that attributes name, in order of first mention."""
    found = {id(step): step for step in (*flow, *nodes_named(attributes))}
    return tuple(found.values())


def place_of(place: Place, stream: Stream) -> Place:
    """Give what can be named in the arguments of a step that takes this stream."""
    return replace(
        place, columns=stream.schema, open=stream.open, grouped=frozenset(), step=stream.step
    )
