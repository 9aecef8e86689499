"""How much of an Arrow stream is whole: a writer that was stopped leaves whole batches and a torn last one."""

from __future__ import annotations

import struct

MAGIC = b"\xff\xff\xff\xff"
_PREFIX = struct.Struct("<4si")
_OFFSET, _BACK = struct.Struct("<I"), struct.Struct("<i")
_SHORT, _LONG = struct.Struct("<H"), struct.Struct("<q")
_BODY_LENGTH = 4 + 2 * 3
"""Where the index of a message says where its field 3 is, the length of what follows the message."""


def whole_bytes(stream: memoryview) -> int:
    """Give how many bytes from the start are whole messages, an end marker included."""
    place = 0
    while True:
        try:
            marker, size = _PREFIX.unpack_from(stream, place)
            start = place + _PREFIX.size
            if marker != MAGIC or size < 0:
                return place
            if size == 0:
                return start
            end = start + size + _body_length(stream[start : start + size])
        except struct.error:
            return place
        if end > len(stream) or end <= place:
            return place
        place = end


def _body_length(message: memoryview) -> int:
    (table,) = _OFFSET.unpack_from(message, 0)
    (back,) = _BACK.unpack_from(message, table)
    index = table - back
    if index < 0:
        raise struct.error("an index before the message")
    (size,) = _SHORT.unpack_from(message, index)
    if size < _BODY_LENGTH + _SHORT.size:
        return 0
    (offset,) = _SHORT.unpack_from(message, index + _BODY_LENGTH)
    if not offset:
        return 0
    (length,) = _LONG.unpack_from(message, table + offset)
    if length < 0:
        raise struct.error("a length below zero")
    return int(length)
