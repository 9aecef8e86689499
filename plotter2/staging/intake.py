"""`add`, behind the command line: paths in, bundles out, all of them or none."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plotter2.datter.adding import Draft, Entered
from plotter2.datter.bundle import Table, check_name
from plotter2.datter.holdings import arrays_json, files_json
from plotter2.datter.living import Work
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.requested import Request
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.staging import codes, quarantine
from plotter2.staging.drafting import drafts_of
from plotter2.staging.finding import default_name, find
from plotter2.staging.grounds import Grounds
from plotter2.staging.keeping import keep_files
from plotter2.staging.loose import AS_SET, Taking
from plotter2.staging.parts import Asked, PackageDone, Plan, Planned
from plotter2.staging.reading import Submit, read_all
from plotter2.staging.unreadable import settle

_BEAT_S = 20.0


@dataclass(frozen=True, slots=True)
class AddedBundle:
    """What became of one bundle: added, a new attempt, or already there."""

    id: str
    name: str
    attempt: int
    outcome: str
    tables: dict[str, dict[str, Any]]
    """stream -> {"rows": n, "cols": {name: type}, "roles": {name: role}}."""
    params: dict[str, Any]
    notes: tuple[str, ...]
    files: dict[str, dict[str, Any]]
    """path -> {"bytes": n, "media": type}."""
    arrays: dict[str, dict[str, Any]]
    """name -> {"shape": [...], "dtype": type, "bytes": n}."""

    def as_json(self) -> dict[str, Any]:
        """Give the bundle as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class AddReport:
    """What an add did: bundles (those above first), files that were left alone, time by stage.

    `repeated` says that the request was done before, with the same key, and nothing happened now. `asked` is what
    packages ask for beside their data, `packages` what became of that.
    """

    bundles: tuple[AddedBundle, ...]
    left_alone: tuple[str, ...]
    timings_ms: dict[str, float]
    request: str
    repeated: bool = False
    asked: tuple[Asked, ...] = ()
    packages: tuple[PackageDone, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the report as plain JSON values."""
        return {
            "bundles": [bundle.as_json() for bundle in self.bundles],
            "left_alone": list(self.left_alone),
            "timings_ms": self.timings_ms,
            "request": self.request,
            "repeated": self.repeated,
            "packages": [done.as_json() for done in self.packages],
        }


def stage(
    paths: Sequence[Path],
    name: str | None,
    submit: Submit,
    store: Store,
    work: Work,
    taking: Taking = AS_SET,
) -> AddReport:
    """Add what the paths hold to the store.

    One path becomes the bundle `name` (default: after the file or folder); several become bundles
    of their own, below `name` if it is given. The same output again is found again; other output
    under the same name is a new attempt, and the older one is kept. All bundles are stored in one
    step, together with the end of the request that `work` carries out, or nothing is. Single lines
    that are no rows are kept in quarantine, and told in the notes. Of the files that nothing is read from, or
    cannot be, those are stored that `taking` wants.

    Raises DataError with the codes P2-D083x (paths), P2-D084x and P2-D085x (content of files),
    P2-D0801..0809 and P2-D0815 (store), P2-D0926, P2-D0928; HostError when a child fails.
    """
    began = time.perf_counter()
    plan = plan_of(paths, name, taking)
    found_at = time.perf_counter()
    with store.adding() as adding:
        found = read_all(plan.bundles, submit, adding.put)
        settle(found, taking)
        pulse = _Pulse(work)
        keep_files(found, lambda pieces: adding.put_pieces(pulse.beating(pieces)))
        drafts = drafts_of(found)
        check_rows(drafts, plan)
        for refused in (lines for bundle in found for lines in bundle.refused):
            quarantine.keep_lines(Grounds(store.layout.root), refused)
        read_at = time.perf_counter()
        work.keep()
        entered = adding.commit(
            drafts, PATIENCE_S, lambda entered: work.done(_result(entered, plan.left_alone))
        )
    done_at = time.perf_counter()
    timings = {"find": found_at - began, "read": read_at - found_at, "store": done_at - read_at}
    return AddReport(
        tuple(told(entry) for entry in entered),
        plan.left_alone,
        {stage: round(seconds * 1000, 3) for stage, seconds in timings.items()},
        work.request_id,
        asked=plan.asked,
    )


class _Pulse:
    """Keeps a request while files are copied, which may take longer than its lease."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._last = time.monotonic()

    def beating(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Give the pieces on, and say now and then that somebody is at work."""
        for piece in pieces:
            if time.monotonic() - self._last > _BEAT_S:
                self._work.keep()
                self._last = time.monotonic()
            yield piece


def told_again(request: Request, store: Store) -> AddReport:
    """Give what an add did that was done before. Raises DataError when a bundle of it is damaged."""
    result = request.result or {}
    bundles = []
    for kept in result["bundles"]:
        bundle = store.bundle(kept["id"])
        held = {
            "tables": _tables(bundle.tables),
            "params": dict(bundle.params),
            "files": files_json(bundle.files),
            "arrays": arrays_json(bundle.arrays),
        }
        bundles.append(AddedBundle(**{**kept, "notes": tuple(kept["notes"]), **held}))
    left_alone = tuple(result["left_alone"])
    return AddReport(tuple(bundles), left_alone, {}, request.id, repeated=True)


def _result(entered: Sequence[Entered], left_alone: Sequence[str]) -> dict[str, Any]:
    """Give what the journal keeps of an add; the rest is with the bundles."""
    bundles = [
        {
            "id": one.id,
            "name": one.name,
            "attempt": one.attempt,
            "outcome": one.outcome,
            "notes": [*one.draft.provenance.notes, *one.notes],
        }
        for one in entered
    ]
    return {"bundles": bundles, "left_alone": list(left_alone)}


def plan_of(paths: Sequence[Path], name: str | None, taking: Taking = AS_SET) -> Plan:
    """Give the bundles that several paths hold together. Raises DataError as `find`, P2-D0838 for equal names."""
    if name is not None:
        check_name(name)
    if len(paths) == 1:
        return find(paths[0], name, taking)
    names = [f"{name}/{default_name(path)}" if name else None for path in paths]
    plans = [find(path, called, taking) for path, called in zip(paths, names, strict=True)]
    bundles = [bundle for plan in plans for bundle in plan.bundles]
    _refuse_same_names(bundles)
    if name is not None:
        bundles.insert(0, Planned(name, "", name, ()))
    return Plan(
        tuple(bundles),
        tuple(left for plan in plans for left in plan.left_alone),
        tuple(asked for plan in plans for asked in plan.asked),
    )


def _refuse_same_names(bundles: Sequence[Planned]) -> None:
    named = [
        (bundle.name, bundle.stated.bundle.attempt if bundle.stated else None)
        for bundle in bundles
        if bundle.name
    ]
    for found in (named, [(bundle.shown, None) for bundle in bundles]):
        twice = next((one for one, times in Counter(found).items() if times > 1), None)
        if twice is not None:
            raise DataError(
                codes.SAME_NAME,
                f"two of the paths would both become {twice[0]!r}",
                where=str(twice[0]),
                help="add them one by one, each with a --name of its own",
            )


def check_rows(drafts: Sequence[Draft], plan: Plan) -> None:
    """Raise DataError (P2-D0835) when nothing that was read has any rows, unless a manifest wants it so."""
    tables = [table for draft in drafts for table in draft.tables.values()]
    if any(table.rows for table in tables) or any(bundle.stated for bundle in plan.bundles):
        return
    if any(draft.arrays or (draft.files and not tables) for draft in drafts):
        return
    shown = plan.bundles[0].shown
    raise DataError(
        codes.NO_ROWS,
        _why_no_rows(shown, len(tables)),
        where=shown,
        help="add it when its program has written something"
        if tables
        else "add the folder of a table with this file in it",
    )


def _why_no_rows(shown: str, tables: int) -> str:
    if not tables:
        return f"{shown} holds single values only, which become params of what they stand beside"
    if tables == 1:
        return f"{shown} has column names but no rows"
    return f"none of the {tables} tables in {shown} has any rows"


def told(entered: Entered) -> AddedBundle:
    """Give what became of one bundle, as it is told."""
    draft = entered.draft
    return AddedBundle(
        entered.id,
        entered.name,
        entered.attempt,
        entered.outcome,
        _tables(draft.tables),
        dict(draft.params),
        (*draft.provenance.notes, *entered.notes),
        files_json(draft.files),
        arrays_json(draft.arrays),
    )


def _tables(tables: Mapping[str, Table]) -> dict[str, dict[str, Any]]:
    return {
        stream: {
            "rows": table.rows,
            "cols": {column.name: str(column.type) for column in table.columns},
            "roles": {column.name: column.role for column in table.columns},
        }
        for stream, table in tables.items()
    }
