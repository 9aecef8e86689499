"""Hostile talk: what a child that was taken over may send instead of messages, byte by byte and packet by packet."""

from __future__ import annotations

import msgspec

from plotter2.wire.codec import encode
from plotter2.wire.messages import Done, Note, RunFound

_pack = msgspec.msgpack.encode
NOTE = encode(Note(level="info", text="x"))


def _run(**changed: object) -> bytes:
    plain: dict[str, object] = {
        "type": "runfound", "name": "r", "experiment": "", "run_id": "", "state": "", "params": {}, "repeat": {},
        "axes": [], "definitions": {},
    }  # fmt: skip
    return _pack({**plain, **changed})


MESSAGES = {
    "nothing": b"",
    "a byte": b"\xc1",
    "a map without its members": b"\xdf\xff\xff\xff\xff",
    "a list of four billion": b"\xdd\xff\xff\xff\xff",
    "a text of four gigabytes": b"\xdb\xff\xff\xff\xff",
    "a hundred thousand lists": b"\x91" * 60_000,
    "a hundred thousand maps": b"\x81\xa1a" * 20_000,
    "a type of its own": b"\x81\xa4type\xd4\x01\x00",
    "a type of its own, long": b"\xc9\xff\xff\xff\xff\x01",
    "an unknown type": _pack({"type": "order"}),
    "no type": _pack({"level": "info", "text": "x"}),
    "the type not first": _pack({"level": "info", "text": "x", "type": "note"}),
    "a key twice": bytes([NOTE[0] + 1]) + NOTE[1:] + b"\xa4text\xa1y",
    "an unknown key": _pack({"type": "note", "level": "info", "text": "x", "more": 1}),
    "an unknown key with commands": _pack({"type": "note", "level": "info", "text": "x", "\x1b[2J\r\n": 1}),
    "an unknown type with commands": _pack({"type": "\x1b]0;owned\x07\n\n"}),
    "a number written long": _pack({"type": "progress", "stage": "a", "done": 1, "total": 2, "unit": ""}).replace(
        b"\xa4done\x01", b"\xa4done\xcf" + bytes(7) + b"\x01"
    ),
    "a text that is none": NOTE.replace(b"\xa1x", b"\xa1\xff"),
    "more behind it": NOTE + b"\xc0",
    "two at once": NOTE + NOTE,
    "cut": NOTE[:-1],
    "too long": NOTE + bytes(70_000),
    "a text that is too long": _pack({"type": "note", "level": "info", "text": "x" * 20_000}),
    "a count below zero": _pack({"type": "tablefound", "table": "a", "rows": -1}),
    "a count of 2^63": _pack({"type": "tablefound", "table": "a", "rows": 2**63}),
    "a number for a text": _pack({"type": "note", "level": "info", "text": 1}),
    "a level that is none": _pack({"type": "note", "level": "loud", "text": "x"}),
    "an empty name": _run(name=""),
    "a param that is a list": _run(params={"a": [1]}),
    "a param that is a map": _run(params={"a": {"b": 1}}),
    "a param with bytes": _run(params={"a": b"x"}),
    "a key that is a number": _run(params={1: 2}),
    "definitions that nest": _run(definitions={"a": {"b": {"c": "d"}}}),
}  # fmt: skip
"""What no message is: every decoder refuses it."""

FRAMES = {
    "an empty packet and silence": "os.write(3, b''); time.sleep(100)",
    "half a message": f"os.write(3, {NOTE[:-1]!r})",
    "two messages in a packet": f"os.write(3, {NOTE + NOTE!r})",
    "a packet that is too long": "os.write(3, bytes(70_000))",
    "the last word twice": f"os.write(3, {encode(Done())!r}); os.write(3, {encode(Done())!r}); time.sleep(100)",
    "a greeting again": "channel.send(m.Hello(protocol=1, pid=1))",
    "a job for the host": "os.write(3, codec.encode(m.RunJob(formats=[])))",
    "a run that was not asked for": f"os.write(3, {encode(msgspec.msgpack.decode(_run(), type=RunFound))!r}); "
    "channel.send(m.TableFound(table='other', rows=1)); channel.send(m.Done())",
    "a blob outside": "channel.send(m.Blob(name='a', kind='png', offset=2**52, length=9)); channel.send(m.Done())",
    "a column outside": "channel.send(m.ColumnFound(table='t', name='c', dtype='int', rows=1, nulls=0, features={}, "
    "offset=2**52, length=9)); channel.send(m.Done())",
    "an error with commands": "from plotter2.errors import *\n"
    "raise DataError('P2-D0899', '\\x1b[2Jwhat\\r\\nnow', '\\x1b]0;x\\x07', 'help\\x00', 'note\\u202e')",
    "an error in many lines": "from plotter2.errors import *\nraise DataError('P2-D0899', 'a\\n' * 500)",
    "descriptors": "import socket, array\nchannel._connection.sendmsg([codec.encode(m.Done())], "
    "[(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0] * 9).tobytes())])",
    "a flood": f"[os.write(3, {NOTE!r}) for _ in range(m.MESSAGE_COUNT_LIMIT + 10)]",
    "death in the middle of a message": "os.write(3, b'\\x85\\xa4type'); os.kill(os.getpid(), signal.SIGKILL)",
    "a closed channel": "os.close(3); time.sleep(100)",
}
"""What a child may do with its channel: it ends as failed, or its work counts and nothing else."""
