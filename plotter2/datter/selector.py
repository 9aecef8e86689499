"""The text of a selector: `name`, `name/*`, `name/**`, and a table's name after these; the natural order of names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from plotter2.datter import codes
from plotter2.datter.bundle import SEGMENT, slug
from plotter2.datter.ids import is_id_prefix
from plotter2.errors import DataError

_NUMBER = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?)")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A selector, taken apart."""

    base: str
    depth: str
    """'' for the bundle itself, '*' for children, '**' for all below."""
    stream: str | None


def parsed(path: str) -> Pattern:
    """Take a selector apart. Raises DataError (P2-D0815): it is none."""
    parts = path.split("/")
    for part in parts:
        if part not in ("*", "**") and not SEGMENT.match(part) and not is_id_prefix(part):
            raise _bad(path, f"the part {part!r} does not fit")
    stars = [place for place, part in enumerate(parts) if part in ("*", "**")]
    if not stars:
        return Pattern(path, "", None)
    place = stars[0]
    if len(stars) > 1 or place < len(parts) - 2:
        raise _bad(path, "'*' and '**' stand at the end, at most a table's name follows")
    stream = parts[-1] if place == len(parts) - 2 else None
    return Pattern("/".join(parts[:place]), parts[place], stream)


def natural(text: str) -> tuple[tuple[bool, float, str], ...]:
    """Give a sort key in which run2 comes before run10, and lr=0.003 before lr=0.01."""
    parts = _NUMBER.split(text)
    return tuple(
        (bool(place % 2), float(part) if place % 2 else 0.0, part)
        for place, part in enumerate(parts)
    )


def _bad(path: str, why: str) -> DataError:
    forms = "write name, name/*, name/** or name/*/table; for example 'experiment2/*'"
    meant = "/".join(part if part in ("*", "**") else slug(part) for part in path.split("/"))
    return DataError(
        codes.BAD_NAME,
        f"{path!r} is not a selector: {why}",
        where=path,
        help=forms if meant == path else f"did you mean {meant!r}? {forms}",
    )
