"""SQLite databases: MLflow's becomes runs, of another each table becomes a table; nothing in one is carried out."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from plotter2.child import reader_codes as codes
from plotter2.errors import DataError
from reader_samples import DATA, read_one

MLFLOW = (DATA / "trackers" / "mlflow_db" / "mlflow.db").read_bytes()


def database(*statements: str) -> bytes:
    with sqlite3.connect(":memory:") as made:
        for statement in statements:
            made.execute(statement)
        made.commit()
        return made.serialize()


def refusal(data: bytes, **limits: int) -> DataError:
    with pytest.raises(DataError) as caught:
        read_one(data, "sqlite", **limits)
    assert caught.value.help
    return caught.value


def test_runs_of_mlflow_keep_params_nan_and_infinity() -> None:
    found = read_one(MLFLOW, "sqlite")
    run = "x/digits/lr=0.1,seed=1,solver=adam"
    assert found.runs[run].params == {"lr": 0.1, "seed": 1, "solver": "adam"}
    assert found.tables[run]["step"] == list(range(20))
    assert math.isnan(found.tables[run]["loss"][7])
    assert found.tables[run]["val/acc"][3] == math.inf


def test_tables_of_any_database_become_tables() -> None:
    data = database(
        "CREATE TABLE trials (number INTEGER, value REAL, state TEXT, blob BLOB)",
        "INSERT INTO trials VALUES (0, 0.5, 'ok', x'00'), (1, NULL, 'failed', NULL)",
        "CREATE TABLE studies (name TEXT)",
        "INSERT INTO studies VALUES ('a')",
        "CREATE TABLE empty (x)",
    )
    found = read_one(data, "any")
    assert found.tables["x/trials"] == {
        "number": [0, 1], "value": [0.5, None], "state": ["ok", "failed"], "blob": [None, None]
    }  # fmt: skip
    assert found.tables["x/studies"] == {"name": ["a"]}
    assert "bytes are left out" in found.done["x/trials"].notes[0]
    assert found.runs["x"].definitions == {"empty": {"left out": "it has no rows"}}


def test_a_database_that_is_written_ahead_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode = wal")
        made.execute("CREATE TABLE t (a)")
        made.execute("INSERT INTO t VALUES (1)")
    made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    found = read_one(path.read_bytes(), "sqlite")
    made.close()
    assert found.tables["x"] == {"a": [1]}
    assert "beside the database" in found.runs["x"].definitions["-wal"]["left out"]


FOREVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"


def test_views_and_virtual_tables_are_not_read() -> None:
    data = database("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)", f"CREATE VIEW v AS {FOREVER}")
    assert set(read_one(data, "sqlite").tables) == {"x"}
    posing = [f"CREATE VIEW metrics AS {FOREVER}"]
    posing += [f"CREATE TABLE {name} (a)" for name in ("experiments", "runs", "params")]
    assert refusal(database(*posing)).code == codes.NO_TABLE


def test_computed_columns_may_not_take_all_memory() -> None:
    data = database(
        "CREATE TABLE t (a, b GENERATED ALWAYS AS (zeroblob(1000000000)))",
        "INSERT INTO t (a) VALUES (1)",
    )
    assert refusal(data).code == codes.BAD_DATABASE


def test_limits_hold() -> None:
    rows = ("CREATE TABLE t (a)", "INSERT INTO t VALUES (1), (2), (3)")
    assert refusal(database(*rows), max_rows=2).code == codes.TOO_MANY_ROWS
    assert (
        refusal(database("CREATE TABLE t (`a\x1bb`)", "INSERT INTO t VALUES (1)")).code
        == codes.BAD_COLUMN_NAME
    )


@pytest.mark.parametrize("end", [0, 15, 100, 1024, 10_000])
def test_a_database_that_is_cut_is_refused(end: int) -> None:
    assert refusal(MLFLOW[:end]).code == codes.BAD_DATABASE


def damaged(places: Sequence[int]) -> bytes:
    broken = bytearray(MLFLOW)
    for place in places:
        broken[place] ^= 0x55
    return bytes(broken)


def test_a_damaged_database_is_read_or_refused() -> None:
    for place in range(0, len(MLFLOW), 97):
        try:
            read_one(damaged([place]), "sqlite")
        except DataError:
            continue
