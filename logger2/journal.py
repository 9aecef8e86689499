"""The records of one run on their way to its segments: thread-safe, fork-safe, and never in the experiment's way.

When the disk is full or gone, records wait in a bounded memory and are written later; `health` tells. Only a strict
journal raises.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from logger2 import background
from logger2.encoding import record_line
from logger2.segmentfile import ROWS_PER_CHECKPOINT, SegmentFile, new_segment

HELD_BYTES = 16 << 20
"""How much waits in memory while the disk takes nothing; beyond it the oldest records go and are counted as lost."""

FIRST_RETRY_S = 0.2
LAST_RETRY_S = 5.0


class NotRecorded(RuntimeError):
    """What was to be recorded is not on the disk; only runs with `strict=True` raise it."""


class Health:
    """How recording fares: records held in memory, lost, values refused, and the latest problem in words."""

    __slots__ = ("held", "lost", "problem", "refused")

    def __init__(self, held: int, lost: int, refused: int, problem: str) -> None:
        self.held = held
        self.lost = lost
        self.refused = refused
        self.problem = problem

    @property
    def ok(self) -> bool:
        """Tell whether everything that was logged so far is in its segment."""
        return not (self.held or self.lost or self.refused)

    def __repr__(self) -> str:
        return f"Health(held={self.held}, lost={self.lost}, refused={self.refused}, problem={self.problem!r})"


class Shape:
    """What a schema line declares: the columns of one kind of row; `segment` is where it was last written."""

    __slots__ = ("line", "number", "segment")

    def __init__(self, number: int, line: bytes) -> None:
        self.number = number
        self.line = line
        self.segment: SegmentFile | None = None


class Journal(background.Tended):
    """Where a run's lines go; `prepare` makes the run's folder (raising OSError), `header` opens every segment."""

    def __init__(
        self,
        prepare: Callable[[], str],
        header: Callable[[int, bool], Mapping[str, object]],
        strict: bool,
    ) -> None:
        self._prepare = prepare
        self._header = header
        self._strict = strict
        self._lock = threading.RLock()
        self._segment: SegmentFile | None = None
        self._held: deque[tuple[bytes, Shape | None]] = deque()
        self._held_bytes = 0
        self._lost = 0
        self._lost_told = 0
        self._refused = 0
        self._problem = ""
        self._warned: set[str] = set()
        self._retry_at = 0.0
        self._retry_after = FIRST_RETRY_S
        self._closed = False
        self.in_fork = False

    def commit(self, line: bytes, shape: Shape | None = None) -> None:
        """Write a line, after its schema line if this segment has none; a strict journal raises NotRecorded."""
        with self._lock:
            if self._held or self._closed:
                self._wait_in_line(line, shape)
                return
            try:
                segment = self._segment or self._opened()
                if shape is not None and shape.segment is not segment:
                    segment.append(shape.line)
                    shape.segment = segment
                segment.append(line)
            except OSError as error:
                self._stopped(error, line, shape)
                return
            segment.since_checkpoint += 1
            if segment.since_checkpoint >= ROWS_PER_CHECKPOINT:
                self._checkpoint(segment)

    def commit_blob(self, data: bytes | memoryview, record: dict[str, object]) -> None:
        """Append raw bytes to the segment's blob file, then the record with their offset `o`."""
        with self._lock:
            if self._closed:
                self._lose(1, "the run has ended; the array was not recorded")
                return
            try:
                segment = self._segment or self._opened()
                offset = segment.append_blob(data)
                segment.append(record_line({**record, "o": offset}))
            except OSError as error:
                self._let_go_of_torn()
                self._lose(1, f"array {record['b']!r} was not recorded: {error.strerror or error}")

    def refuse(self, what: str) -> None:
        """Say once, and write down, that a value cannot be recorded; a strict journal raises NotRecorded."""
        self._refused += 1
        if self._strict:
            raise NotRecorded(what)
        if what not in self._warned:
            self._warn(what)
            self.commit(record_line({"e": "warn", "msg": what}))

    def trouble(self, error: OSError) -> None:
        """Say once that a file of the run could not be written; a strict journal raises NotRecorded."""
        self._problem = f"{error.strerror or error}"
        if self._strict:
            raise NotRecorded(f"the run file was not written: {self._problem}") from error
        self._warn(f"the run file was not written: {self._problem}", "run file")

    def health(self) -> Health:
        """Give the state of recording right now."""
        return Health(len(self._held), self._lost, self._refused, self._problem)

    def tend(self) -> None:
        """Bring what is written to the disk and try again what could not be written; called every half second."""
        try:
            if self._held:
                with self._lock:
                    self._drain()
            segment = self._segment
            if segment is not None:
                segment.sync()
        except OSError as error:
            self._problem = f"{error.strerror or error}"

    def end(self, how: str) -> None:
        """Write what waits, a last checkpoint and the end line, bring all to the disk and close."""
        background.forget(self)
        with self._lock:
            if self._closed:
                return
            try:
                self._retry_at = 0.0
                self._drain()
                if self._segment is None and not self.in_fork:
                    self._opened()
                self._end_segment(how)
            except OSError as error:
                self._problem = f"{error.strerror or error}"
            if self._held:
                self._lose(
                    len(self._held), f"the run ended and the disk takes nothing: {self._problem}"
                )
                self._held.clear()
            self._closed = True
            background.forget(self)
            if self._segment is not None:
                self._segment.close()

    def forked(self) -> None:
        """Start over in a forked child: no segment, nothing held, a lock of its own; the parent keeps the old ones."""
        self._lock = threading.RLock()
        self.in_fork = True
        if self._segment is not None:
            self._segment.abandon()
            self._segment = None
        self._held.clear()
        self._held_bytes = 0

    # ---- inside the lock --------------------------------------------------------------------

    def _opened(self) -> SegmentFile:
        segment = new_segment(self._prepare())
        try:
            segment.append(record_line(self._header(segment.number, self.in_fork)))
        except OSError:
            segment.close()
            raise
        self._segment = segment
        background.watch(self)
        return segment

    def _end_segment(self, how: str) -> None:
        if self._segment is not None:
            self._segment.checkpoint()
            self._segment.append(record_line({"end": how}))
            self._segment.sync()

    def _checkpoint(self, segment: SegmentFile) -> None:
        segment.since_checkpoint = 0
        try:
            segment.checkpoint()
        except (
            OSError
        ) as error:  # every record is there; only the proof against bit rot comes later
            self._problem = f"{error.strerror or error}"
            self._let_go_of_torn()

    def _stopped(self, error: OSError, line: bytes, shape: Shape | None) -> None:
        self._problem = f"{error.strerror or error}"
        self._let_go_of_torn()
        if self._strict:
            raise NotRecorded(f"a record was not written: {self._problem}") from error
        self._warn(
            f"records wait in memory, because they cannot be written: {self._problem}", "disk"
        )
        background.watch(self)
        self._retry_at = time.monotonic() + self._retry_after
        self._hold(line, shape)

    def _let_go_of_torn(self) -> None:
        if self._segment is not None and self._segment.torn:
            self._segment.close()
            self._segment = None

    def _wait_in_line(self, line: bytes, shape: Shape | None) -> None:
        if self._closed:
            self._lose(1, "the run has ended; what is logged now is not recorded")
            return
        self._hold(line, shape)
        self._drain()

    def _hold(self, line: bytes, shape: Shape | None) -> None:
        self._held.append((line, shape))
        self._held_bytes += len(line)
        while self._held_bytes > HELD_BYTES:
            dropped, _ = self._held.popleft()
            self._held_bytes -= len(dropped)
            self._lost += 1

    def _drain(self) -> None:
        """Write held records in order until one fails; wait longer after each failure."""
        if not self._held or time.monotonic() < self._retry_at:
            return
        try:
            segment = self._segment or self._opened()
            while self._held:
                line, shape = self._held[0]
                if shape is not None and shape.segment is not segment:
                    segment.append(shape.line)
                    shape.segment = segment
                segment.append(line)
                self._held.popleft()
                self._held_bytes -= len(line)
                segment.since_checkpoint += 1
            if self._lost > self._lost_told:
                segment.append(
                    record_line({"e": "lost", "msg": f"{self._lost} records lost so far"})
                )
                self._lost_told = self._lost
            self._retry_after = FIRST_RETRY_S
            self._problem = ""
        except OSError as error:
            self._problem = f"{error.strerror or error}"
            self._let_go_of_torn()
            self._retry_after = min(self._retry_after * 2, LAST_RETRY_S)
            self._retry_at = time.monotonic() + self._retry_after

    def _lose(self, count: int, why: str) -> None:
        self._lost += count
        self._problem = why
        if self._strict:
            raise NotRecorded(why)
        self._warn(why)

    def _warn(self, what: str, kind: str = "") -> None:
        if (kind or what) in self._warned:
            return
        self._warned.add(kind or what)
        import logging

        logging.getLogger("logger2").warning("%s", what)
