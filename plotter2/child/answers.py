"""What a task asks for by name, as tables: links computed from what they lead to, exposed tables, collected ones.

A link is a script of its own: its module is verified here like any other, and only its one flow is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from p2lang.semantics.promises import columns_of
from p2lang.semantics.structure import LINK, NEED, TASK
from p2lang.types import TableSchema, schemas_from_json
from p2lang.verifier import Program, ProgramNode
from p2std.errors import NotComputable
from p2std.table import collected
from plotter2.child.counting import require_rows
from plotter2.child.interpreter import Interpreter
from plotter2.child.ready import verified
from plotter2.child.run_codes import LINK_DIFFERS, NO_ANSWER
from plotter2.child.tables import StoredTables, missing_of, read_table
from plotter2.errors import RunError
from plotter2.wire.inputs import InputTable, LinkProgram, collected_path

_STEP = "step"


@dataclass
class Answers:
    """The answers of a job; `stored` has the bytes."""

    stored: StoredTables
    tables: Mapping[str, InputTable]
    links: Mapping[str, LinkProgram]

    def rows_of(self, node: ProgramNode, step: int | None) -> pl.DataFrame:
        """Give the columns of a source that names no bundle.

        Raises RunError P2-R0602 to P2-R0605, P2-R0643, P2-R0644.
        """
        name = asked_for(node)
        table = self.tables.get(name)
        if table is None:
            raise _nothing_answers(name)
        assert node.schema is not None
        if name in self.links:
            frame = self._linked(node, table, self.links[name], step)
        else:
            frame = self._given(node, table, step)
        require_rows(node, frame.height)
        self.stored.note(node.id, name, missing_of(frame))
        return frame

    def require_exposed(self, node: ProgramNode) -> None:
        """Raise RunError P2-R0643 when a task reads by name what no task exposed yet."""
        if not self.stored.has(node):
            raise _nothing_answers(str(node.node.attributes["path"][1]))

    def _given(self, node: ProgramNode, table: InputTable, step: int | None) -> pl.DataFrame:
        """Read a table that was exposed, or what was collected: it has the declared columns."""
        assert node.schema is not None
        if step is None:
            return read_table(table, node.schema, node.schema.names, self.stored.content_of).frame
        whole = TableSchema(columns_of(node.node.attributes["type"]), node.schema.rows)
        if _STEP not in whole:
            raise _no_steps(table.path)
        names = tuple(dict.fromkeys((*node.schema.names, _STEP)))
        frame = read_table(table, whole, names, self.stored.content_of).frame
        return frame.filter(pl.col(_STEP) == step).select(node.schema.names)

    def _linked(
        self, node: ProgramNode, table: InputTable, link: LinkProgram, step: int | None
    ) -> pl.DataFrame:
        """Compute a link from the rows that it leads to, and hold the result against what is asked for."""
        program, found = _program_of(link)
        source = _LinkSource(table, schemas_from_json(link.schemas), self.stored, step)
        params = program.bind({}, link.task or None)
        interpreter = Interpreter(program, params, source)
        given = interpreter.flow(str(found.flow))
        assert node.schema is not None
        wrong = [
            name for name, column in node.schema.columns
            if name not in given.schema or not _answers(given.schema, name, column.kind, column.unit)
        ]  # fmt: skip
        if wrong:
            raise RunError(
                LINK_DIFFERS,
                f"the link that answers {node.node.attributes['name'][1]!r} does not give"
                f" {wrong[0]}: {node.schema[wrong[0]]}",
                help="check the script again: the bundle or the link may have changed",
            )
        return collected(given.frame.select(node.schema.names))


@dataclass
class _LinkSource:
    """Reads the one table that a link leads to; of one step when a step is asked for."""

    table: InputTable
    schemas: Mapping[str, TableSchema]
    stored: StoredTables
    step: int | None

    def __call__(self, node: ProgramNode) -> pl.DataFrame:
        assert node.schema is not None
        names = node.schema.names
        if self.step is None:
            return read_table(self.table, node.schema, names, self.stored.content_of).frame
        whole = self.schemas[str(node.node.attributes["path"][1])]
        if _STEP not in whole:
            raise _no_steps(self.table.path)
        wanted = tuple(dict.fromkeys((*names, _STEP)))
        frame = read_table(self.table, whole, wanted, self.stored.content_of).frame
        return frame.filter(pl.col(_STEP) == self.step).select(names)


def _nothing_answers(name: str) -> RunError:
    return RunError(
        NO_ANSWER,
        f"nothing answers for {name!r} here",
        help="plotter2 links BUNDLE shows what answers and why the rest does not; what tasks exposed stands in"
        f' plotter2 show BUNDLE: ask first with `when "{name}" in exposed()`',
    )


def asked_for(node: ProgramNode) -> str:
    """Give the name under which the job has what a source asks for."""
    attributes = node.node.attributes
    if node.node.op == NEED.full_name:
        return str(attributes["name"][1])
    task = str(attributes["tasks"][2]["name"][1])
    return collected_path(task, str(attributes.get("name", ["str", ""])[1]))


def is_asked_for(node: ProgramNode) -> bool:
    """Tell whether a source asks for an answer instead of naming a bundle."""
    return node.node.op == NEED.full_name or node.signature.name == "collect"


def _program_of(link: LinkProgram) -> tuple[Program, ProgramNode]:
    """Verify the script of a link and find the link in it. Raises RunError P2-V05xx, P2-R0644."""
    program = verified(link, "script of the link")
    for node in program.nodes:
        named = node.node.attributes.get("name") == ["str", link.link]
        task = node.node.attributes.get(TASK, ["str", ""])[1]
        if node.node.op == LINK.full_name and named and task == link.task:
            return program, node
    raise RunError(
        LINK_DIFFERS,
        f"the script that answers has no link {link.link!r}",
        help="attach the script again",
    )


def _answers(given: TableSchema, name: str, kind: str, unit: str) -> bool:
    here = given[name]
    return (here.kind, here.unit) == (kind, unit) or (here.kind, kind) == ("int", "number")


def _no_steps(path: str) -> NotComputable:
    return NotComputable(
        "P2-R0614",
        f"a step is asked for, and what answers ({path}) has no column step",
        "leave step out, or record the table with its steps",
    )
