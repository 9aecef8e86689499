"""The single pass over a module: every node's inputs, attributes, types and columns; then effects, rights and work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from p2lang import ir
from p2lang.ir import Module, Node, Value
from p2lang.semantics.arguments import accept, missing
from p2lang.semantics.bounds import bounds_of
from p2lang.semantics.clash import Clash
from p2lang.semantics.filling import filled_attribute
from p2lang.semantics.films import check_film
from p2lang.semantics.needs import Need, Reckoning, total
from p2lang.semantics.ownership import Shown, problems, uses
from p2lang.semantics.selection import path_of, selection
from p2lang.semantics.structure import (
    DECLARED,
    DELIVERED,
    EFFECTS,
    FORMAT,
    FORMATS,
    GUARD,
    HELD,
    MOST_PARTS,
    NAME,
    PICTURE_NAME,
    SEQUENCE,
    TASK,
    capabilities,
    file_name,
    makes_picture,
    name_attribute,
    operation,
    reads_bundle,
    reads_rows,
    rights_of,
    stands_after,
    untold_target,
)
from p2lang.semantics.transfer import Application, schema_after
from p2lang.semantics.values import Typed
from p2lang.signatures import Parameter, Registry, Signature
from p2lang.types import FlowKind, TableSchema
from p2lang.verifier.choosing import check_choice
from p2lang.verifier.declared import declared
from p2lang.verifier.decoding import decode
from p2lang.verifier.new_columns import new_columns
from p2lang.verifier.params import ProgramParam
from p2lang.verifier.program import Program, ProgramNode, ProgramTask
from p2lang.verifier.refusal import RefusedProgram
from p2lang.verifier.statements import Statements, check_script
from p2lang.verifier.typing import Surroundings, typed

_OF_TABLES = frozenset(("table", "field"))
_TAGS = {
    "col": ("col",),
    "numcol": ("col",),
    "cols": ("cols", "by"),
    "table": ("table",),
    "enum": ("str",),
}
"""The tags of the values that parameters of these types take."""

_SURPRISES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def verify(
    encoded: bytes,
    schemas: Mapping[str, TableSchema],
    registry: Registry,
    sha256: str | None = None,
) -> Program:
    """Give the program that a module's bytes stand for, or raise RefusedProgram and nothing else.

    `schemas` are the shapes of the bundles as they are now, `sha256` is the module's expected name, if it is known.
    """
    try:
        return _verified(encoded, schemas, registry, sha256)
    except Clash as clash:
        raise RefusedProgram("P2-V0512", clash.message) from None
    except _SURPRISES as surprise:
        # What no rule foresaw is refused as well: nothing but a refusal leaves the verifier.
        raise RefusedProgram(
            "P2-V0519", f"the module cannot be understood ({type(surprise).__name__})"
        ) from None


def assembled(
    nodes: Sequence[Node], schemas: Mapping[str, TableSchema], registry: Registry
) -> Program:
    """Give the program that a few nodes make, with what they need reckoned up; raises RefusedProgram.

    For what a run puts together itself, on tables that it holds; `schemas` are theirs.
    """
    module = Module(
        tuple(nodes),
        tuple(node.id for node in nodes if node.kind in EFFECTS),
        {},
        {path: schema.digest() for path, schema in schemas.items()},
        rights_of(nodes, registry),
        0,
    )
    try:
        pass_ = _Pass(module, schemas, registry, {})
        for node in module.nodes:
            pass_.add(node)
    except Clash as clash:
        raise RefusedProgram("P2-V0512", clash.message) from None
    need = total(pass_.needs)
    whole = replace(module, work=need.work, needs=need.beside_work())
    return verify(whole.encode(), schemas, registry)


def _verified(
    encoded: bytes, schemas: Mapping[str, TableSchema], registry: Registry, sha256: str | None
) -> Program:
    name = ir.module_hash(encoded)
    if sha256 is not None and name != sha256:
        raise RefusedProgram("P2-V0517", f"the module is {name[:16]}..., not {sha256[:16]}...")
    module = decode(encoded)
    _same_shapes(module, schemas)
    params = {name: declared(name, param, registry) for name, param in module.variables().items()}
    pass_ = _Pass(module, schemas, registry, params)
    for node in module.nodes:
        pass_.add(node)
    pass_.finish()
    rights = rights_of(module.nodes, registry)
    if module.rights != rights:
        raise RefusedProgram(
            "P2-V0514",
            f"the module needs the rights {_listed(rights)}, but says {_listed(module.rights)}",
        )
    need = total(pass_.needs)
    _as_stated(module, need)
    return Program(
        name,
        module,
        tuple(pass_.nodes.values()),
        {name: params[name] for name in module.params},
        module.sinks,
        rights,
        need,
        capabilities(module.nodes, registry),
        tuple(
            ProgramTask(
                task.name,
                {n: replace(params[f"{task.name}.{n}"], name=n) for n in task.params},
                task.after,
            )
            for task in module.tasks
        ),
    )


def _as_stated(module: Module, need: Need) -> None:
    if module.work != need.work:
        raise RefusedProgram(
            "P2-V0515", f"the module may cost {need.work:,} units, but says {module.work:,}"
        )
    for name, most in need.beside_work().items():
        if module.needs[name] != most:
            raise RefusedProgram(
                "P2-V0520", f"the module may need {most:,} {name}, but says {module.needs[name]:,}"
            )


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words) or "none"


def _same_shapes(module: Module, schemas: Mapping[str, TableSchema]) -> None:
    for path, digest in module.schema.items():
        schema = schemas.get(path)
        if schema is None:
            raise RefusedProgram("P2-V0505", f'the shape of bundle "{path_of(path)}" was not given')
        if schema.digest() != digest:
            raise RefusedProgram(
                "P2-V0505",
                f'bundle "{path_of(path)}" has another shape than the script was compiled for: compile it again',
            )


# ---- nodes ---------------------------------------------------------------------------------------


class _Pass:
    """What is known while the nodes go by: earlier nodes with their schemas, effects so far, work so far."""

    def __init__(
        self,
        module: Module,
        schemas: Mapping[str, TableSchema],
        registry: Registry,
        params: Mapping[str, ProgramParam],
    ) -> None:
        self.module = module
        self.schemas = schemas
        self.registry = registry
        self.params = {n: p.value_type for n, p in params.items() if not p.names_column}
        self.bounds = bounds_of({name: param.where for name, param in params.items()})
        self.statements = Statements(module, registry)
        self.nodes: dict[str, ProgramNode] = {}
        self.effects: list[str] = []
        self.used: set[str] = set()
        self.paths: set[str] = set()
        self.reckoning = Reckoning(registry, self.bounds)
        self.needs: list[Need] = []

    def add(self, node: Node) -> None:
        """Check one node after all nodes before it."""
        if node.id in self.nodes:
            raise RefusedProgram("P2-V0507", f"{node.id[:7]} stands in the module twice")
        signature = operation(node.op, self.registry)
        if signature is None:
            raise RefusedProgram("P2-V0508", f"there is no operation {node.op}")
        if node.kind != signature.gives:
            raise RefusedProgram("P2-V0510", f"{node.op} gives {signature.gives}, not {node.kind}")
        flow = self._flow(node, signature)
        tables = self._tables(node, flow)
        around = Surroundings(
            self.registry, self.params, None if flow is None else flow.schema, tables
        )
        new = self._attributes(node, signature, around)
        bundle = self._bundle(node, signature)
        schema = schema_after(
            Application(
                signature,
                node.attributes,
                around.columns,
                bundle,
                new,
                tables.__getitem__,
                self.bounds,
                self._parts(node, signature, around),
                node.calls,
            )
        )
        need = self.reckoning.add(node, signature, schema).need
        self.needs.append(need)
        self.nodes[node.id] = ProgramNode(
            node.id,
            node,
            signature,
            cast(FlowKind, node.kind),
            node.inputs,
            schema,
            None if flow is None else flow.id,
            need.work,
        )
        self.statements.add(node, signature, schema, around.columns)

    def finish(self) -> None:
        """Check what only the whole module shows: order of effects, nothing unused, no bundle too many."""
        if list(self.module.sinks) != self.effects:
            raise RefusedProgram(
                "P2-V0516", "the module does not end in its effects, in their order"
            )
        unused = [name for name in self.nodes if name not in self.used and name not in self.effects]
        if unused:
            raise RefusedProgram("P2-V0507", f"nothing uses {unused[0][:7]}")
        self._owned()
        if self.paths != set(self.module.schema):
            raise RefusedProgram(
                "P2-V0505", "the module does not read exactly the bundles that it names"
            )

    def _owned(self) -> None:
        if not self.module.tasks:
            return
        numbers = {name: number for number, name in enumerate(self.nodes)}
        tasks = [task.name for task in self.module.tasks]
        for problem in problems(self.effects, self._shown, numbers.__getitem__, tasks):
            node = self.nodes[problem.at].node
            raise RefusedProgram("P2-V0525", f"{node.op}: {problem.message}")

    def _shown(self, name: str) -> Shown[str]:
        known = self.nodes[name]
        used = uses(known.signature, known.inputs, known.node.attributes)
        of_table = known.flow is not None and self.nodes[known.flow].kind == "table"
        return Shown(known.signature.name, known.node.op, known.node.attributes, used, of_table)

    # ---- inputs ----------------------------------------------------------------------------------

    def _flow(self, node: Node, signature: Signature) -> ProgramNode | None:
        for given in node.inputs:
            if given not in self.nodes:
                raise RefusedProgram("P2-V0507", f"{given[:7]} is used before it is made")
        self.used.update(node.inputs)
        if signature.takes == "none":
            return None
        if not node.inputs:
            raise RefusedProgram("P2-V0507", f"{node.op} has nothing from the left")
        flow = self.nodes[node.inputs[0]]
        fits = flow.kind == signature.takes or (
            signature.takes == "any" and flow.kind in ("table", "plot")
        )
        if not fits:
            raise RefusedProgram("P2-V0510", f"{node.op} takes {signature.takes}, not {flow.kind}")
        box = self._box_of(flow)
        if box is not None and not stands_after(signature, box):
            raise RefusedProgram("P2-V0510", f"{node.op} cannot follow {box.full_name}")
        return flow

    def _box_of(self, flow: ProgramNode) -> Signature | None:
        at = flow
        while at.kind == "view" and at.signature.kind in ("mark", "deco") and at.flow is not None:
            at = self.nodes[at.flow]
        return at.signature if at.kind == "view" and at.node.op in HELD else None

    def _tables(self, node: Node, flow: ProgramNode | None) -> dict[str, TableSchema]:
        naming = [value for value in node.inside if value[0] in ir.NAMING]
        named = dict.fromkeys(value[1] for value in naming)
        first = [] if flow is None else [flow.id]
        if list(node.inputs) != [*first, *(name for name in named if name not in first)]:
            raise RefusedProgram("P2-V0507", f"the inputs of {node.op} are not those it names")
        tables = {}
        for name in (value[1] for value in naming if value[0] in _OF_TABLES):
            known = self.nodes[name]
            if known.kind != "table" or known.schema is None:
                raise RefusedProgram("P2-V0510", f"{name[:7]} is not a table")
            tables[name] = known.schema
        return tables

    def _bundle(self, node: Node, signature: Signature) -> TableSchema | None:
        if signature.name == "collect":
            return self.statements.collected(node)
        if not reads_bundle(signature):
            return None
        path = node.attributes["path"]
        table = node.attributes.get("table", ["str"])
        key = selection(node.attributes).shape.key if path[0] == table[0] == "str" else None
        if key is None or key not in self.module.schema:
            raise RefusedProgram(
                "P2-V0505", "a source reads a bundle that the module does not name"
            )
        self.paths.add(key)
        schema = self.schemas[key]
        for name in node.attributes.get(DELIVERED, ["cols", []])[1]:
            if name not in schema:
                raise RefusedProgram("P2-V0511", f'bundle "{path[1]}" has no column {name!r}')
        return schema

    def _parts(
        self, node: Node, signature: Signature, around: Surroundings
    ) -> tuple[TableSchema, ...]:
        """Check what stands in a box: nodes of the kinds that it holds, each at most under a condition."""
        held = HELD.get(signature.full_name)
        if held is None:
            return ()
        parts = node.attributes.get(ir.PARTS, ["list", []])
        if parts[0] != "list" or not 0 < len(parts[1]) <= MOST_PARTS:
            raise RefusedProgram("P2-V0509", f"{node.op} does not have 1 to {MOST_PARTS} parts")
        for part in parts[1]:
            conditional = part[0] == "if" and part[3] == ["null"]
            if conditional and not self._is_condition(part[1], around):
                raise RefusedProgram("P2-V0509", f"a part of {node.op} has no single condition")
            if (part[2] if conditional else part)[0] != "node":
                raise RefusedProgram("P2-V0509", f"a part of {node.op} is no node")
        schemas = []
        for _, name in ir.parts_of(node.attributes):
            known = self.nodes[name]
            if known.kind not in held:
                raise RefusedProgram("P2-V0510", f"{node.op} holds no {known.kind}")
            if known.schema is not None:
                schemas.append(known.schema)
        return tuple(schemas)

    def _is_condition(self, value: Value, around: Surroundings) -> bool:
        outside = Surroundings(self.registry, self.params, None, around.tables)
        type_ = typed(value, outside).type
        return type_.kind == "bool" and type_.shape == "one"

    # ---- attributes ------------------------------------------------------------------------------

    def _attributes(
        self, node: Node, signature: Signature, around: Surroundings
    ) -> tuple[tuple[str, Typed], ...]:
        given = node.attributes
        by = given.get("by", ["cols", []])
        grouped = frozenset(by[1]) if by[0] == "cols" else frozenset()
        for name, value in given.items():
            if name not in signature.by_attribute:
                self._other(node, signature, name, value, around)
        _complete(node, signature)
        new: tuple[tuple[str, Typed], ...] = ()
        for attribute, parameter in signature.by_attribute.items():
            value_given = given.get(attribute)
            if value_given is None:
                continue
            if parameter.variadic == "**":
                new = new_columns(signature, parameter.type, value_given, around, grouped)
            else:
                _fits(signature, parameter, value_given, around)
        if signature.name == "script":
            check_script(node, dict(new))
        self._effect(node, signature)
        if makes_picture(signature):
            check_film(signature, given, self._drawn(node))
        return new

    def _drawn(self, node: Node) -> Iterator[Mapping[str, Value]]:
        """Give the attributes of everything that a picture is made of."""
        pending = list(node.inputs)
        while pending:
            view = self.nodes[pending.pop()]
            if view.kind not in ("table", "plot", "done"):
                yield view.node.attributes
                pending += view.inputs

    def _other(
        self, node: Node, signature: Signature, name: str, value: Value, around: Surroundings
    ) -> None:
        effect = node.kind in EFFECTS
        if name == SEQUENCE and effect:
            return
        if name == GUARD and effect and self._is_condition(value, around):
            return
        if name == ir.PARTS and node.op in HELD:
            return  # looked at by itself
        if name == NAME and makes_picture(signature) and name_attribute(signature) == NAME:
            return
        if name == FORMAT and value[0] == "str" and value[1] in FORMATS.get(signature.name, ()):
            return
        if name == DELIVERED and reads_rows(signature) and value[0] == "cols":
            return
        if name == TASK and effect and value[0] == "str":
            return
        raise RefusedProgram("P2-V0509", f"{node.op} has no attribute {name!r} like this")

    def _effect(self, node: Node, signature: Signature) -> None:
        if node.kind not in EFFECTS:
            return
        if node.attributes.get(SEQUENCE) != ["int", len(self.effects)]:
            raise RefusedProgram("P2-V0516", f"{node.op} is not in the order of effects")
        self.effects.append(node.id)
        if untold_target(signature, node.attributes) is not None:
            raise RefusedProgram("P2-V0509", f"{node.op} does not say as text what it touches")
        name = node.attributes.get(name_attribute(signature))
        if signature.facts.output == "file" and (name is None or file_name(name[1]) is None):
            raise RefusedProgram("P2-V0509", "the name of a file does not say what it is")
        if name is None or not makes_picture(signature):
            return
        if name[0] != "str" or not PICTURE_NAME.match(name[1]):
            raise RefusedProgram("P2-V0509", "the name of a picture is not the name of a file")


def _fits(signature: Signature, parameter: Parameter, value: Value, around: Surroundings) -> None:
    if parameter.type == "params":
        return check_choice(value, around)
    if parameter.type in DECLARED:
        if value[0] != parameter.type:
            raise RefusedProgram("P2-V0509", f"{signature.full_name} lacks a declared type")
        return None
    given = typed(value, around)
    accept(signature, parameter, given)
    # A value of unknown type fits everywhere, but what names something is looked at by its tag.
    if given.value[0] not in _TAGS.get(parameter.type, (given.value[0],)):
        raise RefusedProgram(
            "P2-V0509", f"{parameter.name!r} of {signature.full_name} names nothing"
        )
    return None


def _complete(node: Node, signature: Signature) -> None:
    """Raise RefusedProgram unless a node has all attributes that its operation needs."""
    given = node.attributes
    filled = filled_attribute(signature)
    if missing(signature, given) or (filled is not None and filled not in given):
        raise RefusedProgram("P2-V0509", f"{node.op} lacks an attribute")
    if (signature.variadic is not None) != ("new" in given):
        raise RefusedProgram("P2-V0509", f"{node.op} lacks its new columns")
    columns = given.get("cols", ["cols", []])
    if signature.facts.needs_columns and not (columns[0] in ("cols", "by") and columns[1]):
        raise RefusedProgram("P2-V0509", f"{node.op} names no column")
