"""Single words as a script writes them: names, texts, numbers, comments. Raises ValueError for what no text can say."""

from __future__ import annotations

import re
import unicodedata

from p2lang.ast import IDENTIFIER, KEYWORDS, Comments, Number, QName, Quantity
from p2lang.source import INVISIBLE_LETTER
from p2lang.types import QUANTITY_UNITS

VALUE_WORDS = frozenset(("if", "not", "true", "false", "null", "frame", "report", "page"))
"""Words that cannot start a value bare."""

_QUOTED = re.compile(r"[^`\n]{1,200}\Z")
_NUMBER = re.compile(r"[0-9]+(_[0-9]+)*(\.[0-9]+(_[0-9]+)*)?([eE][+-]?[0-9]+)?\Z")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f]|[^\x00-\x7f]')
_INVISIBLE = frozenset(("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Mn"))


def name(text: str, reserved: frozenset[str] = frozenset()) -> str:
    """Give a name, in backticks when it is no identifier or one of the reserved words."""
    if IDENTIFIER.match(text) and text not in reserved:
        return text
    if not _QUOTED.match(text):
        raise ValueError(
            f"{text!r} cannot be a name: it is empty, too long, or has a line end or a backtick"
        )
    return f"`{text}`"


def dotted(names: QName, reserved: frozenset[str] = frozenset()) -> str:
    """Give a dotted name; only its first part can meet a reserved word."""
    first, *rest = names.parts
    return ".".join([name(first.text, reserved), *(name(part.text) for part in rest)])


def binding(text: str) -> str:
    """Give `$name`."""
    if not IDENTIFIER.match(text):
        raise ValueError(f"{text!r} cannot be a binding")
    return f"${text}"


def declared(text: str) -> str:
    """Give the name of a declaration."""
    return name(text, KEYWORDS)


def escaped(text: str) -> str:
    """Give what stands between the quotes of a text."""
    return _SPECIAL.sub(lambda match: _written(match.group()), text)


def _written(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if unicodedata.category(character) in _INVISIBLE or INVISIBLE_LETTER.match(character):
        if 0xD800 <= ord(character) < 0xE000:
            raise ValueError("half of a surrogate pair cannot be written")
        return f"\\u{{{ord(character):x}}}"
    return character


def number(node: Number) -> str:
    """Give a number as it was written."""
    if not _NUMBER.match(node.text):
        raise ValueError(f"{node.text!r} is not a number as a script writes it")
    return node.text


def quantity(node: Quantity) -> str:
    """Give a number with its unit."""
    if not _NUMBER.match(node.text) or node.unit not in QUANTITY_UNITS:
        raise ValueError(f"{node.text + node.unit!r} is not a quantity as a script writes it")
    return node.text + node.unit


def comment(text: str) -> str:
    """Give a comment, which may hold no line end."""
    if not text.startswith("#") or "\n" in text or "\r" in text:
        raise ValueError(f"{text!r} is not a comment line")
    return text.rstrip()


def comment_lines(comments: Comments) -> list[str]:
    """Give comments line by line; an empty one is a blank line, and there is never more than one of those."""
    lines: list[str] = []
    for text in comments:
        if text or (lines and lines[-1]):
            lines.append(comment(text) if text else "")
    return lines
