"""What lies in the `program` and `inputs` memory of a RunJob: JSON, read once by the child.

Columns are Arrow IPC files and only pointed at from here.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

from logger2.identity import Scalar
from plotter2.errors import HostError
from plotter2.printable import one_line
from plotter2.wire import codes
from plotter2.wire.messages import JOB_FDS_LIMIT, Count, Name


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the parts share: frozen and no unknown field."""


class ColumnPart(_Part, frozen=True):
    """One Arrow IPC file: `length` bytes from `offset` of the job's descriptor number `fd`."""

    fd: Annotated[int, msgspec.Meta(ge=3, lt=JOB_FDS_LIMIT)]
    offset: Count
    length: Count


class TablePart(_Part, frozen=True):
    """The rows of one run of one bundle: columns in chunks, and constants true for every row."""

    bundle: str
    bundle_id: str
    run: str
    rows: Count
    columns: dict[Name, list[ColumnPart]]
    constants: dict[Name, Scalar] = {}


class InputTable(_Part, frozen=True):
    """One table as the script's `access(path)` sees it: its parts, one below the other."""

    path: str
    parts: list[TablePart]


class HeldResult(_Part, frozen=True):
    """The result of a node that another child computed: `length` bytes from `offset` of descriptor number `fd`.

    `about` is what that child told of it.
    """

    node: Name
    fd: Annotated[int, msgspec.Meta(ge=3, lt=JOB_FDS_LIMIT)]
    offset: Count
    length: Count
    about: str


class RunInputs(_Part, frozen=True):
    """All tables that a program reads, and results of its nodes that are known (`held`).

    Results of the nodes `hold` are wanted in the memory that descriptor number `memory` is, if they are worth it; those
    of `hold_always` whatever they are worth.
    `answers` are those that a task asks for by name: what a link leads to, what a task exposed (the path is the name
    that is asked for), and what is collected (`collected_path`).
    """

    tables: list[InputTable]
    answers: list[InputTable] = []
    held: list[HeldResult] = []
    hold: list[Name] = []
    hold_always: list[Name] = []
    memory: Annotated[int, msgspec.Meta(ge=3, lt=JOB_FDS_LIMIT)] | None = None


def collected_path(task: str, name: str) -> str:
    """Give the path under which a job has what the runs of a task exposed; `name` may be left out by a script."""
    return f"{task}: {name}" if name else task


class LinkProgram(_Part, frozen=True):
    """The script that answers a name with its link: its module, the schemas of what it reads, the link's name.

    `task` is the task in which the link stands, "" outside of tasks. The rows are in the `answers` of the job.
    """

    module: str
    schemas: dict[str, Any]
    link: str
    task: str = ""


class Place(_Part, frozen=True):
    """Where a task runs, and what the store knew when the run began.

    `exposed` are tables that tasks exposed for the bundle, `imposed` what tasks after this one want, `linked` the links
    that answer here, `approved` (action, target) what a person allowed, `ended` when tasks last ended (ISO 8601, UTC).
    """

    bundle: str
    task: str
    exposed: list[str] = []
    imposed: list[str] = []
    linked: list[str] = []
    approved: list[tuple[str, str]] = []
    ended: dict[str, str] = {}


class RunProgram(_Part, frozen=True):
    """The IR module's text, each input's schema by path, and the provenance that the host knows.

    `spans` gives the place (start, end) of a node in the bytes of the script, `bodies` where each line of the text of a
    step in Python begins. With a `place` the task that it names is
    carried out, else what stands outside of tasks; `links` are the scripts that answer what the task asks for, by the
    name that is asked for. With `only` these nodes are computed and held, and nothing else is carried out.
    """

    module: str
    schemas: dict[str, Any]
    provenance: dict[str, Any]
    spans: dict[str, tuple[Count, Count]] = {}
    bodies: dict[str, list[Count]] = {}
    place: Place | None = None
    links: dict[str, LinkProgram] = {}
    only: list[Name] = []


class StepText(_Part, frozen=True):
    """The text of a step in Python and the names of its parameters."""

    parameters: list[str]
    text: str


class StepTexts(_Part, frozen=True):
    """What a LookJob looks at."""

    steps: list[StepText]


_INPUTS = msgspec.json.Decoder(RunInputs)
_TEXTS = msgspec.json.Decoder(StepTexts)
_PROGRAM = msgspec.json.Decoder(RunProgram)


def encode_inputs(inputs: RunInputs) -> bytes:
    """Give the bytes for the `inputs` memory."""
    return msgspec.json.encode(inputs)


def encode_program(program: RunProgram) -> bytes:
    """Give the bytes for the `program` memory."""
    return msgspec.json.encode(program)


def encode_texts(texts: StepTexts) -> bytes:
    """Give the bytes for the memory with texts of steps in Python."""
    return msgspec.json.encode(texts)


def decode_texts(data: bytes) -> StepTexts:
    """Read the memory with texts. Raises HostError (P2-H0908) when it does not fit its schema."""
    return _decoded(_TEXTS, data, "the list of texts")


def decode_inputs(data: bytes) -> RunInputs:
    """Read the `inputs` memory. Raises HostError (P2-H0908) when it does not fit its schema."""
    return _decoded(_INPUTS, data, "the list of inputs")


def decode_program(data: bytes) -> RunProgram:
    """Read the `program` memory. Raises HostError (P2-H0908) when it does not fit its schema."""
    return _decoded(_PROGRAM, data, "the program")


_Form = TypeVar("_Form")


def _decoded(decoder: msgspec.json.Decoder[_Form], data: bytes, what: str) -> _Form:
    try:
        return decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise HostError(
            codes.PROTOCOL_BROKEN, f"{what} does not fit its schema: {one_line(str(error))}"
        ) from None
