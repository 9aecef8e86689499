"""What a bundle keeps beside its tables, for Python: files and arrays, as bytes or copied to a file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from plotter2.datter import objects
from plotter2.datter.bundle import Bundle
from plotter2.datter.holdings import StoredArray, StoredFile, held
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.staging.shipping import new_file


@dataclass(frozen=True, slots=True)
class KeptAxis:
    """An axis of an array: its name and the unit along it ("" = not known), and its coordinate, an NPY file, if any."""

    name: str
    unit: str
    coordinate: Kept | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A file or an array (an NPY file) of a bundle; `media` is what kind of file it is, `shape` an array's."""

    store: Store
    path: str
    held: StoredFile | StoredArray

    @property
    def size(self) -> int:
        """Give how many bytes it has."""
        return self.held.bytes

    @property
    def sha256(self) -> str:
        """Give the SHA-256 of its bytes."""
        return self.held.digest

    @property
    def media(self) -> str:
        """Give what kind of file its name and its first bytes say it is."""
        return self.held.media

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Give the shape of an array; None of a file."""
        return self.held.shape if isinstance(self.held, StoredArray) else None

    @property
    def dtype(self) -> str | None:
        """Give the type of an array's values as NumPy writes it; None of a file."""
        return self.held.dtype if isinstance(self.held, StoredArray) else None

    @property
    def axes(self) -> tuple[KeptAxis, ...]:
        """Give the axes of an array, one for each dimension; none of a file, and when nothing is known of them."""
        if not isinstance(self.held, StoredArray):
            return ()
        return tuple(self._axis(self.held, number) for number in range(len(self.held.axes)))

    def _axis(self, array: StoredArray, number: int) -> KeptAxis:
        axis, along = array.axes[number], array.coordinate(number)
        kept = Kept(self.store, f"{self.path}/{number}", along) if along else None
        return KeptAxis(axis.name, axis.coordinate.unit if axis.coordinate else "", kept)

    def pieces(self) -> Iterator[bytes]:
        """Give the bytes piece by piece, compared at the end. Raises DataError (P2-D0816) when they are damaged."""
        return objects.pieces(self.store.layout, self.held.digest, self.held.bytes)

    def read(self) -> bytes:
        """Give all bytes. Raises DataError (P2-D0816) when they are damaged."""
        return b"".join(self.pieces())

    def copy_to(self, to: str | os.PathLike[str]) -> Path:
        """Write the bytes to a new file, durably. Raises DataError: P2-D0816, P2-D0899 when something is there."""
        new_file(Path(to), self.pieces())
        return Path(to)


class KeptBundle:
    """A bundle that is stored; what it holds never changes."""

    def __init__(self, store: Store, row: BundleRow) -> None:
        self._store = store
        self._row = row

    @cached_property
    def description(self) -> Bundle:
        """Give all that its description says. Raises DataError (P2-D0817) when that is damaged."""
        return self._store.bundle(self._row.id)

    @property
    def id(self) -> str:
        """Give the id, which stays for ever."""
        return self._row.id

    @property
    def name(self) -> str:
        """Give the name."""
        return self._row.name

    @property
    def files(self) -> Mapping[str, Kept]:
        """Give the files that are kept as they were, by their paths in the bundle."""
        return {path: Kept(self._store, path, f) for path, f in self.description.files.items()}

    @property
    def arrays(self) -> Mapping[str, Kept]:
        """Give the arrays, by their names."""
        return {name: Kept(self._store, name, a) for name, a in self.description.arrays.items()}

    def file(self, path: str) -> Kept:
        """Give one file, else one array. Raises DataError (P2-D0927) when there is none."""
        described = self.description
        found = held(described.name, path, described.files, described.arrays)
        return Kept(self._store, path, found)
