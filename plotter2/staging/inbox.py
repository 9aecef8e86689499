"""The inbox: arriving, staged, checked, then stored or in quarantine. One process at a time empties it.

Whatever happens to that process, an item lies whole in exactly one place: the inbox, a staged batch, the store, or
quarantine; a staged copy goes only after the store has confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from plotter2.datter import arrival, durable
from plotter2.datter.store import Store
from plotter2.errors import Plotter2Error, Problem
from plotter2.staging import quarantine
from plotter2.staging.accepting import BATCH_ITEMS, accept
from plotter2.staging.arriving import SCAN_S, Arrivals, Waiting
from plotter2.staging.batches import Bad, Batches, Stored
from plotter2.staging.grounds import Grounds, entries_in, shown
from plotter2.staging.intake import AddedBundle
from plotter2.staging.loose import AS_SET, Taking
from plotter2.staging.parts import Asked, PackageDone
from plotter2.staging.reading import Submit
from plotter2.staging.stillness import is_written, look

Finish: TypeAlias = Callable[[Asked, Sequence[AddedBundle]], PackageDone]
"""Does what a package asks for beside its data, whose bundles are stored."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an item: `staged` is the acknowledgement, the rest its end."""

    what: Literal["staged", "stored", "quarantined"]
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step found and did."""

    staged: int = 0
    stored: int = 0
    quarantined: int = 0
    waiting: tuple[Waiting, ...] = ()
    left: int = 0
    """Items that stay staged: they changed while they were read."""


@dataclass(frozen=True, slots=True)
class Status:
    """What lies where, for a person who asks."""

    inbox: Path
    holder: str
    arriving: tuple[str, ...]
    staged: tuple[str, ...]
    quarantined: tuple[quarantine.Reason, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Give the status as plain JSON values."""
        return {
            "inbox": str(self.inbox),
            "watched_by": self.holder,
            "arriving": list(self.arriving),
            "staged": list(self.staged),
            "quarantined": [
                {name: getattr(reason, name) for name in _SHOWN_OF_REASON}
                for reason in self.quarantined
            ],
        }


_SHOWN_OF_REASON = ("id", "name", "kind", "code", "message", "help", "where", "at")


class Inbox:
    """The inbox of an open store. `opened` holds it; then call `step` again and again."""

    def __init__(
        self,
        store: Store,
        submit: Submit,
        tell: Callable[[Told], None] = lambda _: None,
        still_s: float = SCAN_S,
        finish: Finish | None = None,
        taking: Taking = AS_SET,
    ) -> None:
        self._grounds = Grounds(store.layout.root)
        self._store = store
        self._batches = Batches(store, submit, self._grounds, taking)
        self._arrivals = Arrivals(self._grounds, still_s)
        self._tell = tell
        self._finish = finish

    @property
    def grounds(self) -> Grounds:
        """Give the folders."""
        return self._grounds

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the inbox during the block, and first make durable what a dead process may have moved.

        Raises DataError: P2-D0860 when another process holds it, P2-D0911 when the root is a safe copy.
        """
        arrival.check_not_copy(self._store.layout)
        self._grounds.make()
        with self._grounds.held():
            folders = [self._grounds.inbox, self._grounds.staged, self._grounds.quarantine]
            durable.sync_dirs([*folders, *self._grounds.batches()])
            yield

    def step(self, go_on: Callable[[], bool] = lambda: True) -> Step:
        """Store what is staged, then take what lies still in the inbox and store that, batch by batch.

        `go_on` is asked between batches. Raises DataError and HostError for what is no item's fault; what is staged
        stays so.
        """
        done = [self._drain(batch) for batch in self._grounds.batches() if go_on()]
        scan = self._arrivals.scan()
        waiting = list(scan.waiting)
        for start in range(0, len(scan.ready), BATCH_ITEMS):
            if not go_on():
                break
            some = scan.ready[start : start + BATCH_ITEMS]
            accepted = accept(self._grounds, some, self._store.new_id())
            waiting += accepted.refused
            for name in accepted.names:
                self._tell(Told("staged", shown(name)))
            done += [Step(staged=len(accepted.names))]
            if accepted.names:
                done += [self._drain(accepted.folder)]
        return Step(
            sum(step.staged for step in done),
            sum(step.stored for step in done),
            sum(step.quarantined for step in done),
            tuple(waiting),
            sum(step.left for step in done),
        )

    def _drain(self, batch: Path) -> Step:
        """Store one batch; what is stored or put aside leaves it, what changed stays."""
        items = [Path(entry.path) for entry in entries_in(batch)]
        whole = [item for item in items if not is_written(item)]
        stored = put_aside = 0
        for outcome in self._batches.store(whole):
            match outcome:
                case Stored():
                    stored += self._is_done(outcome)
                case Bad():
                    put_aside += self._is_put_aside(outcome)
                case _:
                    pass
        left = len(items) - stored - put_aside
        if not left:
            durable.discard_dir(batch)
        return Step(stored=stored, quarantined=put_aside, left=left)

    def _is_done(self, stored: Stored) -> bool:
        """Do what packages ask for, then remove the staged copy, unless somebody wrote to it after it was read.

        A package whose scripts are refused is kept in quarantine: trying it again draws what is allowed then.
        """
        if look(stored.item) != stored.look or is_written(stored.item):
            return False
        finish = self._finish
        done = [finish(asked, stored.bundles) for asked in stored.asked] if finish else []
        refused = [each.problem for one in done for each in one.refused if each.problem]
        lines = [line for each in done for line in each.lines()]
        name = shown(stored.item.name)
        if refused:
            kept = quarantine.put_aside(
                self._grounds, stored.item, _without_plots(refused[0], name)
            )
            lines.append(f"the package is kept in quarantine/{kept.id}")
        else:
            if stored.rest:
                kept = quarantine.keep_rest(self._grounds, stored.item, stored.rest)
                lines.append(f"{kept.message}; kept in quarantine/{kept.id}")
            quarantine.remove(self._grounds, stored.item)
        self._tell(Told("stored", name, "; ".join([_became(stored), *lines])))
        return True

    def _is_put_aside(self, bad: Bad) -> bool:
        reason = quarantine.put_aside(self._grounds, bad.item, bad.error)
        detail = f"{reason.message} [{reason.code}]; kept in quarantine/{reason.id}"
        self._tell(Told("quarantined", reason.name, detail))
        return True


def status(root: Path) -> Status:
    """Give what lies where under a root; nothing is made or changed. Raises DataError."""
    grounds = Grounds(root.absolute())
    staged = [entry.name for batch in grounds.batches() for entry in entries_in(batch)]
    return Status(
        grounds.inbox,
        grounds.holder(),
        tuple(shown(entry.name) for entry in entries_in(grounds.inbox)),
        tuple(shown(name) for name in staged),
        quarantine.listed(grounds),
    )


def _without_plots(problem: Problem, name: str) -> Plotter2Error:
    return Plotter2Error(
        problem.code,
        f"its data are stored, but not all that it asks for was done: {problem.message}",
        name,
        f"{problem.help}; then: plotter2 quarantine retry ID",
    )


def _became(stored: Stored) -> str:
    """Say what the bundles of an item became: `digits: 26 added`."""
    outcomes = [bundle.outcome for bundle in stored.bundles]
    counts = ", ".join(f"{outcomes.count(word)} {word}" for word in dict.fromkeys(outcomes))
    notes = [f"{bundle.name}: {note}" for bundle in stored.bundles for note in bundle.notes]
    return "; ".join([f"{stored.bundles[0].name}: {counts}", *notes])
