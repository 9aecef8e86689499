"""Going on with what a task has released while it is still at work.

A run begins when every run before it has ended, or has released and exposes nothing afterwards that this one could see:
so it sees the same tables whenever it begins. What it makes is published only after the runs before it have ended, and
only when those whose tables it read ended well. A run waits for none but those of tasks above its own, which the
checker and the verifier see to; so nobody waits in a circle, and the first that has not ended waits for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from p2lang import ir
from p2lang.semantics.structure import NEED, SCRIPT, effects_of
from plotter2.datter.bundle import Table
from plotter2.datter.ids import now_ms
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.datter.task_runs import Consumed, Performance, TaskRun
from plotter2.errors import RunError
from plotter2.orchestrator import Cancellation
from plotter2.runs.inputs import selections
from plotter2.runs.releasing import Order, order_of
from plotter2.runs.task_place import Meanwhile
from plotter2.tasks import codes
from plotter2.tasks.at_once import AtOnce, may_run_at_once
from plotter2.tasks.model import Applicable, Task

Key: TypeAlias = tuple[str, str]
"""A task and a bundle (its id)."""


class Turn(NamedTuple):
    """A task on a bundle, in the order in which a command runs them."""

    task: Task
    applicable: Applicable

    @property
    def bundle(self) -> BundleRow:
        """Give the bundle."""
        return self.applicable.bundle

    @property
    def key(self) -> Key:
        """Give the task and the bundle's id."""
        return self.task.name, self.bundle.id

    def __str__(self) -> str:
        return f"{self.bundle.name}:{self.task.name}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a task may learn of the tasks before it: tables by name, those that it collects, and all there is."""

    names: frozenset[str]
    collected: frozenset[tuple[str, str]]
    asks_for_all: bool

    def waits_for(self, task: str, order: Order) -> bool:
        """Tell whether it could see what a task exposes after its release."""
        own = {name for of, name in self.collected if of == task}
        return bool(order.after) and (
            self.asks_for_all or not order.after.isdisjoint(self.names | own)
        )


def reading_of(nodes: Sequence[ir.Node], tasks: Sequence[Task], task: str) -> Reading:
    """Give what a task may learn of the tasks before it."""
    own = effects_of(nodes, task)
    first = {each.name: each.exposes[0].name for each in tasks if each.exposes}
    named = {str(n.attributes["name"][1]) for n in own if n.op == NEED.full_name}
    gathered = [
        (str(n.attributes["tasks"][2]["name"][1]), n.attributes.get("name"))
        for n in own
        if n.op.startswith("collect@")
    ]
    return Reading(
        frozenset({*named, *(selected.path for selected in selections(own))}),
        frozenset(
            (of, first.get(of, "") if name is None else str(name[1])) for of, name in gathered
        ),
        any(value[1].startswith("exposed@") for node in own for value in node.calls)
        or any(n.op == SCRIPT.full_name and "exposed" in str(n.attributes["text"][1]) for n in own),
    )


def asks_when_it_ended(nodes: Sequence[ir.Node], task: str) -> bool:
    """Tell whether a task asks when another one ended: then that one has to end first."""
    own = effects_of(nodes, task)
    return any(value[1].startswith("last_task@") for node in own for value in node.calls)


@dataclass(slots=True)
class _Released:
    """A run that has released, what it exposed by then, and what became of it."""

    turn: Turn
    ran: TaskRun
    state: Literal["at work", "well", "badly"] = "at work"


@dataclass
class GoingOn:
    """The runs of one command: who has released, who ended, and who goes on with whose tables."""

    nodes: Sequence[ir.Node]
    tasks: Sequence[Task]
    at_once: AtOnce
    store: Store
    _turns: dict[Key, Turn] = field(default_factory=dict)
    _released: dict[Key, _Released] = field(default_factory=dict)
    _not_ended: dict[str, set[Key]] = field(default_factory=dict)
    """By task, so that whoever asks who is before a turn does not look at all that have ended."""
    _relied_on: dict[Key, set[Key]] = field(default_factory=dict)
    _endings: dict[Key, Cancellation] = field(default_factory=dict)
    _early: dict[tuple[str, str], bool] = field(default_factory=dict)

    # ---- who may begin -------------------------------------------------------------------------
    def parts(self, chain: Sequence[Task]) -> list[list[Task]]:
        """Divide tasks, in their order, where one has to wait for the end of the one before."""
        parts: list[list[Task]] = []
        for before, task in zip((None, *chain), chain, strict=False):
            if before is not None and self._may_go_on(before.name, task.name):
                parts[-1].append(task)
            else:
                parts.append([task])
        return parts

    def line_up(self, turns: Sequence[Turn]) -> None:
        """Take the next turns of the command."""
        for turn in turns:
            self._turns[turn.key] = turn
            self._not_ended.setdefault(turn.task.name, set()).add(turn.key)

    def may_begin(self, turn: Turn) -> bool:
        """Tell whether all turns of earlier tasks have ended, or have released so that this one may go on."""
        return all(
            key in self._released and self._may_go_on(key[0], turn.task.name)
            for key in self._before(turn)
        )

    def _before(self, turn: Turn) -> Iterator[Key]:
        """Give the turns of all tasks above that of a turn that have not ended."""
        for task in self._above(turn.task.name):
            yield from self._not_ended.get(task, ())

    def _above(self, task: str) -> frozenset[str]:
        names = [each.name for each in self.tasks]
        return frozenset(names[: names.index(task)])

    def _may_go_on(self, before: str, task: str) -> bool:
        pair = before, task
        if pair not in self._early:
            order = order_of(self.nodes, before)
            self._early[pair] = (
                before in self._above(task)
                and order is not None
                and all(may_run_at_once(self.nodes, each) for each in pair)
                and not asks_when_it_ended(self.nodes, task)
                and not reading_of(self.nodes, self.tasks, task).waits_for(before, order)
            )
        return self._early[pair]

    # ---- what it goes on with ------------------------------------------------------------------
    @property
    def own(self) -> frozenset[Key]:
        """Give what this command itself is at work on, and others may go on with."""
        return frozenset(self._released)

    def provisional(self, task: Task) -> dict[Key, TaskRun]:
        """Give the runs with whose tables a task goes on, though they have not ended well; some ended badly by now."""
        return {
            key: found.ran
            for key, found in self._released.items()
            if found.state != "well" and self._may_go_on(key[0], task.name)
        }

    def rely(self, turn: Turn, consumed: Collection[Consumed]) -> frozenset[str]:
        """Note what a turn goes on with, before it has ended well; gives these runs. Raises RunError P2-R0651."""
        there = self.provisional(turn.task)
        read = {each.run for each in consumed}
        same = {(name, turn.bundle.id) for name in turn.task.after}
        relied_on = {k for k, ran in there.items() if ran.done.run in read or k in same}
        self._relied_on[turn.key] = relied_on
        self._require_well(turn)
        return frozenset(there[key].done.run for key in relied_on)

    def is_relied_on(self, turn: Turn, name: str) -> bool:
        """Tell whether a turn goes on with a task on the same bundle, so that it is told what became of it."""
        return (name, turn.bundle.id) in self.provisional(turn.task)

    def meanwhile(self, turn: Turn, done: Performance) -> Meanwhile:
        """Give what a run says to the others, and what it waits for."""
        return Meanwhile(partial(self._let_go_on, turn, done), partial(self.require_earlier, turn))

    def ending(self, turn: Turn) -> Cancellation:
        """Give what ends the child of a turn whose work cannot count any more."""
        return self._endings.setdefault(turn.key, Cancellation())

    def require_earlier(self, turn: Turn, keep: Callable[[], None] = lambda: None) -> None:
        """Wait until all turns of earlier tasks have ended. Raises RunError P2-R0651, HostError P2-H0942."""
        self.at_once.until(lambda: not any(self._before(turn)), keep)
        self._require_well(turn)

    def end(self, turn: Turn, *, well: bool) -> None:
        """Take that a turn has ended; who went on with it in vain is ended."""
        self._not_ended[turn.task.name].discard(turn.key)
        found = self._released.get(turn.key)
        if found is not None:
            found.state = "well" if well else "badly"
        if not well:
            for key, relied_on in self._relied_on.items():
                if turn.key in relied_on and key in self._not_ended[key[0]]:
                    self.ending(self._turns[key]).cancel()
        self.at_once.tell_others()

    def _let_go_on(
        self, turn: Turn, done: Performance, run: str, tables: Mapping[str, Table]
    ) -> None:
        so_far = msgspec.structs.replace(done, run=run, tables=dict(tables))
        # Its event is newer than all that there are, as that of its end will be.
        self._released[turn.key] = _Released(turn, TaskRun(so_far, now_ms(), self.store.new_id()))
        self.at_once.tell_others()

    # ---- refusals ------------------------------------------------------------------------------
    def _require_well(self, turn: Turn) -> None:
        for key in sorted(self._relied_on.get(turn.key, ())):
            found = self._released[key]
            if found.state == "badly":
                raise RunError(
                    codes.RELEASED_IN_VAIN,
                    f"{turn} went on with what {found.turn} had released, and that did not end well afterwards",
                    str(turn),
                    f"nothing of it is kept; mend {found.turn.task.name} first, then run this again",
                )
