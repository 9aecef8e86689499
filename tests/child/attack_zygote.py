"""A zygote whose children do what a test tells them, with full Python: the attacker inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from plotter2.child.channel import ChildChannel
from plotter2.child.frame import Handler
from plotter2.child.zygote import serve
from plotter2.wire import memory
from plotter2.wire.messages import Note, ReadJob, RunJob


def run_source(job: RunJob, fds: Sequence[int], channel: ChildChannel, parent: int) -> None:
    """Run the parameter `source`; what it puts into `answer` goes back as a note in JSON.

    `parent` is the number of the zygote outside.
    """
    names: dict[str, Any] = {
        "job": job,
        "fds": fds,
        "channel": channel,
        "memory": memory,
        "parent": parent,
        "answer": None,
    }
    exec(compile(str(job.params["source"]), "<attack>", "exec"), names)
    channel.send(Note(level="info", text=json.dumps(names["answer"])))


def read_whole(job: ReadJob, fds: Sequence[int], channel: ChildChannel) -> None:
    """Put the bytes of each input into the output."""
    for file in job.files:
        channel.put(file.name, file.format, bytes(memory.mapped(fds[file.fd])))


def jobs() -> dict[str, Handler]:
    """Give what the children can do; by now the zygote is where it stays."""
    parent = int(Path("/proc/self").readlink().name)
    return {"run": partial(run_source, parent=parent), "read": read_whole}


if __name__ == "__main__":
    serve(jobs)
