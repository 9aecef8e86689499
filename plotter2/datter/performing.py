"""Publishing what a task did for a bundle: exposed tables and pictures, all of them or none.

Objects first, then the pictures' folder, then the event that makes both count, then the index. A process that dies
before the event leaves pictures that nobody was told of, and who finds its request takes them away; one that dies
after it has done everything (`living.settle`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from plotter2.datter import codes, durable, events
from plotter2.datter.ids import now_ms
from plotter2.datter.moving import Change
from plotter2.datter.objects import Incoming, Published
from plotter2.datter.output import Ready
from plotter2.datter.task_runs import Performance


class Performing:
    """A task's results on their way in: bytes of columns with `put`, everything visible with `publish`."""

    def __init__(self, on: Change, incoming: Incoming) -> None:
        self._on = on
        self._incoming = incoming
        self._published = Published(())
        self._event_id = on.ids.new()

    def put(self, data: bytes | memoryview) -> tuple[str, int]:
        """Take the bytes of a column chunk; gives (SHA-256, number of bytes). Raises DataError."""
        return self._incoming.put(data)

    def keep(self) -> None:
        """Give the objects their names, durably; nothing refers to them yet. Raises DataError."""
        self._published = self._incoming.publish()

    def publish(self, done: Performance, pictures: Ready | None) -> None:
        """Make everything visible and enter it, inside the transaction that ends the run. Raises DataError."""
        if pictures is not None:
            pictures.publish()
        event = events.TaskDone(id=self._event_id, at=now_ms(), done=done)
        events.publish(self._on.layout, self._on.folder, event)
        self._on.registry.task_runs.enter(event.id, event.at, done)

    def take_back(self) -> None:
        """Undo all: the transaction was rolled back. Pictures go with the end of the run."""
        path = self._on.layout.commits / f"{self._event_id}.json"
        durable.discard(path)
        durable.sync_dir(path.parent)  # before anything that the event names goes
        self._published.undo()


@contextmanager
def performing(on: Change) -> Iterator[Performing]:
    """Give a task's results in progress; an error in the block takes all of it back."""
    incoming = Incoming(on.layout, on.folder)
    results = Performing(on, incoming)
    try:
        yield results
    except BaseException as error:
        # After a failed sync nobody knows what is on the disk: what there is then stays, and counts or not.
        if getattr(error, "code", "") != codes.SYNC_FAILED:
            results.take_back()
        raise
    finally:
        incoming.close()
