"""The words of every script: what other Python has as built-in functions, guarded, and `table`."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any, Final

from plotter2.child.python import limits
from plotter2.child.python.algebra import fit
from plotter2.child.python.arrays import Array, reduced
from plotter2.child.python.facade import Word, wrong
from plotter2.child.python.guards import add, power
from plotter2.child.python.plain import as_key, called, iterated, keys, listed, written
from plotter2.child.python.tables import Table, made_of
from plotter2.child.python.texts import Texts
from plotter2.child.run_codes import IMPOSED
from plotter2.errors import RunError

_MOST_DIGITS: Final = 400


def word_abs(x: Any) -> Any:
    """the size of a number, or of each of an array"""
    return abs(x)


def word_all(values: Any) -> bool:
    """whether all are true"""
    return all(iterated(values))


def word_any(values: Any) -> bool:
    """whether one is true"""
    return any(iterated(values))


def word_bool(x: Any = False) -> bool:
    """true or false"""
    return bool(x)


def word_dict(pairs: Any = (), **named: Any) -> dict[Any, Any]:
    """a dict of pairs, of another dict, or of names"""
    made = dict(pairs) if type(pairs) is dict else dict(_pair(each) for each in listed(pairs))
    return {**made, **named}


def _pair(value: Any) -> list[Any]:
    pair = listed(value)
    if len(pair) != 2:
        raise wrong("a dict is made of pairs", "write dict([(name, x)]) or {name: x}")
    as_key(pair[0])
    return pair


def word_divmod(a: Any, b: Any) -> tuple[Any, Any]:
    """quotient and remainder"""
    return a // b, a % b


def word_enumerate(values: Any, start: int = 0) -> list[tuple[int, Any]]:
    """each with its number, as a list"""
    return listed(enumerate(iterated(values), start))


def word_filter(keep: Any, values: Any) -> list[Any]:
    """those for which a function is true, as a list"""
    return listed(filter(keep, iterated(values)))


def word_float(x: Any = 0.0) -> float:
    """a number of text or of a whole number"""
    if type(x) not in (int, float, bool, str):
        raise wrong(
            f"float() takes a number or text, not {called(x)}", "write 1.0 * x for an array"
        )
    return float(x)


def word_int(x: Any = 0, base: Any = None) -> int:
    """a whole number of text or of a number, cut off"""
    if type(x) not in (int, float, bool, str):
        raise wrong(
            f"int() takes a number or text, not {called(x)}", "write num.floor(x) for an array"
        )
    made = int(x) if base is None else int(x, base)
    limits.require_integer(made.bit_length())
    return made


def word_isinstance(x: Any, kinds: Any) -> bool:
    """whether a value is int, float, str, bool, list, dict, tuple or set"""
    wanted = kinds if type(kinds) is tuple else (kinds,)
    found = [_KINDS[k.name] for k in wanted if type(k) is Word and k.name in _KINDS]
    if len(found) != len(wanted):
        raise wrong("isinstance() takes the words int, float, str, ...", "write isinstance(x, int)")
    return isinstance(x, tuple(found))


_KINDS: Final = {kind.__name__: kind for kind in (int, float, str, bool, list, dict, tuple, set)}


def word_len(values: Any) -> int:
    """how many elements it has"""
    if type(values) in (list, tuple, str, dict, set, frozenset, range, Array, Texts, Table):
        return len(values)
    if isinstance(values, type({}.keys()) | type({}.values()) | type({}.items())):
        return len(values)
    raise wrong(f"{called(values)} has no length", "lists, texts, dicts, arrays and tables have")


def word_list(values: Any = ()) -> list[Any]:
    """a list of what a loop goes over"""
    return listed(values)


def word_map(change: Any, values: Any, *others: Any) -> list[Any]:
    """a function of each, as a list"""
    return listed(map(change, iterated(values), *map(iterated, others)))


def _extreme(choose: Callable[..., Any], name: str) -> Callable[..., Any]:
    def run(values: Any, *others: Any, key: Any = None, **default: Any) -> Any:
        if others:
            return choose((values, *others), key=key)
        if type(values) is Array and key is None:
            return reduced(name, values)
        return choose(iterated(values), key=key, **default)

    run.__doc__ = f"the {'smallest' if name == 'min' else 'largest'} of several"
    return run


def word_pow(x: Any, y: Any) -> Any:
    """x to the power of y"""
    return power(x, y)


def word_range(*ends: Any) -> range:
    """whole numbers from a start to before an end"""
    made = range(*ends)
    if len(made) > limits.STEPS:
        raise limits.too_much("a range", len(made), limits.STEPS, "numbers", "go over fewer")
    return made


def word_reversed(values: Any) -> list[Any]:
    """a list from the end"""
    return listed(values)[::-1]


def word_round(x: Any, digits: Any = None) -> Any:
    """a number rounded to so many digits"""
    if type(x) is Array:
        return x.round(digits or 0)
    if type(x) not in (int, float, bool):
        raise wrong(f"round() takes a number, not {called(x)}", "write round(x, 2)")
    if digits is not None and (type(digits) is not int or abs(digits) > _MOST_DIGITS):
        raise wrong("digits is a small whole number", "write round(x, 2)")
    return round(x, digits)


def word_set(values: Any = ()) -> set[Any]:
    """each element once; a loop goes over them in order"""
    return set(keys(values))


def word_sorted(values: Any, key: Any = None, reverse: Any = False) -> list[Any]:
    """a list from small to large"""
    return sorted(listed(values), key=key, reverse=bool(reverse))


def word_str(x: Any = "") -> str:
    """a value as text"""
    return written(x)


def word_sum(values: Any, start: Any = 0) -> Any:
    """the sum"""
    if type(values) is Array and values.ndim == 1:
        return reduced("sum", values) + start
    total = start
    for each in iterated(values):
        total = add(total, each)
    return total


def word_tuple(values: Any = ()) -> tuple[Any, ...]:
    """a tuple of what a loop goes over"""
    return tuple(listed(values))


def word_zip(*values: Any, strict: Any = False) -> list[tuple[Any, ...]]:
    """elements of several side by side, as a list"""
    return listed(zip(*map(iterated, values), strict=bool(strict)))


def impose(condition: Any, message: Any = "") -> None:
    """stop the run with these words unless the condition holds"""
    if not condition:
        raise RunError(
            IMPOSED,
            written(message)[:500] or "a condition that the script imposes does not hold",
            help="the script itself asks for this: look at its `impose` line",
        )


def words() -> dict[str, Any]:
    """Give the words that every script has, by name."""
    made = {
        name.removeprefix("word_"): Word(name.removeprefix("word_"), run)
        for name, run in globals().items()
        if name.startswith("word_")
    }
    made["min"] = Word("min", _extreme(builtins.min, "min"))
    made["max"] = Word("max", _extreme(builtins.max, "max"))
    made["table"] = Word("table", made_of)
    made["fit"] = Word("fit", fit)
    return dict(sorted(made.items()))
