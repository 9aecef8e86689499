"""Flows: pipes, steps, calls and boxes in places or forms where they cannot be."""

from __future__ import annotations

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.parser.mistakes.trouble import BOX_WORDS, STATEMENT_WORDS, Rule, Trouble
from p2lang.source import Span


def double_pipes(at: Trouble) -> Diagnostic | None:
    """`| |`, `|` at the start, `|` at the end."""
    if at.kind(-1) == "VBAR" and at.kind() == "VBAR":
        return Diagnostic(
            "P2-E0109",
            "a step or value is missing before `|`",
            at.span(),
            help="delete one `|`, or write the step",
            fix=Fix(at.span(), ""),
        )
    if at.kind(-1) == "VBAR":
        if at.ended or at.kind() in ("RBRACE", "RPAR", "RSQB") or at.kind() in STATEMENT_WORDS:
            return Diagnostic(
                "P2-E0109",
                "a step is missing after `|`",
                at.span(-1),
                help="delete the `|`, or write the step",
                fix=Fix(at.span(-1), ""),
            )
        advice = "a step has a name, like `filter(...)`; a pipe is written `$name`"
        return Diagnostic("P2-E0109", f"{at.shown()} is not a step", at.span(), help=advice)
    if at.head == "PIPE" and at.inside == "LSQB" and at.accepts == {"NAME", "VAR"} and not at.ended:
        advice = "a step has a name, like `filter(...)`; a pipe is written `$name`"
        return Diagnostic("P2-E0109", f"{at.shown()} is not a step", at.span(), help=advice)
    for d in (-1, -2):
        if at.kind(d - 1) == "VBAR" and at.kind(d) in ("IF", "NOT", "WHEN"):
            advice = "a condition stands inside of a step: `| derive(x = if a then b else c)`"
            return Diagnostic("P2-E0109", f"{at.shown(d)} is not a step", at.span(d), help=advice)
    if at.kind() == "VBAR" and at.place == 0:
        return Diagnostic(
            "P2-E0109",
            "a flow does not start with `|`",
            at.span(),
            help='put a table before it: `access("...")` or a `$name`',
        )
    return None


def bare_names(at: Trouble) -> Diagnostic | None:
    """A name at the start of a statement that is not called."""
    if at.place == 0 or not at.accepts <= {"LPAR", "DOT"} or not at.is_word(-1):
        return None
    start = _start_of_name(at)
    span = at.stretch(start, -1)
    name = at.tokens.text[span.start : span.end]
    if at.kind(start - 1) in ("DEF", "SCRIPT"):
        advice = f"write `{at.text(start - 1)} {name}() = ...`"
        return Diagnostic("P2-E0116", f"`{name}` has no parentheses", span, help=advice)
    box = _BOXES_ELSEWHERE.get(name.lower(), "")
    if box and (at.kind() == "LBRACE" or (at.kind() == "STRING" and at.kind(1) == "LBRACE")):
        fix = Fix(span, box)
        message = f"there is no `{name}`; this box is called `{box}`"
        return Diagnostic("P2-E0112", message, span, help=f"write `{box}`", fix=fix)
    if at.kind() in ("STRING", "FSTRING", "NUMBER", "QUANTITY", "VAR") and not at.on_new_line():
        advice = f"write `{name}({at.text()})`"
        return Diagnostic(
            "P2-E0108", f"what `{name}` takes stands in parentheses", span, help=advice
        )
    if at.is_word(start - 1) and at.kind(start - 2) == "VBAR" and not at.on_new_line(start):
        step = at.text(start - 1)
        rest = at.tokens.text[span.start :].partition("\n")[0].partition("|")[0].strip()
        return Diagnostic(
            "P2-E0108",
            f"what `{step}` takes stands in parentheses",
            at.stretch(start, -1),
            help=f"write `{step}({rest})`",
        )
    if at.kind() == "SLASH" and at.is_word(1) and at.touching(-1) and at.touching(0):
        path = f"{name}/{at.text(1)}"
        return Diagnostic(
            "P2-E0108",
            "a bundle is read with `access`, its name in quotes",
            at.stretch(start, 1),
            help=f'write `access("{path}")`',
            fix=Fix(at.stretch(start, 1), f'access("{path}")'),
        )
    if name in _SOURCES:
        return Diagnostic(
            "P2-E0108",
            f"what `{name}` takes stands in parentheses",
            span,
            help=f'write `{name}("bundle")`' if name == "access" else f"write `{name}(...)`",
        )
    return _lone_name(at, start, name)


def _lone_name(at: Trouble, start: int, name: str) -> Diagnostic:
    span = at.stretch(start, -1)
    if start == -1 and _bound_above(at, name):
        fix = Fix(span, f"${name}")
        message = f"a binding is written `${name}`"
        return Diagnostic("P2-E0108", message, span, help=f"write `${name}`", fix=fix)
    advice = f"if it is a step of the flow above, write `| {name}`; if it is a binding, write `let {name} = ...`"
    if "PAGE" in at.tokens.kinds:
        advice = f'a step follows a bar, `| {name}`; text on a page is written `text("{name} ...")`'
    message = f"`{name}` starts a statement, but it is not a call"
    return Diagnostic("P2-E0108", message, span, help=advice)


def _bound_above(at: Trouble, name: str) -> bool:
    first = at.order[0]
    return any(
        at.tokens.kinds[i] in ("LET", "PARAM") and at.tokens.text_of(i + 1) == name
        for i in range(first)
    )


_BOXES_ELSEWHERE = {
    **dict.fromkeys(("section", "chapter", "heading", "slide", "part", "tab"), "page"),
    **dict.fromkeys(("figure", "panel", "subplot", "layout"), "frame"),
    **dict.fromkeys(("document", "paper", "book", "presentation"), "report"),
}
"""Boxes of other tools -> ours."""


def _start_of_name(at: Trouble) -> int:
    distance = -1
    while at.kind(distance - 1) == "DOT" and at.is_word(distance - 2):
        distance -= 2
    return distance


def boxes(at: Trouble) -> Diagnostic | None:
    """`frame` and its kin without parentheses and braces."""
    if at.place == 0 or not at.wants("LPAR", "LBRACE") or at.wants_value:
        return None
    at_kind, kind = at.kind(-1), at.text(-1)
    if at_kind in BOX_WORDS:
        if kind == "frame" and at.kind() == "VBAR" and at.continues_line:
            before = at.span(-1).start
            return Diagnostic(
                "P2-E0109",
                "`|` is missing before `frame`",
                at.span(-1),
                help="write `| frame`",
                fix=Fix(Span(before, before), "| "),
            )
        if kind == "frame" and at.kind() == "VBAR":
            advice = (
                "put a table before it: `$data | frame | ...`; a frame of frames is `frame { ... }`"
            )
            return Diagnostic(
                "P2-E0109", "`frame` has no table from the left", at.span(-1), help=advice
            )
        if at.kind() == "FSTRING":
            advice = f"write `{kind} (title={at.text()}) {{ ... }}`"
            return Diagnostic(
                "P2-E0116", f"the label of a {kind} has no holes", at.span(), help=advice
            )
        return Diagnostic(
            "P2-E0116",
            f"`{kind}` has no content",
            at.span(-1),
            help=f"write `{kind} name {{ ... }}`",
        )
    if at.kind(-2) in BOX_WORDS and at.kind() == "EQUAL":
        advice = f"write `{at.text(-2)}({kind}=...)`"
        return Diagnostic(
            "P2-E0116", "arguments stand in parentheses", at.stretch(-1, 0), help=advice
        )
    if at.kind(-2) in BOX_WORDS:
        advice = f"write `{at.text(-2)} {kind} {{ ... }}`"
        return Diagnostic("P2-E0116", f"`{{` is missing {at.where}", at.gap, help=advice)
    return None


def pipes_in_arguments(at: Trouble) -> Diagnostic | None:
    """A flow as an argument, without parentheses."""
    if at.kind() != "VBAR" or not at.ends_value():
        return None
    if at.start == "hole":
        advice = "bind the flow with `let`, and use its `$name` here"
        return Diagnostic("P2-E0109", "a hole holds one value, not a flow", at.span(), help=advice)
    if at.head == "PIPE" and at.inside == "LSQB":
        advice = "replace `|` by `,`"
        return Diagnostic(
            "P2-E0109",
            "the steps of a `pipe` are separated by `,`",
            at.span(),
            help=advice,
            fix=Fix(at.span(), ","),
        )
    compared = any(at.kind(d) in ("CMP", "IN") for d in range(at.opener or 0, 0))
    if at.inside == "LPAR" and compared and at.starts_value(1):
        return Diagnostic(
            "P2-E0110",
            "`|` is not an operator here",
            at.span(),
            help="use `or`",
            fix=Fix(at.span(), "or"),
        )
    if at.inside in ("LPAR", "LSQB"):
        advice = "put the flow in parentheses: `(a | b)`"
        return Diagnostic(
            "P2-E0109",
            "a flow inside brackets stands in parentheses of its own",
            at.span(),
            help=advice,
        )
    if at.head == "PIPE":
        return Diagnostic(
            "P2-E0109",
            "a pipe is a list of steps",
            at.span(),
            help="write `pipe name = [step, step]`",
        )
    if at.head in ("WHEN", "IMPOSE", "REPEAT", "PARAM"):
        advice = "put the flow in parentheses, or bind it with `let`"
        return Diagnostic("P2-E0109", "a flow cannot stand here", at.span(), help=advice)
    return None


def method_calls(at: Trouble) -> Diagnostic | None:
    """`$t.filter(...)` and `access("x").filter(...)`."""
    if at.kind() == "LPAR" and at.is_word(-1) and at.kind(-2) == "DOT":
        name, span = at.text(-1), at.stretch(-2, -1)
    elif at.kind() == "DOT" and at.ends_value() and at.is_word(1):
        name, span = at.text(1), at.stretch(0, 1)
        if at.kind(2) != "LPAR":
            return Diagnostic(
                "P2-E0111",
                "a value has no parts behind `.`",
                span,
                help=f"a column is written `{name}`, or `$table.{name}`",
            )
    else:
        return None
    if name in _METHODS:
        advice = f"write `{_METHODS[name]}`"
        return Diagnostic("P2-E0111", "a step is not called with `.`", span, help=advice)
    return Diagnostic(
        "P2-E0111",
        "a step is not called with `.`",
        span,
        help=f"write `| {name}(...)`",
        fix=Fix(span, f" | {name}"),
    )


_METHODS = {
    **dict.fromkeys(("plot", "scatter", "lineplot"), "| frame | line(x=..., y=...) | plot | handoff"),
    **dict.fromkeys(("groupby", "group_by", "agg", "aggregate"), "| summary(by=[...], name = mean(column))"),
    **dict.fromkeys(("mean", "median", "std", "sum", "min", "max"), "| summary(by=[...], name = mean(column))"),
    **dict.fromkeys(("count", "size", "value_counts"), "| summary(by=[...], n = count())"),
    **dict.fromkeys(("assign", "mutate", "with_columns", "apply"), "| derive(name = ...)"),
    **dict.fromkeys(("query", "where", "loc"), "| filter(condition)"),
    **dict.fromkeys(("sort_values", "sort", "arrange"), "| order(column)"),
    **dict.fromkeys(("to_csv", "write_csv"), '| export("name.csv")'),
    **dict.fromkeys(("rolling", "ewm"), "derive(name = rolling_mean(column, window=10, by=run))"),
    "merge": "| join($other, on=[...])",
    "dropna": "| drop_nulls(column)",
}  # fmt: skip
"""Methods of tables of other tools."""


def calls(at: Trouble) -> Diagnostic | None:
    """Parentheses behind what is no function."""
    if at.kind() != "LPAR" or not at.ends_value():
        return None
    if at.kind(-1) == "VAR":
        name = at.text(-1)
        advice = f"a `def` is called `{name[1:]}(...)`; a pipe is used `| {name}`"
        return Diagnostic(
            "P2-E0111", f"`{name}` is a binding and cannot be called", at.span(-1), help=advice
        )
    if at.inside:
        return None
    advice = "a statement starts with a word of the language, a `$name` or a call"
    return Diagnostic("P2-E0111", "parentheses do not follow a value", at.span(), help=advice)


def indexes(at: Trouble) -> Diagnostic | None:
    """`x[0]`, `$t["column"]`."""
    if at.kind() != "LSQB" or not at.ends_value() or not at.wants("AND"):
        return None
    if at.kind(1) in ("STRING", "NAME") and at.kind(-1) == "VAR" and at.kind(2) == "RSQB":
        column = at.text(1).strip('"')
        advice = f"a column of a table is `{at.text(-1)}.{column}`"
    else:
        advice = "rows are taken with `| head(n)`, `| filter(...)`, `first(...)` or `last(...)`"
    return Diagnostic("P2-E0111", "values are not taken out with `[ ]`", at.span(), help=advice)


def joined_by_comma(at: Trouble) -> Diagnostic | None:
    """`access("x"), frame`."""
    if at.kind() != "COMMA" or at.inside in ("LPAR", "LSQB") or not at.wants_statement:
        return None
    if at.kind(-1) == at.kind(1) == "NUMBER" and at.touching(-1) and at.touching(0):
        span = at.stretch(-1, 1)
        mended = f"{at.text(-1)}.{at.text(1)}"
        message = "a number has a point, not a comma"
        return Diagnostic(
            "P2-E0106", message, span, help=f"write `{mended}`", fix=Fix(span, mended)
        )
    if at.on_new_line(1) or at.kind(1) == "$END":
        advice = "delete it; a new statement needs no sign before it"
        message = "statements are not separated by `,`"
        return Diagnostic("P2-E0109", message, at.span(), help=advice, fix=Fix(at.span(), ""))
    advice = "replace `,` by `|`"
    return Diagnostic(
        "P2-E0109", "steps are joined by `|`", at.span(), help=advice, fix=Fix(at.span(), " |")
    )


def clauses(at: Trouble) -> Diagnostic | None:
    """`access("x") where lr > 1`, `group by lr`."""
    if at.kind() == "WHERE" and at.wants_statement and at.head != "PARAM":
        advice = "write `| filter(condition)`"
        return Diagnostic("P2-E0110", "`where` does not filter", at.span(), help=advice)
    if at.text(-1).lower() == "by" and at.is_word(-2) and at.kind(-3) == "VBAR":
        advice = "write `| summary(by=column, name = mean(column))`"
        return Diagnostic(
            "P2-E0110", "groups are not made with a word", at.stretch(-2, -1), help=advice
        )
    return None


def bracket_calls(at: Trouble) -> Diagnostic | None:
    """`access["x"]` and `access{"x"}`."""
    if at.kind() == "LSQB" and at.kind(-1) == "RPAR" and at.wants_statement:
        return Diagnostic("P2-E0111", _NO_INDEX, at.span(), help=_TAKEN_OUT)
    step = at.kind(-2) == "VBAR" and not at.on_new_line()
    if at.kind() not in ("LSQB", "LBRACE") or not at.is_word(-1) or not (at.touching(-1) or step):
        return None
    if not at.wants("LPAR") or (at.kind() == "LSQB" and at.wants("AND")):
        return None
    if at.kind() == "LSQB" and at.kind(-2) != "VBAR" and at.text(-1) not in _SOURCES:
        return Diagnostic(
            "P2-E0111",
            _NO_INDEX,
            at.span(),
            help=_TAKEN_OUT,
        )
    advice = f"write `{at.text(-1)}(...)`"
    return Diagnostic("P2-E0111", "a call has round brackets", at.span(), help=advice)


_NO_INDEX = "rows and columns are not taken out with `[ ]`"
_TAKEN_OUT = (
    "rows are taken with `| filter(condition)` or `| head(n)`, columns with `| select(a, b)`"
)
_SOURCES = ("access", "union", "load", "copy", "collect", "sweep")


def values_alone(at: Trouble) -> Diagnostic | None:
    """`$x > 3` as a statement, `access() "x"`."""
    if not at.wants_statement or at.inside in ("LPAR", "LSQB") or not at.ends_value():
        return None
    operators = ("CMP", "IN", "NOT", "AND", "OR", "PLUS", "MINUS", "STAR", "SLASH", "POWER", "DOTS")
    if at.kind() in operators and not at.wants("AND"):
        advice = "a condition stands in `filter(...)`, `when ... { }` or `impose ...`; a value is bound with `let`"
        if at.head == "PARAM":
            advice = "write `param name: type = default where condition`"
        return Diagnostic(
            "P2-E0100", f"{at.shown()} does not continue a statement", at.span(), help=advice
        )
    if at.kind() in ("STRING", "FSTRING", "NUMBER", "QUANTITY") and at.kind(-1) == "RPAR":
        if at.on_new_line():
            return None
        advice = "what a call takes stands inside its parentheses"
        return Diagnostic(
            "P2-E0100", f"{at.shown()} does not continue a statement", at.span(), help=advice
        )
    return None


def statement_starts(at: Trouble) -> Diagnostic | None:
    """What stands where a statement should start, and cannot start one."""
    if not at.wants_statement or at.ended:
        return None
    advice = "a statement starts with a word of the language, a `$name` or a call"
    if at.kind() == "STRING":
        advice = f"text on a page of a report is written `text({at.shown()[1:-1]})`"
    if at.place == 0 or at.kind(-1) in ("LBRACE", "RBRACE") or at.on_new_line():
        return Diagnostic(
            "P2-E0100", f"a statement cannot start with {at.shown()}", at.span(), help=advice
        )
    return None


def blocks_after_bars(at: Trouble) -> Diagnostic | None:
    """`| frame { ... }`."""
    if at.kind() != "LBRACE" or at.kind(-1) not in BOX_WORDS or at.kind(-2) != "VBAR":
        return None
    word = at.text(-1)
    advice = "the marks follow after bars: `| frame | line(...)`"
    if word != "frame":
        advice = f"a {word} starts a statement: `{word} name {{ ... }}`"
    return Diagnostic("P2-E0109", f"`{word}` after `|` has no braces", at.span(), help=advice)


RULES: tuple[Rule, ...] = (
    blocks_after_bars,
    double_pipes,
    method_calls,
    clauses,
    bracket_calls,
    bare_names,
    boxes,
    pipes_in_arguments,
    calls,
    indexes,
    joined_by_comma,
)
LAST_RULES: tuple[Rule, ...] = (values_alone, statement_starts)
