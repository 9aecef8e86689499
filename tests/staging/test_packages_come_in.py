"""Packages come in whole or not at all, and one that is there already changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manifest_samples import as_bytes, container, digests, minimal
from package_samples import CSV, LABEL, add, bundle, folder, outcomes, record, refusal
from plotter2.datter.rebuild import rebuild
from plotter2.datter.store import Store
from plotter2.manifest import codes
from plotter2.manifest.plain import MOST_BYTES
from plotter2.staging import codes as staging_codes
from plotter2.staging import sources
from plotter2.staging.manifests import checked
from plotter2.staging.packing import pack
from plotter2.staging.shipping import write_container


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "root") as opened:
        yield opened


# ------------------------------------------------------------ what a manifest brings
def test_a_folder_with_a_manifest_brings_bundles_in_each_other(
    store: Store, tmp_path: Path
) -> None:
    inner = {
        "kind": "bundle", "name": "experiment2a/revision1", "params": {"lr": 0.1, "seed": 3},
        "meta": {"why": "a trial"}, "contains": [{"kind": "table", "name": "main", "files": ["a/x.csv"]}],
    }  # fmt: skip
    files = {"a/x.csv": CSV, "README.txt": b"hello"}
    package = folder(
        tmp_path / "p", files, name="experiment2", contains=[inner], origin_point="cluster-7",
        tool="mine 1.0", meta={"project": "plants"},
    )  # fmt: skip
    report = add(store, package)
    assert outcomes(report) == {
        "experiment2": "added",
        "experiment2/experiment2a/revision1": "added",
    }
    assert report.left_alone == ("p/README.txt",)
    found = bundle(store, "experiment2/experiment2a/revision1")
    assert found.params == {"lr": 0.1, "seed": 3}
    assert found.repeat == ("seed",)
    assert found.meta == {"why": "a trial"}
    assert found.parent == bundle(store, "experiment2").id
    assert bundle(store, "experiment2").meta == {"project": "plants"}
    package_of = found.provenance.package
    assert package_of
    assert (package_of.user, package_of.tool, package_of.origin_point) == (
        "ada",
        "mine 1.0",
        "cluster-7",
    )
    assert [file.name for file in found.provenance.files] == ["p/a/x.csv"]


def test_a_container_brings_the_same(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "steps.p2b"
    path.write_bytes(container({"steps.csv": CSV}))
    assert outcomes(add(store, path)) == {"steps": "added"}
    renamed = path.rename(tmp_path / "whatever")  # known by its first bytes, too
    assert outcomes(add(store, renamed, name="steps")) == {"steps": "already there"}


def test_what_the_maker_knows_of_columns_counts(store: Store, tmp_path: Path) -> None:
    schema = {
        "steps": {
            "x": "step",
            "columns": {
                "step": {"unit": "s", "type": "time"},
                "loss": {"role": "metric", "description": "of the validation set", "type": "number",
                         "nullable": True, "unit": "nat", "better": "lower"},
            },
        }
    }  # fmt: skip
    add(store, folder(tmp_path / "p", {"steps.csv": CSV}, schema=schema))
    step, loss = bundle(store, "p").tables["steps"].columns
    assert (step.kind, step.unit) == ("time", "s")
    assert (loss.role, loss.description, loss.unit, loss.better) == (
        "metric", "of the validation set", "nat", "lower",
    )  # fmt: skip
    assert bundle(store, "p").tables["steps"].x == "step"


@pytest.mark.parametrize(
    "hint",
    [
        {"missing": {}},
        {"loss": {"type": "string"}},
        {"loss": {"nullable": False}},
        {"step": {"type": "bool"}},
    ],
)
def test_what_a_manifest_promises_of_columns_must_be_so(
    store: Store, tmp_path: Path, hint: dict[str, Any]
) -> None:
    package = folder(tmp_path / "p", {"steps.csv": CSV}, schema={"steps": {"columns": hint}})
    assert refusal(store, package).code == codes.DISAGREES


def test_a_recorded_run_and_a_params_file_come_in_a_package(store: Store, tmp_path: Path) -> None:
    runs = record(tmp_path / "runs", lr=0.1)
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "x.csv").write_bytes(CSV)
    (tmp_path / "sweep" / "config.json").write_text('{"lr": 0.5}')
    packed = pack([runs, tmp_path / "sweep"], None, LABEL)
    write_container(packed.cargo, tmp_path / "both.p2b")
    report = add(store, tmp_path / "both.p2b")
    assert outcomes(report) == {"digits": "added", "digits/lr=0.1": "added", "sweep": "added"}
    assert bundle(store, "digits/lr=0.1").tables["main"].column("loss").unit == "nat"
    assert bundle(store, "sweep").params == {"lr": 0.5}
    assert {
        *outcomes(add(store, runs)).values(),
        *outcomes(add(store, tmp_path / "sweep")).values(),
    } == {"already there"}


def test_a_name_can_be_given(store: Store, tmp_path: Path) -> None:
    package = folder(tmp_path / "p", {"steps.csv": CSV}, name="exp", parent="lab")
    assert outcomes(add(store, package)) == {"lab/exp": "added"}
    assert outcomes(add(store, package, name="mine/x")) == {"mine/x": "added"}


def test_a_folder_with_another_programs_manifest_is_an_ordinary_folder(
    store: Store, tmp_path: Path
) -> None:
    at = folder(tmp_path / "web", {"x.csv": CSV})
    (at / "manifest.json").write_text('{"name": "my page", "icons": []}')
    assert outcomes(add(store, at)) == {"web": "added"}


# ------------------------------------------------------------ refused, and nothing is left
@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        (b"", codes.NOT_JSON),
        (b'{"contains": ["steps.csv"], "da', codes.NOT_JSON),
        (b"\xff", codes.NOT_JSON),
        (b" " * (MOST_BYTES + 1), staging_codes.TOO_LARGE),
        (b'{"manifest_version": 1, "date"', codes.NOT_JSON),
        (b'{"manifest_version": 1, "manifest_version": 1}', codes.NOT_JSON),
        (b'{"a":' * 500 + b'{"manifest_version": 1}' + b"}" * 500, codes.NOT_JSON),
        (as_bytes(minimal(manifest_version=9)), codes.NEWER),
        (as_bytes(minimal(wrong=1)), codes.BAD_VALUE),
        (as_bytes(minimal(contains=["../../etc/passwd.csv"])), codes.BAD_NAME),
        (as_bytes(minimal(contains=["missing.csv"])), codes.DISAGREES),
    ],
)
def test_a_folder_with_a_bad_manifest_is_refused(
    store: Store, tmp_path: Path, manifest: bytes, code: str
) -> None:
    at = folder(tmp_path / "p", {"steps.csv": CSV})
    (at / "manifest.json").write_bytes(manifest)
    assert refusal(store, at).code == code


def test_digests_are_verified_while_files_are_read(store: Store, tmp_path: Path) -> None:
    wrong = digests({"steps.csv": CSV.replace(b"1.5", b"1.6")})
    at = folder(tmp_path / "p", {"steps.csv": CSV}, digests=wrong)
    assert refusal(store, at).code == codes.DAMAGED
    assert [problem.code for problem in checked(at).problems] == [codes.DAMAGED]
    assert store.list() == ()


def test_a_file_of_another_size_is_refused_before_anything_is_read(
    store: Store, tmp_path: Path
) -> None:
    at = folder(tmp_path / "p", {"steps.csv": CSV + b"2,3\n"}, digests=digests({"steps.csv": CSV}))
    assert refusal(store, at).code == codes.DAMAGED


def test_links_out_of_a_package_are_not_followed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "steps.csv").write_bytes(CSV)
    at = folder(tmp_path / "p", {})
    (at / "steps.csv").symlink_to(tmp_path / "secret" / "steps.csv")
    assert refusal(store, at).code == codes.DISAGREES
    (at / "steps.csv").unlink()
    (at / "in").symlink_to(tmp_path / "secret")
    (at / "manifest.json").write_bytes(as_bytes(minimal(contains=["in/steps.csv"])))
    assert refusal(store, at).code == codes.DISAGREES


@pytest.mark.parametrize("cut", [1, 100, 400])
def test_a_truncated_container_is_refused(store: Store, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "x.p2b"
    path.write_bytes(container({"steps.csv": CSV})[:-cut])
    assert refusal(store, path).code == codes.DAMAGED


def test_a_flipped_bit_in_any_part_of_a_container_is_refused(store: Store, tmp_path: Path) -> None:
    sound = container({"steps.csv": CSV * 20})
    for place in range(0, len(sound), 37):
        flipped = bytearray(sound)
        flipped[place] ^= 4
        path = tmp_path / "x.p2b"
        path.write_bytes(flipped)
        assert refusal(store, path).code in set(codes.CODES)
    assert store.list() == ()


def test_a_container_without_digests_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x.p2b"
    path.write_bytes(container({"steps.csv": CSV}, digests={}))
    assert refusal(store, path).code in (codes.DISAGREES, codes.DAMAGED)


def test_a_package_that_changes_while_it_is_read_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = folder(
        tmp_path / "p", {"steps.csv": CSV * 1000}, digests=digests({"steps.csv": CSV * 1000})
    )
    monkeypatch.setattr(sources, "_STEP", 100)
    opened = sources.opened

    def changed_meanwhile(path: Path, name: str, most: int = sources.MOST_BYTES) -> int:
        if path.name == "steps.csv":
            path.write_bytes(CSV.replace(b"1.5", b"9.5") * 1000)
        return opened(path, name, most)

    monkeypatch.setattr(sources, "opened", changed_meanwhile)
    assert refusal(store, at).code == codes.DAMAGED


def test_check_tells_all_files_that_are_missing_or_have_another_size(tmp_path: Path) -> None:
    wrong = digests({"a.csv": CSV, "b.csv": CSV, "c.csv": CSV})
    at = folder(tmp_path / "p", {"a.csv": CSV + b"1,1\n"}, contains=list(wrong), digests=wrong)
    told = [problem.code for problem in checked(at).problems]
    assert sorted(told) == [codes.DISAGREES, codes.DISAGREES, codes.DAMAGED]


def test_several_bundles_in_one_package_get_a_bundle_around_them_with_a_name(
    store: Store, tmp_path: Path
) -> None:
    inside = [{"kind": "bundle", "name": n, "contains": [f"{n}.csv"]} for n in ("a", "b")]
    at = folder(tmp_path / "p", {"a.csv": CSV, "b.csv": CSV + b"2,2\n"}, contains=inside)
    assert list(outcomes(add(store, at))) == ["a", "b"]
    assert list(outcomes(add(store, at, name="both"))) == ["both", "both/a", "both/b"]


# ------------------------------------------------------------ ids
def test_the_same_id_with_the_same_content_changes_nothing(store: Store, tmp_path: Path) -> None:
    package = folder(tmp_path / "p", {"steps.csv": CSV}, id="run-17", name="one")
    first = add(store, package)
    again = folder(tmp_path / "q", {"steps.csv": CSV}, id="run-17", name="another", time="14:00:00")
    second = add(store, again)
    assert outcomes(second) == {"one": "already there"}
    assert second.bundles[0].id == first.bundles[0].id


@pytest.mark.parametrize("identity", ["run-17", "01HZX3J7C8QK5RW2V9YBT6M4ND"])
def test_the_same_id_with_other_content_is_refused_and_both_are_shown(
    store: Store, tmp_path: Path, identity: str
) -> None:
    add(store, folder(tmp_path / "p", {"steps.csv": CSV}, id=identity, name="one"))
    before = bundle(store, "one")
    error = refusal(
        store, folder(tmp_path / "q", {"steps.csv": CSV + b"7,7\n"}, id=identity, name="two")
    )
    assert error.code == codes.SAME_ID
    assert before.content_digest()[:16] in error.message
    assert "came" in error.message
    assert bundle(store, "one") == before
    assert [line.bundle.name for line in store.list()] == ["one"]


def test_a_ulid_is_the_bundles_id_here_too(store: Store, tmp_path: Path) -> None:
    identity = "01HZX3J7C8QK5RW2V9YBT6M4ND"
    add(store, folder(tmp_path / "p", {"steps.csv": CSV}, id=identity))
    assert bundle(store, identity).name == "p"


def test_ids_are_known_after_the_registry_is_made_anew(store: Store, tmp_path: Path) -> None:
    package = folder(tmp_path / "p", {"steps.csv": CSV}, id="run-17", name="one")
    add(store, package)
    store.rename("one", "uno")
    store.close()
    rebuild(tmp_path / "root", 1.0)
    with Store.open(tmp_path / "root") as anew:
        assert outcomes(add(anew, package)) == {"uno": "already there"}


def test_a_package_never_edits_an_older_bundle(store: Store, tmp_path: Path) -> None:
    add(store, folder(tmp_path / "p", {"steps.csv": CSV}, name="exp", meta={"note": "first"}))
    older = bundle(store, "exp")
    later = folder(
        tmp_path / "q", {"steps.csv": CSV}, name="exp", meta={"note": "second"}, attempt=1
    )
    report = add(store, later)
    assert outcomes(report) == {"exp": "new attempt"}
    assert "attempt 1 of this name is another bundle" in report.bundles[0].notes[0]
    assert store.bundle(older.id) == older
