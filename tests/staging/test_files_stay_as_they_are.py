"""Arrow files that a store would keep the same way are kept as they came, whatever else a child says of them."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import polars as pl
import pytest

from plotter2.child.arrow import arrow_file
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.wire.messages import ColumnKept, FromChild, ReadJob
from reader_samples import Answered, read_here
from staging_samples import staged


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


def package(folder: Path, tables: dict[str, list[bytes]]) -> Path:
    for table, files in tables.items():
        (folder / table).mkdir(parents=True)
        for number, content in enumerate(files):
            (folder / table / f"{number}.arrow").write_bytes(content)
    contains = [
        {
            "kind": "table",
            "name": table,
            "format": "arrow",
            "files": [f"{table}/{number}.arrow" for number in range(len(files))],
        }
        for table, files in tables.items()
    ]
    about = {"manifest_version": 1, "date": "2026-11-24", "time": "13:05:00", "user": ""}
    manifest = {**about, "meta": {}, "contains": contains}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def column(name: str, first: float, rows: int = 3) -> bytes:
    values = pl.Series(name, [first + n for n in range(rows)], dtype=pl.Float64)
    return bytes(arrow_file(values))


def objects(store: Store) -> set[str]:
    return {path.name for path in store.layout.objects.glob("*/*")}


@pytest.mark.parametrize("rows", [3, 1_000_000])
def test_every_byte_is_kept_under_its_name(store: Store, tmp_path: Path, rows: int) -> None:
    files = {
        "one": [column("a", 0.5, rows), column("b", 9.5, rows)],
        "two": [column("c", 3.25, rows)],
    }
    staged([package(tmp_path / "p", files)], None, read_here, store)
    contents = [content for several in files.values() for content in several]
    assert objects(store) == {hashlib.sha256(content).hexdigest() for content in contents}
    kept = {path.read_bytes() for path in store.layout.objects.glob("*/*")}
    assert kept == set(contents)


def altered(change: Callable[[FromChild], list[FromChild]]) -> Callable[..., Answered]:
    def submit(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        answer = read_here(job, fds)
        return Answered([m for said in answer.messages for m in change(said)], answer.output)

    return submit


def with_fields(message: FromChild, **fields: object) -> FromChild:
    return msgspec.structs.replace(message, **fields)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: [m, m] if isinstance(m, ColumnKept) else [m],
        lambda m: [with_fields(m, piece=7)] if isinstance(m, ColumnKept) else [m],
        lambda m: [with_fields(m, table="unknown")] if isinstance(m, ColumnKept) else [m],
        lambda m: [with_fields(m, rows=99)] if isinstance(m, ColumnKept) else [m],
    ],
)
def test_a_child_cannot_keep_what_was_not_given_for_the_table(
    store: Store, tmp_path: Path, change: Callable[[FromChild], list[FromChild]]
) -> None:
    made = package(tmp_path / "p", {"one": [column("a", 0.5)], "two": [column("b", 1.5)]})
    with pytest.raises(DataError) as caught:
        staged([made], None, altered(change), store)
    assert caught.value.code == "P2-D0837"
    assert store.list() == ()
    assert not objects(store)


def test_descriptors_are_given_back(store: Store, tmp_path: Path) -> None:
    staged([package(tmp_path / "first", {"one": [column("a", 0.5)]})], None, read_here, store)
    gc.collect()  # other tests' memory may still be mapped
    before = len(list(Path("/proc/self/fd").iterdir()))
    staged([package(tmp_path / "second", {"one": [column("a", 1.5)]})], None, read_here, store)
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
