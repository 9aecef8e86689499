"""A script's text as editors see it: read and checked once, with what the pipe carries at each place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from p2lang import ast
from p2lang.check import NO_LIBRARIES, Libraries, Schemas, check
from p2lang.check.model import Binding, Stream
from p2lang.check.session import Loaded, Place, Watch
from p2lang.compiler import Compiled, Surroundings, compile_script
from p2lang.parser import Parsed, parse
from p2lang.parser.tree import HOLE
from p2lang.semantics.values import Typed
from p2lang.service.names import Declared, declared
from p2lang.signatures import Registry
from p2lang.source import Source, Span
from p2lang.types import TableSchema


@dataclass(frozen=True)
class Workspace:
    """What scripts are read against: the operations there are, the schemas of the bundles, the libraries.

    `as_library` tells that the text is a library itself.
    """

    registry: Registry
    schemas: Schemas
    libraries: Libraries = NO_LIBRARIES
    as_library: bool = False

    @staticmethod
    def of(
        registry: Registry,
        schemas: Schemas | Mapping[str, TableSchema],
        libraries: Libraries = NO_LIBRARIES,
    ) -> Workspace:
        """Give a workspace of a registry, schemas in either form and libraries."""
        return Workspace(registry, Schemas.of(schemas), libraries)


@dataclass(frozen=True)
class SeenStep:
    """A step of a flow as the checker saw it: what the pipe carried before it and after it."""

    node: ast.Stage | ast.Splice
    before: Stream
    after: Stream
    place: Place


@dataclass(eq=False)
class Sights(Watch):
    """What the checker went over, by the start of each node; of a body that is checked several times the first."""

    statements: dict[int, Place] = field(default_factory=dict)
    flows: dict[Span, Place] = field(default_factory=dict)
    heads: dict[Span, Stream | Typed] = field(default_factory=dict)
    steps: dict[Span, SeenStep] = field(default_factory=dict)
    bindings: dict[Span, Binding] = field(default_factory=dict)
    libraries: dict[str, Loaded] = field(default_factory=dict)

    def statement(self, place: Place, item: ast.Item) -> None:
        """Keep where a statement stands."""
        self.statements.setdefault(item.span.start, place)

    def flow(self, place: Place, node: ast.Flow) -> None:
        """Keep where a flow stands."""
        self.flows.setdefault(node.span, place)

    def head(self, node: ast.Flow, given: Stream | Typed) -> None:
        """Keep what a head gives."""
        if node.head is not None:
            self.heads.setdefault(node.head.span, given)

    def step(
        self, place: Place, node: ast.Stage | ast.Splice, before: Stream, after: Stream
    ) -> None:
        """Keep what a step takes and gives; one with known columns stands instead of one without."""
        known = self.steps.get(node.span)
        if known is None or (known.before.schema is None and before.schema is not None):
            self.steps[node.span] = SeenStep(node, before, after, place)

    def bound(self, binding: Binding) -> None:
        """Keep what a name stands for."""
        self.bindings.setdefault(binding.name.span, binding)

    def used(self, loaded: Loaded) -> None:
        """Keep a library."""
        self.libraries[loaded.reference] = loaded


@dataclass(frozen=True)
class Document:
    """A text with the workspace it is read against. What is asked about it is worked out once, when it is asked."""

    text: str
    workspace: Workspace
    name: str = "<script>"

    @cached_property
    def source(self) -> Source:
        """Give the text as a source."""
        return Source(self.text, self.name)

    @cached_property
    def parsed(self) -> Parsed:
        """Give the tree, without the statements that cannot be read."""
        return parse(self.source)

    @cached_property
    def has_texts(self) -> bool:
        """Tell whether there are steps in Python, whose texts only a child may read."""
        script = self.parsed.script
        return script is not None and any(isinstance(i, ast.ScriptDef) for i in script.items)

    @cached_property
    def sights(self) -> Sights:
        """Give what the checker saw."""
        sights = Sights()
        if self.parsed.script is not None:
            check(
                self.parsed.script,
                self.source,
                self.workspace.registry,
                self.workspace.schemas,
                poisoned=(*self.parsed.poisoned, HOLE),  # nobody is to look for what it may mean
                watch=sights,
                libraries=self.workspace.libraries,
                as_library=self.workspace.as_library,
            )
        return sights

    @cached_property
    def names(self) -> tuple[Declared, ...]:
        """Give the names that the script declares, each with its uses."""
        return () if self.parsed.script is None else declared(self.parsed.script)

    @cached_property
    def compiled(self) -> Compiled:
        """Give the whole compilation: diagnostics, and the costs when there is nothing wrong."""
        known = self.workspace
        around = Surroundings(known.libraries, known.as_library)
        return compile_script(self.source, known.registry, known.schemas, surroundings=around)
