"""A module as text for people: one line for each node. For explanations and golden tests, not to be read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from p2lang.ir import Module, ModuleParam, ModuleTask, Node, Value

_SHORT = 7
_DIGEST = 12
_MOST_COLUMNS = 6


def dump(module: Module, costs: Mapping[str, int] | None = None) -> str:
    """Give the text of a module; `costs` are work units by node id."""
    lines = [
        f"module p2ir=1 core=core@1 edition={module.edition} sha256={module.sha256}",
        *(f"library {name} {digest[:_DIGEST]}" for name, digest in sorted(module.libs.items())),
        *(f"schema  {path!r} {digest}" for path, digest in sorted(module.schema.items())),
        *(f"param   {name}: {_param(param)}" for name, param in sorted(module.params.items())),
        *(_task(task) for task in module.tasks),
        f"rights  {', '.join(module.rights) or 'none'}",
        f"work <= {module.work:,}",
        *(_node(node, (costs or {}).get(node.id, 0)) for node in module.nodes),
        f"sinks   {' '.join(reference(sink) for sink in module.sinks)}",
    ]
    return "\n".join(lines) + "\n"


def _task(task: ModuleTask) -> str:
    params = ", ".join(f"{name}: {_param(param)}" for name, param in sorted(task.params.items()))
    after = f" after {', '.join(task.after)}" if task.after else ""
    return f"task    {task.name}({params}){after}"


def _param(param: ModuleParam) -> str:
    default = "" if param.default is None else f" = {text(param.default)}"
    where = "" if param.where is None else f" where {text(param.where)}"
    return f"{param.type}{default}{where}"


def _node(node: Node, cost: int) -> str:
    inputs = " ".join(reference(i) for i in node.inputs)
    attributes = " ".join(
        f"{name}={text(value)}" for name, value in sorted(node.attributes.items())
    )
    body = " ".join(part for part in (inputs, attributes) if part)
    work = f"  ; work {cost:,}" if cost else ""
    return f"{reference(node.id)} = {node.op:<14} {body}  : {node.kind}{work}"


def reference(node_id: str) -> str:
    """Give the short name of a node."""
    return f"%{node_id[1:_SHORT]}"


def text(value: Value) -> str:
    """Give a tagged value as an expression; numbers in base units, without losing digits."""
    rule = _TEXTS.get(value[0])
    return str(value) if rule is None else rule(value)


def _quoted(written: str) -> str:
    return '"' + written.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _columns(value: Value) -> str:
    names = value[1]
    shown = ", ".join(names[:_MOST_COLUMNS])
    return f"[{shown}, ... {len(names)}]" if len(names) > _MOST_COLUMNS else f"[{shown}]"


def _call(value: Value) -> str:
    return f"{value[1]}({', '.join(f'{name}={text(inner)}' for name, inner in sorted(value[2].items()))})"


def _pairs(value: Value) -> str:
    return (
        "{" + ", ".join(f"{a}: {b if isinstance(b, str) else text(b)}" for a, b in value[1]) + "}"
    )


def _listed(items: Any) -> str:
    return ", ".join(text(item) for item in items)


_TEXTS: dict[str, Callable[[Value], str]] = {
    "int": lambda v: str(v[1]),
    "num": lambda v: repr(float.fromhex(v[1])) + "".join(v[2:]),
    "str": lambda v: _quoted(v[1]),
    "bool": lambda v: "true" if v[1] else "false",
    "null": lambda v: "null",
    "col": lambda v: str(v[1]),
    "param": lambda v: str(v[1]),
    "cols": _columns,
    "by": lambda v: f"[{_listed(v[1])}]",
    "desc": lambda v: f"-{text(v[1])}",
    "var": lambda v: f"${v[1]}",
    "list": lambda v: f"[{_listed(v[1])}]",
    "range": lambda v: f"{text(v[1])}..{text(v[2])}",
    "cat": lambda v: f"cat({_listed(v[1])})",
    "if": lambda v: f"if({_listed(v[1:])})",
    "len": lambda v: f"len({text(v[1])})",
    "op": lambda v: f"({text(v[2])} {v[1]} {text(v[3])})",
    "not": lambda v: f"not({text(v[1])})",
    "neg": lambda v: f"-({text(v[1])})",
    "call": _call,
    "new": _pairs,
    "rename": _pairs,
    "types": _pairs,
    "shape": _pairs,
    "table": lambda v: reference(v[1]),
    "node": lambda v: reference(v[1]),
    "field": lambda v: f"{reference(v[1])}.{v[2]}",
}
