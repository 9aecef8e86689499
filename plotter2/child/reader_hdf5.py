"""HDF5 files as tables: what a file says of itself is looked through before any value is read.

The only door to h5py. A file may ask for parts of other files (external links and storage, virtual datasets): such a
file is refused as a whole. What refers to something inside it is not followed, but for the scales of a dataset's axes:
of these only the place in the file is looked at, where a dataset was read already or is not.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final

import h5py
import numpy as np
from h5py import h5a, h5d, h5g, h5l, h5o, h5r, h5s, h5t, h5z

from logger2.identity import Scalar
from plotter2.child import reader_codes as codes
from plotter2.child.reader_grids import Grid, ReadGroup, grouped, scalar_of
from plotter2.child.reader_limits import DEPTH, Expansion, ReadingLimits
from plotter2.child.reader_scales import NAMES_ONLY, AxisSaid, Scales, is_name_only, with_axes
from plotter2.errors import DataError
from plotter2.printable import first_line

MAGIC: Final = b"\x89HDF\r\n\x1a\n"
_FAILURES = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, SystemError)
"""What h5py raises for a damaged file, by the layer that noticed it."""
_FILTERS = (
    h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32, h5z.FILTER_SCALEOFFSET, h5z.FILTER_NBIT,
    h5z.FILTER_LZF,
)  # fmt: skip
_PLAIN = (h5t.INTEGER, h5t.FLOAT, h5t.ENUM, h5t.STRING)
_WORDS = {
    h5t.REFERENCE: "references", h5t.VLEN: "lists of different lengths", h5t.OPAQUE: "bytes without meaning",
    h5t.BITFIELD: "bit fields", h5t.TIME: "times in a form that HDF5 gave up",
}  # fmt: skip
_UNIT_NAMES = ("units", "unit")
_BLOCK_BYTES = 1 << 22
_LONGEST_ATTRIBUTE = 64 << 10
_REFERENCE_BYTES = 64
_MOST_SCALES = 2
"""So many scales of an axis are looked at: the first is kept, the second tells that there are more."""


@dataclass(slots=True)
class _Group:
    """A group of the file while it is read: its arrays, its attributes, the groups in it."""

    path: str
    grids: list[Grid] = field(default_factory=list)
    axes: dict[str, list[AxisSaid]] = field(default_factory=dict)
    params: dict[str, Scalar] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    inside: list[_Group] = field(default_factory=list)


def read_hdf5(data: memoryview, where: str, limits: ReadingLimits) -> tuple[ReadGroup, ...]:
    """Read the groups of a file, the file itself first; those without arrays below them give their params only.

    Raises DataError: P2-D0933 (no HDF5 file, damaged), P2-D0931 (parts of other files), P2-D0936 (unknown packing),
    P2-D0930, P2-D0937, P2-D0850 (expansion, parts, depth), and for tables as `grouped`.
    """
    try:
        with h5py.File(_Bytes(data), "r") as file:
            walk = _Walk(where, limits, Expansion(len(data), where))
            groups = list(_all(walk.group(file.id, "", 0)))
    except _FAILURES as error:
        raise _bad(where, error) from None
    for group in groups:
        walk.label(group)
    return tuple(
        grouped(g.path, g.grids, where, limits, params=g.params, left_out=g.left_out)
        for g in groups
    )


def _all(group: _Group) -> Iterator[_Group]:
    yield group
    for inner in group.inside:
        yield from _all(inner)


class _Walk:
    """One look through a file."""

    def __init__(self, where: str, limits: ReadingLimits, expansion: Expansion) -> None:
        self._where = where
        self._limits = limits
        self._expansion = expansion
        self._seen: set[int] = set()
        self._scales = Scales()

    def group(self, group: Any, path: str, depth: int) -> _Group:
        """Read a group and all below it."""
        if depth > DEPTH:
            raise self._refused(
                codes.TOO_DEEP,
                f" has groups more than {DEPTH} levels deep",
                "write the groups less deeply one inside the other",
            )
        self._seen.add(h5o.get_info(group).addr)
        found = _Group(path, params=dict(self._attributes(group)))
        for raw in sorted(group):
            name = raw.decode("utf-8", "replace")
            self._expansion.take(0, repr(name))
            why = self._link(group, raw, name)
            if why:
                found.left_out[name] = why
                continue
            self._object(group, raw, name, found, depth)
        return found

    def _link(self, group: Any, raw: bytes, name: str) -> str:
        """Tell why a link is not followed; "" for a plain one."""
        kind = group.links.get_info(raw).type
        if kind == h5l.TYPE_HARD:
            return ""
        if kind == h5l.TYPE_SOFT:
            return "it is a link to another place in the file, which is not followed"
        raise self._outside(name, "is a link to another file")

    def _object(self, group: Any, raw: bytes, name: str, found: _Group, depth: int) -> None:
        child = h5o.open(group, raw)
        if h5o.get_info(child).addr in self._seen:
            found.left_out[name] = "it was read under another name"
            return
        if isinstance(child, h5g.GroupID):
            below = f"{found.path}/{name}".lstrip("/")
            found.inside.append(self.group(child, below, depth + 1))
            return
        if not isinstance(child, h5d.DatasetID):
            return
        place = h5o.get_info(child).addr
        self._seen.add(place)
        why = self._require_own(child, name)
        if why:
            found.left_out[name] = why
            return
        attributes = dict(self._attributes(child))
        unit = next((str(attributes[u]) for u in _UNIT_NAMES if u in attributes), "")
        grid = Grid(name, self._values(child, name), unit)
        self._scales.add(place, grid, attributes)
        if is_name_only(attributes):
            found.left_out[name] = NAMES_ONLY
            return
        found.grids.append(grid)
        if grid.values.ndim > 1:
            found.axes[name] = self._axes(child, grid.values.ndim)

    def label(self, group: _Group) -> None:
        """Give the arrays of a group their axes, when all datasets are known."""
        group.grids = [
            with_axes(grid, self._scales.axes(grid, group.axes[grid.name], group.left_out))
            if grid.name in group.axes
            else grid
            for grid in group.grids
        ]

    # -------------------------------------------------------- before values are read
    def _require_own(self, dataset: Any, name: str) -> str:
        """Refuse what lies in other files or cannot be unpacked; tell why values are left out, "" if they are not."""
        plan = dataset.get_create_plist()
        if plan.get_external_count():
            raise self._outside(name, "keeps its values in another file")
        if plan.get_layout() == h5d.VIRTUAL:
            raise self._outside(name, "is put together from other files")
        for number in range(plan.get_nfilters()):
            code = plan.get_filter(number)[0]
            if code not in _FILTERS:
                raise self._refused(
                    codes.UNKNOWN_PACKING,
                    f": the values of {name!r} are packed with the HDF5 filter {code}, which is not here",
                    "pack them with gzip instead, for example with: h5repack -f GZIP=4 FILE NEW",
                )
        space, kind = dataset.get_space(), dataset.get_type()
        why = _unreadable(kind)
        if why or space.get_simple_extent_type() == h5s.NULL:
            return why or "it has no values"
        size = kind.get_size()
        self._expansion.take(prod(space.get_simple_extent_dims()) * size, repr(name))
        if plan.get_layout() == h5d.CHUNKED:
            self._expansion.take(prod(plan.get_chunk()) * size, f"a block of {name!r}")
        return ""

    def _outside(self, name: str, what: str) -> DataError:
        return self._refused(
            codes.POINTS_OUTSIDE,
            f": {name!r} {what}, which is not opened",
            "write everything into one file, for example with: h5repack, or h5py's File.copy",
        )

    def _refused(self, code: str, what: str, remedy: str) -> DataError:
        return DataError(code, f"{self._where}{what}", where=self._where, help=remedy)

    # -------------------------------------------------------- values
    def _values(self, dataset: Any, name: str) -> Any:
        values = h5py.Dataset(dataset)
        if values.shape and any(map(_holds_text, _types(values.dtype))):
            return self._texts(values, name)
        return values[()]

    def _texts(self, values: Any, name: str) -> Any:
        """Read texts in blocks: many may point to the same long one, so what they take is not known before."""
        pieces, start, step = [], 0, 1
        while start < len(values):
            piece = values[start : start + step]
            size = sum(len(cell) for part in _texts_in(piece) for cell in part if cell)
            self._expansion.take(size, repr(name))
            pieces.append(piece)
            start += step
            if size < _BLOCK_BYTES:
                step *= 2
        return np.concatenate(pieces) if pieces else values[()]

    def _attributes(self, thing: Any) -> Iterator[tuple[str, Scalar]]:
        """Give what is said of a group or dataset in single numbers and short texts; nothing else is read."""
        for place in range(h5a.get_num_attrs(thing)):
            attribute = h5a.open(thing, index=place)
            kind, space = attribute.get_type(), attribute.get_space()
            self._expansion.take(0, "an attribute")
            one = (
                space.get_simple_extent_type() != h5s.NULL
                and space.get_simple_extent_npoints() == 1
            )
            if not one or kind.get_class() not in _PLAIN or kind.get_size() > _LONGEST_ATTRIBUTE:
                continue
            name = attribute.name.decode("utf-8", "replace")
            value = np.asarray(h5py.AttributeManager(_Holder(thing))[name]).reshape(-1)
            yield name, scalar_of(value[0])

    # -------------------------------------------------------- axes
    def _axes(self, dataset: Any, rank: int) -> list[AxisSaid]:
        """Give what a dataset says of each of its axes; what is not said in the known way is not said."""
        scales = self._of_axes(dataset, b"DIMENSION_LIST", rank, _is_lists_of_references)
        labels = self._of_axes(dataset, b"DIMENSION_LABELS", rank, _is_text)
        numbers = self._of_axes(dataset, b"_Netcdf4Coordinates", rank, _is_int)
        return [
            AxisSaid(
                self._places(dataset, scales[axis]) if scales is not None else (),
                str(scalar_of(labels[axis]) or "") if labels is not None else "",
                int(numbers[axis]) if numbers is not None else None,
            )
            for axis in range(rank)
        ]

    def _of_axes(
        self, dataset: Any, name: bytes, rank: int, is_known: Callable[[Any], bool]
    ) -> Any:
        """Give an attribute with one value for each axis; None when it is none, or of another type."""
        if not h5a.exists(dataset, name):
            return None
        attribute = h5a.open(dataset, name)
        self._expansion.take(0, "an attribute")
        if attribute.shape != (rank,) or not is_known(attribute.get_type()):
            return None
        return h5py.AttributeManager(_Holder(dataset))[name.decode()]

    def _places(self, dataset: Any, references: Any) -> tuple[int, ...]:
        """Give the places of objects in this file; 0, where nothing is, for a reference that leads to none."""
        self._expansion.take(len(references) * _REFERENCE_BYTES, "a list of references")
        return tuple(_place_of(reference, dataset) for reference in references[:_MOST_SCALES])


def _place_of(reference: Any, dataset: Any) -> int:
    try:
        return int(h5o.get_info(h5r.dereference(reference, dataset)).addr) if reference else 0
    except _FAILURES:
        return 0


def _is_lists_of_references(kind: Any) -> bool:
    """Tell whether a type is that of DIMENSION_LIST, whose references cannot lead to another file."""
    return bool(kind.get_class() == h5t.VLEN and kind.get_super().equal(h5t.STD_REF_OBJ))


def _is_text(kind: Any) -> bool:
    return bool(kind.get_class() == h5t.STRING)


def _is_int(kind: Any) -> bool:
    return bool(kind.get_class() == h5t.INTEGER)


@dataclass(frozen=True)
class _Holder:
    """What h5py wants to find around an id."""

    id: Any


def _unreadable(kind: Any) -> str:
    """Tell why values of a type are not read, "" if they are. Nothing but the type is looked at."""
    group = kind.get_class()
    if _is_plain(kind):
        return ""
    if group == h5t.ARRAY:
        return "" if kind.get_super().get_class() in (h5t.INTEGER, h5t.FLOAT) else "it holds lists"
    if group == h5t.COMPOUND:
        members = (kind.get_member_type(place) for place in range(kind.get_nmembers()))
        return "" if all(map(_is_plain, members)) else "its records hold more than values"
    return f"it holds {_WORDS.get(group, 'values of an unknown type')}"


def _is_plain(kind: Any) -> bool:
    """Tell whether a type is of single values; complex numbers are a record of two of them, or a type of their own."""
    if kind.get_class() in _PLAIN:
        return True
    return kind.get_class() in (h5t.COMPOUND, h5t.COMPLEX) and kind.dtype.kind == "c"


def _types(dtype: Any) -> list[Any]:
    return [dtype[name] for name in dtype.names] if dtype.names else [dtype]


def _holds_text(dtype: Any) -> bool:
    return h5py.check_string_dtype(dtype) is not None and dtype.kind == "O"


def _texts_in(piece: Any) -> Iterator[Any]:
    if not piece.dtype.names:
        yield piece.reshape(-1)
        return
    for name in piece.dtype.names:
        if piece.dtype[name].kind == "O":
            yield piece[name].reshape(-1)


class _Bytes(io.RawIOBase):
    """Sealed memory as an open file; h5py reads it where it lies."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._place = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that every place can be reached."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: len(self._data)}[whence]
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        """Give the place."""
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read into the buffer; gives how many bytes there were."""
        target = memoryview(buffer).cast("B")
        piece = self._data[self._place :][: len(target)]
        target[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)


def _bad(where: str, error: BaseException) -> DataError:
    return DataError(
        codes.BAD_HDF5,
        f"{where} cannot be read as an HDF5 file: it is damaged, or its writer did not close it",
        where=where,
        help="close or flush the file where it is written, then add it again; h5clear -s FILE mends some",
        note=f"HDF5 says: {first_line(str(error)) or type(error).__name__}",
    )
