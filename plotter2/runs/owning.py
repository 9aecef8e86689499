"""What a task does with tables that it owns: what the child says, held against the program and the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from p2lang import ir
from p2lang.semantics.constants import evaluate
from p2lang.semantics.structure import EXPOSE, NEED, TASK, is_effect_of
from plotter2.datter.ownership import Ownership, holder_of
from plotter2.datter.task_runs import Performance
from plotter2.datter.transfers import Holder, How, Transfer, digest_of_key
from plotter2.errors import HostError, RunError
from plotter2.runs import codes as run_codes
from plotter2.runs.task_place import Origin, TaskPlace
from plotter2.wire import codes
from plotter2.wire.messages import FromChild, Owned

_BY_NAME = ("register", "deregister")
OWNING = (*_BY_NAME, "share", "handin", "handoff")
"""The operations of ownership."""


@dataclass(frozen=True, slots=True)
class Owning:
    """The operations of ownership of one run of a task."""

    nodes: Sequence[ir.Node]
    place: TaskPlace
    params: Mapping[str, Any]
    run: str

    def made(self, messages: Sequence[FromChild]) -> dict[str, Transfer]:
        """Give the transfers that happened, in their order, by the operations that made them.

        Raises HostError P2-H0908 for what the program has not, RunError P2-R0679 for what no task owns.
        """
        by_id = {node.id: node for node in self.nodes}
        task = self.place.place.task
        found: dict[str, Transfer] = {}
        for message in messages:
            if isinstance(message, Owned):
                node = by_id.get(message.node)
                how = "" if node is None else node.op.partition("@")[0]
                if (
                    node is None
                    or how not in OWNING
                    or not is_effect_of(node, task)
                    or node.id in found
                ):
                    raise _broken()
                found[node.id] = self._transfer(cast(How, how), node, by_id)
        return found

    def _transfer(self, how: How, node: ir.Node, by_id: Mapping[str, ir.Node]) -> Transfer:
        name, origin = self._table(how, node, by_id)
        key = node.attributes.get("key")
        to = self.me if how == "register" else self.place.receivers.get(node.id)
        return Transfer(
            how=how,
            run=origin.run,
            table=name,
            of=origin.exposer,
            to=to,
            key="" if key is None else digest_of_key(str(evaluate(key, self.params))),
        )

    @property
    def me(self) -> Holder:
        """Give the task instance that runs."""
        return holder_of(self.place.done)

    def _table(self, how: How, node: ir.Node, by_id: Mapping[str, ir.Node]) -> tuple[str, Origin]:
        """Give the table that an operation is about: its own, or one that it reads or names."""
        own = Origin(self.run, self.me)
        exposed = {
            each.inputs[0]: str(each.attributes["name"][1])
            for each in self.nodes
            if each.op == EXPOSE.full_name
            and each.attributes.get(TASK) == ["str", self.place.place.task]
        }
        if how in _BY_NAME:
            name = str(node.attributes["name"][1])
            mine = how == "deregister" and name in exposed.values()
            return name, own if mine else self._held(name)
        flow = by_id[node.inputs[0]]
        if flow.id in exposed:
            return exposed[flow.id], own
        if flow.op != NEED.full_name:
            raise _broken()
        name = str(flow.attributes["name"][1])
        return name, self._held(name)

    def _held(self, name: str) -> Origin:
        origin = self.place.held.get(name)
        if origin is None:
            raise RunError(
                run_codes.ANSWERED_BY_LINK,
                f"{name} is answered by a link, so no task owns it",
                help=f'hand on a copy: `let mine = copy("{name}")`, `expose own = $mine`',
            )
        return origin


def require_allowed(
    transfers: Mapping[str, Transfer],
    done: Performance,
    owned: Ownership,
    place_of: Callable[[str], str],
) -> None:
    """Raise RunError P2-R0673 to P2-R0677, with its place, unless a task may make these one after the other."""
    for node, transfer in transfers.items():
        try:
            owned.carry_out(holder_of(done), transfer)
        except RunError as error:
            error.where = place_of(node)
            raise


def grants(done: Performance, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give who owns what after a run and who may read, for its record; `names` are those of bundles by id."""
    mine = holder_of(done)
    exposed: list[dict[str, Any]] = [
        {"table": name, "how": "exposed", "owner": _shown(mine, names)} for name in done.tables
    ]
    return [*exposed, *(_told(each, names) for each in done.transfers)]


def _told(transfer: Transfer, names: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "table": transfer.table,
        "how": transfer.how,
        "exposed_by": _shown(transfer.of, names),
        "run": transfer.run,
    }
    if transfer.to is not None:
        told["to"] = _shown(transfer.to, names)
    if transfer.how == "handoff":
        told["to"] = names.get(transfer.of.bundle, transfer.of.bundle)
    if transfer.key:
        told["key_sha256"] = transfer.key
    return told


def _shown(holder: Holder, names: Mapping[str, str]) -> str:
    return f"{names.get(holder.bundle, holder.bundle)}:{holder.task}"


def _broken() -> HostError:
    return HostError(
        codes.PROTOCOL_BROKEN,
        "the child speaks of an operation of ownership that the task does not have",
        help="nothing of the run is kept; this is no fault of the data: report it",
    )
