"""How work inside a child tells the host what it found: messages out, bytes into the output memory.

It only sends; a child hears from the host once, when it gets its job (see `frame`).
"""

from __future__ import annotations

import mmap
import socket
import time

from plotter2.errors import HostError
from plotter2.wire import codes, limits
from plotter2.wire.codec import encode
from plotter2.wire.messages import (
    MESSAGE_COUNT_LIMIT,
    Blob,
    FromChild,
    Job,
    Progress,
)

ALIGNMENT = 64
"""Every piece in the output memory starts at a multiple of this many bytes, as Arrow likes it."""
PROGRESS_INTERVAL_S = 0.05
_RESERVED_MESSAGES = 8


class ChildChannel:
    """The child's end: `send` messages, `append` bytes, `put` a named artefact; `job` is what they are for."""

    def __init__(self, connection: socket.socket, output_fd: int, job: Job) -> None:
        self._connection = connection
        self._job = job
        # Mapped, not written to: a child's file size limit is zero, and pwrite would count.
        self._output = mmap.mmap(output_fd, 0)
        self._end = 0
        self._sent = 0
        self._progress_after = 0.0
        self.timings_ms: dict[str, float] = {}
        """Milliseconds by stage, for the work to fill; they go to the host with Done."""

    def send(self, message: FromChild) -> None:
        """Send one message.

        Progress is sent at most every 50 ms, except when a stage is complete. Raises HostError
        (P2-H0909) when the message breaks its schema or is too large, HostError (P2-H0918) when a
        run has sent as many messages as it may.
        """
        if isinstance(message, Progress) and not self._progress_is_due(message):
            return
        if self._sent >= MESSAGE_COUNT_LIMIT - _RESERVED_MESSAGES:
            raise HostError(
                codes.TOO_MANY_MESSAGES,
                f"{limits.called(self._job)} sent {self._sent} messages, which is the limit",
                help="log fewer lines, or read fewer tables in one run",
            )
        self._connection.send(encode(message))
        self._sent += 1

    def append(self, data: bytes | bytearray | memoryview) -> tuple[int, int]:
        """Write `data` behind what is already in the output memory; give (offset, length) in bytes.

        Raises HostError (P2-H0907) when the output would be over its limit; nothing is cut off.
        """
        with memoryview(data).cast("B") as view:
            offset, length = self._end, len(view)
            if offset + length > len(self._output):
                raise HostError(
                    codes.OUTPUT_LIMIT,
                    f"the output has more than {len(self._output) / 2**20:.1f} MiB, which is the limit",
                    help=limits.remedy(codes.OUTPUT_LIMIT, self._job),
                )
            self._output[offset : offset + length] = view
        self._end = -(-(offset + length) // ALIGNMENT) * ALIGNMENT
        return offset, length

    def put(self, name: str, kind: str, data: bytes | bytearray | memoryview) -> None:
        """Append an artefact's bytes and announce it as a Blob. Raises what `append` and `send` do."""
        offset, length = self.append(data)
        self.send(Blob(name=name, kind=kind, offset=offset, length=length))

    def _progress_is_due(self, message: Progress) -> bool:
        now = time.monotonic()
        if now < self._progress_after and not (message.total and message.done >= message.total):
            return False
        self._progress_after = now + PROGRESS_INTERVAL_S
        return True
