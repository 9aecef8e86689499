"""Ceilings: which rights a signer may grant, as patterns over whole `cap` lines, matched in linear time.

A pattern is a regular expression without what makes matching slow or surprising: no look-around, no back references, no
anchors (it always covers the whole line). It becomes a position automaton, so that no pattern of anybody, and no line,
can hold the program up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Protocol

from p2sign.refusal import Refusal, shown

MAX_PATTERN: Final = 200
"""The most characters a pattern may have."""
MAX_POSITIONS: Final = 512
"""The most characters a pattern may stand for at once, its repetitions written out."""
MAX_PATTERNS: Final = 64
"""The most patterns one signer may have."""

_ALL = (1 << 128) - 1
_ANY = _ALL & ~(1 << 10)
_OWN_MEANING = frozenset("()[]{}|*+?.\\^$")
_KEPT_STEPS = 4096


def _mask(characters: Iterable[str]) -> int:
    mask = 0
    for character in characters:
        mask |= 1 << ord(character)
    return mask


_DIGITS = _mask("0123456789")
_WORDS = _DIGITS | _mask("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_CLASSES = {"d": _DIGITS, "w": _WORDS, "D": _ALL & ~_DIGITS, "W": _ALL & ~_WORDS}


class Covers(Protocol):
    """Says whether a right lies under a ceiling."""

    def covers(self, line: str) -> bool:
        """Say whether the right, as its `cap` line has it without the word `cap`, may be granted."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The rights that one signer may grant: what any of the patterns covers whole. Raises Refusal E_POLICY_PATTERN."""

    patterns: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.patterns) > MAX_PATTERNS:
            raise Refusal(
                "E_POLICY_PATTERN",
                f"there are {len(self.patterns)} patterns, and may be {MAX_PATTERNS}",
            )
        for pattern in self.patterns:
            _automaton(pattern)

    def covers(self, line: str) -> bool:
        """Say whether one of the patterns covers the whole line."""
        return any(_automaton(pattern).covers(line) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Within:
    """What all of several ceilings cover; of none: everything."""

    ceilings: tuple[Covers, ...] = ()

    def covers(self, line: str) -> bool:
        """Say whether each of the ceilings covers the line."""
        return all(ceiling.covers(line) for ceiling in self.ceilings)


EVERYTHING: Final = Within()
"""No ceiling: whatever a script declares may be granted."""


# ------------------------------------------------------------------ the automaton


@dataclass(slots=True)
class _Positions:
    """The characters that a pattern stands for, numbered, and which may follow which."""

    pattern: str
    accepts: list[int] = field(default_factory=list)
    follows: list[int] = field(default_factory=list)

    def add(self, characters: int) -> int:
        if len(self.accepts) == MAX_POSITIONS:
            raise _bad(self.pattern, f"it stands for more than {MAX_POSITIONS} characters at once")
        self.accepts.append(characters)
        self.follows.append(0)
        return 1 << (len(self.accepts) - 1)

    def link(self, last: int, first: int) -> None:
        for at in _bits(last):
            self.follows[at] |= first


@dataclass(frozen=True, slots=True)
class _Part:
    """A built part of a pattern: may it be empty, and the positions at which it can begin and end."""

    empty: bool
    first: int
    last: int


class _Node(Protocol):
    def build(self, into: _Positions) -> _Part:
        """Number the characters of this part, anew at each call."""


@dataclass(frozen=True, slots=True)
class _Character:
    accepts: int

    def build(self, into: _Positions) -> _Part:
        position = into.add(self.accepts)
        return _Part(False, position, position)


@dataclass(frozen=True, slots=True)
class _Sequence:
    nodes: tuple[_Node, ...]

    def build(self, into: _Positions) -> _Part:
        built = _Part(True, 0, 0)
        for node in self.nodes:
            built = _joined(built, node.build(into), into)
        return built


@dataclass(frozen=True, slots=True)
class _Choice:
    nodes: tuple[_Node, ...]

    def build(self, into: _Positions) -> _Part:
        parts = [node.build(into) for node in self.nodes]
        first = last = 0
        for part in parts:
            first, last = first | part.first, last | part.last
        return _Part(any(part.empty for part in parts), first, last)


@dataclass(frozen=True, slots=True)
class _Repeat:
    node: _Node
    least: int
    most: int | None

    def build(self, into: _Positions) -> _Part:
        built = _Part(True, 0, 0)
        for number in range(max(self.least, 1) if self.most is None else self.most):
            part = self.node.build(into)
            if self.most is None and number >= self.least - 1:
                into.link(part.last, part.first)
            if number >= self.least:
                part = _Part(True, part.first, part.last)
            built = _joined(built, part, into)
        return built


def _joined(left: _Part, right: _Part, into: _Positions) -> _Part:
    into.link(left.last, right.first)
    first = left.first | right.first if left.empty else left.first
    last = right.last | left.last if right.empty else right.last
    return _Part(left.empty and right.empty, first, last)


class _Automaton:
    """A pattern that is ready: one table look-up for each character that was met before in the same state."""

    def __init__(self, pattern: str) -> None:
        positions = _Positions(pattern)
        part = _Reader(pattern).whole().build(positions)
        self._empty, self._first, self._last = part.empty, part.first, part.last
        self._accepts, self._follows = positions.accepts, positions.follows
        self._steps: dict[tuple[int, str], int] = {}

    def covers(self, line: str) -> bool:
        state, known = -1, self._steps
        for character in line:
            after = known.get((state, character))
            if after is None:
                after = self._step(state, character)
            if after == 0:
                return False
            state = after
        return self._empty if state == -1 else bool(state & self._last)

    def _step(self, state: int, character: str) -> int:
        reached = self._first
        if state != -1:
            reached = 0
            for at in _bits(state):
                reached |= self._follows[at]
        after = 0
        if character.isascii():
            wanted = 1 << ord(character)
            for at in _bits(reached):
                if self._accepts[at] & wanted:
                    after |= 1 << at
        if len(self._steps) >= _KEPT_STEPS:
            self._steps.clear()
        self._steps[state, character] = after
        return after


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


@lru_cache(maxsize=1024)
def _automaton(pattern: str) -> _Automaton:
    return _Automaton(pattern)


# ------------------------------------------------------------------ reading a pattern


def _bad(pattern: str, why: str) -> Refusal:
    return Refusal("E_POLICY_PATTERN", f"the pattern {shown(pattern)} is not used: {why}")


class _Reader:
    """Reads a pattern from its front; whatever it does not know is refused."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0
        if not pattern or len(pattern) > MAX_PATTERN:
            raise _bad(
                pattern, f"it has {len(pattern)} characters, and may have 1 to {MAX_PATTERN}"
            )
        if not (pattern.isascii() and pattern.isprintable()):
            raise _bad(pattern, "it has a character that is not printable ASCII")

    def whole(self) -> _Node:
        """Read the pattern to its end."""
        node = self._choice()
        if self._at < len(self._pattern):
            raise self._wrong("a ')' closes nothing")
        return node

    def _wrong(self, why: str) -> Refusal:
        return _bad(self._pattern, f"{why} (character {self._at + 1})")

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        if self._at == len(self._pattern):
            raise self._wrong("it ends too early")
        self._at += 1
        return self._pattern[self._at - 1]

    def _taken(self, text: str) -> bool:
        if not self._pattern.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _choice(self) -> _Node:
        branches = [self._sequence()]
        while self._taken("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def _sequence(self) -> _Node:
        nodes: list[_Node] = []
        while self._peek() not in ("", "|", ")"):
            nodes.append(self._piece())
        if not nodes:
            raise self._wrong("an alternative is empty")
        return _Sequence(tuple(nodes))

    def _piece(self) -> _Node:
        start = self._peek()
        node = self._atom()
        if self._peek() not in tuple("*+?{"):
            return node
        if start in ":/" and self._peek() == "*":
            raise self._wrong(
                f"{start + '*'!r} repeats the character {start!r}; write .* for anything"
            )
        least, most = self._counts()
        if self._peek() in tuple("*+?{"):
            raise self._wrong("a repetition is repeated")
        return _Repeat(node, least, most)

    def _counts(self) -> tuple[int, int | None]:
        sign = self._take()
        if sign != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        least = self._number()
        most: int | None = least
        if self._taken(","):
            most = None if self._peek() == "}" else self._number()
        if not self._taken("}") or (most is not None and (most < least or most == 0)):
            raise self._wrong("a repetition is not of the form {2}, {2,} or {2,5}")
        return least, most

    def _number(self) -> int:
        digits = ""
        while self._peek() in tuple("0123456789") and len(digits) < 3:
            digits += self._take()
        if not digits:
            raise self._wrong("a repetition needs a number of up to three digits")
        return int(digits)

    def _atom(self) -> _Node:
        if self._taken("("):
            return self._group()
        if self._taken("["):
            return _Character(self._class())
        if self._taken("."):
            return _Character(_ANY)
        if self._taken("\\"):
            return _Character(self._escaped())
        if self._peek() in "^$":
            raise self._wrong("a pattern always covers the whole line, so ^ and $ are not needed")
        if self._peek() in _OWN_MEANING:
            raise self._wrong(
                f"{self._peek()!r} stands where it means nothing; write \\{self._peek()}"
            )
        return _Character(_mask(self._take()))

    def _group(self) -> _Node:
        self._depth += 1
        if self._depth > 10:
            raise self._wrong("groups are nested more than ten deep")
        if not self._taken("?:") and self._peek() == "?":
            raise self._wrong("of the groups that begin with '(?' only '(?:' is known")
        node = self._choice()
        if not self._taken(")"):
            raise self._wrong("a group is not closed")
        self._depth -= 1
        return node

    def _escaped(self) -> int:
        character = self._take()
        if character in _CLASSES:
            return _CLASSES[character]
        if character.isalnum():
            raise self._wrong(
                f"\\{character} is not known; of these there are \\d, \\w, \\D and \\W"
            )
        return _mask(character)

    def _class(self) -> int:
        negated = self._taken("^")
        mask = 0
        while self._peek() != "]" or not mask:
            mask |= self._members()
        self._take()
        return _ALL & ~mask if negated else mask

    def _members(self) -> int:
        if self._peek() in ("[", "]"):
            raise self._wrong(f"write \\{self._peek()} within [...]")
        first = self._member()
        if self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] in ("]", ""):
            return first
        self._take()
        last = self._member()
        if first.bit_count() != 1 or last.bit_count() != 1 or last < first:
            raise self._wrong("a range within [...] is not of the form a-z")
        return (last << 1) - first

    def _member(self) -> int:
        return self._escaped() if self._taken("\\") else _mask(self._take())
