"""Plain values of scripts, by exact type: the methods each has, the order in which sets go, how each is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FunctionType
from typing import Any, Final

from plotter2.child.python import limits
from plotter2.child.python.facade import FACADES, Facade, Sited, Word, Words, named, unknown, wrong

_STEPS: Final[tuple[type, ...]] = (
    type({}.keys()), type({}.values()), type({}.items()),
    type(iter([])), type(iter(())), type(iter("")), type(iter(range(0))), type(iter({})),
    type(iter({}.values())), type(iter({}.items())),
    zip, enumerate, map, filter, type(reversed([])),
)  # fmt: skip
ITERABLE: Final = frozenset((list, tuple, str, dict, range, set, frozenset, *_STEPS))
INDEXED: Final = frozenset((list, tuple, str, dict, range))
SIMPLE: Final = frozenset((int, float, str, bool, type(None)))
_SPEC: Final = re.compile(
    r"(?:.?[<>=^])?[-+ ]?#?0?(?P<width>\d*)[,_]?(?:\.(?P<precision>\d+))?[bdeEfFgGosxX%]?\Z",
    re.DOTALL,
)
_PERCENT: Final = re.compile(
    r"%(?:(?P<flags>[-+ #0]*+)(?P<width>\d*+)(?:\.(?P<precision>\d++))?(?P<kind>[a-zA-Z%]))?"
)
_BRACKETS: Final[Mapping[type, tuple[str, str]]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
}
_DEEPEST: Final = 20


def iterated(value: Any) -> Iterator[Any]:
    """Give what a loop goes over; sets in order of their elements, so that nothing hangs on their hashes."""
    kind = type(value)
    if kind in (set, frozenset):
        return iter(ordered(value))
    if kind in ITERABLE:
        return iter(value)
    if kind in FACADES and hasattr(kind, "__iter__"):
        return iter(value)
    raise wrong(f"{called(value)} is nothing to go over", "a list, an array or a table is")


def as_key(value: Any) -> Any:
    """Give a key; a tuple in a tuple in a tuple, and so on, is none: its hash goes as deep as it does."""
    if type(value) is tuple:
        level, depth = [value], 1
        while level := [inner for each in level for inner in each if type(inner) is tuple]:
            depth += 1
            if depth > _DEEPEST or len(level) > limits.ITEMS:
                raise limits.too_much(
                    "a key", depth, _DEEPEST, "tuples in each other", "make it flat"
                )
    return value


def ordered(values: Iterable[Any]) -> list[Any]:
    """Give the elements of a set from small to large."""
    try:
        return sorted(values, key=_not_a_number_last)
    except TypeError:
        pass
    if all(type(value) in SIMPLE for value in values):
        return sorted(values, key=lambda value: (type(value).__name__, str(value)))
    raise wrong(
        "the elements of a set have no order", "use a list, or a dict with them as keys"
    ) from None


def _not_a_number_last(value: Any) -> Any:
    # What is no number is neither smaller nor larger than anything: in a tuple it would leave the order to the hashes.
    if type(value) is tuple:
        return (False, tuple(map(_not_a_number_last, value)))
    nothing = type(value) is float and value != value
    return (nothing, 0.0 if nothing else value)


def listed(value: Any) -> list[Any]:
    """Give all that a loop would go over; raises RunError P2-R0693 when it is too much."""
    made = []
    for number, each in enumerate(iterated(value), start=1):
        if number > limits.ITEMS:
            limits.require_items(number)
        made.append(each)
    return made


def keys(values: Any) -> list[Any]:
    """Give all that a loop would go over, each of which can be a key."""
    return list(map(as_key, listed(values)))


# ---- methods ----------------------------------------------------------------------------------


def _join(text: str, parts: Any) -> str:
    found = listed(parts)
    for number, part in enumerate(found):
        if type(part) is not str:
            raise wrong(
                f"element {number} of what is joined is {called(part)}, not text",
                "write str(x) for each",
            )
    limits.require_text(sum(map(len, found)) + len(text) * max(len(found) - 1, 0))
    return text.join(found)


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    times = min(text.count(old), count) if count >= 0 else text.count(old)
    limits.require_text(len(text) + times * max(len(new) - len(old), 0))
    return text.replace(old, new, count)


def _filled(method: Callable[..., str]) -> Callable[..., str]:
    def fill(text: str, width: int, *sign: str) -> str:
        limits.require_text(width)
        return method(text, width, *sign)

    return fill


def _extend(values: list[Any], others: Any) -> None:
    added = listed(others)
    limits.require_items(len(values) + len(added))
    values.extend(added)


def _sort(values: list[Any], key: Any = None, reverse: bool = False) -> None:
    values.sort(key=key, reverse=bool(reverse))


def _update(values: Any, others: Any) -> None:
    if type(values) is dict and type(others) is not dict:
        raise wrong(f"a dict is updated with a dict, not with {called(others)}", "write {name: x}")
    values.update(others if type(others) is dict else keys(others))


def _pop_set(values: set[Any]) -> Any:
    if not values:
        raise KeyError("pop from an empty set")
    first = ordered(values)[0]
    values.remove(first)
    return first


def _of_sets(method: str) -> Callable[..., Any]:
    def run(values: set[Any], others: Any) -> Any:
        return getattr(values, method)(keys(others))

    return run


_TEXT: Final = {
    name: getattr(str, name)
    for name in named(
        """
        capitalize casefold count endswith find index isalnum isalpha isdecimal isdigit islower isspace
        istitle isupper lower lstrip partition removeprefix removesuffix rfind rindex rpartition rsplit rstrip
        split splitlines startswith strip swapcase title upper
        """
    )
} | {
    "join": _join,
    "replace": _replace,
    "center": _filled(str.center),
    "ljust": _filled(str.ljust),
    "rjust": _filled(str.rjust),
    "zfill": _filled(str.zfill),
}  # fmt: skip
_LIST: Final = {
    name: getattr(list, name) for name in named("append clear copy count index insert pop remove reverse")
} | {"extend": _extend, "sort": _sort}  # fmt: skip
_DICT: Final = {
    name: getattr(dict, name) for name in named("clear copy get items keys pop popitem setdefault values")
} | {"update": _update}  # fmt: skip
_SET: Final = {name: getattr(set, name) for name in named("add clear copy discard remove")} | {
    "update": _update,
    "pop": _pop_set,
    **{
        name: _of_sets(name)
        for name in named(
            "difference intersection isdisjoint issubset issuperset symmetric_difference union"
        )
    },
}
METHODS: Final[Mapping[type, Mapping[str, Callable[..., Any]]]] = {
    str: _TEXT,
    list: _LIST,
    dict: _DICT,
    set: _SET,
    tuple: {"count": tuple.count, "index": tuple.index},
    float: {"is_integer": float.is_integer},
    int: {},
    bool: {},
    range: {},
}


def attribute(value: Any, name: str) -> Any:
    """Give what stands behind the dot: an export of a facade or a listed method of a plain value."""
    kind = type(value)
    if kind in FACADES:
        if kind is Words:
            if name in value.members():
                return value.members()[name]
            raise unknown(value.name, name, value.members())
        if name in kind.exports:
            return getattr(value, name)
        raise unknown(called(value), name, kind.exports)
    methods = METHODS.get(kind)
    if methods is not None and name in methods:
        method = methods[name]
        if kind in (dict, set):
            return Word(
                name,
                lambda *given, **options: method(value, *map(as_key, given), **options),
            )
        return Word(name, lambda *given, **options: method(value, *given, **options))
    if kind is str and name in ("format", "format_map"):
        raise wrong("text has no format()", 'write an f-string: f"{x:.2f}"')
    raise unknown(called(value), name, methods or ())


# ---- text -------------------------------------------------------------------------------------


def called(value: Any) -> str:
    """Give what a value is, in words."""
    kind = type(value)
    if kind in FACADES:
        return f"{value.name}" if kind in (Words,) else str(kind.called)
    names = {
        int: "a whole number", float: "a number", str: "text", bool: "true or false", type(None): "None",
        list: "a list", dict: "a dict", tuple: "a tuple", set: "a set", range: "a range", FunctionType: "a function",
    }  # fmt: skip
    return names.get(kind, "this value")


def written(value: Any) -> str:
    """Give `str(value)`, without addresses and with sets in order."""
    if type(value) is str:
        return value
    return spelt(value)


def spelt(value: Any, depth: int = 0) -> str:
    """Give `repr(value)`, without addresses and with sets in order; deep insides are left out."""
    kind = type(value)
    if kind in SIMPLE:
        return repr(value)
    if depth > _DEEPEST:
        return "…"
    if kind in (Word, Sited):
        return f"function {value.name}"
    if kind in FACADES and isinstance(value, Facade):
        return str(value)
    if kind is dict:
        parts = (f"{spelt(k, depth + 1)}: {spelt(v, depth + 1)}" for k, v in value.items())
        return _bracketed("{", parts, "}")
    if kind in (list, tuple, set):
        elements = ordered(value) if kind is set else value
        left, right = _BRACKETS[kind]
        close = "," + right if kind is tuple and len(value) == 1 else right
        return _bracketed(left, (spelt(each, depth + 1) for each in elements), close)
    if kind is range:
        return repr(value)
    return called(value)


def _bracketed(left: str, parts: Iterable[str], right: str) -> str:
    made, length = [], 2
    for part in parts:
        length += len(part) + 2
        limits.require_text(length)
        made.append(part)
    return left + ", ".join(made) + right


def shown(value: Any, conversion: int, spec: str) -> str:
    """Give a part of an f-string."""
    if conversion != -1 or type(value) not in SIMPLE:
        value = written(value) if conversion in (-1, ord("s")) else spelt(value)
        if conversion == ord("a"):
            value = ascii(value)
    match = _SPEC.match(spec)
    if match is None:
        raise wrong(f"`{spec[:40]}` is no format", "write for example `:.2f`, `:>10` or `:,`")
    for number in match.group("width", "precision"):
        if number and int(number) > limits.WIDTH:
            raise wrong(f"a width of {number} is too large", f"at most {limits.WIDTH} is allowed")
    if value is None:
        value = "None"
    return format(value, spec)


def joined(*parts: str) -> str:
    """Give an f-string of its parts."""
    limits.require_text(sum(map(len, parts)))
    return "".join(parts)


def percent(form: str, given: Any) -> str:
    """Give `form % given` for plain values."""
    values = iter(given if type(given) is tuple else (given,))
    length = len(form)

    def place(match: re.Match[str]) -> str:
        nonlocal length
        made = _placed(match, values)
        length += len(made)
        limits.require_text(length)
        return made

    made = _PERCENT.sub(place, form)
    if next(values, None) is not None:
        raise wrong("there are more values than places in the text", "write an f-string")
    return made


def _placed(match: re.Match[str], values: Iterator[Any]) -> str:
    if match["kind"] == "%":
        return "%"
    if match["kind"] is None or match["kind"] not in "diouxXeEfFgGsr":
        raise wrong(f"`{match[0]}` is no place for a value", 'write an f-string: f"{x:.2f}"')
    for number in match.group("width", "precision"):
        if number and int(number) > limits.WIDTH:
            raise wrong(f"a width of {number} is too large", f"at most {limits.WIDTH} is allowed")
    missing = object()
    value = next(values, missing)
    if value is missing:
        raise wrong("there are fewer values than places in the text", "write an f-string")
    if match["kind"] == "r":
        value = spelt(value)
    if type(value) not in SIMPLE:
        value = written(value)
    return match[0].replace("r", "s") % (value,)
