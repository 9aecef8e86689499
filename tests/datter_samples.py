"""Bundles for tests of the store: made from plain numbers, with bytes that stand for column files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plotter2.datter.adding import Adding, Draft, Entered
from plotter2.datter.bodies import Run
from plotter2.datter.bundle import Chunk, Column, Provenance, SourceFile, Table
from plotter2.datter.holdings import StoredFile
from plotter2.datter.living import Work
from plotter2.datter.output import Artefact
from plotter2.datter.requested import Asking
from plotter2.datter.store import Store

PATIENCE_S = 10.0


def column(adding: Adding, name: str, kind: str, values: Sequence[Any], **more: Any) -> Column:
    """Store one column as one chunk; the bytes only need to differ where the values do."""
    data = f"{kind}:{list(values)!r}".encode()
    digest, size = adding.put(data)
    chunks = (Chunk(digest=digest, bytes=size, rows=len(values)),)
    return Column(name=name, kind=kind, chunks=chunks, **more)


def table(adding: Adding, columns: Mapping[str, tuple[str, Sequence[Any]]], **units: str) -> Table:
    """Store a table given as name -> (kind, values)."""
    made = tuple(
        column(adding, name, kind, values, unit=units.get(name, ""))
        for name, (kind, values) in columns.items()
    )
    return Table(rows=len(next(iter(columns.values()))[1]), columns=made)


def curve(n: int = 3, *, shift: float = 0.0) -> dict[str, tuple[str, Sequence[Any]]]:
    """Give the columns of a small learning curve."""
    return {
        "step": ("int", list(range(n))),
        "loss": ("number", [shift + 1 / (i + 1) for i in range(n)]),
    }


def add_run(
    store: Store,
    name: str,
    columns: Mapping[str, tuple[str, Sequence[Any]]] | None = None,
    *,
    stream: str = "main",
    units: Mapping[str, str] | None = None,
    **params: Any,
) -> Entered:
    """Add one bundle with one table."""
    with store.adding() as adding:
        made = table(adding, columns or curve(), **(units or {}))
        return adding.commit([Draft(name=name, params=params, tables={stream: made})], PATIENCE_S)[
            0
        ]


def add_with_files(store: Store, name: str, contents: Mapping[str, bytes]) -> Entered:
    """Add one bundle with a table and files, which come in pieces."""
    with store.adding() as adding:
        files = {}
        for path, content in contents.items():
            step = max(1, len(content) // 3)
            pieces = (content[at : at + step] for at in range(0, len(content), step))
            digest, size = adding.put_pieces(pieces)
            files[path] = StoredFile(digest=digest, bytes=size, media="text/plain")
        draft = Draft(name, tables={"main": table(adding, curve())}, files=files)
        return adding.commit([draft], PATIENCE_S)[0]


def add_sweep(store: Store, name: str, runs: int) -> tuple[Entered, ...]:
    """Add an experiment: an enclosing bundle and runs with different learning rates, at once."""
    with store.adding() as adding:
        drafts = [Draft(name=name)]
        for number in range(runs):
            rate = round(0.1 * (number + 1), 3)
            made = table(adding, curve(shift=rate))
            drafts.append(
                Draft(
                    name=f"{name}/run{number}",
                    params={"lr": rate, "seed": number},
                    repeat=("seed",),
                    axes=("lr",),
                    tables={"main": made},
                    provenance=Provenance(
                        files=(SourceFile(name=f"run{number}.csv", digest="0" * 64, bytes=1),)
                    ),
                )
            )
        return adding.commit(drafts, PATIENCE_S)


def begun(store: Store, name: str = "x.p2", key: str | None = None, lease_s: float = 60) -> Work:
    """Ask for a run of a script and begin to carry it out."""
    work = store.begin(Asking("run", name, Run(script=name, sha256=""), key), lease_s)
    assert isinstance(work, Work)
    return work


def recorded_run(store: Store, record: dict[str, Any], name: str = "x.p2", serial: int = 1) -> str:
    """Record a run that ended well."""
    run = store.new_id()
    with begun(store, name) as work:
        work.begin_run(run, name, {})
        work.done_run(record, lambda: None, name, serial)
    return run


def published(store: Store, run: str, artefacts: Sequence[Artefact]) -> tuple[Path, ...]:
    """Publish artefacts of a run that nobody recorded."""
    with store.prepared_outputs(run, artefacts) as ready:
        ready.publish()
        return ready.paths


def published_run(store: Store, work: Work, name: str = "x.p2") -> str:
    """Do the work of a request for a run: one picture, published; gives the run."""
    run = store.new_id()
    work.begin_run(run, name, {})
    end_run(store, work, run, name)
    return run


def end_run(store: Store, work: Work, run: str, name: str = "x.p2") -> None:
    """Publish one picture of a run that has begun."""
    with store.prepared_outputs(run, [Artefact("curve", "png", b"png")]) as ready:
        artefacts = [{"path": str(path)} for path in ready.paths]
        work.done_run({"artefacts": artefacts}, ready.publish, name, 1)
