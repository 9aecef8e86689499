"""The self-test as a process: `python -I -m plotter2.sandbox.attempts [SWITCHED_OFF...]`, one JSON object.

A process of its own because attempts need one that is small, has one thread, and can move below.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import msgspec

from plotter2.errors import Plotter2Error
from plotter2.sandbox import cradle
from plotter2.sandbox.attempts.told import Broken, Probe, SelfTest
from plotter2.sandbox.attempts.trying import Tried, Trying
from plotter2.sandbox.plan import make_plan, wants


def main() -> None:
    """Make all attempts and print what came of them."""
    switched_off = sys.argv[1:]
    if wants("pid_namespace", switched_off):
        cradle.settle()
    try:
        told: SelfTest | Broken = _self_test(switched_off)
    except Plotter2Error as error:
        told = Broken(code=error.code, message=error.message, help=error.help)
    sys.stdout.buffer.write(msgspec.json.encode(told))


def _self_test(switched_off: list[str]) -> SelfTest:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="plotter2-given-") as given:
        Path(given).chmod(0o755)
        Path(given, "file").write_bytes(b"given")
        plan = make_plan([given], switched_off)
        with Trying(plan) as trying:
            probes = [_probe(one) for one in trying.all()]
            needed = trying.needed()
    return SelfTest(
        level=plan.level,
        layers=plan.layers,
        probes=probes,
        needed=needed,
        seconds=time.perf_counter() - start,
    )


def _probe(tried: Tried) -> Probe:
    return Probe(
        name=tried.attempt.name,
        kind=tried.attempt.kind,
        stopped=tried.stopped,
        control=tried.control,
        promised=tried.promised,
        verdict=tried.verdict,
        answer=tried.answer,
    )


if __name__ == "__main__":
    main()
