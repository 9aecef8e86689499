"""The demo, as a user runs it: `python examples/digits_sweep/demo.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from commandline import p2_json

pytestmark = [pytest.mark.process, pytest.mark.slow]

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits_sweep"
STAGES = ("record", "add", "new", "sign", "run")


def test_the_demo_draws_the_sweep_and_says_where(tmp_path: Path) -> None:
    output = tmp_path / "demo-output"
    shown = demo(output)
    lines = shown.splitlines()
    assert [line.split()[0] for line in lines[: len(STAGES)]] == list(STAGES)
    pictures = [Path(line) for line in lines if line.endswith(".png")]
    assert pictures
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in pictures)
    script = (output / "sweep.p2").read_text()
    assert "ci_low" in script
    assert "n = 5" in script
    travels(output, pictures[0], tmp_path)


def travels(output: Path, picture: Path, tmp_path: Path) -> None:
    """Pack what the demo made and open it in a root that knows nothing but the key: it draws the same picture."""
    root, opened = tmp_path / "other", tmp_path / "opened"
    made = output / "sweep.p2pack"
    words = ["--data", "digits-sweep", "--picture", picture]
    own = p2_json(output / "root", "key", "ls")["keys"][0]
    p2_json(output / "root", "pack", "make", output / "sweep.p2", *words, "-o", made)
    p2_json(root, "trust", "add", own["principal"], f"{own['file']}.pub")
    told = p2_json(root, "pack", "open", made, "--into", opened, "--yes")
    assert told["run"] == [str(opened / "sweep.p2")]
    drawn = {Path(each["path"]) for each in p2_json(root, "run", opened / "sweep.p2")["artefacts"]}
    (same,) = (path for path in drawn if path.name == picture.name)
    assert Image.open(same).tobytes() == Image.open(picture).tobytes()


def test_the_demo_empties_no_folder_of_yours(tmp_path: Path) -> None:
    kept = tmp_path / "thesis.txt"
    kept.write_text("chapter 1")
    command = [sys.executable, str(EXAMPLE / "demo.py"), str(tmp_path)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert "name another one" in finished.stderr
    assert kept.read_text() == "chapter 1"


def demo(output: Path) -> str:
    command = [sys.executable, str(EXAMPLE / "demo.py"), str(output)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout
