"""Packages that are dropped into the inbox: taken when they go to their end, kept whole when they are bad."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from manifest_samples import as_bytes, container, digests, minimal
from plotter2.datter.store import Store
from plotter2.manifest import codes
from plotter2.staging import Inbox, Told, quarantine
from plotter2.staging.arriving import EMPTY_S, Arrivals
from plotter2.staging.grounds import Grounds
from reader_samples import read_here
from staging_samples import attempts, drop

CSV = b"step,loss\n0,1.5\n1,\n"
SOUND = container({"steps.csv": CSV})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


@pytest.fixture
def told() -> list[Told]:
    return []


@pytest.fixture
def inbox(store: Store, told: list[Told]) -> Iterator[Inbox]:
    made = Inbox(store, read_here, told.append, still_s=0)
    with made.held():
        yield made


def two_steps(inbox: Inbox) -> None:
    inbox.step()
    inbox.step()


def in_quarantine(store: Store) -> dict[str, str]:
    return {reason.name: reason.code for reason in quarantine.listed(Grounds(store.layout.root))}


def test_containers_and_folders_are_taken(inbox: Inbox, store: Store) -> None:
    drop(store.layout.root, "one.p2b", SOUND)
    at = store.layout.root / "inbox" / "two"
    at.mkdir()
    (at / "steps.csv").write_bytes(CSV)
    (at / "manifest.json").write_bytes(
        as_bytes(minimal(id="run-2", digests=digests({"steps.csv": CSV})))
    )
    two_steps(inbox)
    assert attempts(store) == {"one": 1, "two": 1}
    assert list((store.layout.root / "inbox").iterdir()) == []
    assert in_quarantine(store) == {}


def test_a_package_that_does_not_go_to_its_end_is_waited_for_and_then_kept(store: Store) -> None:
    now = 0.0
    grounds = Grounds(store.layout.root)
    grounds.make()
    arrivals = Arrivals(grounds, 2.0, lambda: now)
    path = drop(store.layout.root, "x.p2b", SOUND[:-20])
    arrivals.scan()
    now = 10.0
    assert "not whole" in arrivals.scan().waiting[0].why
    now = EMPTY_S + 1
    assert arrivals.scan().ready == (path,)


def test_a_folder_whose_files_are_on_their_way_is_waited_for(store: Store) -> None:
    now = 0.0
    grounds = Grounds(store.layout.root)
    grounds.make()
    arrivals = Arrivals(grounds, 2.0, lambda: now)
    at = store.layout.root / "inbox" / "p"
    at.mkdir()
    (at / "manifest.json").write_bytes(as_bytes(minimal()))
    arrivals.scan()
    now = 10.0
    assert "not whole" in arrivals.scan().waiting[0].why
    (at / "steps.csv").write_bytes(CSV)
    arrivals.scan()
    now = 20.0
    assert arrivals.scan().ready == (at,)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("flipped.p2b", SOUND.replace(b"1.5", b"1.6"), codes.DAMAGED),
        ("longer.p2b", SOUND + b"x", codes.DAMAGED),
        ("newer.p2b", container({"steps.csv": CSV}, manifest_version=7), codes.NEWER),
        ("wrong.p2b", container({"steps.csv": CSV}, contains=["../steps.csv"]), codes.BAD_NAME),
        (
            "double.p2b",
            container({"steps.csv": CSV}, contains=["steps.csv", "steps.csv"]),
            codes.BAD_NAME,
        ),
    ],
)
def test_a_bad_package_is_kept_whole_with_its_reason(
    store: Store,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: bytes,
    code: str,
) -> None:
    monkeypatch.setattr("plotter2.staging.arriving.EMPTY_S", 0.0)
    drop(store.layout.root, name, content)
    drop(store.layout.root, "sound.p2b", SOUND)
    two_steps(inbox)
    assert in_quarantine(store) == {name: code}
    (reason,) = quarantine.listed(Grounds(store.layout.root))
    assert quarantine.kept_at(Grounds(store.layout.root), reason).read_bytes() == content
    assert attempts(store) == {"sound": 1}


def test_of_two_packages_with_one_id_and_other_content_the_first_is_stored_and_the_second_kept(
    store: Store, inbox: Inbox
) -> None:
    one = container({"steps.csv": CSV}, id="01HZX3J7C8QK5RW2V9YBT6M4ND", name="a")
    two = container({"steps.csv": CSV + b"7,7\n"}, id="01HZX3J7C8QK5RW2V9YBT6M4ND", name="b")
    drop(store.layout.root, "a.p2b", one)
    drop(store.layout.root, "b.p2b", two)
    two_steps(inbox)
    assert attempts(store) == {"a": 1}
    assert in_quarantine(store) == {"b.p2b": codes.SAME_ID}


def test_the_same_package_twice_changes_nothing(
    store: Store, inbox: Inbox, told: list[Told]
) -> None:
    for name in ("a.p2b", "b.p2b"):
        drop(store.layout.root, name, container({"steps.csv": CSV}, id="run-1", name="exp"))
    two_steps(inbox)
    assert attempts(store) == {"exp": 1}
    assert in_quarantine(store) == {}
    assert sorted(one.detail.split(": ")[1] for one in told if one.what == "stored") == [
        "1 added", "1 already there",
    ]  # fmt: skip
