"""Who owns a table, as far as a script tells: what a task exposes is its own until it gives it away.

A task owns what it exposes; what it reads by name (`need@1`) is of whoever exposed it, and may have become its own.
`share` lets others read, `handin` makes another task the owner, `handoff` the bundle, `deregister` leaves a table to
nobody, and `register` claims such a one. A table that was given away is not used after that in the same task, unless
only one of the two can happen. A copy is a table of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from p2lang.ir import Value, nodes_named
from p2lang.semantics.guards import conjuncts, exclusive
from p2lang.semantics.structure import EXPOSE, GUARD, NEED, TASK
from p2lang.signatures import Signature

GIVEN_AWAY = {
    "handin": "handed in to another task",
    "handoff": "handed off to the bundle",
    "deregister": "left to nobody",
}
"""Operations after which a task has a table no longer, and what became of it."""

HANDS_ON = frozenset(("share", "handin", "handoff"))
"""Operations that stand behind a table which they hand on."""

COPIED = "copied"
"""The attribute of a table read by name that tells that it is a copy."""

OTHER_SCRIPT = re.compile(r"[^:]+:[^:]+\Z")
"""A task of another script: `script:task`."""


class Table(NamedTuple):
    """A table that a task speaks of: its own, exposed under a name, or one that it reads by name."""

    own: bool
    name: str


At = TypeVar("At")


@dataclass(frozen=True)
class Problem(Generic[At]):
    """What is wrong with an effect, and an earlier one that it has to do with."""

    code: str
    message: str
    help: str
    at: At
    earlier: At | None = None
    argument: str = ""


class Shown(NamedTuple, Generic[At]):
    """An operation as these rules see it: the name of its operation, its attributes, what it stands on.

    What only the condition names under which it happens is not used by it: that was known before.
    """

    name: str
    full_name: str
    attributes: Mapping[str, Value]
    inputs: Sequence[At]
    of_table: bool


def uses(
    signature: Signature, inputs: Sequence[At], attributes: Mapping[str, Value]
) -> tuple[At, ...]:
    """Give what an operation stands on: what flows into it, and what its attributes name but its condition."""
    flow = () if signature.takes == "none" else tuple(inputs[:1])
    return (*flow, *nodes_named({n: v for n, v in attributes.items() if n != GUARD}))


@dataclass
class _Task(Generic[At]):
    """What a task did with tables so far: those it exposed by the operation that gives them, what it gave away."""

    name: str
    exposed: dict[int, str] = field(default_factory=dict)
    given: dict[Table, list[tuple[At, list[Value], str]]] = field(default_factory=dict)
    once: dict[tuple[str, str], list[tuple[At, list[Value]]]] = field(default_factory=dict)


def problems(
    effects: Iterable[At],
    shown: Callable[[At], Shown[At]],
    same: Callable[[At], int],
    tasks: Sequence[str],
) -> Iterator[Problem[At]]:
    """Give what is wrong with effects, in their order; `same` numbers operations, `tasks` are those of the script."""
    done: dict[str, _Task[At]] = {}
    for effect in effects:
        seen = shown(effect)
        name = seen.attributes.get(TASK)
        if name is None:
            continue
        task = done.setdefault(name[1], _Task(name[1]))
        rules = _Rules(task, effect, seen, shown, same, tasks)
        yield from rules.found()


@dataclass
class _Rules(Generic[At]):
    """Looks at one effect of a task."""

    task: _Task[At]
    at: At
    seen: Shown[At]
    shown: Callable[[At], Shown[At]]
    same: Callable[[At], int]
    tasks: Sequence[str]

    def found(self) -> Iterator[Problem[At]]:
        """Give what is wrong with it, and note what it does."""
        guards = conjuncts(self.seen.attributes.get(GUARD))
        name = self.seen.name
        used = self._used(guards)
        if used is not None:
            yield used
            return
        if self.seen.full_name == EXPOSE.full_name:
            self.task.exposed[self.same(self.seen.inputs[0])] = self.seen.attributes["name"][1]
        if name in HANDS_ON and self.seen.of_table and self._table() is None:
            yield self._no_value()
            return
        if name in ("share", "handin"):
            yield from self._receiver()
        if name in ("register", "release"):
            yield from self._twice(guards)
        if name in GIVEN_AWAY and (table := self._table()) is not None:
            self.task.given.setdefault(table, []).append((self.at, guards, name))

    # ---- which table ---------------------------------------------------------------------------

    def _table(self) -> Table | None:
        """Give the table that an effect is about; None when it is none that a task can own."""
        if self.seen.name in ("register", "deregister"):
            name = self.seen.attributes["name"][1]
            return Table(name in self.task.exposed.values(), name)
        if not self.seen.of_table:
            return None
        return self._as_table(self.seen.inputs[0])

    def _as_table(self, at: At) -> Table | None:
        own = self.task.exposed.get(self.same(at))
        if own is not None:
            return Table(True, own)
        seen = self.shown(at)
        if seen.full_name == NEED.full_name and COPIED not in seen.attributes:
            return Table(False, seen.attributes["name"][1])
        return None

    def _stands_on(self) -> Iterator[Table]:
        """Give all tables that an effect uses, however many steps lie between."""
        visited: set[int] = set()
        pending = list(self.seen.inputs)
        while pending:
            at = pending.pop()
            if self.same(at) in visited:
                continue
            visited.add(self.same(at))
            table = self._as_table(at)
            if table is not None:
                yield table
            pending += self.shown(at).inputs
        if self.seen.name in ("deregister", "register"):
            named = self._table()
            if named is not None:
                yield named

    # ---- what is wrong -------------------------------------------------------------------------

    def _used(self, guards: list[Value]) -> Problem[At] | None:
        if not self.task.given:
            return None
        for table in self._stands_on():
            for at, others, how in self.task.given.get(table, ()):
                if not exclusive(guards, others):
                    return self._after(table, at, how)
        return None

    def _after(self, table: Table, at: At, how: str) -> Problem[At]:
        keep = (
            "use it before that, or let others read it with `share`"
            if table.own
            else f'use it before that, or keep a copy: `let mine = copy("{table.name}")`'
        )
        return Problem(
            "P2-E0274",
            f"`{table.name}` was {GIVEN_AWAY[how]}, and is used after that",
            keep,
            self.at,
            at,
        )

    def _no_value(self) -> Problem[At]:
        return Problem(
            "P2-E0275",
            f"`{self.seen.name}` hands on a table that the task exposes or reads by its name, and this is neither",
            f"give it a name first: `expose name = $table`, then `$table | {self.seen.name}(...)`",
            self.at,
        )

    def _receiver(self) -> Iterator[Problem[At]]:
        to, key = self.seen.attributes.get("to"), self.seen.attributes.get("key")
        if to is None and key is None:
            yield self._to_nobody(
                "`share` says neither with which task nor by which key",
                'write `share(to="task")`, `share(key="...")`, or both',
            )
            return
        if to is None or OTHER_SCRIPT.match(to[1]):
            return
        if to[1] == self.task.name:
            yield self._to_nobody(
                f"task `{to[1]}` has the table already",
                "name another task",
            )
        elif to[1] not in self.tasks:
            listed = ", ".join(name for name in self.tasks if name != self.task.name)
            yield self._to_nobody(
                f"there is no task `{to[1]}` in this script",
                f"tasks here: {listed}"
                if listed
                else "a task of another script is written `script:task`",
            )

    def _to_nobody(self, message: str, help: str) -> Problem[At]:
        return Problem("P2-E0276", message, help, self.at, argument="to")

    def _twice(self, guards: list[Value]) -> Iterator[Problem[At]]:
        name = self.seen.attributes.get("name", ["str", ""])[1]
        known = self.task.once.setdefault((self.seen.name, name), [])
        before = next((at for at, others in known if not exclusive(guards, others)), None)
        known.append((self.at, guards))
        own = self.seen.name == "register" and name in self.task.exposed.values()
        if before is not None or own:
            yield Problem(
                "P2-E0277",
                "waiting tasks go on after the first `release()`"
                if self.seen.name == "release"
                else f"`{name}` is this task's own already",
                "leave this one out",
                self.at,
                before,
            )
