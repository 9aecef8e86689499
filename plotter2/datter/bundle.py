"""What a bundle is: frozen values, and the canonical JSON that `source/<id>/bundle.json` holds.

No file is touched here. Canonical JSON: keys sorted, no spaces, ASCII only, no NaN.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Container, Iterator
from typing import Any, Literal, TypeAlias

import msgspec

from logger2.identity import Scalar
from p2lang.types import ColumnType
from plotter2.datter import axes, codes, holdings
from plotter2.datter.holdings import StoredArray, StoredFile
from plotter2.errors import DataError
from plotter2.manifest.names import DEVICES, NAME_PART, SEGMENT_TEXT

Kind: TypeAlias = Literal["int", "number", "string", "bool", "time", "null"]
"""`null`: no row has a value, so the column goes with every type."""
State: TypeAlias = Literal["active", "archived", "quarantined"]

BUNDLE_VERSION = 1
SEGMENT = re.compile(SEGMENT_TEXT + r"\Z")
"""One part of a bundle's name."""
_NEW_SEGMENT = re.compile(NAME_PART + r"\Z")
_DEVICE = re.compile(rf"(?:{DEVICES})(?=\.|\Z)")
_NOT_IN_SEGMENT = re.compile(r"[^a-z0-9._=,+-]+")


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the parts of a bundle share: frozen, no unknown field."""


class Chunk(_Value, frozen=True):
    """One Arrow IPC file with some rows of one column: an object of the store."""

    digest: str
    bytes: int
    rows: int


class Column(_Value, frozen=True):
    """A column of a table: what it is, how sure that is and why, and where its rows are.

    Of metrics: `subset` and `family` (`val/loss` is family `loss`, subset `val`), which way is
    `better`, and `against` which column to draw it. `range` is the smallest and the largest finite
    number.
    """

    name: str
    kind: Kind
    unit: str = ""
    role: str = ""
    nullable: bool = False
    confidence: float = 1.0
    why: str = ""
    subset: str = ""
    family: str = ""
    better: str = ""
    against: str = ""
    description: str = ""
    range: tuple[float, float] | None = None
    chunks: tuple[Chunk, ...] = ()

    @property
    def type(self) -> ColumnType:
        """Give the type as the language sees it; a column without any value is `number?`."""
        if self.kind == "null":
            return ColumnType("number", nullable=True, unit=self.unit)
        return ColumnType(self.kind, self.nullable, self.unit)


class Table(_Value, frozen=True):
    """Rows of one stream, column by column; `x` is what series are drawn against ("" = nothing)."""

    rows: int
    columns: tuple[Column, ...]
    x: str = ""
    other_x: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """Give the column of this name, or None."""
        return next((c for c in self.columns if c.name == name), None)


class SourceFile(_Value, frozen=True):
    """A file the bundle was read from."""

    name: str
    digest: str
    bytes: int


class PackageOrigin(_Value, frozen=True):
    """What the manifest of the package said that brought a bundle; `id` is the bundle's id where it came from.

    `digest` is the SHA-256 of the manifest; `links` and `tasks` are the names that it promised.
    """

    digest: str
    id: str = ""
    date: str = ""
    time: str = ""
    timezone: str = ""
    user: str = ""
    tool: str = ""
    origin_point: str = ""
    destination: str = ""
    links: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()


class Provenance(_Value, frozen=True):
    """Where a bundle came from, and what its reader had to say; `package` is there if a package brought it."""

    files: tuple[SourceFile, ...] = ()
    notes: tuple[str, ...] = ()
    reader: str = ""
    package: PackageOrigin | msgspec.UnsetType = msgspec.UNSET


class Bundle(_Value, frozen=True):
    """A self-contained piece of experiment output; what it holds never changes.

    A bundle without files, or without arrays, does not say so: its description is as it was before there were any.

    `repeat` names the params that only count repetitions (a seed), `axes` those a sweep varies;
    `created` is in milliseconds since 1970.
    """

    id: str
    name: str
    parent: str | None
    attempt: int
    created: int
    params: dict[str, Scalar] = {}
    repeat: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    meta: dict[str, Any] = {}
    tables: dict[str, Table] = {}
    kept_files: dict[str, StoredFile] | msgspec.UnsetType = msgspec.field(
        default=msgspec.UNSET, name="files"
    )
    kept_arrays: dict[str, StoredArray] | msgspec.UnsetType = msgspec.field(
        default=msgspec.UNSET, name="arrays"
    )
    provenance: Provenance = Provenance()
    state: State = "active"
    version: int = BUNDLE_VERSION

    @property
    def files(self) -> dict[str, StoredFile]:
        """Give the files that are kept as they are, by their paths below the bundle."""
        return {} if self.kept_files is msgspec.UNSET else self.kept_files

    @property
    def arrays(self) -> dict[str, StoredArray]:
        """Give the arrays, by their names."""
        return {} if self.kept_arrays is msgspec.UNSET else self.kept_arrays

    @property
    def origin_id(self) -> str:
        """Give the id that a package gave this bundle; empty when none did."""
        package = self.provenance.package
        return "" if package is msgspec.UNSET else package.id

    @property
    def run(self) -> str:
        """Give the last part of the name: what the column `run` says."""
        return self.name.rpartition("/")[2]

    def content_digest(self) -> str:
        """Give the SHA-256 of what the bundle holds: params, meta, the values of its tables, files and arrays.

        What it is called, when and from which file it came, and which roles were guessed for its
        columns do not count: a second add of the same output finds the first.
        """
        tables = {
            stream: [table.rows, [[c.name, c.kind, c.unit, c.chunks] for c in table.columns]]
            for stream, table in self.tables.items()
        }
        kept = {name: getattr(self, name) for name in ("params", "repeat", "axes", "meta")}
        held = holdings.contents_of(self.files, self.arrays)
        return digest_of(canonical({**kept, "tables": tables, **held}))


_DECODER = msgspec.json.Decoder(Bundle)


def canonical(value: Any) -> bytes:
    """Give the canonical JSON of a value made of structs, mappings, lists and finite scalars."""
    plain = msgspec.to_builtins(value)
    text = json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return text.encode("ascii")


def digest_of(data: bytes) -> str:
    """Give the SHA-256 of bytes in hex digits."""
    return hashlib.sha256(data).hexdigest()


def read_bundle(data: bytes, where: str) -> Bundle:
    """Read canonical JSON; raises DataError (P2-D0817) when it is anything else."""
    try:
        bundle = _DECODER.decode(data)
        sound = canonical(bundle) == data and bundle.version == BUNDLE_VERSION
        odd = next(_misfits(bundle), None)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _damaged(where, str(error)) from None
    if not sound:
        raise _damaged(where, "it is not in the canonical form of this release")
    if odd is not None:
        raise _damaged(where, f"it names {odd[0]!r}: {odd[1]}")
    return bundle


def check_name(name: str) -> str:
    """Give the name back; raises DataError (P2-D0815) unless every part of it is well formed."""
    for segment in name.split("/"):
        if not _NEW_SEGMENT.match(segment):
            raise DataError(
                codes.BAD_NAME,
                f"{name!r} cannot be a bundle's name: the part {segment!r} does not fit",
                where=name,
                help="use parts of 1 to 100 characters out of a-z 0-9 . _ = , + - that begin with "
                "a letter or digit, no full stop at the end, and no name of a device such as 'con', "
                f"joined by '/'; for example {slug_path(name)!r}",
            )
    return name


def slug(text: str) -> str:
    """Turn any text into a readable part of a bundle's name: `LR=0.1, seed 3` -> `lr=0.1,seed-3`."""
    lowered = _NOT_IN_SEGMENT.sub("-", text.strip().lower().replace(", ", ","))
    plain = lowered.lstrip("._=,+-")[:100].rstrip("-.")
    return _DEVICE.sub(r"\g<0>_", plain, count=1) if _DEVICE.match(plain) else plain or "unnamed"


def slug_path(text: str) -> str:
    """Turn any text with '/' into a bundle's name."""
    return "/".join(slug(part) for part in text.split("/") if part) or "unnamed"


def free_name(name: str, taken: Container[str]) -> str:
    """Give a name, with a number behind it if it is taken: `run`, `run-2`, `run-3`."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _misfits(bundle: Bundle) -> Iterator[tuple[str, str]]:
    yield from holdings.misfits(bundle.files)
    yield from holdings.misfits(bundle.arrays)
    for name, array in bundle.arrays.items():
        if why := axes.misfit(array.axes, array.shape):
            yield name, why


def _damaged(where: str, why: str) -> DataError:
    return DataError(
        codes.BUNDLE_DAMAGED,
        f"the description of a bundle cannot be read: {why}",
        where=where,
        help="mend it from a safe copy: plotter2 restore COPY; or add the experiment's output again",
    )
