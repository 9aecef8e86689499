"""The filter's own bytes, run by a small interpreter of classic BPF, for every processor in the table."""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter2.errors import HostError
from plotter2.sandbox import policy
from plotter2.sandbox.seccomp import build
from plotter2.sandbox.syscalls import MACHINES, Machine, machine_named
from plotter2.wire import codes

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM = ERRNO | errno.EPERM
ME = 4711
OWN = policy.CHANNEL_FD


@dataclass(frozen=True)
class Call:
    """A system call as the kernel shows it to a filter (struct seccomp_data)."""

    number: int
    arguments: tuple[int, ...] = ()
    audit: int = 0

    def bytes(self) -> bytes:
        words = (*self.arguments, *(0,) * 6)[:6]
        wrapped = [word & 0xFFFFFFFFFFFFFFFF for word in words]
        return struct.pack("<IIQ6Q", self.number & 0xFFFFFFFF, self.audit, 0, *wrapped)


def run(code: bytes, data: bytes) -> int:
    """Interpret the few instructions that the filter uses; anything else is an error."""
    steps = list(struct.iter_unpack("<HBBI", code))
    accumulator, at = 0, 0
    while True:
        kind, yes, no, k = steps[at]
        at += 1
        match kind:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, k)
            case 0x54:
                accumulator &= k
            case 0x15:
                at += yes if accumulator == k else no
            case 0x35:
                at += yes if accumulator >= k else no
            case 0x06:
                return k
            case _:
                raise AssertionError(f"instruction {kind:#x}")


def answer(machine: Machine, name: str, *arguments: int, may_open: bool = True) -> int:
    code = build(machine, may_open=may_open).for_process(ME)
    return run(code, Call(machine.numbers[name], arguments, machine.audit).bytes())


machines = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)


@machines
def test_every_name_of_the_policy_is_a_call_of_some_processor(machine: Machine) -> None:
    known = set().union(*(other.numbers for other in MACHINES.values()))
    named = {*policy.ALWAYS, *policy.READING, *policy.DEADLY, *policy.NOT_THERE}
    assert named | set(policy.CONDITIONS) | set(policy.OPENING) <= known
    assert len(set(machine.numbers.values())) == len(machine.numbers)


@machines
def test_the_lists_are_answered_as_they_say(machine: Machine) -> None:
    for names, expected in (
        (policy.ALWAYS + policy.READING, ALLOW),
        (policy.DEADLY, KILL),
        (policy.NOT_THERE, ERRNO | errno.ENOSYS),
    ):
        for name in set(names) & set(machine.numbers):
            assert answer(machine, name) == expected, name


RDONLY, CLOEXEC, DIRECTORY = 0, 0o2000000, 0o200000
PRIVATE, SHARED, ANONYMOUS = 2, 1, 0x20
READ, WRITE, EXEC = 1, 2, 4
THREAD = 0x3D0F00  # what glibc's pthread_create asks for
CASES: list[tuple[str, tuple[int, ...], int]] = [
    ("mmap", (0, 4096, READ | WRITE, PRIVATE | ANONYMOUS), ALLOW),
    ("mmap", (0, 4096, READ | WRITE, SHARED, 5), ALLOW),
    ("mmap", (0, 4096, READ | EXEC, PRIVATE | ANONYMOUS), EPERM),
    ("mmap", (0, 4096, READ | EXEC | 1 << 40, PRIVATE, 5), EPERM),
    ("mmap", (0, 4096, READ | WRITE, SHARED | ANONYMOUS), EPERM),
    ("mmap", (0, 4096, READ | WRITE, 3 | ANONYMOUS), EPERM),
    ("mmap", (0, 1 << 21, READ | WRITE, PRIVATE | ANONYMOUS | 0x40000), EPERM),
    ("mprotect", (0, 4096, READ | WRITE), ALLOW),
    ("mprotect", (0, 4096, EXEC), EPERM),
    ("clone", (THREAD,), ALLOW),
    ("clone", (17,), EPERM),
    ("clone", (0x4111,), EPERM),
    ("clone", (THREAD | 0x10000000,), EPERM),
    ("clone", (0x10000000 | 17,), EPERM),
    ("futex", (0, 128 | 9), ALLOW),
    ("futex", (0, 256 | 128 | 9), ALLOW),
    ("futex", (0, 6), EPERM),
    ("futex", (0, 128 | 11), EPERM),
    ("fcntl", (4, 1030, 0), ALLOW),
    ("fcntl", (4, 8, 1), EPERM),
    ("fcntl", (4, 4, 0o20000), EPERM),
    ("ioctl", (0, 0x5401), ALLOW),
    ("ioctl", (0, 0x5412), EPERM),
    ("prctl", (15, 1), ALLOW),
    ("prctl", (4, 1), EPERM),
    ("prctl", (22, 2), EPERM),
    ("prlimit64", (0, 7, 0, 1), ALLOW),
    ("prlimit64", (0, 7, 1, 0), EPERM),
    ("prlimit64", (0, 7, 1 << 32, 0), EPERM),
    ("setrlimit", (0, 1), ALLOW),
    ("setrlimit", (2, 1), ALLOW),
    *(("setrlimit", (kind, 1), EPERM) for kind in (1, 3, 4, 6, 7, 8, 9, 13, 15)),
    ("kill", (ME, 6), ALLOW),
    ("kill", (ME - 1, 0), EPERM),
    ("kill", (-ME, 0), EPERM),
    ("kill", (0, 0), EPERM),
    ("tgkill", (ME, ME + 1, 6), ALLOW),
    ("tgkill", (1, 1, 0), EPERM),
    ("sendto", (OWN, 1, 1, 0, 0), ALLOW),
    ("sendto", (OWN, 1, 1, 0, 1 << 40), EPERM),
    ("sendto", (OWN + 1, 1, 1, 0, 0), EPERM),
    ("recvmsg", (OWN,), ALLOW),
    ("recvmsg", (OWN + 1,), EPERM),
    ("openat", (-100, 1, RDONLY | CLOEXEC), ALLOW),
    ("openat", (-100, 1, DIRECTORY), ALLOW),
    *(("openat", (-100, 1, bits), EPERM) for bits in (1, 2, 3, 0o100, 0o1000, 0o2000, 0o10000000)),
    ("openat", (-100, 1, 0o20000000 | DIRECTORY), EPERM),
]


@machines
@pytest.mark.parametrize(("name", "arguments", "expected"), CASES)
def test_arguments_decide(
    machine: Machine, name: str, arguments: tuple[int, ...], expected: int
) -> None:
    assert answer(machine, name, *arguments) == expected


@machines
@given(number=st.integers(0, 2**32 - 1))
def test_a_call_that_is_not_named_is_never_allowed(machine: Machine, number: int) -> None:
    code = build(machine, may_open=True).for_process(ME)
    named = {machine.numbers[n] for n in policy.ALWAYS + policy.READING if n in machine.numbers}
    conditional = {machine.numbers[n] for n in policy.CONDITIONS if n in machine.numbers}
    conditional |= {machine.numbers[n] for n in policy.OPENING if n in machine.numbers}
    result = run(code, Call(number, (), machine.audit).bytes())
    assert result != ALLOW or number in named | conditional


@machines
@given(number=st.integers(0, 600), audit=st.integers(0, 2**32 - 1))
def test_a_call_of_another_processor_ends_the_child(
    machine: Machine, number: int, audit: int
) -> None:
    if audit == machine.audit:
        return
    code = build(machine, may_open=True).for_process(ME)
    assert run(code, Call(number, (), audit).bytes()) == KILL


@given(st.integers(0x40000000, 2**32 - 1))
def test_a_call_of_the_x32_kind_ends_the_child(number: int) -> None:
    machine = MACHINES["x86_64"]
    code = build(machine, may_open=True).for_process(ME)
    assert run(code, Call(number, (), machine.audit).bytes()) == KILL


@machines
def test_at_level_c_no_path_can_be_opened(machine: Machine) -> None:
    for name in ({*policy.OPENING, *policy.READING}) & set(machine.numbers):
        assert answer(machine, name, may_open=False) == EPERM, name
    assert answer(machine, "read", may_open=False) == ALLOW


@machines
def test_the_process_id_is_the_only_difference_between_children(machine: Machine) -> None:
    built = build(machine, may_open=True)
    one, two = built.for_process(1000), built.for_process(2000)
    assert {at // 4 for at in range(len(one)) if one[at] != two[at]} == {
        at // 4 for at in built.process_id_at
    }
    assert len(built.process_id_at) == 2
    assert len(one) // 8 < 4096, "the kernel's limit of instructions"


@pytest.mark.parametrize("name", ["riscv64", "i686", "ppc64le", ""])
def test_an_unknown_processor_is_refused(name: str) -> None:
    with pytest.raises(HostError) as caught:
        machine_named(name)
    assert caught.value.code == codes.UNKNOWN_MACHINE
