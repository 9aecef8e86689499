"""Carries out a verified program on tables: on demand from its effects, every node once. Draws and sends nothing.

What is computed together is the plan's to say (`p2std.plan`); a computed table is kept until its last use. Rows and
work are counted on the way.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

import polars as pl

from p2lang.ir import PARTS, Value, parts_of
from p2lang.semantics.promises import columns_of
from p2lang.semantics.structure import (
    DRAWN,
    EXPOSE,
    GUARD,
    HELD,
    IMPOSE,
    MADE,
    NAME,
    NEED,
    RAN,
    SCRIPT,
    TABLES,
    effects_of,
    is_effect_of,
    unnamed,
)
from p2lang.verifier import Program, ProgramNode
from p2std.around import NOWHERE, Around
from p2std.binding import Kernel, flow_kernels
from p2std.kernels.effects import (
    Draw,
    Effect,
    GiveUp,
    HandOver,
    Own,
    Redo,
    WriteOut,
)
from p2std.lowering import argument, constant
from p2std.plan import plan_of
from p2std.registry import core
from p2std.table import Table, Tagged, collected
from plotter2.child.accounts import Account, units_since
from plotter2.child.counting import Meter
from plotter2.child.drawn import Layers, Page, Panels, Report, View, boxed
from plotter2.child.happenings import (
    Asking,
    Drawing,
    Exposing,
    Happening,
    Owning,
    Writing,
)
from plotter2.child.holding import Holds, Restored
from plotter2.child.midway import Halfway, place_of
from plotter2.child.placing import Pending, Placed
from plotter2.child.python.running import GivenUp
from plotter2.child.python.stepping import Given, Stepped, stepped
from plotter2.child.run_codes import IMPOSED
from plotter2.child.shaping import in_shape, tables_in
from plotter2.errors import RunError

Scalars: TypeAlias = Mapping[str, Any]
Reader: TypeAlias = Callable[[ProgramNode], pl.DataFrame]
"""Gives the stored rows that a source reads."""


@dataclass
class Interpreter:
    """Evaluates nodes of one program. `counted` names, for `summary` nodes, the values to count behind each row.

    With a `task` its effects are carried out, else those outside of tasks; `around` is what is known of the place.
    `steps` has the step whose rows a source wants, before they are read; `said` is what steps in Python print.
    `holding` knows results that another child computed, and takes those that are to be held.
    `midway` hears of what steps in Python let go on.
    """

    program: Program
    params: Scalars
    read: Reader
    counted: Mapping[str, Mapping[str, Tagged]] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    task: str = ""
    around: Around = NOWHERE
    steps: dict[str, int | None] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    holding: Holds = field(default_factory=Holds)
    midway: Halfway = field(default_factory=Halfway)

    def __post_init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._pending: dict[str, Pending] = {}
        self._stored: dict[str, int] = {}
        self._printed: dict[str, tuple[str, ...]] = {}
        self._plan = plan_of(self.program)
        self.meter = Meter(self.program, self.params, core())
        self._there: dict[str, tuple[str, ...]] = {}
        self._stepped: dict[str, Stepped] = {}
        own = effects_of([node.node for node in self.program.nodes], self.task)
        self._uses = Counter(i for node in own for i in set(node.inputs))

    # ------------------------------------------------------------ what expressions may ask
    def parameter(self, name: str) -> Any:
        """Give the value of a parameter."""
        return self.params[name]

    def table(self, node: str) -> Table:
        """Give another node's table, computed once."""
        table: Table = self._values[node]
        kept = replace(table, frame=collected(table.frame).lazy())
        self._values[node] = kept
        return kept

    def flow(self, node: str) -> Table:
        """Compute a table of the program, whatever else there is."""
        self._evaluate_all({node})
        return self.table(node)

    # ------------------------------------------------------------ effects
    def effects(self) -> Iterator[Happening | GiveUp]:
        """Carry out the task, or what stands outside tasks, effect by effect; what is guarded off computes nothing.

        Raises RunError P2-R0601 when an imposed condition does not hold, P2-R0609 (or the kernel's own code) when the
        data do not allow a computation.
        """
        effects = [n for n in self.program.nodes if is_effect_of(n.node, self.task)]
        for node in sorted(effects, key=place_of):
            self.midway.come_to(node)
            try:
                if self._is_off(node):
                    continue
                effect = self._evaluated(node)
            except GivenUp as given_up:
                effect = GiveUp(given_up.reason)
            if effect is not None:
                yield effect

    def _is_off(self, node: ProgramNode) -> bool:
        return not (self._holds(node, node.node.attributes.get(GUARD)) and self._is_come_to(node))

    def _evaluate_all(self, wanted: set[str]) -> None:
        needed: set[str] = set()
        pending = [n for n in wanted if n not in self._values]
        while pending:
            name = pending.pop()
            if name not in needed and name not in self._values:
                needed.add(name)
                pending += self._wanted(self.program[name])
        for node in self.program.nodes:
            if node.id in needed:
                self._evaluated(node)

    def _wanted(self, node: ProgramNode) -> set[str]:
        """Give the inputs that a node needs: of a box, the parts that are there; none when its result is known."""
        if self._known(node) is not None:
            return set()
        if node.node.op == SCRIPT.full_name:
            return {str(node.flow)}  # the text reads its tables when it comes to them
        if PARTS not in node.node.attributes:
            return set(node.inputs)
        if node.id not in self._there:
            parts = parts_of(node.node.attributes)
            self._there[node.id] = tuple(n for guard, n in parts if self._holds(node, guard))
        return set(self._there[node.id])

    def _holds(self, node: ProgramNode, guard: Value | None) -> bool:
        if guard is None:
            return True
        self._evaluate_all(tables_in(guard))
        with Placed(node):
            return constant(guard, self) is True

    def _evaluated(self, node: ProgramNode) -> Any:
        self._evaluate_all(self._wanted(node))
        started = time.perf_counter()
        known = self._known(node)
        with Placed(node, self._pending_before(node)):
            if known is not None:
                value = self._restored(node, known)
            else:
                value = self._value(node)
                self._note(node, value, started)
                self._hold(node, value)
        self._values[node.id] = value
        for name in set(node.inputs):
            self._uses[name] -= 1
            if self._uses[name] == 0:
                self._values.pop(name, None)
        return value

    # ------------------------------------------------------------ results that are held
    def _known(self, node: ProgramNode) -> Restored | None:
        return self.holding.restored(node) if node.id in self._plan.held else None

    def _restored(self, node: ProgramNode, known: Restored) -> Table:
        assert node.schema is not None
        self.meter.know(node, known.frame.height)
        for account in known.accounts:
            if account.id not in self.accounts:
                self.accounts[account.id] = account
                self.said += account.said
        return Table(known.frame.lazy(), node.schema, self)

    def _hold(self, node: ProgramNode, value: Any) -> None:
        if node.id in self._plan.held:
            units = units_since(self.program, self.accounts, node.id, self._plan.held)
            self.holding.take(node, collected(value.frame), self.accounts, units)

    # ------------------------------------------------------------ one node
    def _value(self, node: ProgramNode) -> Any:
        rule = _STATEMENTS.get(node.node.op)
        if rule is not None:
            return rule(self, node)
        kernel = flow_kernels()[node.node.op]
        if kernel.kind == "source":
            return self._finished(node, self._source(node, kernel))
        given: Any = self._values[node.flow] if node.flow is not None else None
        if kernel.kind == "step" and node.kind == "table":
            table = replace(given, counted=self.counted.get(node.id, {}))
            return self._finished(node, self._run(node, kernel, table=table))
        if kernel.full_name == "frame@1":
            return View(self._run(node, kernel), given, str(node.flow))
        if kernel.kind in ("mark", "deco"):
            return replace(given, picture=self._run(node, kernel, view=given.picture))
        if kernel.kind == "item":
            return self._run(node, kernel, table=given)
        return self._effect(node, kernel, given)

    def _boxed(self, node: ProgramNode) -> Layers | Panels | Page | Drawing:
        parts = [(name, self._values[name]) for name in self._there[node.id]]
        made = boxed(node, parts, self)
        if not isinstance(made, Report):
            return made
        name = constant(node.argument(NAME), self) or unnamed(node.signature)
        return Drawing(name, made, node)

    def _run(self, node: ProgramNode, kernel: Kernel, **carried: Any) -> Any:
        handed = {
            name: carried[name] if name in carried else self._argument(node, name, wanted)
            for name, wanted in kernel.takes.items()
        }
        return kernel.run(**handed)

    def _argument(self, node: ProgramNode, name: str, wanted: str) -> Any:
        value: Value | None = node.argument(name)
        if value is not None and value[0] == "table":
            return self._values[value[1]]
        return argument(value, wanted, self)

    def _source(self, node: ProgramNode, kernel: Kernel) -> pl.LazyFrame:
        carried: dict[str, Any] = {}
        if "table" in kernel.takes:
            assert node.schema is not None
            carried["table"] = Table(self._read_for(node).lazy(), node.schema, self)
        frame: pl.LazyFrame = self._run(node, kernel, **carried)
        return frame

    def _read_for(self, node: ProgramNode) -> pl.DataFrame:
        self.steps[node.id] = constant(node.node.attributes.get("step"), self)
        stored = self.read(node)
        self._stored[node.id] = stored.height
        return stored

    def _need(self, node: ProgramNode) -> Table:
        return self._finished(node, self._read_for(node).lazy())

    def _script(self, node: ProgramNode) -> Table:
        attributes = node.node.attributes
        names = [name for name, _ in columns_of(attributes["takes"])]
        flow: Table = self._values[str(node.flow)]
        given = Given(
            collected(flow.frame.select(names)),
            {t: partial(self._in_full, attributes[t][1]) for t in TABLES if t in attributes},
            lambda value: constant(value, self),
        )
        made = stepped(node.node, given, self.around, within, partial(self.midway.released, node))
        self._stepped[node.id] = made
        self._printed[node.id] = made.printed
        self.said += made.printed
        return self._finished(node, made.rows.lazy())

    def _in_full(self, name: str) -> pl.DataFrame:
        table = self.flow(name)
        return collected(table.frame.select(list(table.schema.names)))

    def _made(self, node: ProgramNode) -> Table:
        return self._finished(node, self._stepped[str(node.flow)].exposed(node).lazy())

    def _ran(self, node: ProgramNode) -> None:
        """Do nothing more: its step was run."""

    def _picture(self, node: ProgramNode) -> Drawing:
        return self._stepped[str(node.flow)].drawing(node, unnamed(node.signature))

    def _is_come_to(self, node: ProgramNode) -> bool:
        """Tell whether the text of a step came to the call that an effect stands for."""
        made = node if node.flow is None else self.program[node.flow]
        at = node if node.node.op == DRAWN.full_name else made
        if at.node.op not in (DRAWN.full_name, MADE.full_name):
            return True
        self._evaluate_all({str(at.flow)})
        return self._stepped[str(at.flow)].came_to(at)

    def _expose(self, node: ProgramNode) -> Exposing:
        given: Table = self._values[str(node.flow)]
        names = [name for name, _ in columns_of(node.node.attributes["type"])]
        rows = collected(given.frame.select(names))
        return Exposing(str(node.node.attributes["name"][1]), rows, node)

    def _finished(self, node: ProgramNode, frame: pl.LazyFrame) -> Table:
        assert node.schema is not None
        frame = in_shape(node, frame, node.schema)
        if node.id in self._plan.held:
            frame = collected(frame).rechunk().lazy()
        elif node.id not in self._plan.planned:
            frame = collected(frame).lazy()
        else:
            self._pending[node.id] = (*self._pending_before(node), (node, frame))
        return Table(frame, node.schema, self)

    def _pending_before(self, node: ProgramNode) -> Pending:
        return tuple(step for name in node.inputs for step in self._pending.get(name, ()))

    def placed(self, node: str) -> AbstractContextManager[None]:
        """Give a context in which something is made of a node's rows: what fails names the guilty step."""
        return Placed(self.program[node], self._pending.get(node, ()))

    def _impose(self, node: ProgramNode) -> None:
        if constant(node.node.attributes["that"], self) is True:
            return
        message = constant(node.argument("message"), self)
        raise RunError(
            IMPOSED,
            str(message) if message else "a condition that the script imposes does not hold",
            help="the script itself asks for this: look at its `impose` line",
        )

    def _effect(self, node: ProgramNode, kernel: Kernel, given: Any) -> Happening | GiveUp:
        carried = {"table": given}
        if isinstance(given, View | Layers | Panels):
            carried = {"view": given.picture}
        effect: Effect = self._run(node, kernel, **carried)
        if isinstance(effect, Draw):
            if isinstance(given, Table):
                given = View(effect.picture, given, str(node.flow))
            return Drawing(effect.name, given, node, effect.motion)
        if isinstance(effect, WriteOut):
            return Writing(effect.name, effect.data, effect.rows, node)
        if isinstance(effect, Redo):
            return Asking(effect, node)
        handed = isinstance(effect, HandOver) and isinstance(given, Table) and self.task
        if isinstance(effect, Own) or handed:
            return Owning(node)
        return effect

    def _note(self, node: ProgramNode, value: Any, started: float) -> None:
        if not isinstance(value, Table):
            drawn = self.accounts.get(value.source) if isinstance(value, View) else None
            self.meter.count(node, drawn.given if drawn is not None else 1, None)
            return
        taken = tuple(self.accounts[name].given for name in node.inputs if name in self.accounts)
        if node.id in self._stored:
            taken = (self._stored[node.id],)
        kept = node.signature.facts.rows == "kept"
        given = taken[0] if kept else int(collected(value.frame.select(pl.len()))[0, 0])
        ms = (time.perf_counter() - started) * 1e3
        drops = node.signature.facts.rows == "fewer"
        units = self.meter.count(node, max(sum(taken), given), given)
        self.accounts[node.id] = Account(
            node.id, node.node.op, taken, given, ms, drops, node.id in self._stored, units,
            self._printed.get(node.id, ()),
        )  # fmt: skip


_STATEMENTS: Mapping[str, Callable[[Interpreter, ProgramNode], Any]] = {
    IMPOSE.full_name: Interpreter._impose,
    NEED.full_name: Interpreter._need,
    EXPOSE.full_name: Interpreter._expose,
    SCRIPT.full_name: Interpreter._script,
    MADE.full_name: Interpreter._made,
    RAN.full_name: Interpreter._ran,
    DRAWN.full_name: Interpreter._picture,
    **dict.fromkeys(HELD, Interpreter._boxed),
}


def within(program: Program, rows: pl.DataFrame) -> Interpreter:
    """Give what computes a program that a step in Python put together, on the one table that it reads."""
    return Interpreter(program, {}, lambda node: rows)
