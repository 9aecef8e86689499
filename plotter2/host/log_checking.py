"""The run log is looked at: whether it is whole and its history still the same, what proves an entry, who saw it.

Nothing here appends. Whoever changed the log and has its key can sign another one; what tells then is a checkpoint
that others keep, the records of runs, and countersignatures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from p2sign.log.checkpoint import Checkpoint, open_checkpoint
from p2sign.log.entry import parse_entry
from p2sign.log.history import checked_tree, require_history
from p2sign.log.note import NoteKey
from p2sign.log.proof import Proof, parse_proof
from p2sign.log.tree import Tree, leaf_hash
from p2sign.refusal import Refusal, placed
from plotter2.datter.layout import Layout
from plotter2.datter.log_files import LogFiles
from plotter2.errors import Refused
from plotter2.host import codes
from plotter2.host.keyring import refusals
from plotter2.host.run_log import earlier_logs, own_checkpoint, read_note_key

_TIME = b'"time":"'
"""How the time begins in a line of sorted JSON; no key of an entry that comes after it has parts of its own."""
_TIME_BYTES = len("2026-11-24T09:46:40.000Z")


@dataclass(frozen=True)
class CheckedLog:
    """A log whose entries hash to the root of its checkpoint. `beyond` counts whole entries that it does not cover."""

    files: LogFiles
    key: NoteKey
    note: bytes
    checkpoint: Checkpoint
    tree: Tree
    lines: tuple[bytes, ...]
    beyond: int

    @property
    def name(self) -> str:
        """How people are told of it."""
        return "" if self.files.folder.name == "run" else f"earlier log {self.files.folder.name}"

    @cached_property
    def first(self) -> dict[str, Any]:
        """What the first entry says. Raises Refusal E_LOG_FORM."""
        return parse_entry(self.lines[0]) if self.lines else {}

    def set_back(self) -> list[int]:
        """Give the entries that say an earlier time than the one before them: the clock was set back there."""
        times = [line.rpartition(_TIME)[2][:_TIME_BYTES] for line in self.lines]
        return [n for n, (before, then) in enumerate(pairwise(times), 1) if then < before]

    def proof(self, index: int) -> Proof:
        """Give the proof of an entry under the newest checkpoint."""
        return Proof(
            self.lines[index], index, self.tree.inclusion(index, len(self.lines)), self.note
        )


def checked(files: LogFiles, key: NoteKey | None) -> CheckedLog | None:
    """Read a log whole and hold it against its checkpoint; None where none was begun. Raises Refusal, DataError."""
    note = files.read_checkpoint()
    lines, _ = files.read_entries()
    if note is None and not lines:
        return None
    try:
        if note is None:
            raise Refusal("E_LOG_NOTE", "the checkpoint of the log is gone")
        if key is None:
            raise Refusal("E_LOG_KEY", "the log does not say its key")
        found = open_checkpoint(note, (key,))
    except Refusal as refusal:
        raise own_checkpoint(refusal, files) from None
    with placed(str(files.entries)):
        tree = checked_tree([leaf_hash(line) for line in lines], found)
    covered = tuple(lines[: found.size])
    return CheckedLog(files, key, note, found, tree, covered, len(lines) - found.size)


@dataclass(frozen=True, slots=True)
class Logs:
    """All logs of a root, each sound in itself and each said by the one after it; the newest last."""

    all: tuple[CheckedLog, ...]

    @property
    def newest(self) -> CheckedLog:
        """The log that grows."""
        return self.all[-1]

    @property
    def keys(self) -> tuple[NoteKey, ...]:
        """The keys of all logs."""
        return tuple(log.key for log in self.all)

    def of(self, note: bytes) -> tuple[CheckedLog, Checkpoint]:
        """Give the log that a checkpoint is of. Raises Refusal E_LOG_NOTE, E_LOG_KEY, E_LOG_SIGNATURE."""
        found = open_checkpoint(note, self.keys)
        for log in reversed(self.all):
            try:
                open_checkpoint(note, (log.key,))
            except Refusal as refusal:
                if refusal.name != "E_LOG_KEY":
                    raise
                continue
            return log, found
        raise Refusal("E_LOG_KEY")

    def require(self, note: bytes) -> tuple[CheckedLog, Checkpoint]:
        """Hold the logs against a checkpoint that somebody kept; gives which log it is of.

        Raises Refusal E_LOG_KEY, E_LOG_SHORT, E_LOG_FORK.
        """
        log, old = self.of(note)
        require_history(log.tree, log.checkpoint.size, old)
        return log, old

    def search(self, word: str) -> Iterator[tuple[CheckedLog, int]]:
        """Give the entries whose line has a word, the newest first."""
        wanted = word.encode()
        for log in reversed(self.all):
            for index in range(len(log.lines) - 1, -1, -1):
                if wanted in log.lines[index]:
                    yield log, index


def logs_of(root: Path) -> Logs:
    """Read all logs of a root and check each, and that each says where the one before it ended.

    Raises Refused: P2-S0862 when there is none, P2-S085x; DataError.
    """
    layout = Layout(root)
    newest = LogFiles(layout.run_log)
    with refusals():
        found = [checked(files, read_note_key(files.key)) for files in earlier_logs(layout)]
        here = checked(newest, _own_key(layout, newest))
        every = tuple(log for log in (*found, here) if log is not None)
        if not every:
            raise Refused(
                codes.NO_LOG,
                "there is no run log here yet",
                str(newest.folder),
                "it begins with the first run, key or trust; or name another root with --root DIR",
            )
        _require_chain(every)
    return Logs(every)


def _own_key(layout: Layout, files: LogFiles) -> NoteKey | None:
    """Give the key that the log must have: what `config/` says counts, not what lies beside the log."""
    beside = read_note_key(files.key)
    configured = read_note_key(layout.config / "log_ed25519.vkey")
    if (
        beside is not None
        and configured is not None
        and beside != configured
        and files.alive.exists()
    ):
        raise Refusal(
            "E_LOG_KEY", f"the log says its key is {beside}, and this root's is {configured}"
        ).within(str(files.key))
    return beside or configured


def _require_chain(every: Sequence[CheckedLog]) -> None:
    """Refuse where a log does not say where the one before it ended. Raises Refusal E_LOG_SHORT, E_LOG_FORK."""
    for before, log in pairwise(every):
        said, ended = log.first.get("previous"), before.checkpoint
        if log.lines and said != {"size": ended.size, "root": ended.root_text}:
            raise Refusal(
                "E_LOG_FORK",
                f"the log does not continue {before.name}: that was changed, or another one stands in its place",
            ).within(str(log.files.entries))


def require_recorded(logs: Logs, records: Sequence[dict[str, Any]]) -> int:
    """Hold the records of runs against the log: each entry that one speaks of must be there; gives how many are.

    Raises Refused P2-S0864.
    """
    known = 0
    for record in records:
        kept = record.get("log")
        if kept is None:  # of a release without a log
            continue
        with refusals():
            proof = parse_proof(kept["proof"].encode())
        if not any(log.lines[proof.index : proof.index + 1] == (proof.entry,) for log in logs.all):
            raise Refused(
                codes.LOG_BEHIND,
                f"run {record['run']} speaks of entry {proof.index} of the run log, which is not there",
                str(logs.newest.files.folder),
                "an older or another log was put in its place: get log/run back from a newer safe copy, "
                "or tell those who rely on it",
            )
        known += 1
    return known


def entry_of_picture(logs: Logs, name: str, content: bytes) -> tuple[CheckedLog, int]:
    """Give the entry of the newest run that made a picture. Raises Refused P2-S0863."""
    return _found(logs, f'"{hashlib.sha256(content).hexdigest()}"', "picture", name)


def found_entry(logs: Logs, what: str) -> tuple[CheckedLog, int]:
    """Give the entry with this number, or the last one of this run. Raises Refused P2-S0863."""
    if what.isdecimal():
        index = int(what)
        if index < len(logs.newest.lines):
            return logs.newest, index
        raise _not_logged("number", what)
    return _found(logs, f'"run":"{what}"' if what.isalnum() else "\n", "run", what)


def _found(logs: Logs, word: str, kind: str, name: str) -> tuple[CheckedLog, int]:
    found = next(logs.search(word), None)
    if found is None:
        raise _not_logged(kind, name)
    return found


def _not_logged(kind: str, name: str) -> Refused:
    return Refused(
        codes.NOT_LOGGED,
        f"the run log has no entry of this {kind}",
        name,
        "plotter2 log show lists what there is; it may have been made in another root",
    )
