"""Arguments that have the right type and that the run would refuse all the same: colours, limits, mixed lengths."""

from __future__ import annotations

import re

from p2lang import ast
from p2lang.check.arguments import Arguments
from p2lang.check.session import Session
from p2lang.check.vocabulary import COLOUR_NAMES
from p2lang.check.words import nearest
from p2lang.diagnostics import Fix
from p2lang.ir import Value
from p2lang.semantics.bounds import interval
from p2lang.signatures import Signature
from p2lang.source import Span

_HEX = re.compile(r"#[0-9A-Fa-f]{6}\Z")
_LENGTH = re.compile(r"\d[\d_.]*\Z")


def suspicious(
    session: Session, signature: Signature, given: Arguments, written: tuple[ast.Argument, ...]
) -> bool:
    """Report arguments that can never be drawn; tells whether there was one."""
    before = session.errors
    _colours(session, signature, given)
    _lengths(session, signature, given)
    _mixed_lengths(session, signature, written)
    for axis in ("x", "y"):
        _limits(session, signature, given, axis)
    return session.errors > before


def _colours(session: Session, signature: Signature, given: Arguments) -> None:
    value = given.attributes.get("colour")
    if signature.kind not in ("mark", "deco") or value is None or value[0] != "str":
        return
    text, span = value[1], given.spans["colour"]
    if _HEX.match(text) or text.lower() in COLOUR_NAMES:
        return
    close = nearest(text.lower(), COLOUR_NAMES)
    session.report(
        "P2-E0208",
        f'"{text}" is not a colour',
        span,
        help=f'did you mean "{close}"?' if close else "write a name, or #rrggbb",
        note=f"names: {', '.join(COLOUR_NAMES)}",
        fix=Fix(span, f'"{close}"') if close else None,
    )


def _lengths(session: Session, signature: Signature, given: Arguments) -> None:
    for parameter in signature.parameters:
        value = given.attributes.get(parameter.name)
        if parameter.type != "len" or value is None or interval(value, session.bounds)[1] >= 0:
            continue
        session.report(
            "P2-E0226",
            f"`{parameter.name}` of `{signature.name}` is 0 or more",
            given.spans[parameter.name],
            help="write it without the minus sign",
        )


def _mixed_lengths(
    session: Session, signature: Signature, written: tuple[ast.Argument, ...]
) -> None:
    for argument in written:
        name = argument.name.text if argument.name is not None else ""
        node = argument.value
        if signature.facts.of(name).narrowing != "two lengths" or not isinstance(
            node, ast.ListExpr
        ):
            continue
        items = [item.value for item in node.items]
        if not any(isinstance(item, ast.Quantity) for item in items):
            continue
        for item in items:
            if isinstance(item, ast.Number) and _LENGTH.match(item.text):
                _without_unit(session, items, item)


def _without_unit(session: Session, items: list[ast.Expr], bare: ast.Number) -> None:
    unit = next(item.unit for item in items if isinstance(item, ast.Quantity))
    session.report(
        "P2-E0214",
        "a length has a unit, and this one has none",
        bare.span,
        help=f"write `{bare.text}{unit}`",
        fix=Fix(bare.span, f"{bare.text}{unit}"),
    )


def _limits(session: Session, signature: Signature, given: Arguments, axis: str) -> None:
    value = given.attributes.get(f"{axis}lim")
    if value is None or signature.facts.of(f"{axis}lim").narrowing != "limits":
        return
    ends = _ends(value)
    if ends is None:
        return
    span = given.spans[f"{axis}lim"]
    low, high = (interval(end, session.bounds) for end in ends)
    if low[0] >= high[1]:
        session.report(
            "P2-E0226",
            f"the limits of the {axis} axis do not rise",
            span,
            help="write the smaller one first",
            fix=_turned(session, value, span),
        )
    elif given.attributes.get(f"{axis}scale") == ["str", "log"] and low[1] <= 0:
        session.report(
            "P2-E0226",
            f"the {axis} axis is logarithmic, and its limits begin at 0 or below",
            span,
            help=f'begin above 0, for example at 0.001, or write `{axis}scale="symlog"`',
        )


def _ends(value: Value) -> tuple[Value, Value] | None:
    if value[0] == "range":
        return value[1], value[2]
    if value[0] == "list" and len(value[1]) == len(("low", "high")):
        return value[1][0], value[1][1]
    return None


def _turned(session: Session, value: Value, span: Span) -> Fix | None:
    text = session.source.slice(span)
    if value[0] != "range" or text.count("..") != 1 or value[1] == value[2]:
        return None
    low, high = text.split("..")
    return Fix(span, f"{high.strip()}..{low.strip()}")
