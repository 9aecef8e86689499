"""Documents and how they become lines: a group stands on one line when it fits, otherwise all its breaks are taken.

Knows nothing of .p2. After Wadler, "A prettier printer" (2003), with forced breaks; works on a stack, never recurses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

WIDTH = 88
INDENT = 2


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a line may end; `flat` is what stands there when it does not."""

    flat: str


@dataclass(frozen=True, slots=True)
class HardBreak:
    """A line end that is always taken."""


@dataclass(frozen=True, slots=True)
class Forced:
    """Nothing, but every group around it is broken."""


@dataclass(frozen=True, slots=True)
class WhenBroken:
    """Text that stands only where the group is broken."""

    text: str


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text of several lines, printed as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """Documents one after another."""

    parts: tuple[Document, ...]
    broken: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A document whose breaks are taken together or not at all."""

    content: Document
    broken: bool


@dataclass(frozen=True, slots=True)
class Indented:
    """A document whose lines start further to the right."""

    content: Document
    broken: bool


Document = str | Break | HardBreak | Forced | WhenBroken | Verbatim | Sequence | Group | Indented

SPACE = Break(" ")
"""A space, or a line end in a broken group."""
NOTHING = Break("")
"""Nothing, or a line end in a broken group."""
NEWLINE = HardBreak()
FORCED = Forced()


def sequence(*parts: Document) -> Sequence:
    """Give the documents one after another."""
    return Sequence(parts, any(map(is_broken, parts)))


def group(*parts: Document) -> Group:
    """Give a group."""
    content = sequence(*parts)
    return Group(content, content.broken)


def indented(*parts: Document) -> Indented:
    """Give documents further to the right."""
    content = sequence(*parts)
    return Indented(content, content.broken)


def joined(separator: Document, parts: Iterable[Document]) -> Sequence:
    """Give the documents with a separator between them."""
    out = list(chain.from_iterable((separator, part) for part in parts))
    return sequence(*out[1:])


def is_broken(document: Document) -> bool:
    """Tell whether a document cannot stand on one line."""
    if isinstance(document, Sequence | Group | Indented):
        return document.broken
    return isinstance(document, HardBreak | Forced | Verbatim)


_Entry = tuple[int, bool, Document]


def rendered(document: Document, width: int = WIDTH) -> str:
    """Give the text of a document; no line gets spaces at its end, except in verbatim text."""
    out: list[str] = []
    column, pending = 0, 0
    stack: list[_Entry] = [(0, True, document)]
    while stack:
        indent, broken, item = stack.pop()
        if isinstance(item, Group):
            broken = item.broken or not _fits(item.content, stack, width - max(column, pending))
            stack.append((indent, broken, item.content))
        elif isinstance(item, Sequence):
            stack += [(indent, broken, part) for part in reversed(item.parts)]
        elif isinstance(item, Indented):
            stack.append((indent + INDENT, broken, item.content))
        elif isinstance(item, HardBreak) or (isinstance(item, Break) and broken):
            out.append("\n")
            column, pending = 0, indent
        else:
            text = _text(item, broken)
            if text:
                out.append(" " * pending + text)
                column, pending = _column(column + pending, text), 0
    return "".join(out)


def _text(item: Document, broken: bool) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, Break):
        return item.flat
    if isinstance(item, WhenBroken):
        return item.text if broken else ""
    return item.text if isinstance(item, Verbatim) else ""


def _column(before: int, text: str) -> int:
    line_end = text.rfind("\n")
    return before + len(text) if line_end < 0 else len(text) - line_end - 1


def _fits(content: Document, rest: list[_Entry], room: int) -> bool:
    """Tell whether a document on one line, and what follows it up to the next line end, has room."""
    stack: list[_Entry] = [(0, False, content)]
    behind = len(rest)
    while room >= 0:
        if stack:
            indent, broken, item = stack.pop()
        elif behind:
            behind -= 1
            indent, broken, item = rest[behind]
        else:
            return True
        if isinstance(item, Sequence):
            stack += [(indent, broken, part) for part in reversed(item.parts)]
        elif isinstance(item, Group | Indented):
            # A group that comes later may still break, so its first break ends the line.
            stack.append((indent, broken, item.content))
        elif isinstance(item, HardBreak) or (isinstance(item, Break) and broken):
            return True
        else:
            text = _text(item, broken)
            first, line_end, _ = text.partition("\n")
            room -= len(first)
            if line_end:
                return room >= 0
    return False
