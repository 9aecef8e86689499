"""`p2.lock`: one line for each library that the scripts beside it use. Bytes to values and back, in exactly one form.

    p2-lock 1
    lab/smoothing@1.2.0 sha256:6966...d5bb from libraries signer alice@lab SHA256:q8r2... names ema=1f03c8a2b4d5,snr=...

`names` has a digest of each name that the library offers, so that an update can tell what came, went and changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from p2lang.check import Locked
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.libraries.codes import BAD_LOCK
from plotter2.libraries.reference import Reference
from plotter2.runs import codes as run_codes
from plotter2.runs.opening import FileRefused, read_once

NAME = "p2.lock"
_FIRST_LINE = "p2-lock 1"
_LARGEST = 1024 * 1024
_LINE = re.compile(
    r"(?P<library>\S+) sha256:(?P<sha256>[0-9a-f]{64}) from (?P<shelf>[a-z0-9]+)"
    r"(?P<signers>(?: signer [^\s@]{1,64}@[^\s@]{1,64} SHA256:[A-Za-z0-9+/]{43})+)(?: names (?P<names>\S+))?"
)
_SIGNER = re.compile(r" signer (\S+) (SHA256:\S+)")
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=([0-9a-f]{12})")


@dataclass(frozen=True)
class LockLine:
    """One library: its digest, the shelf it was found on, who signed it (principal, fingerprint), what it offers."""

    reference: Reference
    sha256: str
    shelf: str
    signers: tuple[tuple[str, str], ...]
    names: Mapping[str, str]

    def dump(self) -> str:
        """Give the line."""
        signers = "".join(f" signer {who} {fingerprint}" for who, fingerprint in self.signers)
        offered = ",".join(f"{name}={digest}" for name, digest in sorted(self.names.items()))
        names = f" names {offered}" if offered else ""
        return f"{self.reference} sha256:{self.sha256} from {self.shelf}{signers}{names}"

    @property
    def pins(self) -> Locked:
        """Give what the checker holds a library against."""
        return Locked(self.sha256, tuple(who for who, _ in self.signers))


def dump(lines: Iterable[LockLine]) -> bytes:
    """Give the one form of a lock: sorted by name and version."""
    ordered = sorted(
        lines, key=lambda line: (line.reference.scope, line.reference.name, line.reference.order)
    )
    return "".join(
        f"{text}\n" for text in (_FIRST_LINE, *(line.dump() for line in ordered))
    ).encode()


def parse(content: bytes, where: str) -> dict[str, LockLine]:
    """Read a lock; raises Plotter2Error P2-E0253 for anything but its one form."""
    text = content.decode("ascii", "replace")
    first, *rest = text.split("\n")
    if first != _FIRST_LINE:
        raise _bad(where, 1, f"it does not begin with {_FIRST_LINE!r}")
    found: dict[str, LockLine] = {}
    for number, line in enumerate(rest[:-1], 2):
        read = _line(line)
        if read is None:
            raise _bad(where, number, "this is no line of a lock")
        found[str(read.reference)] = read
    if dump(found.values()) != content:
        raise _bad(where, 1, "its lines are not sorted, or one stands twice")
    return found


def read(folder: Path) -> dict[str, LockLine] | None:
    """Read the lock of a folder; None when there is none. Raises Plotter2Error P2-E0253, FileRefused."""
    path = folder / NAME
    try:
        content = read_once(path, _LARGEST, "lock file")
    except FileRefused as error:
        if error.code == run_codes.NOT_THERE:
            return None
        raise
    return parse(content, str(path))


def pins(lock: Mapping[str, LockLine] | None) -> dict[str, Locked] | None:
    """Give a lock as the checker asks for it."""
    return None if lock is None else {name: line.pins for name, line in lock.items()}


def _line(text: str) -> LockLine | None:
    match = _LINE.fullmatch(text)
    reference = Reference.parse(match["library"]) if match else None
    if match is None or reference is None:
        return None
    names = dict(_NAME.findall(match["names"] or ""))
    signers = tuple(_SIGNER.findall(match["signers"]))
    line = LockLine(reference, match["sha256"], match["shelf"], signers, names)
    return line if line.dump() == text else None


def _bad(where: str, number: int, why: str) -> Plotter2Error:
    return Plotter2Error(
        BAD_LOCK,
        f"the lock file cannot be used: {why}",
        f"{where}:{number}",
        "it is written by `plotter2 lock add`, not by hand: fetch it anew, or delete it and lock again",
        exit_code=ExitCode.CHECK_FAILED,
    )
