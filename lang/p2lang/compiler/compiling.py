"""The chain from source to module: each stage a function of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from p2lang import ast, ir
from p2lang.check import NO_LIBRARIES, Checked, CheckedParam, Libraries, Schemas, check
from p2lang.collecting import collected_later
from p2lang.compiler.budget import Budget, needs
from p2lang.compiler.liveness import Pruned, prune
from p2lang.compiler.lowering import Lowered, lower
from p2lang.compiler.shapes import with_shapes
from p2lang.diagnostics import Diagnostic, Fix, has_errors, in_order
from p2lang.parser import parse
from p2lang.semantics.needs import DEFAULT_LIMITS, Need, NodeNeed, total
from p2lang.semantics.selection import selection
from p2lang.semantics.structure import MOST_NODES, MOST_TASKS, capabilities, rights_of
from p2lang.signatures import Registry
from p2lang.source import Source, Span
from p2lang.types import TableSchema

SchemasLike = Schemas | Mapping[str, TableSchema]


@dataclass(frozen=True)
class Limits:
    """What a script may need: work units, memory in bytes, rows, panels, pixels, frames, rights (None: any)."""

    work: int = DEFAULT_LIMITS.work
    rights: frozenset[str] | None = None
    memory: int = DEFAULT_LIMITS.memory
    rows: int = DEFAULT_LIMITS.rows
    panels: int = DEFAULT_LIMITS.panels
    pixels: int = DEFAULT_LIMITS.pixels
    frames: int = DEFAULT_LIMITS.frames

    @property
    def need(self) -> Need:
        """Give the limits as the largest need that is allowed."""
        return Need(self.work, self.memory, self.rows, self.panels, self.pixels, self.frames)


@dataclass(frozen=True)
class Compiled:
    """A script compiled: the module (None when it has errors), places of its nodes, everything there is to say.

    `schemas` are the shapes of the bundles it reads, as the verifier wants them; `costs` are work units by node id,
    `needs` all bounds of each node, which are known even when they are over a limit; `unused` are new columns that were
    left out because nothing uses them, by the step that makes them.
    """

    module: ir.Module | None
    spans: Mapping[str, Span]
    diagnostics: tuple[Diagnostic, ...]
    params: Mapping[str, CheckedParam] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    schemas: Mapping[str, TableSchema] = field(default_factory=dict)
    costs: Mapping[str, int] = field(default_factory=dict)
    script: ast.Script | None = None
    needs: tuple[NodeNeed, ...] = ()
    unused: Mapping[Span, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """What a script may use beside operations and bundles; `as_library` tells that it is a library itself.

    `columns` are names that a run gives for params of the type `column[...]`.
    """

    libraries: Libraries = NO_LIBRARIES
    as_library: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)


@collected_later()
def compile_script(
    source: Source,
    registry: Registry,
    schemas: SchemasLike,
    limits: Limits | None = None,
    surroundings: Surroundings | None = None,
) -> Compiled:
    """Compile source text against signatures, the schemas of bundles and the libraries around it."""
    parsed = parse(source)
    if parsed.script is None:
        return Compiled(None, {}, parsed.diagnostics)
    return compile_tree(
        parsed.script,
        source,
        registry,
        schemas,
        limits,
        earlier=parsed.diagnostics,
        poisoned=parsed.poisoned,
        surroundings=surroundings,
    )


def compile_tree(  # noqa: PLR0913 -- the stages before it, by name
    script: ast.Script,
    source: Source,
    registry: Registry,
    schemas: SchemasLike,
    limits: Limits | None = None,
    *,
    earlier: tuple[Diagnostic, ...] = (),
    poisoned: Iterable[str] = (),
    surroundings: Surroundings | None = None,
) -> Compiled:
    """Compile a tree; `earlier` are the parser's diagnostics and `poisoned` the names that they hide."""
    limits = limits or Limits()
    around = surroundings or Surroundings()
    checked = check(
        script,
        source,
        registry,
        schemas,
        rights=limits.rights,
        poisoned=poisoned,
        libraries=around.libraries,
        as_library=around.as_library,
        columns=around.columns,
    )
    if has_errors(earlier):
        # What a damaged script does not use may be used by the part that could not be read.
        told = {d.span for d in earlier}
        errors = tuple(d for d in checked.diagnostics if d.is_error and d.span not in told)
        return Compiled(None, {}, in_order((*earlier, *errors), source), script=script)
    diagnostics = (*earlier, *checked.diagnostics)
    if not checked.ok:
        return Compiled(None, {}, in_order(diagnostics, source), checked.params, script=script)
    return _finished(checked, source, registry, limits, diagnostics)


def _finished(
    checked: Checked,
    source: Source,
    registry: Registry,
    limits: Limits,
    diagnostics: tuple[Diagnostic, ...],
) -> Compiled:
    whole = lower(checked.steps, checked.effects)
    pruned = prune(whole, registry)
    diagnostics = (*diagnostics, *_never_used(whole, pruned))
    bounds = checked.bounds
    lowered = with_shapes(pruned.lowered, registry, bounds, checked.bundles)
    costs = needs(lowered, registry, bounds)
    too_much = _too_many(checked, lowered) or Budget(
        limits.need, lowered, registry, bounds
    ).exceeded(costs)
    if too_much is not None:
        diagnostics = (*diagnostics, too_much)
    module = None if too_much else _module(checked, lowered, registry, costs)
    return Compiled(
        module,
        lowered.spans,
        in_order(diagnostics, source),
        checked.params,
        () if module is None else capabilities(module.nodes, registry),
        _read(checked, lowered),
        {cost.node.id: cost.need.work for cost in costs},
        checked.script,
        costs,
        {whole.spans[node]: names for node, names in pruned.unused.items()},
    )


def _too_many(checked: Checked, lowered: Lowered) -> Diagnostic | None:
    """Say what a module would have too many of to be read again."""
    if len(checked.tasks) > MOST_TASKS:
        where, what, rest = checked.tasks[MOST_TASKS].span, "tasks", "the others"
    elif len(lowered.nodes) > MOST_NODES:
        where, what, rest = lowered.spans[lowered.nodes[MOST_NODES].id], "operations", "a part"
    else:
        return None
    most = MOST_TASKS if what == "tasks" else MOST_NODES
    return Diagnostic(
        "P2-E0302",
        f"the script has more than {most:,} {what}",
        where,
        label="this is one too many",
        help=f"put {rest} into a script of its own",
    )


def _module(
    checked: Checked, lowered: Lowered, registry: Registry, costs: tuple[NodeNeed, ...]
) -> ir.Module:
    need = total(cost.need for cost in costs)
    return ir.Module(
        lowered.nodes,
        lowered.sinks,
        _params(checked.params),
        {path: schema.digest() for path, schema in _read(checked, lowered).items()},
        rights_of(lowered.nodes, registry),
        need.work,
        checked.script.edition or 1,
        checked.libraries,
        needs=need.beside_work(),
        tasks=tuple(
            ir.ModuleTask(task.name, _params(task.params), task.after) for task in checked.tasks
        ),
    )


def _params(params: Mapping[str, CheckedParam]) -> dict[str, ir.ModuleParam]:
    return {
        name: ir.ModuleParam(param.type_text, param.default, param.where)
        for name, param in params.items()
    }


_READ = ("access@", "copy@", "load@")


def _read(checked: Checked, lowered: Lowered) -> dict[str, TableSchema]:
    """Give the bundles that are still read after dead nodes went."""
    keys = {selection(n.attributes).shape.key for n in lowered.nodes if n.op.startswith(_READ)}
    return {key: schema for key, schema in checked.bundles.items() if key in keys}


def _never_used(lowered: Lowered, pruned: Pruned) -> list[Diagnostic]:
    """Give a lint for each column that a step computes and nothing uses, wherever the step was expanded."""
    used = {
        span
        for node_id, named in lowered.named.items()
        for name, span in named.items()
        if name not in pruned.unused.get(node_id, ())
    }
    found: dict[Span, str] = {}
    for node_id, names in pruned.unused.items():
        for name in names:
            span = lowered.named[node_id].get(name)
            if span is not None and span not in used and not name.startswith("_"):
                found[span] = name
    return [
        Diagnostic(
            "P2-W0402",
            f"the column {name} is computed but never used",
            span,
            help=f"delete it, or name it `_{name}`",
            severity="warning",
            fix=Fix(span, f"_{name}"),
        )
        for span, name in found.items()
    ]
