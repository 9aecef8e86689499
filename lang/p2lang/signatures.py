"""The registry of operations: reads signature lines, answers what an operation takes, gives and costs.

A line is `kind name@version(parameters) : in -> out | cost | rights | doc | facts`; `#` starts a comment, the facts may
be left out (`p2lang.facts` lists them), so that a new operation is one line and a kernel. Kinds: source, step, mark,
deco, item, effect (they stand in a flow) and fn (row by row), agg (a column to one value), win (a column to a column),
val (one value), which stand in expressions. A parameter is `name:type`, `?` after it makes it optional, `=text` gives a
default, `*name` takes all positional columns, `**type` takes named new columns of that type. A type is one word or
`enum(a|b|c)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from p2lang.facts import PLAIN, Facts, parse_facts
from p2lang.types import parse_quantity

FLOW_KINDS = ("source", "step", "mark", "deco", "item", "effect")
EXPRESSION_KINDS = ("fn", "agg", "win", "val")


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    type: str
    optional: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    variadic: str = ""  # "" one value, "*" all positional, "**" all named

    @property
    def required(self) -> bool:
        """Tell whether a call must give it."""
        return not (self.optional or self.variadic or self.default is not None)

    @property
    def attribute(self) -> str:
        """Give the name of the node's attribute that holds it: its own, or `new` for named new columns."""
        return "new" if self.variadic == "**" else self.name

    @cached_property
    def default_value(self) -> list[Any] | None:
        """Give the default as a tagged value of the IR, quantities in base units; None when there is none."""
        if self.default is None:
            return None
        if self.choices or self.type == "str":
            return ["str", self.default]
        if self.type == "bool":
            return ["bool", self.default == "true"]
        if self.type == "int":
            return ["int", int(self.default)]
        number, unit = parse_quantity(self.default)
        return ["num", number.hex(), unit] if unit else ["num", number.hex()]


@dataclass(frozen=True)
class Signature:
    """One version of one operation; a version is for ever."""

    kind: str
    name: str
    version: int
    parameters: tuple[Parameter, ...]
    takes: str
    gives: str
    cost: str
    rights: tuple[str, ...]
    doc: str
    facts: Facts = PLAIN

    @cached_property
    def full_name(self) -> str:
        """Give `name@version`."""
        return f"{self.name}@{self.version}"

    @cached_property
    def by_name(self) -> Mapping[str, Parameter]:
        """Give the parameters that have a name, in order."""
        return {p.name: p for p in self.parameters if p.variadic != "**"}

    @cached_property
    def by_attribute(self) -> Mapping[str, Parameter]:
        """Give the parameters by the attribute that holds them."""
        return {p.attribute: p for p in self.parameters}

    def parameter(self, name: str) -> Parameter | None:
        """Give the parameter of that name, if there is one."""
        return self.by_name.get(name)

    @cached_property
    def variadic(self) -> Parameter | None:
        """Give the parameter that takes named new columns (`**type`), if there is one."""
        return self.by_attribute.get("new")

    @cached_property
    def needed(self) -> tuple[Parameter, ...]:
        """Give the parameters that a call must give."""
        return tuple(p for p in self.parameters if p.required)

    @property
    def in_flow(self) -> bool:
        """Tell whether it stands in a flow (else in an expression)."""
        return self.kind in FLOW_KINDS


@dataclass(frozen=True)
class Registry:
    """Signatures by full name, the newest of each name and kind, and other spellings."""

    by_full_name: Mapping[str, Signature]
    newest: Mapping[str, tuple[Signature, ...]]
    aliases: Mapping[str, str]

    def flow(self, name: str, left: str = "") -> Signature | None:
        """Give the newest operation of that name that stands in a flow; of several the one that takes `left`."""
        found = [s for s in self.newest.get(self.spelled(name), ()) if s.in_flow]
        return next((s for s in found if s.takes in (left, "any")), found[0] if found else None)

    def expression(self, name: str) -> Signature | None:
        """Give the newest function of that name that stands in an expression."""
        found = self.newest.get(self.spelled(name), ())
        return next((s for s in found if not s.in_flow), None)

    def spelled(self, name: str) -> str:
        """Give the name that another spelling stands for."""
        return self.aliases.get(name, name)


def registry(lines: Iterable[str], aliases: Mapping[str, str] | None = None) -> Registry:
    """Build the registry from signature lines; raises ValueError with the line that cannot be read."""
    by_full_name: dict[str, Signature] = {}
    newest: dict[str, dict[str, Signature]] = {}
    for signature in _signatures(lines):
        if signature.full_name in by_full_name:
            raise ValueError(f"{signature.full_name} is declared twice")
        by_full_name[signature.full_name] = signature
        held = newest.setdefault(signature.name, {})
        known = held.get(signature.kind)
        if known is None or known.version < signature.version:
            held[signature.kind] = signature
    return Registry(
        by_full_name,
        {name: tuple(held.values()) for name, held in newest.items()},
        dict(aliases or {}),
    )


_LINE = re.compile(
    rf"(?P<kind>{'|'.join((*FLOW_KINDS, *EXPRESSION_KINDS))})\s+(?P<name>[a-z_][a-z0-9_]*)@(?P<version>\d+)"
    r"\((?P<parameters>.*?)\)\s*(?::\s*(?P<takes>\w+)\s*)?->\s*(?P<gives>\w+)\s*(?:\|(?P<rest>.*))?\Z"
)
_FIELDS = 4
_PARAMETER = re.compile(
    r"(?P<variadic>\*{0,2})(?P<name>[a-z_][a-z0-9_]*)(?::(?P<type>[a-z]+)(?:\((?P<choices>[^)]*)\))?)?"
    r"(?P<optional>\?)?(?:=(?P<default>.+))?\Z"
)


def _signatures(lines: Iterable[str]) -> Iterable[Signature]:
    for line in lines:
        text = line.strip()
        if text and not text.startswith("#"):
            yield parse_signature(text)


def parse_signature(line: str) -> Signature:
    """Read one signature line; raises ValueError with the line when it is none."""
    match = _LINE.match(_with_closed_choices(line))
    if match is None:
        raise ValueError(f"not a signature: {line!r}")
    rest = [part.strip() for part in (match["rest"] or "").split(" | ")]
    if len(rest) > _FIELDS:
        raise ValueError(f"too many fields: {line!r}")
    cost, rights, doc, facts = (*rest, "", "", "")[:4] if len(rest) > 1 else ("1", "-", rest[0], "")
    return Signature(
        kind=match["kind"],
        name=match["name"],
        version=int(match["version"]),
        parameters=tuple(_parameter(p, line) for p in _split(match["parameters"])),
        takes=match["takes"] or "",
        gives=match["gives"],
        cost=cost or "1",
        rights=() if rights in ("", "-") else tuple(r.strip() for r in rights.split(",")),
        doc=doc,
        facts=_facts(facts, line),
    )


def _facts(text: str, line: str) -> Facts:
    try:
        return parse_facts(text)
    except ValueError as error:
        raise ValueError(f"{error} in {line!r}") from None


def _with_closed_choices(line: str) -> str:
    # The bar separates choices too: shield it from the split into cost, rights and doc.
    return re.sub(r"enum\(([^)]*)\)", lambda m: f"enum<{m.group(1)}>", line)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _parameter(text: str, line: str) -> Parameter:
    match = _PARAMETER.match(text.replace("<", "(").replace(">", ")"))
    if match is None:
        raise ValueError(f"not a parameter: {text!r} in {line!r}")
    choices = tuple(match["choices"].split("|")) if match["choices"] else ()
    name, kind = match["name"], match["type"]
    if match["variadic"] == "**":
        name, kind = "", name
    elif match["variadic"] == "*":
        kind = name
    if kind is None:
        raise ValueError(f"parameter {name!r} has no type in {line!r}")
    return Parameter(
        name, kind, match["optional"] is not None, match["default"], choices, match["variadic"]
    )


# ---- as people read them -------------------------------------------------------------------------

_TYPES = {
    "num": "number",
    "int": "whole number",
    "str": "text",
    "bool": "true or false",
    "any": "anything",
    "col": "column",
    "numcol": "column of numbers",
    "cols": "columns",
    "len": "length",
    "expr": "expression",
    "agg": "aggregate",
    "params": "condition on params",
}
_RESULTS = {"same": "as x", "int": "whole number", "string": "text"}


def call_text(signature: Signature) -> str:
    """Give the call of an operation as people read it: `head(n: whole number = 10)`."""
    return f"{signature.name}({', '.join(map(parameter_text, signature.parameters))})"


def result_text(signature: Signature) -> str:
    """Give what a function gives, in a word: `number`, `as x`."""
    return _RESULTS.get(signature.gives, _TYPES.get(signature.gives, signature.gives))


def parameter_text(parameter: Parameter) -> str:
    """Give a parameter with its type, its choices and its default: `by?: columns`."""
    if parameter.variadic == "*":
        return "column, …"
    if parameter.variadic == "**":
        return f"name = {type_text(parameter)}, …"
    default = "" if parameter.default is None else f" = {default_text(parameter)}"
    return f"{parameter.name}{'?' if parameter.optional else ''}: {type_text(parameter)}{default}"


def type_text(parameter: Parameter) -> str:
    """Give the type of a parameter in words, or its choices."""
    if parameter.choices:
        return " or ".join(f'"{choice}"' for choice in parameter.choices)
    return _TYPES.get(parameter.type, parameter.type)


def default_text(parameter: Parameter) -> str:
    """Give the default of a parameter as a script writes it."""
    quoted = parameter.choices or parameter.type == "str"
    return f'"{parameter.default}"' if quoted else str(parameter.default)
