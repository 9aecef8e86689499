"""Trying something for real in a forked process, so that nothing of it sticks to this one."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Final

_OUTPUT: Final = 4096


def tried(trial: Callable[[], None]) -> str:
    """Run `trial` in a forked process; give "" when it worked, else why not."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python warns of a fork beside threads; the trial makes system calls and ends.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            trial()
            status = 0
        except OSError as error:
            os.write(writer, str(error.strerror or error).encode()[:_OUTPUT])
        finally:
            os._exit(status)
    os.close(writer)
    said = os.read(reader, _OUTPUT).decode(errors="replace")
    os.close(reader)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return said or ("" if code == 0 else f"the trial ended with {code}")
