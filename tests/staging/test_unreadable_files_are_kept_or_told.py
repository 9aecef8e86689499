"""One file that cannot be read costs nobody the others: all are named at once, or kept as they are with the reason."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from plotter2.datter.bundle import Bundle
from plotter2.datter.store import Store
from plotter2.errors import DataError, HostError
from plotter2.staging import unreadable
from plotter2.staging.batches import Bad, Batches
from plotter2.staging.grounds import Grounds
from plotter2.staging.loose import Taking
from plotter2.wire.codes import (
    CHILD_DIED,
    CPU_LIMIT,
    MEMORY_LIMIT,
    OUTPUT_LIMIT,
    WALL_LIMIT,
)
from plotter2.wire.messages import ColumnFound, FileRefused, FromChild, ReadJob
from reader_samples import Answered, read_here
from staging_samples import drop, staged

KEPT = Taking(keep=True)
LEFT = Taking(keep=False)
TABLE = "step,loss\n0,0.5\n1,0.25\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


def npy(values: object, *, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(values, dtype=object if pickled else None), allow_pickle=pickled)
    return file.getvalue()


UNREADABLE = {
    "objects.npy": (npy([{"a": 1}], pickled=True), "P2-D0932"),
    "empty.npy": (npy([]), "P2-D0938"),
    "nothing.npy": (b"", "P2-D0934"),
    "broken.parquet": (b"PAR1 and then nothing", "P2-D0935"),
    "cut.h5": (b"\x89HDF\r\n\x1a\n", "P2-D0933"),
    "broken.npz": (b"PK\x03\x04 and no end", "P2-D0934"),
}


def experiment(folder: Path, **files: bytes | str) -> Path:
    folder.mkdir()
    (folder / "steps.csv").write_text(TABLE)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def with_unreadable(folder: Path) -> Path:
    return experiment(folder, **{name: content for name, (content, _) in UNREADABLE.items()})


def bundle_of(store: Store, name: str) -> Bundle:
    (row,) = store.find(name)
    return store.bundle(row.id)


def test_a_refusal_names_every_file_that_cannot_be_read(store: Store, tmp_path: Path) -> None:
    folder = with_unreadable(tmp_path / "exp")
    for taking in (Taking(), LEFT):
        with pytest.raises(DataError) as caught:
            staged([folder], None, read_here, store, taking)
        assert caught.value.code == "P2-D0928"
        for name, (_, code) in UNREADABLE.items():
            assert f"exp/{name} [{code}]" in caught.value.message
            assert f"exp/{name}" in caught.value.note
        assert "plotter2 add --files" in caught.value.help
    assert store.list() == ()


def test_a_very_long_list_of_them_is_cut(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unreadable, "_NAMED", 2)
    with pytest.raises(DataError, match="and 4 more"):
        staged([with_unreadable(tmp_path / "exp")], None, read_here, store)


@pytest.mark.parametrize("name", UNREADABLE)
def test_one_file_keeps_its_own_reason_and_gets_a_remedy(
    store: Store, tmp_path: Path, name: str
) -> None:
    content, code = UNREADABLE[name]
    with pytest.raises(DataError) as caught:
        staged([experiment(tmp_path / "exp", **{name: content})], None, read_here, store)
    assert caught.value.code == code
    assert "plotter2 add --files" in caught.value.help


def test_with_files_they_are_kept_byte_by_byte_and_the_rest_is_read(
    store: Store, tmp_path: Path
) -> None:
    folder = with_unreadable(tmp_path / "exp")
    report = staged([folder], None, read_here, store, KEPT)
    bundle = bundle_of(store, "exp")
    assert list(bundle.tables) == ["steps"]
    assert bundle.tables["steps"].rows == 2
    assert sorted(bundle.files) == sorted(UNREADABLE)
    for name, (content, code) in UNREADABLE.items():
        digest = hashlib.sha256(content).hexdigest()
        assert (bundle.files[name].digest, bundle.files[name].bytes) == (digest, len(content))
        assert store.object_bytes(digest) == content
        assert [note for note in report.bundles[0].notes if name in note and code in note]
    assert [file.name for file in bundle.provenance.files] == ["exp/steps.csv"]


def test_adding_them_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    folder = with_unreadable(tmp_path / "exp")
    staged([folder], None, read_here, store, KEPT)
    again = staged([folder], None, read_here, store, KEPT)
    assert [bundle.outcome for bundle in again.bundles] == ["already there"]


def test_each_bundle_of_a_tree_keeps_its_own(store: Store, tmp_path: Path) -> None:
    folder = experiment(
        tmp_path / "exp", **{"run1/steps.csv": TABLE, "run1/bad.npy": b"x", "run2/bad.npy": b"y"}
    )
    staged([folder], None, read_here, store, KEPT)
    assert sorted(bundle_of(store, "exp/run1").files) == ["bad.npy"]
    assert not bundle_of(store, "exp").files
    assert sorted(bundle_of(store, "exp/run2").files) == ["bad.npy"]


def test_a_lone_file_is_kept_as_well(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "weights.npy"
    path.write_bytes(UNREADABLE["objects.npy"][0])
    staged([path], None, read_here, store, KEPT)
    assert list(bundle_of(store, "weights").files) == ["weights.npy"]


def test_a_recorded_run_that_is_damaged_costs_only_itself(store: Store, tmp_path: Path) -> None:
    folder = experiment(
        tmp_path / "exp", **{"01ab/run.json": "{", "01ab/seg-0000.l2.jsonl": "nothing\n"}
    )
    with pytest.raises(DataError, match="01ab"):
        staged([folder], None, read_here, store)
    staged([folder], None, read_here, store, KEPT)
    assert sorted(bundle_of(store, "exp/01ab").files) == ["run.json", "seg-0000.l2.jsonl"]
    assert bundle_of(store, "exp").tables["steps"].rows == 2


def test_damaged_params_beside_a_table_are_a_file(store: Store, tmp_path: Path) -> None:
    folder = experiment(tmp_path / "lr=0.5", **{"config.json": "{"})
    staged([folder], None, read_here, store, KEPT)
    bundle = bundle_of(store, store.list()[0].bundle.name)
    assert bundle.params == {"lr": 0.5}
    assert list(bundle.files) == ["config.json"]


def test_files_that_are_too_large_for_any_reader_are_kept_too(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plotter2.staging.sources.opened.__defaults__", (100,))
    monkeypatch.setattr("plotter2.staging.sources.size_of_part.__defaults__", (100,))
    folder = experiment(tmp_path / "exp", **{"large.npy": npy(range(100))})
    with pytest.raises(DataError) as caught:
        staged([folder], None, read_here, store)
    assert caught.value.code == "P2-D0833"
    staged([folder], None, read_here, store, KEPT)
    assert list(bundle_of(store, "exp").files) == ["large.npy"]


def test_more_than_may_be_kept_is_refused(store: Store, tmp_path: Path) -> None:
    limits = type(KEPT.limits)(most=3)
    with pytest.raises(DataError) as caught:
        staged([with_unreadable(tmp_path / "exp")], None, read_here, store, Taking(True, limits))
    assert caught.value.code == "P2-D0926"


# ------------------------------------------------------------ single values
def test_single_values_in_a_folder_are_params(store: Store, tmp_path: Path) -> None:
    archive = io.BytesIO()
    np.savez(archive, seed=3, optimiser="adam")
    folder = experiment(
        tmp_path / "exp", **{"alpha.npy": npy(0.5), "about.npz": archive.getvalue()}
    )
    staged([folder], None, read_here, store)
    bundle = bundle_of(store, "exp")
    assert bundle.params == {"alpha": 0.5, "seed": 3, "optimiser": "adam"}
    assert list(bundle.tables) == ["steps"]
    assert not bundle.files


def test_a_single_value_alone_is_no_table(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "alpha.npy"
    path.write_bytes(npy(0.5))
    with pytest.raises(DataError, match="single values only") as caught:
        staged([path], None, read_here, store)
    assert caught.value.code == "P2-D0835"


# ------------------------------------------------------------ what a child may say
def altered(change: Callable[[FromChild], list[FromChild]]) -> Callable[..., Answered]:
    def submit(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        answer = read_here(job, fds)
        return Answered([m for said in answer.messages for m in change(said)], answer.output)

    return submit


def test_what_was_told_of_a_refused_file_does_not_count(store: Store, tmp_path: Path) -> None:
    refusal = FileRefused(name="exp/other.csv", code="P2-D0844", message="it broke off")

    def breaking(message: FromChild) -> list[FromChild]:
        is_of_other = isinstance(message, ColumnFound) and message.table == "exp/other.csv"
        return [message, refusal] if is_of_other and message.name == "b" else [message]

    folder = experiment(tmp_path / "exp", **{"other.csv": "a,b\n1,2\n"})
    staged([folder], None, altered(breaking), store, KEPT)
    bundle = bundle_of(store, "exp")
    assert list(bundle.tables) == ["steps"]
    assert list(bundle.files) == ["other.csv"]


@pytest.mark.parametrize(
    "said",
    [
        [FileRefused(name="exp/unknown.csv", code="P2-D0844", message="")],
        [FileRefused(name="exp/steps.csv", code="P2-H0900", message="")],
        [FileRefused(name="exp/steps.csv", code="P2-D0844", message="")] * 2,
    ],
)
def test_a_child_refuses_only_what_it_was_given_and_once(
    store: Store, tmp_path: Path, said: list[FromChild]
) -> None:
    def more(message: FromChild) -> list[FromChild]:
        is_first = isinstance(message, ColumnFound) and message.name == "step"
        return [*said, message] if is_first else [message]

    with pytest.raises(DataError) as caught:
        staged([experiment(tmp_path / "exp")], None, altered(more), store, KEPT)
    assert caught.value.code == "P2-D0837"


def test_an_item_of_the_inbox_says_all_its_reasons(store: Store, tmp_path: Path) -> None:
    good = drop(store.layout.root, "good.csv", TABLE)
    bad = with_unreadable(tmp_path / "root" / "inbox" / "exp")
    outcomes = Batches(store, read_here, Grounds(store.layout.root)).store([good, bad])
    (put_aside,) = [outcome for outcome in outcomes if isinstance(outcome, Bad)]
    assert put_aside.item == bad
    assert all(name in put_aside.error.message for name in UNREADABLE)
    assert [line.bundle.name for line in store.list()] == ["good"]


# ------------------------------------------------------------ files that no reader survives
def deadly(*files: str, code: str = MEMORY_LIMIT) -> Callable[[ReadJob, tuple[int, ...]], Answered]:
    """Read as a child does that ends over some files; `asked` are the files of each child."""

    def read(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        names = [file.name for file in job.files]
        ASKED.append(names)
        if {name.rpartition("/")[2] for name in names} & {*files}:
            raise HostError(code, "the run asked for too much and was stopped", help="ask for less")
        return read_here(job, fds)

    ASKED.clear()
    return read


ASKED: list[list[str]] = []
ALSO = {"one.csv": "a\n1\n", "two.csv": "b\n2\n"}


@pytest.mark.parametrize("code", [MEMORY_LIMIT, WALL_LIMIT, CPU_LIMIT, CHILD_DIED, OUTPUT_LIMIT])
def test_a_file_that_no_reader_survives_is_kept_and_the_rest_is_read(
    store: Store, tmp_path: Path, code: str
) -> None:
    folder = experiment(tmp_path / "exp", **ALSO)
    report = staged([folder], None, deadly("one.csv", code=code), store, KEPT)
    bundle = bundle_of(store, "exp")
    assert (sorted(bundle.tables), list(bundle.files)) == (["steps", "two"], ["one.csv"])
    (note,) = [note for note in report.bundles[0].notes if "exp/one.csv" in note]
    assert note.endswith(f"exp/one.csv: the run asked for too much and was stopped [{code}]")


def test_without_files_it_is_named_and_nothing_is_stored(store: Store, tmp_path: Path) -> None:
    folder = experiment(tmp_path / "exp", **ALSO)
    with pytest.raises(HostError) as caught:
        staged([folder], None, deadly("one.csv"), store)
    assert (caught.value.code, caught.value.where) == (MEMORY_LIMIT, "exp/one.csv")
    assert caught.value.help.startswith("ask for less; ")
    assert "plotter2 add --files" in caught.value.help
    with pytest.raises(DataError, match=r"one\.csv.*two\.csv") as several:
        staged([folder], None, deadly("one.csv", "two.csv"), store)
    assert several.value.code == "P2-D0928"
    assert store.list() == ()


def test_a_folder_of_which_no_file_can_be_read_keeps_all(store: Store, tmp_path: Path) -> None:
    folder = experiment(tmp_path / "exp")
    staged([folder], None, deadly("steps.csv"), store, KEPT)
    bundle = bundle_of(store, "exp")
    assert (dict(bundle.tables), list(bundle.files)) == ({}, ["steps.csv"])


def test_what_is_too_much_only_together_names_no_file(store: Store, tmp_path: Path) -> None:
    def narrow(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        if len(job.files) > 1:
            raise HostError(MEMORY_LIMIT, "too much")
        return read_here(job, fds)

    with pytest.raises(HostError) as caught:
        staged([experiment(tmp_path / "exp", **ALSO)], None, narrow, store, KEPT)
    assert (caught.value.code, caught.value.where) == (MEMORY_LIMIT, "exp")


def test_what_takes_too_long_is_waited_for_twice_at_most(store: Store, tmp_path: Path) -> None:
    for number in range(6):
        experiment(tmp_path / f"run{number}", **({"slow.csv": "a\n1\n"} if number == 3 else {}))
    folders = sorted(tmp_path.glob("run*"))
    staged(folders, "exp", deadly("slow.csv", code=WALL_LIMIT), store, KEPT)
    waited = [names for names in ASKED if any("slow" in name for name in names)]
    assert [len(names) for names in waited] == [7, 2, 1]
    assert list(bundle_of(store, "exp/run3").files) == ["slow.csv"]


def test_such_a_file_in_the_inbox_costs_no_other_item_anything(
    store: Store, tmp_path: Path
) -> None:
    good = drop(store.layout.root, "good.csv", TABLE)
    bad = experiment(tmp_path / "root" / "inbox" / "exp", **ALSO)
    reader = deadly("one.csv", code=WALL_LIMIT)
    outcomes = Batches(store, reader, Grounds(store.layout.root)).store([good, bad])
    (put_aside,) = [outcome for outcome in outcomes if isinstance(outcome, Bad)]
    assert put_aside.error.where == "exp/one.csv"
    assert [line.bundle.name for line in store.list()] == ["good"]
    assert sum("exp/one.csv" in names for names in ASKED) == 3
