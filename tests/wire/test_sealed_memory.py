"""Sealed inputs cannot be changed by anyone, outputs cannot grow, and copies are private."""

from __future__ import annotations

import mmap
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter2.errors import DataError, HostError
from plotter2.wire import codes
from plotter2.wire.memory import capped_output, copy_out, mapped, sealed, sealed_from_files


@contextmanager
def closing(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_what_goes_into_sealed_memory_comes_out(pieces: list[bytes]) -> None:
    with closing(sealed(iter(pieces))) as fd:
        content = b"".join(pieces)
        assert copy_out(fd, 0, len(content)) == content
        assert bytes(mapped(fd)) == content


def test_sealed_memory_cannot_be_changed_not_even_by_its_maker() -> None:
    with closing(sealed(b"moon")) as fd:
        with closing(os.open(f"/proc/self/fd/{fd}", os.O_RDWR)) as writable:
            for deed in (
                lambda: os.pwrite(writable, b"x", 0),
                lambda: os.ftruncate(writable, 1),
                lambda: os.ftruncate(writable, 100),
                lambda: mmap.mmap(writable, 0),
                lambda: os.pwrite(fd, b"x", 0),
            ):
                with pytest.raises(OSError, match=r"not permitted|Bad file"):
                    deed()
        assert copy_out(fd, 0, 4) == b"moon"


def test_an_output_takes_its_cap_and_not_a_byte_more() -> None:
    with closing(capped_output(8)) as fd:
        os.pwrite(fd, b"12345678", 0)
        for deed in (
            lambda: os.pwrite(fd, b"x", 8),
            lambda: os.ftruncate(fd, 9),
            lambda: os.ftruncate(fd, 7),
        ):
            with pytest.raises(OSError, match="not permitted"):
                deed()
        assert copy_out(fd, 2, 3) == b"345"


@pytest.mark.parametrize(("offset", "length"), [(0, 9), (8, 1), (-1, 2), (0, -1), (1 << 60, 1)])
def test_a_piece_outside_the_memory_is_refused(offset: int, length: int) -> None:
    with closing(capped_output(8)) as fd, pytest.raises(HostError) as caught:
        copy_out(fd, offset, length)
    assert caught.value.code == codes.PROTOCOL_BROKEN


def test_files_lie_one_after_the_other(tmp_path: Path) -> None:
    first, second, empty = (tmp_path / name for name in ("first", "second", "empty"))
    first.write_bytes(b"a" * 5000)
    second.write_bytes(b"b" * 3)
    empty.touch()
    with closing(os.open(second, os.O_RDONLY)) as opened:
        os.lseek(opened, 2, os.SEEK_SET)
        fd, places = sealed_from_files([first, empty, str(second), opened])
    with closing(fd):
        assert places == [(0, 5000), (5000, 0), (5000, 3), (5003, 3)]
        assert copy_out(fd, 0, 5006) == b"a" * 5000 + b"bbbbbb"


@pytest.mark.parametrize("name", ["nothing", "folder", "pipe"])
def test_what_is_no_plain_file_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError) as caught:
        sealed_from_files([tmp_path / name])
    assert caught.value.where == str(tmp_path / name)


def test_a_full_machine_is_one_clear_error_and_leaves_nothing_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(HostError) as caught:
            sealed(b"x")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert caught.value.code == codes.MEMORY_NOT_MADE
    with pytest.raises(DataError):
        sealed_from_files([Path(__file__), "/no/such/file"])
    assert len(list(Path("/proc/self/fd").iterdir())) == before
