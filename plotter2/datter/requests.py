"""The journal of requests: what was asked is a row that survives a crash, and ends in exactly one way.

queued -> leased (attempt, holder, until) -> done | failed | dead | cancelled. Each change is one transaction, with a
line of history. Whoever has a lease ends it with its token: after another one took the request over, the token opens
nothing any more. Requests come in the order in which they were asked, whatever the wall clock says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from plotter2.datter import codes
from plotter2.datter.bodies import Body, Kind, is_of_kind, read_body
from plotter2.datter.bundle import canonical
from plotter2.datter.database import together, translated
from plotter2.datter.ids import is_id_prefix, now_ms
from plotter2.datter.leases import holder_of, moment_ms, own_holder
from plotter2.datter.requested import (
    MOST_CRASHES,
    STATES,
    Asking,
    Change,
    Request,
    State,
    Token,
    ended,
    in_progress,
    other_body,
    stale,
    unknown,
)
from plotter2.errors import DataError, Problem
from plotter2.printable import printable

LONGEST_KEY = 200
_KEY = re.compile(r"[!-~]{1,200}\Z")
_COLUMNS = """SELECT number, id, key, kind, subject, body, state, asked, changed, attempt, crashes,
  run, holder, until, result, error FROM requests """


class Requests:
    """The requests of an open registry. Every method raises DataError when SQLite refuses."""

    def __init__(self, connection: apsw.Connection, path: Path, new_id: Callable[[], str]) -> None:
        self._connection = connection
        self._path = path
        self._new_id = new_id

    # ------------------------------------------------------------ asking
    def ask(self, kind: Kind, subject: str, body: Body, key: str | None = None) -> Request:
        """Enter a request, durably; with a key that was used before, give the request of then.

        Raises DataError: P2-D0885 when the key belongs to another body, P2-D0869 for a key that is none.
        """
        return self.ask_all([Asking(kind, subject, body, key)])[0]

    def ask_all(self, several: Sequence[Asking]) -> tuple[Request, ...]:
        """Enter requests in one transaction, all or none. Raises as `ask`."""
        for asking in several:
            _check(asking)
        with self.together():
            ids = [self._entered(asking) for asking in several]
            return tuple(self.request(request_id) for request_id in ids)

    def _entered(self, asking: Asking) -> str:
        made, at, body = self._new_id(), now_ms(), canonical(asking.body).decode()
        self._run(
            "INSERT INTO requests VALUES(NULL,?,?,?,?,?,'queued',?,?,0,0,NULL,NULL,NULL,NULL,NULL)"
            " ON CONFLICT(key) DO NOTHING",
            (made, asking.key, asking.kind, printable(asking.subject), body, at, at),
        )
        if self._connection.changes() == 1:
            self._note(made, "asked")
            return made
        # A dead process may have left the row unsynced: what is answered from it is made durable.
        self._run("UPDATE barrier SET count = count + 1", ())
        ((earlier, kind, there),) = self._rows(
            "SELECT id, kind, body FROM requests WHERE key=?", (asking.key,)
        )
        if (kind, there) != (asking.kind, body):
            raise other_body(asking, body, earlier, kind, there)
        return str(earlier)

    # ------------------------------------------------------------ leases
    def lease(self, request_id: str, lease_s: float) -> Token:
        """Give a queued request to this process for a time.

        Raises DataError: P2-D0886 when another one has it, P2-D0889 when it has ended, P2-D0888.
        """
        with self.together():
            request = self.request(request_id)
            if request.state == "leased":
                raise in_progress(request)
            if request.state != "queued":
                raise ended(request)
            return self._leased(request, lease_s)

    def lease_next(self, kinds: Sequence[Kind], lease_s: float) -> Request | None:
        """Give the queued request of these kinds that was asked first to this process, if there is one."""
        marks = ",".join("?" * len(kinds))
        with self.together():
            rest = f"WHERE state='queued' AND kind IN ({marks}) ORDER BY number LIMIT 1"
            found = self._requests(rest, tuple(kinds))
            if not found:
                return None
            self._leased(found[0], lease_s)
            return self.request(found[0].id)

    def _leased(self, request: Request, lease_s: float) -> Token:
        holder = own_holder()
        self._run(
            "UPDATE requests SET state='leased', attempt=attempt+1, run=NULL, holder=?, until=?,"
            " changed=?, error=NULL WHERE id=?",
            (holder.as_text(), _until(lease_s), now_ms(), request.id),
        )
        self._note(request.id, f"begun by process {holder.pid}")
        return Token(request.id, request.attempt + 1)

    def renew(self, token: Token, lease_s: float) -> None:
        """Let a lease last from now on for this time. Raises DataError (P2-D0887) for an old token."""
        with self.together():
            self._held(token)
            self._run("UPDATE requests SET until=? WHERE id=?", (_until(lease_s), token.request))

    def begin_run(self, token: Token, run_id: str) -> None:
        """Say which run does the work of this attempt. Raises DataError (P2-D0887)."""
        with self.together():
            self._held(token)
            self._run("UPDATE requests SET run=? WHERE id=?", (run_id, token.request))

    # ------------------------------------------------------------ ends
    def finish(self, token: Token, result: Mapping[str, Any]) -> None:
        """End a request well. Raises DataError (P2-D0887) when the token is not that of the lease."""
        text = canonical(dict(result)).decode()
        with self.together():
            self._held(token)
            self._run("UPDATE requests SET result=?, error=NULL WHERE id=?", (text, token.request))
            self._end(token.request, "done", "")

    def fail(self, token: Token, problem: Problem) -> None:
        """End a request that cannot be carried out by its own fault; it is not tried again by itself."""
        with self.together():
            self._held(token)
            self._blame(token.request, problem)
            self._end(token.request, "failed", f"{problem.message} [{problem.code}]")

    def crash(self, token: Token, problem: Problem) -> State:
        """Count a crash that is not the request's fault: it is queued again, or dead after the third."""
        with self.together():
            self._held(token)
            self._blame(token.request, problem)
            self._run("UPDATE requests SET crashes=crashes+1 WHERE id=?", (token.request,))
            crashes = self.request(token.request).crashes
            state: State = "dead" if crashes >= MOST_CRASHES else "queued"
            why = f"crash {crashes} of {MOST_CRASHES}: {problem.message} [{problem.code}]"
            self._end(token.request, state, why)
            return state

    def stop(self, token: Token, why: str) -> None:
        """End a request because who asked for it no longer wants it."""
        with self.together():
            self._held(token)
            self._end(token.request, "cancelled", why)

    def cancel(self, request_id: str) -> Request:
        """Take back a request that nobody works on. Raises DataError: P2-D0886, P2-D0888, P2-D0889."""
        with self.together():
            request = self.request(request_id)
            if request.state == "leased":
                raise in_progress(request)
            if request.state not in ("queued", "dead"):
                raise ended(request)
            self._end(request.id, "cancelled", "taken back")
            return self.request(request.id)

    def retry(self, request_id: str) -> Request:
        """Queue a request again that failed, died or was cancelled; its crashes are forgiven.

        Raises DataError: P2-D0886 when somebody works on it, P2-D0889 when it is done, P2-D0888.
        """
        with self.together():
            request = self.request(request_id)
            if request.state == "leased":
                raise in_progress(request)
            if request.state == "done":
                raise ended(request)
            if request.state != "queued":
                self._run("UPDATE requests SET crashes=0 WHERE id=?", (request.id,))
                self._end(request.id, "queued", "to be tried again")
            return self.request(request.id)

    # ------------------------------------------------------------ looking
    def request(self, request_id: str) -> Request:
        """Give the request with this id. Raises DataError (P2-D0888)."""
        found = self._requests("WHERE id=?", (request_id,))
        if not found:
            raise unknown(request_id, several=False)
        return found[0]

    def find(self, text: str) -> Request:
        """Give the request that a person means: by id, by key, or by how its id begins.

        Raises DataError (P2-D0888) when there is none, or several.
        """
        found = self._requests("WHERE id=?", (text.upper(),)) or self._requests(
            "WHERE key=?", (text,)
        )
        if not found and is_id_prefix(text):
            start = text.upper()
            found = self._requests("WHERE id >= ? AND id < ? LIMIT 2", (start, start + "~"))
        if len(found) != 1:
            raise unknown(text, several=bool(found))
        return found[0]

    def listed(self, states: Sequence[State] = STATES, limit: int = 100) -> tuple[Request, ...]:
        """Give the newest requests in these states, the newest first."""
        marks = ",".join("?" * len(states))
        rest = f"WHERE state IN ({marks}) ORDER BY number DESC LIMIT ?"
        return self._requests(rest, (*states, limit))

    def overdue(self) -> tuple[Request, ...]:
        """Give the leased requests whose holder is gone or whose time is over, the oldest first."""
        leased = self._requests("WHERE state='leased' ORDER BY number", ())
        return tuple(request for request in leased if request.is_abandoned)

    def counts(self) -> dict[State, int]:
        """Give how many requests there are in each state."""
        found = dict(self._rows("SELECT state, count(*) FROM requests GROUP BY state", ()))
        return {state: found[state] for state in STATES if state in found}

    def history(self, request_id: str) -> tuple[Change, ...]:
        """Give everything that happened to a request, the oldest first."""
        rows = self._rows(
            "SELECT at, c.state, c.attempt, c.run, why FROM request_changes AS c JOIN requests"
            " ON number = request WHERE id=? ORDER BY turn",
            (request_id,),
        )
        return tuple(Change(*row) for row in rows)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commit at once what the block changes in the registry, or nothing of it."""
        with together(self._connection, self._path):
            yield

    # ------------------------------------------------------------ inside
    def _held(self, token: Token) -> None:
        request = self.request(token.request)
        if request.state != "leased" or request.attempt != token.attempt:
            raise stale(token, request)

    def _blame(self, request_id: str, problem: Problem) -> None:
        text = canonical(problem.as_json()).decode()
        self._run("UPDATE requests SET error=? WHERE id=?", (text, request_id))

    def _end(self, request_id: str, state: State, why: str) -> None:
        self._run(
            "UPDATE requests SET state=?, changed=?, holder=NULL, until=NULL WHERE id=?",
            (state, now_ms(), request_id),
        )
        self._note(request_id, why)

    def _note(self, request_id: str, why: str) -> None:
        self._run(
            "INSERT INTO request_changes SELECT number,"
            " (SELECT count(*) FROM request_changes WHERE request = number),"
            " changed, state, attempt, run, ? FROM requests WHERE id=?",
            (printable(why), request_id),
        )

    def _requests(self, rest: str, values: tuple[Any, ...]) -> tuple[Request, ...]:
        return tuple(_request(row) for row in self._rows(_COLUMNS + rest, values))

    def _rows(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with translated(self._path):
            return list(self._connection.execute(statement, values))

    def _run(self, statement: str, values: tuple[Any, ...]) -> None:
        self._connection.execute(statement, values)


def copy_requests(old: apsw.Connection, new: apsw.Connection) -> None:
    """Take all requests and their history over into another registry; no file holds these."""
    for table, columns in (("requests", 16), ("request_changes", 7)):
        marks = ",".join("?" * columns)
        new.executemany(
            f"INSERT INTO {table} VALUES({marks})",
            old.execute(f"SELECT * FROM {table}"),  # noqa: S608 - our own names
        )


def _check(asking: Asking) -> None:
    if not is_of_kind(asking.kind, asking.body):
        raise TypeError(f"a request of the kind {asking.kind} has no such body")
    if asking.key is not None and not _KEY.match(asking.key):
        raise DataError(
            codes.BAD_REQUEST_KEY,
            f"{asking.key[:LONGEST_KEY]!r} cannot be the key of a request",
            help=f"use 1 to {LONGEST_KEY} letters, digits and signs of ASCII without spaces",
        )


def _until(lease_s: float) -> int:
    return moment_ms() + int(lease_s * 1000)


def _request(row: tuple[Any, ...]) -> Request:
    (_, request_id, key, kind, subject, body, state, asked, changed, attempt, crashes, run, holder,
     until, result, error) = row  # fmt: skip
    return Request(
        request_id, key, kind, subject, read_body(kind, body), state, asked, changed, attempt,
        crashes, run, None if holder is None else holder_of(holder), until,
        None if result is None else json.loads(result),
        None if error is None else Problem(**json.loads(error)),
    )  # fmt: skip
