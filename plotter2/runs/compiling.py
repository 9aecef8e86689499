"""From bytes to IR, with the store's schemas. What is wrong comes back as diagnostics, all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from p2lang import ir
from p2lang.check import Schemas, UnusableBundle
from p2lang.compiler import Compiled, Limits, Surroundings, compile_script
from p2lang.diagnostics import Diagnostic, has_errors
from p2lang.parser import decode
from p2lang.semantics.needs import MEBIBYTE
from p2lang.semantics.selection import Selection
from p2lang.semantics.structure import capabilities
from p2lang.source import Source, Span
from p2lang.types import ColumnType, TableSchema
from p2std.registry import core
from plotter2.config.settings import Ceiling
from plotter2.datter import codes
from plotter2.datter.store import Store
from plotter2.errors import DataError, ExitCode
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.opening import OpenedScript
from plotter2.runs.selecting import settled


@dataclass(frozen=True, slots=True)
class CheckedScript:
    """A script's text with everything that was found wrong; `compiled` is None when it cannot run."""

    script: OpenedScript
    source: Source
    diagnostics: tuple[Diagnostic, ...]
    compiled: Compiled | None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class CompiledScript:
    """A script without mistakes, ready to be signed or run."""

    script: OpenedScript
    module: ir.Module
    spans: Mapping[str, Span]
    schemas: Mapping[str, TableSchema]
    warnings: tuple[Diagnostic, ...]
    source: Source

    @property
    def work(self) -> int:
        """Give the static bound of the cost, in units of about 10 ns."""
        return self.module.work

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Give what the script may touch, as the compiler writes it."""
        return capabilities(self.module.nodes, core())


def script_limits(ceiling: Ceiling) -> Limits:
    """Give the configured limits as the compiler holds scripts against them."""
    return Limits(
        work=ceiling.work,
        memory=ceiling.tables_mib * MEBIBYTE,
        rows=ceiling.rows,
        panels=ceiling.panels,
        pixels=ceiling.pixels,
        frames=ceiling.frames,
    )


def check(
    script: OpenedScript,
    schemas: Schemas,
    limits: Limits,
    surroundings: Surroundings | None = None,
) -> CheckedScript:
    """Parse, check and lower a script; never raises for what is wrong with it."""
    decoded = decode(script.content, str(script.path))
    if isinstance(decoded, Diagnostic):
        readable = Source(script.content.decode("utf-8", "replace"), str(script.path))
        return CheckedScript(script, readable, (decoded,), None, limits)
    compiled = compile_script(decoded, core(), schemas, limits, surroundings)
    return CheckedScript(script, decoded, compiled.diagnostics, compiled, limits)


def compiled(
    script: OpenedScript,
    schemas: Schemas,
    limits: Limits,
    surroundings: Surroundings | None = None,
) -> CompiledScript:
    """Give the compiled script; raises CheckFailed with every mistake."""
    return without_mistakes(check(script, schemas, limits, surroundings))


def without_mistakes(checked: CheckedScript) -> CompiledScript:
    """Give a checked script as one that can run; raises CheckFailed with every mistake."""
    found = checked.compiled
    if found is None or found.module is None or has_errors(checked.diagnostics):
        raise failed(checked)
    return CompiledScript(
        checked.script,
        found.module,
        found.spans,
        found.schemas,
        checked.diagnostics,
        checked.source,
    )


def failed(checked: CheckedScript) -> CheckFailed:
    """Give the error for a script with mistakes: the first one's code and words, and all of them."""
    first = next(d for d in checked.diagnostics if d.is_error)
    line, column = checked.source.position(first.in_script.start)
    return CheckFailed(
        first.code,
        first.message,
        f"{checked.source.name}:{line}:{column}",
        first.help,
        first.note,
        ExitCode.CHECK_FAILED,
        checked.diagnostics,
        checked.source,
    )


NOT_ONE_TABLE = frozenset(
    {
        codes.AMBIGUOUS,
        codes.ARCHIVED,
        codes.CONFLICT,
        codes.NOTHING_LEFT,
        codes.NO_TABLE,
        codes.TOO_MANY_COLUMNS,
        codes.UNKNOWN_TABLE,
        codes.WHICH_TABLE,
    }
)
"""What is wrong with the words of a script, not with the store: the checker tells it with its place."""


def store_schemas(store: Store) -> Schemas:
    """Give the store's tables as the checker asks for them; an unknown bundle is the checker's to report."""
    return Schemas(
        _found_in(store),
        tuple(row.bundle.name for row in store.list()),
        _chosen_in(store),
        _params_in(store),
        _tables_in(store),
    )


def quoted(text: str) -> str:
    """Give a text of the store with the quotes that scripts have, so that it can be copied."""
    return text.replace("'", '"')


def _found_in(store: Store) -> Callable[[str], TableSchema | None]:
    return lambda path: _found(lambda: store.schema_of(path))


def _chosen_in(store: Store) -> Callable[[Selection], TableSchema | None]:
    return lambda selected: _found(
        lambda: store.schema_of(selected.path, settled(selected), selected.table)
    )


def _params_in(store: Store) -> Callable[[str], Mapping[str, ColumnType] | None]:
    def params(path: str) -> Mapping[str, ColumnType] | None:
        try:
            return store.params_of(path)
        except DataError:
            return None  # whoever asks for the shape of what the path names is told why

    return params


def _tables_in(store: Store) -> Callable[[str], tuple[str, ...]]:
    def tables(path: str) -> tuple[str, ...]:
        try:
            return store.tables_at(path)
        except DataError:
            return ()

    return tables


def _found(schema: Callable[[], TableSchema]) -> TableSchema | None:
    try:
        return schema()
    except DataError as error:
        if error.code in (codes.UNKNOWN_BUNDLE, codes.BAD_NAME):
            return None
        if error.code in NOT_ONE_TABLE:
            chosen = error.code == codes.NOTHING_LEFT
            message, help = quoted(error.message), quoted(error.help)
            raise UnusableBundle(message, help, chosen=chosen) from error
        raise
