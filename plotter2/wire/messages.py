"""The control messages between host and child; `wire.codec` writes and reads them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from logger2.identity import Scalar
from plotter2.config.levels import Level

PROTOCOL = 1
MESSAGE_LIMIT = 64 * 1024
"""Most bytes in one message."""
MESSAGE_COUNT_LIMIT = 20_000
"""Most messages one child may send."""
SHOWN_ROWS = 50
SHOWN_COLUMNS = 24
SHOWN_LENGTH = 32
"""Most rows, columns, and characters of one value when a table is shown: all of it fits into one message."""
JOB_FDS_LIMIT = 200
"""Most file descriptors that go with a job, the output included."""

Format: TypeAlias = Literal["png", "svg", "pdf", "mp4", "gif", "apng", "sixel"]
"""Of a picture; `sixel` is what some terminals show, and no file to keep."""
FileFormat: TypeAlias = Literal[
    "csv", "tsv", "jsonl", "arrow", "parquet", "npy", "npz", "hdf5", "events", "mlflow", "wandb", "l2",
    "l2run", "params", "array", "image", "sqlite", "any",
]  # fmt: skip
"""Of what is read; `l2run` is one of the files of a recorded run, `params` one JSON object, `arrow` Arrow IPC files,
`events` the event files of a TensorBoard run, `mlflow` a run's folder, `wandb` the log of a Weights & Biases run,
`array` an NPY file that is kept as it is, `image` a picture, `sqlite` a database, `any` whatever the content tells."""
WrittenFormat: TypeAlias = Literal["csv", "npz", "parquet"]
"""Of what a stored table is written as."""
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Shown: TypeAlias = Annotated[str, msgspec.Meta(max_length=SHOWN_LENGTH)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=16_384)]
ArrayType: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[<>|][biufcSUMm][0-9]{1,9}(?:\[[A-Za-z0-9]{1,9}\])?$(?!\n)")
]
"""Of an array's values, as NumPy writes it."""
AXIS_CHARACTERS = 100
"""Most characters in the name or unit of an axis: an array may have 64 of them."""
AxisWord: TypeAlias = Annotated[str, msgspec.Meta(max_length=AXIS_CHARACTERS)]


class Message(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="type",
    tag=str.lower,
):
    """What all messages share: frozen, no unknown field, the class name in lower case as type."""


# ------------------------------------------------------------ child to host
class Hello(Message, frozen=True):
    """The first word of a child: it lives and speaks this protocol."""

    protocol: int
    pid: Count


class Confined(Message, frozen=True):
    """The child is confined and tested itself; only now may it be given work.

    `layers` says for each layer whether it is on, `missing` says of those that are off why, `probes` says
    for each forbidden deed whether it was refused.
    """

    level: Level
    layers: dict[Name, bool]
    missing: dict[Name, Text]
    probes: dict[Name, bool]
    confine_ms: float


class Progress(Message, frozen=True):
    """How far a stage of the work is: `done` of `total` (0 = not known) in `unit`."""

    stage: Name
    done: Count
    total: Count = 0
    unit: Text = ""


class Note(Message, frozen=True):
    """A line for the person: what a script logs, a lint found at run time."""

    level: Literal["debug", "info", "warning", "error", "lint"]
    text: Text


class TableShown(Message, frozen=True):
    """The first rows of a table of `rows` rows, as text; None is a missing value.

    `columns` are those that are shown, with their types; `hidden` more have no place.
    """

    columns: Annotated[list[tuple[Shown, Shown]], msgspec.Meta(max_length=SHOWN_COLUMNS)]
    first: Annotated[
        list[Annotated[list[Shown | None], msgspec.Meta(max_length=SHOWN_COLUMNS)]],
        msgspec.Meta(max_length=SHOWN_ROWS),
    ]
    rows: Count
    hidden: Count


class Blob(Message, frozen=True):
    """A finished artefact of file type `kind` lies in the output memory."""

    name: Name
    kind: Name
    offset: Count
    length: Count


class RowsCounted(Message, frozen=True):
    """The row ledger of one picture: each row read is filtered, grouped away, null, or given to a mark.

    `null`, `decimated` and `drawn` are sums over all `layers` of the picture. `nodes` counts rows in and out of each
    operation, by node id.
    """

    plot: Name
    read: Count
    filtered: Count
    null: Count
    decimated: Count
    drawn: Count
    layers: Count
    nodes: dict[Name, tuple[Count, Count]] = {}


class ColumnFound(Message, frozen=True):
    """One Arrow IPC file with one column lies in the output memory.

    Several with the same table and name are chunks of it, in order.
    """

    table: Name
    name: Name
    dtype: Name
    rows: Count
    nulls: Count
    features: dict[Name, Scalar]
    offset: Count
    length: Count


class CoordinateFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The values along an axis lie in the output memory as an NPY file; several axes may have the same ones."""

    dtype: ArrayType
    offset: Count
    length: Count
    unit: AxisWord = ""


class AxisFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An axis of an array; either may be missing: its name, and its coordinate."""

    name: AxisWord = ""
    coordinate: CoordinateFound | None = None


class ArrayFound(Message, frozen=True):
    """An array that is kept as it is lies in the output memory as an NPY file.

    `file` is the file, or the group of a file, that it was found in. `axes` has one for each dimension, or none.
    """

    file: Name
    name: Name
    dtype: ArrayType
    shape: Annotated[list[Count], msgspec.Meta(max_length=64)]
    offset: Count
    length: Count
    axes: Annotated[list[AxisFound], msgspec.Meta(max_length=64)] = []


class ColumnKept(Message, frozen=True):
    """One of the Arrow IPC files that the job gave for a table is a chunk of a column as it is, every byte.

    `piece` counts the table's files from 0. Among a column's ColumnFound it stands in order.
    """

    table: Name
    name: Name
    dtype: Name
    rows: Count
    nulls: Count
    features: dict[Name, Scalar]
    piece: Count


class TableFound(Message, frozen=True):
    """A table was read to its end; `skipped_bytes` are those of a torn last line."""

    table: Name
    rows: Count
    skipped_bytes: Count = 0
    notes: list[Text] = []


class LineRefused(Message, frozen=True):
    """A line of a file is no row and is left out of its table; its bytes lie in the output memory."""

    table: Name
    line: Count
    offset: Count
    length: Count
    code: Name
    why: Text


class FileRefused(Message, frozen=True):
    """A file, or what is read together under a name, cannot be read; whatever was said of it before does not count."""

    name: Name
    code: Name
    message: Text
    where: Text = ""
    help: Text = ""


class RunFound(Message, frozen=True):
    """One recorded run of an experiment: what it is called and with which parameters it ran."""

    name: Name
    experiment: Text
    run_id: Text
    state: Text
    params: dict[Name, Scalar]
    repeat: dict[Name, Scalar]
    axes: list[Name]
    definitions: dict[Name, dict[Name, Text]]


class NodeHeld(Message, frozen=True):
    """The result of a node lies in the memory for results: Arrow IPC files, behind them `about_length` bytes of text.

    The text is what the child tells a later child of it; the host gives both on as they are. `units` is the work that
    went into it.
    """

    node: Name
    units: Count
    offset: Count
    length: Count
    about_length: Count


class RedoAsked(Message, frozen=True):
    """A task asks for an experiment to be run again with these parameters, a row each.

    Many rows come in several messages: `first` is the number of the first row in this one, `total` that of all.
    `node` is the operation that asks.
    """

    node: Name
    bundle: Name
    hours: Annotated[float, msgspec.Meta(ge=0)]
    keep: Literal["all", "best"]
    columns: Annotated[list[Name], msgspec.Meta(min_length=1, max_length=1000)]
    first: Count
    total: Count
    rows: Annotated[list[list[Scalar]], msgspec.Meta(min_length=1)]


class Released(Message, frozen=True):
    """A task lets those that wait for it go on with what it exposed so far.

    What it exposed stands whole before this, as ColumnFound and TableFound. It comes once, and the task goes on.
    """


class Owned(Message, frozen=True):
    """A task changes who owns a table, or who may read it; `node` is the operation that says how."""

    node: Name


class GaveUp(Message, frozen=True):
    """A task ended itself safely: nothing of it is published."""

    reason: Text


class TextUnfit(Message, frozen=True):
    """Something is wrong with the text of step number `step` of a LookJob, in a line from 1 at columns from 0.

    `kind` says whether it is no Python, or Python that steps do not have.
    """

    step: Count
    line: Count
    column: Count
    end: Count
    kind: Literal["syntax", "dialect"]
    message: Text
    help: Text


class Failed(Message, frozen=True):
    """The work failed; `span` is the place (start, end) in the bytes of the script, if any."""

    code: Name
    message: Text
    where: Text = ""
    help: Text = ""
    note: Text = ""
    span: tuple[Count, Count] | None = None


class Done(Message, frozen=True):
    """The work is finished; milliseconds by stage."""

    timings_ms: dict[Name, float] = {}


# ------------------------------------------------------------ host to child
class Terms(Message, frozen=True):
    """The first word to a confined child: what the job that follows may use, and the least level that it needs.

    `memory_bytes` come on top of what the child starts with; `debug` lets the trace of an unforeseen error out.
    """

    cpu_seconds: Count
    memory_bytes: Count
    minimum: Level
    debug: bool


class RunJob(Message, frozen=True):
    """Run a program.

    Descriptors in order: output, program, inputs, then the data that `inputs` points into.
    """

    formats: list[Format]
    params: dict[Name, Scalar | list[Scalar]] = {}


class ReadFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file to read: `length` bytes (None = to the end) from `offset` of the job's fd `fd`.

    Files that are read together lie one behind the other with the lengths `pieces` and are called `names`.
    Of the format `array` these are an array, called by how many axes it must have, and its coordinates, by their axis.
    Of the format `arrow` these are several files one behind the other, with the lengths `pieces` (none = one file), as
    `memory.laid_out` says; if they are not `whole`, more rows of their columns are in other jobs.
    """

    name: Name
    format: FileFormat
    fd: Annotated[int, msgspec.Meta(ge=1, lt=JOB_FDS_LIMIT)]
    offset: Count = 0
    length: Count | None = None
    pieces: list[Count] = []
    names: list[Name] = []
    whole: bool = True


class ReadJob(Message, frozen=True):
    """Read foreign files into columns.

    Descriptors in order: output, then the files that `files` points into. Nothing is cut off at a
    limit: more rows, columns or bytes in one text than allowed is a failure.
    """

    files: list[ReadFile]
    max_rows: Count = 1_000_000_000
    max_columns: Count = 10_000
    max_text_bytes: Count = 1_048_576
    chunk_bytes: Count = 67_108_864


class WriteJob(Message, frozen=True):
    """Write stored tables as files: a Blob for each, named after its place in the list of inputs.

    Descriptors in order: output, the tables' schemas, inputs, then the data that `inputs` points into.
    """

    format: WrittenFormat


class LookJob(Message, frozen=True):
    """Say what is wrong with the texts of steps in Python: a TextUnfit for each fault. None of them is run.

    Descriptors in order: output, the texts (`inputs.StepTexts`).
    """


FromChild: TypeAlias = (
    Hello
    | Confined
    | Progress
    | Note
    | TableShown
    | Blob
    | RowsCounted
    | ColumnFound
    | ArrayFound
    | ColumnKept
    | TableFound
    | LineRefused
    | FileRefused
    | RunFound
    | NodeHeld
    | RedoAsked
    | Released
    | Owned
    | GaveUp
    | TextUnfit
    | Failed
    | Done
)
Job: TypeAlias = RunJob | ReadJob | WriteJob | LookJob
FromHost: TypeAlias = Terms | Job
AnyMessage: TypeAlias = FromChild | FromHost
