"""A word to a confined child and its answer, both encoded and decoded strictly; median of 5,000."""

from __future__ import annotations

import socket
import statistics
import time

from children import ready_pool

from plotter2.sandbox.policy import CHANNEL_FD
from plotter2.wire.codec import decode_from_child, encode
from plotter2.wire.memory import capped_output
from plotter2.wire.messages import MESSAGE_LIMIT, RunJob, Terms

ROUNDS = 5_000


def main() -> None:
    """Print the median and the slowest of a hundred."""
    pool = ready_pool()
    child = pool.take()
    child.channel.recv(MESSAGE_LIMIT)
    child.channel.recv(MESSAGE_LIMIT)
    terms = Terms(cpu_seconds=60, memory_bytes=1 << 30, minimum="none", debug=True)
    child.channel.send(encode(terms))
    job = encode(RunJob(formats=[], params={"what": "echo"}))
    socket.send_fds(child.channel, [job], [capped_output(4096)])
    decode_from_child(child.channel.recv(MESSAGE_LIMIT))
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        child.channel.send(encode(terms))
        decode_from_child(child.channel.recv(MESSAGE_LIMIT))
        times.append((time.perf_counter() - started) * 1e6)
    child.close()
    pool.close()
    slow = statistics.quantiles(times, n=100)[-1]
    print(
        f"round trip of a message through descriptor {CHANNEL_FD}: {statistics.median(times):.0f} µs median "
        f"of {ROUNDS:,}, p99 {slow:.0f} µs (goal 50)"
    )


if __name__ == "__main__":
    main()
