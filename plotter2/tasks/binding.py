"""From a task that can run on a bundle to its place: every table that it reads, found in the store.

What a task asks for by name is answered in this order: a link that answers for what it imposes, a link of its own,
a table that a task of the same script exposed. What it names as a path is exposed by a task of the script, else it is
stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from p2lang import ir
from p2lang.semantics.constants import evaluate
from p2lang.semantics.selection import Selection, selection
from p2lang.semantics.structure import LINK, NEED, TASK, effects_of
from plotter2.datter.codes import DROPPED
from plotter2.datter.ids import now_ms
from plotter2.datter.ownership import holder_of
from plotter2.datter.store import Store
from plotter2.datter.task_runs import Consumed, Performance
from plotter2.datter.transfers import digest_of_key
from plotter2.errors import RunError
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.inputs import BoundTable, bind_one, require_room, selections
from plotter2.runs.owning import OWNING
from plotter2.runs.selecting import Circumstances
from plotter2.runs.task_place import Origin, TaskPlace, digest_of_inputs
from plotter2.tasks import codes
from plotter2.tasks.exposures import Exposed, anybodys, lent
from plotter2.tasks.instance import Instance
from plotter2.tasks.model import Answered
from plotter2.tasks.parts import links_of
from plotter2.tasks.places import selector_of
from plotter2.tasks.receiving import holder, receivers
from plotter2.wire.inputs import LinkProgram, Place, collected_path

_STEP = "step"
_BY_NAME = ("register@", "deregister@")


def placed(instance: Instance, store: Store) -> TaskPlace:
    """Find everything that a task reads. Raises DataError, RunError P2-R0620, P2-R0643."""
    nodes = effects_of(instance.compiled.module.nodes, instance.name)
    finding = _Finding(instance, store)
    tables = finding.named(nodes)
    for node in nodes:
        if node.op == NEED.full_name:
            finding.asked_for(node)
        elif node.op.startswith(_BY_NAME):
            finding.spoken_of(node)
        elif node.op.startswith("collect@"):
            finding.collected(node)
    answers = tuple(finding.answers.values())
    require_room(len(tables) + len(answers))
    place = _place(instance)
    known = {
        "script": instance.declared.attachment.kept.script.digest,
        "task": instance.name,
        "params": _used(instance, nodes),
        "links": {name: [link.module, link.link] for name, link in finding.links.items()},
        "exposed": _asked_about(instance, nodes, place),
        "handled": _handled(nodes, finding.held),
    }
    done = Performance(
        run="",
        bundle=instance.bundle.id,
        home=instance.declared.attachment.bundle,
        script=instance.declared.attachment.name,
        digest=instance.declared.attachment.kept.script.digest,
        task=instance.name,
        inputs=digest_of_inputs(known, *tables, *answers),
        consumed=tuple(finding.consumed.values()),
    )
    return TaskPlace(
        place,
        tables,
        answers,
        finding.links,
        done,
        _about(instance),
        finding.held,
        receivers(instance, nodes),
    )


def _used(instance: Instance, nodes: Sequence[ir.Node]) -> dict[str, Any]:
    """Give the values of the params that the task looks at; those of others do not matter to it."""
    spoken = {value[1] for node in nodes for value in node.inside if value[0] == "var"}
    names = {name.removeprefix(f"{instance.name}.") for name in spoken}
    return {name: value for name, value in instance.params.items() if name in names}


def _place(instance: Instance) -> Place:
    ended = instance.exposures.ended(instance.bundle, instance.declared.tasks)
    later = [t for t in instance.declared.tasks if instance.name in t.after]
    return Place(
        bundle=instance.bundle.name,
        task=instance.name,
        exposed=list(instance.exposures.names((instance.bundle, *instance.above))),
        imposed=sorted({head.name for task in later for head in task.imposed}),
        linked=sorted({*instance.applicable.answers, *instance.applicable.task.links}),
        approved=list(instance.approved),
        ended={name: _iso(at) for name, at in ended.items()},
    )


def _asked_about(instance: Instance, nodes: Sequence[ir.Node], place: Place) -> list[str]:
    """Give what the task learns from `exposed()`, beside what it exposes itself."""
    asks = any(value[1].startswith("exposed@") for node in nodes for value in node.calls)
    own = {head.name for head in instance.applicable.task.exposes}
    return [name for name in place.exposed if name not in own] if asks else []


def _handled(nodes: Sequence[ir.Node], held: Mapping[str, Origin]) -> dict[str, str]:
    """Give the runs whose tables a task hands on, claims or drops: one of a newer run is another table."""
    read = {n.id: str(n.attributes["name"][1]) for n in nodes if n.op == NEED.full_name}
    owning = [node for node in nodes if node.op.partition("@")[0] in OWNING]
    names = [read[each] for node in owning for each in node.inputs if each in read]
    names += [str(n.attributes["name"][1]) for n in owning if n.op.startswith(_BY_NAME)]
    return {name: held[name].run for name in names if name in held}


def _about(instance: Instance) -> dict[str, Any]:
    task, attachment = instance.applicable.task, instance.declared.attachment
    return {
        "name": task.name,
        "bundle": {"id": instance.bundle.id, "name": instance.bundle.name},
        "attachment": {
            "bundle": {"id": task.bundle.id, "name": task.bundle.name},
            "script": attachment.name,
            "sha256": attachment.kept.script.digest,
        },
        "answers": {
            name: {
                "bundle": {"id": each.bundle.id, "name": each.bundle.name},
                "script": each.link.attachment,
                "source": each.link.source,
            }
            for name, each in instance.applicable.answers.items()
        },
    }


@dataclass(slots=True)
class _Finding:
    """What was found so far of the tables that one task reads."""

    instance: Instance
    store: Store
    answers: dict[str, BoundTable] = field(default_factory=dict)
    links: dict[str, LinkProgram] = field(default_factory=dict)
    held: dict[str, Origin] = field(default_factory=dict)
    consumed: dict[tuple[str, str], Consumed] = field(default_factory=dict)

    def named(self, nodes: Sequence[ir.Node]) -> tuple[BoundTable, ...]:
        """Give what the task names by path; a table that nobody exposed yet is left out."""
        found = (self._read(each, columns) for each, columns in selections(nodes).items())
        return tuple(each for each in found if each is not None)

    def _read(self, selected: Selection, columns: Sequence[str]) -> BoundTable | None:
        if selected.path in self.instance.declared.exposed:
            return self._exposed(selected.path, columns)
        selector = selector_of(self.store, self.instance.applicable.task.bundle, selected.path)
        schema = self.instance.compiled.schemas[selected.shape.key]
        ended = self.instance.exposures.ended(self.instance.bundle, self.instance.declared.tasks)
        run = Circumstances(self.instance.variables, now_ms(), ended)
        parts = bind_one(selected, columns, schema, self.store, run, selector)
        return BoundTable(selected.key, parts)

    def _exposed(self, name: str, columns: Sequence[str]) -> BoundTable | None:
        bundles = (self.instance.bundle, *self.instance.above)
        found = self.instance.exposures.named(name, bundles)
        return None if found is None else self._bound(name, found, columns)

    def _bound(self, name: str, found: Exposed, columns: Sequence[str]) -> BoundTable:
        self.held[name] = Origin(found.done.run, holder_of(found.done))
        self._read_from(name, found.done)
        parts = self.store.bind_exposed([(found.bundle, found.table)], columns)
        return BoundTable(name, parts)

    def _read_from(self, name: str, done: Performance) -> None:
        self.consumed[done.run, name] = Consumed(
            table=name, run=done.run, bundle=done.bundle, script=done.script, task=done.task
        )

    def asked_for(self, node: ir.Node) -> None:
        """Find what answers to a name. Raises RunError P2-R0643 when nothing does."""
        name = str(node.attributes["name"][1])
        if name in self.answers:
            return
        answered = self.instance.applicable.answers.get(name)
        columns = [column for column, _ in node.attributes["type"][1]]
        if answered is not None:
            self._linked(name, answered)
        elif name in self.instance.applicable.task.links:
            self._own_link(name)
        else:
            found = self._lent_by_key(node, name, columns) or self._exposed(name, columns)
            found = found or self._lent(name, columns)
            if found is None:
                self._require_not_dropped(name)
            else:
                self.answers[name] = found

    def _lent(self, name: str, columns: Sequence[str], key: str = "") -> BoundTable | None:
        bundles = (self.instance.bundle, *self.instance.every_above)
        owned, reader = self.instance.exposures.owned, holder(self.instance)
        found = lent(self.store, owned, name, reader, bundles, key)
        return None if found is None else self._bound(name, found, columns)

    def _lent_by_key(self, node: ir.Node, name: str, columns: Sequence[str]) -> BoundTable | None:
        """Open what was shared by a key. Raises RunError P2-R0678 when the key opens nothing."""
        written = node.attributes.get("key")
        if written is None:
            return None
        key = digest_of_key(str(evaluate(written, self.instance.variables)))
        found = self._lent(name, columns, key)
        if found is None:
            raise RunError(
                codes.WRONG_KEY,
                f"the key of {name} opens nothing: no task of {self.instance.bundle.name} or a bundle"
                " above shares such a table by it",
                str(self.instance),
                "ask whoever shares it for the key, and whether its task ran",
            )
        return found

    def _require_not_dropped(self, name: str) -> None:
        bundles = (self.instance.bundle, *self.instance.above)
        done = self.instance.exposures.dropped(name, bundles)
        if done is not None:
            raise RunError(
                DROPPED,
                f"{name} is not exposed any more: the task {done.task} dropped it, and nobody owns it",
                str(self.instance),
                f'run {done.task} again, or claim it in a task: register("{name}")',
            )

    def spoken_of(self, node: ir.Node) -> None:
        """Find the table that a task claims or drops by its name. Raises RunError P2-R0675."""
        name = str(node.attributes["name"][1])
        bundles = (self.instance.bundle, *self.instance.above)
        own = {head.name for head in self.instance.applicable.task.exposes}
        if name in self.held or (name in own and not node.op.startswith("register")):
            return
        found = self.instance.exposures.named(name, bundles)
        done = self.instance.exposures.dropped(name, bundles) if found is None else found.done
        if done is None and node.op.startswith("register@"):
            everywhere = (self.instance.bundle, *self.instance.every_above)
            done = anybodys(self.store, name, everywhere)
        if done is None:
            raise RunError(
                DROPPED,
                f"there is no table {name}: no task exposed it here",
                str(self.instance),
                "run the task that exposes it first; plotter2 tasks shows which ones do",
            )
        self.held[name] = Origin(done.run, holder_of(done))

    def _linked(self, name: str, answered: Answered) -> None:
        translation = answered.translation
        origin = links_of(translation)[answered.link.head.name].origin
        path = str(origin.attributes["path"][1])
        schema = translation.schemas[path]
        columns = _with_step(origin, schema.names)
        parts = self.store.bind(answered.selectors[path], columns, schema)
        self.answers[name] = BoundTable(name, parts)
        self.links[name] = _program(translation, answered.link.head.name, "")

    def _own_link(self, name: str) -> None:
        """Bind a link that the task declares for itself."""
        compiled = self.instance.compiled
        by_id = {node.id: node for node in compiled.module.nodes}
        own = ["str", self.instance.name]
        (origin,) = [
            node
            for node in by_id.values()
            if node.op == LINK.full_name
            and node.attributes.get(TASK) == own
            and node.attributes["name"][1] == name
        ][:1]
        while origin.inputs:
            origin = by_id[origin.inputs[0]]
        selected = selection(origin.attributes)
        names = compiled.schemas[selected.shape.key].names
        found = self._read(selected, _with_step(origin, names))
        if found is not None:
            self.answers[name] = BoundTable(name, found.parts)
            self.links[name] = _program(compiled, name, self.instance.name)

    def collected(self, node: ir.Node) -> None:
        """Stack what all runs of a task exposed."""
        task = str(node.attributes["tasks"][2]["name"][1])
        asked = str(node.attributes.get("name", ["str", ""])[1])
        exposes = next(t.exposes for t in self.instance.declared.tasks if t.name == task)
        name = asked or exposes[0].name
        columns = next([n for n, _ in head.columns] for head in exposes if head.name == name)
        found = list(self.instance.exposures.stacked(task, name, self.instance.covered[task]))
        runs = self.instance.exposures.of(task)
        for bundle, _ in found:
            self._read_from(name, runs[bundle.id].done)
        path = collected_path(task, asked)
        parts = self.store.bind_exposed(found, ["bundle", *columns])
        self.answers[path] = BoundTable(path, parts)


def _with_step(origin: ir.Node, names: Sequence[str]) -> list[str]:
    """Give the columns that a link reads, and the step by which a task may choose."""
    columns = list(origin.attributes["cols"][1])
    return [*columns, _STEP] if _STEP in names and _STEP not in columns else columns


def _program(compiled: CompiledScript, link: str, task: str) -> LinkProgram:
    return LinkProgram(
        module=compiled.module.encode().decode(),
        schemas={path: schema.as_json() for path, schema in compiled.schemas.items()},
        link=link,
        task=task,
    )


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
