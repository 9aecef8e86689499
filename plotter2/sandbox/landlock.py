"""Landlock: which files this process may still reach, by the kernel's own rule set. No mounts here.

Every right that the running kernel knows is taken away, also one younger than this file: the set of
rights is found by asking the kernel (landlock(7): an unknown bit is EINVAL, known bits are contiguous).
Only reading below given folders is given back.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plotter2.sandbox import native

_VERSION_FLAG: Final = 1
_RULE_PATH_BENEATH: Final = 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_WORDS: Final = 3  # file system, network, scope; struct landlock_ruleset_attr grew in this order
_WORDS_BY_VERSION: Final = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2}
_MOST_BITS: Final = 63
_LEAST_DESCRIPTOR: Final = 10
_FIRST_FILE_RIGHTS: Final = 13

NETWORK_SINCE: Final = 4
SCOPE_SINCE: Final = 6


@dataclass(frozen=True, slots=True)
class Rights:
    """What the kernel's Landlock can take away: its version (0 = no Landlock) and three bit sets."""

    version: int
    files: int = 0
    network: int = 0
    scope: int = 0

    def attribute(self) -> bytes:
        """Give the bytes of struct landlock_ruleset_attr, as long as this kernel knows it."""
        words = (self.files, self.network, self.scope)
        return struct.pack("<3Q", *words)[: 8 * _WORDS_BY_VERSION.get(self.version, _WORDS)]


def rights() -> Rights:
    """Give what the running kernel can take away; version 0 when it has no Landlock or it is off."""
    try:
        version = native.syscall("landlock_create_ruleset", None, 0, _VERSION_FLAG)
    except OSError:
        return Rights(0)
    words = [_known_bits(version, at) for at in range(_WORDS_BY_VERSION.get(version, _WORDS))]
    return Rights(version, *words)


def open_beneath(path: str) -> int:
    """Give a descriptor (10 or above) that names a folder for `restrict`.

    Open it before ids are dropped: the folder may lie in a home that nobody else can enter.
    """
    low = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        return fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _LEAST_DESCRIPTOR)
    finally:
        os.close(low)


def restrict(taken: Rights, readable: Sequence[int]) -> None:
    """Take all of `taken` from this thread and its future; leave reading below `readable`.

    `readable` are descriptors from `open_beneath`. Needs no_new_privs. Raises OSError.
    """
    ruleset = create(taken.attribute())
    try:
        for folder in readable:
            rule = struct.pack("<Qi", _READ_FILE | _READ_DIR, folder)
            native.syscall("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, _buffer(rule), 0)
        native.syscall("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def create(attribute: bytes) -> int:
    """Give a new rule set that takes the rights of `attribute`. Raises OSError."""
    return native.syscall("landlock_create_ruleset", _buffer(attribute), len(attribute), 0)


def _known_bits(version: int, word: int) -> int:
    """Give the widest run of low bits that the kernel accepts in one word of the attribute."""
    words = _WORDS_BY_VERSION.get(version, _WORDS)
    for count in range(_MOST_BITS, 0, -1):
        bits = (1 << count) - 1
        values = [0] * words
        values[0] = (1 << _FIRST_FILE_RIGHTS) - 1
        values[word] = bits
        try:
            os.close(create(struct.pack(f"<{words}Q", *values)))
        except OSError:
            continue
        return bits
    return 0


def _buffer(data: bytes) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(data, len(data))
