"""The whole way from a source to a tree: limits, tokens, machine, and recovery when something is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from p2lang import ast
from p2lang.diagnostics import Diagnostic
from p2lang.parser.builder import Builder
from p2lang.parser.comments import Margin
from p2lang.parser.lexer import lex
from p2lang.parser.limits import refused
from p2lang.parser.machine import Built, Machine, Stuck
from p2lang.parser.tables import tables
from p2lang.source import Source, Span

MAX_DEPTH = 128
HOLE_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a script says, and what is wrong with it.

    `script` holds the statements that are fine, None when the text was not read at all. `poisoned` are the names that
    broken statements would have declared: no one should be told that they are missing.
    """

    script: ast.Script | None
    diagnostics: tuple[Diagnostic, ...] = ()
    poisoned: frozenset[str] = frozenset()


def parse(source: Source) -> Parsed:
    """Read a script; every mistake is a diagnostic (P2-E0001 to E0119, P2-W0405), nothing is raised."""
    problems = refused(source)
    if problems:
        return Parsed(None, problems)
    tokens = lex(source.text)
    found: list[Diagnostic] = []

    def hole(span: Span) -> tuple[ast.Expr | None, list[Diagnostic]]:
        inner = lex(source.text, span.start, span.end)
        builder = Builder(inner, Margin.of(inner), hole)
        machine = Machine(tables(), builder.actions(), HOLE_DEPTH)
        result = machine.run(inner, range(len(inner)), "hole")
        if isinstance(result, Built):
            return result.value, builder.problems
        return None, [Diagnostic("P2-E0100", "this is not a value", span)]

    builder = Builder(tokens, Margin.of(tokens), hole)
    result = Machine(tables(), builder.actions(), MAX_DEPTH).run(
        tokens, range(len(tokens)), "script"
    )
    found += builder.problems
    if isinstance(result, Built):
        return Parsed(result.value, tuple(found))
    place = result.place if isinstance(result, Stuck) else result.token
    found.append(Diagnostic("P2-E0100", "this is not expected here", tokens.span(place)))
    return Parsed(None, tuple(found))
