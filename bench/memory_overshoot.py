"""A child with a budget of 500 MB takes memory as fast as it can: how far it gets beyond, largest of 5."""

from __future__ import annotations

from children import SETTINGS, ready_pool, task

from plotter2.errors import HostError
from plotter2.orchestrator import TaskLimits
from plotter2.orchestrator.conversation import Conversation
from plotter2.orchestrator.watch import Watch
from plotter2.wire.memory import capped_output

ROUNDS = 5
BUDGET_MIB = 477  # 500 MB


def main() -> None:
    """Print the largest overshoot in percent of the budget."""
    pool = ready_pool()
    limits = TaskLimits(mem_mib=BUDGET_MIB)
    beyond = []
    for _ in range(ROUNDS):
        child = pool.take()
        resident = 0
        watch = Watch(child, task("eat", limits=limits), SETTINGS, Conversation(lambda _: None, 1))
        try:
            watch.work(capped_output(4096))
        except HostError:
            resident = watch.end().peak_rss_bytes
        beyond.append(100 * ((resident - watch.resident_before) / 2**20 / BUDGET_MIB - 1))
        child.close()
    pool.close()
    print(f"memory beyond a budget of 500 MB: {max(beyond):.0f} %, largest of {ROUNDS} (goal 35)")


if __name__ == "__main__":
    main()
