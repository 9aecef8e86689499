"""The registry: rebuilt from files, checked at open, fast for many bundles; runs and serials."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw
import pytest

from datter_samples import PATIENCE_S, add_run, add_sweep, begun, curve, published, recorded_run
from plotter2.datter.bundle import Bundle
from plotter2.datter.database import SCHEMA_VERSION, check_sqlite, open_database, together
from plotter2.datter.output import Artefact
from plotter2.datter.rebuild import rebuild
from plotter2.datter.store import Store
from plotter2.errors import DataError


def everything(root: Path) -> list[object]:
    with Store.open(root) as store:
        bundles = list(store.list())
        history = [store.attempts(line.bundle.name) for line in bundles]
        renames = [store.renames(line.bundle.id) for line in bundles]
        schemas = [store.schema_of("exp/*"), store.schema_of("moved")]
        runs = [store.runs(), store.seen_serial("x.p2"), requests_of(store)]
        return [bundles, history, renames, schemas, runs]


def requests_of(store: Store) -> list[object]:
    requests = store.requests.listed()
    return [(request, store.requests.history(request.id)) for request in requests]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with Store.open(tmp_path) as store:
        add_sweep(store, "exp", 3)
        add_run(store, "exp/run0", curve(7))
        add_run(store, "single")
        store.rename("single", "moved")
        recorded_run(store, {"artefacts": ["a.png"]}, serial=4)
        begun(store, "y.p2", "key")
    return tmp_path


def test_a_rebuilt_registry_says_the_same(root: Path) -> None:
    before = everything(root)
    result = rebuild(root, PATIENCE_S)
    assert (result.events, result.runs_kept, result.set_aside) == (4, True, None)
    assert everything(root) == before
    assert {p.name for p in (root / "registry").iterdir()} == {"registry.db", "lock"}


def test_a_lost_registry_is_made_anew_from_the_files_alone(root: Path) -> None:
    *before, _ = everything(root)
    for path in (root / "registry").glob("registry.db*"):
        path.unlink()
    *after, runs = everything(root)
    assert after == before
    assert runs == [(), None, []]


def test_a_damaged_registry_is_named_and_kept_aside_by_the_rebuild(root: Path) -> None:
    *before, _ = everything(root)
    (root / "registry" / "registry.db").write_bytes(b"no database at all" * 400)
    with pytest.raises(DataError) as caught:
        Store.open(root)
    assert caught.value.code == "P2-D0806"
    assert "doctor --rebuild" in caught.value.help
    result = rebuild(root, PATIENCE_S)
    assert result.runs_kept is False
    assert result.set_aside is not None
    assert result.set_aside.read_bytes().startswith(b"no database")
    *after, _ = everything(root)
    assert after == before


def test_a_changed_description_is_refused(root: Path) -> None:
    with Store.open(root) as store:
        (row,) = store.find("moved")
        path = store.layout.bundle_file(row.id)
        path.chmod(0o644)
        path.write_bytes(path.read_bytes().replace(b"loss", b"lass"))
        with pytest.raises(DataError) as caught:
            store.bundle(row.id)
        assert caught.value.code == "P2-D0817"


def test_a_newer_registry_is_refused(root: Path) -> None:
    connection = apsw.Connection(str(root / "registry" / "registry.db"))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(DataError) as caught:
        Store.open(root)
    assert caught.value.code == "P2-D0807"


@pytest.mark.parametrize(("version", "good"), [("3.51.2", False), ("3.51.3", True), ("4.0", True)])
def test_a_sqlite_that_can_lose_rows_is_refused(version: str, good: bool) -> None:
    if good:
        check_sqlite(version)
        return
    with pytest.raises(DataError) as caught:
        check_sqlite(version)
    assert caught.value.code == "P2-D0805"


def test_the_registry_writes_ahead_and_syncs_fully(root: Path) -> None:
    with Store.open(root) as store:
        connection = store._registry._connection
        assert connection.pragma("journal_mode") == "wal"
        assert connection.pragma("synchronous") == 2
        assert connection.pragma("user_version") == SCHEMA_VERSION
        with pytest.raises(apsw.ConstraintError):
            connection.execute("INSERT INTO seen VALUES('x', 'not a number')")


def test_ten_thousand_bundles_are_listed_and_selected(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        bundles = [
            Bundle(id=store.new_id(), name=f"exp{n // 100}/run{n}", parent=None, attempt=1,
                   created=n, params={"lr": n / 10})
            for n in range(10_000)
        ]  # fmt: skip
        store._registry.add(store.new_id(), [(bundle, "0" * 64) for bundle in bundles])
        assert len(store.list()) == 10_000
        assert len(store.find("exp7/*")) == 100
        assert [b.name for b in store.find("exp7/*")][:2] == ["exp7/run700", "exp7/run701"]


def failing_run(store: Store, run: str) -> None:
    with begun(store) as work:
        work.begin_run(run, "x.p2", {"signers": ["me"]})
        raise DataError("P2-D0819", "no such column")


def test_runs_are_recorded_from_start_to_end(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        first = store.new_id()
        with pytest.raises(DataError):
            failing_run(store, first)
        second = recorded_run(store, {})
        record = store.run(first)
        assert record is not None
        assert (record.state, record.record["signers"]) == ("failed", ["me"])
        assert record.record["error"]["code"] == "P2-D0819"
        assert [run.id for run in store.runs(1)] == [second]
        assert store.run("unknown") is None


def test_the_highest_serial_number_counts(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        assert store.seen_serial("x.p2") is None
        for serial in (3, 7, 5):
            recorded_run(store, {}, serial=serial)
        assert store.seen_serial("x.p2") == 7


def test_artefacts_are_published_under_their_run(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        run = store.new_id()
        paths = published(
            store,
            run,
            [Artefact("reward_mean_ci", "png", b"1"), Artefact("reward_mean_ci", "svg", b"2")],
        )
        assert [path.name for path in paths] == ["reward_mean_ci.png", "reward_mean_ci.svg"]
        assert [path.read_bytes() for path in paths] == [b"1", b"2"]
        assert paths[0].parent == tmp_path / "output" / run
        for bad in ("../x", "", ".hidden", "a/b"):
            with pytest.raises(DataError) as caught:
                published(store, store.new_id(), [Artefact(bad, "png", b"")])
            assert caught.value.code == "P2-D0821"
        twice = [Artefact("a", "png", b"1"), Artefact("a", "png", b"2")]
        with pytest.raises(DataError) as caught:
            published(store, store.new_id(), twice)
        assert "two artefacts" in caught.value.message


def test_a_registry_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    making = apsw.Connection(str(path))
    making.execute("BEGIN IMMEDIATE")  # SQLite does not wait for this by itself
    end = threading.Timer(0.1, lambda: making.execute("COMMIT"))
    end.start()
    open_database(path).close()
    end.join()
    making.close()


def test_who_stands_in_the_way_is_told_as_busy_and_a_failed_disk_as_that(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    connection = open_database(path)
    with pytest.raises(DataError) as busy, together(connection, path):
        raise apsw.ProtocolError("locking protocol")
    assert busy.value.code == "P2-D0808"
    with pytest.raises(DataError) as failed, together(connection, path):
        raise apsw.IOError("disk I/O error")
    assert failed.value.code == "P2-D0804"
    with pytest.raises(DataError) as again, together(connection, path):
        pass
    assert (again.value.code, again.value.exit_code) == ("P2-D0803", 70)
    connection.close()
    open_database(path).close()


def test_the_log_of_a_dead_process_is_folded_in_before_anything_is_built_on_it(root: Path) -> None:
    log = root / "registry" / "registry.db-wal"
    with Store.open(root) as store:
        add_run(store, "another")
        assert log.stat().st_size > 0
        for path in (root / "registry").glob("registry.db*"):
            (root / "temp" / path.name).write_bytes(path.read_bytes())
    for path in (root / "registry").glob("registry.db*"):
        path.unlink()
    for path in (root / "temp").glob("registry.db*"):  # as kill -9 leaves it
        path.rename(root / "registry" / path.name)
    assert log.stat().st_size > 0
    connection = open_database(root / "registry" / "registry.db")
    assert log.stat().st_size == 0
    connection.close()
