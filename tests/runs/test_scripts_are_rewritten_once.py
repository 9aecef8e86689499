"""A script is replaced only when it is still the one that was read, and a name that no file can have is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from plotter2.cli.rewriting import rewrite
from plotter2.errors import Plotter2Error
from plotter2.runs.opening import FileRefused, open_script


def test_what_was_saved_meanwhile_is_kept(tmp_path: Path) -> None:
    script = tmp_path / "plot.p2"
    script.write_bytes(b"saved in an editor")
    with pytest.raises(Plotter2Error) as caught:
        rewrite(script, b"as it was read", b"as it would be")
    assert caught.value.code == "P2-E0019"
    assert script.read_bytes() == b"saved in an editor"
    rewrite(script, b"saved in an editor", b"as it would be")
    assert [path.name for path in tmp_path.iterdir()] == ["plot.p2"]
    assert script.read_bytes() == b"as it would be"


def test_a_link_is_not_rewritten(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"same")
    (tmp_path / "plot.p2").symlink_to(target)
    with pytest.raises(FileRefused):
        rewrite(tmp_path / "plot.p2", b"same", b"other")
    assert target.read_bytes() == b"same"


def test_a_name_with_a_null_byte_is_told() -> None:
    with pytest.raises(FileRefused) as caught:
        open_script(Path("a\0b.p2"))
    assert caught.value.code == "P2-E0011"
