"""What a manifest says, as frozen values. Every past version keeps its class here for ever.

The annotations are all there is to say about single values: the reader checks them, and the published JSON Schemas
are made from them. What two values must be to each other stands in `sense`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from plotter2.manifest import names

NEWEST = 2

MOST_ENTRIES = 50_000
TableFormat: TypeAlias = Literal["csv", "tsv", "jsonl", "arrow"]
OtherFormat: TypeAlias = Literal[
    "parquet", "npy", "npz", "hdf5", "image", "events", "mlflow", "wandb"
]
Picture: TypeAlias = Literal["png", "svg", "pdf", "mp4", "gif", "apng"]

Line: TypeAlias = Annotated[str, msgspec.Meta(max_length=1_000)]
AxisWord: TypeAlias = Annotated[str, msgspec.Meta(max_length=100)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=65_536)]
Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=names.BUNDLE_NAME)]
TableName: TypeAlias = Annotated[str, msgspec.Meta(pattern=names.TABLE_NAME)]
ColumnName: TypeAlias = Annotated[str, msgspec.Meta(pattern=names.COLUMN_NAME)]
Path: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=names.FILE_PATH, max_length=names.LONGEST_PATH)
]
Paths: TypeAlias = Annotated[tuple[Path, ...], msgspec.Meta(min_length=1, max_length=MOST_ENTRIES)]
SomePaths: TypeAlias = Annotated[tuple[Path, ...], msgspec.Meta(max_length=MOST_ENTRIES)]
Identity: TypeAlias = Annotated[str, msgspec.Meta(pattern=names.IDENTITY)]
Sha256: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$(?!\\n)")]
Size: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Attempt: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
One: TypeAlias = bool | Number | float | Text
Value: TypeAlias = One | None
Params: TypeAlias = dict[ColumnName, Value]


class _Part(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """What all parts share: frozen, no unknown key."""


class Digest(_Part, frozen=True, kw_only=True):
    """What the bytes of one file of the package are."""

    sha256: Sha256
    bytes: Size


# ------------------------------------------------------------ what is known of columns
class ColumnHint(_Part, frozen=True, kw_only=True):
    """What the maker knows of a column. What is left out is inferred; a type that is said must be true."""

    type: Literal["int", "number", "string", "bool", "time", "null"] | None = None
    nullable: bool | None = None
    unit: Line | None = None
    role: Line = ""
    description: Text = ""
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    why: Line = ""
    subset: Line = ""
    family: Line = ""
    better: Line = ""
    against: Line = ""


class TableHint(_Part, frozen=True, kw_only=True):
    """What the maker knows of a table: its columns, and what series are drawn against."""

    columns: dict[ColumnName, ColumnHint] = {}
    x: Line | None = None
    other_x: tuple[Line, ...] = ()


# ------------------------------------------------------------ what a bundle contains
class TableFile(_Part, frozen=True, kw_only=True, tag_field="kind", tag="table"):
    """A table. Several files are only allowed of `arrow`: each holds some columns or some rows, in order.

    No file at all is an `arrow` table without columns.
    """

    name: TableName
    files: SomePaths
    format: TableFormat | None = None


class RecordedRun(_Part, frozen=True, kw_only=True, tag_field="kind", tag="run"):
    """A run that logger2 recorded: `run.json` with its segments, or one segment alone."""

    files: Paths


class ParamsFile(_Part, frozen=True, kw_only=True, tag_field="kind", tag="params"):
    """A JSON object whose values are params of the bundle."""

    file: Path


class PlainFile(_Part, frozen=True, kw_only=True, tag_field="kind", tag="file"):
    """A file that the bundle keeps as it is, whatever it holds; `path` is what it is called there (default: `file`)."""

    file: Path
    path: Path | None = None


class StatedAxis(_Part, frozen=True, kw_only=True):
    """An axis of an array: its name, and its coordinate, an NPY file with a value for each place on it.

    The same file may be the coordinate of several axes, also of other arrays.
    """

    name: AxisWord = ""
    coordinate: Path | None = None
    unit: AxisWord = ""


class ArrayFile(_Part, frozen=True, kw_only=True, tag_field="kind", tag="array"):
    """An array that the bundle keeps in its shape: an NPY file, without Python objects.

    `axes` has one entry for each dimension, or none.
    """

    name: Path
    file: Path
    axes: Annotated[tuple[StatedAxis, ...], msgspec.Meta(max_length=64)] = ()


class OtherFiles(_Part, frozen=True, kw_only=True, tag_field="kind", tag="source"):
    """Files of another program, from which tables, arrays and params are read.

    Several are only allowed of `events` and `mlflow`; then `names` says what each is called within its run. A run of
    `mlflow` or `wandb` says its own name and has no `name` here; anything else has one, and its tables are called so.
    """

    files: Paths
    format: OtherFormat
    name: TableName | None = None
    names: Annotated[tuple[Line, ...], msgspec.Meta(max_length=MOST_ENTRIES)] = ()


class _BundleKeys(_Part, frozen=True, kw_only=True):
    """What is said of a bundle, whether it is the package's own or lies inside another one.

    `repeat` names the params that only count repetitions, `axes` those that a sweep varies. `links` and `tasks` are
    names: what the bundle answers, and what it brings or asks for; only signed scripts act.
    """

    id: Identity | None = None
    attempt: Attempt | None = None
    params: Params = {}
    repeat: tuple[ColumnName, ...] | None = None
    axes: tuple[ColumnName, ...] | None = None
    schema: dict[TableName, TableHint] = {}
    links: tuple[Line, ...] = ()
    tasks: tuple[Line, ...] = ()


class Enclosed(_BundleKeys, frozen=True, kw_only=True, tag_field="kind", tag="bundle"):
    """A bundle inside another one. Its name goes on from the name of the one around it."""

    name: Name | None = None
    meta: dict[str, Any] = {}
    contains: Annotated[tuple[Content, ...], msgspec.Meta(max_length=MOST_ENTRIES)] = ()


Content: TypeAlias = (
    Path | TableFile | RecordedRun | OtherFiles | ParamsFile | PlainFile | ArrayFile | Enclosed
)
"""A path alone is a table, named and read after its ending; with another ending it is a file that is kept as it is."""


# ------------------------------------------------------------ the versions
class _Manifest(_BundleKeys, frozen=True, kw_only=True):
    """What all versions say."""

    date: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)")]
    time: Annotated[
        str, msgspec.Meta(pattern=r"^[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?$(?!\n)")
    ]
    user: Line
    meta: dict[str, Any]
    contains: Annotated[tuple[Content, ...], msgspec.Meta(max_length=MOST_ENTRIES)]
    timezone: Annotated[
        str,
        msgspec.Meta(pattern=r"^(?:[A-Za-z][A-Za-z0-9_+/-]{0,63}|[+-][0-9]{2}:[0-9]{2})$(?!\n)"),
    ] = "UTC"
    origin_point: Line = ""
    destination: Line = ""
    name: Name | None = None
    parent: Name | None = None
    tool: Line = ""
    digests: dict[Path, Digest] = {}


class ManifestV1(_Manifest, frozen=True, kw_only=True):
    """Version 1: a package of data."""

    manifest_version: Literal[1]


class Script(_Part, frozen=True, kw_only=True):
    """A signed script of the package; `bundle` is the bundle inside it that the script belongs to.

    `lock` is the `p2.lock` that pins the libraries which the script uses.
    """

    file: Path
    sidecar: Path
    lock: Path | None = None
    bundle: Name | None = None


class Plot(_Part, frozen=True, kw_only=True):
    """A run that the package asks for: script, parameters, and the folder below `output/` for its pictures."""

    script: Path
    params: dict[ColumnName, One | tuple[One, ...]] = {}
    to: Name | None = None


class Render(_Part, frozen=True, kw_only=True):
    """How the plots of the package are drawn; none means what the scripts say."""

    formats: tuple[Picture, ...] = ()


class ManifestV2(_Manifest, frozen=True, kw_only=True):
    """Version 2: a package of data with signed scripts and the plots that they draw."""

    manifest_version: Literal[2]
    scripts: Annotated[tuple[Script, ...], msgspec.Meta(max_length=1_000)] = ()
    plots: Annotated[tuple[Plot, ...], msgspec.Meta(max_length=1_000)] = ()
    render: Render = Render()


Manifest: TypeAlias = ManifestV1 | ManifestV2
VERSIONS: dict[int, type[ManifestV1] | type[ManifestV2]] = {1: ManifestV1, 2: ManifestV2}
"""How each version is read."""
