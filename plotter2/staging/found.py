"""What was read for planned bundles, as values that grow while the child speaks."""

from __future__ import annotations

from dataclasses import dataclass, field

from logger2.identity import Scalar
from plotter2.datter.bundle import Kind, SourceFile
from plotter2.datter.holdings import Paths, StoredArray, StoredFile
from plotter2.errors import HostError
from plotter2.staging.parts import Planned, Source
from plotter2.staging.quarantine import RefusedLines
from plotter2.wire.messages import RunFound


@dataclass(slots=True)
class ReadChunk:
    """Some rows of a column that are kept already."""

    digest: str
    bytes: int
    rows: int


@dataclass(slots=True)
class ReadColumn:
    """A column as the child found it."""

    name: str
    kind: Kind
    features: dict[str, Scalar]
    rows: int = 0
    nulls: int = 0
    chunks: list[ReadChunk] = field(default_factory=list)


@dataclass(slots=True)
class ReadTable:
    """A table as the child found it; `rows` is -1 until the child said that it is complete."""

    columns: dict[str, ReadColumn] = field(default_factory=dict)
    rows: int = -1
    skipped_bytes: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that could not be read, or files that are read together: what it is called, its parts, and why.

    `ended_with` is the error of the child that did not survive it.
    """

    name: str
    sources: tuple[Source, ...]
    code: str
    message: str
    where: str
    help: str
    ended_with: HostError | None = None


@dataclass(slots=True)
class ReadBundle:
    """A planned bundle with everything that was read for it; tables by their final names.

    `files` are those that were read, `kept` those that are stored as they are.
    """

    planned: Planned
    tables: dict[str, ReadTable] = field(default_factory=dict)
    run: RunFound | None = None
    params: dict[str, Scalar] = field(default_factory=dict)
    files: list[SourceFile] = field(default_factory=list)
    kept: dict[str, StoredFile] = field(default_factory=dict)
    arrays: dict[str, StoredArray] = field(default_factory=dict)
    array_paths: Paths = field(default_factory=Paths)
    notes: list[str] = field(default_factory=list)
    refused: list[RefusedLines] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    below: list[ReadBundle] = field(default_factory=list)
    """Groups of its files that are bundles of their own."""

    @property
    def has_params_file(self) -> bool:
        """Tell whether a file says the params; then those in names of folders, often rounded, do not count."""
        return any(source.format == "params" for source in self.planned.sources)
