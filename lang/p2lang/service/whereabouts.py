"""What holds at a cursor in a script that is being written: what the pipe carries, which names are in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from p2lang import ast
from p2lang.check.libraries import exported
from p2lang.check.model import START, Binding, Stream
from p2lang.check.model import Word as Defined
from p2lang.check.session import Place
from p2lang.parser.lexer import lex
from p2lang.parser.tree import HOLE
from p2lang.parser.unfinished import Unfinished, unfinished
from p2lang.service.ahead import Seen, seen
from p2lang.service.cursor import OpenCall, Word, in_pipe_list, open_call, word_at
from p2lang.service.document import Document, SeenStep, Workspace
from p2lang.signatures import Parameter, Signature


@dataclass(frozen=True)
class Whereabouts:
    """A place in a text, read up to there: see `whereabouts`."""

    text: str
    word: Word
    offset: int
    workspace: Workspace
    before: Unfinished

    @property
    def start(self) -> int:
        """Give where the word begins that is being written."""
        return self.word.start

    @cached_property
    def typed(self) -> str:
        """Give what was typed of the word, in small letters."""
        return self.word.typed.strip("`").lower()

    @cached_property
    def _seen(self) -> Seen:
        text, tokens, first = self.before.mended, self.before.tokens, self.before.first
        if tokens.kinds[first] == "PIPE" and first + 1 < len(tokens) - 1:
            text += f"\n${tokens.text_of(first + 1)}"  # the steps of a list are checked where it is used
        return seen(text, self.before.statement, self.workspace)

    @cached_property
    def previous(self) -> str:
        """Give the kind of the token before the place."""
        return self.before.tokens.kinds[-2] if len(self.before.tokens) > 1 else ""

    @cached_property
    def call(self) -> OpenCall | None:
        """Give the call in whose brackets the place is."""
        return open_call(self.before.tokens, self.text, self.offset)

    @cached_property
    def at_step(self) -> bool:
        """Tell whether a step's name is expected."""
        tokens, first = self.before.tokens, self.before.first
        listed = in_pipe_list(tokens, first) and self.previous in ("LSQB", "COMMA")
        return self.previous == "VBAR" or listed

    @cached_property
    def step(self) -> SeenStep | None:
        """Give the step that the place is in, or that is written there."""
        found = None
        for span, step in self._seen.sights.steps.items():
            if span.start <= self.start <= span.end and (
                found is None or span.start >= found.node.span.start
            ):
                found = step
        return found

    @cached_property
    def stream(self) -> Stream:
        """Give what the pipe carries before the step at the place; nothing outside of a flow."""
        return START if self.step is None else self.step.before

    @cached_property
    def place(self) -> Place:
        """Give the names in force."""
        if self.step is not None:
            return self.step.place
        flows = [
            (span.start, place)
            for span, place in self._seen.sights.flows.items()
            if span.start <= self.start <= span.end
        ]
        if flows:
            return max(flows, key=lambda item: item[0])[1]
        start = self._statement
        return self._seen.behind if start is None else self._seen.sights.statements[start]

    @cached_property
    def _statement(self) -> int | None:
        """Give where the statement starts that the place is in."""
        starts = (start for start in self._seen.sights.statements if start <= self.start)
        return max(starts, default=None)

    def bindings(self) -> list[Binding]:
        """Give the bindings in force, the nearest first."""
        names = dict.fromkeys(self.place.scope.names())
        found = (self.place.scope.seen_binding(name) for name in names)
        here = self._declared_here
        return [
            b for b in found if b is not None and b.name.text not in here and b.name.text != HOLE
        ]

    def words(self) -> list[Defined]:
        """Give the definitions, libraries and tasks in force."""
        names = dict.fromkeys(self.place.scope.callable())
        found = (self.place.scope.seen_word(name) for name in names)
        here = self._declared_here
        return [w for w in found if w is not None and w.name.text not in here]

    def tasks(self) -> list[str]:
        """Give the names of all tasks of the script, those below the place too."""
        tokens = lex(self.text, 0, len(self.text))
        pairs = zip(tokens.kinds, range(len(tokens)), strict=False)
        return [
            tokens.text_of(at + 1)
            for kind, at in pairs
            if kind == "TASK" and tokens.kinds[at + 1] == "NAME"
        ]

    def members(self, alias: str) -> Mapping[str, Defined | Binding]:
        """Give what a library offers that is in force under a name."""
        word = self.place.scope.seen_word(alias)
        if word is None or not isinstance(word.what, ast.Use):
            return {}
        loaded = self._seen.sights.libraries.get(word.what.path.value)
        return {} if loaded is None else exported(loaded)

    @cached_property
    def _declared_here(self) -> frozenset[str]:
        """Give the name that the statement at the place is about to declare: it is not in force inside of it."""
        tokens = self.before.tokens
        if self._statement not in tokens.starts:
            return frozenset()
        first = tokens.starts.index(self._statement)
        declares = tokens.kinds[first] in ("LET", "PIPE", "DEF", "SCRIPT", "TASK")
        if declares and first + 1 < len(tokens):
            return frozenset((tokens.text_of(first + 1),))
        return frozenset()

    # ---- the call around the place ---------------------------------------------------------------

    @cached_property
    def operation(self) -> Signature | None:
        """Give the operation of the registry that the call around the place calls."""
        call, registry = self.call, self.workspace.registry
        if call is None:
            return None
        if call.is_step:
            return registry.flow(call.name, self.stream.kind or "")
        return registry.expression(call.name) or registry.flow(call.name, "none")

    @cached_property
    def definition(self) -> ast.Def | ast.ScriptDef | None:
        """Give the definition of the script that the call around the place calls."""
        if self.call is None:
            return None
        alias, dot, name = self.call.name.partition(".")
        word = self.members(alias).get(name) if dot else self.place.scope.seen_word(alias)
        what = None if word is None else word.what
        return what if isinstance(what, ast.Def | ast.ScriptDef) else None

    @cached_property
    def parameter(self) -> Parameter | None:
        """Give the parameter that the argument at the place is for; None when a definition is called."""
        call, operation = self.call, self.operation
        if call is None or operation is None or self.definition is not None:
            return None
        if call.argument is not None:
            spelled = self.workspace.registry.spelled(call.argument)
            return (
                operation.parameter(call.argument)
                or operation.parameter(spelled)
                or operation.variadic
            )
        free = [p for p in operation.parameters if p.variadic != "**" and p.name not in call.given]
        rest = free[-1] if free and free[-1].variadic else None
        for at, parameter in enumerate(free):
            if parameter.variadic == "*" or at == call.position:
                return parameter
        return rest


def whereabouts(document: Document, offset: int) -> Whereabouts:
    """Read a text up to the start of the word that a cursor at an offset is in."""
    word = word_at(document.text, offset)
    before = unfinished(document.text, word.start)
    return Whereabouts(document.text, word, offset, document.workspace, before)
