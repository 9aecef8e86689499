"""A request that somebody takes back while a process works on it: it ends at once, and that process is told.

Whoever works asks the registry now and then, with a connection of its own, so that nothing waits for a change that
another process makes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from typing import Final

import apsw

from plotter2.datter.database import open_beside_writers
from plotter2.datter.requested import Token
from plotter2.errors import HostError
from plotter2.noticing import noticed
from plotter2.wire.codes import CANCELLED

EVERY_S: Final = 0.5


def withdrawn(request_id: str) -> HostError:
    """Give the error for work on a request that was taken back (P2-H0942)."""
    return HostError(
        CANCELLED,
        f"the request {request_id} was taken back; nothing of its run is kept",
        help=f"have it carried out after all: plotter2 requests retry {request_id}",
    )


def watched(path: Path, token: Token, tell: Callable[[], None]) -> AbstractContextManager[None]:
    """Call `tell` once, from another thread, when the request is no longer held with this token during the block."""
    return noticed(lambda: _is_lost(path, token), tell, every_s=EVERY_S)


def _is_lost(path: Path, token: Token) -> bool:
    """Tell whether somebody else decided about the request; what cannot be read now is read the next time."""
    connection = open_beside_writers(path)
    if connection is None:
        return False
    with closing(connection), suppress(apsw.Error):
        rows = connection.execute(
            "SELECT state, attempt FROM requests WHERE id=?", (token.request,)
        )
        found = rows.fetchone()
        return found is not None and found != ("leased", token.attempt)
    return False
