"""Arguments that are columns: one, several, a pattern, sort keys, new names. A mistake is reported once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import translate

from p2lang import ast
from p2lang.check.places import LOST, available, column, no_column, shown
from p2lang.check.remedies import of_choice
from p2lang.check.session import Place, Remedy, Session
from p2lang.check.vocabulary import COLOURS
from p2lang.check.words import nearest
from p2lang.diagnostics import Fix
from p2lang.ir import Value
from p2lang.semantics.arguments import described
from p2lang.semantics.transfer import CAST_KINDS
from p2lang.semantics.values import Typed, ValueType
from p2lang.signatures import Parameter, Signature

_COLUMNS = ValueType("columns", "each")


def column_argument(
    session: Session, place: Place, signature: Signature, parameter: Parameter, node: ast.Expr
) -> Typed:
    """Give the single column that an argument names."""
    if isinstance(node, ast.String):
        return quoted_column(session, place, node, described(signature, parameter))
    if _is_colour(place, parameter, node):
        quoted_column(session, place, _as_text(node), described(signature, parameter))
        return LOST
    typed = session.expression(session, place, node)
    if typed.value[0] == "cols" and len(typed.value[1]) == 1:
        name = ast.Name(typed.value[1][0], True, span=node.span)
        return column(session, place, ast.QName((name,), span=node.span))
    if typed.value[0] == "list":
        remedy = _without_brackets(session, signature, node)
        session.report(
            "P2-E0207",
            f"{described(signature, parameter)} is one column, not a list",
            node.span,
            help=remedy.help,
            fix=remedy.fix,
        )
        return LOST
    return typed


def _is_colour(place: Place, parameter: Parameter, node: ast.Expr) -> bool:
    """Tell whether a bare name where a colour comes from a column is a colour itself, and no column."""
    if parameter.name not in ("colour", "fill", "by") or not isinstance(node, ast.Column):
        return False
    return node.name.text in COLOURS and not place.open and node.name.text not in place.names


def _as_text(node: ast.Expr) -> ast.String:
    assert isinstance(node, ast.Column)
    return ast.String(node.name.text, span=node.span)


def _without_brackets(session: Session, signature: Signature, node: ast.Expr) -> Remedy:
    if isinstance(node, ast.ListExpr) and len(node.items) == 1:
        text = session.source.slice(node.items[0].span)
        return Remedy(f"name it without brackets: {text}", Fix(node.span, text))
    several = f"; to draw several, write `| {signature.name}(...)` for each"
    return Remedy(f"name one column, without brackets{several * (signature.kind == 'mark')}")


def quoted_column(session: Session, place: Place, node: ast.String, where: str = "this") -> Typed:
    """Report text where a column is wanted; `where` says where: `` `colour` of `line` ``."""
    names = () if place.columns is None else place.columns.names
    known = place.open or node.value in names
    close = node.value if known else nearest(node.value, names, shortened=False)
    session.report(
        "P2-E0207",
        "a column is written without quotes" if close else f"{where} is a column, not text",
        node.span,
        help=f"write {shown(close)}" if close else _instead_of_text(node.value, where),
        note="" if known else available(names),
        fix=Fix(node.span, shown(close)) if close else None,
    )
    return LOST


def _instead_of_text(text: str, where: str) -> str:
    if text in ("viridis", "magma", "cividis", "greys"):
        return f'the colours of numbers are chosen with `| gradient("{text}")`'
    if "`colour`" in where:
        return "each value of a column gets its own colour; a colour itself is not given here"
    return "name a column of this table, without quotes"


def columns_argument(session: Session, place: Place, items: list[ast.Argument]) -> Typed:
    """Give the columns that arguments name: columns, lists of them, patterns, bindings of columns."""
    names: dict[str, None] = {}
    sound = True
    for node in _flat(items):
        found = _some(session, place, node)
        if found is None:
            sound = False
            continue
        for name in found:
            if name in names:
                session.report(
                    "P2-E0225", f"{shown(name)} is named twice", node.span, help="name it once"
                )
                sound = False
            else:
                names[name] = None
    return Typed(["cols", list(names)], _COLUMNS) if sound else LOST


def _flat(items: list[ast.Argument]) -> Iterator[ast.Expr]:
    for item in items:
        if isinstance(item.value, ast.ListExpr):
            yield from _flat(list(item.value.items))
        else:
            yield item.value


def _some(session: Session, place: Place, node: ast.Expr) -> list[str] | None:
    if isinstance(node, ast.String):
        quoted_column(session, place, node)
        return None
    if isinstance(node, ast.Call) and node.name.text == "cols":
        return pattern(session, place, node)
    typed = session.expression(session, place, node)
    if typed.value[0] == "col":
        return [typed.value[1]]
    if typed.value[0] == "cols":
        return _still_there(session, place, node, typed.value[1])
    if typed.type.kind != "unknown":
        remedy = _without(place, node)
        session.report(
            "P2-E0207", "a column is wanted here", node.span, help=remedy.help, fix=remedy.fix
        )
    return None


def _without(place: Place, node: ast.Expr) -> Remedy:
    """Give what stands for `-lr` among columns: all the others."""
    unwanted = node.operand if isinstance(node, ast.Unary) else None
    names = [] if place.columns is None else list(place.names)
    if not isinstance(unwanted, ast.Column) or unwanted.name.text not in names:
        return Remedy("compute it first: `| derive(name = ...)`, then give `name`")
    names.remove(unwanted.name.text)
    if not 0 < len(names) <= _MOST_NAMED:
        return Remedy("name the columns to keep; none can be left out with `-`")
    kept = ", ".join(shown(name) for name in names)
    return Remedy("name the columns to keep: " + kept, Fix(node.span, kept))


_MOST_NAMED = 12


def _still_there(
    session: Session, place: Place, node: ast.Expr, names: list[str]
) -> list[str] | None:
    for name in names:
        if place.columns is not None and name not in place.columns:
            no_column(session, place, name, node.span)
            return None
    return names


def pattern(session: Session, place: Place, node: ast.Call) -> list[str] | None:
    """Give the columns that match `cols("w_*")`, or None after a report."""
    session.spend(node.span)
    glob = node.arguments[0].value if len(node.arguments) == 1 else None
    if not isinstance(glob, ast.String):
        session.report(
            "P2-E0206",
            "`cols` needs one pattern as text",
            node.name.span,
            help='for example `cols("w_*")`',
        )
        return None
    if place.columns is None:
        if not place.open:
            no_column(session, place, glob.value, glob.span)
            return None
        return []
    matches = re.compile(translate(glob.value)).match
    found = [name for name in place.columns.names if matches(name)]
    if not found:
        session.report(
            "P2-E0201",
            f'no column matches "{glob.value}"',
            glob.span,
            label="not in this table",
            note=available(place.columns.names),
        )
        return None
    return found


def sort_keys(session: Session, place: Place, items: list[ast.Argument]) -> Typed:
    """Give the sort keys that arguments name: columns, or `desc` of one."""
    keys: list[Value] = []
    sound = True
    for node in _flat(items):
        inner = _descending(session, node)
        names = _some(session, place, node if inner is None else inner)
        if names is None:
            sound = False
            continue
        columns: list[Value] = [["col", name] for name in names]
        keys += columns if inner is None else [["desc", key] for key in columns]
    return Typed(["by", keys], _COLUMNS) if sound else LOST


def _descending(session: Session, node: ast.Expr) -> ast.Expr | None:
    if isinstance(node, ast.Unary) and node.operator == "-":
        text = session.source.slice(node.operand.span)
        session.report(
            "P2-E0211",
            "a descending sort key is written with `desc`",
            node.span,
            help=f"write `desc({text})`",
            fix=Fix(node.span, f"desc({text})"),
        )
        return node.operand
    if isinstance(node, ast.Call) and node.name.text == "desc" and len(node.arguments) == 1:
        session.spend(node.span)
        return node.arguments[0].value
    return None


def new_names(
    session: Session,
    place: Place,
    signature: Signature,
    parameter: Parameter,
    new: list[tuple[ast.Name, ast.Argument]],
) -> Value | None:
    """Give what `rename` and `cast` make of their named arguments; None for steps that compute new columns."""
    if parameter.type == "col":
        return _renamed(session, place, signature, parameter, new)
    if signature.name == "cast":
        return _types(session, place, new)
    return None


def _renamed(
    session: Session,
    place: Place,
    signature: Signature,
    parameter: Parameter,
    new: list[tuple[ast.Name, ast.Argument]],
) -> Value:
    pairs: list[list[str]] = []
    for name, argument in new:
        if _swapped(session, place, name, argument):
            continue
        typed = column_argument(session, place, signature, parameter, argument.value)
        if typed.value[0] == "col":
            if any(old == typed.value[1] for _, old in pairs):
                session.report(
                    "P2-E0225",
                    f"{shown(typed.value[1])} is renamed twice",
                    argument.value.span,
                    help=f"rename it once; a copy is made with `derive({name.text} = ...)`",
                )
            pairs.append([name.text, typed.value[1]])
        elif typed.type.kind != "unknown":
            session.report(
                "P2-E0207",
                "`rename` takes columns",
                argument.value.span,
                help="write `rename(new = old)`",
            )
    return ["rename", pairs]


def _swapped(session: Session, place: Place, name: ast.Name, argument: ast.Argument) -> bool:
    """Report `rename(reward = r)` where the old name stands on the left."""
    node = argument.value
    if place.columns is None or place.open or not isinstance(node, ast.Column | ast.String):
        return False
    new = node.value if isinstance(node, ast.String) else node.name.text
    if name.text not in place.columns or new in place.columns or not new.isidentifier():
        return False
    mended = f"{new} = {shown(name.text)}"
    session.report(
        "P2-E0201",
        f"there is no column {new} here",
        node.span,
        label="the new name stands on the left",
        help=f"write `rename({mended})`" if "`" not in mended else f"write {mended}",
        fix=Fix(argument.span, mended),
    )
    return True


def _types(session: Session, place: Place, new: list[tuple[ast.Name, ast.Argument]]) -> Value:
    pairs: list[list[str]] = []
    for name, argument in new:
        if not place.open and (place.columns is None or name.text not in place.columns):
            no_column(session, place, name.text, name.span)
            continue
        node = argument.value
        if isinstance(node, ast.String) and node.value in CAST_KINDS:
            pairs.append([name.text, node.value])
            continue
        text = session.source.slice(node.span)
        bare = isinstance(node, ast.Column) and text in CAST_KINDS
        remedy = of_choice(text.strip('"'), CAST_KINDS, node.span)
        session.report(
            "P2-E0208",
            f"{shown(name.text)} cannot be cast to {text}",
            node.span,
            help=f'write "{text}"' if bare else remedy.help,
            fix=Fix(node.span, f'"{text}"') if bare else remedy.fix,
        )
    return ["types", pairs]
