"""A root with a recorded sweep, a key, and a signed script; made once, copied for tests that change it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commandline import p2_json
from sweep_samples import MEAN_SCRIPT, Workplace, record_sweep


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    place = Workplace(tmp_path_factory.mktemp("made"))
    experiment = record_sweep(place.folder / "runs")
    p2_json(place.root, "add", experiment)
    p2_json(place.root, "key", "new", "--name", "tester@here", "--no-passphrase")
    place.script.write_text(MEAN_SCRIPT)
    p2_json(place.root, "sign", place.script)
    return place


@pytest.fixture
def place(made: Workplace, tmp_path: Path) -> Workplace:
    copied = tmp_path / "place"
    shutil.copytree(made.folder, copied)
    return Workplace(copied)
