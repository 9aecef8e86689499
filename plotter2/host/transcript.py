"""What was typed so far in a session, and the whole script that the next input stands for. Nothing runs here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from p2lang import ast
from p2lang.compiler import Compiled
from p2lang.diagnostics import Diagnostic, Fix, Related, has_errors
from p2lang.parser import parse
from p2lang.source import Source, Span
from plotter2.runs.explaining import TOO_MUCH

Compile = Callable[[Source], Compiled]
"""Compiles a whole script against what the session can read."""

HEAD = "p2 1\n"
_EXPECTED = frozenset(("P2-W0401", "P2-W0404", "P2-W0405", "P2-W0406"))
"""Lints of an unfinished script: bindings for later, flows without an end, no edition line."""
_NOTHING_HAPPENS = "P2-W0404"
_NEVER_USED = "P2-W0401"
_LET_VALUE = "let _value = "
_SAY_VALUE = 'loggy(f"{$_value}")'
_ENDINGS: tuple[Callable[[str], str], ...] = (
    lambda flow: f"{flow} | show",
    lambda flow: f"{flow} | plot | handoff",
    lambda flow: f"{_LET_VALUE}{flow}\n{_SAY_VALUE}",
)
"""What shows the result of a flow: of a table, of a view, of a value."""
_UNFIT = frozenset(("P2-E0203", "P2-E0204", "P2-E0213"))
"""The codes of an end that is not one for what the pipe carries."""
_DECLARATIONS = (ast.Use, ast.Param, ast.Let, ast.Pipe, ast.Def, ast.ScriptDef)


@dataclass(frozen=True)
class Declaration:
    """A statement that gives a name to something, as it was typed."""

    name: str
    text: str


@dataclass(frozen=True)
class Entry:
    """One input understood: what it declares, the script (None: nothing happens), what there is to say.

    `typed` is the input as it was read, the places of `diagnostics` are in it. `whole` is the script with everything
    that was declared before, `kept` what is declared after it.
    """

    typed: Source
    diagnostics: tuple[Diagnostic, ...]
    kept: tuple[Declaration, ...]
    whole: Source | None = None
    compiled: Compiled | None = None
    flow: str = ""

    @property
    def ok(self) -> bool:
        """Tell whether it can be taken."""
        return not has_errors(self.diagnostics)


def script_start(kept: Iterable[Declaration]) -> str:
    """Give the text of a script that begins with these declarations."""
    return HEAD + "".join(f"{declaration.text}\n" for declaration in kept)


@dataclass
class Transcript:
    """The declarations of a session, in order, and the flow that a line starting with a bar continues."""

    compile: Compile
    kept: tuple[Declaration, ...] = ()
    flow: str = field(default="")

    def understood(self, text: str) -> Entry:
        """Give what an input stands for; nothing is kept yet."""
        typed = f"{self.flow}\n  {text.strip()}" if text.lstrip().startswith("|") else text.strip()
        source = Source(typed, "input")
        parsed = parse(source)
        if parsed.script is None or has_errors(parsed.diagnostics):
            return self._value(source) or Entry(source, _told(parsed.diagnostics), self.kept)
        items = parsed.script.items
        declared = tuple(
            Declaration(_name(item), source.slice(item.span))
            for item in items
            if isinstance(item, _DECLARATIONS)
        )
        if len(declared) == len(items):
            return self._declaring(source, declared)
        return self._running(source, declared, items)

    def keep(self, entry: Entry) -> None:
        """Keep what an entry declares, and its flow to go on with."""
        self.kept, self.flow = entry.kept, entry.flow or self.flow

    # ---- declarations --------------------------------------------------------------------------

    def _declaring(self, source: Source, declared: tuple[Declaration, ...]) -> Entry:
        rest = self._others(declared)
        names = {d.name for d in declared}
        at = next((i for i, d in enumerate(self.kept) if d.name in names), len(rest))
        # What is declared anew stands where it stood: what uses it is below. If it needs something newer, at the end.
        entries = [
            self._declared(source, rest[:place], declared, rest[place:])
            for place in dict.fromkeys((at, len(rest)))
        ]
        return next((entry for entry in entries if entry.ok), entries[0])

    def _declared(
        self,
        source: Source,
        before: tuple[Declaration, ...],
        declared: tuple[Declaration, ...],
        after: tuple[Declaration, ...],
    ) -> Entry:
        start = script_start(before)
        rest = "".join(f"{d.text}\n" for d in after)
        told = self.compile(Source(f"{start}{source.text}\n{rest}", source.name)).diagnostics
        return Entry(source, _placed(told, len(start), source), (*before, *declared, *after))

    def _others(self, declared: tuple[Declaration, ...]) -> tuple[Declaration, ...]:
        """Give what was declared before under other names than these."""
        names = {d.name for d in declared}
        return tuple(d for d in self.kept if d.name not in names)

    def _value(self, source: Source) -> Entry | None:
        """Give the entry of an expression such as `1 + 2`, which is no statement; None when it is not one either."""
        text = f"{_LET_VALUE}{source.text}"
        if has_errors(parse(Source(text)).diagnostics):
            return None
        before = script_start(self.kept)
        compiled = self.compile(Source(f"{before}{text}\n{_SAY_VALUE}", source.name))
        told = _placed(compiled.diagnostics, len(before) + len(_LET_VALUE), source)
        if compiled.module is None:
            return Entry(source, told, self.kept)
        whole = self._without_unused(self.kept, f"{text}\n{_SAY_VALUE}", source.name)
        return Entry(source, told, self.kept, whole, self.compile(whole))

    # ---- what happens --------------------------------------------------------------------------

    def _running(
        self, source: Source, declared: tuple[Declaration, ...], items: tuple[ast.Item, ...]
    ) -> Entry:
        others = self._others(declared)
        before = script_start(others)
        compiled = self.compile(Source(before + source.text, source.name))
        told = _placed(compiled.diagnostics, len(before), source)
        text, ended = self._ended(before, source, items, compiled)
        if ended is not compiled:
            told = _placed(ended.diagnostics, len(before), source)
        flow = source.slice(items[-1].span) if isinstance(items[-1], ast.FlowStatement) else ""
        if has_errors(told):
            # What only needs too much can be explained: its cost is what a person wants to see then.
            costly = all(d.code in TOO_MUCH for d in told if d.is_error)
            needed = self._without_unused(others, text, source.name) if costly else None
            return Entry(source, told, self.kept, needed)
        whole = self._without_unused(others, text, source.name)
        return Entry(
            source,
            told,
            (*others, *declared),
            whole,
            self.compile(whole),
            flow,
        )

    def _ended(
        self, before: str, source: Source, items: tuple[ast.Item, ...], compiled: Compiled
    ) -> tuple[str, Compiled]:
        """Give the input with what shows the result of its last flow, compiled; as it is when it has an end."""
        last = items[-1]
        open_end = any(d.code == _NOTHING_HAPPENS for d in compiled.diagnostics)
        if not isinstance(last, ast.FlowStatement) or not (open_end or compiled.module is None):
            return source.text, compiled
        start, flow = source.text[: last.span.start], source.slice(last.span)
        for ending in _ENDINGS:
            text = start + ending(flow)
            tried = self.compile(Source(before + text, source.name))
            # What stands against an end that fits, such as too much work, is wrong with the input.
            if tried.module is not None or (open_end and not _unfit(tried)):
                return text, tried
        return source.text, compiled

    def _without_unused(self, kept: Sequence[Declaration], text: str, name: str) -> Source:
        """Give the script of an input with those earlier declarations that it needs."""
        while True:
            gap = "\n" if kept else ""
            source = Source(f"{script_start(kept)}{gap}{text}\n", name)
            unused = {
                source.slice(d.span)
                for d in self.compile(source).diagnostics
                if d.code == _NEVER_USED
            }
            left = [d for d in kept if d.name not in unused]
            if len(left) == len(kept):
                return source
            kept = left


def _placed(
    diagnostics: tuple[Diagnostic, ...], offset: int, source: Source
) -> tuple[Diagnostic, ...]:
    """Give diagnostics with their places in the input; those of earlier inputs keep their words only."""
    placed = []
    for d in _told(diagnostics):
        span = d.span if d.source is not None else _moved(d.span, offset, source)
        moved = (_moved_related(r, offset, source) for r in d.related)
        related = tuple(r for r in moved if r is not None)
        placed.append(
            replace(
                d,
                span=span or Span(0, 0),
                related=related,
                fix=_moved_fix(d.fix, offset, source),
            )
        )
    return tuple(placed)


def _name(item: ast.Use | ast.Param | ast.Let | ast.Pipe | ast.Def | ast.ScriptDef) -> str:
    return item.alias.text if isinstance(item, ast.Use) else item.name.text


def _unfit(compiled: Compiled) -> bool:
    return any(d.code in _UNFIT for d in compiled.diagnostics)


def _moved_fix(fix: Fix | None, offset: int, source: Source) -> Fix | None:
    span = None if fix is None else _moved(fix.span, offset, source)
    return None if fix is None or span is None else replace(fix, span=span)


def _moved_related(related: Related, offset: int, source: Source) -> Related | None:
    if related.source is not None:
        return related  # a library's text does not move
    span = _moved(related.span, offset, source)
    return None if span is None else Related(span, related.label)


def _moved(span: Span, offset: int, source: Source) -> Span | None:
    start, end = span.start - offset, span.end - offset
    return Span(start, end) if start >= 0 and end <= len(source.text) else None


def _told(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    return tuple(d for d in diagnostics if d.code not in _EXPECTED)
