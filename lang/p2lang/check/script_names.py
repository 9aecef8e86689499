"""Names in the text of a step in Python that nothing in it binds and that no word has: told before anything runs.

Seen as tokens only, so a name counts as bound wherever the text could bind it; the child knows exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from p2lang.check.words import nearest
from p2lang.semantics.script_text import FOREIGN_WORDS, Token, tokens


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORDS: Final = _listed(
    """
    abs access all any approved bool collect copy dict divmod enumerate expose exposed filter fit float
    frame gather_tasks giveup handin handoff impose imposed int isinstance islinked kmeans len link list
    loggy map max me min num order pca plot pow print range release reversed round set share sorted str sum
    table tuple zip
    """
)
"""The words of every step in Python; the child has the same."""

NUM: Final = _listed(
    """
    abs acos all any arange argmax argmin argsort array asin atan atan2 ceil clip concat corr cos cosh
    cumsum degrees det diag diff dot e eigh exp expm1 eye floor full histogram hypot inf interp inv isfinite
    ismissing linspace log log10 log1p log2 logspace lstsq max maximum mean median min minimum norm ones
    outer pi polyval prod quantile radians random round sign sin sinh solve sort sqrt stack std sum svd tan
    tanh trace transpose unique var where zeros
    """
)
"""What stands behind `num.`; the child has the same."""

_PYTHON: Final = _listed(
    """
    False None True and as assert break continue def del elif else for if in is lambda not or pass return
    while match case _
    """
)
_ASSIGNING: Final = frozenset(
    ("=", ":=", "+=", "-=", "*=", "/=", "//=", "%=", "**=", "<<=", ">>=", "|=", "^=", "&=", "@=")
)


class Unknown(NamedTuple):
    """A name that is not there: the token, what it is looked for in, the nearest name that is there."""

    token: Token
    behind: str
    near: str


def unknown_names(text: str, parameters: Sequence[str]) -> Iterator[Unknown]:
    """Give the names that nothing can mean, each the first time."""
    found = list(tokens(text))
    bound = _bound(found) | set(parameters)
    known = [*sorted(WORDS), *sorted(bound)]
    told: set[str] = set()
    for number, token in enumerate(found):
        if token.kind != "name":
            continue
        before = found[number - 1].text if number else ""
        if before == ".":
            of = found[number - 2] if number > 1 else token
            first = number < 3 or found[number - 3].text != "."
            if of.text == "num" and first and "num" not in bound and token.text not in NUM:
                yield Unknown(token, "num", nearest(token.text, sorted(NUM)) or "")
            continue
        if token.text in bound | WORDS | _PYTHON | told:
            continue
        told.add(token.text)
        yield Unknown(token, "", FOREIGN_WORDS.get(token.text) or nearest(token.text, known) or "")


def bound_names(text: str) -> set[str]:
    """Give every name that the text could give a value to."""
    return _bound(list(tokens(text))) - _PYTHON


def _bound(found: Sequence[Token]) -> set[str]:
    """Give every name that could get a value somewhere: left of `=`, after `for`, `def` and `lambda`."""
    bound: set[str] = set()
    line: list[str] = []
    deep = 0
    for number, token in enumerate(found):
        deep += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if token.kind == "newline" and deep <= 0:
            line = []
        elif token.kind == "name":
            line.append(token.text)
        elif token.text in _ASSIGNING:
            bound.update(line)
        if token.kind == "name" and token.text in ("for", "def", "lambda"):
            bound.update(_until(found[number + 1 :], token.text))
    return bound


def _until(rest: Sequence[Token], word: str) -> Iterator[str]:
    deep = 0
    for token in rest:
        deep += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if (token.text == "in" if word == "for" else token.text == ":") and deep <= 0:
            return
        if token.kind == "name":
            yield token.text
