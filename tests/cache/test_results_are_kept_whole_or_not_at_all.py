"""The folder of kept results: what is found is what was kept, and everything else is as good as nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from plotter2.cache.entries import Entry, NodeCache, Result
from plotter2.errors import DataError
from plotter2.wire.memory import sealed

MIB = 1 << 20


@pytest.fixture
def cache(tmp_path: Path) -> NodeCache:
    return NodeCache(tmp_path / "cache", 8)


@pytest.fixture
def memory() -> Iterator[int]:
    fd = sealed(bytes(range(256)) * 8192)
    yield fd
    os.close(fd)


def result(memory: int, length: int = MIB, offset: int = 64) -> Result:
    return Result("kmeans@1", "own/a", memory, offset, length, '{"rows": 3}')


def content(cache: NodeCache, key: str) -> bytes | None:
    found = cache.find(key)
    if found is None:
        return None
    try:
        return os.pread(found.fd, found.entry.bytes, 0)
    finally:
        found.close()


def rewrite_about(cache: NodeCache, key: str, **changes: object) -> None:
    """Change what is known of a result as a process of another time would have written it."""
    path = cache.folder / f"{key}.json"
    entry = msgspec.json.decode(path.read_bytes().partition(b"\n")[2], type=Entry)
    told = msgspec.json.encode(msgspec.structs.replace(entry, **changes))
    path.write_bytes(hashlib.sha256(told).hexdigest().encode() + b"\n" + told)


def flip(path: Path) -> None:
    """Turn one bit as a disk may, without a trace in the times of the file."""
    times = path.stat()
    damaged = bytearray(path.read_bytes())
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_what_is_kept_is_found_and_its_uses_are_counted(cache: NodeCache, memory: int) -> None:
    assert cache.find("k" * 64) is None
    assert cache.keep("k" * 64, result(memory))
    for _ in range(2):
        assert content(cache, "k" * 64) == os.pread(memory, MIB, 64)
    (entry,) = cache.entries()
    assert (entry.hits, entry.bytes, entry.script, entry.about) == (2, MIB, "own/a", '{"rows": 3}')


def test_nobody_else_can_read_the_folder(cache: NodeCache, memory: int) -> None:
    cache.keep("k", result(memory))
    assert cache.folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in cache.folder.glob("*.data"))


def test_a_file_that_was_written_to_is_not_used(cache: NodeCache, memory: int) -> None:
    cache.keep("k", result(memory))
    with (cache.folder / "k.data").open("r+b") as file:
        file.write(b"other")
    assert cache.find("k") is None
    assert cache.entries() == []


def test_a_file_that_is_too_short_is_not_used(cache: NodeCache, memory: int) -> None:
    cache.keep("k", result(memory))
    os.truncate(cache.folder / "k.data", 1000)
    assert cache.find("k") is None


@pytest.mark.parametrize("since", [{"boot": "an earlier start"}, {"checked_ms": 0}])
def test_damage_without_a_trace_is_found_after_a_restart_and_after_a_day(
    cache: NodeCache, memory: int, since: dict[str, object]
) -> None:
    cache.keep("k", result(memory))
    flip(cache.folder / "k.data")
    rewrite_about(cache, "k", **since)
    assert cache.find("k") is None
    assert not list(cache.folder.iterdir())


def test_a_copied_folder_is_checked_once_and_used(
    cache: NodeCache, memory: int, tmp_path: Path
) -> None:
    cache.keep("k", result(memory))
    shutil.copytree(cache.folder, tmp_path / "copy")
    copy = NodeCache(tmp_path / "copy", 8)
    assert content(copy, "k") == os.pread(memory, MIB, 64)
    (entry,) = copy.entries()
    assert entry.inode == (copy.folder / "k.data").stat().st_ino


@pytest.mark.parametrize("torn", [b"", b"{}", b"\0" * 400, b"00\n{}"])
def test_a_torn_description_counts_as_none(cache: NodeCache, memory: int, torn: bytes) -> None:
    cache.keep("k", result(memory))
    (cache.folder / "k.json").write_bytes(torn)
    assert cache.find("k") is None
    assert cache.entries() == []
    assert cache.keep("k", result(memory))
    assert content(cache, "k") is not None


def test_the_description_of_another_result_is_not_believed(cache: NodeCache, memory: int) -> None:
    cache.keep("a", result(memory))
    cache.keep("b", result(memory, offset=0))
    shutil.copy(cache.folder / "b.json", cache.folder / "a.json")
    assert cache.find("a") is None


def test_a_link_in_the_place_of_a_result_is_not_followed(
    cache: NodeCache, memory: int, tmp_path: Path
) -> None:
    cache.keep("k", result(memory))
    data = cache.folder / "k.data"
    data.rename(tmp_path / "elsewhere")
    data.symlink_to(tmp_path / "elsewhere")
    assert cache.find("k") is None


def test_the_least_recently_used_goes_first(cache: NodeCache, memory: int) -> None:
    for number, key in enumerate("abcd"):
        assert cache.keep(key, result(memory, 2 * MIB - 64))
        os.utime(cache.folder / f"{key}.json", (1000 + number, 1000 + number))
    assert content(cache, "a") is not None
    assert cache.keep("e", result(memory, 2 * MIB - 64))
    assert {entry.key for entry in cache.entries()} == {"a", "c", "d", "e"}


def test_a_result_too_large_for_the_room_is_not_kept(cache: NodeCache, memory: int) -> None:
    assert cache.largest == 2 * MIB
    assert not cache.keep("k", result(memory, 2 * MIB + 1, 0))


def test_rests_of_killed_processes_go_when_room_is_made(cache: NodeCache, memory: int) -> None:
    cache.keep("a", result(memory))
    for name in ("old", "young"):
        (cache.folder / f".new-{name}").write_bytes(b"begun")
    os.utime(cache.folder / ".new-old", (1000, 1000))
    cache.keep("b", result(memory))
    assert [path.name for path in cache.folder.glob(".new-*")] == [".new-young"]


def test_switched_off_nothing_is_kept_or_found(tmp_path: Path, memory: int) -> None:
    NodeCache(tmp_path / "cache", 8).keep("k", result(memory))
    off = NodeCache(tmp_path / "cache", 0)
    assert not off.is_on
    assert off.find("k") is None
    assert not off.keep("l", result(memory))


def test_a_folder_that_refuses_costs_nothing_but_time(tmp_path: Path, memory: int) -> None:
    (tmp_path / "cache").write_text("a file stands in the way")
    cache = NodeCache(tmp_path / "cache", 8)
    assert cache.find("k") is None
    assert not cache.keep("k", result(memory))
    with pytest.raises(DataError) as caught:
        cache.entries()
    assert caught.value.code == "P2-D0920"
    assert "deleted" in caught.value.help


def test_an_emptied_folder_keeps_nothing(cache: NodeCache, memory: int) -> None:
    assert cache.clear() == (0, 0)
    cache.keep("k", result(memory))
    results, freed = cache.clear()
    assert results == 1
    assert freed > MIB
    assert cache.entries() == []


def test_processes_that_keep_and_find_at_once_never_see_half_a_result(
    cache: NodeCache, memory: int
) -> None:
    whole = os.pread(memory, MIB, 64)
    seen: list[bytes | None] = []

    def keep() -> None:
        for _ in range(15):
            NodeCache(cache.folder, 8).keep("k", result(memory))

    def find() -> None:
        for _ in range(60):
            seen.append(content(NodeCache(cache.folder, 8), "k"))

    threads = [threading.Thread(target=each) for each in (keep, keep, find, find)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {found for found in seen if found is not None} <= {whole}
    assert content(cache, "k") == whole
