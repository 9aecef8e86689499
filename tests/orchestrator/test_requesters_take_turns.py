"""Turns are fair: requesters alternate, priorities weigh, nobody waits for ever, and the host's budget is kept."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotter2.errors import HostError
from plotter2.orchestrator import Cancellation, HostBudget, Priority, Task, TaskLimits
from plotter2.orchestrator.turns import Turns
from plotter2.wire import codes
from plotter2.wire.messages import RunJob

JOB = RunJob(formats=[])
ONE = HostBudget(children=1, memory_mib=1000, output_mib=1000)
SMALL = TaskLimits(mem_mib=100, out_mib=100)


def task(
    requester: str = "",
    priority: Priority = "normal",
    limits: TaskLimits = SMALL,
    cancellation: Cancellation | None = None,
) -> Task:
    return Task(
        JOB, limits=limits, requester=requester, priority=priority, cancellation=cancellation
    )


def order_of(tasks: Sequence[Task], budget: HostBudget = ONE) -> list[Task]:
    """Queue the tasks one after the other while the host is busy; give the order in which they begin."""
    turns, begun, lock = Turns(budget, len(tasks)), [], threading.Lock()

    def work(own: Task) -> None:
        with turns.turn(own), lock:
            begun.append(own)

    threads = []
    with turns.turn(task("who came first")):
        for own in tasks:
            threads.append(threading.Thread(target=work, args=(own,)))
            before = turns.waiting
            threads[-1].start()
            wait_until(lambda before=before: turns.waiting > before)
    for thread in threads:
        thread.join()
    return begun


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def test_a_requester_with_many_tasks_does_not_keep_others_waiting() -> None:
    tasks = [task("greedy")] * 6 + [task("modest")] * 2
    assert [t.requester for t in order_of(tasks)][:4] in (
        ["greedy", "modest", "greedy", "modest"],
        ["modest", "greedy", "modest", "greedy"],
    )


def test_tasks_of_one_requester_keep_their_order() -> None:
    tasks = [task("one", limits=TaskLimits(mem_mib=n, out_mib=1)) for n in range(1, 9)]
    assert order_of(tasks) == tasks


def test_higher_priorities_weigh_more_and_lower_ones_still_come() -> None:
    names: tuple[Priority, ...] = ("low", "normal", "high")
    tasks = [task(name, name) for name in names for _ in range(17)]
    first = Counter(t.requester for t in order_of(tasks)[:21])
    assert first["high"] == pytest.approx(16, abs=1)
    assert first["normal"] == pytest.approx(4, abs=1)
    assert first["low"] >= 1


def test_priorities_of_one_requester_weigh_as_well() -> None:
    tasks = [task("one", "low")] * 4 + [task("one", "high")] * 4
    order = [t.priority for t in order_of(tasks)]
    assert order.count("high") == 4
    assert order[:6].count("high") == 4
    assert "low" in order[:6]


def test_who_was_away_has_saved_nothing_up() -> None:
    turns = Turns(ONE, 100)
    for _ in range(50):
        with turns.turn(task("busy")):
            pass
    begun: list[str] = []

    def work(own: Task) -> None:
        with turns.turn(own):
            begun.append(own.requester)

    with turns.turn(task("busy")):
        threads = [
            threading.Thread(target=work, args=(task(n),)) for n in ["new"] * 4 + ["busy"] * 4
        ]
        for number, thread in enumerate(threads):
            thread.start()
            wait_until(lambda number=number: turns.waiting > number)
    for thread in threads:
        thread.join()
    assert begun[:4].count("busy") >= 1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["low", "normal", "high"])), max_size=12
    )
)
def test_every_task_that_waits_begins(wanted: list[tuple[str, Priority]]) -> None:
    tasks = [task(requester, priority) for requester, priority in wanted]
    assert Counter(map(id, order_of(tasks))) == Counter(map(id, tasks))


def test_what_is_at_work_keeps_within_the_budget_of_the_host() -> None:
    budget = HostBudget(children=3, memory_mib=500, output_mib=300)
    turns, lock, at_work = Turns(budget, 100), threading.Lock(), list[Task]()
    seen: list[tuple[int, int, int]] = []

    def work(own: Task) -> None:
        with turns.turn(own):
            with lock:
                at_work.append(own)
                memory = sum(t.limits.mem_mib for t in at_work)
                seen.append((len(at_work), memory, sum(t.limits.out_mib for t in at_work)))
            time.sleep(0.002)
            with lock:
                at_work.remove(own)

    threads = [
        threading.Thread(
            target=work, args=(task(limits=TaskLimits(mem_mib=mib, out_mib=80 + mib % 7)),)
        )
        for mib in (400, 100, 120, 300, 50, 60, 490, 10, 20, 30) * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(count for count, _, _ in seen) == 3
    assert max(memory for _, memory, _ in seen) <= 500
    assert max(output for _, _, output in seen) <= 300


def test_a_large_task_is_not_overtaken_for_ever() -> None:
    large = task("large", limits=TaskLimits(mem_mib=1000, out_mib=1))
    tasks = [large, *[task("small")] * 10]
    budget = HostBudget(children=4, memory_mib=1000, output_mib=10_000)
    assert large in order_of(tasks, budget)[:3]


@pytest.mark.parametrize("limits", [TaskLimits(mem_mib=1001), TaskLimits(mem_mib=1, out_mib=1001)])
def test_a_task_that_never_could_begin_is_refused_at_once(limits: TaskLimits) -> None:
    with pytest.raises(HostError) as caught, Turns(ONE, 10).turn(task(limits=limits)):
        pass
    assert caught.value.code == codes.HOST_BUDGET
    assert "[host]" in caught.value.help


@pytest.mark.parametrize("budget", [{"cpu_ms": 5000}, {"wall_ms": 5000}])
def test_a_budget_for_the_whole_life_of_the_host_ends(budget: dict[str, int]) -> None:
    turns = Turns(HostBudget(1, 1000, 1000, **budget), 10)
    for spent in (0, 4999, 1):
        with turns.turn(task()):
            turns.spent(spent, spent)
    with pytest.raises(HostError, match="5 s of") as caught, turns.turn(task()):
        pass
    assert caught.value.code == codes.HOST_BUDGET


def test_a_full_queue_refuses_clearly() -> None:
    turns = Turns(ONE, 0)
    with turns.turn(task()), pytest.raises(HostError) as caught, turns.turn(task()):
        pass
    assert caught.value.code == codes.QUEUE_FULL
    with turns.turn(task()):
        assert turns.waiting == 0


def ended_while_waiting(turns: Turns, own: Task, end: Callable[[], None]) -> HostError:
    caught: list[HostError] = []

    def work() -> None:
        try:
            with turns.turn(own):
                pass
        except HostError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    with turns.turn(task("at work")):
        thread.start()
        wait_until(lambda: turns.waiting == 1)
        end()
        thread.join(10)
        assert not thread.is_alive()
        assert turns.waiting == 0
    return caught[0]


def test_a_task_that_waits_can_be_cancelled_and_the_others_go_on() -> None:
    cancellation, turns = Cancellation(), Turns(ONE, 10)
    error = ended_while_waiting(turns, task(cancellation=cancellation), cancellation.cancel)
    assert error.code == codes.CANCELLED
    with turns.turn(task()):
        pass


def test_what_was_cancelled_before_does_not_begin() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    cancellation.cancel()
    with pytest.raises(HostError) as caught, Turns(ONE, 10).turn(task(cancellation=cancellation)):
        pass
    assert caught.value.code == codes.CANCELLED


def test_closing_ends_those_who_wait() -> None:
    turns = Turns(ONE, 10)
    assert ended_while_waiting(turns, task(), turns.close).code == codes.CLOSED


def test_who_waits_is_told_how_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plotter2.orchestrator.turns._TELL_SECONDS", 0.01)
    told: list[int] = []
    turns = Turns(ONE, 10)

    def work() -> None:
        with turns.turn(task(), told.append):
            pass

    thread = threading.Thread(target=work)
    with turns.turn(task()):
        thread.start()
        wait_until(lambda: len(told) > 1)
    thread.join()
    assert set(told) == {1}
