"""Whether plain values fit the annotated classes of `model`; all mistakes are told, not only the first.

The classes are read through `msgspec.inspect`, so the same annotations make the published JSON Schemas.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import inspect as types

from plotter2.manifest import codes, names
from plotter2.manifest.mistakes import Mistake, at_key, at_place, quoted

_NO_KEY = "remove it, or put it under meta, where every key is allowed"


def fits(value: Any, form: types.Type, path: str) -> Iterator[Mistake]:
    """Give what keeps a value from being of this type."""
    check = _CHECKS.get(type(form))
    if check is not None:  # else anything is allowed
        yield from check(value, form, path)


def _struct(value: Any, form: types.StructType, path: str) -> Iterator[Mistake]:
    if not isinstance(value, dict):
        yield _wrong(path, f"this is {_kind(value)}", "write an object in braces")
        return
    fields = {field.encode_name: field for field in form.fields}
    for key, inner in value.items():
        if key in fields:
            yield from fits(inner, fields[key].type, at_key(path, key))
        elif key != form.tag_field:
            near = difflib.get_close_matches(key, fields, n=1)
            help = f"did you mean {near[0]!r}? else {_NO_KEY}" if near else _NO_KEY
            yield _wrong(at_key(path, key), f"there is no key {quoted(key)}", help)
    for name, field in fields.items():
        if field.required and name not in value:
            yield _wrong(path, f"the key {name!r} is missing", f"add {name!r}: {_example(name)}")


_EXAMPLES = {
    "date": '"2026-11-24"', "time": '"13:05:00"', "user": '"ada"', "meta": "{}", "contains": '["steps.csv"]',
    "files": '["steps.csv"]', "name": '"steps"', "file": '"params.json"', "sha256": "64 hex digits",
    "bytes": "the size of the file", "script": '"plots/loss.p2"', "sidecar": '"plots/loss.p2.sig"',
}  # fmt: skip


def _example(name: str) -> str:
    return f"for example {_EXAMPLES[name]}" if name in _EXAMPLES else "it is needed"


def _union(value: Any, form: types.UnionType, path: str) -> Iterator[Mistake]:
    chosen = next((one for one in form.types if _is_meant(value, one)), None)
    if chosen is not None:
        yield from fits(value, chosen, path)
        return
    if isinstance(value, dict) and (tagged := _by_tag(form)):
        listed = ", ".join(repr(tag) for tag in tagged)
        said = (
            f"the kind {quoted(value['kind'])} is not known"
            if "kind" in value
            else "the key 'kind' is missing"
        )
        yield _wrong(at_key(path, "kind"), said, f"it can be {listed}")
        return
    allowed = " or ".join(dict.fromkeys(_words(one) for one in form.types))
    yield _wrong(path, f"this is {_kind(value)}", f"it can be {allowed}")


_MADE_OF: Mapping[type, type] = {
    types.NoneType: type(None), types.BoolType: bool, types.IntType: int, types.FloatType: float,
    types.StrType: str, types.LiteralType: str, types.VarTupleType: list,
}  # fmt: skip


def _is_meant(value: Any, form: types.Type) -> bool:
    """Tell whether a value is meant to be of this type; it may still not fit."""
    if isinstance(form, types.StructType):
        return isinstance(value, dict) and value.get(form.tag_field or "") == form.tag
    meant = _MADE_OF[type(form)]
    return isinstance(value, meant) and (meant is bool or not isinstance(value, bool))


def _by_tag(form: types.UnionType) -> list[str]:
    return [str(one.tag) for one in form.types if isinstance(one, types.StructType)]


def _mapping(value: Any, form: types.DictType, path: str) -> Iterator[Mistake]:
    if not isinstance(value, dict):
        yield _wrong(path, f"this is {_kind(value)}", "write an object in braces")
        return
    for key, inner in value.items():
        yield from fits(key, form.key_type, at_key(path, key))
        yield from fits(inner, form.value_type, at_key(path, key))


def _list(value: Any, form: types.VarTupleType, path: str) -> Iterator[Mistake]:
    if not isinstance(value, list):
        yield _wrong(path, f"this is {_kind(value)}", "write a list in brackets")
        return
    least, most = form.min_length or 0, form.max_length
    if len(value) < least:
        yield _wrong(path, "this list is empty", f"name at least {least}")
    if most is not None and len(value) > most:
        yield _wrong(
            path,
            f"this list has {len(value):,} entries; {most:,} is the most",
            "use several packages",
        )
        return
    for place, inner in enumerate(value):
        yield from fits(inner, form.item_type, at_place(path, place))


def _text(value: Any, form: types.StrType, path: str) -> Iterator[Mistake]:
    if not isinstance(value, str):
        yield _wrong(path, f"this is {_kind(value)}", "write text in quotes")
        return
    if form.max_length is not None and len(value) > form.max_length:
        yield _wrong(
            path,
            f"this text has {len(value):,} characters; {form.max_length:,} is the most",
            "shorten it, or put it into a file of the package",
        )
    elif form.pattern is not None and not _compiled(form.pattern).search(value):
        yield _misnamed(value, form.pattern, path)


def _misnamed(value: str, pattern: str, path: str) -> Mistake:
    if pattern in names.ALLOWED:
        return Mistake(
            codes.BAD_NAME,
            f"{quoted(value)} is not allowed here",
            path,
            f"use {names.ALLOWED[pattern]}",
        )
    return _wrong(
        path,
        f"{quoted(value)} cannot be read",
        f"write it like {_LIKE.get(path[2:], '64 hex digits')}",
    )


_LIKE = {"date": "2026-11-24", "time": "13:05:00", "timezone": "UTC, +01:00 or Europe/Berlin"}


def _number(value: Any, form: types.IntType | types.FloatType, path: str) -> Iterator[Mistake]:
    whole = isinstance(form, types.IntType)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        yield _wrong(path, f"this is {_kind(value)}", f"write a {'whole ' if whole else ''}number")
        return
    low, high = form.ge, form.le
    if (low is not None and value < low) or (high is not None and value > high):
        yield _wrong(path, f"this cannot be {quoted(value)}", f"it lies between {low} and {high}")


def _literal(value: Any, form: types.LiteralType, path: str) -> Iterator[Mistake]:
    if value not in form.values or isinstance(value, bool):
        allowed = ", ".join(quoted(one) for one in form.values)
        yield _wrong(path, f"this cannot be {quoted(value)}", f"it can be {allowed}")


def _flag(value: Any, _: types.BoolType, path: str) -> Iterator[Mistake]:
    if not isinstance(value, bool):
        yield _wrong(path, f"this is {_kind(value)}", "write true or false")


_CHECKS: Mapping[type, Callable[[Any, Any, str], Iterator[Mistake]]] = {
    types.StructType: _struct, types.UnionType: _union, types.DictType: _mapping,
    types.VarTupleType: _list, types.StrType: _text, types.IntType: _number,
    types.FloatType: _number, types.LiteralType: _literal, types.BoolType: _flag,
}  # fmt: skip


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_WORDS: Mapping[type, str] = {
    types.NoneType: "null", types.BoolType: "true or false", types.IntType: "a number",
    types.FloatType: "a number", types.StrType: "text", types.LiteralType: "text",
    types.VarTupleType: "a list",
}  # fmt: skip


def _words(form: types.Type) -> str:
    return _WORDS.get(type(form), "an object")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    names_of = {int: "a number", float: "a number", str: "text", list: "a list"}
    return names_of.get(type(value), "an object")


def _wrong(path: str, message: str, help: str) -> Mistake:
    return Mistake(codes.BAD_VALUE, message, path, help)


@cache
def form_of(version: type) -> types.Type:
    """Give the type of a version's manifests, to be used with `fits`."""
    return types.type_info(version)
