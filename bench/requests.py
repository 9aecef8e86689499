"""The journal of requests: 10,000 requests of 100 clients at once, each durable before it is told.

A thread per client asks, is told, asks again; one thread commits together whatever waits (at most 256), as a server
does. Beside it: what a request costs that is asked, leased and ended alone, and 10,000 in batches.
"""

from __future__ import annotations

import queue
import statistics
import tempfile
import threading
import time
from pathlib import Path

from plotter2.datter.bodies import Run
from plotter2.datter.living import Work
from plotter2.datter.requested import Asking
from plotter2.datter.store import Store

CLIENTS, EACH = 100, 100
MOST_TOGETHER = 256
ALONE = 200
Waiting = tuple[str, threading.Event]


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        together(Path(folder) / "together")
        alone(Path(folder) / "alone")


def together(root: Path) -> None:
    """Have many clients ask at once."""
    waiting: queue.Queue[Waiting | None] = queue.Queue()
    times: list[float] = []

    def client(number: int) -> None:
        for n in range(EACH):
            told = threading.Event()
            began = time.perf_counter()
            waiting.put((f"{number}-{n}", told))
            told.wait()
            times.append(time.perf_counter() - began)

    def server() -> None:
        with Store.open(root) as store:
            while serve(store, waiting):
                pass

    clients = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    serving = threading.Thread(target=server)
    serving.start()
    began = time.perf_counter()
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    took = time.perf_counter() - began
    waiting.put(None)
    serving.join()
    times.sort()
    print(
        f"{len(times):,} requests of {CLIENTS} clients accepted in {took:.1f} s (goal 10), "
        f"{len(times) / took:,.0f} a second; "
        f"p50 {times[len(times) // 2] * 1000:.1f} ms, p99 {times[len(times) * 99 // 100] * 1000:.1f} ms (goal 500)"
    )


def serve(store: Store, waiting: queue.Queue[Waiting | None]) -> bool:
    """Commit what waits and tell those who asked; False at the end."""
    some = [waiting.get()]
    while len(some) < MOST_TOGETHER and not waiting.empty():
        some.append(waiting.get())
    asked = [one for one in some if one is not None]
    store.requests.ask_all([asking(key) for key, _ in asked])
    for _, told in asked:
        told.set()
    return None not in some


def alone(root: Path) -> None:
    """Ask, lease and end one request after the other; then ask for many in one go."""
    asks, lives = [], []
    with Store.open(root) as store:
        for n in range(ALONE):
            began = time.perf_counter()
            store.requests.ask_all([asking(f"asked-{n}")])
            asks.append(time.perf_counter() - began)
        for n in range(ALONE):
            began = time.perf_counter()
            work = store.begin(asking(f"done-{n}"), 60)
            assert isinstance(work, Work)
            with work:
                work.done({})
            lives.append(time.perf_counter() - began)
        began = time.perf_counter()
        many = CLIENTS * EACH
        for start in range(0, many, MOST_TOGETHER):
            some = range(start, min(many, start + MOST_TOGETHER))
            store.requests.ask_all([asking(f"many-{n}") for n in some])
        took = time.perf_counter() - began
    print(
        f"alone: asked {statistics.median(asks) * 1000:.1f} ms, asked, leased and ended "
        f"{statistics.median(lives) * 1000:.1f} ms (p50); "
        f"in batches of {MOST_TOGETHER} {many / took:,.0f} rows a second (goal 5,000)"
    )


def asking(key: str) -> Asking:
    """Give a request for a run."""
    return Asking("run", "sweep.p2", Run(script="/home/ada/sweep.p2", sha256="0" * 64), key)


if __name__ == "__main__":
    main()
