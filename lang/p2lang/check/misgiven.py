"""Arguments that a call does not take, lacks, or writes in another way than the language. One message each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from p2lang import ast
from p2lang.check.misnamed import parameters_of
from p2lang.check.session import Place, Remedy, Session
from p2lang.diagnostics import Fix
from p2lang.semantics.arguments import missing
from p2lang.signatures import Parameter, Signature
from p2lang.source import Span


@dataclass
class Given:
    """A call's arguments by parameter; `new` are the named new columns. `sound` tells that none was refused."""

    by_parameter: dict[str, list[ast.Argument]] = field(default_factory=dict)
    new: list[tuple[ast.Name, ast.Argument]] = field(default_factory=list)
    sound: bool = True


def is_computed(node: ast.Expr) -> bool:
    """Tell whether an argument without a name must be a new column: it is computed."""
    called = isinstance(node, ast.Call) and node.name.text != "cols"
    return called or isinstance(node, ast.Binary | ast.If | ast.Number)


def compared(
    session: Session, place: Place, signature: Signature, argument: ast.Argument, given: Given
) -> bool:
    """Report `x == step` where `x=step` is meant: the left side is an argument, and no condition is wanted."""
    node = argument.value
    if not isinstance(node, ast.Binary) or node.operator != "==":
        return False
    left = node.left.name.text if isinstance(node.left, ast.Column) else ""
    parameter = signature.parameter(session.registry.spelled(left))
    if parameter is None and (signature.variadic is None or not left.isidentifier()):
        return False
    if not _takes_no_condition(place, signature, left):
        return False
    equals = Span(node.left.span.end, node.right.span.start)
    value = session.source.slice(node.right.span)
    given.sound = False
    session.report(
        "P2-E0101",
        "`==` compares, and an argument is given with `=`",
        equals,
        help=f"write `{left}={value}`",
        fix=Fix(equals, "="),
    )
    return True


def _takes_no_condition(place: Place, signature: Signature, left: str) -> bool:
    if signature.in_flow:
        return all(p.type != "bool" for p in signature.parameters[:1])
    # A function may be given a comparison of columns; of a name that is no column it cannot.
    return not place.open and place.columns is not None and left not in place.columns


def too_many(
    session: Session,
    signature: Signature,
    argument: ast.Argument,
    in_place: list[Parameter],
    given: Given,
) -> None:
    """Report an argument without a name that has no place."""
    if _grouped_digits(session, argument):
        return
    if signature.variadic is not None:
        remedy = _named(session, signature, argument, given)
        session.report(
            "P2-E0205",
            f"`{signature.name}` needs a name for each new column",
            argument.span,
            help=remedy.help,
            fix=remedy.fix,
        )
        return
    count = len(in_place)
    takes = f"takes {count} argument{'s' if count != 1 else ''}" if count else "takes no arguments"
    remedy = _joined(session, in_place, argument, given)
    if not remedy.help:
        remedy = Remedy("delete it", _deleted(session, argument))
    session.report(
        "P2-E0222",
        f"`{signature.name}` {takes}",
        argument.span,
        label="this is one too many",
        help=remedy.help,
        note=""
        if remedy.fix and count == 1 and in_place[0].type == "bool"
        else parameters_of(signature),
        fix=remedy.fix,
    )


def _deleted(session: Session, argument: ast.Argument) -> Fix | None:
    """Give the fix that takes an argument away, with the comma before it."""
    before = session.source.text[: argument.span.start].rstrip()
    if before.endswith(","):
        return Fix(Span(len(before) - 1, argument.span.end), "")
    after = session.source.text[argument.span.end :].lstrip()
    return Fix(argument.span, "") if before.endswith("(") and after.startswith(")") else None


def _named(session: Session, signature: Signature, argument: ast.Argument, given: Given) -> Remedy:
    """Give the new column that is meant: `r <- value` of R, or another key beside `by=`."""
    text = session.source.slice(argument.span)
    assigned = re.match(r"(\w+)\s*<-\s*(.+)\Z", text, re.DOTALL)
    if assigned:
        mended = f"{assigned[1]} = {assigned[2]}"
        return Remedy(f"write `{mended}`", Fix(argument.span, mended))
    keys = given.by_parameter.get("by")
    if keys and isinstance(argument.value, ast.Column):
        held = session.source.slice(keys[0].value.span).strip("[]")
        span = Span(keys[0].value.span.start, argument.span.end)
        between = session.source.text[keys[-1].span.end : argument.span.start].strip()
        fix = Fix(span, f"[{held}, {text}]") if between == "," else None
        return Remedy(f"several keys stand in a list: `by=[{held}, {text}]`", fix)
    return Remedy(f"write `name = {text}`, with a name of your own")


def _grouped_digits(session: Session, argument: ast.Argument) -> bool:
    """Report `10,000` and `0,5`: the comma ends the argument."""
    before = _just_before(session, argument)
    digits = re.search(r"(?<![\w.])\d{1,3}(?:,\d{3})*,\Z", before)
    node = argument.value
    if digits is None or not isinstance(node, ast.Number) or not node.text.isdigit():
        return False
    span = Span(argument.span.start - len(digits[0]), argument.span.end)
    grouped = len(node.text) == _GROUP and not before.endswith(("(0,", "=0,", " 0,"))
    mended = session.source.slice(span).replace(",", "_" if grouped else ".")
    session.report(
        "P2-E0106",
        "digits are grouped by `_`, not by `,`" if grouped else "a number has a point, not a comma",
        span,
        help=f"write `{mended}`",
        fix=Fix(span, mended),
    )
    return True


_GROUP = 3
_NEAR = 80


def _just_before(session: Session, argument: ast.Argument) -> str:
    """Give the end of the text before an argument: a script with thousands of them is not searched for each."""
    start = argument.span.start
    return session.source.text[max(0, start - _NEAR) : start]


def decimal_comma(session: Session, argument: ast.Argument, given: Given) -> bool:
    """Report `alpha=0,5`."""
    start = re.search(r"(?<==)\s*\d+,\Z", _just_before(session, argument))
    node = argument.value
    if start is None or not isinstance(node, ast.Number) or not node.text.isdigit():
        return False
    given.sound = False
    span = Span(argument.span.start - len(start[0].lstrip()), argument.span.end)
    mended = session.source.slice(span).replace(",", ".")
    session.report(
        "P2-E0106",
        "a number has a point, not a comma",
        span,
        help=f"write `{mended}`",
        fix=Fix(span, mended),
    )
    return True


def _joined(
    session: Session, in_place: list[Parameter], argument: ast.Argument, given: Given
) -> Remedy:
    """Give the conditions of a `filter` joined by `and`."""
    first = given.by_parameter.get(in_place[0].attribute) if len(in_place) == 1 else None
    if not first or in_place[0].type != "bool":
        return Remedy("")
    gap = Span(first[-1].span.end, argument.span.start)
    loose = any(_is_loose(node.value) for node in (first[-1], argument))
    if loose or session.source.slice(gap).strip() != ",":
        return Remedy("join conditions with `and`")
    return Remedy("join conditions with `and`", Fix(gap, " and "))


def _is_loose(node: ast.Expr) -> bool:
    return isinstance(node, ast.If) or (isinstance(node, ast.Binary) and node.operator == "or")


def report_missing(session: Session, signature: Signature, given: Given, name: Span) -> None:
    """Report what a call must still be given."""
    lacking = missing(signature, given.by_parameter)
    if lacking:
        names = " and ".join(f"`{p.name}`" for p in lacking)
        example = ", ".join(f"{p.name}={_placeholder(signature, p)}" for p in lacking)
        session.report(
            "P2-E0206", f"`{signature.name}` needs {names}", name, help=f"add `{example}`"
        )
        return
    emptied = next((p for p in signature.parameters if p.variadic == "*"), None)
    if (
        emptied is not None
        and emptied.attribute not in given.by_parameter
        and signature.facts.needs_columns
    ):
        session.report(
            "P2-E0206",
            f"`{signature.name}` needs at least one column",
            name,
            help=f"write `{signature.name}(column, ...)`",
        )
    elif signature.variadic is not None and not given.new and not given.by_parameter:
        session.report(
            "P2-E0206",
            f"`{signature.name}` does nothing without arguments",
            name,
            help=f"write `{signature.name}(name = ...)`",
        )


def _placeholder(signature: Signature, parameter: Parameter) -> str:
    if parameter.choices:
        return f'"{parameter.choices[0]}"'
    if parameter.type == "bool" and signature.kind == "step":
        return "<condition>"
    return _PLACEHOLDERS.get(parameter.type, "...")


_PLACEHOLDERS = {
    "col": "<column>",
    "numcol": "<column>",
    "cols": "[<column>, ...]",
    "num": "<number>",
    "int": "<whole number>",
    "str": '"..."',
    "bool": "true",
    "len": "1pt",
    "time": "10min",
    "list": "[...]",
}
