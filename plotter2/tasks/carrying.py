"""Running a task over bundles: what it waits for first, then the task on its bundle and on each linked one below.

Each task on each bundle is a run of its own, in a child of its own. One that fails stops those that wait for it on the
same bundle, and nothing else. What an earlier task did on the same data counts: it is not run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from p2lang import ir
from p2lang.semantics.structure import effects_of
from plotter2.datter.blame import OF_THE_STORE
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.datter.task_runs import Performance
from plotter2.errors import ExitCode, Plotter2Error, Problem, RunError
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.exposing import action_of
from plotter2.runs.model import Params, RunResult
from plotter2.runs.releasing import after_earlier
from plotter2.runs.running import bound_params
from plotter2.runs.task_place import TaskPlace
from plotter2.tasks import codes
from plotter2.tasks.at_once import AtOnce, may_run_at_once
from plotter2.tasks.attached import Declarations
from plotter2.tasks.binding import placed
from plotter2.tasks.covering import covered
from plotter2.tasks.exposures import Exposures
from plotter2.tasks.going_on import GoingOn, Turn
from plotter2.tasks.instance import Instance
from plotter2.tasks.listing import tasks_of
from plotter2.tasks.model import Applicable, Coverage, Declared, NotApplicable, Task
from plotter2.tasks.waiting import wait_for_collected

State: TypeAlias = Literal["done", "same data", "failed", "not run"]

Approve: TypeAlias = Callable[[str, str, str], bool]
"""Asks a person: (task, action, target) -> whether it is approved."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: a task of a bundle, values of params, on the bundle alone or on those below as well.

    `again` runs earlier tasks too that ran on the same data. `resumed` tells that the task itself is a request that is
    carried out now, whatever ran meanwhile.
    """

    bundle: BundleRow
    task: str
    params: Params = field(default_factory=dict)
    only: bool = False
    again: bool = False
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Carrying:
    """What running tasks needs of the host: `perform` runs one task on one bundle, `begin` is told of each before.

    `at_once` says how many children may be at work.
    """

    declarations: Declarations
    perform: Callable[[Instance, TaskPlace], RunResult]
    begin: Callable[[Instance], None] = lambda _: None
    approve: Approve = lambda task, action, target: False
    at_once: AtOnce = field(default_factory=lambda: AtOnce(1))

    @property
    def store(self) -> Store:
        """Give the store."""
        return self.declarations.store


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a task on a bundle; `problem` says why it failed or did not run."""

    task: str
    bundle: BundleRow
    state: State
    result: RunResult | None = None
    problem: Problem | None = None

    def as_json(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {
            "task": self.task,
            "bundle": {"id": self.bundle.id, "name": self.bundle.name},
            "state": self.state,
            "record": None if self.result is None else self.result.record,
            "error": None if self.problem is None else self.problem.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a task that was asked for: every run, and the bundles below on which it cannot run, and why.

    `earlier` are those on which a task that it waits for cannot run: what it collects lacks them.
    """

    task: Task
    ended: tuple[Ended, ...]
    rest: tuple[NotApplicable, ...]
    earlier: tuple[NotApplicable, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell whether all went well, and the task that was asked for is among them."""
        asked = any(each.task == self.task.name for each in self.ended)
        return asked and all(each.state in ("done", "same data") for each in self.ended)


def carry_out(carrying: Carrying, wanted: Wanted) -> Report:
    """Run a task as it was asked for.

    Raises RunError P2-R0647 when the bundle has no such task, P2-R0648 when it can run nowhere, DataError.
    """
    task = _asked(carrying.declarations, wanted)
    return _Run(carrying, wanted, task).report()


def _asked(declarations: Declarations, wanted: Wanted) -> Task:
    tasks = tasks_of(declarations, wanted.bundle)
    found = tasks.find(wanted.task)
    if found is not None:
        return found.task
    every = [each.task for each in (*tasks.own, *tasks.inherited)]
    every += [each.task for each in tasks.not_applicable]
    names = ", ".join(dict.fromkeys(task.name for task in every))
    raise RunError(
        codes.UNKNOWN_TASK,
        f"{wanted.bundle.name} has no task {wanted.task!r}",
        wanted.bundle.name,
        f"its tasks: {names}"
        if names
        else f"attach a script that has one: plotter2 attach {wanted.bundle.name} script.p2",
        exit_code=ExitCode.USAGE,
    )


@dataclass
class _Run:
    """One command: the chain of tasks, what ended how, what does not count any more."""

    carrying: Carrying
    wanted: Wanted
    task: Task
    ended: list[Ended] = field(default_factory=list)
    failed: set[tuple[str, str]] = field(default_factory=set)
    covered: dict[str, Coverage] = field(default_factory=dict)
    chain: list[Task] = field(default_factory=list)
    params: dict[str, Params] = field(default_factory=dict)
    going: GoingOn = field(init=False)

    def report(self) -> Report:
        declared = self._declared()
        if declared.compiled is None:
            raise self._broken(declared)
        coverage = self._wanted_of(self._coverage(self.task))
        if not coverage.runs:
            raise self._nowhere(coverage)
        compiled = self._compiled(declared)
        self.chain = self._chain(declared)
        self.params = {task.name: self._params(compiled, task) for task in self.chain}
        at_once, nodes = self.carrying.at_once, compiled.module.nodes
        self.going = GoingOn(nodes, declared.tasks, at_once, self.carrying.store)
        one = partial(self._one, declared, compiled)
        for part in self.going.parts(self.chain):
            runs = ((task, self._wanted_of(self._coverage(task)).runs) for task in part)
            turns = [Turn(task, each) for task, found in runs for each in found]
            self.going.line_up(turns)
            if may_run_at_once(nodes, part[0].name):
                self.ended += at_once.each(one, turns, self.going.may_begin)
            else:
                self.ended += map(one, turns)
        before = [each for task in self.chain[:-1] for each in self._coverage(task).rest]
        return Report(self.task, tuple(self.ended), coverage.rest, tuple(before))

    # ---- one task on one bundle ----------------------------------------------------------------

    def _one(self, declared: Declared, compiled: CompiledScript, turn: Turn) -> Ended:
        task, bundle = turn.task, turn.bundle
        failed = [name for name in task.after if (name, bundle.id) in self.failed]
        blocking = next((n for n in failed if not self.going.is_relied_on(turn, n)), None)
        try:
            if blocking is not None:
                ended = Ended(task.name, bundle, "not run", problem=_waits(task, bundle, blocking))
            else:
                ended = self._ended(declared, compiled, turn)
        except Plotter2Error as error:
            if error.code in OF_THE_STORE:
                raise
            ended = Ended(task.name, bundle, "failed", problem=error.problem())
        well = ended.problem is None
        if not well:
            self.failed.add(turn.key)
        self.going.end(turn, well=well)
        return ended

    def _ended(self, declared: Declared, compiled: CompiledScript, turn: Turn) -> Ended:
        ended_by = self.carrying.at_once.ended_by(self.going.ending(turn))
        with after_earlier(partial(self.going.require_earlier, turn)), ended_by:
            return self._performed(declared, compiled, turn)

    def _performed(self, declared: Declared, compiled: CompiledScript, turn: Turn) -> Ended:
        task, store = turn.task, self.carrying.store
        instance = self._instance(declared, compiled, turn.applicable, self.params[task.name])
        wait_for_collected(instance, store, self.carrying.at_once.pause, self.going.own)
        instance = replace(instance, exposures=self._exposures(declared, task))
        place = placed(instance, store)
        released = self.going.rely(turn, place.done.consumed)
        before = instance.exposures.of(task.name).get(turn.bundle.id)
        same = before is not None and before.done.inputs == place.done.inputs
        if before is not None and same and self._is_enough(task, before.done):
            return Ended(task.name, turn.bundle, "same data")
        approved = self._approved(instance)
        if approved:
            instance = replace(instance, approved=approved)
            place = placed(instance, store)
        self.carrying.begin(instance)
        meanwhile = self.going.meanwhile(turn, place.done)
        place = replace(place, released=released, meanwhile=meanwhile)
        return Ended(task.name, turn.bundle, "done", self.carrying.perform(instance, place))

    def _exposures(self, declared: Declared, task: Task) -> Exposures:
        store = self.carrying.store
        return Exposures(
            store,
            declared,
            frozenset(self.failed),
            store.ownership(),
            self.going.provisional(task),
        )

    def _is_enough(self, task: Task, before: Performance) -> bool:
        """Tell whether a run on the same data does for now.

        It does for what comes before the task that was asked for, and for a task that gave others' tables away: these
        can be given away only once.
        """
        if self.wanted.again:
            return False
        if task.name != self.task.name:
            return True
        gave = any(t.run != before.run and t.how != "share" for t in before.transfers)
        return gave and not self.wanted.resumed

    def _instance(
        self,
        declared: Declared,
        compiled: CompiledScript,
        applicable: Applicable,
        params: Params,
    ) -> Instance:
        above = self.carrying.declarations.above(applicable.bundle)
        home = applicable.task.bundle.name
        inside = tuple(row for row in above if (row.name + "/").startswith(home + "/"))
        collected = {
            task.name: self._collected_from(task, applicable.bundle) for task in declared.tasks
        }
        # What is exposed is found when nobody is at work any more on what it collects.
        nothing = Exposures(self.carrying.store, declared)
        holders = (applicable.bundle, *above)
        others = tuple(d for row in holders for d in self.carrying.declarations.of(row))
        return Instance(
            declared, applicable, compiled, inside, collected, nothing, params, above, others
        )

    def _collected_from(self, task: Task, bundle: BundleRow) -> Sequence[BundleRow]:
        below = f"{bundle.name}/"
        rows = [each.bundle for each in self._coverage(task).runs]
        return [row for row in rows if row.id == bundle.id or row.name.startswith(below)]

    def _params(self, compiled: CompiledScript, task: Task) -> Params:
        """Give the values for a task; what only other tasks of the chain have is meant for these.

        Raises RunError for a name that nobody knows, and for a value that does not fit.
        """
        own = {*compiled.module.params, *task.params}
        others = {name for each in self.chain for name in each.params} - own
        given = {n: value for n, value in self.wanted.params.items() if n not in others}
        return bound_params(compiled, given, task.name)

    def _approved(self, instance: Instance) -> tuple[tuple[str, str], ...]:
        nodes = effects_of(instance.compiled.module.nodes, instance.name)
        return tuple(
            (action, target)
            for action, target in asked_approvals(nodes, instance.variables)
            if self.carrying.approve(instance.name, action, target)
        )

    # ---- the script ----------------------------------------------------------------------------

    def _declared(self) -> Declared:
        every = self.carrying.declarations.of(self.task.bundle)
        return next(d for d in every if d.attachment.name == self.task.attachment)

    def _compiled(self, declared: Declared) -> CompiledScript:
        """Give the program; a param that names another column makes another one."""
        assert declared.compiled is not None
        named = {
            name: value
            for name, value in self.wanted.params.items()
            if isinstance(value, str) and _names_column(declared.compiled, name)
        }
        if not named:
            return declared.compiled
        return self.carrying.declarations.recompiled(declared, named)

    def _chain(self, declared: Declared) -> list[Task]:
        """Give the tasks that the wanted one waits for, in the order of the script, and itself."""
        by_name = {task.name: task for task in declared.tasks}
        needed: set[str] = set()
        pending = [self.task.name]
        while pending:
            name = pending.pop()
            if name not in needed:
                needed.add(name)
                pending += by_name[name].after
        return [task for task in declared.tasks if task.name in needed]

    def _coverage(self, task: Task) -> Coverage:
        if task.name not in self.covered:
            self.covered[task.name] = covered(self.carrying.declarations, task, self.wanted.bundle)
        return self.covered[task.name]

    def _wanted_of(self, coverage: Coverage) -> Coverage:
        """Give the part of a coverage that is asked for: the bundle alone, or all."""
        if not self.wanted.only:
            return coverage
        here = self.wanted.bundle.id
        return replace(
            coverage,
            runs=tuple(each for each in coverage.runs if each.bundle.id == here),
            rest=tuple(each for each in coverage.rest if each.bundle.id == here),
        )

    # ---- refusals ------------------------------------------------------------------------------

    def _broken(self, declared: Declared) -> RunError:
        reason = declared.broken or declared.refused
        assert reason is not None
        return RunError(
            reason.code, reason.message, reason.where, reason.help, exit_code=ExitCode.CHECK_FAILED
        )

    def _nowhere(self, coverage: Coverage) -> RunError:
        reasons = {r.message: r for each in coverage.rest for r in each.reasons}
        first = next(iter(reasons.values()), None)
        where = self.wanted.bundle.name
        cannot = f"cannot run on {where}"
        if not self.wanted.only:
            cannot = f"can run neither on {where} nor below"
        return RunError(
            codes.RUNS_NOWHERE,
            f"{self.task.name} {cannot}" + (f": {'; '.join(reasons)}" if reasons else ""),
            self.wanted.bundle.name,
            (first.help if first else "") or f"plotter2 tasks {self.wanted.bundle.name} says why",
            exit_code=ExitCode.CHECK_FAILED,
        )


def asked_approvals(
    nodes: Sequence[ir.Node], known: Mapping[str, Any] = MappingProxyType({})
) -> list[tuple[str, str]]:
    """Give the actions with their targets that `approved(...)` asks about; `known` are the values of params."""
    calls = (value for node in nodes for value in node.calls if value[1].startswith("approved@"))
    found = (action_of(value, known) for value in calls)
    return list(dict.fromkeys(each for each in found if each is not None))


def _names_column(compiled: CompiledScript, name: str) -> bool:
    param = compiled.module.params.get(name)
    return param is not None and param.type.startswith("column")


def _waits(task: Task, bundle: BundleRow, blocking: str) -> Problem:
    return Problem(
        codes.WAITS,
        f"{task.name} waits for {blocking}, which did not end well on {bundle.name}",
        bundle.name,
        f"mend that first; plotter2 run {bundle.name}:{blocking} runs it alone",
    )
