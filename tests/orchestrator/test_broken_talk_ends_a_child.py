"""A child that says the wrong thing, or nothing, is ended; what it said is not believed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from confined_children import Attackers, attackers
from plotter2.errors import DataError, HostError, RunError
from plotter2.orchestrator import ScriptFailed, TaskLimits
from plotter2.wire import codes
from plotter2.wire.messages import Note

pytestmark = pytest.mark.process

BROKEN = {
    "garbage": "os.write(3, b'\\xff' * 100)",
    "one byte": "os.write(3, b'\\x81')",
    "an oversized packet": "os.write(3, bytes(70_000))",
    "a largest packet": "os.write(3, bytes(65_536))",
    "a greeting again": "channel.send(m.Hello(protocol=1, pid=1))",
    "another report of confinement": "channel.send(m.Confined(level='A', layers={}, missing={},"
    " probes={}, confine_ms=0))",
    "letting others go on, which the job does not do": "channel.send(m.Released()); channel.send(m.Done())",
    "a job for the host": "os.write(3, codec.encode(m.RunJob(formats=[])))",
    "an unknown type": "os.write(3, __import__('msgspec').msgpack.encode({'type': 'order'}))",
    "a key twice": "data = codec.encode(m.Note(level='info', text='x'));"
    " os.write(3, bytes([data[0] + 1]) + data[1:] + b'\\xa4text\\xa1y')",
    "a blob outside the output": "channel.send(m.Blob(name='a', kind='png', offset=0,"
    " length=1 << 40)); channel.send(m.Done())",
    "the same blob again and again": "[os.write(3, codec.encode(m.Blob(name=f'b{i}', kind='png', offset=0,"
    " length=200 << 20))) for i in range(1000)]; channel.send(m.Done())",
    "the same column again and again": "[os.write(3, codec.encode(m.ColumnFound(table='t', name='c',"
    " dtype='int', rows=1, nulls=0, features={}, offset=0, length=200 << 20))) for i in range(1000)];"
    " channel.send(m.Done())",
    "a time that is no number": "channel.send(m.Done(timings_ms={'work': float('nan')}))",
    "a time below zero": "channel.send(m.Done(timings_ms={'work': -1.0}))",
    "too many notes": "[os.write(3, codec.encode(m.Note(level='info', text='x')))"
    " for _ in range(m.MESSAGE_COUNT_LIMIT + 10)]",
    "too much in notes": "[os.write(3, codec.encode(m.Note(level='info', text='x' * 16_000)))"
    " for _ in range(5000)]",
    "a closed channel": "os.close(3); time.sleep(100)",
}
DEATHS = {
    "exit code 0": ("os._exit(0)", "exit code 0"),
    "exit code 9": ("os._exit(9)", "exit code 9"),
    "a crash": ("ctypes.string_at(0)", "SIGSEGV"),
    "a signal": ("os.kill(os.getpid(), signal.SIGTERM)", "SIGTERM"),
    "a file cut short": (
        "size = os.fstat(fds[0]).st_size\n"
        "ctypes.pythonapi.mmap.restype = ctypes.c_void_p\n"
        "ctypes.string_at(ctypes.pythonapi.mmap(None, size + 8192, 1, 1, fds[0], 0) + size + 4096, 1)",
        "cut short",
    ),
    "no room for an answer": ("channel._connection.close(); os._exit(1)", "exit code 1"),
}


@pytest.fixture(scope="module")
def children() -> Iterator[Attackers]:
    with attackers() as children:
        yield children


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN)
def test_what_is_no_allowed_message_ends_the_child(children: Attackers, source: str) -> None:
    error = children.error("from plotter2.wire import codec, messages as m\n" + source)
    assert error.code == codes.PROTOCOL_BROKEN
    assert isinstance(error, HostError)


@pytest.mark.parametrize(("source", "said"), DEATHS.values(), ids=DEATHS)
def test_a_child_that_dies_silently_is_told_apart(
    children: Attackers, source: str, said: str
) -> None:
    error = children.error(source)
    assert error.code == codes.CHILD_DIED
    assert said in error.message


def test_a_child_that_goes_on_after_its_last_word_is_ended(children: Attackers) -> None:
    source = "import plotter2.wire.messages as m; channel.send(m.Done()); time.sleep(100)"
    assert children.outcome(source, TaskLimits(wall_ms=50_000)).usage.cpu_ms < 10_000


def test_a_well_behaved_child_is_stopped_by_its_own_channel(children: Attackers) -> None:
    source = """
import plotter2.wire.messages as m
while True: channel.send(m.Note(level="info", text="again"))
"""
    assert children.error(source).code == codes.TOO_MANY_MESSAGES


def test_a_message_that_breaks_its_schema_is_refused_where_it_is_made(children: Attackers) -> None:
    source = "import plotter2.wire.messages as m; channel.send(m.Note(level='loud', text='x'))"
    assert children.error(source).code == codes.MESSAGE_REFUSED


@pytest.mark.parametrize(
    ("raised", "kind", "code"),
    [
        ("DataError('P2-D0899', 'what', 'where', 'help', 'note')", DataError, "P2-D0899"),
        ("RunError('P2-R0699', 'what', 'where', 'help', 'note')", RunError, "P2-R0699"),
        ("Plotter2Error('P2-V0599', 'what', 'where', 'help', 'note')", ScriptFailed, "P2-V0599"),
    ],
)
def test_an_error_raised_on_purpose_arrives_in_its_own_words(
    children: Attackers, raised: str, kind: type[Exception], code: str
) -> None:
    error = children.error(f"from plotter2.errors import *\nraise {raised}")
    assert isinstance(error, kind)
    problem = error.problem()
    said = (problem.code, problem.message, problem.where, problem.help, problem.note)
    assert said == (code, "what", "where", "help", "note")


def test_an_error_that_knows_its_place_in_the_script_keeps_it(children: Attackers) -> None:
    source = """
from plotter2.errors import RunError
error = RunError("P2-R0699", "what")
error.span = (3, 7)
raise error
"""
    error = children.error(source)
    assert isinstance(error, ScriptFailed)
    assert error.span == (3, 7)


@pytest.mark.parametrize(
    "source", ["1 / 0", "raise SystemExit(0)", "raise KeyboardInterrupt", "import notthere", "def"]
)
def test_an_error_that_nobody_foresaw_is_called_a_bug_and_shows_no_trace(
    children: Attackers, source: str
) -> None:
    error = children.error(source)
    assert error.code == codes.CHILD_BUG
    assert error.note == ""


def test_text_from_a_child_cannot_command_a_terminal(children: Attackers) -> None:
    heard: list[object] = []
    source = (
        "channel.send(__import__('plotter2.wire.messages').wire.messages.Note("
        "level='info', text='\\x1b[2J\\u202ered'))"
    )
    children.outcome(source, on_event=heard.append)
    assert isinstance(heard[0], Note)
    assert heard[0].text == "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}red"
