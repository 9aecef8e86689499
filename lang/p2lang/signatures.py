"""The registry of operations: reads signature lines, answers what an operation takes, gives and costs.

A line is `kind name@version(parameters) : in -> out | cost | rights | doc`; `#` starts a comment. Kinds: source, step,
mark, deco, effect (they stand in a flow) and fn (row by row), agg (a column to one value), win (a column to a column),
val (one value), which stand in expressions. A parameter is `name:type`, `?` after it makes it optional, `=text` gives a
default, `*name` takes all positional columns, `**type` takes named new columns of that type. A type is one word or
`enum(a|b|c)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FLOW_KINDS = ("source", "step", "mark", "deco", "effect")
EXPRESSION_KINDS = ("fn", "agg", "win", "val")


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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

    @property
    def full_name(self) -> str:
        """Give `name@version`."""
        return f"{self.name}@{self.version}"

    def parameter(self, name: str) -> Parameter | None:
        """Give the parameter of that name, if there is one."""
        return next((p for p in self.parameters if p.name == name and p.variadic != "**"), None)

    @property
    def in_flow(self) -> bool:
        """Tell whether it stands in a flow (else in an expression)."""
        return self.kind in FLOW_KINDS


@dataclass(frozen=True)
class Registry:
    """All signatures by full name, the newest of each name, other spellings, and what is not available yet."""

    by_full_name: Mapping[str, Signature]
    newest: Mapping[str, tuple[Signature, ...]]
    aliases: Mapping[str, str]
    planned: Mapping[str, Signature]

    def flow(self, name: str) -> Signature | None:
        """Give the newest operation of that name that stands in a flow."""
        return self._pick(name, in_flow=True)

    def expression(self, name: str) -> Signature | None:
        """Give the newest function of that name that stands in an expression."""
        return self._pick(name, in_flow=False)

    def _pick(self, name: str, *, in_flow: bool) -> Signature | None:
        found = self.newest.get(self.aliases.get(name, name), ())
        return next((s for s in found if s.in_flow is in_flow), None)


def registry(
    lines: Iterable[str], planned: Iterable[str] = (), aliases: Mapping[str, str] | None = None
) -> Registry:
    """Build the registry from signature lines; raises ValueError with the line that cannot be read."""
    by_full_name: dict[str, Signature] = {}
    newest: dict[str, dict[bool, Signature]] = {}
    for signature in _signatures(lines):
        key = f"{signature.full_name}"
        if signature.in_flow is False and key in by_full_name:
            raise ValueError(f"{key} is declared twice")
        by_full_name[key] = signature
        held = newest.setdefault(signature.name, {})
        known = held.get(signature.in_flow)
        if known is None or known.version < signature.version:
            held[signature.in_flow] = signature
    return Registry(
        by_full_name,
        {name: tuple(held.values()) for name, held in newest.items()},
        dict(aliases or {}),
        {s.name: s for s in _signatures(planned)},
    )


_LINE = re.compile(
    r"(?P<kind>source|step|mark|deco|effect|fn|agg|win|val)\s+(?P<name>[a-z_][a-z0-9_]*)@(?P<version>\d+)"
    r"\((?P<parameters>.*?)\)\s*(?::\s*(?P<takes>\w+)\s*)?->\s*(?P<gives>\w+)\s*(?:\|(?P<rest>.*))?\Z"
)
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
    cost, rights, doc = (*rest, "", "", "")[:3] if len(rest) > 1 else ("1", "-", rest[0])
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
    )


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
