"""What is refused before a script is parsed: too long, not text, characters that hide something."""

from __future__ import annotations

import re
import unicodedata

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.source import INVISIBLE_LETTER, LONGEST_SCRIPT, Source, Span

_PRINTABLE_ASCII = re.compile(r"[\n\t\x20-\x7e]*\Z")
_SUSPECT = re.compile(r"\r(?!\n)|[^\n\r\t\x20-\x7e]")
_HIDING_CATEGORIES = frozenset(("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))
_MOST_REPORTED = 5


def decode(content: bytes, name: str = "<script>") -> Source | Diagnostic:
    """Give the script that a file's bytes hold, or say why they hold none (P2-E0001, P2-E0003)."""
    if len(content) > LONGEST_SCRIPT:
        return _too_long(len(content))
    try:
        return Source(content.decode("utf-8"), name)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        byte = content[error.start]
        at = len(content[: error.start].decode("utf-8"))  # where the text has U+FFFD instead
        return Diagnostic(
            "P2-E0003",
            f"the script is not UTF-8 text: byte 0x{byte:02x} on line {line}, byte {column} of that line",
            Span(at, at + 1),
            help="save the file as UTF-8" + _encoding_hint(content),
        )


def _encoding_hint(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "; it looks like UTF-16"
    if b"\0" in content[:1024]:
        return "; it looks like a binary file, not like a script"
    return ""


def _too_long(size: int) -> Diagnostic:
    return Diagnostic(
        "P2-E0001",
        f"the script has {size:,} bytes; at most {LONGEST_SCRIPT:,} are read",
        help="put data into a bundle and shared steps into a library (`use`), and keep the script short",
    )


def refused(source: Source) -> tuple[Diagnostic, ...]:
    """Say why a text is not read at all (P2-E0001, P2-E0002); nothing when it may be parsed."""
    text = source.text
    if _PRINTABLE_ASCII.match(text):
        return () if len(text) <= LONGEST_SCRIPT else (_too_long(len(text)),)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LONGEST_SCRIPT:
        return (_too_long(size),)
    found: list[Diagnostic] = []
    for match in _SUSPECT.finditer(text):
        if _hides(match.group()):
            found.append(_hidden(match))
            if len(found) == _MOST_REPORTED:
                break
    return tuple(found)


def _hides(character: str) -> bool:
    if unicodedata.category(character) in _HIDING_CATEGORIES:
        return True
    return INVISIBLE_LETTER.match(character) is not None


def _hidden(match: re.Match[str]) -> Diagnostic:
    character = match.group()
    what = f"U+{ord(character):04X}"
    official = unicodedata.name(character, "")
    if character == "\ufeff" and match.start() == 0:
        return Diagnostic(
            "P2-E0002",
            f"the script starts with a byte order mark, {what}",
            Span(*match.span()),
            help="save the file as UTF-8 without a byte order mark: the signature is over the bytes that people see",
            fix=Fix(Span(*match.span()), ""),
        )
    control = unicodedata.category(character) in ("Cc", "Cf")
    called = f"{official.lower()}; " if official else ""
    return Diagnostic(
        "P2-E0002",
        f"invisible {'control character' if control else 'character'} {what}",
        Span(*match.span()),
        "not allowed anywhere in a script",
        help="delete it; such characters can make a signed script look different from what runs",
        note=f"{called}in a text it can be written `\\u{{{ord(character):x}}}`",
        fix=Fix(Span(*match.span()), ""),
    )
