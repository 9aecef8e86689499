"""The story of one question and many children, as a user runs it: `python examples/experiment2/story.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.slow]

EXAMPLE = Path(__file__).parents[2] / "examples" / "experiment2"


def test_every_child_that_links_answers_and_the_impostor_is_told(tmp_path: Path) -> None:
    output = tmp_path / "story"
    command = [sys.executable, str(EXAMPLE / "story.py"), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout
    assert "pca_over_rates: 3 done, 3 not linked" in told
    assert "experiment2/impostor gives another type: the column lr is missing" in told
    assert "pca_of_all: 1 done, 3 ran before on the same data" in told
    assert "meta_sum_matrix: 4 done" in told
    assert "plot_matrix: 3 done, 3 not linked" in told
    assert "python_meta_sum_matrix: 4 done" in told
    assert "exposed matrix_total, 64 rows" in told
    pictures = {
        str(path.relative_to(output / "pictures")) for path in output.rglob("pictures/**/*.png")
    }
    children = ("experiment2a/revision1", "experiment2a/revision2", "experiment2b")
    assert pictures == {
        "experiment2/pca_of_all.png",
        *(f"experiment2/{child}/pca.png" for child in children),
        *(f"experiment2/{child}/mine.png" for child in children),
        *(f"experiment2/{child}/mine_and_total.png" for child in children),
        *(f"experiment2/{child}/mine_in_python.png" for child in children),
        *(f"experiment2/{child}/total_in_python.png" for child in children),
    }
    assert all(
        path.read_bytes().startswith(b"\x89PNG") for path in output.rglob("pictures/**/*.png")
    )
    assert "shared/weights: 24 rows" in told


def test_the_story_empties_no_folder_of_yours(tmp_path: Path) -> None:
    kept = tmp_path / "thesis.txt"
    kept.write_text("chapter 1")
    command = [sys.executable, str(EXAMPLE / "story.py"), str(tmp_path)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert "name another one" in finished.stderr
    assert kept.read_text() == "chapter 1"
