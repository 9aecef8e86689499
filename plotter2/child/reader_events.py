"""TensorBoard's event files of one run as a table with a row per step.

The form is two simple ones, records with checksums and protocol buffers; TensorBoard itself would bring a web server,
and keeps by default only a sample of a long curve. Scalars are kept all; pictures, histograms, sounds and texts are
counted and left out.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from logger2.identity import Scalar
from plotter2.child import reader_codes as codes
from plotter2.child.reader_crc import masked_crc32c
from plotter2.child.reader_grids import ReadGroup
from plotter2.child.reader_limits import Expansion, ReadingLimits
from plotter2.child.reader_protobuf import (
    NoMessageError,
    double,
    fields_of,
    message,
    one_of,
    text,
    whole,
)
from plotter2.child.reader_series import Series, joined
from plotter2.errors import DataError
from plotter2.printable import count

_HEAD, _TAIL = struct.Struct("<QI"), struct.Struct("<I")
_CHECKED_BYTES = 4_096
"""Longer records hold pictures and histograms, which are not read."""
_LONGEST_TAG = 400
_FLOAT, _DOUBLE, _INT32, _INT64, _BOOL = 1, 2, 3, 9, 10
_TIME, _STEP, _SUMMARY = 1, 2, 5
_HPARAMS = "_hparams_/"
_KINDS = {4: "a picture", 5: "a histogram", 6: "a sound", 8: "a text or an array"}


@dataclass(slots=True)
class _Run:
    """What the files of a run say."""

    logged: dict[str, Series] = field(default_factory=dict)
    params: dict[str, Scalar] = field(default_factory=dict)
    other: Counter[tuple[str, str]] = field(default_factory=Counter)
    single: bool = False
    notes: list[str] = field(default_factory=list)
    skipped: int = 0


def read_events(
    files: Mapping[str, memoryview], where: str, limits: ReadingLimits
) -> tuple[ReadGroup, ...]:
    """Read the files of a run, given by their names below its folder, in the order in which they were begun.

    Files in a folder below hold a curve of a group (`add_scalars`) or the params (`add_hparams`). Raises DataError:
    P2-D0940 (no event file), P2-D0937 (too many names), P2-D0938 by who tells, P2-D0847, P2-D0848, P2-D0854.
    """
    run = _Run()
    names = Expansion(sum(map(len, files.values())), where)
    for name, data in sorted(files.items()):
        folder = name.rpartition("/")[0]
        for event in _events(data, f"{where}: {name}" if name else where, run):
            try:
                _take(event, folder, run, names)
            except NoMessageError as error:
                run.notes.append(f"{name}: a record is left out, it is no event: {error}")
    left_out = {
        f"{tag} ({kind})": f"no numbers: {count(times, 'value', 'values')}"
        for (tag, kind), times in run.other.items()
    }
    if not run.logged:
        return (ReadGroup("", (), run.params, left_out),)
    if run.single:
        run.notes.append("its numbers are float32 in the files, so they have about seven digits")
    table = joined("", run.logged, where, limits, run.notes, run.skipped)
    return (ReadGroup("", (table,), run.params, left_out),)


# ------------------------------------------------------------ records
def _events(data: memoryview, where: str, run: _Run) -> Iterator[bytes]:
    """Give the records of a file; those whose checksum is wrong are left out, a torn end is skipped."""
    records: list[bytes] = []
    sums: list[int] = []
    place = 0
    while place + _HEAD.size <= len(data):
        length, checksum = _HEAD.unpack_from(data, place)
        if masked_crc32c([bytes(data[place : place + 8])])[0] != checksum:
            break
        start, end = place + _HEAD.size, place + _HEAD.size + length
        if end + _TAIL.size > len(data):
            break
        records.append(bytes(data[start:end]))
        sums.append(_TAIL.unpack_from(data, end)[0])
        place = end + _TAIL.size
    if place == 0 and len(data) >= _HEAD.size:
        raise DataError(
            codes.BAD_EVENTS,
            f"{where} is no event file of TensorBoard",
            where=where,
            help="check whether it was copied whole; a Git-LFS pointer is fetched with: git lfs pull",
        )
    if place < len(data):
        run.skipped += len(data) - place
        run.notes.append(f"{where}: the last {len(data) - place} bytes are torn or damaged")
    yield from _sound(records, sums, where, run)


def _sound(records: list[bytes], sums: list[int], where: str, run: _Run) -> Iterator[bytes]:
    short = [place for place, record in enumerate(records) if len(record) <= _CHECKED_BYTES]
    computed = masked_crc32c([records[place] for place in short])
    damaged = {p for p, crc in zip(short, computed, strict=True) if crc != sums[p]}
    if damaged:
        run.notes.append(f"{where}: {len(damaged)} records are damaged and left out")
    yield from (record for place, record in enumerate(records) if place not in damaged)


# ------------------------------------------------------------ events
def _take(event: bytes, folder: str, run: _Run, names: Expansion) -> None:
    time, step, summaries = 0.0, 0, []
    for number, value in fields_of(event):
        if number == _TIME:
            time = double(value)
        elif number == _STEP:
            step = whole(value)
        elif number == _SUMMARY:
            summaries.append(message(value))
    for summary in summaries:
        for number, value in fields_of(summary):
            if number == 1:
                _take_value(message(value), (step, time), folder, run, names)


def _take_value(
    value: bytes, at: tuple[int, float], folder: str, run: _Run, names: Expansion
) -> None:
    parts = dict(fields_of(value))
    tag = text(parts.get(1))[:_LONGEST_TAG]
    if tag.startswith(_HPARAMS):
        run.params |= _hparams(message(parts.get(9)))
        return
    number = _number(parts, run)
    if number is None:
        kind = next((word for key, word in _KINDS.items() if key in parts), "nothing")
        run.other[_called(tag, folder), kind] += 1
        return
    name = _called(tag, folder)
    if name not in run.logged:
        names.take(0, repr(name))
        run.logged[name] = Series()
    run.logged[name].add(at[0], at[1], number)


def _called(tag: str, folder: str) -> str:
    """Give a curve's name: what `add_scalars` wrote into the folder `group_name` is called `group/name`."""
    group = tag.replace("/", "_") + "_"
    if folder.startswith(group):
        return f"{tag}/{folder.removeprefix(group)}"
    is_time = folder.replace(".", "", 1).isdigit()
    return tag if is_time or not folder else f"{folder}/{tag}"


def _number(parts: Mapping[int, int | float | bytes], run: _Run) -> float | None:
    if 2 in parts:
        run.single = True
        return double(parts[2])
    if 8 not in parts:
        return None
    return _of_tensor(message(parts[8]), run)


def _of_tensor(tensor: bytes, run: _Run) -> float | None:
    """Give the number of a tensor without dimensions, None for anything else."""
    parts = dict(fields_of(tensor))
    kind = whole(parts.get(1))
    shape = [value for number, value in fields_of(message(parts.get(2))) if number == 2]
    if shape:
        return None
    form, listed = _FORMS.get(kind, ("", 0))
    if not form:
        return None
    run.single = run.single or kind == _FLOAT
    content = message(parts.get(4))
    if content:
        return (
            float(struct.unpack(form, content)[0])
            if len(content) == struct.calcsize(form)
            else None
        )
    value = parts.get(listed)
    if isinstance(value, bytes) and form in ("<f", "<d"):
        return double(value)
    if isinstance(value, bytes):
        value = next((number for _, number in fields_of(b"\x08" + value)), None)
    return float(whole(value))


_FORMS = {
    _FLOAT: ("<f", 5), _DOUBLE: ("<d", 6), _INT32: ("<i", 7), _INT64: ("<q", 10), _BOOL: ("<?", 11),
}  # fmt: skip
"""How a tensor's number lies in its bytes, and the field it stands in when it does not."""


def _hparams(metadata: bytes) -> dict[str, Scalar]:
    """Give the params out of what `add_hparams` wrote: a map of names to values in the plugin's own message."""
    plugin = message(one_of(metadata, 1))
    session = message(one_of(message(one_of(plugin, 2)), 3))
    found: dict[str, Scalar] = {}
    for number, entry in fields_of(session):
        if number == 1:
            pair = dict(fields_of(message(entry)))
            found[text(pair.get(1))] = _value(message(pair.get(2)))
    return found


def _value(value: bytes) -> Scalar:
    parts = dict(fields_of(value))
    if 3 in parts:
        return text(parts[3])
    if 4 in parts:
        return bool(whole(parts[4]))
    real = double(parts.get(2))
    return int(real) if real.is_integer() and abs(real) < 2**53 else real
