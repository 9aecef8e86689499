"""What a bundle holds beside its tables: files kept as they are, and arrays. Values only; each is one object.

Their names are paths below the bundle, by the rules of paths in manifests, so that each can be a file on every system.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from plotter2.datter import axes, codes
from plotter2.datter.axes import Axis, Coordinate, axes_json
from plotter2.errors import DataError, ExitCode
from plotter2.manifest.names import ALLOWED, FILE_PATH, folded, folders_above, is_file_path

_NAMED = 5
_PLAIN_TYPE = re.compile(r"[<>|=]?([fiucmM])(\d+)(\[.+\])?")
_WORD_OF = {
    "f": "float",
    "i": "int",
    "u": "uint",
    "c": "complex",
    "M": "datetime",
    "m": "timedelta",
}


class StoredFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of a bundle: its SHA-256, its size, and what kind of file its name and first bytes say it is."""

    digest: str
    bytes: int
    media: str


class StoredArray(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """An array of a bundle: an NPY file as an object. `dtype` is as NumPy writes it: `<f4`.

    `axes` has one for each dimension, or none when nothing is known of any; then the description does not say so.
    """

    digest: str
    bytes: int
    dtype: str
    shape: tuple[int, ...]
    axes: tuple[Axis, ...] = ()

    def coordinate(self, axis: int) -> StoredArray | None:
        """Give the values along an axis as an array of their own; None when there are none."""
        found = self.axes[axis].coordinate if self.axes else None
        if found is None:
            return None
        return StoredArray(
            digest=found.digest, bytes=found.bytes, dtype=found.dtype, shape=(self.shape[axis],)
        )

    @property
    def media(self) -> str:
        """Give what kind of file it is."""
        return "application/x-npy"


@dataclass(frozen=True, slots=True)
class Held:
    """How many files and arrays a bundle keeps, and their bytes together. It is false when there are none."""

    files: int = 0
    arrays: int = 0
    bytes: int = 0

    def __bool__(self) -> bool:
        return bool(self.files or self.arrays)

    def as_json(self) -> dict[str, int]:
        """Give it as plain JSON values."""
        return {"files": self.files, "arrays": self.arrays, "held_bytes": self.bytes}


NOTHING_HELD = Held()


def objects_of(
    files: Mapping[str, StoredFile], arrays: Mapping[str, StoredArray]
) -> dict[str, int]:
    """Give the objects that hold them, and the coordinates of the arrays: digest -> bytes."""
    return {held.digest: held.bytes for _, _, held in entries_of(files, arrays)}


def entries_of(
    files: Mapping[str, StoredFile], arrays: Mapping[str, StoredArray]
) -> Iterator[tuple[str, str, StoredFile | StoredArray | Coordinate]]:
    """Give all that has an object, each with its kind and a path that is the only one of this kind."""
    for path, file in files.items():
        yield "file", path, file
    for path, array in arrays.items():
        yield "array", path, array
        for number, coordinate in axes.coordinates_of(array.axes):
            yield "coordinate", f"{path}/{number}", coordinate


def contents_of(
    files: Mapping[str, StoredFile], arrays: Mapping[str, StoredArray]
) -> dict[str, Any]:
    """Give what a bundle's content is named by, of those that it has: what a file is taken for does not count."""
    held: dict[str, Any] = {}
    if files:
        held["files"] = {path: file.digest for path, file in files.items()}
    if arrays:
        held["arrays"] = dict(arrays)
    return held


def files_json(files: Mapping[str, StoredFile]) -> dict[str, dict[str, Any]]:
    """Give files of a bundle as plain JSON values."""
    return {path: {"bytes": file.bytes, "media": file.media} for path, file in files.items()}


def type_name(dtype: str) -> str:
    """Give what people call the type of an array: `<f4` is float32, `|b1` is bool, `<U2` is text."""
    if found := _PLAIN_TYPE.fullmatch(dtype):
        return f"{_WORD_OF[found[1]]}{8 * int(found[2])}{found[3] or ''}"
    letter = dtype.lstrip("<>|=")[:1]
    return {"b": "bool", "U": "text", "S": "text"}.get(letter, dtype)


def arrays_json(arrays: Mapping[str, StoredArray]) -> dict[str, dict[str, Any]]:
    """Give arrays of a bundle as plain JSON values."""
    return {
        name: {
            "shape": list(array.shape),
            "dtype": array.dtype,
            "bytes": array.bytes,
            **({"axes": axes_json(array.axes)} if array.axes else {}),
        }
        for name, array in arrays.items()
    }


def check_paths(bundle: str, paths: Mapping[str, Any]) -> None:
    """Raise DataError (P2-D0925) unless every path of a bundle's files or arrays is well formed and there once."""
    for path, why in misfits(paths):
        raise DataError(
            codes.BAD_PATH,
            f"{bundle!r} cannot hold {path!r}: {why}",
            where=bundle,
            help=f"rename the file: it can be {ALLOWED[FILE_PATH]}",
        )


def held(
    bundle: str, path: str, files: Mapping[str, StoredFile], arrays: Mapping[str, StoredArray]
) -> StoredFile | StoredArray:
    """Give the file, else the array, that a bundle keeps under a path. Raises DataError (P2-D0927)."""
    found = files.get(path) or arrays.get(path)
    if found is None:
        raise _not_held(bundle, path, (*files, *arrays))
    return found


def _not_held(bundle: str, path: str, there: Sequence[str]) -> DataError:
    near = difflib.get_close_matches(path, there, n=1)
    listed = ", ".join(there[:_NAMED]) + (f", ... ({len(there)} in all)" if there[_NAMED:] else "")
    return DataError(
        codes.NO_SUCH_FILE,
        f"{bundle!r} keeps no file and no array {path!r}"
        if there
        else f"{bundle!r} keeps no files and no arrays",
        where=bundle,
        help=f"did you mean {near[0]!r}?"
        if near
        else f"it keeps: {listed}"
        if there
        else f"plotter2 show {bundle} tells what it holds",
        exit_code=ExitCode.USAGE,
    )


def misfits(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give the paths that cannot stand beside those before them, each with the reason."""
    there = Paths()
    for path in paths:
        if why := there.misfit(path):
            yield path, why
        else:
            there.add(path)


class Paths:
    """Paths that stand beside each other on every system, also where several spellings are one file."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}
        self._around: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def add(self, path: str) -> None:
        """Take a path, and the folders that it needs."""
        here = folded(path)
        self._taken[here] = path
        self._around.update(dict.fromkeys(folders_above(here), path))

    def misfit(self, path: str) -> str:
        """Say why a path cannot stand beside those that are there; "" when it can."""
        here = folded(path)
        if not is_file_path(path):
            return "not every system can have a file of this name"
        if here in self._taken:
            return f"it is one file with {self._taken[here]!r} on some systems"
        if here in self._around:
            return f"it is the folder of {self._around[here]!r} on some systems"
        above = next((self._taken[each] for each in folders_above(here) if each in self._taken), "")
        return f"{above!r} is a file, and no folder, on some systems" if above else ""

    def numbered(self, path: str) -> str:
        """Give the path with the least number behind it, from 2 on, that fits; a number must fit behind it."""
        number = self._numbers.get(path, 2)
        while self.misfit(f"{path}-{number}"):
            number += 1
        self._numbers[path] = number  # what is taken stays so: the next one need not begin anew
        return f"{path}-{number}"
