"""From bytes to plain JSON values, strictly: one object, no key twice, no word that JSON does not know, not too deep.

Every mistake is told with its place; what is below one that cannot be read is not looked at.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn

from plotter2.manifest import codes
from plotter2.manifest.mistakes import Mistake, at_key, at_place, quoted

MOST_BYTES = 64 << 20
MOST_VALUES = 2_000_000
DEEPEST = 64
_LONGEST_NUMBER = 400
_PLAIN = "write a manifest as one JSON object in UTF-8; plotter2 pack makes them"


class Unreadable(Exception):
    """The bytes are no JSON object; `mistake` says why."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


class _Doubled(dict[str, Any]):
    """An object in which a key is there twice."""

    twice: str


def plain(data: bytes) -> dict[str, Any]:
    """Give the object that the bytes hold; a key that is there twice is told by `forms`. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise _unreadable(
            f"the manifest has {len(data):,} bytes; {MOST_BYTES:,} is the most",
            help="pack the parts of the experiment one by one",
        )
    values = sum(map(data.count, (b",", b"[", b"{")))
    if values > MOST_VALUES:
        raise _unreadable(
            f"the manifest holds about {values:,} values; {MOST_VALUES:,} is the most",
            help="pack the parts of the experiment one by one",
        )
    try:
        found = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_number,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _unreadable(f"the manifest is no JSON: {_lowered(error.msg)}", where) from None
    except UnicodeDecodeError as error:
        raise _unreadable("the manifest is no UTF-8", f"byte {error.start}") from None
    except RecursionError:
        raise _too_deep("") from None
    if not isinstance(found, dict):
        raise _unreadable("the manifest is no JSON object")
    _check_depth(found)
    return found


def forms(found: dict[str, Any]) -> Iterator[Mistake]:
    """Give what is wrong with plain values whatever they are meant to be: keys twice, odd text and numbers."""
    yield from _forms(found, "$")


def _forms(value: Any, path: str) -> Iterator[Mistake]:
    if isinstance(value, dict):
        yield from _of_keys(path, value)
        for key, inner in value.items():
            if not _is_plain(inner):
                yield from _forms(inner, at_key(path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            if not _is_plain(inner):
                yield from _forms(inner, at_place(path, place))
    elif isinstance(value, str):
        yield from _of_text(path, value)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Mistake(
            codes.NOT_JSON,
            "this number is larger than any that can be kept",
            path,
            "write it as text, or as null",
        )


def _is_plain(value: Any) -> bool:
    """Tell in a moment whether nothing can be wrong with a value: most are short and simple."""
    if isinstance(value, str):
        return value.isascii()
    return value is None or isinstance(value, int)


def _check_depth(found: dict[str, Any]) -> None:
    level: list[tuple[str, Any]] = [("$", found)]
    for _ in range(DEEPEST):
        level = [inner for path, value in level for inner in _nested(path, value)]
    if level:
        raise _too_deep(level[0][0])


def _nested(path: str, value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    """Give the objects and lists inside a value that hold something themselves."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                yield at_key(path, key), inner
    else:
        for place, inner in enumerate(value):
            if isinstance(inner, dict | list) and inner:
                yield at_place(path, place), inner


def _of_keys(path: str, value: dict[str, Any]) -> Iterator[Mistake]:
    if isinstance(value, _Doubled):
        yield Mistake(
            codes.NOT_JSON,
            f"the key {quoted(value.twice)} is there twice",
            at_key(path, value.twice),
            "keep one of the two",
        )
    for key in value:
        if not key.isascii():
            yield from _of_text(at_key(path, key), key)


def _of_text(path: str, value: str) -> Iterator[Mistake]:
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        yield Mistake(
            codes.NOT_JSON,
            "this text holds half of a character (a lone surrogate)",
            path,
            "write the whole character",
        )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    seen: set[str] = set()
    doubled = _Doubled(made)
    for key, _ in pairs:
        if key in seen:
            doubled.twice = key
            break
        seen.add(key)
    return doubled


def _no_constant(word: str) -> NoReturn:
    raise _unreadable(f"the manifest holds {word}, which is no JSON", help="write it as text")


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise _unreadable(
            f"the manifest holds a number of {len(digits)} digits", help="write it as text"
        )
    return int(digits)


def _number(digits: str) -> float:
    if len(digits) > _LONGEST_NUMBER:
        raise _unreadable(
            f"the manifest holds a number of {len(digits)} digits", help="write it as text"
        )
    return float(digits)


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]


def _too_deep(path: str) -> Unreadable:
    said = f"the manifest is nested more than {DEEPEST} levels deep"
    return _unreadable(said, path, "move what is so deep into a file of the package")


def _unreadable(message: str, path: str = "", help: str = _PLAIN) -> Unreadable:
    return Unreadable(Mistake(codes.NOT_JSON, message, path, help))
