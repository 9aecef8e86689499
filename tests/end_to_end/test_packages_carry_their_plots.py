"""A package with signed scripts: added, attached, drawn after the gate; what the gate refuses costs no data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from commandline import p2, p2_json
from sweep_samples import Workplace

pytestmark = pytest.mark.process


def _packed(made: Workplace, folder: Path, *how: str | Path) -> dict[str, Any]:
    place = Workplace(folder / "place")
    shutil.copytree(made.folder, place.folder)
    sweep = place.folder / "runs" / "sweep"
    answer: dict[str, Any] = p2_json(place.root, "pack", sweep, "--plot", place.script, *how)
    return answer


@pytest.fixture(scope="module")
def package(made: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the sweep packed with its plot, for whoever does not change the file."""
    folder = tmp_path_factory.mktemp("package")
    path = folder / "sweep.p2b"
    assert _packed(made, folder, "-o", path)["manifest_version"] == 2
    return path


@pytest.fixture(scope="module")
def open_package(made: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the same as a folder, to be copied."""
    folder = tmp_path_factory.mktemp("open_package")
    _packed(made, folder, "--directory", "-o", folder / "p")
    return folder / "p"


def copied(open_package: Path, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """Copy the folder of a package; gives it with its manifest."""
    at = shutil.copytree(open_package, tmp_path / "p")
    return at, json.loads((at / "manifest.json").read_text())


def trusting(place: Workplace, root: Path, *may: str) -> None:
    """Trust who signed at the first place, as usual or with these patterns of rights."""
    public = next((place.root / "config" / "keys").glob("*.pub"))
    options = [word for pattern in may for word in ("--may", pattern)]
    p2_json(root, "trust", "add", "tester@here", public, *options)


def test_plots_of_who_is_trusted_are_drawn_where_the_package_is_added(
    place: Workplace, package: Path, tmp_path: Path
) -> None:
    root = tmp_path / "other"
    trusting(place, root)
    answer = p2_json(root, "add", package)
    assert answer["ok"]
    (done,) = answer["packages"]
    assert [(script["outcome"], script["error"]) for script in done["scripts"]] == [("kept", None)]
    (plot,) = done["plots"]
    assert Path(plot["pictures"][0]).read_bytes().startswith(b"\x89PNG")
    again = p2_json(root, "add", package)
    assert {each["outcome"] for each in again["added"]} == {"already there"}
    assert again["packages"][0]["plots"][0]["run"] == plot["run"]


def test_plots_of_a_stranger_are_refused_and_the_data_are_stored(
    package: Path, tmp_path: Path
) -> None:
    root = tmp_path / "other"
    answer = p2(root, "add", package, "--json")
    assert answer.code == 4
    told = json.loads(answer.out)
    assert not told["ok"]
    assert {each["outcome"] for each in told["added"]} == {"added"}
    (plot,) = told["packages"][0]["plots"]
    assert plot["error"]["code"].startswith("P2-S07")
    assert plot["error"]["help"]
    assert p2_json(root, "ls")["bundles"]
    assert list((root / "output").iterdir()) == []
    assert p2_json(root, "runs")["runs"] == []
    assert "P2-S07" in p2(root, "log", "show", "--event", "refused").out
    text = p2(root, "add", package)
    assert "not drawn" in text.out
    assert "the data are stored" in text.out


def test_who_trusts_later_gets_the_plots_by_adding_again(
    place: Workplace, package: Path, tmp_path: Path
) -> None:
    root = tmp_path / "other"
    assert p2(root, "add", package).code == 4
    trusting(place, root)
    assert p2_json(root, "add", package)["packages"][0]["plots"][0]["pictures"]


@pytest.mark.parametrize("change", ["script", "sidecar"])
def test_a_script_that_is_not_what_was_signed_draws_nothing(
    place: Workplace, open_package: Path, tmp_path: Path, change: str
) -> None:
    at, manifest = copied(open_package, tmp_path)
    (listed,) = manifest["scripts"]
    file = at / listed["file" if change == "script" else "sidecar"]
    file.write_bytes(file.read_bytes() + b"\n# more\n")
    del manifest["digests"]
    (at / "manifest.json").write_text(json.dumps(manifest))
    answer = p2(place.root, "add", at, "--json")
    assert answer.code == 4
    assert json.loads(answer.out)["packages"][0]["plots"][0]["error"]["code"].startswith("P2-S07")


def test_params_formats_and_the_place_of_pictures_are_as_the_package_says(
    place: Workplace, open_package: Path, tmp_path: Path
) -> None:
    at, manifest = copied(open_package, tmp_path)
    manifest["plots"][0]["to"] = "shown/here"
    manifest["render"] = {"formats": ["svg"]}
    (at / "manifest.json").write_text(json.dumps(manifest))
    answer = p2_json(place.root, "add", at)
    pictures = {Path(path) for path in answer["packages"][0]["plots"][0]["pictures"]}
    assert {path.suffix for path in pictures} >= {".svg"}
    assert {path.parent for path in pictures} == {place.root / "output" / "shown" / "here"}
    assert all(path.is_file() for path in pictures)


def test_a_script_with_libraries_brings_its_lock(place: Workplace, tmp_path: Path) -> None:
    script = tmp_path / "band.p2"
    script.write_text(
        'p2 1\nuse "p2/statistics@1.0.0" as stats\n\naccess("sweep/*")\n  | stats.mean_se(reward, by=[lr, step])\n'
        '  | frame\n  | line(x=step, y=mid, colour=lr)\n  | plot("band")\n  | handoff\n'
    )
    p2_json(place.root, "lock", "add", script)
    p2_json(place.root, "sign", script)
    package = tmp_path / "x.p2b"
    p2_json(place.root, "pack", place.folder / "runs" / "sweep", "--plot", script, "-o", package)
    root = tmp_path / "other"
    trusting(place, root)
    (plot,) = p2_json(root, "add", package)["packages"][0]["plots"]
    assert plot["pictures"]


def test_a_plot_that_fails_for_another_reason_is_told_and_costs_no_data(
    place: Workplace, open_package: Path, tmp_path: Path
) -> None:
    at, manifest = copied(open_package, tmp_path)
    manifest["plots"][0]["params"] = {"no_such_param": 1}
    (at / "manifest.json").write_text(json.dumps(manifest))
    answer = p2(place.root, "add", at)
    assert answer.code == 1
    assert "no_such_param" in answer.out
    assert "the data are stored" in answer.out


def test_an_unsigned_script_is_not_packed(place: Workplace, tmp_path: Path) -> None:
    script = tmp_path / "x.p2"
    script.write_text("p2 1\n")
    answer = p2(
        place.root,
        "pack",
        place.folder / "runs" / "sweep",
        "--plot",
        script,
        "-o",
        tmp_path / "x.p2b",
    )
    assert answer.code == 4
    assert "plotter2 sign" in answer.err
    assert not (tmp_path / "x.p2b").exists()


def test_the_inbox_takes_packages_and_draws_their_plots(
    place: Workplace, package: Path, tmp_path: Path
) -> None:
    root = tmp_path / "other"
    trusting(place, root)
    (root / "inbox").mkdir(parents=True, exist_ok=True)
    shutil.copy(package, root / "inbox" / "sweep.p2b")
    answer = p2(root, "inbox", "watch", "--once")
    assert answer.code == 0, answer.err
    assert "drew" in answer.out + answer.err
    assert list((root / "inbox").iterdir()) == []
    assert p2_json(root, "runs")["runs"]


def test_the_inbox_keeps_a_package_whose_plots_are_refused_until_it_is_tried_again(
    place: Workplace, package: Path, tmp_path: Path
) -> None:
    root = tmp_path / "other"
    (root / "inbox").mkdir(parents=True)
    shutil.copy(package, root / "inbox" / "sweep.p2b")
    assert p2(root, "inbox", "watch", "--once").code == 0
    assert p2_json(root, "ls")["bundles"]
    (kept,) = p2_json(root, "inbox", "status")["quarantined"]
    assert kept["code"].startswith("P2-S07")
    assert "its data are stored" in kept["message"]
    trusting(place, root)
    p2_json(root, "quarantine", "retry", kept["id"])
    assert p2(root, "inbox", "watch", "--once").code == 0
    assert p2_json(root, "runs")["runs"]
    assert p2_json(root, "inbox", "status")["quarantined"] == []


def test_attached_scripts_travel_with_an_exported_bundle(place: Workplace, tmp_path: Path) -> None:
    script = tmp_path / "again.p2"
    script.write_text('p2 1\ntask again { redo("sweep", over=sweep(lr=[0.1])) }\n')
    p2_json(place.root, "sign", script, "--at", "sweep")
    p2_json(place.root, "attach", "sweep", script)
    to = tmp_path / "out.p2b"
    assert (
        p2_json(place.root, "export", "sweep", "--as", "package", "-o", to)["manifest_version"] == 2
    )
    root = tmp_path / "other"
    trusting(place, root)
    held = json.loads(p2(root, "add", to, "--json").out)["packages"][0]["scripts"][0]
    assert held["error"]["code"] == "P2-S0826"  # what is usual does not ask for experiments
    trusting(place, root, "request redo:sweep")
    for outcome in ("attached", "already attached"):
        (done,) = p2_json(root, "add", to)["packages"]
        assert [(each["outcome"], each["bundle"]) for each in done["scripts"]] == [
            (outcome, "sweep")
        ]
    assert "again" in p2(root, "tasks", "sweep").out
    stranger = p2(tmp_path / "third", "add", to, "--json")
    assert stranger.code == 4
    assert json.loads(stranger.out)["packages"][0]["scripts"][0]["error"]["code"].startswith(
        "P2-S07"
    )
