"""Looks at texts of steps in Python without running them: what is wrong, and where."""

from __future__ import annotations

from collections.abc import Sequence

from plotter2.child.channel import ChildChannel
from plotter2.child.python.dialect import compiled
from plotter2.child.python.faults import Unfit
from plotter2.wire.inputs import decode_texts
from plotter2.wire.memory import mapped
from plotter2.wire.messages import LookJob, TextUnfit


def look_at_texts(_: LookJob, fds: Sequence[int], channel: ChildChannel) -> None:
    """Send a TextUnfit for each fault of the job's texts. Raises HostError (P2-H0908) when they are none."""
    for number, step in enumerate(decode_texts(bytes(mapped(fds[1]))).steps):
        try:
            compiled(step.text, step.parameters, "<step>")
        except Unfit as unfit:
            for fault in unfit.faults:
                channel.send(
                    TextUnfit(
                        step=number,
                        line=fault.line,
                        column=fault.column,
                        end=fault.end,
                        kind=fault.kind,
                        message=fault.message,
                        help=fault.help,
                    )
                )
