"""A program that goes on as another one under a kernel that refuses some calls: `ERROR CALL,... COMMAND...`.

As containers and older kernels do it. The refusal is a filter of its own, put on before the other program starts.
"""

from __future__ import annotations

import errno
import os
import struct
import sys

from plotter2.sandbox import native, process
from plotter2.sandbox.seccomp import load
from plotter2.sandbox.syscalls import this_machine

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


def main() -> None:
    """Put the filter on and become the command."""
    error, calls, *command = sys.argv[1:]
    steps = [(0x20, 0, 0, 0)]
    for name in calls.split(","):
        steps += [
            (0x15, 0, 1, this_machine().numbers[name]),
            (0x06, 0, 0, _ERRNO | getattr(errno, error)),
        ]
    steps.append((0x06, 0, 0, _ALLOW))
    process.gain_no_privileges()
    load(b"".join(struct.pack("<HBBI", *step) for step in steps))
    native.prctl(native.PR_SET_DUMPABLE, 1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
