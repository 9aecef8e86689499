"""Parts of runs in sealed memory become one table in the schema's order and types."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from p2lang.types import schema_from_json
from plotter2.child.tables import ReadTable, read_table
from plotter2.errors import RunError
from plotter2.wire.inputs import RunInputs, decode_inputs
from plotter2.wire.memory import mapped
from running_programs import Part, sealed_job

SCHEMA = {"run": "string", "lr": "number", "step": "int", "reward": "number?"}


def read(parts: list[Part], cols: dict[str, str], names: list[str] | None = None) -> ReadTable:
    schema = schema_from_json({"rows": 1000, "cols": cols})
    with sealed_job("{}", {}, {"e/*": parts}) as fds:
        inputs: RunInputs = decode_inputs(bytes(mapped(fds[2])))
        data = mapped(fds[3])
        return read_table(
            inputs.tables[0],
            schema,
            names or list(schema.names),
            lambda place: bytes(data[place.offset : place.offset + place.length]),
        )


def part(run: int, rows: int = 3, **more: Any) -> Part:
    frame = pl.DataFrame({"step": range(rows), "reward": np.arange(rows) + run * 10.0})
    return Part(frame, {"run": f"run{run}", "lr": 0.1 * run, **more}, f"run{run}")


def test_parts_lie_below_each_other_with_their_constants() -> None:
    found = read([part(1), part(2, rows=2)], SCHEMA).frame
    assert found.rows() == [
        ("run1", 0.1, 0, 10.0), ("run1", 0.1, 1, 11.0), ("run1", 0.1, 2, 12.0),
        ("run2", 0.2, 0, 20.0), ("run2", 0.2, 1, 21.0),
    ]  # fmt: skip
    assert found.schema == {
        "run": pl.String,
        "lr": pl.Float64,
        "step": pl.Int64,
        "reward": pl.Float64,
    }


def test_chunks_of_a_column_are_joined_in_order() -> None:
    whole = part(1, rows=1000)
    whole.chunks = 7
    assert read([whole], SCHEMA).frame["step"].to_list() == list(range(1000))


def test_only_the_wanted_columns_are_read_in_the_wanted_order() -> None:
    assert read([part(1)], SCHEMA, ["reward", "run"]).frame.columns == ["reward", "run"]


def test_a_column_that_some_runs_lack_is_missing_there() -> None:
    lacking = Part(pl.DataFrame({"step": [7]}), {"run": "run2", "lr": 0.2}, "run2")
    found = read([part(1), lacking, part(3, rows=1)], SCHEMA)
    assert found.frame["reward"].to_list() == [10.0, 11.0, 12.0, None, 30.0]
    assert found.missing.nulls == {"reward": 1}


def test_whole_numbers_in_one_run_and_numbers_in_the_next_are_numbers() -> None:
    whole = Part(pl.DataFrame({"step": [1], "reward": [5]}), {"run": "a", "lr": 1}, "a")
    found = read([whole, part(2, rows=1), whole], SCHEMA).frame
    assert found["reward"].to_list() == [5.0, 20.0, 5.0]
    assert found["lr"].to_list() == [1.0, 0.2, 1.0]


def test_not_a_number_counts_as_missing_and_is_told() -> None:
    odd = Part(
        pl.DataFrame({"step": [0, 1, 2], "reward": [1.0, float("nan"), None]}),
        {"run": "a", "lr": 0.1},
    )
    found = read([odd], SCHEMA)
    assert found.frame["reward"].to_list() == [1.0, None, None]
    assert (found.missing.nulls, found.missing.not_a_number) == ({"reward": 1}, {"reward": 1})


def test_a_run_without_rows_and_no_run_at_all() -> None:
    assert read([part(1), part(2, rows=0)], SCHEMA).frame.height == 3
    nothing = read([], SCHEMA).frame
    assert nothing.height == 0
    assert nothing.schema["step"] == pl.Int64


def test_thousands_of_small_runs_are_one_block() -> None:
    found = read([part(run, rows=2) for run in range(1500)], SCHEMA).frame
    assert found.height == 3000
    assert found.n_chunks() == 1
    assert found["run"][-1] == "run1499"


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (Part(pl.DataFrame({"step": ["x"], "reward": [1.0]}), {"run": "a", "lr": 0.1}), "P2-R0603"),
        (Part(pl.DataFrame({"step": [1.5], "reward": [1.0]}), {"run": "a", "lr": 0.1}), "P2-R0603"),
        (Part(pl.DataFrame({"step": [1], "reward": [1.0]}), {"run": 5, "lr": 0.1}), "P2-R0603"),
        (Part(pl.DataFrame({"reward": [1.0]}), {"run": "a", "lr": 0.1}), "P2-R0604"),
        (Part(pl.DataFrame({"step": [1], "reward": [1.0]}), {"lr": 0.1}), "P2-R0604"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(bad: Part, code: str) -> None:
    with pytest.raises(RunError) as refused:
        read([part(1), bad], SCHEMA)
    assert refused.value.code == code
    assert refused.value.where == "e/*"


def test_a_column_shorter_than_its_rows_is_refused() -> None:
    schema = schema_from_json({"rows": 10, "cols": {"step": "int"}})
    with sealed_job("{}", {}, {"e": [part(1)]}) as fds:
        inputs = decode_inputs(bytes(mapped(fds[2])))
        data = mapped(fds[3])
        (short,) = inputs.tables[0].parts
        longer = type(inputs.tables[0])(
            path="e", parts=[type(short)(**{**vars_of(short), "rows": 9})]
        )
        with pytest.raises(RunError, match="3 values for 9 rows"):
            read_table(
                longer, schema, ["step"], lambda p: bytes(data[p.offset : p.offset + p.length])
            )


def vars_of(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
