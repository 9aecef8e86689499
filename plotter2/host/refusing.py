"""Refusals are kept in the run log; one that cannot be kept is a refusal all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Protocol

from p2sign.refusal import Refusal
from p2sign.sidecar import split
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host import codes
from plotter2.host.run_log import RunLog
from plotter2.runs.opening import OpenedScript

_NAME = re.compile(r"\((E_[A-Z_]+)\)\Z")
_OF_THE_LOG = ("P2-S085", "P2-S086")


class Keeps(Protocol):
    """Whoever has a run log, as a root has."""

    @property
    def run_log(self) -> RunLog:
        """The log of what ran and what was refused."""


@contextmanager
def refusals_kept(root: Keeps, script: OpenedScript, **about: Any) -> Iterator[None]:
    """Keep each refusal that leaves the block: which script, why; `about` says for what it was wanted."""
    try:
        yield
    except Plotter2Error as error:
        refused = error.exit_code is ExitCode.REFUSED or error.code == codes.NOT_OWN
        if refused and not error.code.startswith(_OF_THE_LOG):
            name = _NAME.search(error.note)
            root.run_log.append_if_possible(
                "refused",
                file=str(script.path),
                script=sha256(script.content).hexdigest(),
                statement=_statement(script.sidecar),
                code=error.code,
                cause=name[1] if name else None,
                rc=int(ExitCode.REFUSED),
                **about,
            )
        raise


def _statement(sidecar: bytes | None) -> str | None:
    """Give the SHA-256 of what was signed, if there is anything that looks like it."""
    if sidecar is None:
        return None
    try:
        return sha256(split(sidecar).statement).hexdigest()
    except Refusal:
        return None
