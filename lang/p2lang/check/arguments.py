"""Arguments of a call to the parameters of a signature: names, places, choices, then the shared rule of types."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from p2lang import ast
from p2lang.check.columns import (
    column_argument,
    columns_argument,
    new_names,
    quoted_column,
    sort_keys,
)
from p2lang.check.misgiven import (
    Given,
    compared,
    decimal_comma,
    is_computed,
    report_missing,
    too_many,
)
from p2lang.check.misnamed import no_argument
from p2lang.check.places import LOST
from p2lang.check.remedies import of_argument, of_choice
from p2lang.check.selecting import condition
from p2lang.check.session import Place, Session
from p2lang.check.vocabulary import FOREIGN_LITERALS
from p2lang.diagnostics import Fix, Related
from p2lang.ir import Value
from p2lang.semantics.arguments import accept, accept_new, described, widest
from p2lang.semantics.clash import Clash
from p2lang.semantics.structure import LONGEST_NAME
from p2lang.semantics.values import Typed
from p2lang.signatures import Parameter, Signature
from p2lang.source import Span


@dataclass
class Arguments:
    """A call's arguments with their types, ready for a step. `spans` are places for messages.

    `sound` tells that nothing is wrong, `usable` that at most the values of new columns are.
    """

    typed: dict[str, Typed] = field(default_factory=dict)
    new: list[tuple[str, Typed]] = field(default_factory=list)
    attributes: dict[str, Value] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    named: dict[str, Span] = field(default_factory=dict)
    sound: bool = True
    usable: bool = False


def arguments(
    session: Session,
    place: Place,
    signature: Signature,
    written: tuple[ast.Argument, ...],
    name: Span,
) -> Arguments:
    """Give the typed arguments of a call; what is wrong is reported and leaves `sound` false."""
    before = session.errors
    given = _sorted_out(session, place, signature, written)
    out = Arguments()
    for parameter in signature.parameters:
        items = given.by_parameter.get(parameter.attribute)
        if parameter.variadic == "**":
            out.usable = session.errors == before
            _new_columns(session, _grouped(place, signature, out), signature, parameter, given, out)
        elif items:
            typed = _argument(session, place, signature, parameter, items, out)
            out.typed[parameter.name] = typed
            out.attributes[parameter.name] = typed.value
            out.spans[parameter.name] = _across(items)
    if given.sound:
        report_missing(session, signature, given, name)
    lost = any(typed is LOST for typed in out.typed.values())
    out.sound = session.errors == before and not lost
    out.usable = out.sound or (out.usable and bool(out.new) and not lost)
    return out


def _across(items: list[ast.Argument]) -> Span:
    return items[0].value.span.to(items[-1].value.span)


def _grouped(place: Place, signature: Signature, out: Arguments) -> Place:
    by = out.typed.get("by")
    if by is None or place.columns is None:
        return place
    # After a mistake in `by` any column may be a key.
    names = place.columns.names if by is LOST else by.value[1]
    return replace(place, grouped=frozenset(names))


# ---- which argument is which ---------------------------------------------------------------------


def _sorted_out(
    session: Session, place: Place, signature: Signature, written: tuple[ast.Argument, ...]
) -> Given:
    given = Given()
    in_place = [p for p in signature.parameters if p.variadic != "**"]
    for argument in written:
        if argument.name is not None:
            _named(session, place, signature, argument, argument.name, given)
        else:
            _positional(session, place, signature, argument, in_place, given)
    return given


def _named(
    session: Session,
    place: Place,
    signature: Signature,
    argument: ast.Argument,
    name: ast.Name,
    given: Given,
) -> None:
    spelled = name.text
    parameter = signature.parameter(spelled) or signature.parameter(
        session.registry.spelled(spelled)
    )
    if parameter is not None:
        _take(session, signature, parameter, argument, given)
    elif signature.variadic is not None:
        given.new.append((name, argument))
    else:
        given.sound = False
        no_argument(session, place, signature, argument, name)


def _positional(
    session: Session,
    place: Place,
    signature: Signature,
    argument: ast.Argument,
    in_place: list[Parameter],
    given: Given,
) -> None:
    if compared(session, place, signature, argument, given):
        return
    if decimal_comma(session, argument, given):
        return
    if signature.variadic is not None and is_computed(argument.value):
        given.sound = False
        too_many(session, signature, argument, in_place, given)
        return
    for parameter in in_place:
        if parameter.variadic == "*":
            given.by_parameter.setdefault(parameter.attribute, []).append(argument)
            return
        if parameter.attribute not in given.by_parameter:
            given.by_parameter[parameter.attribute] = [argument]
            return
    given.sound = False
    too_many(session, signature, argument, in_place, given)


def _take(
    session: Session,
    signature: Signature,
    parameter: Parameter,
    argument: ast.Argument,
    given: Given,
) -> None:
    held = given.by_parameter.get(parameter.attribute)
    if held is not None:
        given.sound = False
        session.report(
            "P2-E0222",
            f"{described(signature, parameter)} is given twice",
            argument.span,
            help="delete one of the two",
            related=(Related(held[0].span, "first given here"),),
        )
        return
    given.by_parameter[parameter.attribute] = [argument]


# ---- values --------------------------------------------------------------------------------------


def _argument(
    session: Session,
    place: Place,
    signature: Signature,
    parameter: Parameter,
    items: list[ast.Argument],
    out: Arguments,
) -> Typed:
    if parameter.type == "params":
        return condition(session, place, out.attributes.get("path"), items[0].value)
    if parameter.type == "cols" and signature.facts.sort_keys:
        typed = sort_keys(session, place, items)
    elif parameter.type == "cols":
        typed = columns_argument(session, place, items)
    elif parameter.type in ("col", "numcol"):
        typed = column_argument(session, place, signature, parameter, items[0].value)
    else:
        typed = _value(session, place, signature, parameter, items[0].value)
    try:
        accept(signature, parameter, typed)
    except Clash as clash:
        remedy = of_argument(
            session, place, signature, parameter, items[0], typed=typed, clash=clash
        )
        session.clash(clash, _across(items), remedy)
        return LOST
    return typed


def _value(
    session: Session, place: Place, signature: Signature, parameter: Parameter, node: ast.Expr
) -> Typed:
    if isinstance(node, ast.Column) and parameter.type in ("enum", "str"):
        return _bare_text(session, place, signature, parameter, node)
    setting = parameter.type != "any" and widest(signature, parameter) == "one"
    if isinstance(node, ast.Column) and setting:
        return _bare_setting(session, place, signature, parameter, node)
    looks_at_columns = signature.kind in ("agg", "win") and not setting
    if looks_at_columns and isinstance(node, ast.String) and node.value in place.names:
        return quoted_column(session, place, node)
    return session.expression(session, place, node)


def _bare_text(
    session: Session, place: Place, signature: Signature, parameter: Parameter, node: ast.Column
) -> Typed:
    text = node.name.text
    where = described(signature, parameter)
    if place.scope.binding(text) is not None:
        return _bare_binding(session, where, "text", node)
    if parameter.choices and text not in parameter.choices:
        remedy = of_choice(text, parameter.choices, node.span)
        session.report(
            "P2-E0208", f"{where} cannot be {text}", node.span, help=remedy.help, fix=remedy.fix
        )
        return LOST
    session.report(
        "P2-E0208" if parameter.choices else "P2-E0207",
        f"{where} is text, not a column",
        node.span,
        help=f'write "{text}"',
        fix=Fix(node.span, f'"{text}"'),
    )
    return LOST


def _bare_setting(
    session: Session, place: Place, signature: Signature, parameter: Parameter, node: ast.Column
) -> Typed:
    text = node.name.text
    where = described(signature, parameter)
    wanted = _WANTED.get(parameter.type, "a single value")
    if place.scope.binding(text) is not None:
        return _bare_binding(session, where, wanted, node)
    literal = FOREIGN_LITERALS.get(text, "null")
    if parameter.type == "bool" and literal != "null":
        session.report(
            "P2-E0207",
            f"{where} is {wanted}, not a column",
            node.span,
            help=f"write `{literal}`",
            fix=Fix(node.span, literal),
        )
        return LOST
    several = next((p for p in signature.parameters if p.type == "cols"), None)
    if several is not None and text in place.names:
        session.report(
            "P2-E0207",
            f"{where} is {wanted}, not a column",
            node.span,
            help=f"several columns stand in a list: `{several.name}=[..., {text}]`",
        )
        return LOST
    return _plain(session, where, wanted, node)


def _bare_binding(session: Session, where: str, wanted: str, node: ast.Column) -> Typed:
    session.report(
        "P2-E0207",
        f"{where} is {wanted}, not a column",
        node.span,
        help=f"the binding is written `${node.name.text}`",
        fix=Fix(node.span, f"${node.name.text}"),
    )
    return LOST


def _plain(session: Session, where: str, wanted: str, node: ast.Column) -> Typed:
    session.report(
        "P2-E0223",
        f"{where} is {wanted}, not a column",
        node.span,
        label="this has a value for each row",
        help="write a value, or a `$binding`",
    )
    return LOST


_WANTED = {
    "num": "a number",
    "int": "a whole number",
    "bool": "`true` or `false`",
    "len": "a length",
    "time": "a time",
    "list": "a list",
}


# ---- named new columns ---------------------------------------------------------------------------


def _new_columns(
    session: Session,
    place: Place,
    signature: Signature,
    parameter: Parameter,
    given: Given,
    out: Arguments,
) -> None:
    if not given.new:
        if parameter.type == "agg":
            out.attributes["new"] = ["new", []]
        return
    _unique_names(session, given)
    out.named = {name.text: name.span for name, _ in given.new}
    special = new_names(session, place, signature, parameter, given.new)
    if special is not None:
        out.attributes["new"] = special
        return
    place = replace(place, beside=frozenset(out.named))
    for name, argument in given.new:
        if _names_aggregate(session, place, signature, parameter, name, argument):
            out.new.append((name.text, LOST))
            continue
        typed = session.expression(session, place, argument.value)
        try:
            accept_new(signature, name.text, parameter.type, typed)
        except Clash as clash:
            session.clash(clash, argument.value.span)
            typed = LOST
        out.new.append((name.text, typed))
        out.spans[name.text] = argument.span
    out.attributes["new"] = ["new", [[name, typed.value] for name, typed in out.new]]


def _names_aggregate(
    session: Session,
    place: Place,
    signature: Signature,
    parameter: Parameter,
    name: ast.Name,
    argument: ast.Argument,
) -> bool:
    """Report `summary(m = "mean")`."""
    node = argument.value
    if parameter.type != "agg" or not isinstance(node, ast.String):
        return False
    function = session.registry.expression(node.value)
    if function is None or function.kind != "agg":
        return False
    column = name.text if name.text in place.names else "column"
    mended = f"{node.value}({column})" if function.parameters else f"{node.value}()"
    session.report(
        "P2-E0212",
        f"`{name.text}` is a text, not an aggregate",
        node.span,
        help=f"write `{name.text} = {mended}`",
        fix=Fix(node.span, mended) if column != "column" or not function.parameters else None,
    )
    return True


def _unique_names(session: Session, given: Given) -> None:
    seen: dict[str, ast.Name] = {}
    for name, _ in given.new:
        if len(name.text) > LONGEST_NAME:
            session.report(
                "P2-E0225",
                f"this column's name has {len(name.text)} characters; at most {LONGEST_NAME} are taken",
                name.span,
                help="choose a shorter name",
            )
        if name.text in seen:
            session.report(
                "P2-E0225",
                f"`{name.text}` is named twice",
                name.span,
                related=(Related(seen[name.text].span, "first named here"),),
                help="columns of one step are computed side by side; use a second step to build on the first",
            )
        seen.setdefault(name.text, name)
