"""Looks into the inbox come by the clock, whatever the kernel has to say."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from plotter2.staging.hints import moments


@pytest.mark.parametrize("name", [b"caf\xe9.csv", b"\xff\xfe"])
def test_a_name_that_is_no_utf8_does_not_end_the_looking(tmp_path: Path, name: bytes) -> None:
    stop = threading.Event()
    looks = moments(tmp_path, stop)
    next(looks)
    for number in range(2):
        made = threading.Timer(0.1, _made, [os.fsencode(tmp_path) + b"/%d" % number + name])
        made.start()
        next(looks)
        made.join()
    stop.set()
    assert list(looks) == []


def test_a_folder_that_is_gone_does_not_end_the_looking(tmp_path: Path) -> None:
    stop = threading.Event()
    looks = moments(tmp_path / "nowhere", stop)
    next(looks)
    next(looks)
    stop.set()
    assert list(looks) == []


def _made(path: bytes) -> None:
    with open(path, "w"):  # noqa: PTH123
        pass
