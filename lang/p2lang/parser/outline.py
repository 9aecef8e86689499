"""Where statements begin and end in a script that does not parse, and which brackets have no partner.

A guess by words and line starts, made only after the parser has failed, so that reading goes on behind a mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from p2lang.diagnostics import Diagnostic, Fix, Related
from p2lang.parser.lexer import Tokens
from p2lang.parser.mistakes.trouble import (
    BOX_WORDS,
    CLOSERS,
    OPENERS,
    STATEMENT_WORDS,
    VALUE_ENDS,
    VALUE_STARTS,
)
from p2lang.parser.tables import tables

MAX_NESTING = 64
MAX_SIGNS = 200
"""`-` and `not` that may stand before one value; the parser's own limit is lower, and takes longer to find."""
_SIGNS_BEFORE = frozenset(("MINUS", "NOT"))
_MOST_PROBLEMS = 200
SWALLOWING = frozenset(
    ("BAD_BACKTICK", "BAD_STRING", "BAD_SINGLE", "BAD_FSTRING", "BAD_TRIPLE", "BAD_CURLY")
)
"""Kinds that may have eaten the brackets behind them."""
FOREIGN_STARTS = frozenset(
    (
        "for",
        "while",
        "import",
        "from",
        "return",
        "const",
        "var",
        "function",
        "fn",
        "class",
        "elif",
        "else",
        "try",
    )
)
_NEVER_FIRST = frozenset(
    (
        "PLUS",
        "MINUS",
        "STAR",
        "SLASH",
        "POWER",
        "CMP",
        "NUMBER",
        "QUANTITY",
        "STRING",
        "FSTRING",
        "COMMA",
        "EQUAL",
        "VBAR",
        "COLON",
        "DOT",
        "DOTS",
        "LPAR",
        "RPAR",
        "LSQB",
        "RSQB",
    )
)
"""Kinds that begin no statement while one goes on."""
_BEHIND_HEADER = 2
_SIGNS = {"LPAR": "(", "LSQB": "[", "LBRACE": "{", "RPAR": ")", "RSQB": "]", "RBRACE": "}"}
_STATEMENT_ENDS = VALUE_ENDS | {"RBRACE", "PYTHON", "OPT"}


@dataclass(slots=True)
class Extent:
    """The tokens of a statement, with the statements in its blocks."""

    first: int
    end: int = -1
    inner: list[Extent] = field(default_factory=list)


@dataclass(slots=True)
class Outline:
    """The statements of a script and its bracket problems by the token they are reported at."""

    extents: list[Extent] = field(default_factory=list)
    problems: dict[int, Diagnostic] = field(default_factory=dict)

    def note(self, token: int, problem: Diagnostic) -> None:
        """Keep a problem, unless there are already more than anyone will read."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems[token] = problem


@dataclass(slots=True)
class _Open:
    token: int
    is_block: bool
    is_schema: bool
    extents: list[Extent]


def nesting_problem(tokens: Tokens) -> Diagnostic | None:
    """Say where brackets, or signs before a value, are nested too deep (P2-E0004), if they are."""
    depth = signs = 0
    for i, kind in enumerate(tokens.kinds):
        signs = signs + 1 if kind in _SIGNS_BEFORE else 0
        if signs > MAX_SIGNS:
            return too_deep(tokens, i - MAX_SIGNS)
        if kind in OPENERS:
            depth += 1
            if depth > MAX_NESTING:
                return Diagnostic(
                    "P2-E0004",
                    f"more than {MAX_NESTING} brackets stand in each other",
                    tokens.span(i),
                    help="bind the inner part with `let`",
                )
        elif kind in CLOSERS:
            depth = max(depth - 1, 0)
    return None


def too_deep(tokens: Tokens, token: int) -> Diagnostic:
    """Give the message for an expression that is nested deeper than the parser's limit."""
    return Diagnostic(
        "P2-E0004",
        "this expression is nested too deep",
        tokens.span(token),
        "more than a hundred levels of operators and brackets start here",
        help="bind parts of it with `let`; for many alternatives write `x in [a, b, c]`",
    )


def outlined(tokens: Tokens) -> Outline:
    """Find statements and bracket problems."""
    return _Outliner(tokens).run()


@dataclass(slots=True)
class _Outliner:
    tokens: Tokens
    outline: Outline = field(default_factory=Outline)
    stack: list[_Open] = field(default_factory=list)

    def run(self) -> Outline:
        for i, kind in enumerate(self.tokens.kinds[:-1]):
            if self._in_block():
                self._maybe_start(i)
            elif self._certain_start(i):
                self._give_up_brackets()
                self._start(i)
            elif self.stack[-1].is_schema and kind in ("EQUAL", "VBAR", "ARROW"):
                self._unclosed([self.stack.pop().token], None)
            if kind in OPENERS:
                self._open(i, kind)
            elif kind in CLOSERS:
                self._close(i, kind)
            elif kind in SWALLOWING:
                self._forgive(i)
        self._finish()
        return self.outline

    # ---- statements ----

    def _in_block(self) -> bool:
        return not self.stack or self.stack[-1].is_block

    def _current(self) -> list[Extent]:
        return self.stack[-1].extents if self.stack else self.outline.extents

    def _maybe_start(self, i: int) -> None:
        kinds = self.tokens.kinds
        if kinds[i] == "RBRACE":
            return
        extents = self._current()
        fresh = not extents or extents[-1].end >= 0
        if not fresh and i > _BEHIND_HEADER and kinds[i] in _NEVER_FIRST:
            return
        behind_header = (
            not self.stack and kinds[0] == "P2" and i == (2 if kinds[1] == "NUMBER" else 1)
        )
        if fresh or behind_header or self._certain_start(i) or self._likely_start(i):
            self._start(i)

    def _start(self, i: int) -> None:
        extents = self._current()
        if extents and extents[-1].end < 0:
            extents[-1].end = i
        extents.append(Extent(i))

    def _certain_start(self, i: int) -> bool:
        kinds, tokens = self.tokens.kinds, self.tokens
        if kinds[i] not in STATEMENT_WORDS or not tokens.first_on_line(i):
            return False
        following = kinds[i + 1]
        if not tokens.same_line(i, i + 1):
            return False
        if kinds[i] in ("IMPOSE", "WHEN"):
            return following in VALUE_STARTS and (following != "LPAR" or self._in_block())
        return following in ("NAME", "VAR", "STRING") or following in tables().keyword_kinds

    def _likely_start(self, i: int) -> bool:
        tokens, kind = self.tokens, self.tokens.kinds[i]
        previous = tokens.kinds[i - 1]
        if previous not in _STATEMENT_ENDS and not self._ends_badly(i - 1):
            return False
        if kind in STATEMENT_WORDS or (kind in BOX_WORDS and previous not in ("NAME", "STRING")):
            return True
        if not tokens.first_on_line(i):
            return self._starts_behind_step(i)
        if kind in ("VAR", "IF", "OTHERWISE") or kind in BOX_WORDS:
            return kind != "OTHERWISE"
        following = tokens.kinds[i + 1]
        called = following in ("LPAR", "EQUAL") and kind not in (
            "AND",
            "OR",
            "NOT",
            "IN",
            "THEN",
            "ELSE",
        )
        return (called and _is_word(kind)) or tokens.text_of(i) in FOREIGN_STARTS

    def _starts_behind_step(self, i: int) -> bool:
        """Tell whether a call or a `$name |` follows a whole step on the same line, where no operator can be."""
        kinds = self.tokens.kinds
        bare_step = i >= 2 and _is_word(kinds[i - 1]) and kinds[i - 2] == "VBAR"
        if not bare_step and kinds[i - 1] not in ("RPAR", "RBRACE"):
            return False
        if kinds[i] == "VAR":
            return kinds[i + 1] == "VBAR"
        return kinds[i] == "NAME" and kinds[i + 1] == "LPAR"

    def _ends_badly(self, i: int) -> bool:
        """Tell whether a statement may end with a token that is none: at the end of its line, or a `;`."""
        tokens = self.tokens
        bad = tokens.kinds[i].startswith("BAD_")
        return bad and (tokens.text_of(i).startswith(";") or tokens.first_on_line(i + 1))

    # ---- brackets ----

    def _open(self, i: int, kind: str) -> None:
        extents = self._current()
        inner = extents[-1].inner if self._in_block() and extents else list[Extent]()
        brace = kind == "LBRACE"
        is_schema = brace and self._follows_table(i)
        is_block = brace and not is_schema and self._may_open_block(i)
        self.stack.append(_Open(i, is_block, is_schema, inner))

    def _follows_table(self, i: int) -> bool:
        return i > 0 and self.tokens.text_of(i - 1) == "table" and self.tokens.touch(i - 1, i)

    def _may_open_block(self, i: int) -> bool:
        before = self.tokens.kinds[i - 1] if i else ""
        return i == 0 or before in _STATEMENT_ENDS or _is_word(before)

    def _close(self, i: int, kind: str) -> None:
        kinds, wanted = self.tokens.kinds, CLOSERS[kind]
        if not self._partner_exists(wanted):
            if self.stack and not self.stack[-1].is_block:
                self._mismatch(i, kind)
                self._pop(i)
            else:
                self._closes_nothing(i, kind)
            return
        unclosed: list[int] = []
        while kinds[self.stack[-1].token] != wanted:
            unclosed.append(self._pop(i))
        if unclosed:
            self._unclosed(unclosed, i)
        self._pop(i)

    def _partner_exists(self, wanted: str) -> bool:
        """Tell whether a closing bracket has a partner; `)` and `]` do not reach out of a block."""
        for opened in reversed(self.stack):
            if self.tokens.kinds[opened.token] == wanted:
                return True
            if opened.is_block and wanted != "LBRACE":
                return False
        return False

    def _pop(self, i: int) -> int:
        opened = self.stack.pop()
        if opened.is_block and opened.extents and opened.extents[-1].end < 0:
            opened.extents[-1].end = i
        return opened.token

    def _forgive(self, i: int) -> None:
        """Take the brackets opened on this line as closed in the text that did not end."""
        while (
            self.stack and not self.stack[-1].is_block and self._same_line(self.stack[-1].token, i)
        ):
            self.stack.pop()

    def _same_line(self, left: int, right: int) -> bool:
        starts = self.tokens.starts
        return "\n" not in self.tokens.text[starts[left] : starts[right]]

    def _give_up_brackets(self) -> None:
        unclosed: list[int] = []
        while not self._in_block():
            unclosed.append(self.stack.pop().token)
        self._unclosed(unclosed, None)

    def _finish(self) -> None:
        end = len(self.tokens) - 1
        unclosed: list[int] = []
        while self.stack:
            unclosed.append(self._pop(end))
        if unclosed:
            self._unclosed(unclosed, None)
        if self.outline.extents and self.outline.extents[-1].end < 0:
            self.outline.extents[-1].end = end

    # ---- messages ----

    def _unclosed(self, opened: list[int], closer: int | None) -> None:
        """Report brackets without a partner, the innermost first; `closer` closes one further out."""
        tokens = self.tokens
        innermost, *outer = opened
        missing = "".join(_SIGNS[OPENERS[tokens.kinds[o]]] for o in opened)
        related = [Related(tokens.span(o), "also open") for o in outer[:3]]
        if closer is not None:
            related.append(Related(tokens.span(closer), "closes a bracket further out"))
        related += self._still_inside(innermost)
        self.outline.note(
            innermost,
            Diagnostic(
                "P2-E0104",
                f"`{tokens.text_of(innermost)}` is never closed",
                tokens.span(innermost),
                "opened here",
                help=f"add `{missing}`",
                related=tuple(related),
            ),
        )

    def _still_inside(self, opened: int) -> list[Related]:
        """Point at the statement that seems to stand outside of a block that is still open."""
        tokens = self.tokens
        if tokens.kinds[opened] != "LBRACE" or self._follows_table(opened):
            return []
        first = opened
        while first and not tokens.first_on_line(first):
            first -= 1
        margin = self._column(first)
        for i in range(opened + 1, len(tokens) - 1):
            if (
                tokens.first_on_line(i)
                and self._column(i) <= margin
                and tokens.kinds[i] not in CLOSERS
            ):
                return [Related(tokens.span(i), "still inside")]
        return []

    def _column(self, i: int) -> int:
        start = self.tokens.starts[i]
        return start - self.tokens.text.rfind("\n", 0, start)

    def _mismatch(self, i: int, kind: str) -> None:
        tokens, opened = self.tokens, self.stack[-1].token
        wanted = _SIGNS[OPENERS[tokens.kinds[opened]]]
        self.outline.note(
            i,
            Diagnostic(
                "P2-E0104",
                f"`{tokens.text_of(opened)}` is closed by `{_SIGNS[kind]}`",
                tokens.span(i),
                f"expected `{wanted}`",
                help=f"write `{wanted}` here, or before this",
                related=(Related(tokens.span(opened), "opened here"),),
            ),
        )

    def _closes_nothing(self, i: int, kind: str) -> None:
        extents = self.outline.extents
        if kind == "RBRACE" or not extents:
            self._start(i)
        self.outline.note(
            i,
            Diagnostic(
                "P2-E0104",
                f"`{_SIGNS[kind]}` closes nothing",
                self.tokens.span(i),
                help="delete it, or open the bracket before it",
                fix=Fix(self.tokens.span(i), ""),
            ),
        )


def _is_word(kind: str) -> bool:
    return kind == "NAME" or kind in tables().keyword_kinds
