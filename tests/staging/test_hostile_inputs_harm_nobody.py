"""More than two hundred hostile inputs: each ends in one clear line, and the host is afterwards as it was before."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import hostile_files
import hostile_talk
import hostile_texts
from confined_children import Attackers, attackers, open_descriptors
from hostile_texts import Input
from plotter2.datter.store import Store
from plotter2.errors import HostError, Plotter2Error
from plotter2.orchestrator import Orchestrator, Outcome, Task, TaskLimits
from plotter2.orchestrator.settings import Spares
from plotter2.wire.codec import decode_from_child, decode_from_host
from plotter2.wire.messages import ReadJob
from plotter2.wire.zygote import decode_from_zygote, decode_order
from staging_samples import staged

pytestmark = [pytest.mark.process, pytest.mark.attack]
LIMITS = TaskLimits(wall_ms=20_000, cpu_ms=20_000, mem_mib=768, out_mib=128)
FILES: dict[str, dict[str, Input]] = {
    "CSV": hostile_texts.CSV,
    "JSON": hostile_texts.JSON,
    "names": hostile_texts.NAMES,
    "packages": hostile_texts.PACKAGES,
    "Arrow": hostile_files.ARROW,
    "Parquet": hostile_files.PARQUET,
    "NumPy": hostile_files.NUMPY,
    "archives": hostile_files.ARCHIVES,
    "HDF5": hostile_files.HDF5,
    "trackers": hostile_files.TRACKERS,
    "pictures": hostile_files.PICTURES,
    "SQLite": hostile_files.SQLITE,
}
NAMED_THEMSELVES = (".p2b", ".l2.jsonl", ".png", ".jpg", ".gif", ".webp", ".bmp", ".tif")
_ALLOWED_RSS = 32 << 20
_SETTLES = 10.0


def test_there_are_more_than_a_hundred_of_them() -> None:
    files = sum(map(len, FILES.values()))
    assert files + len(hostile_talk.MESSAGES) + len(hostile_talk.FRAMES) > 200


# ------------------------------------------------------------ the host, before and afterwards
def host() -> dict[str, Any]:
    """Give what an input must not change: descriptors, threads, signals, folder, processes."""
    kept = (entry.partition(" ")[2] for entry in open_descriptors())
    return {
        "descriptors": Counter(
            where for where in kept if "/proc/" not in where and ":[" not in where
        ),
        "sockets and pipes": sum(":[" in entry for entry in open_descriptors()),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "mask": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "folder": Path.cwd(),
        "processes": processes_below(os.getpid()),
        "environment": dict(os.environ),
    }


def processes_below(top: int) -> int:
    """Count the processes that descend from one, dead ones that nobody buried among them."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(") ")[2].split()
            except (OSError, UnicodeDecodeError):
                continue
            parents[int(entry.name)] = int(fields[1])
    below = {top}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return len(below) - 1


def native_threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def memory() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def unchanged(settle: Callable[[], object]) -> Iterator[None]:
    """Hold the host afterwards against the host before; new spares may need a moment."""
    settle()
    before, rss, tasks = host(), memory(), native_threads()
    yield
    settle()
    end = time.monotonic() + _SETTLES
    while host() != before and time.monotonic() < end:
        time.sleep(0.02)
    assert host() == before
    assert memory() - rss < _ALLOWED_RSS
    assert native_threads() <= tasks


# ------------------------------------------------------------ files
@pytest.fixture(scope="module")
def orchestrator() -> Iterator[Orchestrator]:
    with Orchestrator() as running:
        yield running


@pytest.fixture
def add(orchestrator: Orchestrator, tmp_path: Path) -> Iterator[Callable[[Path], Any]]:
    def submit(job: ReadJob, fds: tuple[int, ...]) -> Outcome:
        return orchestrator.submit(Task(job, fds, LIMITS))

    with Store.open(tmp_path / "root") as store:
        yield lambda path: staged((path,), None, submit, store)


@pytest.mark.parametrize("kind", FILES)
def test_hostile_files_end_in_one_clear_line(
    kind: str, add: Callable[[Path], Any], orchestrator: Orchestrator, tmp_path: Path
) -> None:
    good = tmp_path / "good"
    good.mkdir()
    number = iter(range(1_000))

    def good_run() -> None:
        (good / "x.csv").write_text(f"step,loss\n1,{next(number)}\n2,0.5\n")
        assert add(good).bundles[0].tables["x"]["rows"] == 2
        wait_for_spares(orchestrator)

    good_run()
    wrong = []
    with unchanged(good_run):
        for place, (name, hostile) in enumerate(FILES[kind].items()):
            folder = laid_out(tmp_path / f"in{place}", hostile)
            told = outcome_of(add, folder)
            if not is_right(told, hostile):
                wrong.append(f"{name}: {told!r}")
    assert not wrong, "\n".join(wrong)


def wait_for_spares(orchestrator: Orchestrator) -> None:
    end = time.monotonic() + _SETTLES
    while len(orchestrator.spares().pids) < Spares().most and time.monotonic() < end:
        time.sleep(0.01)


def laid_out(folder: Path, hostile: Input) -> Path:
    folder.mkdir()
    for name, content in hostile.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for what in hostile.made:
        MADE[what](folder)
    named = next(iter(hostile.files))
    return folder / named if named.endswith(NAMED_THEMSELVES) else folder


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's path has at most 107 bytes
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


MADE: dict[str, Callable[[Path], object]] = {
    "bytes": lambda folder: Path(os.fsdecode(bytes(folder) + b"/\xff\xfe.csv")).write_text(
        "a\n1\n"
    ),
    "link": lambda folder: (folder / "y.csv").symlink_to("/etc/passwd"),
    "loop": lambda folder: (folder / "y").symlink_to(folder),
    "pipe": lambda folder: os.mkfifo(folder / "y.csv"),
    "socket": lambda folder: _socket(folder / "y.csv"),
    "folder": lambda folder: (folder / "y.csv").mkdir(),
}


def outcome_of(add: Callable[[Path], Any], path: Path) -> Plotter2Error | Any:
    try:
        return add(path)
    except Plotter2Error as error:
        return error


def is_right(told: Any, hostile: Input) -> bool:
    """Tell whether an input was refused as it should be, in one line for a terminal, or taken in where it may be."""
    if isinstance(told, Plotter2Error):
        texts = (told.message, told.where, told.help, told.note)
        clear = all(text.isprintable() for text in texts) and told.message and told.help
        return bool(clear) and any(told.code.startswith(code) for code in hostile.codes if code)
    names = [bundle.name for bundle in told.bundles]
    notes = [note for bundle in told.bundles for note in bundle.notes] + list(told.left_alone)
    is_expected = not hostile.codes or "" in hostile.codes
    return is_expected and all(text.isprintable() for text in (*names, *notes))


# ------------------------------------------------------------ talk
DECODERS: Mapping[str, Callable[[bytes], object]] = {
    "a child's word": decode_from_child,
    "a host's word": decode_from_host,
    "a zygote's word": decode_from_zygote,
    "an order": decode_order,
}


@pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)
def test_hostile_messages_are_refused(decoder: Callable[[bytes], object]) -> None:
    with unchanged(lambda: None):
        for name, data in hostile_talk.MESSAGES.items():
            with pytest.raises(HostError) as caught:
                decoder(data)
            assert caught.value.code == "P2-H0908", name
            assert caught.value.message.isprintable(), name


@pytest.fixture(scope="module")
def taken_over() -> Iterator[Attackers]:
    with attackers() as children:
        yield children


def test_hostile_packets_end_their_child_and_nothing_else(taken_over: Attackers) -> None:
    short = TaskLimits(wall_ms=3_000)

    def good_run() -> None:
        assert taken_over.answer("answer = 6 * 7") == 42
        wait_for_spares(taken_over.orchestrator)

    good_run()
    with unchanged(good_run):
        for name, source in hostile_talk.FRAMES.items():
            try:
                taken_over.outcome(
                    "from plotter2.wire import codec, messages as m\n" + source, short
                ).close()
            except Plotter2Error as error:
                shown = (error.message.replace("\n", ""), error.where, error.help, error.note)
                assert all(text.isprintable() for text in shown), name
