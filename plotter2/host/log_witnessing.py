"""People countersign checkpoints with their own keys; what came back is kept beside the log and checked with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from p2sign.log.checkpoint import Checkpoint, claimed_checkpoint
from p2sign.log.note import MAX_NOTE
from p2sign.log.witness import MAX_WITNESSED, NAMESPACE, countersigned, witnesses
from p2sign.refusal import Refusal, placed
from plotter2.datter import durable
from plotter2.host.key_choice import WhichKey, chosen
from plotter2.host.keyring import refusals
from plotter2.host.log_checking import CheckedLog, Logs
from plotter2.host.root import Root
from plotter2.runs.codes import NOT_THERE
from plotter2.runs.opening import FileRefused, read_once


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint with countersignatures: each by a key and, where the trust file says whose it is, by somebody."""

    checkpoint: Checkpoint
    by: tuple[tuple[str, str], ...]

    def as_text(self) -> str:
        """Say who saw it."""
        return ", ".join(
            f"{who or 'somebody not trusted here for logs'} {key}" for who, key in self.by
        )


def signatures_of(path: Path) -> Path:
    """Give where the countersignatures of a checkpoint's file stand."""
    return path.with_name(f"{path.name}.sig")


def read_note(path: Path) -> bytes:
    """Read a checkpoint's file. Raises FileRefused."""
    return read_once(path, MAX_NOTE, "checkpoint")


def countersign(root: Root, path: Path, which: WhichKey) -> Witnessed:
    """Sign a checkpoint that somebody gave, beside it; says who has signed it by now. Raises Refused, FileRefused."""
    note, choice = read_note(path), chosen(root, which)
    with refusals(), placed(str(path)):
        claimed_checkpoint(note)
        whole = countersigned(note, _signed(path), choice.open())
    durable.replace(signatures_of(path), whole)
    return witnessed(root, note, whole)


def checked(root: Root, path: Path) -> Witnessed:
    """Say who has countersigned a checkpoint's file. Raises Refused, FileRefused."""
    return witnessed(root, read_note(path), _signed(path))


def witnessed(root: Root, note: bytes, signed: bytes) -> Witnessed:
    """Check countersignatures; says who made them. Raises Refused."""
    with refusals():
        found = witnesses(note, signed)
        claimed = claimed_checkpoint(note)
    lines = root.keyring.trusted()
    known = {line.key: line.principal for line in lines if NAMESPACE in line.namespaces}
    own = {key.public: key.principal for key in root.keyring.own_keys()}
    by = ((known.get(s.key) or own.get(s.key, ""), s.key.fingerprint) for s in found)
    return Witnessed(claimed, tuple(by))


def keep(root: Root, logs: Logs, path: Path) -> Witnessed:
    """Keep a checkpoint of this root's log with its countersignatures. Raises Refused, DataError."""
    note, signed = read_note(path), _signed(path)
    with refusals(), placed(str(path)):
        if not signed:
            raise Refusal("E_LOG_WITNESS", f"there are no countersignatures: {signatures_of(path)}")
        log, _ = logs.require(note)
    seen = witnessed(root, note, signed)
    folder = log.files.folder / "witnessed"
    durable.make_dir(folder, 0o700)
    kept = folder / f"{seen.checkpoint.size:012}-{hashlib.sha256(note).hexdigest()[:8]}"
    durable.replace(kept, note)
    durable.replace(signatures_of(kept), signed)
    return seen


def kept_of(root: Root, logs: Logs) -> Iterator[Witnessed]:
    """Hold all logs against the countersigned checkpoints that are kept beside them. Raises Refused."""
    for log in logs.all:
        for path in _kept_beside(log):
            note = read_note(path)
            with refusals(), placed(str(path)):
                logs.require(note)
            yield witnessed(root, note, _signed(path))


def _kept_beside(log: CheckedLog) -> list[Path]:
    folder = log.files.folder / "witnessed"
    return sorted(p for p in folder.glob("*-*") if p.suffix != ".sig") if folder.is_dir() else []


def _signed(path: Path) -> bytes:
    try:
        return read_once(signatures_of(path), MAX_WITNESSED, "signature file")
    except FileRefused as error:
        if error.code == NOT_THERE:
            return b""
        raise
