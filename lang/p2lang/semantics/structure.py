"""Operations that statements make, beside those of the registry, and attributes that any operation may carry."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from p2lang.facts import Facts
from p2lang.ir import Node, Value, walk
from p2lang.semantics.script_text import mentioned
from p2lang.signatures import Registry, Signature, parse_signature

IMPOSE = parse_signature(
    "effect impose@1(that:bool, message:str?) : none -> done | 0 | - | Stop unless the condition holds."
)
LINK = parse_signature(
    "effect link@1(name:str, type:shape, path:str) : table -> done | 1 | link "
    "| Answer for a table, translated row by row from what the bundle has. "
    "| touches link table:name; needs a bundle"
)
EXPOSE = parse_signature(
    "effect expose@1(name:str, type:shape) : table -> done | 1 | expose | Give a table to whoever may read it. "
    "| touches expose table:name; needs a bundle"
)
NEED = parse_signature(
    "source need@1(name:str, type:shape, step:int?, rows:int=1000000, key:str?, copied:bool?) : none -> table | 2 "
    "| read | A table that the bundle answers for: imposed as an input, linked, or exposed by a task above. "
    "| touches read input:name; needs a bundle"
)
MOST_TABLES = 8
"""Tables that a step in Python may read beside the one from the left."""

TABLES = tuple(f"t{number}" for number in range(1, MOST_TABLES + 1))
"""The attributes of a step in Python that hold them."""

NO_TABLE = "-"
"""What stands in the place of the table from the left in the parameters of a step in Python that takes none."""

SCRIPT = parse_signature(
    "step script@1(name:str, text:str, takes:shape, gives:shape, params:types, sites:types?, mute:bool?, "
    + ", ".join(f"{name}:any?" for name in TABLES)
    + ", **any) : table -> table | 500 | run "
    "| A step in restricted Python: sees the columns of `takes` and the tables that it reads, gives those of `gives`, "
    "at most as many rows. | touches run python:name"
)
MADE = parse_signature(
    "step made@1(name:str, type:shape, rows:int?) : table -> table | 1 | - "
    "| A table that a step in Python hands on beside its own."
)
RAN = parse_signature(
    "effect ran@1() : table -> done | 0 | - | Run a step in Python for what it does."
)
DRAWN = parse_signature(
    "effect drawn@1(name:str?) : table -> plot | 20 | render | A picture that a step in Python draws. "
    "| output picture; touches write output:name or plot"
)
GRID = parse_signature(
    "step frame_grid@1(title:str?, size:list?, cols:int=1, rows:int?) : none -> view | 0 | - "
    "| Frames side by side in one picture, row by row. | size is two lengths; cols in 1..100; rows in 1..100"
)
LAYERS = parse_signature(
    "step frame_layers@1(title:str?, size:list?) : none -> view | 0 | - "
    "| Several flows over the same axes, the first at the back. | size is two lengths"
)
PAGE = parse_signature(
    "step page@1(title:str?) : none -> page | 0 | - | A page of a report: text, formulas, tables, pictures."
)
REPORT = parse_signature(
    "effect report@1(title:str?, author:str?, date:str?, paper:enum(A4|letter)=A4) : none -> plot | 0 | render "
    "| Pages in one document. | output picture; touches write output:@name or report"
)
_STATEMENTS = {
    s.full_name: s
    for s in (IMPOSE, LINK, EXPOSE, NEED, SCRIPT, MADE, RAN, DRAWN, GRID, LAYERS, PAGE, REPORT)
}

HELD = {
    GRID.full_name: frozenset(("view",)),
    LAYERS.full_name: frozenset(("view",)),
    PAGE.full_name: frozenset(("item", "view")),
    REPORT.full_name: frozenset(("page",)),
}
"""Boxes, and the kinds of what may stand in each."""

MOST_PARTS = 500
"""Parts that one box may hold."""

MOST_NODES = 5_000
"""Nodes that a module may have."""

MOST_TASKS = 200
"""Tasks that a module may have."""

EFFECTS = frozenset(("plot", "done"))
"""What effects give: they have a place in the order of effects, and nothing else does."""

SEQUENCE = "@seq"
"""The attribute with an effect's place in the order of effects."""

GUARD = "@when"
"""The attribute with the condition under which an effect happens."""

DELIVERED = "cols"
"""The attribute with the columns that a source of one bundle delivers."""

DECLARED = frozenset(("shape", "types"))
"""Types of parameters that hold declared types, written by statements and never by a call."""

TASK = "@task"
"""The attribute with the name of the task that an effect belongs to."""

LONGEST_NAME = 200
"""Characters that the name of a column may have."""

NAME = "@name"
"""The attribute with the name of a picture whose operation has no parameter `name`."""

FORMAT = "@format"
"""The attribute with the kind of file that the ending of a picture's name asks for."""

PICTURE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=,+ -]{0,119}\Z")
"""What a picture may be called: a file name on every system, nothing hidden; the store takes no other."""

MOVING = frozenset(("mp4", "gif", "apng"))
"""The kinds of file that move."""

_DRAWN = ("png", "svg", "pdf")
FORMATS = {
    "plot": _DRAWN,
    "automatic": _DRAWN,
    "drawn": _DRAWN,
    "animate": ("mp4", "gif", "apng", *_DRAWN),
    "report": ("pdf",),
}
"""The kinds of file that a picture can be; a name may end in one of them."""

_ENDING = re.compile(r"(.+)\.(png|svg|pdf|jpe?g|gif|webp|eps|mp4|webm|apng|html?)\Z", re.IGNORECASE)


FILE_KINDS = ("csv", "json", "parquet")
"""The endings of files that a table can be handed out as."""


def file_name(name: str) -> tuple[str, str] | None:
    """Give the stem and the kind of a table's file, `("reward", "csv")`; None when it cannot be called so."""
    stem, _, kind = name.rpartition(".")
    return (stem, kind) if kind in FILE_KINDS and PICTURE_NAME.match(name) else None


def makes_picture(signature: Signature) -> bool:
    """Tell whether an operation makes a picture, which has a name of its own."""
    return signature.facts.output == "picture"


def unnamed(signature: Signature) -> str:
    """Give the name of a picture of an operation that was given none."""
    touched = signature.facts.touched
    return "plot" if touched is None else touched.otherwise


def name_attribute(signature: Signature) -> str:
    """Give the attribute that holds the name of the picture that an operation makes."""
    return NAME if signature.parameter("name") is None else "name"


def sheet_name(name: str, number: int) -> str:
    """Give the name of a sheet of a report that is drawn as a picture of its own."""
    return f"{name}-{number}"


def kinds_of(node: Node, asked: Collection[str]) -> frozenset[str]:
    """Give the kinds of file that a picture is handed out as: its own, and those that a run was asked for.

    Without either it is a PNG; a report is a PDF whatever else is asked for. A film moves (as MP4 if nothing else that
    moves is asked for), and its last picture is a PNG as well; nothing else moves.
    """
    own = node.attributes.get(FORMAT)
    kinds = {*asked} if own is None else {str(own[1]), *asked}
    if node.op == REPORT.full_name:
        kinds.add("pdf")
    if node.op.startswith("animate@"):
        return frozenset(kinds | {"png"} | (set() if kinds & MOVING else {"mp4"}))
    return frozenset(kinds - MOVING or {"png"})


def sheet_of(name: str) -> str:
    """Give the name of the report that a picture is a sheet of; its own name when it is none."""
    match = _SHEET.match(name)
    return name if match is None else match[1]


_SHEET = re.compile(r"(.+)-[1-9][0-9]{0,3}\Z")


def split_ending(name: str) -> tuple[str, str]:
    """Give the name of a picture without the ending of a file, and that ending in small letters (or nothing)."""
    match = _ENDING.match(name)
    return (match[1], match[2].lower()) if match else (name, "")


def stands_after(signature: Signature, box: Signature) -> bool:
    """Tell whether an operation may follow a frame with several flows (LAYERS) or several frames (GRID) in it."""
    if signature.kind == "deco" and box is GRID:
        return signature.name in _OF_WHOLE_PICTURES
    return signature.kind != "mark"


_OF_WHOLE_PICTURES = frozenset(("title", "font"))


def operation(full_name: str, registry: Registry) -> Signature | None:
    """Give the signature of an operation of a flow or statement by its `name@version`."""
    statement = _STATEMENTS.get(full_name)
    if statement is not None:
        return statement
    found = registry.by_full_name.get(full_name)
    if found is None or not found.in_flow or found.facts.names:
        return None
    return found


def has_more_than_rows(node: Node) -> bool:
    """Tell whether more comes of a node than its rows: a step in Python that exposes or draws, or a table of one."""
    if node.op != SCRIPT.full_name:
        return node.op == MADE.full_name
    sites = node.attributes.get("sites", ["types", []])[1]
    return "mute" in node.attributes or any(to not in TABLES for _, to in sites)


def asks_about_place(node: Node) -> bool:
    """Tell whether the text of a step in Python asks about the bundle and the task that it runs for."""
    if node.op != SCRIPT.full_name:
        return False
    return not _OF_PLACE.isdisjoint(mentioned(str(node.attributes["text"][1])))


_OF_PLACE = frozenset(("me", "exposed", "imposed", "islinked", "approved"))


def reads_bundle(signature: Signature) -> bool:
    """Tell whether an operation is a source that reads the bundle at its `path`."""
    return signature.kind == "source" and signature.parameter("path") is not None


def read_to_choose(attributes: Mapping[str, Value]) -> frozenset[str]:
    """Give the columns that a source of one bundle needs to choose its rows, whoever wants them later."""
    return frozenset(name for name in ("step",) if name in attributes)


def reads_rows(signature: Signature) -> bool:
    """Tell whether a source reads rows from outside, so that columns may be left out where nothing needs them."""
    touched = signature.facts.touched
    return signature.kind == "source" and touched is not None and touched.right == "read"


def row_wise(signature: Signature, values: Iterable[Value], registry: Registry) -> bool:
    """Tell whether a step makes each row from one row: no aggregates, no window functions, nothing sorted or joined."""
    if not signature.facts.row_wise:
        return False
    called = (v[1] for value in values for v in walk(value) if v[0] == "call")
    functions = (registry.by_full_name.get(name) for name in called)
    return not any(f is not None and f.kind in ("agg", "win") for f in functions)


def rights_of(nodes: Iterable[Node], registry: Registry) -> tuple[str, ...]:
    """Give the rights that operations and functions need, sorted; unknown ones need none and are refused elsewhere."""
    needed: set[str] = set()
    for node in nodes:
        signature = operation(node.op, registry)
        if signature is not None:
            needed.update(signature.rights)
        for call in node.calls:
            called = registry.by_full_name.get(call[1])
            needed.update(() if called is None else called.rights)
    return tuple(sorted(needed))


def untold_target(signature: Signature, attributes: Mapping[str, Value]) -> str | None:
    """Give the parameter that names what an operation touches when it is not plain text; None when all is known."""
    touched = signature.facts.touched
    if touched is None:
        return None
    value = attributes.get(touched.parameter)
    if value is not None and value[0] == "call":
        value = value[2].get("name", value)
    told = bool(touched.otherwise) if value is None else value[0] == "str"
    return None if told else touched.parameter


def outside_tasks(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Give what a script does by itself: effects that belong to no task, and what these need, in the same order."""
    return effects_of(nodes, "")


def effects_of(nodes: Sequence[Node], task: str) -> tuple[Node, ...]:
    """Give the effects of a task ('' = those outside of tasks) and what these need, in the same order.

    A link inside a task only says what the bundle answers for: a run of the task reads nothing for it.
    """
    needed: set[str] = set()
    for node in reversed(nodes):
        if is_effect_of(node, task) or node.id in needed:
            needed |= {node.id, *node.inputs}
    return tuple(node for node in nodes if node.id in needed)


def is_effect_of(node: Node, task: str) -> bool:
    """Tell whether a node is an effect that a run of a task carries out ('' = outside of tasks)."""
    if SEQUENCE not in node.attributes or (task and node.op == LINK.full_name):
        return False
    belongs: Value = node.attributes.get(TASK, ["str", ""])
    return bool(belongs[1] == task)


def for_a_bundle(node: Node, registry: Registry) -> str | None:
    """Give what of a node runs only where the script is attached to a bundle, in a task; None when it runs anywhere."""
    return next((word for word, facts in _spoken(node, registry) if facts.needs_bundle), None)


def _spoken(node: Node, registry: Registry) -> Iterator[tuple[str, Facts]]:
    """Give the operation of a node and the functions in its attributes, as they are written, with their facts."""
    signature = operation(node.op, registry)
    if signature is not None:
        written = node.attributes["name"][1] if signature is SCRIPT else signature.name
        yield f"`{written}`", signature.facts
    for value in node.calls:
        called = registry.by_full_name.get(value[1])
        if called is not None:
            yield f"`{called.name}`", called.facts


def capabilities(nodes: Iterable[Node], registry: Registry) -> tuple[str, ...]:
    """Give what a program may touch, one `right kind:target` each, sorted: what a signature must allow.

    `read bundle:PATH` for each source that reads, `write output:NAME` for each picture or file that leaves.
    """
    found = set()
    for node in nodes:
        signature = operation(node.op, registry)
        touched = None if signature is None else signature.facts.touched
        if touched is not None:
            value = node.attributes.get(touched.parameter)
            if value is not None and value[0] == "call":  # what `gather_tasks("name")` gathers
                value = value[2].get("name")
            named = value is not None and value[0] == "str"
            target = str(value[1]) if value is not None and named else touched.otherwise
            found.add(f"{touched.right} {touched.kind}:{target}")
            if touched.beside in node.attributes:
                found.add(f"{touched.right} {touched.kind}:{touched.beside}")
    return tuple(sorted(found))


def outputs(nodes: Iterable[Node], registry: Registry) -> tuple[frozenset[str], frozenset[str]]:
    """Give what a program hands out: the names of its pictures, and of its files with their endings."""
    pictures: set[str] = set()
    files: set[str] = set()
    for node in nodes:
        signature = operation(node.op, registry)
        if signature is None or not signature.facts.output:
            continue
        (target,) = capabilities((node,), registry)
        (pictures if makes_picture(signature) else files).add(target.partition(":")[2])
    return frozenset(pictures), frozenset(files)
