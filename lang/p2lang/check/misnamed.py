"""Arguments by a name that the operation does not have: what is meant, in one message."""

from __future__ import annotations

from dataclasses import dataclass

from p2lang import ast
from p2lang.check.session import Place, Session
from p2lang.check.vocabulary import ARGUMENTS_OTHERWISE
from p2lang.check.words import FOREIGN_ARGUMENTS, FOREIGN_ARGUMENTS_OF, nearest
from p2lang.diagnostics import Fix
from p2lang.semantics.structure import reads_bundle
from p2lang.signatures import Parameter, Signature
from p2lang.source import Span

_LISTING = frozenset(("by", "columns", "cols", "on", "col", "column", "subset", "key"))
_DIRECTIONS = frozenset(("descending", "desc", "reverse", "ascending", "asc", "decreasing", "dir"))


@dataclass(frozen=True)
class _Unknown:
    """`name=value` in a call of an operation that has no such parameter."""

    session: Session
    place: Place
    signature: Signature
    argument: ast.Argument
    name: ast.Name

    @property
    def message(self) -> str:
        return f"`{self.signature.name}` has no argument `{self.name.text}`"

    @property
    def listed(self) -> Parameter | None:
        """Give the parameter that takes all columns without a name."""
        return next((p for p in self.signature.parameters if p.variadic == "*"), None)


def parameters_of(signature: Signature) -> str:
    """Give the names of what an operation takes, for a note."""
    names = [p.name for p in signature.parameters if p.variadic != "**"]
    return f"arguments: {', '.join(names)}" if names else ""


def no_argument(
    session: Session, place: Place, signature: Signature, argument: ast.Argument, name: ast.Name
) -> None:
    """Report an argument whose name the operation does not have."""
    unknown = _Unknown(session, place, signature, argument, name)
    if not any(told(unknown) for told in (_compares, _directs, _is_turned, _lists)):
        _misnamed(unknown)


def _compares(unknown: _Unknown) -> bool:
    """Report `filter(step = 3)`."""
    name, wanted = unknown.name, unknown.signature.parameters[:1]
    columns = unknown.place.columns
    if columns is None or name.text not in columns or not any(p.type == "bool" for p in wanted):
        return False
    equals = Span(name.span.end, unknown.argument.value.span.start)
    unknown.session.report(
        "P2-E0101",
        "`=` does not compare",
        unknown.argument.span,
        label=f"{unknown.message}, but there is a column {name.text}",
        help="use `==` to compare",
        fix=Fix(equals, " == "),
    )
    return True


def _directs(unknown: _Unknown) -> bool:
    """Report `sort(reward, descending=true)`."""
    if not unknown.signature.facts.sort_keys or unknown.name.text not in _DIRECTIONS:
        return False
    unknown.session.report(
        "P2-E0205",
        unknown.message,
        unknown.name.span,
        help=f"write `{unknown.signature.name}(desc(column))` to begin with the largest",
    )
    return True


def _is_turned(unknown: _Unknown) -> bool:
    """Report `line(step=x)`."""
    turned, place = unknown.argument.value, unknown.place
    if not isinstance(turned, ast.Column) or place.open or unknown.name.text not in place.names:
        return False
    parameter = unknown.signature.parameter(turned.name.text)
    if parameter is None or parameter.type not in ("col", "numcol", "cols"):
        return False
    mended = f"{turned.name.text}={unknown.session.source.slice(unknown.name.span)}"
    unknown.session.report(
        "P2-E0205",
        unknown.message,
        unknown.argument.span,
        help=f"the argument stands on the left: write `{mended}`",
        fix=Fix(unknown.argument.span, mended),
    )
    return True


def _lists(unknown: _Unknown) -> bool:
    """Report `select(columns=[step, reward])`."""
    if unknown.listed is None or unknown.name.text not in _LISTING:
        return False
    operation = unknown.signature.name
    value = unknown.session.source.slice(unknown.argument.value.span)
    unknown.session.report(
        "P2-E0205",
        f"the columns of `{operation}` are given without a name",
        unknown.name.span,
        help=f"write `{operation}({value})`",
        fix=Fix(unknown.argument.span, value),
    )
    return True


def _misnamed(unknown: _Unknown) -> None:
    """Report a name that is close to a parameter's, another tool's, or nothing that is known."""
    signature, wrong, span = unknown.signature, unknown.name.text, unknown.name.span
    foreign = next((a for a in FOREIGN_ARGUMENTS.get(wrong, ()) if a in signature.by_name), None)
    foreign = FOREIGN_ARGUMENTS_OF.get((signature.name, wrong), foreign)
    close = foreign or nearest(wrong, signature.by_name)
    otherwise = _otherwise(unknown, foreign, close)
    if otherwise:
        unknown.session.report(
            "P2-E0205", unknown.message, span, help=otherwise, note=parameters_of(signature)
        )
        return
    meant = close or _only(unknown)
    unknown.session.report(
        "P2-E0205",
        unknown.message,
        span,
        help=f"did you mean `{meant}`?" if meant else "",
        note=parameters_of(signature),
        fix=Fix(span, close) if close else None,
    )


def _otherwise(unknown: _Unknown, foreign: str | None, close: str | None) -> str:
    """Give what to do where no argument is like it."""
    argument = unknown.argument
    if not close and reads_bundle(unknown.signature):
        return f"rows are kept by a step: `| filter({unknown.name.text} == ...)`"
    if unknown.listed is not None and not close and isinstance(argument.value, ast.Column):
        renamed = unknown.session.source.slice(argument.span)
        return f"`{unknown.signature.name}` keeps names; write `| rename({renamed})`"
    return "" if foreign else ARGUMENTS_OTHERWISE.get(unknown.name.text, "")


def _only(unknown: _Unknown) -> str | None:
    """Give the one parameter of an operation that takes nothing else by name."""
    signature = unknown.signature
    several = signature.variadic is not None or unknown.listed is not None
    names = [*signature.by_name]
    return names[0] if len(names) == 1 and not several else None
