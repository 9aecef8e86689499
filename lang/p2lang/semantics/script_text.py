"""The text of a step in Python as characters and tokens: what may stand in it before anybody parses it.

The checker, the verifier and the child hold a text against the same rules. Nothing here is Python's own parser, which
is only given what keeps them, and only in a child.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

LONGEST_SCRIPT: Final = 32_768
"""Characters that the text of a step in Python may have."""

DEEPEST: Final = 60
"""Brackets that may be open at one place."""

LONGEST_LINE: Final = 4_000
"""Tokens that one statement may have: Python's parser goes down once for each operator in a row."""

TokenKind = Literal["name", "number", "string", "operator", "newline"]


class Token(NamedTuple):
    """A token and where it begins."""

    kind: TokenKind
    text: str
    start: int

    @property
    def end(self) -> int:
        """Give the place after its last character."""
        return self.start + len(self.text)


class Fault(NamedTuple):
    """What is wrong with a text, at which characters, and how to mend it; `about` is its size, a sign or a word."""

    message: str
    start: int
    end: int
    help: str
    about: Literal["size", "sign", "word"] = "sign"


_TOKEN: Final = re.compile(
    r"""
      (?P<skip>[ \t]+|\#[^\n]*|\\\n)
    | (?P<newline>\n)
    | (?P<string>(?:[rRuUbBfFtT]{0,2})(?:'''(?:[^\\]|\\.)*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<number>\.?[0-9](?:[eE][+-](?=[0-9])|[A-Za-z0-9_.])*)
    | (?P<operator>\*\*=|//=|<<=|>>=|\.\.\.|\*\*|//|<<|>>|[-+*/%@&|^=!<>:]=|->|[-+*/%@&|^~<>=()\[\]{},:.;])
    """,
    re.VERBOSE | re.DOTALL,
)
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SKIPPED: Final = re.compile(r"(?:[ \t]|\#[^\n]*|\\\n)*")
REFUSED_WORDS: Final = {
    "import": ("nothing can be imported", "num, table and the other words are there without it"),
    "class": ("classes cannot be made", "use a dict for what belongs together, and functions"),
    "with": ("`with` has nothing to open here", "leave it out"),
    "yield": ("`yield` is not allowed", "make a list: rows.append(...)"),
    "try": ("errors cannot be caught", "test before: `if x != 0:`, `d.get(key)`"),
    "raise": ("`raise` is not allowed", 'stop the run with `impose(False, "why")`'),
    "global": ("names of a function belong to it", "give a value back: `return x`"),
    "nonlocal": ("names of a function belong to it", "give a value back: `return x`"),
    "async": ("nothing runs at the same time here", "leave `async` and `await` out"),
    "await": ("nothing runs at the same time here", "leave `async` and `await` out"),
}
"""Words of Python that steps do not have, with why and what to write instead."""

FOREIGN_WORDS: Final = {
    "np": "num", "numpy": "num", "math": "num",
    "pd": "table", "pl": "table", "DataFrame": "table", "plt": "frame",
}  # fmt: skip
"""Names that people are used to, and the word that steps have instead."""

_CLOSING: Final = {")": "(", "]": "[", "}": "{"}


def first_fault(text: str) -> Fault | None:
    """Give the first thing because of which a text is not even parsed; None when it may be."""
    return _size(text) or _characters(text) or _brackets(text) or _words(text)


def tokens(text: str) -> Iterator[Token]:
    """Give the tokens of a text without faults; comments, spaces and joined lines are left out."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return
        kind = match.lastgroup
        if kind != "skip":
            yield Token(kind, match[0], at)  # type: ignore[arg-type] # the groups are named so
        at = match.end()


def mentioned(text: str) -> set[str]:
    """Give every name that a text could use, and the words of its strings: an f-string is one token."""
    found: set[str] = set()
    for token in tokens(text):
        if token.kind == "name":
            found.add(token.text)
        elif token.kind == "string":
            # Python reads names in their compatible form.
            found.update(_WORD.findall(unicodedata.normalize("NFKC", token.text)))
    return found


def _size(text: str) -> Fault | None:
    if len(text) <= LONGEST_SCRIPT:
        return None
    return Fault(
        f"the text has {len(text):,} characters, at most {LONGEST_SCRIPT:,} are taken",
        0,
        0,
        "split it into two steps, or do a part of it with steps of the language",
        "size",
    )


def _characters(text: str) -> Fault | None:
    for at, character in enumerate(text):
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf", "Cs"):
            return Fault(
                f"the invisible character U+{ord(character):04X} stands in the text",
                at,
                at + 1,
                f'write it as an escape in a string: "\\u{ord(character):04x}"',
            )
    return None


def _words(text: str) -> Fault | None:
    for token in tokens(text):
        if token.kind != "name":
            continue
        refused = REFUSED_WORDS.get(token.text)
        if refused is None and token.text.startswith("_") and token.text != "_":
            refused = (
                f"names that begin with _ are not allowed: `{token.text}`",
                "call it otherwise",
            )
        if refused is not None:
            return Fault(refused[0], token.start, token.end, refused[1], "word")
    return None


def _brackets(text: str) -> Fault | None:
    open_: list[Token] = []
    in_line = end = 0
    for token in tokens(text):
        end = token.end
        in_line = 0 if token.kind == "newline" and not open_ else in_line + 1
        if in_line > LONGEST_LINE:
            return Fault(
                f"a statement has more than {LONGEST_LINE:,} words and signs",
                token.start,
                token.end,
                "make several statements of it",
            )
        wrong = _bracket(token, open_)
        if wrong is not None:
            return wrong
    skipped = _SKIPPED.match(text, end)
    if skipped is not None and skipped.end() < len(text):
        return _unreadable(text, skipped.end())
    if open_:
        last = open_[-1]
        return Fault(
            f"`{last.text}` is never closed",
            last.start,
            last.end,
            "close it: `" + next(c for c, o in _CLOSING.items() if o == last.text) + "`",
        )
    return None


def _bracket(token: Token, open_: list[Token]) -> Fault | None:
    if token.kind == "string":
        inside = max((token.text.count(sign) for sign in "([{"), default=0)
        deep = "f" in token.text[:2].lower() and inside + len(open_) > DEEPEST
        return _too_deep(token) if deep else None
    if token.kind != "operator":
        return None
    if token.text in "([{":
        open_.append(token)
        return _too_deep(token) if len(open_) > DEEPEST else None
    if token.text not in _CLOSING:
        return None
    if not open_ or open_[-1].text != _CLOSING[token.text]:
        return Fault(
            f"`{token.text}` closes nothing here", token.start, token.end, "look at the brackets"
        )
    open_.pop()
    return None


def _too_deep(token: Token) -> Fault:
    return Fault(
        f"more than {DEEPEST} brackets are open at one place",
        token.start,
        token.start + 1,
        "give the inner parts names",
    )


def _unreadable(text: str, at: int) -> Fault:
    character = text[at]
    if character in "\"'":
        return Fault(
            "a string is not closed", at, at + 1, f"close it on the same line: {character}"
        )
    name = unicodedata.name(character, "a character").lower()
    if not character.isprintable():
        character = f"U+{ord(character):04X}"
    return Fault(
        f"`{character}` ({name}) means nothing in Python"
        if not text[at].isalpha()
        else f"`{character}` ({name}) stands in a name",
        at,
        at + 1,
        "names are made of a to z, A to Z, 0 to 9 and _; other characters stand in strings only",
    )
