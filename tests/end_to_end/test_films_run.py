"""Films end to end: a signed script to a file that plays, on data of the shape of the example script."""

from __future__ import annotations

import csv
import math
import random
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from commandline import p2, p2_json

pytestmark = pytest.mark.process

SCRIPTS = Path(__file__).parents[1] / "p2lang" / "scripts"
STEPS, SAMPLES = range(0, 1_200, 100), 24


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    write_embeddings(folder / "experiment2" / "run7" / "embeddings.csv")
    root = folder / "root"
    p2_json(root, "add", folder / "experiment2")
    p2_json(root, "key", "new", "--name", "tester@here", "--no-passphrase")
    return root


def run(root: Path, script: Path, text: str, *words: str) -> Any:
    script.write_text(text, encoding="utf-8")
    p2_json(root, "sign", script)
    return p2_json(root, "run", script, *words)


def decoded(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_the_example_script_makes_a_film_that_plays(root: Path, tmp_path: Path) -> None:
    text = (SCRIPTS / "07_animation.p2").read_text(encoding="utf-8")
    record = run(root, tmp_path / "07.p2", text)
    film, poster = (Path(artefact["path"]) for artefact in record["artefacts"])
    assert (film.name, poster.name) == ("training.mp4", "training.png")
    frames = decoded(film)
    assert len(frames) == 12 + 11 * 11  # a value lasts half a second, because its points have a key
    assert frames[0].shape == (592, 1182, 3)
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 1
    (last,) = decoded(poster)
    assert np.abs(last.astype(int) - frames[-1][:591, :1181]).mean() < 3
    found = p2_json(root, "why", film)["provenance"]
    assert found["ledger"]["film"]["pictures"] == len(frames)
    assert found["ledger"]["film"]["over"] == "step"


def test_values_that_are_not_shown_are_told(root: Path, tmp_path: Path) -> None:
    text = """p2 1
    access("experiment2/run7/embeddings") | frame(title=f"step {current(step)}", size=[60mm, 40mm])
      | point(x=e_0, y=e_1) | animate(over=step, fps=5, max_frames=4) | handoff("few.gif")
    """
    (tmp_path / "few.p2").write_text(text, encoding="utf-8")
    p2_json(root, "sign", tmp_path / "few.p2")
    told = p2(root, "run", tmp_path / "few.p2", "--format", "svg")
    assert told.code == 0
    assert "few: 4 of 12 values of step are shown, evenly spaced" in told.err
    assert "the last picture of the film is drawn as SVG" in told.err
    found = [Path(line) for line in told.out.splitlines() if "/output/" in line]
    assert [path.suffix for path in found] == [".gif", ".png", ".svg"]
    assert len(decoded(found[0])) == 4
    ledger = p2_json(root, "why", found[0])["provenance"]["ledger"]
    assert ledger["film"]["rows_left_out"] == 8 * SAMPLES
    assert (ledger["film"]["shown"], ledger["film"]["values"]) == (4, 12)


def test_a_simulation_is_a_film_of_its_states(root: Path, tmp_path: Path) -> None:
    text = """p2 1
    sweep(v=[1.0, 2.0]) | derive(x = 0.0) | simulate(steps=10, x = x + v)
      | frame(size=[60mm, 40mm]) | point(x=x, y=v, key=v) | animate(between=0) | handoff("way.apng")
    """
    record = run(root, tmp_path / "way.p2", text)
    film = Path(record["artefacts"][0]["path"])
    assert film.name == "way.apng"
    assert len(decoded(film)) == 11


def test_a_picture_that_stands_still_is_no_film(root: Path, tmp_path: Path) -> None:
    text = """p2 1
    access("experiment2/run7/embeddings") | frame(size=[60mm, 40mm]) | point(x=e_0, y=e_1) | plot("still") | handoff
    """
    record = run(root, tmp_path / "still.p2", text, "--format", "mp4")
    assert [Path(artefact["path"]).name for artefact in record["artefacts"]] == ["still.png"]


def test_a_film_without_a_value_is_refused(root: Path, tmp_path: Path) -> None:
    text = """p2 1
    access("experiment2/run7/embeddings") | filter(step < 0) | frame | point(x=e_0, y=e_1)
      | animate(over=step) | handoff
    """
    (tmp_path / "none.p2").write_text(text, encoding="utf-8")
    p2_json(root, "sign", tmp_path / "none.p2")
    told = p2(root, "run", tmp_path / "none.p2")
    assert told.code != 0
    assert "error[P2-R0640]: step has no value, so the film has no picture" in told.err


def write_embeddings(path: Path) -> None:
    """Write samples of three labels that move apart, the steps of each sample below each other."""
    noise = random.Random(0)
    towards = [[noise.gauss(0, 2) for _ in range(64)] for _ in range(3)]
    rows = []
    for sample in range(SAMPLES):
        start = [noise.gauss(0, 1) for _ in range(64)]
        for step in STEPS:
            pull = 1 - math.exp(-step / 400)
            place = [f"{a + pull * b:.4f}" for a, b in zip(start, towards[sample % 3], strict=True)]
            loss = 2 * math.exp(-step / 500) + noise.random() * 0.1
            rows.append([step, sample, ("cat", "dog", "fox")[sample % 3], f"{loss:.5f}", *place])
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", "sample_id", "label", "loss", *(f"e_{i}" for i in range(64))])
        writer.writerows(rows)
