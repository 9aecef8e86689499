"""Heads of statements: words of other languages, missing names, missing words and signs."""

from __future__ import annotations

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.parser.mistakes.trouble import BOX_WORDS, STATEMENT_WORDS, Rule, Trouble
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
_TYPES = {
    "NUMBER": "number",
    "QUANTITY": "number",
    "STRING": "string",
    "TRUE": "bool",
    "FALSE": "bool",
}
_SIGNS = {
    "EQUAL": "=", "COLON": ":", "ARROW": "->", "LBRACE": "{", "IN": "in", "AS": "as", "THEN": "then",
    "ELSE": "else", "BY_PYTHON": "python", "LSQB": "[", "RPAR": ")", "RSQB": "]", "LPAR": "(",
}  # fmt: skip
_FORMS = {
    "USE": 'use "lab/name@1.0.0" as name',
    "PARAM": "param name: type = default",
    "LET": "let name = value",
    "PIPE": "pipe name = [step, step]",
    "DEF": "def name(x: type) = value",
    "SCRIPT": 'script name(x: type): type = python """..."""',
    "TASK": "task name { ... }",
    "LINK": 'link name: type -> "source"',
    "EXPOSE": "expose name: type = flow",
    "IMPOSE": 'impose condition else "message"',
    "REPEAT": "repeat name in list { ... }",
    "WHEN": "when condition { ... }",
}


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
    number = at.kind(at.first + 1) == "NUMBER"
    if number and at.place <= 1 and first in ("plotter2", "plotter", "version", "edition"):
        span = at.stretch(at.first, at.first + 1)
        return Diagnostic("P2-E0005", f"the edition line starts with `p2`, not with `{first}`", span,
                          help="write `p2 1`", fix=Fix(span, "p2 1"))  # fmt: skip
    if number and first == "p2" and at.order[0] > 0:
        span = at.stretch(at.first, at.first + 1)
        return Diagnostic("P2-E0005", "the edition line stands before the first statement", span,
                          help="move it to the first line", fix=None)  # fmt: skip
    return None


def foreign(at: Trouble) -> Diagnostic | None:
    """Statements that start with a word of another language."""
    word = at.text(at.first)
    if at.start == "hole" or at.place > 3 and word not in ("for", "import", "from"):
        return None
    found = _FOREIGN.get(word) or _FOREIGN.get(word.lower() if word.isupper() else "")
    if found is None or at.kind(at.first + 1) == "EQUAL" or at.order[0] == at.following:
        return None
    if at.kind(at.first) not in ("NAME", "IF", "ELSE", "OTHERWISE"):
        return None
    code, message, advice = found
    fix = (
        Fix(at.span(at.first), "let")
        if found is _LET and at.kind(at.first + 2) == "EQUAL"
        else None
    )
    return Diagnostic(code, message, _rest_of_line(at), help=advice, fix=fix)


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


def bindings(at: Trouble) -> Diagnostic | None:
    """`name = value` without `let`, `$name = value`."""
    if at.kind() != "EQUAL" or not at.wants_statement and not at.wants("LPAR"):
        return None
    if at.kind(-1) == "COLON" or at.inside in ("LPAR", "LSQB"):
        return None
    name = at.text(-1)
    if at.kind(-1) == "VAR":
        return Diagnostic("P2-E0102", "a binding is made once, with `let`", at.span(-1),
                          help=f"write `let {name[1:]} = ...` with a name that is not yet bound",
                          fix=Fix(at.span(-1), f"let {name[1:]}"))  # fmt: skip
    if not at.is_word(-1) or at.place != 1:
        return None
    return Diagnostic("P2-E0102", "a binding is made with `let`", at.stretch(-1, 0),
                      help=f"write `let {name} = ...` and use it as `${name}`",
                      fix=Fix(at.span(-1), f"let {name}"))  # fmt: skip


def names(at: Trouble) -> Diagnostic | None:
    """A name is missing, has a `$` or is written as text."""
    if not at.wants_only_name or at.kind(-1) == "VBAR":
        return None
    declares = at.kind(-1) in STATEMENT_WORDS | {"AS", "AFTER", "COMMA", "LPAR"}
    if at.kind() == "VAR" and declares:
        bare = at.text()[1:]
        return Diagnostic("P2-E0115", "a name is declared without `$`", at.span(), help=f"write `{bare}`",
                          note=f"it is used as `${bare}`", fix=Fix(at.span(), bare))  # fmt: skip
    if at.kind() == "STRING" and declares:
        bare = at.text()[1:-1]
        fix = Fix(at.span(), bare) if bare.isidentifier() and bare.isascii() else None
        advice = f"write `{bare}`" if fix else "choose a name of letters, digits and `_`"
        return Diagnostic(
            "P2-E0113", "a name is written without quotes", at.span(), help=advice, fix=fix
        )
    if at.kind(-1) == "DOT":
        advice = "write the name, or delete the point"
        return Diagnostic("P2-E0113", "a name is missing after `.`", at.span(-1), help=advice)
    if at.kind(-1) in ("COLON", "LSQB"):
        advice = "for example int, number, string, bool, time or table"
        return Diagnostic("P2-E0100", f"a type is missing {at.where}", at.gap, help=advice)
    form = _FORMS.get(at.kind(-1))
    return Diagnostic("P2-E0113", f"a name is missing {at.where}", at.gap,
                      "" if at.where.startswith("after") else "expected a name",
                      f"write `{form}`" if form else "")  # fmt: skip


def types(at: Trouble) -> Diagnostic | None:
    """`param x = 3`, `def f(x)`: the type is missing; `list<int>`, `int | null`: it is written otherwise."""
    if (
        at.wants("COLON")
        and not at.wants("EQUAL")
        and at.head in ("PARAM", "DEF", "SCRIPT", "TASK", "IMPOSE")
    ):
        name = at.text(-1)
        if at.kind(-1) == "NAME" and (at.head == "PARAM" or at.kind(-2) in ("LPAR", "COMMA")):
            guess = _guessed(at)
            advice = f"write `{name}: {guess}`"
            kind = "param" if at.head == "PARAM" else "parameter"
            return Diagnostic("P2-E0116", f"the {kind} `{name}` has no type", at.span(-1), help=advice,
                              fix=Fix(at.span(-1), f"{name}: {guess}"))  # fmt: skip
    in_type = at.wants("OPT") and at.kind(-1) in ("NAME", "RSQB", "RBRACE")
    if in_type and at.text() == "<":
        return Diagnostic("P2-E0110", "types take their arguments in `[ ]`", at.span(),
                          help=f"write `{at.text(-1)}[...]`")  # fmt: skip
    if in_type and at.kind() == "VBAR" and at.text(1).lower() in ("null", "none"):
        return Diagnostic("P2-E0110", "a type that may be null ends in `?`", at.stretch(-1, 1),
                          help=f"write `{at.text(-1)}?`", fix=Fix(at.stretch(-1, 1), f"{at.text(-1)}?"))  # fmt: skip
    return None


def _guessed(at: Trouble) -> str:
    if at.kind() != "EQUAL":
        return "number"
    if at.kind(1) == "NUMBER" and at.text(1).isdigit():
        return "int"
    return _TYPES.get(at.kind(1), "number")


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
    return Diagnostic("P2-E0116", "a block is written in `{ }`", at.span(),
                      help="replace `:` by `{`, and add `}` after the block")  # fmt: skip


def python_defs(at: Trouble) -> Diagnostic | None:
    """`def f(x: int): return x`."""
    if at.head not in ("DEF", "SCRIPT") or not at.wants("EQUAL"):
        return None
    if (
        at.kind(-1) == "NAME"
        and at.kind(-2) == "COLON"
        and at.text(-1) in ("return", "pass", "yield")
    ):
        return Diagnostic("P2-E0112", "what a `def` gives is written after `=`", at.stretch(-2, -1),
                          help="write `def name(x: type): type = value`")  # fmt: skip
    if at.kind() == "LBRACE":
        return Diagnostic("P2-E0116", "what a `def` gives is written after `=`, without braces", at.span(),
                          help="write `def name(x: type): type = value`")  # fmt: skip
    return None


def missing_words(at: Trouble) -> Diagnostic | None:
    """A sign or word without which the statement cannot go on."""
    if at.wants_value or at.wants_statement:
        return None
    wanted = _one_wanted(at)
    if wanted is None:
        return None
    sign = _SIGNS[wanted]
    instead = at.kind() in ("EQUAL", "COLON", "COMMA", "ARROW", "CMP") and not at.ended
    form = _FORMS.get(at.head if at.head != "WHEN" or wanted == "LBRACE" else "")
    if wanted in ("THEN", "ELSE"):
        form = "if condition then a else b"
    advice = f"write `{form}`" if form else ""
    if instead:
        return Diagnostic("P2-E0116", f"`{sign}` stands here instead of {at.shown()}", at.span(),
                          "" , advice, fix=Fix(at.span(), sign if sign != "{" else "{"))  # fmt: skip
    return Diagnostic("P2-E0116", f"`{sign}` is missing {at.where}", at.gap, help=advice)


def _one_wanted(at: Trouble) -> str | None:
    for kind in (
        "IN",
        "AS",
        "THEN",
        "ELSE",
        "ARROW",
        "BY_PYTHON",
        "EQUAL",
        "LBRACE",
        "LSQB",
        "COLON",
    ):
        if kind not in at.accepts:
            continue
        if kind == "IN" and at.kind(-2) != "REPEAT":
            continue
        if (
            kind == "ELSE"
            and at.head == "IMPOSE"
            and "THEN" not in [at.kind(d) for d in range(at.first, 0)]
        ):
            continue
        if kind == "LSQB" and at.head != "PIPE":
            continue
        return kind
    return None


def missing_texts(at: Trouble) -> Diagnostic | None:
    """A text is missing where nothing else can stand: the path of `use`, the source of `link`, the message of `impose`."""
    if "STRING" not in at.accepts or at.wants_value or at.head in BOX_WORDS:
        return None
    if at.accepts <= {"STRING", "FSTRING"}:
        what = {"USE": "the library", "LINK": "the source"}.get(at.kind(at.first), "the message")
        if at.kind(-1) not in ("USE", "ARROW", "ELSE"):
            what = "the value"
        advice = {"USE": _FORMS["USE"], "LINK": _FORMS["LINK"]}.get(
            at.kind(at.first), _FORMS["IMPOSE"]
        )
        return Diagnostic(
            "P2-E0105", f"{what} is a text in double quotes", at.gap, help=f"write `{advice}`"
        )
    if at.accepts == {"PYTHON"}:
        return Diagnostic("P2-E0105", 'the Python of a step stands between `"""` and `"""`', at.gap,
                          help=f"write `{_FORMS['SCRIPT']}`")  # fmt: skip
    return None


FIRST_RULES: tuple[Rule, ...] = (edition, foreign)
RULES: tuple[Rule, ...] = (
    bindings,
    python_blocks,
    python_defs,
    types,
    names,
    missing_texts,
    missing_words,
)
