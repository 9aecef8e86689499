"""Syntax tree to typed steps: names, types, units, columns, kinds of what the pipe carries. Reports, never raises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from p2lang import ast
from p2lang.check.codes import CODES
from p2lang.check.expressions import expression
from p2lang.check.flows import flow
from p2lang.check.model import (
    NO_LIBRARIES,
    Binding,
    Checked,
    CheckedParam,
    Libraries,
    Library,
    Locked,
    Schemas,
    Step,
    UnusableBundle,
    UnusableLibrary,
    Word,
)
from p2lang.check.ownership import owned
from p2lang.check.pictures import settle
from p2lang.check.pins import tell_unlocked
from p2lang.check.scope import Scope
from p2lang.check.session import NOBODY, Abandoned, Place, Session, Watch
from p2lang.check.statements import block, library, statements
from p2lang.diagnostics import in_order
from p2lang.signatures import Registry
from p2lang.source import Source
from p2lang.types import TableSchema

__all__ = [
    "CODES",
    "NO_LIBRARIES",
    "Begun",
    "Checked",
    "CheckedParam",
    "Libraries",
    "Library",
    "Locked",
    "Schemas",
    "Step",
    "UnusableBundle",
    "UnusableLibrary",
    "check",
]


def check(  # noqa: PLR0913 -- what a script is checked against, by name
    script: ast.Script,
    source: Source,
    registry: Registry,
    schemas: Schemas | Mapping[str, TableSchema],
    *,
    rights: Iterable[str] | None = None,
    poisoned: Iterable[str] = (),
    watch: Watch = NOBODY,
    libraries: Libraries = NO_LIBRARIES,
    as_library: bool = False,
    columns: Mapping[str, str] | None = None,
) -> Checked:
    """Check a script against signatures and the schemas of the bundles it names.

    `rights` are those that the script was given (None: all); `poisoned` are names that a syntax error hid and that are
    not reported as missing; `watch` looks on. `libraries` are those that it may use; `as_library` tells that the script
    is one itself.
    """
    granted = None if rights is None else frozenset(rights)
    session = _session(
        source,
        registry,
        schemas,
        libraries=libraries,
        watch=watch,
        granted=granted,
        columns=columns,
    )
    scope = Scope(library=as_library)
    _know(session, scope, script, poisoned)
    with suppress(Abandoned):
        if as_library:
            library(session, Place(scope), script.items)
        else:
            statements(session, Place(scope), script.items)
            tell_unlocked(session)
            settle(session)
            owned(session)
    return Checked(
        script,
        tuple(session.steps),
        tuple(session.effects),
        session.params,
        session.bundles,
        in_order(session.diagnostics, source),
        tuple(session.tasks.values()),
        session.digests,
    )


class Begun:
    """The first statements of a script, checked once; how it may go on can be checked again and again."""

    def __init__(  # noqa: PLR0913 -- what a script is checked against, by name
        self,
        script: ast.Script,
        source: Source,
        registry: Registry,
        schemas: Schemas | Mapping[str, TableSchema],
        *,
        poisoned: Iterable[str] = (),
        watch: Watch = NOBODY,
        libraries: Libraries = NO_LIBRARIES,
    ) -> None:
        self._session = _session(source, registry, schemas, libraries=libraries, watch=watch)
        self._scope = Scope()
        _statements(self._session, self._scope, script, poisoned)

    def further(
        self, script: ast.Script, source: Source, *, poisoned: Iterable[str] = (), watch: Watch
    ) -> Place:
        """Check what comes next while `watch` looks on; give the place behind it."""
        session, scope = self._session.copied(source, watch), self._scope.copied()
        _statements(session, scope, script, poisoned)
        return Place(scope)


def _session(  # noqa: PLR0913 -- what a script is checked against, by name
    source: Source,
    registry: Registry,
    schemas: Schemas | Mapping[str, TableSchema],
    *,
    libraries: Libraries,
    watch: Watch,
    granted: frozenset[str] | None = None,
    columns: Mapping[str, str] | None = None,
) -> Session:
    return Session(
        source,
        registry,
        Schemas.of(schemas),
        expression,
        flow,
        block,
        granted,
        watch,
        libraries=libraries,
        given_columns=columns or {},
    )


def _statements(
    session: Session, scope: Scope, script: ast.Script, poisoned: Iterable[str]
) -> None:
    _know(session, scope, script, poisoned)
    with suppress(Abandoned):
        statements(session, Place(scope), script.items)


def _know(session: Session, scope: Scope, script: ast.Script, poisoned: Iterable[str]) -> None:
    """Take note of what is known before the first statement: all tasks, and the names that a mistake hid."""
    session.all_tasks |= {i.name.text for i in script.items if isinstance(i, ast.Task)}
    lost = set(poisoned)
    session.lost_tasks |= lost
    for name in lost:
        scope.bind(Binding(ast.Name(name), None, used=True, damaged=True))
        scope.define(Word(ast.Name(name), None, used=True, damaged=True))
