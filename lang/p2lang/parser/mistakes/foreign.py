"""Statements of other languages, and the edition line."""

from __future__ import annotations

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.parser.mistakes.trouble import BOX_WORDS, Rule, Trouble
from p2lang.source import Span

_LET = ("P2-E0102", "a binding is made with `let`", "write `let name = ...` and use it as `$name`")
_LOOP = ("P2-E0112", "the loop is written `repeat`", "write `repeat name in list { ... }`")
_USE = ("P2-E0112", "a library is brought in with `use`", 'write `use "lab/name@1.0.0" as name`')
_DEF = ("P2-E0112", "a step or function is declared with `def`", "write `def name(x: type) = ...`")
_FOREIGN: dict[str, tuple[str, str, str]] = {
    **dict.fromkeys(("const", "var", "val", "set", "auto", "define", "local", "global", "mut"), _LET),
    **dict.fromkeys(("for", "foreach", "loop"), _LOOP),
    **dict.fromkeys(("import", "from", "require", "include", "library", "using", "load_library"), _USE),
    **dict.fromkeys(("function", "fn", "func", "fun", "proc", "sub", "class", "lambda", "async"), _DEF),
    "while": ("P2-E0112", "there is no `while`", "write `repeat name in list { ... }`; every loop has an end"),
    "until": ("P2-E0112", "there is no `until`", "write `repeat name in list { ... }`; every loop has an end"),
    "if": ("P2-E0112", "a statement that depends on something is written `when`",
           "write `when condition { ... } otherwise { ... }`"),
    "else": ("P2-E0112", "the other branch is written `otherwise`",
             "write `when condition { ... } otherwise { ... }`"),
    "elif": ("P2-E0112", "there is no `elif`", "write `otherwise { when condition { ... } }`"),
    "otherwise": ("P2-E0112", "`otherwise` follows the `}` of a `when`",
                  "write `when condition { ... } otherwise { ... }`"),
    "switch": ("P2-E0112", "there is no `switch`", "write `when ... { ... } otherwise { ... }`"),
    "match": ("P2-E0112", "there is no `match`", "write `when ... { ... } otherwise { ... }`"),
    "case": ("P2-E0112", "there is no `case`", "write `if condition then a else b`"),
    "return": ("P2-E0112", "there is no `return`", "a `def` gives what stands after its `=`"),
    "yield": ("P2-E0112", "there is no `yield`", "a `def` gives what stands after its `=`"),
    "try": ("P2-E0112", "there is no `try`", "state what must hold with `impose condition else \"message\"`"),
    "with": ("P2-E0112", "there is no `with`", "bind the value with `let`"),
    "assert": ("P2-E0112", "a condition is demanded with `impose`", 'write `impose condition else "message"`'),
    "require_that": ("P2-E0112", "a condition is demanded with `impose`", 'write `impose condition else "message"`'),
    "select": ("P2-E0112", "a query is a flow", 'write `access("bundle") | filter(...) | select(a, b)`'),
    "print": ("P2-E0112", "there is no `print`", 'write `loggy("...")` for the log, `text("...")` for a report'),
    "echo": ("P2-E0112", "there is no `echo`", 'write `loggy("...")` for the log, `text("...")` for a report'),
    "end": ("P2-E0112", "a block ends with `}`", "replace `end` by `}`"),
}  # fmt: skip
_MODULES = frozenset(
    ("numpy", "pandas", "matplotlib", "seaborn", "scipy", "math", "os", "sys", "polars", "plotly", "torch", "sklearn",
     "ggplot2", "dplyr", "tidyverse", "altair", "re", "json", "statistics", "random")
)  # fmt: skip
"""What people import first."""
_WITH_PARENTHESES = frozenset(
    (
        "if",
        "elif",
        "while",
        "until",
        "for",
        "foreach",
        "switch",
        "match",
        "function",
        "import",
        "from",
    )
)
"""Foreign words that are what they seem even before `(`, or far from the place where reading stopped."""


def edition(at: Trouble) -> Diagnostic | None:
    """The edition line: incomplete, with another name, or not the first."""
    if at.head == "P2" and at.place == 1:
        advice = "write `p2 1` on the first line"
        return Diagnostic(
            "P2-E0005",
            "the edition of the language is missing after `p2`",
            at.span(-1),
            help=advice,
        )
    first = at.text(at.first)
    if at.kind(-1) == "P2" and at.kind() == "NUMBER" and at.place > 1:
        advice = "move it to the first line"
        return Diagnostic(
            "P2-E0005",
            "the edition line stands before the first statement",
            at.stretch(-1, 0),
            help=advice,
        )
    number = at.kind(at.first + 1) == "NUMBER"
    if number and at.place <= 1 and first in ("plotter2", "plotter", "version", "edition"):
        span = at.stretch(at.first, at.first + 1)
        return Diagnostic(
            "P2-E0005",
            f"the edition line starts with `p2`, not with `{first}`",
            span,
            help="write `p2 1`",
            fix=Fix(span, "p2 1"),
        )
    if number and first == "p2" and at.order[0] > 0:
        span = at.stretch(at.first, at.first + 1)
        return Diagnostic(
            "P2-E0005",
            "the edition line stands before the first statement",
            span,
            help="move it to the first line",
            fix=None,
        )
    return None


def foreign(at: Trouble) -> Diagnostic | None:
    """Statements that start with a word of another language."""
    word = at.text(at.first)
    if at.start == "hole" or at.place > (30 if word in _WITH_PARENTHESES else 3):
        return None
    found = _FOREIGN.get(word) or _FOREIGN.get(word.lower() if word.isupper() else "")
    following = at.kind(at.first + 1)
    if (
        found is None
        or following == "EQUAL"
        or (following == "LPAR" and word not in _WITH_PARENTHESES)
    ):
        return None
    if at.kind(at.first) not in ("NAME", "IF", "ELSE", "OTHERWISE"):
        return None
    code, message, advice = found
    if found is _USE and at.text(at.first + 1) in _MODULES:
        message = (
            "nothing is imported: functions such as `mean(...)` and `log(...)` are always there"
        )
        return Diagnostic(code, message, _rest_of_line(at), help="delete this line")
    fix = (
        Fix(at.span(at.first), "let")
        if found is _LET and at.kind(at.first + 2) == "EQUAL"
        else None
    )
    return Diagnostic(code, message, _rest_of_line(at), help=advice, fix=fix)


def foreign_words(at: Trouble) -> Diagnostic | None:
    """A word of another language behind a statement: `else`, `end`."""
    found = _FOREIGN.get(at.text(-1))
    if found is None or at.wants_value or not at.accepts <= {"LPAR", "DOT"} or at.place < 2:
        return None
    code, message, advice = found
    behind_block = at.kind(-1) == "ELSE" and at.kind(-2) == "RBRACE" and at.kind() == "LBRACE"
    fix = Fix(at.span(-1), "otherwise") if behind_block else None
    return Diagnostic(code, message, at.span(-1), help=advice, fix=fix)


def _rest_of_line(at: Trouble) -> Span:
    """Give the statement up to the token that does not fit, or to the end of its first line."""
    last = at.first
    while (
        last < 0
        and last + 1 <= 0
        and not at.on_new_line(last + 1)
        and at.place + last + 1 < len(at.order)
    ):
        last += 1
    return at.stretch(at.first, last)


def python_blocks(at: Trouble) -> Diagnostic | None:
    """A block that starts with `:` and lives by its indentation."""
    if at.kind() != "COLON" or at.inside in ("LPAR", "LSQB") or at.start == "hole":
        return None
    if (
        at.head not in ("WHEN", "REPEAT", "TASK")
        and at.head not in BOX_WORDS
        and at.kind(-1) != "OTHERWISE"
    ):
        return None
    return Diagnostic(
        "P2-E0116",
        "a block is written in `{ }`",
        at.span(),
        help="replace `:` by `{`, and add `}` after the block",
    )


def python_defs(at: Trouble) -> Diagnostic | None:
    """`def f(x: int): return x`."""
    if at.head not in ("DEF", "SCRIPT") or not at.wants("EQUAL"):
        return None
    if (
        at.kind(-1) == "NAME"
        and at.kind(-2) == "COLON"
        and at.text(-1) in ("return", "pass", "yield")
    ):
        return Diagnostic(
            "P2-E0112",
            "what a `def` gives is written after `=`",
            at.stretch(-2, -1),
            help="write `def name(x: type): type = value`",
        )
    if at.kind() == "LBRACE":
        return Diagnostic(
            "P2-E0116",
            "what a `def` gives is written after `=`, without braces",
            at.span(),
            help="write `def name(x: type): type = value`",
        )
    return None


FIRST_RULES: tuple[Rule, ...] = (edition, foreign)
RULES: tuple[Rule, ...] = (python_blocks, python_defs, foreign_words)
