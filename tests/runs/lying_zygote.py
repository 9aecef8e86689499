"""A zygote whose children do the real work and then tell one lie, named by the last word of the command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from plotter2.child.channel import ChildChannel
from plotter2.child.program import run_program
from plotter2.child.zygote import serve
from plotter2.wire.messages import NodeHeld, RowsCounted, RunJob


def _counted(plot: str, node: str) -> RowsCounted:
    return RowsCounted(
        plot=plot, read=1, filtered=0, null=0, decimated=0, drawn=1, layers=1, nodes={node: (1, 1)}
    )


LIES: dict[str, Callable[[ChildChannel], None]] = {
    "a picture more": lambda channel: channel.put("other", "png", b"x"),
    "another kind": lambda channel: channel.put("reward", "html", b"<script>"),
    "a kind not asked for": lambda channel: channel.put("reward", "pdf", b"%PDF"),
    "a count of no picture": lambda channel: channel.send(_counted("\x1b[31mother", "n1")),
    "a result of no node": lambda channel: channel.send(
        NodeHeld(node="n1", units=1, offset=0, length=1, about_length=0)
    ),
    "a count of no node": lambda channel: channel.send(_counted("reward", "\x9b31m")),
}


def run_and_lie(job: RunJob, fds: Sequence[int], channel: ChildChannel) -> None:
    """Run the program, then lie."""
    run_program(job, fds, channel)
    LIES[sys.argv[2]](channel)


if __name__ == "__main__":
    serve(lambda: {"run": run_and_lie})
