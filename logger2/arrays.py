"""The bytes, kind and shape of an array, by the buffer protocol or `__array_interface__`; numpy is never imported."""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence

_KINDS = {
    "b": "i",
    "h": "i",
    "i": "i",
    "l": "i",
    "q": "i",
    "n": "i",
    "B": "u",
    "H": "u",
    "I": "u",
    "L": "u",
    "Q": "u",
}
_KINDS |= {"N": "u", "e": "f", "f": "f", "d": "f", "?": "b"}


class RawArray:
    """Little-endian bytes in row order; `code` is a numpy typestr such as `<f4`."""

    __slots__ = ("code", "data", "shape")

    def __init__(self, data: bytes | memoryview, code: str, shape: Sequence[int]) -> None:
        self.data = data
        self.code = code
        self.shape = tuple(shape)


def raw_array(array: object) -> RawArray:
    """Give an array's bytes; tensors are brought to the processor first.

    Raises TypeError when it is no array, or one of objects, text or structures.
    """
    array = _as_host_array(array)
    interface = getattr(array, "__array_interface__", None)
    if isinstance(interface, dict):
        return _from_interface(array, str(interface["typestr"]), tuple(interface["shape"]))
    try:
        view = memoryview(array)  # type: ignore[arg-type] # this is the question
    except TypeError:
        raise TypeError(
            f"{type(array).__name__} is no array: it needs the buffer protocol"
        ) from None
    return RawArray(_row_order(view), _code_of_format(view.format), view.shape or ())


def _as_host_array(array: object) -> object:
    for method in ("detach", "cpu", "numpy"):
        convert = getattr(array, method, None)
        if callable(convert) and not hasattr(array, "__array_interface__"):
            array = convert()
    return array


def _from_interface(array: object, typestr: str, shape: tuple[int, ...]) -> RawArray:
    if typestr[1] not in "biufc":
        raise TypeError(
            f"arrays of kind {typestr} are not recorded; only numbers and truth values are"
        )
    little = typestr if typestr[0] in "<|" else "<" + typestr[1:]
    if little != typestr:
        array = array.astype(little)  # type: ignore[attr-defined] # as every such array has
    tobytes = getattr(array, "tobytes", None)
    data = tobytes() if callable(tobytes) else _row_order(memoryview(array))  # type: ignore[arg-type] # same
    return RawArray(data, little, shape)


def _row_order(view: memoryview) -> bytes | memoryview:
    return view.cast("B") if view.c_contiguous and view.nbytes else view.tobytes()


def _code_of_format(text: str) -> str:
    order, letter = (text[0], text[1:]) if text[0] in "@=<>!" else ("@", text)
    big = order in ">!" or (order in "@=" and sys.byteorder == "big")
    if letter not in _KINDS or (big and struct.calcsize(letter) > 1):
        raise TypeError(f"arrays of buffer format {text!r} are not recorded")
    size = struct.calcsize(letter if order == "@" else "=" + letter)
    return f"{'<' if size > 1 else '|'}{_KINDS[letter]}{size}"
