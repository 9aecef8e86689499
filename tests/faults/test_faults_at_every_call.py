"""A fault at every call that changes the disk: nothing acknowledged is lost, nothing is there twice or in part.

Here only some of the points, at a fixed stride; `make test-faults` takes all of them.
"""

from __future__ import annotations

import os

import pytest

from faults import fault_shim
from faults.fault_points import DISK_MODES, PLAIN_MODES, Tally, run
from faults.fault_workloads import WORKLOADS
from faults.loop_disks import FILE_SYSTEMS, no_disk

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(bool(fault_shim.missing()), reason=fault_shim.missing()),
]
STRIDE = int(os.environ.get("P2_FAULT_STRIDE", "0"))


def strides(thin: int) -> dict[str, int]:
    return {"stride": STRIDE or thin, "first": 1 if STRIDE else 5}


def judge(tally: Tally) -> None:
    assert tally.wrong == []
    assert tally.points > 0
    assert max(tally.ready_s) < 2.0


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("mode", PLAIN_MODES)
def test_a_process_comes_to_harm_and_the_next_one_finds_all_that_was_acknowledged(
    mode: str, workload: str
) -> None:
    judge(run(workload, mode, **strides(61 if mode == "stop" else 31)))


@pytest.mark.slow
@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("file_system", FILE_SYSTEMS)
@pytest.mark.parametrize("mode", DISK_MODES)
def test_the_power_goes_and_what_was_acknowledged_is_on_the_disk(
    mode: str, file_system: str, workload: str
) -> None:
    if no_disk(file_system):
        pytest.skip(no_disk(file_system))
    judge(run(workload, mode, file_system=file_system, **strides(61 if "cut" in mode else 13)))
