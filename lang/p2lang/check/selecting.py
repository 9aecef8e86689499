"""What chooses among bundles: the condition on their params in `where`, the table, the span of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from p2lang import ast
from p2lang.check.model import UnusableBundle
from p2lang.check.places import LOST
from p2lang.check.session import Place, Session
from p2lang.check.words import nearest
from p2lang.diagnostics import Fix
from p2lang.ir import Value
from p2lang.semantics import units
from p2lang.semantics.clash import Clash
from p2lang.semantics.selection import COMPARISONS, IS_NULL, comparison
from p2lang.semantics.values import BOOL, Typed, ValueType
from p2lang.source import Span
from p2lang.types import ColumnType

_SHOWN = 8


def condition(session: Session, place: Place, path: Value | None, node: ast.Expr) -> Typed:
    """Give the condition on the params of the bundles at `path`; what is wrong is reported."""
    text = path[1] if path is not None and path[0] == "str" else None
    known = None if text is None else session.schemas.params_of(text)
    before = session.errors
    value = _Condition(session, place, text, known).of(node)
    return LOST if value is None or session.errors > before else Typed(value, BOOL)


class _Condition:
    """Reads one condition; `params` are None where nobody knows the bundles."""

    def __init__(
        self,
        session: Session,
        place: Place,
        path: str | None,
        params: Mapping[str, ColumnType] | None,
    ) -> None:
        self.session = session
        self.place = place
        self.path = path
        self.params = params

    def of(self, node: ast.Expr) -> Value | None:
        """Give the tagged value of a condition, None after a report."""
        node = _bare(node)
        if isinstance(node, ast.Binary) and node.operator in ("and", "or"):
            left, right = self.of(node.left), self.of(node.right)
            return None if left is None or right is None else ["op", node.operator, left, right]
        if isinstance(node, ast.Unary) and node.operator == "not":
            inner = self.of(node.operand)
            return None if inner is None else ["not", inner]
        if isinstance(node, ast.Binary) and node.operator in (*COMPARISONS, "in"):
            return self._comparison(node)
        if isinstance(node, ast.Column):
            return self._alone(node)
        if isinstance(node, ast.Call) and (column := _of_isnull(node)) is not None:
            kind = self._param(column, node.span)
            named = ["param", column.name.text]
            return None if kind is None else ["call", IS_NULL, {"x": named}]
        self._no_comparison(node.span)
        return None

    def _alone(self, node: ast.Column) -> Value | None:
        kind = self._param(node, node.span)
        if kind is None:
            return None
        if kind.kind not in ("bool", "any"):
            value = "1" if kind.is_numeric else '"text"'
            self.session.report(
                "P2-E0213",
                f"a condition is true or false, and the param {node.name.text}"
                f" is {_KINDS.get(kind.kind, kind.kind)}",
                node.span,
                help=f"compare it: `{self._written(node)} == {value}`",
            )
            return None
        return ["param", node.name.text]

    def _comparison(self, node: ast.Binary) -> Value | None:
        left, right, operator = _bare(node.left), _bare(node.right), node.operator
        turned = not isinstance(left, ast.Column) and isinstance(right, ast.Column)
        if turned and operator in COMPARISONS:
            left, right, operator = right, left, COMPARISONS[operator]
        if not isinstance(left, ast.Column):
            self._no_comparison(node.span)
            return None
        kind = self._param(left, node.span)
        other = next((n for n in ast.walk(right) if isinstance(n, ast.Column)), None)
        if kind is None or (other is not None and self._param(other, node.span) is None):
            return None
        if other is not None:
            self.session.report(
                "P2-E0272",
                "`where` compares a param with a value that is known before the run, not with another param",
                other.span,
                help=f"look at the rows instead: `| filter({self._written(node)})`",
            )
            return None
        return self._compared(left, kind, operator, right)

    def _compared(
        self, left: ast.Column, kind: ColumnType, operator: str, right: ast.Expr
    ) -> Value | None:
        outside = replace(self.place, columns=None, open=False, step=None)
        typed = self.session.expression(self.session, outside, right)
        if typed.type.kind == "unknown":
            return None
        value = ["op", operator, ["param", left.name.text], typed.value]
        try:
            _fits(left.name.text, kind, operator, typed.type)
            comparison(value)
        except Clash as clash:
            self.session.clash(clash, right.span)
            return None
        return value

    # ---- what is no param ------------------------------------------------------------------------

    def _param(self, node: ast.Column, around: Span) -> ColumnType | None:
        """Give what a param holds, None after a report of a name that is none."""
        name = node.name.text
        if self.params is None:
            return ColumnType("any", nullable=True)
        if name in self.params:
            return self.params[name]
        if self.place.scope.binding(name) is not None:
            self.session.report(
                "P2-E0271",
                f"{name} is no param of these bundles",
                node.span,
                help=f"the binding is written `${name}`",
                fix=Fix(node.span, f"${name}"),
            )
        elif name in self._columns():
            self.session.report(
                "P2-E0271",
                f"`where` looks at the params of bundles, and {name} is a column of their rows",
                node.span,
                help=f"rows are looked at in a step after it: `| filter({self.session.source.slice(around)})`",
                note=self._listed(),
            )
        else:
            self._unknown(name, node.span)
        return None

    def _unknown(self, name: str, span: Span) -> None:
        params = self.params or {}
        close = nearest(name, tuple(params))
        self.session.report(
            "P2-E0271",
            f'no bundle in "{self.path}" has a param {name}',
            span,
            help=f"did you mean `{close}`?" if close else "",
            note=self._listed(),
            fix=Fix(span, close) if close else None,
        )

    def _listed(self) -> str:
        names = sorted(self.params or {})
        if not names:
            return "these bundles have no params"
        more = f", ... ({len(names)} in all)" if len(names) > _SHOWN else ""
        return f"params here: {', '.join(names[:_SHOWN])}{more}"

    def _columns(self) -> tuple[str, ...]:
        try:
            found = None if self.path is None else self.session.schemas.find(self.path)
        except UnusableBundle:
            return ()
        return () if found is None else found.names

    def _no_comparison(self, span: Span) -> None:
        self.session.report(
            "P2-E0272",
            "`where` compares params with values that are known before the run",
            span,
            help="write for example `lr > 0.1`; what is computed from rows stands in a step after it: `| filter(...)`",
        )

    def _written(self, node: ast.Expr) -> str:
        return self.session.source.slice(node.span)


def _fits(name: str, kind: ColumnType, operator: str, value: ValueType) -> None:
    """Raise Clash unless a param can be compared with such a value."""
    wanted = value
    if operator == "in":
        if value.kind not in ("list", "range"):
            raise Clash(
                "P2-E0213",
                "`in` needs a list or a range on its right",
                help="write `in [0.1, 0.2]` or `in 0.1..0.2`",
            )
        wanted = value.item or value
    elif not value.is_scalar:
        raise Clash(
            "P2-E0213",
            f"a param is compared with one value, not with a {value.kind}",
            help=f"write `{name} in [...]` for one of several values",
        )
    if value.kind == "null" or wanted.kind == "null":
        raise Clash(
            "P2-E0224",
            "nothing is equal to null, or greater or less",
            help=f"write `isnull({name})` or `not isnull({name})`",
        )
    if wanted.kind in ("any", "unknown") or kind.kind == "any":
        return
    if kind.kind != wanted.kind and not (kind.is_numeric and wanted.is_numeric):
        holds, other = (_KINDS.get(k, k) for k in (kind.kind, wanted.kind))
        raise Clash(
            "P2-E0213",
            f"the param {name} is {holds}, and this is {other}",
            help=_WRITTEN.get(kind.kind, "write a number, without quotes"),
        )
    if wanted.unit and wanted.unit not in units.CHECKED:
        raise Clash("P2-E0214", f"the param {name} has no unit, and this is in {wanted.unit}")


_WRITTEN = {
    "string": 'text has quotes: `"adam"`',
    "bool": "write `true` or `false`, or the param alone",
}
_KINDS = {
    "int": "a number",
    "number": "a number",
    "time": "a number",
    "string": "text",
    "bool": "true or false",
}


def _bare(node: ast.Expr) -> ast.Expr:
    """Give what stands in brackets."""
    while isinstance(node, ast.Paren) and not node.flow.stages:
        inside = node.flow.head
        if inside is None or isinstance(inside, ast.Box):
            break
        node = inside
    return node


def _of_isnull(node: ast.Call) -> ast.Column | None:
    if node.name.text != "isnull" or len(node.arguments) != 1:
        return None
    given = _bare(node.arguments[0].value)
    return given if isinstance(given, ast.Column) else None
