"""The table of system calls against two sources that know nothing of it: the kernel's headers and libseccomp."""

from __future__ import annotations

import ctypes
import ctypes.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from plotter2.sandbox.syscalls import MACHINES, Machine

HEADERS: Final = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),  # arm64 takes the generic table
}
NEWER_THAN_MANY_HEADERS: Final = {"fchmodat2": 452}
RENAMED: Final = {"newfstatat": "fstatat", "fadvise64": "fadvise64"}
"""How the generic table spells what has another name on 64-bit machines (its __NR3264 lines)."""
UNKNOWN: Final = -1

machines = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)


def in_headers(machine: Machine) -> dict[str, int]:
    for path in map(Path, HEADERS[machine.name]):
        if path.exists():
            lines = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", path.read_text(), re.M)
            return {name: int(number) for name, number in lines}
    pytest.skip("the kernel's headers are not installed")


def in_libseccomp(machine: Machine) -> Callable[[str], int]:
    found = ctypes.util.find_library("seccomp")
    if found is None:
        pytest.skip("libseccomp is not installed")
    resolve = ctypes.CDLL(found).seccomp_syscall_resolve_name_arch
    return lambda name: int(resolve(ctypes.c_uint32(machine.audit), name.encode()))


@machines
def test_numbers_are_those_of_the_kernels_headers(machine: Machine) -> None:
    headers = in_headers(machine)
    wrong = {
        name: (number, headers.get(RENAMED.get(name, name), headers.get(name)))
        for name, number in machine.numbers.items()
        if number
        not in {
            headers.get(RENAMED.get(name, name)),
            headers.get(name),
            NEWER_THAN_MANY_HEADERS.get(name),
        }
    }
    assert wrong == {}


@machines
def test_what_a_processor_does_not_have_is_not_in_its_headers_either(machine: Machine) -> None:
    headers = in_headers(machine)
    everything = set().union(*(other.numbers for other in MACHINES.values()))
    lacking = everything - set(machine.numbers)
    assert {name for name in lacking if name in headers} == set()


@machines
def test_numbers_are_those_of_libseccomp(machine: Machine) -> None:
    number_of = in_libseccomp(machine)
    wrong = {
        name: (number, theirs)
        for name, number in machine.numbers.items()
        if (theirs := number_of(name)) not in {number, UNKNOWN}
    }
    assert wrong == {}
    known = [name for name in machine.numbers if number_of(name) != UNKNOWN]
    assert len(known) > 0.9 * len(machine.numbers)
