"""No home, no working folder, file names that are no text: plotter2 works, or says in one message why not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commandline import p2, p2_json
from plotter2.config.settings import settings
from plotter2.datter.store import Store
from plotter2.errors import HostError
from plotter2.orchestrator.settings import default_cache

COMMAND = (sys.executable, "-m", "plotter2")


def test_without_a_home_the_root_must_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "")
    monkeypatch.delenv("HOME")
    with pytest.raises(HostError) as raised:
        settings(None, {"XDG_DATA_HOME": "~nobody-of-this-name/data"})
    assert raised.value.code == "P2-H0901"
    assert "--root" in raised.value.help
    assert default_cache({"XDG_CACHE_HOME": "~nobody-of-this-name/cache"}) is None


@pytest.mark.process
def test_a_working_folder_that_is_gone_does_not_matter(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os, sys; os.rmdir({str(gone)!r}); os.execv(sys.argv[1], sys.argv[1:])"
    Store.open(tmp_path / "root").close()
    words = [*COMMAND, "show", "--root", str(tmp_path / "root")]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=gone, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.process
def test_names_of_files_cannot_command_a_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "exp"
    folder.mkdir()
    for name in (b"a\x1b[31m.csv", b"b\xff.csv", "c\x9b31m.csv".encode()):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("step,loss\n0,1\n1,2\n")
    Path(folder / "left\x1b[2J.bin").write_text("")
    (folder / "link\x1b[2J.csv").symlink_to("/etc/passwd")
    finished = p2(tmp_path / "root", "add", folder)
    assert finished.code == 0, finished.err
    assert finished.out.replace("\n", "").isprintable()
    assert len(p2_json(tmp_path / "root", "add", folder)["bundles"][0]["tables"]) == 3
