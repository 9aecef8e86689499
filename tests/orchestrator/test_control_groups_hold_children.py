"""Where this process may divide its control group, each child gets one; a folder stands for a kernel that allows it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from confined_children import ZYGOTE
from plotter2.orchestrator import OrchestratorSettings, Spares, Task, TaskLimits
from plotter2.orchestrator.conversation import Conversation
from plotter2.orchestrator.groups import Groups
from plotter2.orchestrator.pool import Pool
from plotter2.orchestrator.watch import Watch
from plotter2.orchestrator.zygote import ZygoteProcess
from plotter2.wire.memory import capped_output
from plotter2.wire.messages import RunJob

UNIFIED = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
ME = str(os.getpid())


class FakeKernel:
    """A folder with the files of a control group; it holds what is written and does nothing."""

    def __init__(
        self, folder: Path, controllers: str, enabled: str = "", members: str = ME
    ) -> None:
        self.mount = folder / "cgroup"
        self.own = self.mount / "user.slice" / "plotter2.scope"
        self.own.mkdir(parents=True)
        (self.own / "cgroup.controllers").write_text(controllers)
        (self.own / "cgroup.subtree_control").write_text(enabled)
        (self.own / "cgroup.procs").write_text(members)
        self.membership = folder / "membership"
        self.membership.write_text("4:memory:/elsewhere\n0::/user.slice/plotter2.scope\n")

    def groups(self) -> Groups | None:
        return Groups.found(self.mount, self.membership)


def test_a_group_that_is_divided_already_is_used(tmp_path: Path) -> None:
    fake = FakeKernel(tmp_path, "cpu memory pids", "memory pids", members=f"{ME} 1")
    groups = fake.groups()
    assert groups is not None
    group = groups.of(4711)
    assert group is not None
    group.limit(500 * 2**20)
    (folder,) = [path for path in fake.own.iterdir() if path.is_dir()]
    said = {path.name: path.read_text() for path in folder.iterdir()}
    assert said == {
        "cgroup.procs": "4711",
        "memory.max": str(500 * 2**20),
        "memory.oom.group": "1",
        "memory.swap.max": "0",
        "pids.max": "1024",
    }
    group.kill()
    assert (folder / "cgroup.kill").read_text() == "1"


def test_a_process_that_is_alone_moves_down_and_divides_its_group(tmp_path: Path) -> None:
    fake = FakeKernel(tmp_path, "cpu memory pids")
    assert fake.groups() is not None
    assert (fake.own / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert (fake.own / f"plotter2-{ME}" / "cgroup.procs").read_text() == ME


@pytest.mark.parametrize(
    ("controllers", "members"), [("cpu pids", ME), ("", ME), ("memory pids", f"{ME}\n1\n")]
)
def test_without_the_controllers_or_beside_others_there_are_no_groups(
    tmp_path: Path, controllers: str, members: str
) -> None:
    fake = FakeKernel(tmp_path, controllers, members=members)
    assert fake.groups() is None
    assert [path for path in fake.own.iterdir() if path.is_dir()] == []


def test_without_version_2_there_are_no_groups(tmp_path: Path) -> None:
    assert Groups.found(tmp_path, tmp_path / "nothing") is None
    (tmp_path / "old").write_text("4:memory:/elsewhere\n")
    assert Groups.found(tmp_path, tmp_path / "old") is None


@pytest.fixture
def real() -> Iterator[Groups]:
    """Give groups of the kernel, without controllers: those may be taken by version 1."""
    mount = next((Path(m) for m in UNIFIED if (Path(m) / "cgroup.procs").is_file()), None)
    if mount is None or not os.access(mount, os.W_OK) or os.geteuid() != 0:
        pytest.skip("no control groups of version 2 that may be made here")
    folder = mount / f"plotter2-test-{ME}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        yield Groups(folder)
    finally:
        for group in folder.glob("plotter2-*"):
            group.rmdir()
        folder.rmdir()


@pytest.mark.process
def test_the_kernel_moves_ends_and_forgets_a_group(real: Groups) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"]) as process:
        group = real.of(process.pid)
        assert group is not None
        assert "plotter2-test" in Path(f"/proc/{process.pid}/cgroup").read_text()
        assert not group.close()
        group.kill()
        assert process.wait(10) == -9
    real.give_back(group)
    assert real.of(2**22 + 1) is None
    assert group.close()


@pytest.mark.process
def test_children_have_groups_of_their_own_from_before_their_job_to_their_end(real: Groups) -> None:
    settings = OrchestratorSettings(zygote=(sys.executable, "-I", "-X", "utf8", str(ZYGOTE)))
    zygote = ZygoteProcess(settings)
    pool = Pool(zygote, Spares(1, 100), real)
    try:
        zygote.ready()
        pool.fill()
        child = pool.take()
        assert child.group is not None
        assert "plotter2-test" in Path(f"/proc/{child.pid}/cgroup").read_text()
        task = Task(
            RunJob(formats=[], params={"source": "answer = 1"}),
            limits=TaskLimits(),
            needs=frozenset(),
        )
        watch = Watch(child, task, settings, Conversation(lambda _: None, 4096))
        watch.work(capped_output(4096))
        watch.end()
        pool.give_back(child)
    finally:
        pool.close()
