"""Who owns a table that a task exposed, and who may read it: the transfers of all runs, one after the other.

What a task exposes is its own. Only the owner lets others read, hands on or drops. What the bundle owns stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import NoReturn

from plotter2.datter import codes
from plotter2.datter.task_runs import Performance
from plotter2.datter.transfers import Holder, Transfer
from plotter2.errors import RunError


@dataclass(frozen=True, slots=True)
class Held:
    """A table and its owner: a task instance, the bundle (`handed_off`), or nobody (`owner` is None)."""

    bundle: str
    exposed_by: Holder
    owner: Holder | None
    handed_off: bool = False
    readers: tuple[Holder, ...] = ()
    keys: frozenset[str] = frozenset()

    @property
    def is_dropped(self) -> bool:
        """Tell whether nobody owns it, so that nobody reads it."""
        return self.owner is None and not self.handed_off

    def is_read_by(self, task: Holder, key: str = "") -> bool:
        """Tell whether a task may read what was not exposed to it: because it was shared with it, or by a key."""
        if self.is_dropped:
            return False
        mine = self.owner is not None and self.owner.is_task(task)
        return mine or key in self.keys or any(reader.is_task(task) for reader in self.readers)


@dataclass
class Ownership:
    """The tables about which something was said since they were exposed; all others are their tasks' own."""

    held: dict[tuple[str, str], Held] = field(default_factory=dict)
    is_gone: Callable[[Holder], bool] = field(default=lambda _: False, compare=False)
    """Tells whether the script of a task is attached no longer, so that the task can own nothing."""

    @classmethod
    def after(
        cls, runs: Iterable[Performance], is_gone: Callable[[Holder], bool] = lambda _: False
    ) -> Ownership:
        """Give who owns what after these runs, oldest first."""
        owned = cls(is_gone=is_gone)
        for done in runs:
            for transfer in done.transfers:
                owned.enter(transfer)
        return owned

    def of(self, run: str, table: str, exposer: Holder) -> Held:
        """Give who owns the table that a run exposed."""
        return self.held.get((run, table)) or Held(exposer.bundle, exposer, exposer)

    def handed_off(self, bundle: str, table: str) -> str | None:
        """Give the run that exposed the table of this name that a bundle owns, the newest one."""
        runs = [
            run
            for (run, name), held in self.held.items()
            if held.handed_off and (held.bundle, name) == (bundle, table)
        ]
        return max(runs, default=None)

    def enter(self, transfer: Transfer) -> None:
        """Enter a transfer that was allowed when it was made."""
        now = self.of(transfer.run, transfer.table, transfer.of)
        match transfer.how:
            case "share":
                readers = now.readers if transfer.to is None else (*now.readers, transfer.to)
                keys = now.keys | ({transfer.key} if transfer.key else set())
                now = replace(now, readers=readers, keys=keys)
            case "handin" | "register":
                now = replace(now, owner=transfer.to)
            case "handoff":
                now = replace(now, owner=None, handed_off=True)
            case "deregister":
                now = replace(now, owner=None)
        self.held[transfer.run, transfer.table] = now

    def carry_out(self, actor: Holder, transfer: Transfer) -> None:
        """Enter a transfer that a task wants. Raises RunError P2-R0673 to P2-R0675, P2-R0677 when it may not."""
        now = self.of(transfer.run, transfer.table, transfer.of)
        name = transfer.table
        if now.handed_off:
            _refuse(
                codes.OF_THE_BUNDLE,
                f"{name} was handed off: the bundle owns it, and it stays as it is",
                "read it, or make another one of it and expose that",
            )
        if transfer.how == "register":
            if now.owner is not None and not self.is_gone(now.owner):
                _refuse(
                    codes.OWNED_ALREADY,
                    f"{name} is owned by {now.owner}, and only what nobody owns can be claimed",
                    f'its owner hands it in: | handin(to="{actor.task}"); or drops it: deregister("{name}")',
                )
        elif now.owner is None:
            _refuse(
                codes.DROPPED,
                f"{name} was dropped: nobody owns it",
                f'claim it first: register("{name}")',
            )
        elif now.owner != actor:
            _refuse(
                codes.NOT_THE_OWNER,
                f"{name} is owned by {now.owner}, and only its owner may {_WORDS[transfer.how]}",
                f'its owner hands it in first: | handin(to="{actor.task}"); or copy("{name}") makes one of your own',
            )
        self.enter(transfer)


_WORDS = {
    "share": "share it",
    "handin": "hand it in",
    "handoff": "hand it off",
    "deregister": "drop it",
}


def _refuse(code: str, message: str, help: str) -> NoReturn:
    raise RunError(code, message, help=help)


def holder_of(done: Performance) -> Holder:
    """Give the task instance whose run this was."""
    return Holder(bundle=done.bundle, home=done.home, script=done.script, task=done.task)
