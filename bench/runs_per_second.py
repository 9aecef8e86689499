"""Trivial runs in a second: through the orchestrator alone, and through the host with journal and records."""

from __future__ import annotations

import os
import resource
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
        f"trivial runs: {alone:.0f} a second on {machine.cores()} processors (goal 200 on 2), {cpu_ms:.1f} ms of "
        f"processor time each, host, zygote and child together, on a machine that was {busy_with_others():.0%} busy "
        f"with others; a line drawn by the host with journal and record: {recorded():.0f} ms"
    )


def orchestrated() -> tuple[float, float]:
    """Give runs a second with one thread for each processor, and the processor time of each in milliseconds."""
    of_children: list[float] = []

    def work() -> None:
        while time.monotonic() < until:
            with orchestrator.submit(task("nothing")) as outcome:
                of_children.append(outcome.usage.cpu_ms)

    with Orchestrator(SETTINGS) as orchestrator:
        orchestrator.ready()
        for _ in range(20):
            orchestrator.submit(task("nothing")).close()
        begun, spent = time.monotonic(), processor_ms()
        until = begun + SECONDS
        threads = [threading.Thread(target=work) for _ in range(machine.cores())]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds, runs = time.monotonic() - begun, len(of_children)
        return runs / seconds, (processor_ms() - spent + sum(of_children)) / runs


def processor_ms() -> float:
    """Give the processor time of this process and of its zygote, whose children are not counted here."""
    (zygote,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    words = Path(f"/proc/{zygote}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    used = resource.getrusage(resource.RUSAGE_SELF)
    ticks = int(words[11]) + int(words[12])
    return 1000 * (used.ru_utime + used.ru_stime + ticks / os.sysconf("SC_CLK_TCK"))


def busy_seconds() -> float:
    """Give the processor time of the whole machine."""
    words = Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()
    idle = int(words[4]) + int(words[5])
    return (sum(map(int, words[1:9])) - idle) / os.sysconf("SC_CLK_TCK")


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
