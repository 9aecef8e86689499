"""The language's example scripts run end to end on data of the shapes that they are written for."""

from __future__ import annotations

import csv
import hashlib
import math
import random
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from commandline import p2_json

pytestmark = pytest.mark.process

SCRIPTS = Path(__file__).parents[1] / "p2lang" / "scripts"
RUNS_WHOLE = (
    "00_author_list",
    "01_line",
    "02_mean_ci",
    "03_pca_clusters",
    "04_confusion",
    "05_small_multiples",
    "11_script",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    write_experiment2(folder / "experiment2")
    write_classifier3(folder / "classifier3")
    root = folder / "root"
    p2_json(root, "add", folder / "experiment2")
    p2_json(root, "add", folder / "classifier3")
    p2_json(root, "key", "new", "--name", "tester@here", "--no-passphrase")
    return root


@pytest.mark.parametrize("name", RUNS_WHOLE)
def test_the_script_runs_and_draws(name: str, root: Path, tmp_path: Path) -> None:
    script = tmp_path / f"{name}.p2"
    script.write_bytes((SCRIPTS / script.name).read_bytes())
    answer = p2_json(root, "check", script)
    assert answer["ok"], answer
    p2_json(root, "sign", script)
    record = p2_json(root, "run", script)
    (artefact,) = record["artefacts"]
    assert Path(artefact["path"]).stat().st_size > 5_000
    (counts,) = record["ledger"].values()
    assert counts["read"] > 0
    assert counts["drawn"] > 0


def with_libraries(root: Path, folder: Path, name: str) -> Path:
    """Give an example script, signed, beside the libraries that it uses."""
    keys = p2_json(root, "key", "new", "--name", "alice@lab", "--no-passphrase")
    shutil.copytree(SCRIPTS.parents[1] / "libraries", folder / "libraries")
    for path in sorted((folder / "libraries").glob("*/*/*.p2")):
        p2_json(root, "sign", path, *(("--key", keys["file"]) if "alice" in path.parts else ()))
    pinned = hashlib.sha256((folder / "libraries/alice/colours/0.4.1.p2").read_bytes())
    script = folder / f"{name}.p2"
    text = (SCRIPTS / script.name).read_text()
    script.write_text(text.replace("9f2c0a7e1d5b", pinned.hexdigest()[:12]))
    p2_json(root, "lock", "add", script)
    p2_json(root, "sign", script)
    return script


def test_the_example_with_libraries_runs_with_them(root: Path, tmp_path: Path) -> None:
    script = with_libraries(root, tmp_path, "08_library")
    record = p2_json(root, "run", script)
    assert record["ledger"]["snr"]["drawn"] > 0
    shown = p2_json(root, "why", record["artefacts"][0]["path"])["provenance"]
    assert sorted(shown["libraries"]) == ["alice/colours@0.4.1", "lab/smoothing@1.2.0"]


def test_the_report_is_one_document_and_its_sheets_are_pictures_when_asked_for(
    root: Path, tmp_path: Path
) -> None:
    script = with_libraries(root, tmp_path, "06_report")
    (whole,) = p2_json(root, "run", script)["artefacts"]
    assert Path(whole["path"]).name == "experiment2_weekly.pdf"
    assert p2_json(root, "why", whole["path"])["provenance"]["script"]["file"] == "06_report.p2"
    record = p2_json(root, "run", script, "-f", "png")
    names = [Path(artefact["path"]).name for artefact in record["artefacts"]]
    assert names == ["experiment2_weekly.pdf", *(f"experiment2_weekly-{n}.png" for n in (1, 2, 3))]
    assert record["artefacts"][0]["sha256"] == whole["sha256"]
    assert record["ledger"]["experiment2_weekly"]["layers"] == 4


def write_experiment2(folder: Path) -> None:
    """Write runs with rewards and losses, and a table of weights in five clusters."""
    noise = random.Random(0)
    head = ["seed", "lr", "env", "status", "step", "reward", "wall_time", "train/loss", "val/loss"]
    for number in range(1, 10):
        lr = (0.05, 0.1, 0.2)[number % 3]
        env = ("ant", "hopper", "walker")[number // 3 % 3]
        rows = []
        for step in range(0, 4_000, 10):
            reward = 100 * (1 - math.exp(-step * lr / 200)) + noise.gauss(0, 5)
            loss = 1 / (1 + step * lr / 50)
            shown = "" if noise.random() < 0.02 else f"{reward:.4f}"
            val = f"{loss * 1.1:.4f}" if step % 100 == 0 else ""
            rows.append([number, lr, env, "done", step, shown, step * 0.9, f"{loss:.5f}", val])
        write_csv(folder / f"run{number}" / "main.csv", head, rows)
    centres = [[noise.gauss(0, 3) for _ in range(32)] for _ in range(5)]
    weights = [
        [f"run{i % 9 + 1}", 0.1, *(f"{c + noise.gauss(0, 0.4):.4f}" for c in centres[i % 5])]
        for i in range(300)
    ]
    write_csv(folder / "weights.csv", ["run", "lr", *(f"w_{i}" for i in range(32))], weights)


def write_classifier3(folder: Path) -> None:
    """Write true and predicted labels with a score."""
    noise = random.Random(1)
    labels = ["cat", "dog", "fox", "owl"]
    rows = []
    for _ in range(2_000):
        true = noise.choice(labels)
        predicted = true if noise.random() < 0.8 else noise.choice(labels)
        rows.append([true, predicted, f"{noise.random():.3f}"])
    write_csv(folder / "eval.csv", ["label_true", "label_pred", "score"], rows)


def write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
