"""Refusals are kept in the run log; one that cannot be kept is a refusal all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from p2sign.refusal import Refusal
from p2sign.sidecar import split
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host import codes
from plotter2.host.run_log import RunLog
from plotter2.runs.opening import OpenedScript

_OF_THE_LOG = ("P2-S085", "P2-S086")


class Keeps(Protocol):
    """Whoever has a run log, as a root has."""

    @property
    def run_log(self) -> RunLog:
        """The log of what ran and what was refused."""


@contextmanager
def refusals_kept(root: Keeps, what: OpenedScript | Path, **about: Any) -> Iterator[None]:
    """Keep each refusal that leaves the block: of which file, why; `about` says for what it was wanted."""
    try:
        yield
    except Plotter2Error as error:
        refused = error.exit_code is ExitCode.REFUSED or error.code == codes.NOT_OWN
        if refused and not error.code.startswith(_OF_THE_LOG):
            root.run_log.append_if_possible(
                "refused",
                **_named(what),
                code=error.code,
                cause=error.name or None,
                rc=int(ExitCode.REFUSED),
                **about,
            )
        raise


def _named(what: OpenedScript | Path) -> dict[str, str | None]:
    if isinstance(what, Path):
        return {"file": str(what)}
    return {
        "file": str(what.path),
        "script": sha256(what.content).hexdigest(),
        "statement": _statement(what.sidecar),
    }


def _statement(sidecar: bytes | None) -> str | None:
    """Give the SHA-256 of what was signed, if there is anything that looks like it."""
    if sidecar is None:
        return None
    try:
        return sha256(split(sidecar).statement).hexdigest()
    except Refusal:
        return None
