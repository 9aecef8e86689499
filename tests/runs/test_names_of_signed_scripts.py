"""What a statement calls a script: it stays when it was chosen, and two files of one machine never share a name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from commandline import p2_json

pytestmark = pytest.mark.process

SCRIPT = 'p2 1\naccess("exp") | frame | line(x=step, y=loss) | plot("loss") | handoff\n'


@pytest.fixture(scope="module")
def like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a root with a bundle and a key, to be copied."""
    folder = tmp_path_factory.mktemp("like")
    (folder / "exp.csv").write_text("step,loss\n0,1.0\n1,0.5\n")
    p2_json(folder / "root", "add", folder / "exp.csv", "--name", "exp")
    p2_json(folder / "root", "key", "new", "--name", "tester@here", "--no-passphrase")
    return folder / "root"


@pytest.fixture
def root(like: Path, tmp_path: Path) -> Path:
    return shutil.copytree(like, tmp_path / "root")


def script(folder: Path, name: str = "x.p2") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(SCRIPT)
    return folder / name


def signed(root: Path, path: Path, *words: str) -> tuple[str, int]:
    statement = p2_json(root, "sign", path, *words)["statement"]
    name, serial = re.search(r"^name (\S+)\nserial (\d+)$", statement, re.M).groups()  # type: ignore[union-attr]
    return name, int(serial)


def test_scripts_of_one_file_name_do_not_make_each_other_old(root: Path, tmp_path: Path) -> None:
    one, other = script(tmp_path / "one"), script(tmp_path / "other")
    for path in (one, other, one):
        signed(root, path)
        p2_json(root, "run", path)
    for path in (one, other):
        p2_json(root, "run", path)


def test_a_long_name_has_room_for_a_number(root: Path, tmp_path: Path) -> None:
    name = "a" * 90 + ".p2"
    for folder in ("one", "other"):
        path = script(tmp_path / folder, name)
        signed(root, path)
        p2_json(root, "run", path)


def test_a_chosen_name_stays_when_a_script_is_signed_again(root: Path, tmp_path: Path) -> None:
    path = script(tmp_path / "one")
    assert signed(root, path, "--name", "lab/curves") == ("lab/curves", 1)
    assert signed(root, path) == ("lab/curves", 2)


def test_a_script_that_moved_keeps_its_name_and_counts_on(root: Path, tmp_path: Path) -> None:
    path = script(tmp_path / "one")
    signed(root, path)
    p2_json(root, "run", path)
    moved = path.rename(script(tmp_path / "other").parent / "x.p2")
    assert signed(root, moved) == ("own/x", 2)
