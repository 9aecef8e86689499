"""What the checker works with and gives: typed steps, bindings, what the pipe carries. Values only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from p2lang import ast
from p2lang.diagnostics import Diagnostic, has_errors
from p2lang.ir import Value
from p2lang.semantics.bounds import Bounds, bounds_of
from p2lang.semantics.promises import Columns
from p2lang.semantics.selection import Selection
from p2lang.semantics.values import Typed, ValueType
from p2lang.signatures import Signature
from p2lang.source import Source, Span
from p2lang.types import ColumnType, FlowKind, TableSchema


class UnusableBundle(Exception):
    """What a path names is there, but cannot be read as one table; raised by `Schemas.find`.

    `chosen` tells that it is what chooses among bundles that leaves none.
    """

    def __init__(self, message: str, remedy: str, *, chosen: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.chosen = chosen


@dataclass(frozen=True)
class Schemas:
    """The bundles that a script may name: `find` answers a path, `known` are paths to suggest.

    `find` gives None for what is not there and raises UnusableBundle for what is there and is not one table. `choose`
    does the same where something chooses among the bundles at a path, `params` tells what these have for params, and
    `tables` what tables; who has none of them knows no better than that every bundle may be meant, and every name a
    param.
    """

    find: Callable[[str], TableSchema | None]
    known: tuple[str, ...] = ()
    choose: Callable[[Selection], TableSchema | None] | None = None
    params: Callable[[str], Mapping[str, ColumnType] | None] | None = None
    tables: Callable[[str], tuple[str, ...]] = lambda path: ()

    def chosen(self, selected: Selection) -> TableSchema | None:
        """Give the shape of what a source reads; raises UnusableBundle as `find`."""
        if not selected.choice:
            return self.find(selected.path)
        if self.choose is not None:
            return self.choose(selected)
        own = None if selected.table is None else self.find(f"{selected.path}/{selected.table}")
        return own or self.find(selected.path)

    def params_of(self, path: str) -> Mapping[str, ColumnType] | None:
        """Give the params of the bundles at a path and what they hold, None when nobody knows."""
        return None if self.params is None else self.params(path)

    @staticmethod
    def of(schemas: Schemas | Mapping[str, TableSchema]) -> Schemas:
        """Give schemas from a plain mapping, or as they are."""
        if isinstance(schemas, Schemas):
            return schemas
        return Schemas(schemas.get, tuple(schemas))


class UnusableLibrary(Exception):
    """What a `use` names is there, but cannot be had; raised by `Libraries.find`."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True)
class Library:
    """A library as it was found: its text, the SHA-256 of its bytes, the principals who signed it.

    `refused` tells, as code, sentence and remedy, why a run would not take it.
    """

    source: Source
    sha256: str
    signers: tuple[str, ...] = ()
    refused: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Locked:
    """What a lock file says of a library: its SHA-256 and the principals who signed it."""

    sha256: str
    signers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Libraries:
    """The libraries that a script may use: `find` answers `scope/name@version`, `versions` answers `scope/name`.

    `find` gives None for what is not there and raises UnusableLibrary. `known` are names to suggest, `locked` is the
    lock file's content (None: there is none). When `strict`, what is not pinned or would be refused is an error; where
    a lock has no place (a library that uses another), `lockable` is false and none is asked for.
    """

    find: Callable[[str], Library | None]
    versions: Callable[[str], tuple[str, ...]] = lambda _: ()
    known: tuple[str, ...] = ()
    locked: Mapping[str, Locked] | None = None
    strict: bool = False
    lockable: bool = True


NO_LIBRARIES = Libraries(lambda _: None)
"""What a script may use where nobody can look for libraries."""


@dataclass(frozen=True, eq=False)
class Step:
    """One typed operation. Where a finished node has the id of another table, `attributes` hold its Step.

    `schema` is the table it gives, or for a view the columns that marks may name. `named` has the spans of new columns.
    """

    signature: Signature
    inputs: tuple[Step, ...]
    attributes: Mapping[str, Value]
    kind: FlowKind
    schema: TableSchema | None
    span: Span
    named: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True)
class Stream:
    """What the pipe carries at one place. `open` tells that a mistake or an unknown step hides which columns exist.

    `muddled` tells that a step above did not fit what it got: whether the steps below fit says nothing then. `loose`
    marks a view without a frame of its own, which is drawn into the frame around it; `guard` is the condition under
    which a part of a box is there.
    """

    kind: FlowKind | None
    step: Step | None = None
    schema: TableSchema | None = None
    open: bool = False
    label: str = ""
    muddled: bool = False
    loose: bool = False
    guard: Value | None = None

    def opened(self) -> Stream:
        """Give the stream with unknown columns."""
        return replace(self, schema=None, open=True)


START = Stream("none")
"""Before the first step of a flow."""

LOST = Stream(None, open=True)
"""After a mistake that leaves open what comes next: everything fits."""


@dataclass(eq=False)
class Binding:
    """A `$name`: a value, a stream, a pipe; `what` is None after a mistake. `serial` orders definitions.

    `names_column` tells that it is the variable of a `repeat` over columns, `damaged` that a syntax error hides it.
    """

    name: ast.Name
    what: Typed | Stream | ast.Pipe | None
    serial: int = 0
    used: bool = False
    names_column: bool = False
    damaged: bool = False


@dataclass(eq=False)
class Word:
    """A name that stands before `(` or after `|`: a definition, a library, a task; `what` is None after a mistake."""

    name: ast.Name
    what: ast.Def | ast.ScriptDef | ast.Use | ast.Task | None
    serial: int = 0
    used: bool = False
    damaged: bool = False


@dataclass(frozen=True)
class CheckedParam:
    """A parameter of the script with its type, default and condition."""

    name: str
    type_text: str
    type: ValueType
    default: Value | None
    where: Value | None
    span: Span


@dataclass(frozen=True)
class CheckedTask:
    """A task of the script: its own params, the tasks above it that it waits for, what it exposes."""

    name: str
    params: dict[str, CheckedParam]
    after: tuple[str, ...]
    span: Span
    exposed: dict[str, TableSchema] = field(default_factory=dict)


@dataclass(eq=False)
class Answer:
    """A table that a bundle answers for under a name: linked, imposed as an input, or exposed; `task` is where."""

    name: str
    how: Literal["linked", "imposed", "exposed"]
    columns: Columns
    rows: int
    task: CheckedTask | None
    guards: list[Value]
    span: Span
    binding: Binding | None = None


@dataclass(frozen=True)
class Checked:
    """A script after the check: its operations in an order in which inputs come first, and its effects in order.

    `libraries` are the SHA-256 of all that it uses, directly or through others, by `scope/name@version`.
    """

    script: ast.Script
    steps: tuple[Step, ...]
    effects: tuple[Step, ...]
    params: Mapping[str, CheckedParam]
    bundles: Mapping[str, TableSchema]
    diagnostics: tuple[Diagnostic, ...]
    tasks: tuple[CheckedTask, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)

    @property
    def bounds(self) -> Bounds:
        """Give the bounds of all params, those of tasks as `task.name`."""
        conditions = {name: param.where for name, param in self.params.items()}
        for task in self.tasks:
            conditions |= {f"{task.name}.{n}": p.where for n, p in task.params.items()}
        return bounds_of(conditions)

    @property
    def ok(self) -> bool:
        """Tell whether it can be lowered."""
        return not has_errors(self.diagnostics)
