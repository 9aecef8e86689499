"""Attaching: bytes as objects, one event, one row; all of the store's upkeep knows them, and nothing is forgotten."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from datter_samples import PATIENCE_S, add_run, add_sweep
from plotter2.datter import durable, events
from plotter2.datter.attaching import ScriptBytes
from plotter2.datter.attachments import DeclaredLink
from plotter2.datter.auditing import audit
from plotter2.datter.reading import replayed
from plotter2.datter.rebuild import rebuild
from plotter2.datter.registry import Registry
from plotter2.datter.scrubbing import scrub
from plotter2.datter.sizes import sizes
from plotter2.datter.store import Store
from plotter2.errors import DataError

LINK = DeclaredLink(
    mode="constant",
    source="weights.csv",
    origin="",
    head=(("row", "int"), ("value", "number?[s]")),
    columns=(("w", "number?[s]"),),
    rows=7,
)
FIRST = ScriptBytes("tasks.p2", b"p2 1 first", b"signed first", {"matrix": LINK})
SECOND = ScriptBytes("tasks.p2", b"p2 1 second", b"signed second")
OTHER = ScriptBytes("more.p2", b"p2 1 more", b"signed more", tasks=("draw",))


def scripts(store: Store, name: str) -> list[bytes]:
    (bundle,) = store.find(name)
    return [store.object_bytes(a.kept.script.digest) for a in store.attachments(bundle)]


def test_attaching_the_same_again_changes_nothing_and_another_replaces_it(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp")
        assert store.attach("exp", [FIRST, OTHER]) == ("attached", "attached")
        before = events.listed(store.layout)
        assert store.attach("exp", [FIRST]) == ("already attached",)
        assert events.listed(store.layout) == before
        assert store.attach("exp", [SECOND]) == ("replaced",)
        assert scripts(store, "exp") == [OTHER.script, SECOND.script]
        (bundle,) = store.find("exp")
        history = store.attachment_history(bundle)
        assert [a.name for a in history] == ["more.p2", "tasks.p2", "tasks.p2"]
        assert [bool(a.ended) for a in history] == [False, True, False]
        assert history[1].kept.links == {"matrix": LINK}


@pytest.mark.parametrize("name", ["tasks", "tasks.p2"])
def test_what_is_detached_is_kept_in_history_and_can_come_again(tmp_path: Path, name: str) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp")
        store.attach("exp", [FIRST])
        assert store.detach("exp", name).name == "tasks.p2"
        assert scripts(store, "exp") == []
        (bundle,) = store.find("exp")
        (gone,) = store.attachment_history(bundle)
        assert store.object_bytes(gone.kept.script.digest) == FIRST.script
        with pytest.raises(DataError) as caught:
            store.detach("exp", name)
        assert caught.value.code == "P2-D0870"
        assert store.attach("exp", [FIRST]) == ("attached",)
        assert scripts(store, "exp") == [FIRST.script]


def test_a_later_attempt_has_what_was_attached_to_earlier_ones(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        first = add_run(store, "exp")
        store.attach("exp", [FIRST, OTHER])
        add_run(store, "exp", {"step": ("int", [1])})
        store.attach("exp", [SECOND])
        assert scripts(store, "exp") == [OTHER.script, SECOND.script]
        assert scripts(store, first.id) == [OTHER.script, FIRST.script]
        store.detach("exp", "tasks")
        store.detach("exp", "more")
        assert scripts(store, "exp") == []
        assert scripts(store, first.id) == []


def test_names_move_with_their_bundle(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp")
        store.attach("exp", [FIRST])
        store.rename("exp", "study")
        assert scripts(store, "study") == [FIRST.script]


def test_upkeep_knows_the_objects_of_everything_that_was_ever_attached(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_sweep(store, "exp", 2)
        store.attach("exp", [FIRST])
        store.attach("exp", [SECOND])
        store.detach("exp", "tasks")
        assert store.garbage(0, remove=True).objects == ()
        kept = {hashlib.sha256(data).hexdigest() for data in (FIRST.script, SECOND.sidecar)}
        of_exp = next(objects for row, objects in store.contents() if row.name == "exp")
        assert kept <= of_exp.keys()
        (use,) = sizes(store.layout, store.contents(), None).bundles
        assert use.alone == use.bytes
        assert scrub(store.layout).damaged == ()
        found = audit(tmp_path, PATIENCE_S)
        assert found.problems == ()
        assert found.loose == 0
        path = store.layout.object_file(min(kept))
        durable.discard(path)
        (problem,) = audit(tmp_path, PATIENCE_S).problems
        assert problem.code == "P2-D0816"
        assert "what is attached to exp is missing" in problem.message


def test_a_lost_object_is_put_back_by_attaching_again(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp")
        store.attach("exp", [FIRST])
        durable.discard(store.layout.object_file(hashlib.sha256(FIRST.script).hexdigest()))
        assert store.attach("exp", [FIRST]) == ("already attached",)
        assert audit(tmp_path, PATIENCE_S).problems == ()


def test_the_registry_is_made_anew_from_the_events(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp")
        store.attach("exp", [FIRST, OTHER])
        store.attach("exp", [SECOND])
        store.detach("exp", "more")
        said = Registry.open(store.layout.registry / "registry.db").dump()
        true = replayed(store.layout, events.listed(store.layout)).dump()
        assert said == true
        assert len(said["attachments"]) == 3
    rebuild(tmp_path, PATIENCE_S)
    with Store.open(tmp_path) as store:
        assert scripts(store, "exp") == [SECOND.script]


def test_an_event_that_the_index_missed_is_entered_by_the_next_who_opens(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp")
        before = (store.layout.registry / "registry.db").read_bytes()
        store.attach("exp", [FIRST])
    for ending in ("-wal", "-shm"):
        durable.discard(tmp_path / "registry" / f"registry.db{ending}")
    (tmp_path / "registry" / "registry.db").write_bytes(before)
    with Store.open(tmp_path) as store:
        assert scripts(store, "exp") == [FIRST.script]


def test_an_unknown_bundle_leaves_nothing_behind(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp")
        with pytest.raises(DataError) as caught:
            store.attach("epx", [FIRST])
        assert caught.value.code == "P2-D0810"
        assert store.garbage(0, remove=False).objects == ()
        assert list(store.layout.temp.iterdir()) == []


def test_what_is_attached_comes_back_with_a_bundle_that_was_left_out(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        add_run(store, "exp")
        add_run(store, "exp/below")
        store.attach("exp", [FIRST, OTHER])
        store.attach("exp/below", [SECOND])
        store.detach("exp", "more.p2")
        (row,) = store.find("exp")
        file = store.layout.bundle_file(row.id)
    kept = file.read_bytes()
    file.unlink()
    rebuild(tmp_path, PATIENCE_S)
    assert {problem.code for problem in audit(tmp_path, PATIENCE_S).problems} == {"P2-D0817"}
    with Store.open(tmp_path) as store:
        assert scripts(store, "exp/below") == [SECOND.script]
        assert store.garbage(0, remove=True).count == 0
    file.write_bytes(kept)
    rebuild(tmp_path, PATIENCE_S)
    assert audit(tmp_path, PATIENCE_S).problems == ()
    with Store.open(tmp_path) as store:
        assert scripts(store, "exp") == [FIRST.script]
        assert len(store.attachment_history(row)) == 2
