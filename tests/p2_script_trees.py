"""Hypothesis strategies for syntax trees that the parser could have made, comments included."""

from __future__ import annotations

import string
from dataclasses import replace

from hypothesis import strategies as st

from p2lang import ast
from p2lang.types import QUANTITY_UNITS

LETTERS = string.ascii_letters + "_"
IDENTIFIERS = st.builds(
    lambda first, rest: first + rest,
    st.sampled_from(LETTERS),
    st.text(LETTERS + string.digits, max_size=6),
)
VISIBLE = st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="`\x7f\xad")
VISIBLE = VISIBLE.filter(lambda c: not 0x80 <= ord(c) < 0xA0)
ODD_NAMES = st.text(VISIBLE, min_size=1, max_size=8)
BINDINGS = IDENTIFIERS.filter(lambda text: text not in ast.KEYWORDS).map(ast.Name)
NAMES = st.one_of(IDENTIFIERS, st.sampled_from(sorted(ast.KEYWORDS)), ODD_NAMES).map(ast.Name)
DECLARED = st.one_of(IDENTIFIERS, ODD_NAMES).filter(lambda t: t not in ast.KEYWORDS).map(ast.Name)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
STRINGS = TEXTS.map(ast.String)
NUMBER_TEXTS = st.from_regex(
    r"[0-9]{1,4}(_[0-9]{1,3})?(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?", fullmatch=True
)
UNITS = st.sampled_from(sorted(QUANTITY_UNITS))
QNAMES = st.lists(NAMES, min_size=1, max_size=2).map(lambda names: ast.QName(tuple(names)))
COMMENT_LINES = st.text(VISIBLE, max_size=12).map(lambda text: f"#{text}".rstrip())
COMMENTS = st.lists(COMMENT_LINES, max_size=2).map(tuple)
TRAILING = st.one_of(st.just(""), COMMENT_LINES)


def tuples(items: st.SearchStrategy, *, least: int = 0, most: int = 3) -> st.SearchStrategy[tuple]:
    """Give tuples of what a strategy gives."""
    return st.lists(items, min_size=least, max_size=most).map(tuple)


ATOMS = st.one_of(
    NUMBER_TEXTS.map(ast.Number),
    st.builds(ast.Quantity, NUMBER_TEXTS, UNITS),
    STRINGS,
    st.booleans().map(ast.Bool),
    st.just(ast.Null()),
    st.builds(ast.Var, IDENTIFIERS.map(ast.Name), tuples(NAMES, most=2)),
    QNAMES.map(ast.Column),
)


def normal_parts(parts: list) -> tuple:
    """Join neighbouring texts and drop empty ones, as the parser does."""
    out: list = []
    for part in parts:
        if isinstance(part, str) and out and isinstance(out[-1], str):
            out[-1] += part
        elif part != "":
            out.append(part)
    return tuple(out)


PLAIN_COLUMNS = IDENTIFIERS.map(lambda text: ast.Column(ast.QName((ast.Name(text),))))
PLAIN_VALUES = st.one_of(
    NUMBER_TEXTS.map(ast.Number),
    STRINGS,
    st.builds(ast.Var, IDENTIFIERS.map(ast.Name)),
    PLAIN_COLUMNS,
)
HOLES = st.one_of(
    PLAIN_VALUES,
    st.builds(ast.Binary, st.sampled_from(["+", "==", "or"]), PLAIN_VALUES, PLAIN_VALUES),
    st.builds(
        ast.Call,
        IDENTIFIERS.map(lambda text: ast.QName((ast.Name(text),))),
        tuples(st.builds(ast.Argument, PLAIN_VALUES)),
    ),
)
FORMATTED = st.lists(st.one_of(TEXTS, HOLES), max_size=4).map(
    lambda parts: ast.FString(normal_parts(parts))
)


def compound(inner: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[ast.Expr]:
    """Give expressions one level deeper; operands that hold together too weakly stand in parentheses."""
    tight = inner.map(_parenthesised)
    chains = st.builds(ast.Binary, st.sampled_from(["or", "and", "+", "-", "*", "/"]), tight, tight)
    return st.one_of(
        chains,
        st.builds(
            lambda operator, a, b, c: ast.Binary(operator, ast.Binary(operator, a, b), c),
            st.sampled_from(["or", "and", "+", "-", "*", "/"]), tight, tight, tight,
        ),
        st.builds(
            ast.Binary,
            st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "in", "not in", "**"]), tight, tight,
        ),
        st.builds(ast.Unary, st.sampled_from(["not", "-"]), tight),
        st.builds(ast.Range, tight, tight),
        st.builds(ast.If, inner, inner, inner),
        st.builds(ast.Call, QNAMES, arguments(inner), st.just(())),
        st.builds(ast.Call, QNAMES, arguments(inner), COMMENTS),
        st.builds(ast.ListExpr, tuples(st.builds(ast.Argument, inner, comments=COMMENTS, trailing=TRAILING))),
        st.builds(ast.Paren, flows(inner)),
        FORMATTED,
    )  # fmt: skip


def _parenthesised(expr: ast.Expr) -> ast.Expr:
    weak = isinstance(expr, ast.Binary | ast.Unary | ast.Range | ast.If)
    return ast.Paren(ast.Flow(expr)) if weak else expr


def arguments(values: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[tuple]:
    """Give the arguments of a call."""
    names = st.one_of(st.none(), NAMES)
    return tuples(st.builds(ast.Argument, values, names, comments=COMMENTS, trailing=TRAILING))


def stages(values: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[ast.Stage | ast.Splice]:
    """Give a step or a spliced pipe."""
    given = st.one_of(st.none(), arguments(values))
    return st.one_of(
        st.builds(ast.Stage, QNAMES, given, comments=COMMENTS, trailing=TRAILING),
        st.builds(ast.Splice, IDENTIFIERS.map(ast.Name), comments=COMMENTS, trailing=TRAILING),
    )


def flows(values: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[ast.Flow]:
    """Give a flow that starts with any value."""
    return st.one_of(
        st.builds(ast.Flow, values),
        st.builds(ast.Flow, values, tuples(stages(values), least=1), TRAILING),
    )


def named(strategy: st.SearchStrategy) -> st.SearchStrategy:
    """Give the same strategy with a short description, for reports."""

    @st.composite
    def some(draw: st.DrawFn) -> object:
        return draw(strategy)

    return some()


EXPRESSIONS = named(st.recursive(ATOMS, compound, max_leaves=6))
FLOWS = flows(EXPRESSIONS)
STAGES = tuples(stages(EXPRESSIONS), least=1)
SIMPLE_TYPES = st.builds(ast.TypeExpr, NAMES, nullable=st.booleans())
TYPES = named(
    st.recursive(
        SIMPLE_TYPES,
        lambda inner: st.builds(
            ast.TypeExpr,
            NAMES,
            tuples(inner, most=2),
            st.one_of(st.none(), tuples(st.builds(ast.TypeField, NAMES, inner), most=2)),
            st.booleans(),
        ),
        max_leaves=3,
    )
)
OPTIONAL_TYPES = st.one_of(st.none(), TYPES)
VALUES = st.one_of(st.none(), EXPRESSIONS)
PARAMETERS = tuples(
    st.builds(ast.Parameter, BINDINGS, TYPES, VALUES, comments=COMMENTS, trailing=TRAILING), most=2
)
PYTHON = st.text(VISIBLE | st.just("\n"), max_size=20).filter(lambda t: '"' not in t)
AROUND = {
    "comments": COMMENTS,
    "trailing": TRAILING,
    "blank_before": st.sampled_from([None, True, False]),
}
HEADS = st.one_of(
    FORMATTED,
    st.builds(ast.Var, IDENTIFIERS.map(ast.Name), tuples(NAMES, most=1)),
    st.builds(ast.Call, QNAMES, arguments(EXPRESSIONS)),
)


def blocks(items: st.SearchStrategy[ast.Item]) -> st.SearchStrategy[ast.Block]:
    """Give statements in braces."""
    return st.builds(ast.Block, tuples(items, most=2), COMMENTS)


def boxes(items: st.SearchStrategy[ast.Item]) -> st.SearchStrategy[ast.Box]:
    """Give frames, reports and pages."""
    kinds = st.sampled_from(["frame", "report", "page"])
    labels = st.one_of(st.none(), NAMES, STRINGS)
    given = arguments(EXPRESSIONS)
    return st.one_of(
        st.builds(ast.Box, kinds, labels, st.one_of(st.none(), given), blocks(items)),
        st.builds(ast.Box, kinds, labels, given),
    )


SIMPLE_ITEMS = named(
    st.one_of(
        st.builds(
            ast.Use, STRINGS, DECLARED, tuples(st.tuples(DECLARED, STRINGS), most=2), **AROUND
        ),
        st.builds(ast.Param, BINDINGS, TYPES, VALUES, VALUES, **AROUND),
        st.builds(ast.Let, BINDINGS, FLOWS, OPTIONAL_TYPES, **AROUND),
        st.builds(ast.Pipe, BINDINGS, STAGES, COMMENTS, **AROUND),
        st.builds(
            ast.Def,
            DECLARED,
            PARAMETERS,
            st.one_of(FLOWS, STAGES.map(lambda given: ast.Flow(None, given))),
            OPTIONAL_TYPES,
            **AROUND,
        ),
        st.builds(ast.ScriptDef, DECLARED, PARAMETERS, PYTHON, OPTIONAL_TYPES, **AROUND),
        st.builds(
            ast.Link, DECLARED, STRINGS, OPTIONAL_TYPES, st.one_of(st.just(()), STAGES), **AROUND
        ),
        st.builds(ast.Expose, DECLARED, FLOWS, OPTIONAL_TYPES, **AROUND),
        st.builds(ast.ImposeThat, EXPRESSIONS, st.one_of(st.none(), STRINGS, FORMATTED), **AROUND),
        st.builds(ast.ImposeInput, DECLARED, TYPES, **AROUND),
        st.builds(
            ast.FlowStatement,
            st.one_of(st.builds(ast.Flow, HEADS), st.builds(ast.Flow, HEADS, STAGES, TRAILING)),
            **AROUND,
        ),
    )
)


def nested_items(inner: st.SearchStrategy[ast.Item]) -> st.SearchStrategy[ast.Item]:
    """Give statements that hold statements."""
    framed = boxes(inner)
    return st.one_of(
        st.builds(
            ast.Task, BINDINGS, blocks(inner), st.one_of(st.none(), PARAMETERS), tuples(NAMES, most=2), **AROUND
        ),
        st.builds(ast.Repeat, BINDINGS, EXPRESSIONS, blocks(inner), **AROUND),
        st.builds(ast.When, EXPRESSIONS, blocks(inner), st.one_of(st.none(), blocks(inner)), **AROUND),
        st.builds(
            ast.FlowStatement,
            st.one_of(st.builds(ast.Flow, framed), st.builds(ast.Flow, framed, STAGES, TRAILING)),
            **AROUND,
        ),
        st.builds(ast.Let, BINDINGS, st.builds(ast.Flow, framed), **AROUND),
    )  # fmt: skip


ITEMS = named(st.recursive(SIMPLE_ITEMS, nested_items, max_leaves=3))


def settled(node):
    """Give a tree without comments behind last steps, where a statement has its own comment."""
    if isinstance(node, tuple):
        return tuple(settled(item) for item in node)
    if not isinstance(node, ast.Node):
        return node
    changes = {name: settled(getattr(node, name)) for name in node.__dataclass_fields__}
    if isinstance(node, ast.Statement):
        for name in ("value", "flow", "body", "via"):
            if name in changes:
                changes[name] = _ended(changes[name])
    return replace(node, **changes)


def _ended(value):
    if isinstance(value, ast.Flow):
        return replace(value, stages=_ended(value.stages))
    if isinstance(value, tuple) and value and isinstance(value[-1], ast.Stage | ast.Splice):
        return (*value[:-1], replace(value[-1], trailing=""))
    return value


SCRIPTS = named(
    st.builds(ast.Script, tuples(ITEMS, least=1), st.just(1), COMMENTS, TRAILING, COMMENTS).map(
        settled
    )
)
