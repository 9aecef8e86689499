"""A picture is opened with what the desktop has for it; without a desktop nothing is started."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from plotter2.host.viewing import opened_in_viewer

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS always has a desktop")


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the file into which the desktop's opener writes what it was given."""
    program, told = tmp_path / "xdg-open", tmp_path / "opened"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {told}.new && mv {told}.new {told}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return told


@pytest.mark.parametrize("desktop", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_desktop_opens_the_picture(opened: Path, tmp_path: Path, desktop: str) -> None:
    assert opened_in_viewer(tmp_path / "a picture.png", {desktop: ":0"})
    while not opened.exists():
        time.sleep(0.01)
    assert opened.read_text() == str(tmp_path / "a picture.png")


def test_without_a_desktop_nothing_is_started(opened: Path, tmp_path: Path) -> None:
    assert not opened_in_viewer(tmp_path / "x.png", {})
    assert not opened.exists()


def test_a_desktop_without_an_opener_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not opened_in_viewer(tmp_path / "x.png", {"DISPLAY": ":0"})
