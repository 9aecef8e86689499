"""`plotter2 manifest check|show|upgrade` and `plotter2 pack`: answers, exit codes, and what they leave alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commandline import p2, p2_json
from manifest_samples import as_bytes, container, minimal
from plotter2.staging import manifests
from plotter2.staging.manifests import checked, upgrade

CSV = b"step,loss\n0,1.5\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "m.json"
    path.write_bytes(as_bytes(minimal(name="exp", params={"lr": 0.1})))
    return path


def test_check_tells_all_mistakes_at_once_with_place_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(as_bytes(minimal(date="x", contains=["../a.csv"], more=1)))
    answer = p2(tmp_path / "root", "manifest", "check", path)
    assert answer.code == 3
    for place in ("$.date", "$.contains[0]", "$.more"):
        assert f"m.json: {place}" in answer.out
    assert answer.out.rstrip().endswith("3 mistakes")
    told = json.loads(p2(tmp_path / "root", "manifest", "check", path, "--json").out)
    assert [problem["code"] for problem in told["problems"]] == ["P2-D0894", "P2-D0895", "P2-D0894"]
    assert all(problem["help"] for problem in told["problems"])


def test_check_reads_every_byte_of_a_package(tmp_path: Path) -> None:
    files = {"steps.csv": CSV, "a/b.csv": CSV * 2}
    path = tmp_path / "x.p2b"
    path.write_bytes(container(files, contains=list(files)))
    assert p2_json(tmp_path / "root", "manifest", "check", path)["ok"]
    path.write_bytes(path.read_bytes().replace(b"1.5", b"1.6"))
    assert [problem.where for problem in checked(path).problems] == [str(path)] * 2
    assert p2(tmp_path / "root", "manifest", "check", path).code == 3
    assert not (tmp_path / "root").exists()


def test_show_gives_bundles_and_the_manifest(file: Path, tmp_path: Path) -> None:
    answer = p2(tmp_path / "root", "manifest", "show", file)
    assert "exp" in answer.out
    assert "lr=0.1" in answer.out
    told = p2_json(tmp_path / "root", "manifest", "show", file)
    assert told["manifest"]["params"] == {"lr": 0.1}


def test_an_upgrade_leaves_the_file_as_it_is_unless_asked(file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    told = p2_json(tmp_path / "root", "manifest", "upgrade", file)
    assert told["manifest"]["manifest_version"] == 2
    assert file.read_bytes() == before
    upgrade(file, tmp_path / "new.json")
    assert file.read_bytes() == before
    assert checked(tmp_path / "new.json").is_canonical
    upgrade(file, file)
    assert file.read_bytes() == (tmp_path / "new.json").read_bytes()
    assert manifests.read(file).manifest_version == 2


def test_a_bad_manifest_is_not_upgraded(file: Path, tmp_path: Path) -> None:
    file.write_bytes(as_bytes(minimal(manifest_version=5)))
    answer = p2(tmp_path / "root", "manifest", "upgrade", file, "--in-place")
    assert answer.code == 1
    assert "P2-D0893" in answer.err
    assert json.loads(file.read_text())["manifest_version"] == 5


def test_the_manifest_of_a_container_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "x.p2b"
    path.write_bytes(container({"steps.csv": CSV}))
    before = path.read_bytes()
    answer = p2(tmp_path / "root", "manifest", "upgrade", path, "--in-place")
    assert answer.code == 2
    assert "P2-D0899" in answer.err
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"P2B 1 00000"])
def test_what_is_no_package_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.p2b"
    path.write_bytes(content)
    answer = p2(tmp_path / "root", "manifest", "check", path)
    assert answer.code == 1
    assert "P2-D0897" in answer.err
    assert "Traceback" not in answer.err


def test_a_package_with_a_date_and_a_time_is_the_same_every_time(tmp_path: Path) -> None:
    (tmp_path / "exp").mkdir()
    (tmp_path / "exp" / "x.csv").write_bytes(CSV)
    stamp = ("--date", "2026-11-24", "--time", "13:05:00", "--user", "ada")
    for name in ("a.p2b", "b.p2b"):
        p2_json(tmp_path / "root", "pack", tmp_path / "exp", "-o", tmp_path / name, *stamp)
    assert (tmp_path / "a.p2b").read_bytes() == (tmp_path / "b.p2b").read_bytes()
    again = p2(tmp_path / "root", "pack", tmp_path / "exp", "-o", tmp_path / "a.p2b")
    assert again.code == 2
    wrong = p2(
        tmp_path / "root", "pack", tmp_path / "exp", "-o", tmp_path / "c.p2b", "--date", "24.11."
    )
    assert "P2-D0894" in wrong.err
    assert not (tmp_path / "c.p2b").exists()
