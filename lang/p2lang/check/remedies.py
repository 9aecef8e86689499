"""What to write instead, from what was written: units, quotes, choices, kinds. Only words for messages, no rules."""

from __future__ import annotations

from collections.abc import Callable

from p2lang import ast
from p2lang.check.places import shown
from p2lang.check.session import Place, Remedy, Session
from p2lang.check.words import FOREIGN_CHOICES, nearest
from p2lang.diagnostics import Fix
from p2lang.semantics import units
from p2lang.semantics.arguments import example
from p2lang.semantics.clash import Clash
from p2lang.semantics.values import Typed, ValueType
from p2lang.signatures import Parameter, Signature
from p2lang.source import Span
from p2lang.types import parse_quantity

_LONGEST = 32


# ---- operators -----------------------------------------------------------------------------------


def of_operator(
    session: Session, node: ast.Binary, clash: Clash, left: ValueType, right: ValueType
) -> Remedy | None:
    """Give what to write for two sides that do not go together; None when the rule itself says it best."""
    if clash.code == "P2-E0224":
        return _null(session, node)
    if clash.code == "P2-E0214" and node.operator not in ("*", "/", "**"):
        return _units(session, node, left, right)
    if clash.code == "P2-E0213" and node.operator in ("+", "-", "*", "/", "**"):
        return _arithmetic(session, node, left, right)
    if clash.code == "P2-E0213" and node.operator in ("in", "not in"):
        return _membership(session, node, right)
    if clash.code == "P2-E0213" and node.operator in ("==", "!=", "<", "<=", ">", ">="):
        return _kinds(session, node, left, right)
    return None


def _null(session: Session, node: ast.Binary) -> Remedy | None:
    value = node.left if isinstance(node.right, ast.Null) else node.right
    if isinstance(value, ast.Null) or node.operator not in ("==", "!="):
        return None
    asked = f"isnull({session.source.slice(value.span)})"
    asked = f"not {asked}" if node.operator == "!=" else asked
    return Remedy(f"write `{asked}`", Fix(node.span, asked))


def _units(session: Session, node: ast.Binary, left: ValueType, right: ValueType) -> Remedy | None:
    sides = (node.left, _unit(left)), (node.right, _unit(right))
    for (written, unit), (other, wanted) in (sides, sides[::-1]):
        named = _named(session, other, node)
        if unit and not wanted and not isinstance(other, ast.Number):
            remedy = _without_unit(named, written)
            if remedy is not None:
                return remedy
        if wanted in units.EXAMPLES and isinstance(written, ast.Number | ast.Quantity):
            example = units.EXAMPLES[wanted]
            help = f"{named} is {units.named(wanted)}: write the number with its unit, for example {example}"
            return Remedy(help, span=written.span)
    return None


def _without_unit(named: str, written: ast.Expr) -> Remedy | None:
    if isinstance(written, ast.Quantity):
        help = f"{named} has no unit: write `{written.text}`, without one"
        return Remedy(help, Fix(written.span, written.text), written.span)
    if isinstance(written, ast.Range | ast.ListExpr):
        return Remedy(f"{named} has no unit: write the numbers without one", span=written.span)
    return None


def _unit(value: ValueType) -> str:
    return value.item.unit if value.item is not None else value.unit


def _named(session: Session, node: ast.Expr, of: ast.Binary) -> str:
    text = session.source.slice(node.span)
    plain = isinstance(node, ast.Column | ast.Var | ast.Call | ast.Number | ast.Quantity)
    if plain and len(text) <= _LONGEST:
        return f"`{text}`" if "`" not in text else text
    return "the left side" if node is of.left else "the right side"


def _kinds(session: Session, node: ast.Binary, left: ValueType, right: ValueType) -> Remedy | None:
    tables = [
        side for side, kind in ((node.left, left), (node.right, right)) if kind.kind == "table"
    ]
    if tables:
        asked = f"rows({session.source.slice(tables[0].span)})"
        return Remedy(f"for the number of its rows write `{asked}`", Fix(tables[0].span, asked))
    between = Span(node.left.span.end, node.right.span.start)
    if right.kind in ("list", "range") and left.is_scalar and node.operator in ("==", "!="):
        word = "in" if node.operator == "==" else "not in"
        return Remedy(f"write `{word}`", Fix(between, f" {word} "))
    sides = (node.left, right), (node.right, left)
    for written, wanted in sides:
        if isinstance(written, ast.Number | ast.Quantity) and wanted.kind == "string":
            text = f'"{session.source.slice(written.span)}"'
            return Remedy(f"put the value in quotes: `{text}`", Fix(written.span, text))
        if isinstance(written, ast.String) and wanted.is_scalar:
            return _unquoted(written, wanted)
    return None


def _membership(session: Session, node: ast.Binary, of: ValueType) -> Remedy | None:
    right, text = node.right, session.source.slice(node.right.span)
    if of.kind == "string" and not isinstance(right, ast.String):
        asked = f"contains({text}, {session.source.slice(node.left.span)})"
        asked = f"not {asked}" if node.operator == "not in" else asked
        return Remedy(f"write `{asked}`", Fix(node.span, asked))
    if isinstance(right, ast.ListExpr) and len(right.items) == 1:
        only = right.items[0].value
        if isinstance(only, ast.Range):
            bare = session.source.slice(only.span)
            return Remedy(f"write `{bare}`, without brackets", Fix(right.span, bare))
    if isinstance(right, ast.String | ast.Number | ast.Quantity):
        return Remedy(f"write `[{text}]`, or `==`", Fix(right.span, f"[{text}]"))
    return None


def _arithmetic(
    session: Session, node: ast.Binary, left: ValueType, right: ValueType
) -> Remedy | None:
    for written, other in ((node.left, right), (node.right, left)):
        if isinstance(written, ast.String) and other.is_numeric and _is_number(written.value, ""):
            return _unquoted(written, other)
    if "string" in (left.kind, right.kind) and node.operator == "+":
        return _joined_text(session, node, left, right)
    wrong, written = (left, node.left) if not left.is_numeric else (right, node.right)
    text = session.source.slice(written.span)
    if wrong.kind == "bool":
        mended = f"(if {text.strip('()')} then 1 else 0)"
        return Remedy(f"write `{mended}`", Fix(written.span, mended))
    if wrong.kind == "string" and isinstance(written, ast.Column):
        return Remedy(f'if it holds numbers written as text, write `| cast({text}="number")` first')
    help = _NO_NUMBER.get(wrong.kind)
    return Remedy(help) if help else None


_NO_NUMBER = {
    "null": "the result would always be null: leave it out, or give nulls a value with `fill(column, 0)`",
    "list": "arithmetic takes single values and columns; a list stands after `in`, or as an argument",
    "range": "arithmetic takes single values and columns; a range stands after `in`, or as an argument",
    "table": "for the number of its rows write `rows($table)`",
    "field": "another table has other rows: bring the column here with `| join($table, on=[...])`",
}


def _joined_text(
    session: Session, node: ast.Binary, left: ValueType, right: ValueType
) -> Remedy | None:
    if not (left.is_scalar and right.is_scalar):
        return None
    sides = [_in_text(session, side) for side in (node.left, node.right)]
    if any(side is None for side in sides):
        return Remedy('text is put together with f"{a}{b}"')
    mended = f'f"{sides[0]}{sides[1]}"'
    both = left.kind == right.kind == "string"
    return Remedy(f"text is put together: `{mended}`", Fix(node.span, mended) if both else None)


def _in_text(session: Session, node: ast.Expr) -> str | None:
    """Give an operand as it stands in a text with holes; None where that is not plain."""
    if isinstance(node, ast.String):
        text = session.source.slice(node.span)[1:-1]
        return None if "{" in text or "}" in text else text
    text = session.source.slice(node.span)
    plain = isinstance(node, ast.Column | ast.Var | ast.Number)
    return f"{{{text}}}" if plain else None


def _unquoted(node: ast.String, wanted: ValueType) -> Remedy:
    """Give what stands for a text where another kind is wanted."""
    bare = node.value.strip()
    if wanted.is_numeric and _is_number(bare, wanted.unit):
        return Remedy(f"remove the quotes: `{bare}`", Fix(node.span, bare))
    if wanted.kind == "bool" and bare.lower() in ("true", "false"):
        return Remedy(f"remove the quotes: `{bare.lower()}`", Fix(node.span, bare.lower()))
    what = "numbers" if wanted.is_numeric else "true or false"
    return Remedy(f"the other side holds {what}, and text is never equal to one")


def _is_number(text: str, unit: str) -> bool:
    try:
        return parse_quantity(text)[1] == unit
    except (ValueError, OverflowError):
        return False


# ---- arguments -----------------------------------------------------------------------------------


def of_argument(  # noqa: PLR0913 -- who asks, where, and the parts of one argument
    session: Session,
    place: Place,
    signature: Signature,
    parameter: Parameter,
    argument: ast.Argument,
    *,
    typed: Typed,
    clash: Clash,
) -> Remedy:
    """Give what to write for a value that does not fit its parameter."""
    node = argument.value
    if parameter.choices:
        return _choice(parameter, node, clash)
    if clash.code not in ("P2-E0207", "P2-E0214"):
        return _bounded(node, clash)
    meant = _other_parameter(signature, argument) or _column_meant(place, signature, node)
    if meant is not None:
        return meant
    rule = _ARGUMENTS.get(type(node))
    found = None if rule is None else rule(parameter, node)
    if found is None and parameter.type == "num" and clash.code == "P2-E0207":
        found = _as_number(session, node, typed)
    return found or Remedy(clash.help or f"write for example {example(signature, parameter)}")


def _bounded(node: ast.Expr, clash: Clash) -> Remedy:
    if isinstance(node, ast.Quantity) and node.unit == "%":
        text = f"{node.text}%"
        return Remedy(f"`{text}` is {parse_quantity(text)[0]:g}")
    return Remedy(clash.help)


def _other_parameter(signature: Signature, argument: ast.Argument) -> Remedy | None:
    """Give the name that is missing before a choice: `legend("upper right")`."""
    node = argument.value
    if argument.name is None and isinstance(node, ast.Column):
        several = next((p for p in signature.parameters if p.type == "cols"), None)
        return (
            None if several is None else Remedy(f"write `{several.name}=[{node.name.text}, ...]`")
        )
    if argument.name is not None or not isinstance(node, ast.String):
        return None
    for parameter in signature.parameters:
        if node.value in parameter.choices:
            text = f'{parameter.name}="{node.value}"'
            return Remedy(f"write `{text}`", Fix(node.span, text))
    if "title" in signature.by_name:
        text = f'title="{node.value}"'
        return Remedy(f"write `{text}`", Fix(node.span, text))
    return None


def _column_meant(place: Place, signature: Signature, node: ast.Expr) -> Remedy | None:
    """Give the column that a text names, for functions that compute on columns: `mean("reward")`."""
    if signature.in_flow or not isinstance(node, ast.String) or place.columns is None:
        return None
    if node.value not in place.columns:
        return None
    text = shown(node.value)
    return Remedy(f"a column is written without quotes: {text}", Fix(node.span, text))


def _choice(parameter: Parameter, node: ast.Expr, clash: Clash) -> Remedy:
    if not isinstance(node, ast.String):
        return Remedy(clash.help)
    return of_choice(node.value, parameter.choices, node.span)


def of_choice(text: str, choices: tuple[str, ...], span: Span) -> Remedy:
    """Give the nearest choice and all of them."""
    possible = "possible: " + ", ".join(f'"{choice}"' for choice in choices)
    foreign = FOREIGN_CHOICES.get(text.lower(), "")
    close = foreign if foreign in choices else nearest(text, choices)
    if close is None:
        return Remedy(possible)
    return Remedy(f'did you mean "{close}"? P{possible[1:]}', Fix(span, f'"{close}"'))


def _quantity(parameter: Parameter, node: ast.Quantity) -> Remedy | None:
    if parameter.type in ("num", "int") and node.unit != "%":
        return Remedy(f"write `{node.text}`, without the unit", Fix(node.span, node.text))
    return _quoted(parameter, node.text + node.unit, node.span)


def _number(parameter: Parameter, node: ast.Number) -> Remedy | None:
    if parameter.type == "len":
        text = f"{node.text}pt"
        return Remedy(f"add a unit: `{text}`", Fix(node.span, text))
    if parameter.type == "bool" and node.text in ("0", "1"):
        text = "true" if node.text == "1" else "false"
        return Remedy(f"write `{text}`", Fix(node.span, text))
    if parameter.type == "int" and _is_number(node.text, ""):
        value = parse_quantity(node.text)[0]
        text = str(int(value))
        if value.is_integer():
            return Remedy(f"write `{text}`", Fix(node.span, text))
    return _quoted(parameter, node.text, node.span)


def _quoted(parameter: Parameter, text: str, span: Span) -> Remedy | None:
    if parameter.type != "str":
        return None
    return Remedy(f'put it in quotes: `"{text}"`', Fix(span, f'"{text}"'))


def _text(parameter: Parameter, node: ast.String) -> Remedy | None:
    bare = node.value.strip()
    unit = {"num": "", "int": "", "len": "pt", "time": "s"}.get(parameter.type)
    if parameter.type == "bool":
        fits = bare in ("true", "false")
    elif parameter.type == "int":
        fits = bare.isdecimal()
    else:
        fits = unit is not None and _is_number(bare, unit)
    return Remedy(f"remove the quotes: `{bare}`", Fix(node.span, bare)) if fits else None


def _as_number(session: Session, node: ast.Expr, typed: Typed) -> Remedy | None:
    if typed.type.kind == "bool":
        text = session.source.slice(node.span)
        mended = f"if {text} then 1 else 0"
        return Remedy(f"write `{mended}`", Fix(node.span, mended))
    if typed.type.kind == "string" and typed.value[0] == "col":
        cast = f'| cast({typed.value[1]}="number")'
        return Remedy(f"if it holds numbers written as text, convert it first: `{cast}`")
    return None


_ARGUMENTS: dict[type, Callable[..., Remedy | None]] = {
    ast.Quantity: _quantity,
    ast.Number: _number,
    ast.String: _text,
}
