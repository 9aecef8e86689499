"""A root with a recorded sweep, a key, and a signed script; made once, copied for tests that change it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from commandline import p2_json
from sweep_samples import MEAN_SCRIPT, record_sweep


@dataclass(frozen=True)
class Workplace:
    """Where a test works."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def script(self) -> Path:
        return self.folder / "mean.p2"


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
