"""The whole way from a source to a tree; statement by statement when something is wrong."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from p2lang import ast
from p2lang.collecting import collected_later
from p2lang.diagnostics import EDITION_LACKS, Diagnostic, Fix, in_order
from p2lang.parser.builder import Builder
from p2lang.parser.comments import Margin
from p2lang.parser.lexer import Tokens, lex
from p2lang.parser.limits import refused
from p2lang.parser.mistakes import Trouble, explained
from p2lang.parser.names import EDITION
from p2lang.parser.outline import SWALLOWING, Extent, nesting_problem, outlined, too_deep
from p2lang.parser.tree import MAX_DEPTH, Part, Stuck, TooDeep
from p2lang.source import Source, Span

HOLE_DEPTH = 32
MOST_REPORTED = 25
_MOST_LEVELS = 8
_DECLARED = (
    ("NAME", "EQUAL"),
    ("NAME", "NAME", "EQUAL"),
    ("NAME", "COMMA", "NAME", "EQUAL"),
)
"""How other languages declare names."""
_DECLARING = frozenset(
    ("LET", "PARAM", "PIPE", "DEF", "SCRIPT", "TASK", "LINK", "EXPOSE", "REPEAT", "AS")
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a script says, and what is wrong with it.

    `script` holds the statements that are fine, None when the text was not read at all. `poisoned` are the names that
    broken statements would have declared: no one should be told that they are missing.
    """

    script: ast.Script | None
    diagnostics: tuple[Diagnostic, ...] = ()
    poisoned: frozenset[str] = frozenset()


@collected_later()
def parse(source: Source) -> Parsed:
    """Read a script; every mistake is a diagnostic (see p2lang.parser.codes), nothing is raised."""
    problems = refused(source)
    if problems:
        return Parsed(None, problems)
    tokens = lex(source.text)
    problem = nesting_problem(tokens)
    if problem is not None:
        return Parsed(None, (problem,))
    tree = _run(tokens, range(len(tokens)))
    if isinstance(tree, Part):
        script, found = _built(tree, tokens, Margin.of(tokens))
        return Parsed(script, tuple(found) + _general(script, tokens, found))
    return _Recovery(tokens).run()


def _run(
    tokens: Tokens, order: Sequence[int], start: str = "script", level: int = 0
) -> Part | Stuck | TooDeep:
    from p2lang.parser.parsing import run  # only on this path: it imports lark

    return run(tokens, order, start, level)


def _built(tree: Part, tokens: Tokens, margin: Margin) -> tuple[Any, list[Diagnostic]]:
    def hole(span: Span) -> tuple[ast.Expr | None, list[Diagnostic]]:
        return _hole(tokens.text, span)

    builder = Builder(tokens, margin, hole)
    return tree.built(builder.actions()), builder.problems


def _hole(text: str, span: Span) -> tuple[ast.Expr | None, list[Diagnostic]]:
    """Parse the expression of a hole, whose text is already known to hold no braces."""
    tokens = lex(text, span.start, span.end)
    if tokens.comments:
        message, advice = "a hole has no comments", "write `#` outside the braces"
        return None, [Diagnostic("P2-E0114", message, tokens.comments[0], help=advice)]
    for i, kind in enumerate(tokens.kinds):
        if kind in ("FSTRING", "BAD_FSTRING"):
            message = "a text with holes cannot stand inside a hole"
            return None, [
                Diagnostic("P2-E0114", message, tokens.span(i), help="bind it with `let`")
            ]
    outline = outlined(tokens)
    for problem in (nesting_problem(tokens), *outline.problems.values()):
        if problem is not None:
            return None, [problem]
    result = _run(tokens, range(len(tokens)), "hole", MAX_DEPTH - HOLE_DEPTH)
    if isinstance(result, Part):
        return _built(result, tokens, Margin(tokens))
    if isinstance(result, TooDeep):
        return None, [too_deep(tokens, result.token)]
    end = len(tokens) - 1
    return None, [explained(Trouble(tokens, range(end), result.place, end, result.accepts, "hole"))]


def _general(
    script: ast.Script, tokens: Tokens, found: Sequence[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """Say what is wrong with a script as a whole: nothing in it (P2-E0118), no edition line (P2-W0405)."""
    if any(d.is_error and d.code in ("P2-E0005", "P2-E0104") for d in found):
        return ()
    if not script.items and not found:
        advice = 'a script has at least one flow: `access("bundle") | automatic | handoff`'
        return (
            Diagnostic("P2-E0118", "there is nothing in this script", tokens.span(0), help=advice),
        )
    if script.edition is not None or tokens.kinds[0] == "P2":
        return ()
    return (
        Diagnostic(
            EDITION_LACKS,
            "the edition line is missing",
            tokens.span(0),
            help=f"write `p2 {EDITION}` on the first line, so that later releases know how to read the script",
            severity="warning",
            fix=Fix(Span(0, 0), f"p2 {EDITION}\n"),
        ),
    )


@dataclass(slots=True)
class _Recovery:
    """Reads a script with mistakes statement by statement, in blocks as well, and keeps what is fine."""

    tokens: Tokens
    found: list[Diagnostic] = field(default_factory=list)
    poisoned: set[str] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    problems: dict[int, Diagnostic] = field(default_factory=dict)
    problem_tokens: list[int] = field(default_factory=list)

    def run(self) -> Parsed:
        outline = outlined(self.tokens)
        self.problems = outline.problems
        self.problem_tokens = sorted(outline.problems)
        items: list[ast.Item] = []
        edition: int | None = None
        for extent in outline.extents:
            script = self._read(extent, 0)
            if script is not None:
                items += script.items
                edition = script.edition if edition is None else edition
        script = ast.Script(tuple(items), edition, span=Span(0, len(self.tokens.text)))
        found = [*self.found[:MOST_REPORTED], *_general(script, self.tokens, self.found)]
        ordered = in_order(found, Source(self.tokens.text))
        return Parsed(script, ordered, frozenset(self.poisoned))

    def _read(self, extent: Extent, level: int) -> ast.Script | None:
        """Give the statement if it is fine without those inner ones that are not; report what is not fine."""
        if len(self.found) >= MOST_REPORTED:
            self._poison(extent)
            return None
        if not self._bracket_problem(extent):
            script = self._attempt(extent, level, final=False)
            if script is not None:
                return script
        if level < _MOST_LEVELS and not self._fails_before_blocks(extent):
            for inner in extent.inner:
                if self._read(inner, level + 1) is None:
                    self.dead.update(range(inner.first, inner.end))
        problem = self._bracket_problem(extent)
        if problem is not None and not self._has_open_text(extent):
            self._failed(extent, problem)
            return None
        return self._attempt(extent, level, final=True)

    def _fails_before_blocks(self, extent: Extent) -> bool:
        """Tell whether a statement goes wrong before its first block, which then may be none."""
        if not extent.inner:
            return False
        head = range(extent.first, extent.inner[0].first)
        end = len(self.tokens) - 1
        result = _run(self.tokens, [*head, end])
        return isinstance(result, Stuck) and result.place < len(head)

    def _attempt(self, extent: Extent, level: int, *, final: bool) -> ast.Script | None:
        order = self._order(extent)
        end = len(self.tokens) - 1
        result = _run(self.tokens, [*order, end])
        if isinstance(result, Part):
            script: ast.Script
            script, problems = _built(result, self.tokens, Margin(self.tokens))
            self.found += problems if level == 0 else []
            return script
        if final and isinstance(result, TooDeep):
            self._failed(extent, too_deep(self.tokens, result.token))
        elif final and isinstance(result, Stuck):
            place = min(result.place, len(order))
            self._failed(
                extent, explained(Trouble(self.tokens, order, place, extent.end, result.accepts))
            )
        return None

    def _order(self, extent: Extent) -> list[int]:
        return [i for i in range(extent.first, extent.end) if i not in self.dead]

    def _bracket_problem(self, extent: Extent) -> Diagnostic | None:
        for place in range(
            bisect_left(self.problem_tokens, extent.first), len(self.problem_tokens)
        ):
            token = self.problem_tokens[place]
            if token >= extent.end:
                break
            if token not in self.dead:
                return self.problems[token]
        return None

    def _has_open_text(self, extent: Extent) -> bool:
        return any(self.tokens.kinds[i] in SWALLOWING for i in self._order(extent))

    def _failed(self, extent: Extent, problem: Diagnostic) -> None:
        self.found.append(problem)
        self._poison(extent)

    def _poison(self, extent: Extent) -> None:
        kinds = self.tokens.kinds[extent.first : extent.end]
        names = [i + 1 for i, kind in enumerate(kinds, extent.first) if kind in _DECLARING]
        for name in (*names, *self._bound(extent)):
            if name < extent.end:
                self.poisoned.add(self.tokens.text_of(name).strip('`$"'))
                self._poison_joined(name)

    def _poison_joined(self, name: int) -> None:
        """Poison `run_id` for `run-id`, which is what the message says to write."""
        tokens = self.tokens
        if tokens.touch(name, name + 1) and tokens.kinds[name + 1] == "MINUS":
            self.poisoned.add(f"{tokens.text_of(name)}_{tokens.text_of(name + 2)}")

    def _bound(self, extent: Extent) -> list[int]:
        """Give the names before `=` where another language declares: `x =`, `int x =`, `a, b =`."""
        kinds = self.tokens.kinds
        before = tuple(kinds[extent.first : extent.first + len(_DECLARED[-1])])
        ahead = next((shape for shape in _DECLARED if before[: len(shape)] == shape), ())
        return [i for i, kind in enumerate(ahead, extent.first) if kind == "NAME"]
