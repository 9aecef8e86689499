"""Helpers for tests of the inbox: drops, a reader without libraries, and what is in the store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from plotter2.datter.bodies import Add
from plotter2.datter.living import Work
from plotter2.datter.requested import Asking
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.staging import AddReport, Submit, stage
from plotter2.staging.loose import AS_SET, Taking
from plotter2.wire.messages import ColumnFound, FromChild, ReadJob, TableFound


@dataclass
class Plain:
    """An answer: each file is one column whose only value is the file's bytes."""

    messages: list[FromChild] = field(default_factory=list)
    output: bytearray = field(default_factory=bytearray)

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self.output[offset : offset + length])

    def close(self) -> None:
        self.output.clear()


def read_plainly(job: ReadJob, fds: tuple[int, ...]) -> Plain:
    """Read without any library; a file that begins with `bad` is refused."""
    answer = Plain()
    for file in job.files:
        assert file.length is not None
        content = os.pread(fds[file.fd - 1], file.length, file.offset)
        if content.startswith(b"bad"):
            raise DataError("P2-D0844", f"{file.name} is bad", file.name, "mend it")
        place = len(answer.output)
        answer.output += content
        answer.messages += [
            ColumnFound(
                table=file.name, name="a", dtype="string", rows=1, nulls=0, features={},
                offset=place, length=len(content),
            ),
            TableFound(table=file.name, rows=1),
        ]  # fmt: skip
    return answer


def staged(
    paths: Sequence[Path],
    name: str | None,
    submit: Submit,
    store: Store,
    taking: Taking = AS_SET,
) -> AddReport:
    """Add paths as a host does: as a request that is remembered."""
    asked = Add(paths=tuple(map(str, paths)), name=name)
    work = store.begin(Asking("add", "paths", asked), 60)
    assert isinstance(work, Work)
    with work:
        return stage(paths, name, submit, store, work, taking)


def drop(root: Path, name: str, content: str | bytes) -> Path:
    """Put a file into the inbox in the recommended way: written elsewhere, then renamed."""
    folder = root / "inbox"
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / (name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    return part.rename(folder / name)


def attempts(store: Store) -> dict[str, int]:
    """Give each bundle's name and how many attempts of it are stored."""
    return {line.bundle.name: len(store.attempts(line.bundle.name)) for line in store.list()}
