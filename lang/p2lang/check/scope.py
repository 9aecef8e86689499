"""Names in force at one place: `$bindings` and words. Bound once, no shadowing, definitions only look upwards."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from p2lang.check.model import Binding, Word


class Scope:
    """A block's names over those of the blocks around it.

    `before` limits what is seen from around to what was defined earlier: the body of a definition sees what stood
    above it, wherever it is used. `library` tells that these are the names of a library: there a definition may be
    called like an operation, and is seen from outside only (`only_behind_dot`); inside, the operation is meant.
    """

    def __init__(
        self, around: Scope | None = None, before: int | None = None, *, library: bool = False
    ) -> None:
        self.library = library
        self._around = around
        self._before = before
        self._serials: Iterator[int] = count() if around is None else around._serials
        self.bindings: dict[str, Binding] = {}
        self.words: dict[str, Word] = {}
        self.only_behind_dot: dict[str, Word] = {}

    @property
    def is_outermost(self) -> bool:
        """Tell whether it is the script's own, inside no block."""
        return self._around is None

    def copied(self) -> Scope:
        """Give an outermost scope with the same names, to which others can be added without changing this one."""
        made = Scope(library=self.library)
        made._serials = self._serials
        made.bindings, made.words = dict(self.bindings), dict(self.words)
        made.only_behind_dot = dict(self.only_behind_dot)
        return made

    def block(self) -> Scope:
        """Give the scope of a block inside this one."""
        return Scope(self)

    def body(self, of: Word | Binding) -> Scope:
        """Give the scope of a definition's body: what stood above the definition."""
        return Scope(self, of.serial)

    def bind(self, binding: Binding) -> None:
        """Add a binding."""
        binding.serial = next(self._serials)
        self.bindings[binding.name.text] = binding

    def define(self, word: Word) -> None:
        """Add a word."""
        word.serial = next(self._serials)
        self.words[word.name.text] = word

    def offer(self, word: Word) -> None:
        """Add a word that is seen only behind the dot of the library."""
        word.serial = next(self._serials)
        self.only_behind_dot[word.name.text] = word

    def binding(self, name: str) -> Binding | None:
        """Give the binding of a name; it then counts as used."""
        found = self.seen_binding(name)
        if found is not None:
            found.used = True
        return found

    def seen_binding(self, name: str) -> Binding | None:
        """Give the binding of a name without using it."""
        for scope, before in self._visible():
            found = scope.bindings.get(name)
            if found is not None and (before is None or found.serial < before):
                return found
        return None

    def word(self, name: str) -> Word | None:
        """Give the word of that name; it then counts as used."""
        found = self.seen_word(name)
        if found is not None:
            found.used = True
        return found

    def seen_word(self, name: str) -> Word | None:
        """Give the word of that name without using it."""
        for scope, before in self._visible():
            found = scope.words.get(name)
            if found is not None and (before is None or found.serial < before):
                return found
        return None

    def hidden(self, name: str) -> Word | Binding | None:
        """Give what is defined under that name below the place that asks for it."""
        for scope, _ in self._visible():
            found = scope.words.get(name) or scope.bindings.get(name)
            if found is not None:
                return found
        return None

    def names(self) -> list[str]:
        """Give the names of all bindings in force."""
        return [name for scope, _ in self._visible() for name in scope.bindings]

    def callable(self) -> list[str]:
        """Give the names of all definitions in force."""
        return [name for scope, _ in self._visible() for name in scope.words]

    def _visible(self) -> Iterator[tuple[Scope, int | None]]:
        scope: Scope | None = self
        limit: int | None = None
        while scope is not None:
            yield scope, limit
            if scope._before is not None:
                limit = scope._before if limit is None else min(limit, scope._before)
            scope = scope._around
