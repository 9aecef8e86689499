"""What a system refused, as errors for people: no room, no right, no answer from the disk, a lock that stays held."""

from __future__ import annotations

from pathlib import Path

from plotter2.datter import codes
from plotter2.errors import DataError, ExitCode


def io_failed(where: Path, why: str) -> DataError:
    """Give the error for what the system refused to read or write (P2-D0804)."""
    return DataError(
        codes.IO_FAILED,
        f"{where} could not be read or written: {why}",
        where=str(where),
        help="check the path and the disk",
    )


def disk_full(where: Path) -> DataError:
    """Give the error for a file that found no room (P2-D0801)."""
    return DataError(
        codes.DISK_FULL,
        f"the disk is full: {where} could not be written",
        where=str(where),
        help="free some space on this file system and do the step again",
        note="nothing half-written was kept",
    )


def sync_failed(where: Path, why: str) -> DataError:
    """Give the error for bytes that the disk did not confirm (P2-D0803); who gets it ends, and tries nothing again."""
    return DataError(
        codes.SYNC_FAILED,
        f"the disk did not confirm the bytes of {where}: {why}",
        where=str(where),
        help="check the disk (dmesg, SMART), then do the step again from its beginning",
        exit_code=ExitCode.DISK_FAILED,
    )


def not_writable(where: Path, why: str = "") -> DataError:
    """Give the error for what may not be written (P2-D0802); `why` is put behind the sentence."""
    return DataError(
        codes.NOT_WRITABLE,
        f"{where} may not be written{why}",
        where=str(where),
        help="give yourself the right to write there, or choose another folder with --root",
    )


def busy(where: Path, patience_s: float, holder: str = "") -> DataError:
    """Give the error for a file that another process held for longer than anybody waits (P2-D0808)."""
    who = f"another process ({holder})" if holder else "another process"
    return DataError(
        codes.STORE_BUSY,
        f"{who} has held {where} for more than {patience_s:g} s",
        where=str(where),
        help="wait until the other plotter2 command is done, then try again",
    )
