"""A script up to a place in it: what may come there, and the text that makes a whole script of it again.

For editors: a script that is being written is almost never right, and still something is to be said about its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from p2lang.parser.lexer import Tokens, lex
from p2lang.parser.mistakes.trouble import CLOSERS, OPENERS
from p2lang.parser.outline import Extent, nesting_problem, outlined

_MOST_REPAIRS = 8


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What is known about a place: the text before it (`tokens`), the token its statement starts with, what may come.

    `accepts` are kinds of tokens, empty when the statement is broken before the place; `mended` is the text up to the
    place, a name in it and what closes the statement; places before it stay where they are. `repaired` tells that
    parts before the place do not parse and are left out. `statement` is where the outermost
    statement around the place starts.
    """

    tokens: Tokens
    first: int
    accepts: frozenset[str]
    mended: str
    repaired: bool = False
    statement: int = 0


def unfinished(text: str, offset: int) -> Unfinished:
    """Read a text up to an offset; steps and arguments that do not parse are left out of the mended text."""
    tokens = lex(text, 0, offset)
    end = len(tokens) - 1
    if nesting_problem(tokens) is not None:
        return Unfinished(tokens, end, frozenset(), text[:offset])
    extents = _nested(outlined(tokens).extents)
    for read in (_repaired, _cut_off):
        for blocks, extent in enumerate(extents):
            found = read(tokens, extent)
            if found is not None:
                start = tokens.starts[extents[0].first]
                return replace(found, mended=found.mended + " }" * blocks, statement=start)
    nothing = _repaired(tokens, Extent(end, end))
    assert nothing is not None  # it is always the beginning of something
    return nothing


def _nested(extents: list[Extent]) -> list[Extent]:
    """Give the last statement, the last one in its last block, and so on: the outermost first."""
    found: list[Extent] = []
    while extents:
        found.append(extents[-1])
        extents = extents[-1].inner
    return found


def _repaired(tokens: Tokens, extent: Extent) -> Unfinished | None:
    from p2lang.parser.parsing import continued  # only on this path: it imports lark

    order = [*range(extent.first, len(tokens) - 1)]
    for _ in range(_MOST_REPAIRS):
        result = continued(tokens, order)
        if not isinstance(result, int):
            accepts, closing = result
            mended = _mended(tokens, order, extent, closing)
            repaired = len(order) < len(tokens) - 1 - extent.first
            return Unfinished(tokens, extent.first, accepts, mended, repaired)
        left_out = _segment(tokens, order, result)
        if left_out is None:
            break
        order = [i for i in order if i not in left_out]
    return None


def _cut_off(tokens: Tokens, extent: Extent) -> Unfinished | None:
    """Give the statement without all that comes after its first mistake, which nothing separates from the place."""
    from p2lang.parser.parsing import continued

    order = [*range(extent.first, len(tokens) - 1)]
    result = continued(tokens, order)
    while isinstance(result, int) and order:
        order = order[:result]
        result = continued(tokens, order)
    if isinstance(result, int) or not order:
        return None
    mended = _mended(tokens, order, extent, result[1])
    return Unfinished(tokens, extent.first, frozenset(), mended, True)


def _mended(tokens: Tokens, order: Sequence[int], extent: Extent, closing: str) -> str:
    """Give the text with blanks for what is left out, and its end closed."""
    kept = set(order)
    pieces, at = list[str](), 0
    for i in range(extent.first, len(tokens) - 1):
        if i not in kept:
            pieces += [tokens.text[at : tokens.starts[i]], " " * len(tokens.text_of(i))]
            at = tokens.ends[i]
    return "".join([*pieces, tokens.text[at : tokens.ends[-1]], closing])


def _segment(tokens: Tokens, order: Sequence[int], place: int) -> range | None:
    """Give the tokens of the argument or step around a place if it ends before the text does."""
    depths, kinds = _depths(tokens, order), tokens.kinds
    start = place
    for depth in range(depths[place] if place < len(order) else 0, -1, -1):
        while start > 0 and not _begins(kinds[order[start]], depths[start], depth):
            start -= 1
        behind = range(place + (start == place), len(order))
        ends = (i for i in behind if depths[i] == depth and kinds[order[i]] in ("COMMA", "VBAR"))
        stop = next(ends, None)
        if stop is not None and start < stop and _begins(kinds[order[start]], depths[start], depth):
            first = order[start] + (kinds[order[start]] in OPENERS)
            with_comma = kinds[order[stop]] == "COMMA" and first > order[start]
            return range(first, order[stop] + with_comma)
    return None


def _begins(kind: str, here: int, depth: int) -> bool:
    return (here == depth and kind in ("COMMA", "VBAR")) or (here == depth - 1 and kind in OPENERS)


def _depths(tokens: Tokens, order: Sequence[int]) -> list[int]:
    """Give how many brackets are open around each token; brackets are around none of themselves."""
    depths, opened = list[int](), list[str]()
    for index in order:
        kind = tokens.kinds[index]
        partner = CLOSERS.get(kind)
        if partner in opened:
            while opened.pop() != partner:
                pass
        depths.append(len(opened))
        if kind in OPENERS:
            opened.append(kind)
    return depths
