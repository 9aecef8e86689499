"""The child's end of the talk: what it sends, keeps back and refuses, without any process."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from plotter2.child import channel as channel_module
from plotter2.child.channel import ChildChannel
from plotter2.child.frame import failure, receive
from plotter2.errors import HostError, RunError
from plotter2.wire import codes
from plotter2.wire.codec import decode_from_child, encode
from plotter2.wire.memory import capped_output, copy_out
from plotter2.wire.messages import (
    Blob,
    Note,
    Progress,
    RunJob,
)


@dataclass
class Ends:
    """A channel, the host's end of it, and the output between them."""

    channel: ChildChannel
    child: socket.socket
    host: socket.socket
    output: int

    def heard(self) -> object:
        return decode_from_child(self.host.recv(70_000))


@pytest.fixture
def ends() -> Iterator[Ends]:
    host, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    host.setblocking(False)
    output = capped_output(4096)
    with host, child:
        yield Ends(ChildChannel(child, output, RunJob(formats=[])), child, host, output)
    os.close(output)


def test_an_artefact_is_written_and_then_announced(ends: Ends) -> None:
    ends.channel.put("loss", "png", memoryview(b"moon"))
    assert ends.heard() == Blob(name="loss", kind="png", offset=0, length=4)
    assert copy_out(ends.output, 0, 4) == b"moon"


def test_pieces_lie_apart_at_multiples_of_64(ends: Ends) -> None:
    assert ends.channel.append(b"a") == (0, 1)
    assert ends.channel.append(bytes(64)) == (64, 64)
    assert ends.channel.append(b"") == (128, 0)
    assert ends.channel.append(b"b") == (128, 1)


def test_the_last_byte_fits_and_the_next_does_not(ends: Ends) -> None:
    ends.channel.append(bytes(4095))
    with pytest.raises(HostError) as caught:
        ends.channel.append(b"x")
    assert caught.value.code == codes.OUTPUT_LIMIT


def test_progress_is_thinned_out_but_its_end_always_comes(ends: Ends) -> None:
    for done in range(101):
        ends.channel.send(Progress(stage="read", done=done, total=100))
    first, last = ends.heard(), ends.heard()
    assert isinstance(first, Progress)
    assert isinstance(last, Progress)
    assert (first.done, last.done) == (0, 100)
    with pytest.raises(BlockingIOError):
        ends.heard()


def test_too_many_messages_are_a_clear_error(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "MESSAGE_COUNT_LIMIT", 10)
    note = Note(level="info", text="x")
    ends.channel.send(note)
    ends.channel.send(note)
    with pytest.raises(HostError) as caught:
        ends.channel.send(note)
    assert caught.value.code == codes.TOO_MANY_MESSAGES


def test_a_job_comes_with_its_descriptors(ends: Ends) -> None:
    job = RunJob(formats=["png"])
    socket.send_fds(ends.host, [encode(job)], [ends.output, ends.output])
    received, descriptors = receive(ends.child)
    assert received == job
    assert [os.fstat(d).st_ino for d in descriptors] == [os.fstat(ends.output).st_ino] * 2
    for descriptor in descriptors:
        os.close(descriptor)


def test_a_job_without_an_output_is_refused(ends: Ends) -> None:
    ends.host.send(encode(RunJob(formats=[])))
    with pytest.raises(HostError):
        receive(ends.child)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RunError("P2-R0699", "what"), "P2-R0699"),
        (MemoryError(), codes.MEMORY_LIMIT),
        (ValueError("two\nlines"), codes.CHILD_BUG),
        (KeyboardInterrupt(), codes.CHILD_BUG),
    ],
)
def test_every_exception_becomes_one_message(error: BaseException, code: str) -> None:
    said = failure(error, debug=False)
    assert said.code == code
    assert "\n" not in said.message
    assert said.note == ""


def test_a_trace_is_shown_only_for_debugging() -> None:
    with pytest.raises(ValueError, match="moon") as caught:
        raise ValueError("moon")
    assert "Traceback" in failure(caught.value, debug=True).note


def test_a_very_long_error_still_fits_into_a_message() -> None:
    long = RunError("P2-R0699", "x" * 100_000, "y" * 100_000, "z" * 100_000, "ä" * 100_000)
    assert len(encode(failure(long, debug=False))) < 65_536
