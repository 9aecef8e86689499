"""What is printed cannot command a terminal, and whoever stops reading gets no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from commandline import p2, p2_json
from plotter2.renderkit.provenance import embed
from sweep_samples import Workplace

pytestmark = pytest.mark.process


def shell(line: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a shell line in which `"$@"` is one plotter2 command."""
    command = [sys.executable, "-m", "plotter2", *map(str, arguments)]
    return subprocess.run(
        ["bash", "-c", line, "bash", *command], capture_output=True, text=True, check=False
    )


def test_a_reader_who_leaves_early_gets_no_traceback(place: Workplace) -> None:
    done = shell('"$@" | head -n 1', "show", "--root", place.root)
    assert done.stdout.startswith("bundle")
    assert done.stderr == ""


def test_a_closed_output_is_no_error(place: Workplace) -> None:
    done = shell('"$@" >&-; echo "code $?" >&2', "show", "--root", place.root)
    assert done.stderr == "code 0\n"


def test_an_output_that_is_full_is_told(place: Workplace) -> None:
    done = shell('"$@" > /dev/full; echo "code $?" >&2', "show", "--root", place.root)
    assert "P2-H0921" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.endswith("code 1\n")


@pytest.mark.parametrize("word", ["\x1b[31mred", "\u202egnp", "\x9b2J"])
def test_foreign_text_cannot_command_the_terminal(place: Workplace, word: str) -> None:
    finished = p2(place.root, "show", f"a{word}")
    assert finished.code == 1
    assert word[0] not in finished.err
    in_json = p2(place.root, "show", f"a{word}", "--json")
    assert word[0] not in in_json.out
    assert word in in_json.json["error"]["where"]


def test_the_words_of_a_foreign_picture_are_taken_as_typed_values(
    place: Workplace, tmp_path: Path
) -> None:
    (artefact,) = p2_json(place.root, "run", place.script, "-f", "svg")["artefacts"]
    bare = tmp_path / "bare.svg"
    bare.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>')
    for provenance in ({"script": 5}, {"params": [1]}, {"signers": ["\x1b[2J"]}):
        bare.write_bytes(embed(b'<svg xmlns="http://www.w3.org/2000/svg"></svg>', provenance))
        finished = p2(place.root, "why", bare)
        assert finished.code == 1
        assert "P2-D0892" in finished.err
    assert p2(place.root, "why", artefact["path"]).code == 0


def test_a_picture_is_written_through_no_link(place: Workplace, tmp_path: Path) -> None:
    mine, out = tmp_path / "mine.txt", tmp_path / "out"
    mine.write_text("kept")
    out.mkdir()
    (out / "reward.png").symlink_to(mine)
    p2_json(place.root, "run", place.script, "-o", out)
    assert mine.read_text() == "kept"
    assert (out / "reward.png").read_bytes().startswith(b"\x89PNG")
    assert not (out / "reward.png").is_symlink()
