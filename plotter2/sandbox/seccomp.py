"""The system call filter: classic BPF from `policy`, and putting it on. Knows no reason, only rules.

The program is a list of 8-byte instructions (linux/filter.h: code, jump if true, jump if false, k).
It is built once; only the process id differs from child to child and is filled in by `for_process`.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from dataclasses import dataclass
from typing import Final

from plotter2.sandbox import native, policy
from plotter2.sandbox.policy import BitsAre, BitsAreNot, Condition, IsNull, IsOwnProcess, OneOf
from plotter2.sandbox.syscalls import Machine

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
_JUMP_EQUAL: Final = 0x15
_JUMP_GREATER_OR_EQUAL: Final = 0x35
_RETURN: Final = 0x06

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_ERRNO: Final = 0x00050000

_NUMBER_AT: Final = 0
_AUDIT_AT: Final = 4
_X32_BIT: Final = 0x40000000
_SET_MODE_FILTER: Final = 1
_FLAG_TSYNC: Final = 1
_INSTRUCTION: Final = struct.Struct("<HBBI")

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Filter:
    """A finished program, and where in its bytes the process id belongs."""

    code: bytes
    process_id_at: tuple[int, ...]

    def for_process(self, process_id: int) -> bytes:
        """Give the program for one process."""
        code = bytearray(self.code)
        for place in self.process_id_at:
            struct.pack_into("<I", code, place, process_id)
        return bytes(code)


def build(machine: Machine, *, may_open: bool) -> Filter:
    """Give the filter for a processor; without `may_open` no path can be opened at all (level C)."""
    conditions = policy.CONDITIONS | (policy.OPENING if may_open else {})
    always = policy.ALWAYS + (policy.READING if may_open else ())
    program = _entry(machine)
    own: list[int] = []
    for names, answer in (
        (always, _ALLOW),
        (policy.DEADLY, _KILL),
        (policy.NOT_THERE, _ERRNO | errno.ENOSYS),
    ):
        for name in names:
            if name in machine.numbers:
                program += _when(machine.numbers[name], [(_RETURN, 0, 0, answer)])
    for name, checks in conditions.items():
        if name in machine.numbers:
            block = _allow_if(checks)
            own += [
                len(program) + 1 + at for at, step in enumerate(block) if step == _IS_OWN_PROCESS
            ]
            program += _when(machine.numbers[name], block)
    program.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
    code = b"".join(_INSTRUCTION.pack(*step) for step in program)
    return Filter(code, tuple(at * _INSTRUCTION.size + 4 for at in own))


def load(code: bytes) -> None:
    """Put the filter on every thread of this process, for good. Raises OSError."""
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("<H6xQ", len(code) // _INSTRUCTION.size, ctypes.addressof(buffer))
    answer = native.syscall("seccomp", _SET_MODE_FILTER, _FLAG_TSYNC, program)
    if answer != 0:  # the id of a thread that could not be made to follow
        raise OSError(errno.ESRCH, f"thread {answer} did not take the filter")


def _entry(machine: Machine) -> list[Instruction]:
    kill = (_RETURN, 0, 0, _KILL)
    steps = [(_LOAD, 0, 0, _AUDIT_AT), (_JUMP_EQUAL, 1, 0, machine.audit), kill]
    steps.append((_LOAD, 0, 0, _NUMBER_AT))
    if machine.has_x32:
        steps += [(_JUMP_GREATER_OR_EQUAL, 0, 1, _X32_BIT), kill]
    return steps


def _when(number: int, block: list[Instruction]) -> list[Instruction]:
    assert len(block) < 256, "a jump reaches 255 instructions"
    return [(_JUMP_EQUAL, 0, len(block), number), *block]


def _allow_if(checks: tuple[Condition, ...]) -> list[Instruction]:
    """Allow when every check holds, else answer EPERM."""
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    block: list[Instruction] = []
    for check in checks:
        test = _test(check)
        block += [*test, refuse]
    return [*block, (_RETURN, 0, 0, _ALLOW)]


# The number is filled in by `for_process`; until then it is one that no process can have.
_IS_OWN_PROCESS: Instruction = (_JUMP_EQUAL, 1, 0, 0xFFFFFFFF)


def _test(check: Condition) -> list[Instruction]:
    """Give steps that skip the next instruction when the check holds, and else run into it."""
    low = 16 + 8 * check.argument
    load = (_LOAD, 0, 0, low)
    match check:
        case BitsAre():
            return [load, (_AND, 0, 0, check.mask), (_JUMP_EQUAL, 1, 0, check.value)]
        case BitsAreNot():
            return [load, (_AND, 0, 0, check.mask), (_JUMP_EQUAL, 0, 1, check.value)]
        case OneOf():
            last = len(check.values)
            jumps = [(_JUMP_EQUAL, last - at, 0, v) for at, v in enumerate(check.values)]
            return [load, (_AND, 0, 0, check.mask), *jumps]
        case IsNull():
            high = (_LOAD, 0, 0, low + 4)
            return [load, (_JUMP_EQUAL, 0, 2, 0), high, (_JUMP_EQUAL, 1, 0, 0)]
        case IsOwnProcess():
            return [load, _IS_OWN_PROCESS]
