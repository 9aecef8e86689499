"""Idioms of other plotting and table tools: queries, settings, layers, formulas, functions without a name."""

from __future__ import annotations

import re

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.parser.mistakes.trouble import Rule, Trouble
from p2lang.source import Span

_PICTURE = "| frame | line(x=column, y=column) | plot | handoff"
_SETTINGS = {
    "xlabel": '| axis(x="...")',
    "ylabel": '| axis(y="...")',
    "logscale": '| axis(yscale="log")',
    "xrange": "| axis(xlim=0..1)",
    "yrange": "| axis(ylim=0..1)",
    "title": '| title("...")',
    "key": '| legend(at="lower right")',
    "palette": '| gradient("viridis")',
    "term": '| plot("name") | handoff',
    "terminal": '| plot("name") | handoff',
    "output": '| plot("name") | handoff',
}
_TYPES = {
    "int": "int", "integer": "int", "long": "int", "float": "number", "double": "number", "number": "number",
    "string": "string", "str": "string", "char": "string", "bool": "bool", "boolean": "bool",
}  # fmt: skip
_QUERY = re.compile(
    r"select\s+(?P<columns>[\w\s,.*`\"]+?)\s+from\s+(?P<table>[\"'\w/.*]+)(?:\s+where\s+(?P<where>[^\n]{1,60}?))?"
    r"(?P<rest>\s+(?:group|order|limit|having|join)\b.*)?\s*;?\s*\Z",
    re.IGNORECASE,
)
_HEADS = {
    "hold": (
        "there is no `hold`",
        "the marks of one flow draw into one frame: `| frame | line(...) | point(...)`",
    ),
    **dict.fromkeys(
        ("clear", "clc", "close", "clf", "cla", "reset"),
        ("there is nothing to clear: every run starts empty", "delete it"),
    ),
}


def queries(at: Trouble) -> Diagnostic | None:
    """`SELECT a, b FROM runs WHERE a > 3`."""
    if at.text(at.first).lower() != "select" or at.kind(at.first + 1) in ("LPAR", "EQUAL"):
        return None
    start = at.span(at.first).start
    line = at.tokens.text[start:].partition("\n")[0]
    match = _QUERY.match(line)
    if match is None:
        return None
    steps = [f'access("{match["table"].strip(chr(34) + chr(39))}")']
    if match["where"]:
        condition = re.sub(r"(?<![<>=!])=(?!=)", "==", match["where"].strip().rstrip(";"))
        steps.append(f"filter({condition})")
    grouped = re.search(
        r"group\s+by\s+([\w\s,]+?)\s*(?:order\b|having\b|limit\b|;|\Z)", line, re.IGNORECASE
    )
    if grouped:
        by = ", ".join(grouped[1].replace(",", " ").split())
        steps.append(f"summary(by=[{by}], name = mean(column))")
    elif "*" not in match["columns"]:
        steps.append(f"select({', '.join(match['columns'].replace(',', ' ').split())})")
    return Diagnostic(
        "P2-E0112",
        "a query is a flow",
        Span(start, start + len("select")),
        help=f"write `{' | '.join(steps)}`",
    )


def settings(at: Trouble) -> Diagnostic | None:
    """`set xlabel "step"`, `hold on`, `clear`."""
    word, named = at.text(at.first), at.text(at.first + 1)
    if at.place == 0 or at.start == "hole":
        return None
    if word in ("set", "unset") and named in _SETTINGS:
        return Diagnostic(
            "P2-E0112",
            "a setting is a step of the flow",
            at.stretch(at.first, at.first + 1),
            help=f"write `{_SETTINGS[named]}`",
        )
    if word in _HEADS and at.kind(at.first + 1) == "NAME" and at.place <= 2:
        message, advice = _HEADS[word]
        return Diagnostic("P2-E0112", message, at.stretch(at.first, at.first + 1), help=advice)
    if word in ("plot", "splot") and at.kind(at.first + 1) in ("STRING", "BAD_SINGLE"):
        name = at.text(at.first + 1).strip("\"'")
        return Diagnostic(
            "P2-E0112",
            "a picture is a flow",
            at.stretch(at.first, at.first + 1),
            help=f'write `access("{name}") {_PICTURE}`',
        )
    return None


def several_names(at: Trouble) -> Diagnostic | None:
    """`fig, ax = subplots()`, `int x = 3`."""
    first, second = at.text(at.first), at.text(at.first + 2)
    if (
        at.kind(at.first + 1) == "COMMA"
        and at.kind(at.first + 3) == "EQUAL"
        and at.is_word(at.first)
    ):
        return Diagnostic(
            "P2-E0102",
            "a binding is made with `let`, one at a time",
            at.stretch(at.first, at.first + 3),
            help=f"write `let {first} = ...`, then `let {second} = ...`",
        )
    name = at.text(at.first + 1)
    if first in _TYPES and at.kind(at.first + 1) == "NAME" and at.kind(at.first + 2) == "EQUAL":
        span = at.stretch(at.first, at.first + 1)
        mended = f"let {name}: {_TYPES[first]}"
        return Diagnostic(
            "P2-E0102",
            "a binding is made with `let`",
            span,
            help=f"write `{mended} = ...`",
            fix=Fix(span, mended),
        )
    return None


def functions(at: Trouble) -> Diagnostic | None:
    """`lambda x: ...`, `function(x) ...` as values."""
    for distance in range(0, -8, -1):
        before = at.kind(distance - 1)
        named = at.text(distance) in ("lambda", "function", "fn", "func")
        if named and before in ("EQUAL", "COMMA", "LPAR") and at.place + distance > 0:
            return Diagnostic(
                "P2-E0112",
                "a function cannot be written inside an expression",
                at.span(distance),
                help="declare it above with `def name(x: type) = ...`, and write `name(...)` here",
            )
    return None


def layers(at: Trouble) -> Diagnostic | None:
    """`... + geom_line()` and `| frame + line(...)`."""
    if at.kind() != "PLUS" or at.inside in ("LPAR", "LSQB") or not at.is_word(1):
        return None
    step = at.is_word(-1) and at.kind(-2) == "VBAR"
    if not (step or (at.kind(-1) == "RPAR" and at.wants_statement)):
        return None
    return Diagnostic(
        "P2-E0110",
        "`+` does not join steps",
        at.span(),
        help="use `|`",
        fix=Fix(at.span(), "|"),
    )


def formulas(at: Trouble) -> Diagnostic | None:
    """`facet_wrap(~lr)`, `facet_grid(a ~ b)`, `a ~= b`, `a =~ b`."""
    if at.text() != "~":
        return None
    if at.text(1) == "=" and at.touching(0):
        span = at.stretch(0, 1)
        return Diagnostic(
            "P2-E0110", "`~=` is not an operator here", span, help="use `!=`", fix=Fix(span, "!=")
        )
    if not at.callee or not at.is_word(1):
        return None
    if at.callee.startswith("facet"):
        rows = f"rows={at.text(-1)}, " if at.is_word(-1) and at.text(-1) != at.callee else ""
        advice = f"write `facet({rows}cols={at.text(1)})`"
    else:
        advice = "arguments name columns one by one: `x=step, y=reward`"
    return Diagnostic("P2-E0110", "there are no formulas with `~`", at.span(), help=advice)


def descending(at: Trouble) -> Diagnostic | None:
    """`order(reward desc)`."""
    word = at.text().lower()
    if word not in ("desc", "asc", "descending", "ascending") or at.callee != "order":
        return None
    if at.kind(-1) != "NAME" or at.kind(-2) not in ("LPAR", "COMMA"):
        return None
    span = at.stretch(-1, 0)
    mended = f"desc({at.text(-1)})" if word.startswith("desc") else at.text(-1)
    return Diagnostic(
        "P2-E0110",
        "a direction does not stand behind a sort key",
        span,
        help=f"write `order({mended})`",
        fix=Fix(span, mended),
    )


def elementwise(at: Trouble) -> Diagnostic | None:
    """`a .* b`, `a .> b`."""
    signs = ("*", "/", "^", "**", "<", ">", "<=", ">=", "==")
    if at.kind(-1) != "DOT" or not at.touching(-1) or at.text() not in signs:
        return None
    mended = {"^": "**"}.get(at.text(), at.text())
    span = at.stretch(-1, 0)
    return Diagnostic(
        "P2-E0110",
        f"`.{at.text()}` is not an operator here",
        span,
        help=f"use `{mended}`, which works row by row",
        fix=Fix(span, mended),
    )


def denials(at: Trouble) -> Diagnostic | None:
    """`NOT isnull(x)`."""
    if at.text(-1) != "NOT" or not (at.is_word(0) or at.starts_value()) or at.ends_value(-2):
        return None
    return Diagnostic(
        "P2-E0110",
        "`NOT` is not an operator here",
        at.span(-1),
        help="use `not`",
        fix=Fix(at.span(-1), "not"),
    )


def step_arguments(at: Trouble) -> Diagnostic | None:
    """`| head 10`, `| title "x"`."""
    kinds = ("NUMBER", "QUANTITY", "STRING", "FSTRING")
    if at.kind() not in kinds or at.kind(-2) != "VBAR" or not at.is_word(-1) or at.on_new_line():
        return None
    return Diagnostic(
        "P2-E0108",
        f"what `{at.text(-1)}` takes stands in parentheses",
        at.span(),
        help=f"write `{at.text(-1)}({at.text()})`",
        fix=Fix(Span(at.span(-1).end, at.span().end), f"({at.text()})"),
    )


def halves(at: Trouble) -> Diagnostic | None:
    """`step >= 10 and <= 20`."""
    if at.kind() != "CMP" or at.kind(-1) not in ("AND", "OR") or at.kind(-3) != "CMP":
        return None
    if at.kind(-4) not in ("NAME", "VAR") or not at.starts_value(1):
        return None
    name = at.text(-4)
    return Diagnostic(
        "P2-E0100",
        f"a value is missing before {at.shown()}",
        at.span(),
        "expected what is compared",
        help=f"write `{name} {at.text()} {at.text(1)}`",
        fix=Fix(Span(at.span().start, at.span().start), f"{name} "),
    )


def unpacking(at: Trouble) -> Diagnostic | None:
    """`frame(**options)`."""
    if at.kind() != "POWER" or at.kind(-1) not in ("LPAR", "COMMA") or not at.wants_value:
        return None
    return Diagnostic(
        "P2-E0110",
        "arguments are not unpacked with `**`",
        at.span(),
        help=f"write each one: `{at.callee or 'name'}(a=1, b=2)`",
    )


def ranges_of_columns(at: Trouble) -> Diagnostic | None:
    """`select(step:reward)`."""
    listing = ("select", "order", "drop_nulls", "scale", "pca")
    if at.kind() != "COLON" or at.callee not in listing or not at.is_word(1):
        return None
    return Diagnostic(
        "P2-E0111",
        "columns are named one by one",
        at.stretch(-1, 1),
        help=f'write `{at.callee}({at.text(-1)}, ..., {at.text(1)})`, or give a pattern: `cols("w_*")`',
    )


FIRST_RULES: tuple[Rule, ...] = (
    queries,
    settings,
    several_names,
    functions,
    layers,
    formulas,
    descending,
    elementwise,
    denials,
    step_arguments,
    halves,
    unpacking,
    ranges_of_columns,
)
