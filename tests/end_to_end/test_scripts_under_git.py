"""Scripts in a git repository: the first one brings `.gitattributes`; one that is there is never changed unasked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from commandline import p2
from plotter2.host import git_attributes
from sweep_samples import Workplace

pytestmark = pytest.mark.process
LINES = "*.p2 -text\n*.p2.sig -text\n*.p2pack -text\n"


@pytest.fixture
def repository(place: Workplace) -> Workplace:
    subprocess.run(["git", "init", "-q", place.folder], check=True)
    return place


def test_signing_a_first_script_under_git_writes_the_attributes_and_says_so(
    repository: Workplace,
) -> None:
    told = p2(repository.root, "sign", repository.script).out
    written = repository.folder / ".gitattributes"
    assert written.read_text() == LINES
    assert f"wrote {written}: *.p2 -text" in told
    asked = [
        "git",
        "-C",
        repository.folder,
        "check-attr",
        "text",
        "mean.p2",
        "mean.p2.sig",
        "x.p2pack",
    ]
    answer = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    assert answer.count("text: unset") == 3
    assert ".gitattributes" not in p2(repository.root, "sign", repository.script).out


def test_a_new_script_brings_them_too(repository: Workplace) -> None:
    script = repository.folder / "scripts" / "new.p2"
    script.parent.mkdir()
    p2(repository.root, "new", "sweep", "-o", script)
    assert (script.parent / ".gitattributes").read_text() == LINES


def test_outside_of_git_nothing_is_written(place: Workplace) -> None:
    p2(place.root, "sign", place.script)
    assert not (place.folder / ".gitattributes").exists()


def test_a_file_that_is_there_stays_as_it_is_and_what_it_lacks_is_told(
    repository: Workplace,
) -> None:
    written = repository.folder / ".gitattributes"
    written.write_text("*.png binary\n*.p2 -text")
    told = p2(repository.root, "sign", repository.script).out
    assert f"note: put *.p2.sig -text, *.p2pack -text into {written}" in told
    assert written.read_text() == "*.png binary\n*.p2 -text"
    wanted = git_attributes.lacking(repository.script)
    assert wanted is not None
    git_attributes.add(wanted)
    assert written.read_text() == f"*.png binary\n{LINES}"
    assert git_attributes.lacking(repository.script) is None


@pytest.mark.parametrize("said", ["* -text\n", "* binary\n", LINES])
def test_what_a_folder_above_says_counts(repository: Workplace, said: str) -> None:
    (repository.folder / ".gitattributes").write_text(said)
    below = repository.folder / "below" / "x.p2"
    below.parent.mkdir()
    assert git_attributes.lacking(below) is None


def test_a_link_is_neither_followed_nor_replaced(repository: Workplace, tmp_path: Path) -> None:
    written = repository.folder / ".gitattributes"
    written.symlink_to(tmp_path / "elsewhere")
    assert "note: put *.p2 -text" in p2(repository.root, "sign", repository.script).out
    assert written.is_symlink()
    assert not (tmp_path / "elsewhere").exists()
