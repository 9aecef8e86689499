"""Whose fault it is that something could not be done: its own, or that of the store, the disk, the sandbox.

What is its own fault would happen again and is not tried again by itself; the other may go well the next time.
"""

from __future__ import annotations

from plotter2.datter import codes
from plotter2.errors import DataError, Plotter2Error
from plotter2.wire import codes as wire_codes

OF_THE_STORE = frozenset(
    {
        codes.DISK_FULL, codes.NOT_WRITABLE, codes.SYNC_FAILED, codes.IO_FAILED,
        codes.SQLITE_TOO_OLD, codes.REGISTRY_DAMAGED, codes.REGISTRY_NEWER,
        codes.STORE_BUSY, codes.OTHER_FILE_SYSTEM, codes.BUNDLE_DAMAGED, codes.IS_A_COPY,
    }
)  # fmt: skip
_OF_THE_MACHINE = frozenset(
    {
        wire_codes.ZYGOTE_NOT_STARTED, wire_codes.ZYGOTE_LOST, wire_codes.CHILD_DIED,
        wire_codes.LAYER_FAILED, wire_codes.SELF_TEST_FAILED, wire_codes.MEMORY_NOT_MADE,
        wire_codes.CLOSED, wire_codes.CHILD_BUG,
    }
)  # fmt: skip


def is_own_fault(error: Plotter2Error) -> bool:
    """Tell whether what was asked for is to blame, and not the store or the machine."""
    if isinstance(error, DataError):
        return error.code not in OF_THE_STORE
    return error.code not in _OF_THE_MACHINE
