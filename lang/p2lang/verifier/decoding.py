"""Bytes to a module whose every part has the right shape: canonical JSON, tags, sizes, ids. No meaning yet."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from p2lang import ir
from p2lang.ir import Module, ModuleParam, ModuleTask, Node, Value
from p2lang.semantics.needs import STATED
from p2lang.semantics.structure import LONGEST_NAME, MOST_NODES, MOST_TASKS
from p2lang.semantics.units import CHECKED
from p2lang.types import parse_column_type
from p2lang.verifier.refusal import RefusedProgram

LARGEST = 8 * 2**20
"""Bytes that a module may have."""

MOST_LIBRARIES = 64
_MOST_ITEMS = 20_000
_LONGEST_TEXT = 100_000
_LARGEST_WHOLE = 2**63
_MOST_WORK = 2**62

_ID = re.compile(r"n[0-9a-f]{32}\Z")
_OPERATION = re.compile(r"[a-z_][a-z0-9_]{0,63}@[1-9][0-9]{0,3}\Z")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}(?:\.[A-Za-z_][A-Za-z0-9_]{0,99})?\Z")
_ATTRIBUTE = re.compile(r"@?[a-z_][a-z0-9_]{0,63}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_LIBRARY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}/[a-z0-9][a-z0-9._-]{0,63}@[0-9][0-9.]{0,38}\Z")
_DIGEST = re.compile(r"[0-9a-f]{32}\Z")
_HEXADECIMAL = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")
_OPERATORS = frozenset(
    ("or", "and", "==", "!=", "<=", ">=", "<", ">", "in", "+", "-", "*", "/", "**")
)
_NO_NODES = b'"nodes":[]'
_KINDS = frozenset(("table", "view", "plot", "item", "page", "done"))


def decode(encoded: bytes) -> Module:
    """Give the module that canonical bytes stand for; raises RefusedProgram."""
    if len(encoded) > LARGEST:
        raise RefusedProgram(
            "P2-V0501", f"the module has {len(encoded):,} bytes, at most {LARGEST:,} are read"
        )
    content, written = _canonical(encoded)
    _keys(content)
    params = _mapping(content["params"], "params", _word)
    nodes = _list(content["nodes"], "nodes", MOST_NODES)
    return Module(
        tuple(map(_node, nodes, written)),
        tuple(_id(sink) for sink in _list(content["sinks"], "sinks", MOST_NODES)),
        {name: _param(param) for name, param in params.items()},
        {
            path: _digest(digest)
            for path, digest in _mapping(content["schema"], "schema", _name).items()
        },
        tuple(_short(right) for right in _list(content["rights"], "rights", 100)),
        _whole(content["work"], "work", _MOST_WORK),
        _whole(content["edition"], "edition", 1000),
        _libraries(content["libs"]),
        _needs(content["needs"]),
        _tasks(content),
    )


def _needs(value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or set(value) != set(STATED):
        raise _wrong(f"needs does not have exactly {', '.join(STATED)}")
    return {name: _whole(value[name], name, _MOST_WORK) for name in STATED}


def _canonical(encoded: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Give what the bytes stand for, and the bytes of each node: each is encoded once, for the whole and for its name.

    A key that stands twice, or a part in another form, gives other bytes than those that came.
    """
    try:
        content = json.loads(encoded, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise RefusedProgram(
            "P2-V0502", f"the module is not canonical JSON: {str(error)[:200]}"
        ) from None
    if not isinstance(content, dict):
        raise RefusedProgram("P2-V0504", "the module is not an object")
    nodes = content.get("nodes")
    written = [ir.encoded(node) for node in nodes] if isinstance(nodes, list) else []
    around = ir.encoded({**content, "nodes": []}) if written else ir.encoded(content)
    if around.replace(_NO_NODES, b'"nodes":[' + b",".join(written) + b"]", 1) != encoded:
        raise RefusedProgram(
            "P2-V0502", "the module is JSON, but not in its canonical form: each key once, in order"
        )
    return content, written


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text[:30]} is a number with a fraction, which has no canonical form")


def _keys(content: Mapping[str, Any]) -> None:
    if set(content) - {ir.TASKS} != set(ir.MODULE_KEYS):
        raise RefusedProgram("P2-V0504", "the module does not have exactly the keys of a module")
    numbers = content["p2ir"], content["edition"]
    known = numbers == (ir.FORMAT, 1) and content["core"] == ir.CORE
    # True is 1 to Python, and another text in JSON.
    if not known or any(type(number) is not int for number in numbers):
        raise RefusedProgram(
            "P2-V0503",
            f"the module is p2ir {str(content['p2ir'])[:20]}, {str(content['core'])[:20]}; "
            f"this is p2ir {ir.FORMAT}, {ir.CORE}, edition 1",
        )


# ---- parts ---------------------------------------------------------------------------------------


def _wrong(what: str) -> RefusedProgram:
    return RefusedProgram("P2-V0504", f"the module is not well formed: {what}")


def _list(value: Any, what: str, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(f"{what} is not a list")
    if len(value) > most:
        raise RefusedProgram(
            "P2-V0513", f"{what} has {len(value):,} items, at most {most:,} are read"
        )
    return value


def _mapping(value: Any, what: str, key: Callable[[Any], str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(f"{what} is not an object")
    return {key(name): inner for name, inner in value.items()}


def _libraries(value: Any) -> dict[str, str]:
    """Give the digests of what was put into the program; whether they are the right ones is for the host to say."""
    libraries = _mapping(value, "libs", _library)
    if len(libraries) > MOST_LIBRARIES:
        raise _wrong(f"libs has more than {MOST_LIBRARIES} entries")
    for digest in libraries.values():
        if not isinstance(digest, str) or not _SHA256.match(digest):
            raise _wrong("a library's digest is not a SHA-256")
    return libraries


def _library(name: str) -> str:
    if not _LIBRARY.match(name):
        raise _wrong("a library is not named scope/name@version")
    return name


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong("text is wanted")
    if len(value) > _LONGEST_TEXT:
        raise RefusedProgram("P2-V0513", "a text is too long")
    if _SURROGATE.search(value):
        raise _wrong("a text has half a character")
    return value


def _name(value: Any) -> str:
    if not 0 < len(_text(value)) <= LONGEST_NAME:
        raise _wrong("a name is empty or too long")
    return str(value)


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[Any], str]:
    def rule(value: Any) -> str:
        if not isinstance(value, str) or not pattern.match(value):
            raise _wrong(f"{str(value)[:60]!r} is not {what}")
        return value

    return rule


_word = _matching(_WORD, "a name")
_variable = _matching(_VARIABLE, "a parameter's name")
_id = _matching(_ID, "a node's name")
_operation = _matching(_OPERATION, "an operation's name")
_attribute = _matching(_ATTRIBUTE, "an attribute's name")
_digest = _matching(_DIGEST, "a digest")
_short = _matching(re.compile(r"[a-z]{1,40}\Z"), "a right")


def _whole(value: Any, what: str, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise _wrong(f"{what} is not a whole number in its range")
    return value


def _param(value: Any) -> ModuleParam:
    if not isinstance(value, dict) or set(value) != {"type", "default", "where"}:
        raise _wrong("a parameter does not have exactly type, default and where")
    default, where = value["default"], value["where"]
    for given in (default, where):
        if given is not None:
            checked(given)
    return ModuleParam(_text(value["type"]), default, where)


def _tasks(content: Mapping[str, Any]) -> tuple[ModuleTask, ...]:
    if ir.TASKS not in content:
        return ()
    tasks = tuple(_task(task) for task in _list(content[ir.TASKS], "tasks", MOST_TASKS))
    if not tasks:
        raise _wrong("there are no tasks in the list of tasks")
    return tasks


def _task(value: Any) -> ModuleTask:
    if not isinstance(value, dict) or set(value) != {"name", "params", "after"}:
        raise _wrong("a task does not have exactly name, params and after")
    params = _mapping(value["params"], "params", _word)
    return ModuleTask(
        _word(value["name"]),
        {name: _param(param) for name, param in params.items()},
        tuple(_word(name) for name in _list(value["after"], "after", MOST_TASKS)),
    )


def _node(value: Any, written: bytes) -> Node:
    if not isinstance(value, list) or len(value) != 5:
        raise _wrong("a node is not a list of five")
    name, operation, inputs, attributes, kind = value
    if not isinstance(kind, str) or kind not in _KINDS:
        raise _wrong("a node's kind is none")
    node = Node(
        _operation(operation),
        tuple(_id(given) for given in _list(inputs, "inputs", 1000)),
        _mapping(attributes, "attributes", _attribute),
        kind,
    )
    seen: list[Value] = []
    for attribute in sorted(node.attributes):
        seen += _shaped(node.attributes[attribute])
    node.__dict__["inside"] = tuple(seen)  # what it would give, without a second walk
    # What the name is made of is the node without it: `["n...",` goes, a bracket comes.
    if ir.node_id(b"[" + written[len(_id(name)) + 4 :]) != name:
        raise RefusedProgram("P2-V0506", f"node {str(name)[:7]} is not named after its content")
    node.__dict__["id"] = name
    return node


# ---- tagged values -------------------------------------------------------------------------------


def checked(value: Any) -> Value:
    """Give a tagged value after a check of the shape of all its parts; raises RefusedProgram."""
    _shaped(value)
    return value  # type: ignore[no-any-return] # now it is


def _shaped(value: Any) -> list[Value]:
    """Give a value and all inside it, as `ir.walk` does, after a check of each."""
    found: list[Value] = []
    pending: list[tuple[Any, int]] = [(value, 1)]
    while pending:
        item, level = pending.pop()
        if not isinstance(item, list) or not item or not isinstance(item[0], str):
            raise _wrong("a value has no tag")
        rule = _SHAPES.get(item[0])
        if rule is None:
            raise _wrong(f"there is no value {item[0][:20]!r}")
        lengths, check = rule
        if len(item) not in lengths:
            raise _wrong(f"{item[0]!r} does not have the parts it should have")
        check(item)
        found.append(item)
        if item[0] in ir.LEAVES:
            continue
        if level == ir.DEEPEST and ir.parts(item):
            raise RefusedProgram("P2-V0513", "a value is nested too deeply")
        pending += [(part, level + 1) for part in reversed(ir.parts(item))]
    return found


def _is_int(item: Value) -> None:
    if not isinstance(item[1], int) or isinstance(item[1], bool) or abs(item[1]) >= _LARGEST_WHOLE:
        raise _wrong("a whole number is out of range")


def _is_number(item: Value) -> None:
    if not _HEXADECIMAL.match(_text(item[1])) or float.fromhex(item[1]).hex() != item[1]:
        raise _wrong("a number is not in its canonical form")
    if item[2:] and (not isinstance(item[2], str) or item[2] not in CHECKED):
        raise _wrong("a number has a unit that is none of the base units")


def _is_bool(item: Value) -> None:
    if not isinstance(item[1], bool):
        raise _wrong("a truth value is none")


def _has_columns(item: Value) -> None:
    names = [_name(name) for name in _list(item[1], "columns", _MOST_ITEMS)]
    if len(set(names)) != len(names):
        raise _wrong("a column is named twice")


def _has_sort_keys(item: Value) -> None:
    for key in _list(item[1], "sort keys", _MOST_ITEMS):
        column = key[1] if isinstance(key, list) and len(key) == 2 and key[0] == "desc" else key
        if not isinstance(column, list) or len(column) != 2 or column[0] != "col":
            raise _wrong("a sort key is not a column")
        _name(column[1])


def _has_pairs(item: Value) -> None:
    seen = set()
    for pair in _list(item[1], "named columns", _MOST_ITEMS):
        if not isinstance(pair, list) or len(pair) != 2:
            raise _wrong("a named column is not a pair")
        seen.add(_name(pair[0]))
    if len(seen) != len(item[1]):
        raise _wrong("a column is named twice")


def _has_name_pairs(item: Value) -> None:
    _has_pairs(item)
    for pair in item[1]:
        _name(pair[1])


def _has_typed_columns(item: Value) -> None:
    _has_name_pairs(item)
    for _, text in item[1]:
        try:
            canonical = str(parse_column_type(text))
        except ValueError:
            raise _wrong(f"{text[:60]!r} is not the type of a column") from None
        if canonical != text:
            raise _wrong(f"{text[:60]!r} is not the one way to write a type")


def _has_operator(item: Value) -> None:
    if not isinstance(item[1], str) or item[1] not in _OPERATORS:
        raise _wrong("there is no such operator")


def _has_call(item: Value) -> None:
    _operation(item[1])
    _mapping(item[2], "arguments", _attribute)


def _names_field(item: Value) -> None:
    _id(item[1])
    _name(item[2])


def _nothing(item: Value) -> None:
    """Accept a value whose parts are tagged values and are checked next."""


_SHAPES: dict[str, tuple[tuple[int, ...], Callable[[Value], object]]] = {
    "int": ((2,), _is_int),
    "num": ((2, 3), _is_number),
    "str": ((2,), lambda item: _text(item[1])),
    "bool": ((2,), _is_bool),
    "null": ((1,), _nothing),
    "col": ((2,), lambda item: _name(item[1])),
    "cols": ((2,), _has_columns),
    "by": ((2,), _has_sort_keys),
    "param": ((2,), lambda item: _name(item[1])),
    "var": ((2,), lambda item: _variable(item[1])),
    "list": ((2,), lambda item: _list(item[1], "a list", _MOST_ITEMS)),
    "cat": ((2,), lambda item: _list(item[1], "a text", _MOST_ITEMS)),
    "range": ((3,), _nothing),
    "if": ((4,), _nothing),
    "len": ((2,), _nothing),
    "op": ((4,), _has_operator),
    "not": ((2,), _nothing),
    "neg": ((2,), _nothing),
    "call": ((3,), _has_call),
    "new": ((2,), _has_pairs),
    "rename": ((2,), _has_name_pairs),
    "types": ((2,), _has_name_pairs),
    "table": ((2,), lambda item: _id(item[1])),
    "field": ((3,), _names_field),
    "shape": ((2,), _has_typed_columns),
    "node": ((2,), lambda item: _id(item[1])),
}
