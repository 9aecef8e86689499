"""Many items at once, each for itself: read together, stored together, and one bad item spoils no other.

A batch whose reading fails is halved until the bad items stand alone. Items whose bundles would have the same names
are stored one after the other, so that each gets the name that it would have got alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plotter2.datter import durable
from plotter2.datter.adding import Draft, Entered
from plotter2.datter.blame import OF_THE_STORE
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.store import Store
from plotter2.errors import DataError, Plotter2Error
from plotter2.staging import codes, quarantine
from plotter2.staging.drafting import drafts_of
from plotter2.staging.finding import find
from plotter2.staging.found import ReadBundle
from plotter2.staging.grounds import Grounds
from plotter2.staging.intake import AddedBundle, check_rows, told
from plotter2.staging.keeping import keep_files
from plotter2.staging.loose import AS_SET, Taking
from plotter2.staging.packages import MANIFEST_FILE
from plotter2.staging.parts import Asked, Plan
from plotter2.staging.reading import Submit, read_all
from plotter2.staging.stillness import Look, leaves_of, look
from plotter2.staging.unreadable import settle
from plotter2.wire import codes as wire_codes

BATCH_BUNDLES = 1_000
_THE_ITEM = frozenset(
    {
        wire_codes.CHILD_DIED, wire_codes.WALL_LIMIT, wire_codes.CPU_LIMIT, wire_codes.MEMORY_LIMIT,
        wire_codes.OUTPUT_LIMIT, wire_codes.PROTOCOL_BROKEN, wire_codes.MESSAGE_REFUSED,
        wire_codes.TASK_REFUSED, wire_codes.TOO_MANY_MESSAGES, wire_codes.CHILD_BUG,
    }
)  # fmt: skip
"""What a child may say that reads a hostile or too large item; other failures are this machine's."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An item is in the store: what became of its bundles, and `rest`, its files that are in none of them."""

    item: Path
    bundles: tuple[AddedBundle, ...]
    rest: tuple[Path, ...]
    look: Look
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Bad:
    """An item cannot be stored; `error` says why."""

    item: Path
    error: Plotter2Error


@dataclass(frozen=True, slots=True)
class Changed:
    """An item changed while it was read, or went away; it is to be looked at again."""

    item: Path


Outcome = Stored | Bad | Changed


@dataclass(frozen=True, slots=True)
class _Planned:
    item: Path
    plan: Plan
    look: Look


@dataclass(frozen=True, slots=True)
class _Drafted:
    planned: _Planned
    drafts: list[Draft]
    refused: list[quarantine.RefusedLines]


class Batches:
    """Stores items; `submit` has files read in a confined child."""

    def __init__(
        self, store: Store, submit: Submit, grounds: Grounds, taking: Taking = AS_SET
    ) -> None:
        self._store = store
        self._submit = submit
        self._grounds = grounds
        self._taking = taking

    def store(self, items: Sequence[Path]) -> list[Outcome]:
        """Store what can be stored. Raises DataError and HostError for what is no item's fault."""
        outcomes: list[Outcome] = []
        planned: list[_Planned] = []
        for item in items:
            seen = look(item)
            if seen is None:
                outcomes.append(Changed(item))
                continue
            try:
                planned.append(_Planned(item, find(item, None, self._taking), seen))
            except DataError as error:
                outcomes.append(Bad(item, error))
        for some in _parts(planned):
            outcomes += self._halving(some)
        return outcomes

    def _halving(self, planned: Sequence[_Planned]) -> list[Outcome]:
        try:
            return self._together(planned)
        except Plotter2Error as error:
            if not is_of_item(error):
                raise
            if len(planned) == 1:
                return [_without(planned[0], error)]
        half = len(planned) // 2
        return [*self._halving(planned[:half]), *self._halving(planned[half:])]

    def _together(self, planned: Sequence[_Planned]) -> list[Outcome]:
        """Read items in one go and store them; those whose names are taken by another item come in the next go."""
        with self._store.adding() as adding:
            bundles = [bundle for one in planned for bundle in one.plan.bundles]
            read = read_all(bundles, self._submit, adding.put)
            found = iter(read)
            outcomes: list[Outcome] = []
            drafted: list[_Drafted] = []
            for one in planned:
                own = [next(found) for _ in one.plan.bundles]
                try:
                    settle(own, self._taking)
                    keep_files(own, adding.put_pieces)
                    drafted.append(_drafted(one, own))
                except Plotter2Error as error:
                    outcomes.append(_without(one, error))
            now, later, changed = _sorted_out(drafted)
            for refused in (lines for item in now for lines in item.refused):
                quarantine.keep_lines(self._grounds, refused)
            drafts = [draft for item in now for draft in item.drafts]
            entered = iter(adding.commit(drafts, PATIENCE_S) if drafts else ())
        outcomes += [Changed(item.planned.item) for item in changed]
        outcomes += [_stored(item, [next(entered) for _ in item.drafts]) for item in now]
        return [*outcomes, *(self._halving([item.planned for item in later]) if later else ())]


def is_of_item(error: Plotter2Error) -> bool:
    """Tell whether an item is to blame for an error, and not the store, the disk or the sandbox."""
    if isinstance(error, DataError):
        return error.code not in OF_THE_STORE
    return error.code in _THE_ITEM


def _without(planned: _Planned, error: Plotter2Error) -> Outcome:
    """Give what becomes of an item that cannot be stored. Raises the error when the item is not to blame."""
    if not is_of_item(error):
        raise error
    gone = error.code == codes.CHANGED or look(planned.item) != planned.look
    return Changed(planned.item) if gone else Bad(planned.item, error)


def _drafted(planned: _Planned, found: list[ReadBundle]) -> _Drafted:
    drafts = drafts_of(found)
    check_rows(drafts, planned.plan)
    return _Drafted(planned, drafts, [refused for bundle in found for refused in bundle.refused])


def _stored(drafted: _Drafted, entered: Sequence[Entered]) -> Stored:
    planned = drafted.planned
    bundles = tuple(told(one) for one in entered)
    return Stored(planned.item, bundles, _rest(planned), planned.look, planned.plan.asked)


def _rest(planned: _Planned) -> tuple[Path, ...]:
    """Give the files of a folder that are in no bundle; hidden ones, links and devices count as well."""
    item, plan = planned.item.absolute(), planned.plan
    if item.is_symlink() or not item.is_dir():
        return ()
    read = {p.path for b in plan.bundles for source in b.sources for p in source.parts}
    read |= {file.part.path for b in plan.bundles for file in b.files}
    read |= {part.path for asked in plan.asked for part in asked.parts.values()}
    if any(bundle.stated for bundle in plan.bundles):
        read.add(item / MANIFEST_FILE)
    with durable.reported(item):
        return tuple(path for path in leaves_of(item) if path not in read)


def _sorted_out(
    drafted: Sequence[_Drafted],
) -> tuple[list[_Drafted], list[_Drafted], list[_Drafted]]:
    """Give those to store now, those whose names another one has, and those that changed while they were read."""
    now: list[_Drafted] = []
    later: list[_Drafted] = []
    changed: list[_Drafted] = []
    taken: set[str] = set()
    for one in drafted:
        names = {draft.name for draft in one.drafts}
        if look(one.planned.item) != one.planned.look:
            changed.append(one)
        elif names & taken:
            later.append(one)
        else:
            now.append(one)
            taken |= names
    return now, later, changed


def _parts(planned: Sequence[_Planned]) -> list[list[_Planned]]:
    """Cut items into parts of so many bundles at most; two that show the same name are not in one part."""
    parts: list[list[_Planned]] = []
    bundles, names = 0, set[str]()
    for one in planned:
        if not parts or bundles + len(one.plan.bundles) > BATCH_BUNDLES or one.item.name in names:
            parts.append([])
            bundles, names = 0, set()
        parts[-1].append(one)
        bundles += len(one.plan.bundles)
        names.add(one.item.name)
    return parts
