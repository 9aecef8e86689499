"""What a module needs, worked out a second time and another way than the product does: from its JSON and the texts of
the registry, by rules of its own. For tests that ask whether an accepted module tells the truth.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from p2lang.semantics.constants import NotConstant, evaluate
from p2lang.types import TableSchema

_STATEMENTS = """
effect impose@1(that:bool) : none -> done | 0 | -
effect link@1(name:str) : table -> done | 1 | link
effect expose@1(name:str) : table -> done | 1 | expose
source need@1(name:str, rows:int=1000000) : none -> table | 2 | read
step script@1(name:str) : table -> table | 500 | run
step frame_grid@1(size:list) : none -> view | 0 | -
step frame_layers@1(size:list) : none -> view | 0 | -
step page@1(title:str) : none -> page | 0 | -
effect report@1(title:str) : none -> plot | 0 | render
"""
_HEAD = re.compile(r"(\w+) (\w+@\d+)\((.*?)\)(?: |\Z)")
_TAKES = re.compile(r"\) : (\w+) ->")
_PARAMETER = re.compile(r"\*{0,2}(\w+):?(\w*)[^,=]*(?:=([0-9_]+))?")
_HUGE = 10**9


@dataclass(frozen=True)
class Line:
    """A signature as far as it counts here."""

    kind: str
    name: str
    takes: str
    parameters: Mapping[str, int | None]
    cost: str
    rights: frozenset[str]


@cache
def lines() -> Mapping[str, Line]:
    """Read the texts of the registry."""
    texts = [
        file.read_text(encoding="utf-8")
        for file in files("p2std.registry").iterdir()
        if file.name.endswith(".p2sig")
    ]
    found = {}
    for text in "\n".join([*texts, _STATEMENTS]).splitlines():
        head, *rest = re.sub(r"enum\([^)]*\)", "str", text).split(" | ")
        match = _HEAD.match(head)
        if match is None or text.startswith("#"):
            continue
        cost, rights = rest[0].strip() or "1", rest[1].strip() if len(rest) > 1 else "-"
        parameters = {
            p[1]: None if p[3] is None else int(p[3])
            for p in map(_PARAMETER.match, map(str.strip, match[3].split(",")))
            if p
        }
        wanted = frozenset() if rights in ("", "-") else frozenset(re.split(r"\s*,\s*", rights))
        found[match[2]] = Line(
            match[1],
            match[2].split("@")[0],
            "".join(_TAKES.findall(head)[:1]),
            parameters,
            cost,
            wanted,
        )
    return found


@dataclass
class Told:
    """What was found; `exact` is false where a rule here can only say how much it is at least."""

    rights: frozenset[str] = frozenset()
    work: int = 0
    rows: int = 0
    memory: int = 0
    panels: int = 0
    frames: int = 0
    pixels: int = 0
    exact: bool = True
    given: dict[str, int] = field(default_factory=dict)
    views: dict[str, tuple[int, tuple[float, float] | None]] = field(default_factory=dict)


def told(content: Mapping[str, Any], schemas: Mapping[str, TableSchema]) -> Told:
    """Work out what a module needs; it must be one that the verifier accepts."""
    found = Told()
    params = dict(content["params"])
    for task in content.get("tasks", []):
        params |= {f"{task['name']}.{name}": given for name, given in task["params"].items()}
    for node_id, op, inputs, attributes, kind in content["nodes"]:
        line = lines()[op]
        # A column of a declared type may be called `call`: its pair has two parts, a call has three.
        calls = [value for value in _values(attributes) if value[0] == "call" and value[2:]]
        found.rights |= line.rights.union(*(lines()[call[1]].rights for call in calls))
        flow = found.given.get(inputs[0], 1) if inputs and line.takes != "none" else None
        rows = _rows(line, attributes, flow, found, params, schemas)
        if line.name.startswith("frame_"):
            rows = sum(found.given[part[1]] for part in attributes["parts"][1])
        found.given[node_id] = rows
        arriving = rows if flow is None else flow
        if flow is not None and kind == "table":
            arriving += sum(found.given[v[1]] for v in attributes.values() if v[0] == "table")
            arriving = max(arriving, rows)
        if line.kind == "effect" and flow is None:
            arriving = 1
        found.work += arriving * _units(line, attributes, found, params)
        for call in calls:
            asked = [
                found.given.get(v[1], 1) for v in call[2].values() if v[0] in ("table", "field")
            ]
            found.work += max([arriving, *asked]) * _units(lines()[call[1]], call[2], found, params)
        if kind == "table":
            found.rows = max(found.rows, rows)
        if line.kind == "source" and "cols" in attributes:
            found.memory += 8 * rows * len(attributes["cols"][1])
        _draw(node_id, line, inputs, attributes, kind, found, params)
    return found


def _values(item: Any) -> Iterator[list[Any]]:
    if isinstance(item, dict):
        for inner in item.values():
            yield from _values(inner)
    elif isinstance(item, list):
        if item and isinstance(item[0], str):
            yield item
        for inner in item:
            yield from _values(inner)


def _rows(
    line: Line,
    attributes: Mapping[str, Any],
    flow: int | None,
    found: Told,
    params: Mapping[str, Any],
    schemas: Mapping[str, TableSchema],
) -> int:
    tables = [found.given.get(v[1], 0) for v in attributes.values() if v[0] == "table"]
    if line.name in ("access", "copy", "load"):
        return schemas[attributes["path"][1]].rows
    if line.name == "union":
        return sum(tables)
    if line.kind == "source" and "rows" in line.parameters:
        default = ["int", line.parameters["rows"]]
        return _most(attributes.get("rows", default), found, params) or 0
    if line.kind == "source":
        lists = [value for _, value in attributes.get("new", ["new", []])[1]]
        if any(value[0] != "list" for value in lists):
            found.exact = False
            return 0
        return math.prod(len(value[1]) for value in lists)
    return _after_step(line, attributes, 1 if flow is None else flow, tables, found, params)


def _after_step(
    line: Line,
    attributes: Mapping[str, Any],
    rows: int,
    tables: list[int],
    found: Told,
    params: Mapping[str, Any],
) -> int:
    if line.name == "summary":
        return rows if attributes.get("by", ["cols", []])[1] else 1
    if line.name == "join" and "rows" in attributes:
        return _most(attributes["rows"], found, params) or 0
    if line.name == "simulate":
        most = _most(attributes["steps"], found, params)
        return rows * ((5_000 if most is None else most) + 1)
    if line.name == "join":
        return max([rows, *tables])
    if line.name in ("head", "sample"):
        most = _most(attributes.get("n", attributes.get("rows", ["int", 10])), found, params)
        return rows if most is None else min(rows, most)
    return rows


def _most(value: list[Any], found: Told, params: Mapping[str, Any]) -> int | None:
    """Give the largest whole number, None when there is none; tries values instead of reasoning about ranges."""
    if value[0] == "int":
        return int(value[1])
    if value[0] == "num":
        return int(float.fromhex(value[1]))
    if value[0] != "var":
        found.exact = False
        return 0
    name, where = value[1], params[value[1]]["where"]
    if params[name]["type"] != "int":
        found.exact = False
        return 0
    numbers = [v[1] for v in _values([where]) if v[0] == "int"]
    fitting = [
        n for number in numbers for n in (number - 1, number, number + 1) if _fits(where, name, n)
    ]
    if any(v[0] == "num" or v[:2] in (["op", "<"], ["op", ">"]) for v in _values([where])):
        found.exact = False  # the product rounds these up
    if where is None or _fits(where, name, 10**30):
        return None
    return max(fitting, default=0)


def _fits(where: list[Any], name: str, number: int) -> bool:
    try:
        return evaluate(where, {name: number}) is True
    except (NotConstant, TypeError):
        return False


def _units(
    line: Line, attributes: Mapping[str, Any], found: Told, params: Mapping[str, Any]
) -> int:
    units = 1
    for factor in line.cost.replace(" ", "").split("*"):
        if factor.isdigit():
            units *= int(factor)
            continue
        name = next((n for n in line.parameters if n[0] == factor.lower()), None)
        value = None if name is None else attributes.get(name)
        if value is None:
            units *= (line.parameters[name] if name is not None else None) or 1
        elif value[0] in ("cols", "by"):
            units *= max(len(value[1]), 1)
        else:
            most = _most(value, found, params)
            units *= _HUGE if most is None else max(most, 1)
    return units


def _draw(
    node_id: str,
    line: Line,
    inputs: list[str],
    attributes: Mapping[str, Any],
    kind: str,
    found: Told,
    params: Mapping[str, Any],
) -> None:
    names = [part[1] for part in attributes["parts"][1]] if "parts" in attributes else inputs
    below = [found.views[name] for name in names if name in found.views]
    if len(below) > 1 and line.takes != "none":
        found.exact = False
    panels, size = below[0] if below else (1, None)
    tall = 1.0
    if "max_panels" in line.parameters:
        default = ["int", line.parameters["max_panels"]]
        most = _most(attributes.get("max_panels", default), found, params)
        panels *= _HUGE if most is None else max(most, 1)
        tall = 2.4
    if line.name == "page":
        panels, size = sum(view[0] for view in below), (210 * 360 / 127, 297 * 360 / 127)
    if line.name in ("frame_grid", "frame_layers"):
        several = sum if line.name == "frame_grid" else max
        panels, size = several([view[0] for view in below]), None
        tall = 2.4 if line.name == "frame_grid" else 1.0
    if kind in ("view", "page"):
        size = _size(line, attributes, size, tall, found)
        found.views[node_id] = (panels, size)
    if kind != "plot":
        return
    frames = 1
    if line.name == "report":
        panels, size, frames = (
            sum(v[0] for v in below),
            (210 * 360 / 127, 297 * 360 / 127),
            len(below),
        )
    if "max_frames" in line.parameters:
        default = ["int", line.parameters["max_frames"]]
        most = _most(attributes.get("max_frames", default), found, params)
        frames = _HUGE if most is None else max(most, 1)
    width, height = size if size is not None else (160 * 360 / 127, 100 * 360 / 127)
    found.panels += panels
    found.frames += frames
    found.pixels += frames * math.ceil(width * 150 / 72) * math.ceil(height * 150 / 72)


def _size(
    line: Line,
    attributes: Mapping[str, Any],
    size: tuple[float, float] | None,
    tall: float,
    found: Told,
) -> tuple[float, float] | None:
    given = attributes.get("size") if line.kind == "step" else None
    if given is None:
        return (160 * 360 / 127, 240 * 360 / 127) if tall > 1 and size is None else size
    plain = given[0] == "list" and len(given[1]) == 2
    if not plain or any(side[0] != "num" or side[1].startswith("-") for side in given[1]):
        found.exact = False
        return (0.0, 0.0)
    width, height = (min(float.fromhex(side[1]), 2000 * 360 / 127) for side in given[1])
    return width, height
