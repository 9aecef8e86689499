"""The records of a segment as values, and the strict reading of all that are not rows from parsed JSON.

Pure; trusts nothing. A record is known by its first key; each kind has exactly the keys that are named here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from logger2.encoding import CODES
from logger2.identity import MAX_COLUMN_NAME, Scalar
from logger2.runfile import unpacked

MAX_COLUMNS = 10_000
MAX_LABELS = 64
MAX_DIMENSIONS = 32
_ARRAY_CODE = re.compile(r"[<|][biufc](1|2|4|8|16)\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class BadLine(ValueError):
    """A line that is no record of a segment, with the reason."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a segment; `from_step` is set when a resumed run starts over from a checkpoint."""

    run: str
    experiment: str
    number: int
    t0: float
    params: dict[str, Scalar]
    repeat: dict[str, Scalar]
    rank: int | None = None
    fork: bool = False
    resumed: bool = False
    from_step: float | None = None


@dataclass(frozen=True, slots=True)
class RowSchema:
    """A schema line: names, codes and units of columns, the name of the step, and the labels of every row."""

    number: int
    stream: str
    x: str
    names: tuple[str, ...]
    codes: tuple[str, ...]
    units: tuple[str | None, ...]
    labels: dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one schema in the order of recording: steps, seconds since the header's t0, one list for each column.

    `places` are the rows' numbers in the segment, from 0.
    """

    schema: RowSchema
    places: list[int]
    steps: list[float]
    seconds: list[float]
    columns: list[list[Scalar]]


@dataclass(frozen=True, slots=True)
class Blob:
    """Where an array's raw little-endian bytes stand in the segment's blob file."""

    name: str
    step: float | None
    offset: int
    length: int
    code: str
    shape: tuple[int, ...]
    dims: tuple[str, ...]
    crc: int
    coords: dict[str, list[Scalar]] = field(default_factory=dict)
    labels: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file that belongs to the run, with its hash and size."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that recording had to say: a refused value, lost records."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a segment ended: "ok", "failed" or "" (no end line); bytes skipped, and why. Always the last item."""

    how: str
    rows: int
    skipped: int = 0
    why: str = ""


Item = Header | RowSchema | Rows | Blob | Artefact | Event | Ending


def read_record(record: dict[str, Any]) -> Item:
    """Give the record that a parsed line holds; raises BadLine saying which field is wrong."""
    read = _KINDS.get(next(iter(record), ""))
    if read is None:
        raise BadLine(f"a record of unknown kind {next(iter(record), '')!r:.40}")
    item = read(record)
    if record:
        raise BadLine(f"the field {next(iter(record))!r:.40} is not known")
    return item


# ---- one function for each kind; each takes its fields out of the record ---------------------


def _header(record: dict[str, Any]) -> Header:
    if record.pop("l2") != 1:
        raise BadLine("the segment is of a format that is not known here")
    resume = record.pop("resume", None)
    if resume is not None and not isinstance(resume, dict):
        raise BadLine("resume is an object")
    from_step = None if resume is None else resume.get("from_step")
    rank = record.pop("rank", None)
    return Header(
        run=_text(record, "run"),
        experiment=_text(record, "exp"),
        number=_whole(record, "seg"),
        t0=_number(record.pop("t0", None), "t0"),
        params=_scalars(record, "params"),
        repeat=_scalars(record, "repeat"),
        rank=None if rank is None else _whole({"rank": rank}, "rank"),
        fork=record.pop("fork", False) is True,
        resumed=resume is not None,
        from_step=None if from_step is None else _number(from_step, "from_step"),
    )


def _schema(record: dict[str, Any]) -> RowSchema:
    names, codes = _texts(record, "c"), _texts(record, "d")
    units = record.pop("u", None)
    if not 0 < len(names) <= MAX_COLUMNS or len(set(names)) != len(names):
        raise BadLine(f"a schema has 1 to {MAX_COLUMNS} columns with different names")
    if not all(0 < len(name) <= MAX_COLUMN_NAME for name in names):
        raise BadLine(f"a column name has 1 to {MAX_COLUMN_NAME} characters")
    if len(codes) != len(names) or not all(code in CODES for code in codes):
        raise BadLine("d has one known kind for each column")
    if not isinstance(units, list) or len(units) != len(names):
        raise BadLine("u has one unit for each column")
    if not all(
        unit is None or (isinstance(unit, str) and len(unit) <= MAX_COLUMN_NAME) for unit in units
    ):
        raise BadLine("a unit is text or null")
    return RowSchema(
        number=_whole(record, "s"),
        stream=_text(record, "stream"),
        x=_text(record, "x"),
        names=names,
        codes=codes,
        units=tuple(units),
        labels=_scalars(record, "labels"),
    )


def _blob(record: dict[str, Any]) -> Blob:
    step = record.pop("step", None)
    shape = record.pop("sh", None)
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS:
        raise BadLine(f"sh lists at most {MAX_DIMENSIONS} sizes")
    blob = Blob(
        name=_text(record, "b"),
        step=None if step is None else _number(step, "step"),
        offset=_whole(record, "o"),
        length=_whole(record, "n"),
        code=_text(record, "d"),
        shape=tuple(_whole({"sh": size}, "sh") for size in shape),
        dims=_texts(record, "dims"),
        crc=_whole(record, "crc"),
        coords=_coords(record.pop("coords", {})),
        labels=_scalars(record, "labels") if "labels" in record else {},
    )
    size = _ARRAY_CODE.match(blob.code)
    if size is None or math.prod(blob.shape) * int(size.group(1)) != blob.length:
        raise BadLine("n is not what the kind and shape of the array need")
    if len(blob.dims) not in (0, len(blob.shape)):
        raise BadLine("dims names every dimension or none")
    return blob


def _coords(value: Any) -> dict[str, list[Scalar]]:
    if not isinstance(value, dict) or len(value) > MAX_DIMENSIONS:
        raise BadLine("coords maps dimensions to labels")
    for labels in value.values():
        if not isinstance(labels, list) or not all(_is_scalar(label) for label in labels):
            raise BadLine("coords maps dimensions to lists of single values")
    return value


def _artefact(record: dict[str, Any]) -> Artefact:
    artefact = Artefact(_text(record, "a"), _text(record, "sha256"), _whole(record, "n"))
    if _SHA256.match(artefact.sha256) is None:
        raise BadLine("sha256 is 64 hexadecimal digits")
    return artefact


def _event(record: dict[str, Any]) -> Event:
    return Event(_text(record, "e"), _text(record, "msg"))


def _ending(record: dict[str, Any]) -> Ending:
    how = _text(record, "end")
    if how not in ("ok", "failed"):
        raise BadLine("a segment ends ok or failed")
    return Ending(how, 0)


_KINDS: dict[str, Callable[[dict[str, Any]], Item]] = {
    "l2": _header,
    "s": _schema,
    "b": _blob,
    "a": _artefact,
    "e": _event,
    "end": _ending,
}


# ---- fields ---------------------------------------------------------------------------------


def _text(record: dict[str, Any], name: str) -> str:
    value = record.pop(name, None)
    if not isinstance(value, str):
        raise BadLine(f"{name} is text")
    return value


def _texts(record: dict[str, Any], name: str) -> tuple[str, ...]:
    value = record.pop(name, None)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadLine(f"{name} is a list of texts")
    return tuple(value)


def _whole(record: dict[str, Any], name: str) -> int:
    value = record.pop(name, None)
    if type(value) is not int or not 0 <= value < 2**63:
        raise BadLine(f"{name} is a whole number, 0 or more")
    return value


def _number(value: Any, name: str) -> float:
    if type(value) not in (int, float) or not -math.inf < value < math.inf:
        raise BadLine(f"{name} is a finite number")
    return cast(float, value)


def _scalars(record: dict[str, Any], name: str) -> dict[str, Scalar]:
    try:
        values = unpacked(record.pop(name, None))
    except ValueError as error:
        raise BadLine(f"{name}: {error}") from None
    if name == "labels" and len(values) > MAX_LABELS:
        raise BadLine(f"a row has at most {MAX_LABELS} labels")
    return values


def _is_scalar(value: Any) -> bool:
    return value is None or type(value) in (bool, int, float, str)
