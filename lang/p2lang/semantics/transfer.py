"""What shape of table an operation gives: columns with types, and an upper bound of rows. Schema in, schema out.

Operations that are not named here hand on the table they take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from p2lang.semantics.application import Application
from p2lang.semantics.bounds import upper
from p2lang.semantics.clash import Clash
from p2lang.semantics.films import STATE, check_place
from p2lang.semantics.promises import columns_of, keep
from p2lang.semantics.sources import MOST_ROWS, collect, need, sweep
from p2lang.semantics.structure import DELIVERED, HELD, NO_TABLE, TABLES, read_to_choose
from p2lang.semantics.values import Typed, of_column, units_differ
from p2lang.signatures import Signature
from p2lang.types import ColumnType, TableSchema

ROWS_OF_NOTHING = 10_000
"""Rows that a step in Python may give which takes no table from the left, beside those that it reads."""

CAST_KINDS = ("int", "number", "string", "bool", "time")
_Columns = dict[str, ColumnType]

__all__ = [
    "CAST_KINDS",
    "Application",
    "keeps_columns",
    "schema_after",
]


def schema_after(application: Application) -> TableSchema | None:
    """Give the table an operation gives, or for a view the columns its marks may name; None when it gives neither.

    Raises Clash when the columns do not suit the operation.
    """
    signature = application.signature
    check_place(signature, application.attributes, application.values)
    if signature.full_name in HELD:
        return _shared(application.parts) if signature.gives == "view" else None
    if signature.facts.numeric_columns:
        _all_numeric(application)
    if signature.kind == "source":
        return _SOURCES.get(signature.name, _bundle)(application)
    if application.flow is None or signature.gives not in ("table", "view"):
        return None
    rule = _STEPS.get(signature.name)
    return application.flow if rule is None else rule(application, application.flow)


def _shared(parts: tuple[TableSchema, ...]) -> TableSchema | None:
    """Give the columns of the parts of a frame that mean the same in all that have them.

    What stands after the frame may name these; a part without such a column takes no part in what it is named for.
    """
    if not parts:
        return None
    shared: _Columns = {}
    for name in dict.fromkeys(name for part in parts for name in part.names):
        first, *others = [part[name] for part in parts if name in part]
        if all((first.kind, first.unit) == (other.kind, other.unit) for other in others):
            nullable = any(column.nullable for column in (first, *others))
            shared[name] = ColumnType(first.kind, nullable, first.unit)
    return _schema(shared, sum(part.rows for part in parts))


def keeps_columns(signature: Signature) -> bool:
    """Tell whether an operation hands on the columns it takes and no others, whatever its arguments."""
    return signature.kind != "source" and signature.name not in _OTHER_COLUMNS


_OTHER_COLUMNS = frozenset(
    ("select", "derive", "summary", "rename", "label", "pca", "kmeans", "join", "script", "made", "simulate")
)  # fmt: skip


# ---- sources -------------------------------------------------------------------------------------


def _bundle(application: Application) -> TableSchema | None:
    schema = application.bundle
    if schema is None:
        return None
    _chosen_by(application, schema)
    if DELIVERED not in application.attributes:
        return schema
    # The module names them in alphabetical order, so that it does not depend on the bundle's; rows keep the bundle's.
    delivered = frozenset(application.columns("cols"))
    return _kept(schema, tuple(n for n in schema.names if n in delivered), schema.rows)


def _chosen_by(application: Application, schema: TableSchema) -> None:
    """Raise Clash when a source leaves out a column that it chooses its rows by."""
    delivered = application.columns(DELIVERED) or schema.names
    for name in read_to_choose(application.attributes):
        if name not in schema:
            raise Clash(
                "P2-E0201",
                f"`{name}` of `{application.signature.name}` chooses rows by a column {name},"
                " and there is none here",
                help="leave it out, or put a `| filter(...)` by another column after it",
                argument=name,
            )
        if name not in delivered:
            raise Clash(
                "P2-E0201",
                f"`{application.signature.name}` chooses rows by {name}, and does not read it",
                argument=name,
            )


def _union(application: Application) -> TableSchema:
    first, second = application.table("a"), application.table("b")
    columns: _Columns = {}
    for name in dict.fromkeys((*first.names, *second.names)):
        left, right = first.get(name), second.get(name)
        if left is None or right is None:
            known = left or right
            assert known is not None
            columns[name] = known.optional()
        else:
            columns[name] = _stacked(name, left, right)
    return _schema(columns, first.rows + second.rows)


def _stacked(name: str, left: ColumnType, right: ColumnType) -> ColumnType:
    same = left.kind == right.kind or (left.is_numeric and right.is_numeric)
    if not same or units_differ(of_column(left), of_column(right)):
        raise Clash(
            "P2-E0213",
            f"the two tables cannot be stacked: {name} is {left} in one and {right} in the other",
            help=f"put `| cast({name}=...)` or `| rename(...)` before `union`",
            argument="b",
        )
    kind = left.kind if left.kind == right.kind else "number"
    return ColumnType(kind, left.nullable or right.nullable, left.unit)


_SOURCES: dict[str, Callable[[Application], TableSchema | None]] = {
    "union": _union,
    "need": need,
    "collect": collect,
    "sweep": sweep,
}


# ---- steps ---------------------------------------------------------------------------------------


def _select(application: Application, flow: TableSchema) -> TableSchema:
    return _kept(flow, application.columns("cols"), flow.rows)


def _derive(application: Application, flow: TableSchema) -> TableSchema:
    return _added(flow, ((name, typed.type.as_column()) for name, typed in application.new))


def _summary(application: Application, flow: TableSchema) -> TableSchema:
    by = application.columns("by")
    if not by and not application.new:
        raise Clash(
            "P2-E0206",
            f"`{application.signature.name}` needs `by` or a new column",
            help="write `summary(by=column, name = mean(column))`",
        )
    columns: _Columns = {name: flow[name] for name in by}
    for name, typed in application.new:
        if name in columns:
            raise Clash(
                "P2-E0225",
                f"`{name}` is named twice: in `by` and as a new column",
                help="give the new column another name",
                argument=name,
            )
        columns[name] = typed.type.as_column()
    return _schema(columns, flow.rows if by else 1)


def _simulate(application: Application, flow: TableSchema) -> TableSchema:
    if STATE in flow:
        raise Clash(
            "P2-E0225",
            f"`simulate` adds the column {STATE}, and there is one already",
            help=f"put `| rename(start = {STATE})` before it",
        )
    if not application.new:
        raise Clash(
            "P2-E0206",
            "`simulate` needs to know how a state follows from the one before",
            help="write `simulate(steps=100, x = x + v, ...)` with columns of the table",
        )
    changed = [(name, _state_after(name, typed, flow)) for name, typed in application.new]
    steps = application.attributes.get("steps")
    most = None if steps is None else upper(steps, application.bounds)
    rows = flow.rows * ((_MOST_STEPS if most is None else most) + 1)
    columns = {**dict(flow.columns), **dict(changed), STATE: ColumnType("int")}
    return _schema(columns, rows)


_MOST_STEPS = 5000


def _state_after(name: str, typed: Typed, flow: TableSchema) -> ColumnType:
    start = flow.get(name)
    if start is None:
        raise Clash(
            "P2-E0201",
            f"there is no column {name} to start from",
            help=f"put its first value into the table: `| derive({name} = 0.0)` before `simulate`",
            argument=name,
        )
    later = typed.type.as_column()
    same = later.kind in (start.kind, "any") or (start.kind, later.kind) == ("number", "int")
    if not same or units_differ(of_column(start), typed.type):
        help = (
            f'let it start as a number: `| cast({name}="number")` before `simulate`'
            if (start.kind, later.kind) == ("int", "number")
            else "a column keeps its type and unit from state to state"
        )
        raise Clash(
            "P2-E0213",
            f"{name} is {start} at the start, and {later} in the states after it",
            help=help,
            argument=name,
        )
    return ColumnType(start.kind, start.nullable or later.nullable, start.unit)


def _rename(application: Application, flow: TableSchema) -> TableSchema:
    new_names = {old: new for new, old in application.attributes["new"][1]}
    columns: _Columns = {}
    for name, column in flow.columns:
        new = new_names.get(name, name)
        if new in columns or (new != name and new in flow and new not in new_names):
            raise Clash(
                "P2-E0225",
                f"there is a column {new} already",
                help="choose another name",
                argument=new,
            )
        columns[new] = column
    return _schema(columns, flow.rows)


def _cast(application: Application, flow: TableSchema) -> TableSchema:
    changes: _Columns = {}
    for name, kind in application.attributes["new"][1]:
        old = flow[name]
        unit = old.unit if kind in ("int", "number") else ""
        changes[name] = ColumnType(kind, old.nullable, unit)
    return _added(flow, changes.items())


def _drop_nulls(application: Application, flow: TableSchema) -> TableSchema:
    cleaned = ((name, flow[name].given()) for name in application.columns("cols"))
    return _added(flow, cleaned)


def _label(application: Application, flow: TableSchema) -> TableSchema:
    by = flow[application.attributes["by"][1]]
    return _added(flow, [("label", ColumnType("string", by.nullable))])


def _scale(application: Application, flow: TableSchema) -> TableSchema:
    scaled = ((n, ColumnType("number", flow[n].nullable)) for n in application.columns("cols"))
    return _added(flow, scaled)


def _pca(application: Application, flow: TableSchema) -> TableSchema:
    nullable = any(flow[name].nullable for name in application.columns("cols"))
    value = application.attributes.get("n", ["int", 2])
    if value[0] != "int" or not 1 <= value[1] <= _MOST_COMPONENTS:
        raise Clash(
            "P2-E0223",
            f"`n` of `{application.signature.name}` is a whole number from 1 to {_MOST_COMPONENTS}, as written",
            help="the number of new columns must be known before the run",
            argument="n",
        )
    most = len(application.columns("cols"))
    if value[1] > most:
        raise Clash(
            "P2-E0223",
            f"`{application.signature.name}` cannot make {value[1]} components of {most} columns",
            help=f"write `n={most}`, or name more columns",
            argument="n",
        )
    new = [(f"pc{i + 1}", ColumnType("number", nullable)) for i in range(value[1])]
    return _added(flow, new)


_MOST_COMPONENTS = 64


def _kmeans(application: Application, flow: TableSchema) -> TableSchema:
    nullable = "max_distance" in application.attributes or any(
        flow[name].nullable for name in application.columns("on")
    )
    return _added(flow, [("cluster", ColumnType("int", nullable))])


def _join(application: Application, flow: TableSchema) -> TableSchema:
    other = application.table("other")
    keys = application.columns("on")
    columns: _Columns = dict(flow.columns)
    for name, column in other.columns:
        if name in keys:
            _stacked(name, columns[name], column)
        elif name in columns:
            raise _doubled([c for c, _ in other.columns if c in columns and c not in keys])
        else:
            columns[name] = column
    return _schema(columns, _most_pairs(application, max(flow.rows, other.rows)))


def _doubled(names: list[str]) -> Clash:
    first, *more = names
    listed = ", ".join(names[:_NAMED])
    if names[_NAMED:]:
        listed += f" and {len(names) - _NAMED} more"
    return Clash(
        "P2-E0225",
        f"both tables have the columns {listed}" if more else f"both tables have a column {first}",
        help="keep only what is needed of the other one, `| select(...)`, or add them to `on=`"
        if more
        else f"add it to `on=`, or `| rename(other_{first} = {first})` one of them",
        argument="other",
    )


_NAMED = 6


def _most_pairs(application: Application, of_larger: int) -> int:
    """Give the rows that a join may have: what `rows` says, else those of the larger table. The run holds to it."""
    value = application.attributes.get("rows")
    most = of_larger if value is None else upper(value, application.bounds)
    if most is None:
        raise Clash(
            "P2-E0223",
            f"`rows` of `{application.signature.name}` bounds the work, and nothing bounds it",
            help="write a number, or a param with a range",
            argument="rows",
        )
    return most


def _fewer(name: str) -> Callable[[Application, TableSchema], TableSchema]:
    def rule(application: Application, flow: TableSchema) -> TableSchema:
        parameter = application.signature.parameter(name)
        default = None if parameter is None else parameter.default_value
        value = application.attributes.get(name, default)
        most = None if value is None else upper(value, application.bounds)
        return flow if most is None or most >= flow.rows else replace(flow, rows=most)

    return rule


def _script(application: Application, flow: TableSchema) -> TableSchema:
    name = str(application.attributes["name"][1])
    takes, gives = application.attributes["takes"], application.attributes["gives"]
    keep(f"the table that `{name}` takes", columns_of(takes), flow)
    read = (application.table(table) for table in TABLES if table in application.attributes)
    rows = flow.rows + sum(table.rows for table in read)
    alone = application.attributes["params"][1][0][0] == NO_TABLE
    return TableSchema(columns_of(gives), rows + (ROWS_OF_NOTHING if alone else 0))


def _made(application: Application, flow: TableSchema) -> TableSchema:
    rows = application.attributes.get("rows", ["int", flow.rows])
    if rows[0] != "int" or not 1 <= rows[1] <= MOST_ROWS:
        raise Clash(
            "P2-E0226",
            f"`rows` is a whole number from 1 to {MOST_ROWS:,} that bounds the work",
            argument="rows",
        )
    return TableSchema(columns_of(application.attributes["type"]), rows[1])


_STEPS: dict[str, Callable[[Application, TableSchema], TableSchema]] = {
    "select": _select,
    "derive": _derive,
    "simulate": _simulate,
    "summary": _summary,
    "rename": _rename,
    "cast": _cast,
    "drop_nulls": _drop_nulls,
    "label": _label,
    "scale": _scale,
    "pca": _pca,
    "kmeans": _kmeans,
    "join": _join,
    "script": _script,
    "made": _made,
    "head": _fewer("n"),
    "sample": _fewer("rows"),
}


# ---- columns -------------------------------------------------------------------------------------


def _all_numeric(application: Application) -> None:
    name = "on" if "on" in application.attributes else "cols"
    example = "on=[...]" if name == "on" else 'cols("...")'
    for column in application.columns(name):
        kind = None if application.flow is None else application.flow[column].kind
        if kind not in ("int", "number", "any"):
            raise Clash(
                "P2-E0207",
                f"`{application.signature.name}` needs numbers, but {column} is {kind}",
                help=f"leave {column} out, or name columns of numbers: `{application.signature.name}({example})`",
                argument=name,
                column=column,
            )


def _kept(schema: TableSchema, names: tuple[str, ...], rows: int) -> TableSchema:
    return TableSchema(tuple((name, schema[name]) for name in names), rows)


def _added(schema: TableSchema, columns: Iterable[tuple[str, ColumnType]]) -> TableSchema:
    return _schema({**schema.by_name, **dict(columns)}, schema.rows)


def _schema(columns: _Columns, rows: int) -> TableSchema:
    return TableSchema(tuple(columns.items()), rows)
