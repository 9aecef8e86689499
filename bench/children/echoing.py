"""A zygote for measurements: its children map a column, echo words, or take memory, as the param `what` says."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

import numpy as np

from plotter2.child.channel import ChildChannel
from plotter2.child.zygote import serve
from plotter2.sandbox.policy import CHANNEL_FD
from plotter2.wire.codec import decode_from_host, encode
from plotter2.wire.memory import mapped
from plotter2.wire.messages import MESSAGE_LIMIT, Note, RunJob

SAID = Note(level="info", text="here")


def run(job: RunJob, fds: Sequence[int], channel: ChildChannel) -> None:
    """Do what the job says."""
    work = {"column": column, "echo": echo, "hold": hold, "eat": eat, "nothing": nothing}
    work[str(job.params["what"])](fds, channel)


def nothing(_: Sequence[int], __: ChildChannel) -> None:
    """Be done."""


def column(fds: Sequence[int], channel: ChildChannel) -> None:
    """Have the second descriptor as an array of floats, look at both ends, and say so."""
    values = np.frombuffer(mapped(fds[1]), dtype=np.float64)
    channel.send(Note(level="info", text=f"{values[0]} {values[-1]} {len(values)}"))


def echo(_: Sequence[int], channel: ChildChannel) -> None:
    """Answer each word until there are no more."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fileno=CHANNEL_FD)
    channel.send(SAID)
    while data := connection.recvmsg(MESSAGE_LIMIT)[0]:
        decode_from_host(data)
        connection.send(encode(SAID))


def hold(_: Sequence[int], channel: ChildChannel) -> None:
    """Take 2 GB, say so, and wait."""
    held = np.ones(2_000_000_000 // 8)
    channel.send(Note(level="info", text=f"{len(held)}"))
    time.sleep(1000)


def eat(_: Sequence[int], __: ChildChannel) -> None:
    """Take memory without end."""
    kept = []
    while True:
        kept.append(np.ones(500_000))


if __name__ == "__main__":
    serve(lambda: {"run": run})
