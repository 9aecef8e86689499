"""Trivial runs in a second: through the orchestrator alone, and through the host with journal and records."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

from children import SETTINGS, task

import plotter2
from plotter2.orchestrator import Orchestrator, machine

SECONDS = 5.0
SCRIPT = 'p2 1\naccess("points")\n  | frame\n  | line(x=x, y=y)\n  | plot("line")\n'
ROUNDS = 20


def main() -> None:
    """Print both figures, and the processor time of one run."""
    alone, cpu_ms = orchestrated()
    print(
        f"trivial runs: {alone:.0f} a second on {machine.cores()} processors (goal 200 on 2), "
        f"{cpu_ms:.1f} ms of processor time each on a machine that was {busy_with_others():.0%} busy with others; "
        f"a line drawn by the host with journal and record: {recorded():.0f} ms"
    )


def orchestrated() -> tuple[float, float]:
    """Give runs a second with one thread for each processor, and the machine's processor time for each."""
    ended: list[float] = []

    def work() -> None:
        while time.monotonic() < until:
            orchestrator.submit(task("nothing")).close()
            ended.append(time.monotonic())

    with Orchestrator(SETTINGS) as orchestrator:
        orchestrator.ready()
        for _ in range(20):
            orchestrator.submit(task("nothing")).close()
        begun, busy = time.monotonic(), busy_seconds()
        until = begun + SECONDS
        threads = [threading.Thread(target=work) for _ in range(machine.cores())]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spent = busy_seconds() - busy
        return len(ended) / (time.monotonic() - begun), 1000 * spent / len(ended)


def busy_seconds() -> float:
    """Give the processor time of the whole machine: most of a run's is the kernel's, and nobody's in particular."""
    words = Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()
    idle = int(words[4]) + int(words[5])
    return (sum(map(int, words[1:9])) - idle) / 100


def busy_with_others() -> float:
    """Give which part of the machine is busy while this process waits."""
    busy = busy_seconds()
    time.sleep(1)
    return (busy_seconds() - busy) / machine.cores()


def recorded() -> float:
    """Give the milliseconds of a run that reads ten rows, draws a line and is kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "points").mkdir()
        rows = "\n".join(f"{n},{n * n}" for n in range(10))
        (folder / "points" / "main.csv").write_text(f"x,y\n{rows}\n")
        script = folder / "line.p2"
        script.write_text(SCRIPT)
        with plotter2.open(folder / "root") as library:
            library.add([folder / "points"], name="points")
            library.new_key("bench@example")
            library.sign(script)
            library.run(script)
            begun = time.monotonic()
            for _ in range(ROUNDS):
                library.run(script)
            return 1000 * (time.monotonic() - begun) / ROUNDS


if __name__ == "__main__":
    main()
