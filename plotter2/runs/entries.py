"""What the run log is told of a run: what is about to run, before anything is handed to a child, and how it ended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from plotter2.datter.bundle import Table
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.orchestrator import Outcome
from plotter2.runs.inputs import BoundTable
from plotter2.runs.model import Keep, RunRequest

_MOST_NAMED = 300


class EntriesOfRun:
    """The entries of one run: `run` when it is made, `done` at its end."""

    def __init__(
        self, keep: Keep, request: RunRequest, run_id: str, tables: Sequence[BoundTable]
    ) -> None:
        self._keep = keep
        self._said = {**_about(request), "run": run_id, **_bundles(request, tables)}
        self._intent = keep("run", **self._said)

    def as_json(self) -> dict[str, Any]:
        """Give what the record of the run says while it runs."""
        return {"intent": self._intent.index, **self._intent.as_json()}

    def done(self, outcome: Outcome, tables: Mapping[str, Table]) -> dict[str, Any]:
        """Keep how it ended well; gives what its record says. Raises Refused."""
        made = {f"{blob.name}.{blob.kind}": blob.sha256 for blob in outcome.blobs}
        files = made if len(made) <= _MOST_NAMED else None
        output = output_hash(made, tables)
        kept = self._keep(
            "done", **self._said, intent=self._intent.index, output=output, files=files, rc=0
        )
        return {"intent": self._intent.index, **kept.as_json()}

    @contextmanager
    def ends(self) -> Iterator[None]:
        """Keep how it ended when the block fails; a log that cannot be written does not hide that failure."""
        try:
            yield
        except BaseException as error:
            code = error.code if isinstance(error, Plotter2Error) else type(error).__name__
            rc = error.exit_code if isinstance(error, Plotter2Error) else ExitCode.WORK_FAILED
            with suppress(Plotter2Error):
                self._keep("done", **self._said, intent=self._intent.index, code=code, rc=int(rc))
            raise


def output_hash(files: Mapping[str, str], tables: Mapping[str, Table]) -> str:
    """Give the SHA-256 of what a run made, in lines as `sha256sum -c` reads them; tables by their description."""
    described = {
        f"table:{name}": hashlib.sha256(msgspec.json.encode(table, order="sorted")).hexdigest()
        for name, table in tables.items()
    }
    made = sorted({**files, **described}.items())
    text = "".join(f"SHA256 ({name}) = {digest}\n" for name, digest in made)
    return hashlib.sha256(text.encode()).hexdigest()


def _about(request: RunRequest) -> dict[str, Any]:
    verified = request.verified
    return {
        "name": verified.statement.name,
        "serial": verified.statement.serial,
        "script": verified.script_sha256,
        "statement": verified.statement_sha256,
        "principals": sorted({signer.principal for signer in verified.signers}),
        "session_of": request.session.owner if request.session else None,
        "task": request.task_name or None,
        "unconfined": request.unconfined or None,
    }


def _bundles(request: RunRequest, tables: Sequence[BoundTable]) -> dict[str, Any]:
    """Give the ids of the bundles that are read; of very many their number, and the SHA-256 of the ids, one a line."""
    answers = () if request.task is None else request.task.answers
    ids = sorted({part.bundle_id for table in (*tables, *answers) for part in table.parts})
    if len(ids) <= _MOST_NAMED:
        return {"bundles": ids}
    text = "".join(f"{each}\n" for each in ids)
    return {"bundle_count": len(ids), "bundles_sha256": hashlib.sha256(text.encode()).hexdigest()}
