"""Who works on which request, and what becomes of the work of those who died.

A run of a script and the request for it begin together and end together: each is one transaction, and a picture gets
its name inside it. So no holder whose lease is lost can show anything, and whoever finds a dead one's request knows
what is left of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any

from plotter2.datter import codes, durable
from plotter2.datter.blame import is_own_fault
from plotter2.datter.ids import now_ms
from plotter2.datter.layout import Layout
from plotter2.datter.leases import moment_ms
from plotter2.datter.registry import Registry
from plotter2.datter.requested import Request, State, Token
from plotter2.datter.requests import Requests
from plotter2.datter.runs import RunRow
from plotter2.datter.task_runs import TaskRun
from plotter2.datter.withdrawing import watched, withdrawn
from plotter2.errors import DataError, HostError, Plotter2Error, Problem
from plotter2.wire.codes import BROKEN_OFF, CANCELLED, outcome_of

STATE = "broken off"
"""How a run ends whose process died under it."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What a request and its work are written into."""

    layout: Layout
    registry: Registry
    requests: Requests
    unsaid: list[Callable[[], None]] = field(default_factory=list)
    """Ends that could not be written, on a full disk for example; they are tried again before the next work."""

    def say(self) -> None:
        """Write the ends that could not be written; those that still cannot be stay. Raises DataError."""
        self.unsaid[:] = [end for end in self.unsaid if not _is_said(end)]

    def is_done(self, run: RunRow) -> bool:
        """Tell whether the event of a task's run is there: then it did all that it had to; enter that it did."""
        ran = self.registry.task_runs.of_run(run.id) if "task" in run.record else None
        if ran is None:
            return False
        self.requests.ask_all(ran.done.asked())
        self.registry.runs.finish(run.id, "done", ran.at, told_of(self.layout, run.record, ran))
        self.registry.runs.see_serial(run.script, ran.done.serial)
        return True

    def end_run(self, run_id: str, state: str, record: dict[str, Any]) -> None:
        """Enter that a run ended without a result, unless it has ended; nothing of it stays to be seen."""
        with self.requests.together():
            folder = self.layout.output / run_id
            if self.registry.runs.finish(run_id, state, now_ms(), record) and folder.exists():
                durable.discard_dir(folder)
                durable.sync_dir(folder.parent)


class Work:
    """A request that this process carries out. In a `with` block, so that every error becomes its end."""

    def __init__(self, journal: Journal, token: Token, lease_s: float) -> None:
        self._journal = journal
        self._token = token
        self._lease_s = lease_s
        self._renewed = moment_ms()
        self._run: tuple[str, dict[str, Any]] | None = None

    @property
    def request_id(self) -> str:
        """Give the id of the request."""
        return self._token.request

    def __enter__(self) -> Work:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is not None:  # after a good end the token opens nothing, and that end stays
            self._end_badly(error)

    def keep(self) -> None:
        """Say that the work goes on; the lease is renewed when a tenth of it is over.

        Raises DataError (P2-D0887), HostError (P2-H0942) when the request was taken back; so do the others below.
        """
        if moment_ms() - self._renewed > self._lease_s * 100:
            with self._held():
                self._journal.requests.renew(self._token, self._lease_s)
            self._renewed = moment_ms()

    def watched(self, cancel: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `cancel`, from another thread, when another process takes the request back during the block."""
        return watched(self._journal.layout.registry / "registry.db", self._token, cancel)

    @contextmanager
    def _held(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:
            request_id, attempt = self._token.request, self._token.attempt
            if error.code == codes.LEASE_LOST:
                now = self._journal.requests.request(request_id)
                if (now.state, now.attempt) == ("cancelled", attempt):
                    raise withdrawn(request_id) from None
            raise

    def begin_run(self, run_id: str, script: str, record: dict[str, Any]) -> None:
        """Enter a run that begins; `record` is any JSON object. Raises DataError (P2-D0887)."""
        requests = self._journal.requests
        with self._held(), requests.together():
            requests.renew(self._token, self._lease_s)
            requests.begin_run(self._token, run_id)
            self._journal.registry.runs.start(
                RunRow(run_id, script, "started", now_ms(), None, record)
            )
        self._renewed = moment_ms()
        self._run = run_id, record

    def tell(self, facts: dict[str, Any]) -> None:
        """Have the record of the run say this as well, however the run ends."""
        assert self._run is not None
        run_id, record = self._run
        self._run = run_id, {**record, **facts}

    def done(self, result: dict[str, Any], publish: Callable[[], None] = lambda: None) -> None:
        """End the request well, and let `publish` make visible what came out, both or neither.

        Raises DataError, P2-D0887 when the lease is lost; then nothing is visible.
        """
        with self._held(), self._journal.requests.together():
            self._journal.requests.finish(self._token, result)
            publish()

    def done_run(
        self, record: dict[str, Any], publish: Callable[[], None], script: str, serial: int
    ) -> None:
        """End run and request well, and remember the serial of the script. Raises as `done`."""
        assert self._run is not None
        run_id, _ = self._run

        def end() -> None:
            publish()
            self._journal.registry.runs.finish(run_id, "done", now_ms(), record)
            self._journal.registry.runs.see_serial(script, serial)

        self.done({"run": run_id}, end)

    def _end_badly(self, error: BaseException) -> None:
        end = partial(self._record, error, _problem(error))
        if not _is_said(end):
            self._journal.unsaid.append(end)

    def _record(self, error: BaseException, problem: Problem) -> None:
        requests = self._journal.requests
        told = ""
        with requests.together():
            if _is_cancelled(error):
                requests.stop(self._token, problem.message)
            elif isinstance(error, Plotter2Error) and is_own_fault(error):
                requests.fail(self._token, problem)
            else:
                told = _told(requests.crash(self._token, problem), self._token.request)
            if self._run is not None:
                run_id, record = self._run
                state = "cancelled" if _is_cancelled(error) else "failed"
                ended = {"error": problem.as_json(), "outcome": outcome_of(problem.code)}
                self._journal.end_run(run_id, state, {**record, **ended})
        if told and isinstance(error, Plotter2Error):
            error.note = f"{error.note}\n{told}" if error.note else told


def settle(journal: Journal) -> int:
    """Take back what dead or stopped processes had: their requests are queued or dead, their runs broken off.

    Gives how many requests were taken back. Raises DataError.
    """
    open_runs = journal.registry.runs.open()
    taken = sum(_is_taken_back(journal, request.id) for request in journal.requests.overdue())
    if open_runs:
        alive = {request.run for request in journal.requests.listed(("leased",), limit=-1)}
        for run in open_runs:
            if run.id not in alive and not journal.is_done(run):
                journal.end_run(run.id, STATE, {**run.record, "error": _ENDING.as_json()})
    return taken


def cancel(journal: Journal, request_id: str) -> tuple[Request, Request]:
    """End a request that nobody wants any more; gives it as it was and as it is.

    Who works on it can keep nothing from now on, and its run has ended. Raises DataError: P2-D0888, P2-D0889.
    """
    with journal.requests.together():
        take_back(journal, journal.requests.request(request_id))
        before = journal.requests.request(request_id)
        if before.state != "leased":
            return before, journal.requests.cancel(request_id)
        run = journal.registry.runs.find(before.run) if before.run else None
        journal.requests.stop(before.token, "taken back")
        if run is not None:
            ended = {"error": withdrawn(request_id).problem().as_json(), "outcome": "cancelled"}
            journal.end_run(run.id, "cancelled", {**run.record, **ended})
        return before, journal.requests.request(request_id)


def take_back(journal: Journal, request: Request) -> bool:
    """Take a request from a holder that is gone; False when it is not gone. Raises DataError."""
    return request.is_abandoned and _is_taken_back(journal, request.id)


_ENDING = Problem(
    BROKEN_OFF,
    "the process that worked on it was ended from outside, or stood still for too long",
    help="have it tried again: plotter2 requests ls, then plotter2 requests retry ID",
)


def _is_taken_back(journal: Journal, request_id: str) -> bool:
    with journal.requests.together():
        request = journal.requests.request(request_id)
        if not request.is_abandoned:  # another process was faster
            return False
        run = journal.registry.runs.find(request.run) if request.run else None
        if run is not None and journal.is_done(run):
            journal.requests.finish(request.token, {"run": run.id})
            return True
        journal.requests.crash(request.token, _ENDING)
        if run is not None:
            journal.end_run(run.id, STATE, {**run.record, "error": _ENDING.as_json()})
    return True


def told_of(layout: Layout, record: dict[str, Any], ran: TaskRun) -> dict[str, Any]:
    """Give the record of a task's run with the results that its event tells: its process died before it could."""
    folder = layout.output / ran.done.run
    return {
        **record,
        "artefacts": [
            {"path": str(folder / f.file), "sha256": f.sha256, "kind": f.file.rpartition(".")[2]}
            for f in ran.done.files
        ],
        "ledger": {},
        "exposed": {name: table.rows for name, table in ran.done.tables.items()},
    }


def _is_said(end: Callable[[], None]) -> bool:
    try:
        end()
    except DataError as error:
        if error.code in (codes.DISK_FULL, codes.STORE_BUSY):
            return False
        if error.code != codes.LEASE_LOST:  # it was given its end by who took it
            raise
    return True


def _told(state: State, request_id: str) -> str:
    became = "is put aside after so many crashes" if state == "dead" else "is queued again"
    return f"the request {became}; have it tried again: plotter2 requests retry {request_id}"


def _is_cancelled(error: BaseException) -> bool:
    if isinstance(error, Plotter2Error):
        return error.code == CANCELLED
    return isinstance(error, KeyboardInterrupt)


def _problem(error: BaseException) -> Problem:
    if isinstance(error, Plotter2Error):
        return error.problem()
    if isinstance(error, KeyboardInterrupt):
        return HostError(CANCELLED, "it was stopped by the person at the terminal").problem()
    # Bugs: it is over all the same.
    return HostError(BROKEN_OFF, f"it was broken off ({type(error).__name__})").problem()
