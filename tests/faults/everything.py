"""All faults, crash states, seeded bugs and slow tests as one command, on all processors, with one table at the end.

    python tests/faults/everything.py [--only WORD ...] [--jobs N] [--list]

`make test-faults` runs it. The exit code is 1 when anything was wrong, or less was looked at than the table wants. What
this machine lacks is left out, said loudly, and does not make it fail.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.all_parts import LINES, Line, Outcome, Part, parts

_MOST_WRONG = 10
_LONGEST_TEXT = 3_000
READY_S = 2.0


@dataclass(frozen=True)
class Done:
    """A part that is done, what came of it and how long it took."""

    part: Part
    outcome: Outcome
    seconds: float


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--only", action="append", metavar="WORD", help="parts with such a title or line"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--list", action="store_true", help="only say which parts there are")
    asked = parser.parse_args(words)
    chosen = [part for part in parts() if _is_wanted(part, asked.only)]
    chosen.sort(key=lambda part: -part.seconds)
    if asked.list:
        print("\n".join(f"{part.line}: {part.title}" for part in chosen))
        return 0
    began = time.monotonic()
    finished = _carried_out(chosen, asked.jobs)
    for done in finished:
        _tell_wrong(done)
    print("\n".join(table(finished)))
    for lack in sorted({lack for done in finished for lack in done.outcome.left_out}):
        print(f"LEFT OUT: {lack}")
    wrong = sum(len(done.outcome.wrong) for done in finished)
    few = [] if asked.only else _too_few(finished)
    print(
        f"{len(finished)} parts on {asked.jobs} processors, {(time.monotonic() - began) / 60:.1f} minutes"
    )
    if wrong or few:
        print(f"FAILED: {wrong} wrong" + "".join(f"; too few {line.name}" for line in few))
    return 1 if wrong or few else 0


def _is_wanted(part: Part, words: Sequence[str] | None) -> bool:
    return not words or any(word in f"{part.line}: {part.title}" for word in words)


def _carried_out(chosen: Sequence[Part], jobs: int) -> list[Done]:
    finished: list[Done] = []
    with ThreadPoolExecutor(jobs) as pool:
        for waiting in as_completed([pool.submit(_carry_out, part) for part in chosen]):
            done = waiting.result()
            finished.append(done)
            print(f"[{len(finished)}/{len(chosen)}] {_told(done)}", flush=True)
    return finished


def _told(done: Done) -> str:
    state = f"{len(done.outcome.wrong)} WRONG" if done.outcome.wrong else "well"
    if done.outcome.left_out:
        state += f", {len(done.outcome.left_out)} left out"
    return f"{done.part.title}: {done.outcome.done:,} {state}, {done.seconds:.0f} s"


def _carry_out(part: Part) -> Done:
    began = time.monotonic()
    try:
        outcome = part.work()
    except Exception as error:  # noqa: BLE001 - a part that cannot be done is told, and the others are
        outcome = Outcome(wrong=[f"{type(error).__name__}: {error}"])
    return Done(part, outcome, time.monotonic() - began)


def _tell_wrong(done: Done) -> None:
    for wrong in done.outcome.wrong[:_MOST_WRONG]:
        print(f"WRONG in {done.part.title}: {wrong[:_LONGEST_TEXT]}")
    if len(done.outcome.wrong) > _MOST_WRONG:
        print(f"and {len(done.outcome.wrong) - _MOST_WRONG} more wrong in {done.part.title}")


def table(finished: Sequence[Done]) -> list[str]:
    """Give the table of what was looked at, as lines."""
    lines = ["", f"{'what':<36}{'wanted':>8}{'done':>9}{'wrong':>7}{'ready p99':>11}{'s':>8}"]
    for line in LINES:
        own = [done for done in finished if done.part.line == line.name]
        if own:
            wrong = sum(len(done.outcome.wrong) for done in own)
            seconds = sum(done.seconds for done in own)
            ready = _ready(own)
            late = f"{ready * 1000:,.0f} ms" if ready is not None else ""
            lines.append(
                f"{line.name:<36}{line.least:>8,}{_looked_at(own):>9,}{wrong:>7,}{late:>11}{seconds:>8,.0f}"
                + ("  LEFT OUT" if not _looked_at(own) and _is_lacking(own) else "")
            )
    ready = _ready(finished)
    if ready is not None:
        lines.append(
            f"{'ready p99 of all':<36}{'< 2 s':>8}{'':>9}{int(ready >= READY_S):>7}{ready * 1000:>8,.0f} ms"
        )
    return lines


def _too_few(finished: Sequence[Done]) -> list[Line]:
    few = []
    for line in LINES:
        own = [done for done in finished if done.part.line == line.name]
        if _looked_at(own) < line.least and not _is_lacking(own):
            few.append(line)
    ready = _ready(finished)
    return [
        *few,
        *([Line("stores that were ready in time", 1)] if ready and ready >= READY_S else []),
    ]


def _looked_at(own: Sequence[Done]) -> int:
    return sum(done.outcome.done for done in own)


def _is_lacking(own: Sequence[Done]) -> bool:
    return any(done.outcome.left_out for done in own)


def _ready(own: Sequence[Done]) -> float | None:
    times = sorted(ready for done in own for ready in done.outcome.ready_s)
    return times[int(len(times) * 0.99)] if times else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
