"""A path to bytes: one open, one read, nothing followed. What is read here is what is verified and what runs."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from p2lang.source import LONGEST_SCRIPT
from p2sign.sidecar import MAX_SIDECAR
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.runs import codes


class FileRefused(Plotter2Error):
    """A script's file, or one that belongs to it, cannot be taken (P2-E001x)."""


@dataclass(frozen=True, slots=True)
class OpenedScript:
    """A script's bytes as they were read, its file name, and its signature file's bytes if there is one."""

    path: Path
    content: bytes
    sidecar: bytes | None

    @property
    def name(self) -> str:
        """Give the file name, which a signature must name too."""
        return self.path.name


def open_script(path: Path) -> OpenedScript:
    """Read a script and its `.p2.sig`; raises FileRefused when either cannot be read once, whole and in place."""
    content = read_once(path, LONGEST_SCRIPT, "script")
    if path.suffix != ".p2":
        raise no_script(path)
    return OpenedScript(path, content, _sidecar(path.with_name(path.name + ".sig")))


def no_script(path: Path) -> FileRefused:
    """Say that a file is no script, and what looks at it (P2-E0022)."""
    return _refused(
        codes.NO_SCRIPT,
        f"{path.name} is no script: the name of one ends in .p2",
        path,
        _LOOKED_AT.get(path.suffix, "name a .p2 file; data are taken in with plotter2 add"),
    )


_LOOKED_AT = {
    ".p2pack": "plotter2 pack show FILE tells what is in it and who packed it",
    ".p2trust": "plotter2 trust import FILE shows whom it trusts, and asks",
    ".p2revoke": "plotter2 trust import FILE takes over what it revokes",
}
"""What other signed files are for."""


def _sidecar(path: Path) -> bytes | None:
    try:
        return read_once(path, MAX_SIDECAR, "signature file")
    except FileRefused as error:
        if error.code == codes.NOT_THERE:
            return None
        error.exit_code = ExitCode.REFUSED
        if error.code == codes.NOT_A_FILE:
            error.help = "put the signature file itself beside the script, not a link to it"
        raise


def read_once(path: Path, limit: int, what: str) -> bytes:
    """Read a regular file of at most `limit` bytes; raises FileRefused with the reason."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _not_opened(path, what, error) from None
    except ValueError:  # a null byte in the name, as an editor may send it
        raise _refused(
            codes.NOT_THERE, f"no {what} can have this name", path, "check the name"
        ) from None
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise _refused(
                codes.NOT_A_FILE, f"the {what} is not a file", path, "a plain file must be there"
            )
        content = _read(descriptor, before.st_size, limit + 1)
        after = os.fstat(descriptor)
    except OSError as error:
        raise _not_opened(path, what, error) from None
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise _refused(
            "P2-E0001",
            f"the {what} is larger than {limit // 1024} KiB",
            path,
            "move data out of it, or split it",
        )
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise _refused(codes.CHANGED, f"the {what} changed while it was read", path, "try again")
    return content


def _read(descriptor: int, expected: int, most: int) -> bytes:
    """Read to the end, at most `most` bytes; in one piece where the file is as large as it said."""
    content = os.read(descriptor, min(expected + 1, most))
    if len(content) == expected < most:
        return content
    parts = [content]
    while parts[-1] and most > (so_far := sum(map(len, parts))):
        parts.append(os.read(descriptor, most - so_far))
    return b"".join(parts)


def _not_opened(path: Path, what: str, error: OSError) -> FileRefused:
    if isinstance(error, FileNotFoundError):
        return _refused(codes.NOT_THERE, f"there is no {what} here", path, "check the name")
    if error.errno == errno.ELOOP:  # O_NOFOLLOW met one
        message = f"the {what} is a symbolic link, and links are not followed"
        return _refused(codes.NOT_A_FILE, message, path, "name the file that it points to")
    if error.errno in (errno.ENXIO, errno.ENODEV):  # a socket, or a device that nothing drives
        return _refused(
            codes.NOT_A_FILE, f"the {what} is not a file", path, "a plain file must be there"
        )
    return _refused(
        codes.UNREADABLE, f"the {what} cannot be read: {error.strerror}", path, "check it"
    )


def _refused(code: str, message: str, path: Path, help: str) -> FileRefused:
    usage = code in (codes.NOT_THERE, codes.NOT_A_FILE, codes.NO_SCRIPT)
    exit_code = ExitCode.USAGE if usage else ExitCode.CHECK_FAILED
    return FileRefused(code, message, str(path), help, exit_code=exit_code)
