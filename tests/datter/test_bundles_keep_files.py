"""Files and arrays of a bundle: what its description says, which paths it can hold, and who knows of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from datter_samples import PATIENCE_S, add_run, add_with_files
from plotter2.datter import collecting
from plotter2.datter.auditing import audit
from plotter2.datter.bundle import Bundle, canonical, digest_of, read_bundle
from plotter2.datter.holdings import StoredArray, StoredFile, type_name
from plotter2.datter.rebuild import rebuild
from plotter2.datter.scrubbing import scrub
from plotter2.datter.sizes import sizes
from plotter2.datter.store import Store
from plotter2.errors import DataError

OLD = (
    b'{"attempt":1,"axes":[],"created":1764000000000,"id":"01KAZ0000000000000000000AA","meta":{},"name":"run",'
    b'"params":{"lr":0.1},"parent":null,"provenance":{"files":[],"notes":[],"reader":""},"repeat":[],"state":"active",'
    b'"tables":{},"version":1}'
)
"""What a bundle was described by before there were files: it is read and written so for ever."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as store:
        yield store


def test_a_bundle_without_files_is_described_as_before_there_were_any() -> None:
    bundle = read_bundle(OLD, "bundle.json")
    assert canonical(bundle) == OLD
    assert digest_of(OLD)[:16] == "eba113e304f3c09d"
    assert bundle.content_digest()[:16] == "786860b5257e92a3"
    assert (bundle.files, bundle.arrays) == ({}, {})


def test_a_description_with_files_and_arrays_comes_back() -> None:
    file = StoredFile(digest="0" * 64, bytes=3, media="text/plain")
    array = StoredArray(digest="1" * 64, bytes=9, dtype="<f4", shape=(2, 3))
    old = read_bundle(OLD, "bundle.json")
    bundle = msgspec.structs.replace(old, kept_files={"a/b.txt": file}, kept_arrays={"w": array})
    assert read_bundle(canonical(bundle), "bundle.json") == bundle
    assert bundle.content_digest() != old.content_digest()
    renamed = msgspec.structs.replace(bundle, kept_files={"a/c.txt": file})
    assert renamed.content_digest() != bundle.content_digest()
    other_type = msgspec.structs.replace(file, media="text/x-other")
    told_apart = msgspec.structs.replace(bundle, kept_files={"a/b.txt": other_type})
    assert told_apart.content_digest() == bundle.content_digest()


@pytest.mark.parametrize(
    "path",
    ["../x", "/x", "a//b", "a\\b", "con.txt", "x/LPT1", "a\nb", "\u200b.txt", "dot.", " x", "", "a/../b"],
)  # fmt: skip
def test_a_path_that_not_every_system_has_is_refused_and_in_a_description_damage(
    store: Store, path: str
) -> None:
    with pytest.raises(DataError) as refused:
        add_with_files(store, "run", {path: b"x"})
    assert refused.value.code == "P2-D0925"
    assert store.list() == ()
    file = StoredFile(digest="0" * 64, bytes=3, media="text/plain")
    odd = msgspec.structs.replace(read_bundle(OLD, ""), kept_files={path: file})
    with pytest.raises(DataError) as damaged:
        read_bundle(canonical(odd), "bundle.json")
    assert damaged.value.code == "P2-D0817"


@pytest.mark.parametrize(
    "paths", [("a.txt", "A.TXT"), ("a", "a/b"), ("a/b", "A"), ("é", "e\u0301")]
)
def test_two_paths_that_are_one_file_somewhere_are_refused(
    store: Store, paths: tuple[str, str]
) -> None:
    with pytest.raises(DataError) as refused:
        add_with_files(store, "run", dict.fromkeys(paths, b"x"))
    assert refused.value.code == "P2-D0925"


def test_what_fails_while_it_is_read_leaves_nothing(store: Store) -> None:
    def failing() -> Iterator[bytes]:
        yield b"some"
        raise DataError("P2-D0836", "it changed", "x", "again")

    with pytest.raises(DataError, match="it changed"), store.adding() as adding:
        adding.put_pieces(failing())
    assert list((store.layout.root / "temp").rglob("*")) == []
    assert collecting.object_files(store.layout) == []


def test_equal_files_are_kept_once_and_the_same_again_is_there_already(store: Store) -> None:
    contents = {"a.txt": b"same bytes", "deep/b.txt": b"same bytes", "c.txt": b"others"}
    first = add_with_files(store, "run", contents)
    kept = store.bundle(first.id).files
    assert kept["a.txt"].digest == kept["deep/b.txt"].digest
    assert {path: store.object_bytes(f.digest) for path, f in kept.items()} == contents
    assert add_with_files(store, "run", contents).outcome == "already there"
    assert add_with_files(store, "run", {**contents, "d.txt": b""}).outcome == "new attempt"
    assert add_run(store, "run").outcome == "new attempt"


def test_gc_du_fsck_and_scrub_know_the_files(store: Store) -> None:
    entered = add_with_files(store, "run", {"a.bin": b"x" * 1000})
    kept = store.bundle(entered.id).files["a.bin"]
    assert store.garbage(0, remove=True).count == 0
    assert store.object_bytes(kept.digest) == b"x" * 1000
    (use,) = sizes(store.layout, store.contents(), None).bundles
    assert use.bytes > 1000
    path = store.layout.object_file(kept.digest)
    assert path.stat().st_mode & 0o777 == 0o444
    path.chmod(0o644)
    path.write_bytes(b"y" * 1000)
    assert [found.name for found in scrub(store.layout).damaged] == [kept.digest]
    (problem,) = audit(store.layout.root, PATIENCE_S, deep=True).problems
    assert (problem.code, "of run " in problem.message) == ("P2-D0816", True)
    path.unlink()
    (problem,) = audit(store.layout.root, PATIENCE_S).problems
    assert (problem.code, "is missing" in problem.message) == ("P2-D0816", True)


def test_a_rebuilt_registry_knows_the_files(store: Store) -> None:
    entered = add_with_files(store, "run", {"a.bin": b"x" * 1000})
    before = store.contents()
    root = store.layout.root
    store.close()
    (root / "registry" / "registry.db").unlink()
    rebuild(root, PATIENCE_S)
    with Store.open(root) as again:
        assert again.contents() == before
        assert isinstance(again.bundle(entered.id), Bundle)
        assert audit(root, PATIENCE_S).problems == ()


@pytest.mark.parametrize(
    ("written", "called"),
    [("<f4", "float32"), (">i8", "int64"), ("|b1", "bool"), ("<U12", "text"), ("<c16", "complex128"),
     ("<M8[ns]", "datetime64[ns]"), ("|V8", "|V8")],
)  # fmt: skip
def test_types_of_arrays_are_told_in_words(written: str, called: str) -> None:
    assert type_name(written) == called
