"""Facts about an operation that its parameters and result do not say: the last field of a signature line.

Facts are separated by `;`. Each is one line of the table below, and nothing but these is accepted:

    rows kept                as many rows as it takes          rows fewer        it only leaves rows out
    values kept              columns that pass keep their values; `values kept but cols`: not those that `cols` names
    row by row               each row is made of one row, where no aggregate or window function stands in it
    numeric columns          the columns it names hold numbers
    at least one column      it cannot be called without one
    sort keys                its columns are sort keys: a column or `desc` of one
    stands among columns     a function that stands only where columns (or `sort keys`) are named
    output picture           makes a picture                   output file       makes a file of a table
    touches read bundle:path           what a signature must allow: right, kind, the parameter that names the target
    touches write output:name or plot  the same, and the target when the parameter is left out; `@task` is the task
    touches write share:to or key and key  the same, and a second target `key` when that parameter is given
    needs a bundle           it runs where the script is attached to a bundle, in a task
    null never, null sometimes         whether the result can be missing; otherwise it is when an argument is
    null as value            missing when the argument `value` is
    kind of x or value       the result has the kind that both arguments share
    unit none, unit rad      the result's unit; otherwise it is the first argument's
    unit root x, unit y / wrt, unit y * wrt
    same unit x low high     these arguments have one unit
    angle x                  the argument is an angle, or a number without unit
    names scatter = point, line = line     it stands for the operation that its first argument, a text, names
    estimate mean            an estimator, as captions name it; `{q}` is the argument as a percentage
    n in 0.., q in 0..1      the argument lies within these bounds
    size is two lengths      also `limits`, `number`, `place`, `colours`, `moment`, `exact`: narrower than the type
    size like [160mm, 90mm]  an argument as it could be written
    y with categories: ...   what to write where categories are given instead of numbers
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Narrowing = Literal["two lengths", "limits", "number", "place", "colours", "moment", "exact"]


@dataclass(frozen=True)
class Narrowed:
    """What one parameter takes, narrower than its type says; `like` is an argument as it could be written."""

    bounds: tuple[float, float] | None = None
    narrowing: Narrowing | None = None
    like: str = ""
    with_categories: str = ""


@dataclass(frozen=True)
class Touched:
    """What an operation touches: the right, the kind of thing, the parameter that names it, the name without it.

    `beside` is a parameter that, when it is given, is a target of its own name.
    """

    right: str
    kind: str
    parameter: str
    otherwise: str = ""
    beside: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything that the last field of a signature line says; see the module's text."""

    rows: Literal["", "kept", "fewer"] = ""
    values_kept: bool = False
    values_changed: str = ""
    row_wise: bool = False
    numeric_columns: bool = False
    needs_columns: bool = False
    sort_keys: bool = False
    stands_among: str = ""
    output: Literal["", "picture", "file"] = ""
    touched: Touched | None = None
    needs_bundle: bool = False
    null: str = ""
    kind_of: tuple[str, ...] = ()
    unit: str = ""
    angle: str = ""
    same_unit: tuple[str, ...] = ()
    estimate: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    narrowed: Mapping[str, Narrowed] = field(default_factory=dict)

    def of(self, parameter: str) -> Narrowed:
        """Give what is known about a parameter."""
        return self.narrowed.get(parameter, _NOTHING)


_NOTHING = Narrowed()
PLAIN = Facts()
"""What is known about an operation whose line says nothing."""


def parse_facts(text: str) -> Facts:
    """Read the last field of a signature line; raises ValueError with the fact that is none."""
    found: dict[str, Any] = {}
    narrowed: dict[str, dict[str, Any]] = {}
    for fact in filter(None, (part.strip() for part in text.split(";"))):
        _add(fact, found, narrowed)
    if not found and not narrowed:
        return PLAIN
    return Facts(**found, narrowed={name: Narrowed(**known) for name, known in narrowed.items()})


def _add(fact: str, found: dict[str, Any], narrowed: dict[str, dict[str, Any]]) -> None:
    for pattern, rule in _OPERATION:
        if (match := pattern.fullmatch(fact)) is not None:
            new = rule(match)
            if set(new) & set(found):
                raise ValueError(f"two facts speak of the same: {fact!r}")
            found.update(new)
            return
    for pattern, rule in _PARAMETER:
        if (match := pattern.fullmatch(fact)) is not None:
            narrowed.setdefault(match["name"], {}).update(rule(match))
            return
    raise ValueError(f"not a fact: {fact!r}")


_Rule = Callable[[re.Match[str]], dict[str, Any]]


def _table(rules: Mapping[str, _Rule]) -> tuple[tuple[re.Pattern[str], _Rule], ...]:
    return tuple((re.compile(pattern), rule) for pattern, rule in rules.items())


_OPERATION = _table(
    {
        r"rows (kept|fewer)": lambda m: {"rows": m[1]},
        r"values kept(?: but (\w+))?": lambda m: {
            "values_kept": True,
            "values_changed": m[1] or "",
        },
        r"row by row": lambda m: {"row_wise": True},
        r"numeric columns": lambda m: {"numeric_columns": True},
        r"at least one column": lambda m: {"needs_columns": True},
        r"sort keys": lambda m: {"sort_keys": True},
        r"stands among (columns|sort keys)": lambda m: {"stands_among": m[1]},
        r"output (picture|file)": lambda m: {"output": m[1]},
        r"touches ([a-z]+) ([a-z]+):(@?\w+)(?: or (\w+))?(?: and (\w+))?": lambda m: {
            "touched": Touched(m[1], m[2], m[3], m[4] or "", m[5] or "")
        },
        r"needs a bundle": lambda m: {"needs_bundle": True},
        r"null (never|sometimes|as \w+)": lambda m: {"null": m[1]},
        r"kind of (\w+) or (\w+)": lambda m: {"kind_of": (m[1], m[2])},
        r"unit (none|rad|root \w+|\w+ [/*] \w+)": lambda m: {"unit": m[1]},
        r"same unit (\w+(?: \w+)+)": lambda m: {"same_unit": tuple(m[1].split())},
        r"angle (\w+)": lambda m: {"angle": m[1]},
        r"names (\w+ = \w+(?:, \w+ = \w+)*)": lambda m: {
            "names": dict(pair.split(" = ") for pair in m[1].split(", "))
        },
        r"estimate(?: (.+))?": lambda m: {"estimate": m[1] or ""},
    }
)
_PARAMETER = _table(
    {
        r"(?P<name>\w+) in (?P<low>[\d_.]*\d)\.\.(?P<high>[\d_.]*)": lambda m: {
            "bounds": (float(m["low"]), float(m["high"] or "inf"))
        },
        rf"(?P<name>\w+) is ({'|'.join(get_args(Narrowing))})": lambda m: {"narrowing": m[2]},
        r"(?P<name>\w+) like (.+)": lambda m: {"like": m[2]},
        r"(?P<name>\w+) with categories: (.+)": lambda m: {"with_categories": m[2]},
    }
)
