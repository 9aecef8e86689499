"""What stands between quotes: escapes resolved, texts with holes cut at their holes. Places count in the whole text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.source import Span

_PLAIN = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|([\s\S]))")
_OLD_UNICODE = re.compile(r"(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2}))")
_FSTRING = re.compile(
    r'(?P<open>\{\{)|(?P<close>\}\})|\{(?P<hole>(?:[^"{}\n]|"[^"\\\n]*(?:\\.[^"\\\n]*)*")*)\}'
    r"|(?P<plain>(?:[^\\{}]|\\(?:u\{[0-9A-Fa-f]{1,6}\}|[\s\S]))+)"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text with holes: plain text as it means, or the place of a hole's expression."""

    kind: Literal["plain", "hole"]
    value: str
    span: Span


def unescaped(text: str, start: int, end: int) -> tuple[str, list[Diagnostic]]:
    """Give what a stretch between quotes means, and what is wrong with its escapes."""
    raw = text[start:end]
    if "\\" not in raw:
        return raw, []
    problems: list[Diagnostic] = []

    def meaning(match: re.Match[str]) -> str:
        digits, letter = match.groups()
        if letter in _PLAIN:
            return _PLAIN[letter]
        if digits is not None:
            code = int(digits, 16)
            if code < 0x110000 and not 0xD800 <= code < 0xE000:
                return chr(code)
        problems.append(_bad_escape(raw, match, start))
        return ""

    return _ESCAPE.sub(meaning, raw), problems


def pieces(text: str, start: int, end: int) -> tuple[list[Piece], list[Diagnostic]]:
    """Cut the inside of `f"..."` at its holes; neighbouring plain stretches are one piece, empty ones are none."""
    found: list[Piece] = []
    problems: list[Diagnostic] = []
    for match in _FSTRING.finditer(text, start, end):
        if match["hole"] is not None:
            found.append(Piece("hole", match["hole"], Span(*match.span("hole"))))
            continue
        value, wrong = "{" if match["open"] else "}", list[Diagnostic]()
        if match["plain"] is not None:
            value, wrong = unescaped(text, match.start(), match.end())
        problems += wrong
        if found and found[-1].kind == "plain":
            last = found.pop()
            found.append(Piece("plain", last.value + value, Span(last.span.start, match.end())))
        elif value:
            found.append(Piece("plain", value, Span(*match.span())))
    return found, problems


def _bad_escape(raw: str, match: re.Match[str], offset: int) -> Diagnostic:
    span = Span(offset + match.start(), offset + match.end())
    digits, letter = match.groups()
    if digits is not None:
        return Diagnostic(
            "P2-E0107",
            f"there is no character U+{digits.upper()}",
            span,
            help="characters are numbered up to 10ffff, without d800 to dfff",
        )
    old = _OLD_UNICODE.match(raw, match.start() + 1)
    if old is not None:
        span = Span(span.start, offset + old.end())
        mended = "\\u{" + (old[1] or old[2] or old[3]).lstrip("0").rjust(1, "0") + "}"
        return Diagnostic(
            "P2-E0107",
            "a character is named by its number in braces",
            span,
            help=f"write `{mended}`",
            fix=Fix(span, mended),
        )
    return Diagnostic(
        "P2-E0107",
        f"`\\{letter}` means nothing in a text",
        span,
        help=f"write `\\\\{letter}` for a backslash followed by {letter}",
        note='possible: \\n \\t \\r \\" \\\\ and \\u{e9} for the character with that number',
        fix=Fix(span, f"\\\\{letter}"),
    )
