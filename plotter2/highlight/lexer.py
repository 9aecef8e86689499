"""A Pygments lexer over the language's own lexer, so that both always agree on what a word is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pygments.lexer import Lexer
from pygments.lexers.python import PythonLexer
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from p2lang.parser.lexer import Tokens, lex
from p2lang.parser.tables import tables

Found = tuple[int, Any, str]
"""Where a token begins, its Pygments type, its text."""

_DECLARES = {
    "LET": Name.Variable,
    "PARAM": Name.Variable,
    "PIPE": Name.Variable,
    "REPEAT": Name.Variable,
    "DEF": Name.Function,
    "SCRIPT": Name.Function,
    "TASK": Name.Function,
    "LINK": Name.Variable,
    "EXPOSE": Name.Variable,
    "AS": Name.Namespace,
}
"""Words after which a name is declared."""

_KINDS: Mapping[str, Any] = {
    "AND": Operator.Word,
    "OR": Operator.Word,
    "NOT": Operator.Word,
    "IN": Operator.Word,
    "TRUE": Keyword.Constant,
    "FALSE": Keyword.Constant,
    "NULL": Keyword.Constant,
    "P2": Keyword.Namespace,
    "USE": Keyword.Namespace,
    "AS": Keyword.Namespace,
    "VAR": Name.Variable,
    "NUMBER": Number,
    "PLUS": Operator,
    "MINUS": Operator,
    "STAR": Operator,
    "SLASH": Operator,
    "POWER": Operator,
    "CMP": Operator,
    "EQUAL": Operator,
    "VBAR": Operator,
    "DOTS": Operator,
    "ARROW": Operator,
    "OPT": Operator,
}
_UNFINISHED: Mapping[str, Any] = {
    "BAD_STRING": String.Double,
    "BAD_FSTRING": String.Double,
    "BAD_TRIPLE": String.Delimiter,
    "BAD_BACKTICK": Name,
}
"""What is no mistake at the end of a text: it is still being typed."""
_ESCAPE = re.compile(r"\\(?:u\{[0-9A-Fa-f]{1,6}\}|.)")
_IN_TEXT_WITH_HOLES = re.compile(
    r"\{\{|\}\}|\\(?:u\{[0-9A-Fa-f]{1,6}\}|.)|\{((?:\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"|[^\"{}\n])*)\}"
)
_UNIT = re.compile(r"[A-Za-z]+\Z|%\Z")


class P2Lexer(Lexer):  # type: ignore[misc] # pygments has no types
    """Tells columns, `$bindings`, functions, text with holes, quantities and Python bodies apart."""

    name = "plotter2"
    aliases: ClassVar[list[str]] = ["p2", "plotter2"]
    filenames: ClassVar[list[str]] = ["*.p2"]
    mimetypes: ClassVar[list[str]] = ["text/x-p2"]
    url = ""

    @staticmethod
    def analyse_text(text: str) -> float:
        """Tell how sure it is that a text is a script: its first line names the edition."""
        return 1.0 if re.match(r"(?:\s*#[^\n]*\n)*\s*p2 [0-9]+\s", text) else 0.0

    def get_tokens_unprocessed(self, text: str) -> Iterator[Found]:
        """Give all of a text in order, white space too."""
        yield from _all(lex(text), 0, len(text))


def _all(tokens: Tokens, start: int, end: int) -> Iterator[Found]:
    at = start
    for index in range(len(tokens) - 1):
        yield from _between(tokens.text, at, tokens.starts[index])
        at = tokens.ends[index]
        yield from _token(tokens, index)
    yield from _between(tokens.text, at, end)


def _between(text: str, start: int, end: int) -> Iterator[Found]:
    """Give white space and comments."""
    for match in re.finditer(r"#[^\n]*|[^#]+", text[start:end]):
        found = match.group()
        kind = Whitespace
        if found.startswith("#"):
            kind = Comment.Special if found.startswith("##") else Comment.Single
        yield start + match.start(), kind, found


def _token(tokens: Tokens, index: int) -> Iterator[Found]:
    kind, start, text = tokens.kinds[index], tokens.starts[index], tokens.text_of(index)
    if kind == "STRING":
        yield from _with_escapes(start, text)
    elif kind == "FSTRING":
        yield from _with_holes(tokens.text, start, text)
    elif kind == "PYTHON":
        yield from _python(start, text)
    elif kind == "QUANTITY":
        unit = _UNIT.search(text)
        cut = len(text) if unit is None else unit.start()
        yield start, Number, text[:cut]
        yield start + cut, Keyword.Type, text[cut:]
    elif kind in _UNFINISHED and tokens.ends[index] == len(tokens.text.rstrip("\n")):
        yield start, _UNFINISHED[kind], text
    elif kind.startswith("BAD_"):
        yield start, Error, text
    elif kind == "NAME" or kind in tables().keyword_kinds:
        yield start, _word(tokens, index, kind), text
    else:
        yield start, _KINDS.get(kind, Punctuation), text


def _word(tokens: Tokens, index: int, kind: str) -> Any:
    before = tokens.kinds[index - 1] if index else ""
    after = tokens.kinds[index + 1]
    called = _is_call(tokens, index)
    if before in _DECLARES and not called and kind == "NAME":
        return _DECLARES[before]
    if after == "DOT" and (before == "VBAR" or _is_call(tokens, index + 2)):
        return Name.Namespace
    if before == "VBAR" or _in_library(tokens, index) or (called and kind not in _KINDS):
        return Name.Function
    if kind != "NAME":
        return _KINDS.get(kind, Keyword)
    if before in _DECLARES:
        return _DECLARES[before]
    if after == "EQUAL" and before in ("LPAR", "COMMA"):
        return Name.Attribute
    if before in ("COLON", "LSQB") and _is_type(tokens, index):
        return Keyword.Type
    return Name


def _is_call(tokens: Tokens, index: int) -> bool:
    """Tell whether a name is called: its bracket touches it."""
    inside = index + 1 < len(tokens) and tokens.touch(index, index + 1)
    return inside and tokens.kinds[index + 1] == "LPAR"


def _in_library(tokens: Tokens, index: int) -> bool:
    """Tell whether a name is a library's step: `| library.name`."""
    return index > 2 and tokens.kinds[index - 1] == "DOT" and tokens.kinds[index - 3] == "VBAR"


def _is_type(tokens: Tokens, index: int) -> bool:
    """Tell whether a name behind `:` or inside `list[ ]` is a type."""
    opener = tokens.kinds[index - 1] == "LSQB" and index > 1 and tokens.touch(index - 2, index - 1)
    return tokens.kinds[index - 1] == "COLON" or (opener and tokens.kinds[index - 2] == "NAME")


def _with_escapes(start: int, text: str) -> Iterator[Found]:
    at = 0
    for match in _ESCAPE.finditer(text):
        if match.start() > at:
            yield start + at, String.Double, text[at : match.start()]
        yield start + match.start(), String.Escape, match.group()
        at = match.end()
    if at < len(text):
        yield start + at, String.Double, text[at:]


def _with_holes(whole: str, start: int, text: str) -> Iterator[Found]:
    yield start, String.Affix, text[0]
    at = 1
    for match in _IN_TEXT_WITH_HOLES.finditer(text, 1):
        if match.start() > at:
            yield start + at, String.Double, text[at : match.start()]
        at = match.end()
        if match.group(1) is None:
            yield start + match.start(), String.Escape, match.group()
            continue
        yield start + match.start(), String.Interpol, "{"
        inner = start + match.start(1), start + match.end(1)
        yield from _all(lex(whole, *inner), *inner)
        yield start + match.end(1), String.Interpol, "}"
    if at < len(text):
        yield start + at, String.Double, text[at:]


def _python(start: int, text: str) -> Iterator[Found]:
    yield start, String.Delimiter, '"""'
    for offset, kind, found in PythonLexer().get_tokens_unprocessed(text[3:-3]):
        yield start + 3 + offset, kind, found
    yield start + len(text) - 3, String.Delimiter, '"""'
