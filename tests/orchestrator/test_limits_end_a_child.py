"""Every limit ends a child with one clear error, and the host goes on (`Attackers.error` checks it)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from confined_children import Attackers, attackers
from plotter2.errors import ExitCode, HostError
from plotter2.orchestrator import TaskLimits
from plotter2.wire import codes

pytestmark = pytest.mark.process

ENDLESS = {
    "a Python loop": "while True: pass",
    "a loop in C": "sum(range(10 ** 12))",
    "a loop that catches everything": """
while True:
    try:
        while True: pass
    except BaseException: pass
""",
    "a sleep": "time.sleep(1000)",
    "a loop that ignores signals": """
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True: pass
""",
    "a stopped process": "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(1000)",
    "many threads": """
for _ in range(20): threading.Thread(target=lambda: sum(range(10 ** 12))).start()
""",
}
GREEDY = {
    "numpy": "import numpy as np\nkept = []\nwhile True: kept.append(np.ones(1_000_000))",
    "bytes": "kept = []\nwhile True: kept.append(bytearray(8_000_000))",
    "threads": """
import numpy as np
kept = []
def eat():
    while True: kept.append(np.ones(500_000))
for _ in range(4): threading.Thread(target=eat).start()
time.sleep(100)
""",
    "one huge request": "bytearray(1 << 42)",
    "one huge array": "import numpy as np; np.ones(1 << 40)",
    "polars": "import polars as pl; pl.int_range(0, 1 << 36, eager=True).sum()",
    "text": "'x' * (1 << 42)",
    "private mappings": """
kept = []
while True:
    kept.append(mmap.mmap(-1, 1 << 26, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
    kept[-1].write(bytes(1 << 26))
""",
}


@pytest.fixture(scope="module", params=["A", "B"])
def children(request: pytest.FixtureRequest) -> Iterator[Attackers]:
    with attackers(request.param) as children:
        yield children


@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS)
def test_work_without_end_stops_at_the_wall_clock(children: Attackers, source: str) -> None:
    error = children.error(source, TaskLimits(wall_ms=300))
    assert error.code == codes.WALL_LIMIT
    assert error.exit_code is ExitCode.TIMEOUT
    assert "[limits] wall_ms in config/plotter2.toml" in error.help


@pytest.mark.parametrize("source", GREEDY.values(), ids=GREEDY)
def test_work_that_eats_memory_stops_at_its_budget(children: Attackers, source: str) -> None:
    error = children.error(source, TaskLimits(wall_ms=20_000, mem_mib=200))
    assert error.code == codes.MEMORY_LIMIT
    assert "[limits] memory_mib in config/plotter2.toml" in error.help
    assert isinstance(error, HostError)
    assert error.exit_code is ExitCode.WORK_FAILED


def test_memory_within_the_budget_is_given(children: Attackers) -> None:
    source = "import numpy as np; time.sleep(0.2); answer = int(np.ones(20_000_000).sum())"
    assert children.answer(source, TaskLimits(mem_mib=400)) == 20_000_000


@pytest.mark.slow
@pytest.mark.parametrize("children", ["A"], indirect=True)
@pytest.mark.parametrize("ignored", ["", "signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"])
def test_processor_time_is_limited_by_the_kernel(children: Attackers, ignored: str) -> None:
    error = children.error(ignored + "sum(range(10 ** 12))", TaskLimits(wall_ms=30_000, cpu_ms=900))
    assert error.code == codes.CPU_LIMIT


@pytest.mark.parametrize(
    "source",
    [
        "channel.put('picture', 'png', bytes((1 << 20) + 1))",
        "for _ in range(20): channel.append(bytes(1 << 16))",
    ],
)
def test_output_over_its_cap_is_refused_and_not_cut_off(children: Attackers, source: str) -> None:
    error = children.error(source, TaskLimits(out_mib=1))
    assert error.code == codes.OUTPUT_LIMIT
    assert "[limits] output_mib" in error.help


def test_output_up_to_its_cap_arrives_whole(children: Attackers) -> None:
    source = "channel.put('picture', 'png', b'7' * (1 << 20))"
    outcome = children.outcome(source, TaskLimits(out_mib=1))
    assert outcome.blobs[0].data == b"7" * (1 << 20)


@pytest.mark.parametrize(
    "deed",
    [
        "os.ftruncate(fds[0], 1 << 22)",
        "os.pwrite(fds[0], b'x', 1 << 20)",
        "os.ftruncate(fds[0], 1)",
    ],
)
def test_nobody_in_a_child_can_change_the_size_of_the_output(
    children: Attackers, deed: str
) -> None:
    source = f"signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nanswer = tried(lambda: {deed})"
    assert children.answer(source, TaskLimits(out_mib=1)) in {"EPERM", "EFBIG", "EINVAL"}
