"""The axes of an array that a bundle keeps: what each is called, and the values along it. Values only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec


class Coordinate(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """The values along an axis, one for each place on it: an NPY file of one dimension as an object."""

    digest: str
    bytes: int
    dtype: str
    unit: str = ""


class Axis(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """One axis of an array. Either may be missing: its name, and its coordinate."""

    name: str = ""
    coordinate: Coordinate | None = None

    def __bool__(self) -> bool:
        return bool(self.name) or self.coordinate is not None


def known(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """Give the axes if anything is known of one of them, else none."""
    return tuple(axes) if any(axes) else ()


def misfit(axes: Sequence[Axis], shape: Sequence[int]) -> str:
    """Say why axes cannot be those of an array of a shape; "" when they can."""
    if not axes:
        return ""
    if len(axes) != len(shape):
        return f"it has {len(shape)} dimensions and {len(axes)} axes"
    odd = next((axis.name for axis in axes if not axis.name.isprintable()), None)
    return "" if odd is None else f"its axis {odd!a} holds characters that cannot be seen"


def coordinates_of(axes: Sequence[Axis]) -> Iterator[tuple[int, Coordinate]]:
    """Give the coordinates with the numbers of their axes."""
    for number, axis in enumerate(axes):
        if axis.coordinate is not None:
            yield number, axis.coordinate


def axes_json(axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """Give axes as plain JSON values."""
    return [_axis_json(axis) for axis in axes]


def _axis_json(axis: Axis) -> dict[str, Any]:
    if axis.coordinate is None:
        return {"name": axis.name, "coordinate": None}
    values = axis.coordinate
    said = {"dtype": values.dtype, "bytes": values.bytes, "unit": values.unit}
    return {"name": axis.name, "coordinate": {**said, "sha256": values.digest}}


def shape_text(shape: Sequence[int], axes: Sequence[Mapping[str, Any]]) -> str:
    """Give a shape as people read it, with the names of the axes: `time 24 x lat 180 x 3`."""
    names = [axis["name"] for axis in axes] or [""] * len(shape)
    sides = [f"{name} {length}".lstrip() for name, length in zip(names, shape, strict=True)]
    return " x ".join(sides) or "one value"
