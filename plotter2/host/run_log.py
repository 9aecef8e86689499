"""The run log of a root: every run, refusal and change of trust is an entry before it counts.

One process appends at a time (flock). An entry is on the disk before a checkpoint covers it, and is acknowledged when
the checkpoint is written. What a dead process left behind the last checkpoint is taken over when it is whole, and cut
off when it is torn. An append looks at the checkpoint, the edge of the tree and the length of the last file; where the
last two do not fit, it hashes all entries, and where these do not give the root, nothing is appended and nothing runs.
That every entry is still what it was, `log verify` checks.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from p2sign.causes import LOG_BACK
from p2sign.keys import SigningKey
from p2sign.log.checkpoint import Checkpoint, claimed_checkpoint, open_checkpoint
from p2sign.log.entry import dump_entry, parse_entry
from p2sign.log.history import checked_tree
from p2sign.log.note import NoteKey, parse_note_key
from p2sign.log.proof import Proof
from p2sign.log.tree import Edge, leaf_hash
from p2sign.refusal import Refusal, placed
from plotter2.datter import durable
from plotter2.datter.layout import Layout, prepare
from plotter2.datter.locks import locked
from plotter2.datter.log_files import SEGMENT, LogFiles
from plotter2.errors import DataError, Refused
from plotter2.host import codes
from plotter2.host.keyring import refusals, require_yours_alone
from plotter2.runs.opening import FileRefused, read_once

PATIENCE_S = 30.0
"""How long an append waits for others."""
_STEP_S = 0.001
_KEY_BYTES = 4096
_DELETED = (
    "the run log that was here is gone: a new one begins, which cannot prove what ran before; "
    "if that was not you, get log/run back from a safe copy"
)
_KEY_LOST = "the key of the run log is lost: a new log begins"
_COPIED = "the run log came out of a safe copy: a new log begins"


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry that is kept: its place, and all that proves it without the log."""

    index: int
    leaf_hash: bytes
    checkpoint: bytes
    proof: Proof

    def as_json(self) -> dict[str, Any]:
        """Give what records of runs keep: the place, and the proof as `plotter2 log prove` writes it."""
        return {"index": self.index, "proof": self.proof.dump().decode()}


@dataclass(frozen=True, slots=True)
class _State:
    """What an append starts from: the checkpoint, the tree's edge, the bytes of the last file that they cover."""

    origin: str
    checkpoint: bytes
    edge: Edge
    covered: int


class RunLog:
    """The run log of one root. Any number of them may append to it at once. `tell` is told when a new log begins."""

    def __init__(
        self,
        root: Path,
        now: Callable[[], datetime] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._layout = Layout(root)
        self._files = LogFiles(self._layout.run_log)
        self._now = now or (lambda: datetime.now(UTC))
        self._tell = tell
        self._known: _State | None = None
        self._key: tuple[tuple[int, int], SigningKey] | None = None

    @property
    def files(self) -> LogFiles:
        """The files of the log that grows."""
        return self._files

    @property
    def key_file(self) -> Path:
        """The private key that signs checkpoints; made with the log."""
        return self._layout.config / "log_ed25519"

    def append(self, event: str, /, **fields: Any) -> Logged:
        """Keep an entry; it is on the disk and covered by a checkpoint when this returns.

        Fields that are None are left out. Raises Refused: P2-S0860 when it cannot be kept, P2-S085x when the log is
        not what its checkpoint says.
        """
        try:
            prepare(self._layout.root)
            if not self._layout.log.is_dir():  # it was deleted
                durable.make_dir(self._layout.log)
            with locked(self._layout.log / "run.lock", PATIENCE_S, _STEP_S), refusals():
                key, state = self._current()
                if state.edge.size == 0:
                    state = self._grown(
                        key, state, self._entry("log-begin", self._before(key, state))
                    )[0]
                self._known, logged = self._grown(key, state, self._entry(event, fields))
                return logged
        except DataError as error:
            raise Refused(
                codes.LOG_NOT_WRITTEN,
                f"the run log cannot be written: {error.message}",
                error.where or str(self._files.folder),
                error.help,
                note="what cannot be logged is not done",
            ) from error

    def public_key(self) -> NoteKey | None:
        """Give the key that checkpoints of this root are signed with, None when there is none. Raises Refused."""
        with refusals():
            return read_note_key(self._public_file)

    def append_if_possible(self, event: str, /, **fields: Any) -> None:
        """Keep an entry of something that may be done without one, as signing where nothing else may be written."""
        with suppress(Refused):
            self.append(event, **fields)

    # ------------------------------------------------------------ what is there
    @property
    def _public_file(self) -> Path:
        return self.key_file.with_name(f"{self.key_file.name}.vkey")

    def _current(self) -> tuple[SigningKey, _State]:
        """Give key and state, made sound; begins a log when there is none that grows here."""
        content = self._files.read_checkpoint()
        if content is None and not any(self._files.entries.glob("*")):
            if self._was_deleted():
                self._tell(_DELETED)
            return self._begun()
        alive = self._files.alive.exists()
        if not (alive and self.key_file.exists()):
            kept = self._set_aside()
            self._tell(f"{_KEY_LOST if alive else _COPIED}; the one before is kept: {kept}")
            return self._begun()
        if content is None:
            raise Refusal(
                "E_LOG_NOTE",
                "the checkpoint of the log is gone",
                str(self._files.checkpoint),
                LOG_BACK,
            )
        key = self._signing_key()
        return key, self._sound(key, content)

    def _sound(self, key: SigningKey, content: bytes) -> _State:
        state = self._known
        if state is None or state.checkpoint != content:
            found = self._opened(key, content)
            durable.sync_dir(self._files.folder)  # who wrote it may have died before its own sync
            state = self._by_edge(content, found) or self._by_entries(key, content, found)
        elif self._files.tail_bytes(state.edge.size) != _covered_of_next(state):
            state = self._by_entries(key, content, self._opened(key, content))
        return state

    def _opened(self, key: SigningKey, content: bytes) -> Checkpoint:
        try:
            origin = claimed_checkpoint(content).origin
            return open_checkpoint(content, (NoteKey(origin, key.public),))
        except Refusal as refusal:
            raise own_checkpoint(refusal, self._files) from None

    def _by_edge(self, content: bytes, found: Checkpoint) -> _State | None:
        """Give the state that the edge tells, None when it does not fit the checkpoint or the entries."""
        kept = self._files.read_edge()
        if kept is None or (kept[0].size, kept[0].root) != (found.size, found.root):
            return None
        state = _State(found.origin, content, *kept)
        fits = self._files.tail_bytes(found.size) == _covered_of_next(state)
        return state if fits else None

    def _by_entries(self, key: SigningKey, content: bytes, found: Checkpoint) -> _State:
        """Give the state that all entries tell, after what a dead process left is taken over or cut off."""
        lines, torn = self._files.read_entries()
        leaves = [leaf_hash(line) for line in lines]
        with placed(str(self._files.entries)):
            tree = checked_tree(leaves, found)
        for left in self._files.folder.glob(".*.new.*"):
            durable.discard(left)
        edge = tree.edge(found.size)
        in_segment = found.size - found.size % SEGMENT
        covered = sum(len(line) + 1 for line in lines[in_segment : found.size])
        state = _State(found.origin, content, edge, covered)
        after = lines[found.size :]
        if torn and not after:
            durable.end_with(self._files.segment(found.size), covered, b"")
        for line in after:
            if not _is_entry(line):
                durable.end_with(self._files.segment(state.edge.size), _covered_of_next(state), b"")
                break
            state = self._grown(key, state, line)[0]
        return state

    # ------------------------------------------------------------ growing
    def _entry(self, event: str, fields: dict[str, Any]) -> bytes:
        said = {name: value for name, value in fields.items() if value is not None}
        moment = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        return dump_entry({**said, "event": event, "time": moment.replace("+00:00", "Z")})

    def _grown(self, key: SigningKey, state: _State, line: bytes) -> tuple[_State, Logged]:
        index, start = state.edge.size, _covered_of_next(state)
        path = self._files.segment(index)
        try:
            durable.end_with(path, start, line + b"\n")
            if start == 0:
                durable.sync_dir(path.parent)
            leaf = leaf_hash(line)
            edge = state.edge.grown((leaf,))
            note = Checkpoint(state.origin, edge.size, edge.root).signed(key)
            durable.swap(self._files.checkpoint, note)
        except DataError:
            with suppress(OSError):  # what stays is taken over or cut off by the next append
                os.truncate(path, start)
            raise
        grown = _State(state.origin, note, edge, start + len(line) + 1)
        with suppress(OSError):  # it can be made again
            self._write_edge(grown)
        proof = Proof(line, index, state.edge.path_of_next, note)
        return grown, Logged(index, leaf, note, proof)

    def _write_edge(self, state: _State) -> None:
        fd = os.open(self._files.edge, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            content = self._files.written_edge(state.edge, state.covered)
            os.pwrite(fd, content, 0)
            os.ftruncate(fd, len(content))
        finally:
            os.close(fd)

    # ------------------------------------------------------------ the beginning
    def _begun(self) -> tuple[SigningKey, _State]:
        """Begin a log with a key of its own; its first checkpoint, of no entries, is written last."""
        files, key, origin = self._files, SigningKey.generate(), origin_here()
        for folder in (files.folder, files.entries):
            durable.make_dir(folder, 0o700)
        new = self.key_file.with_name(f".{self.key_file.name}.new")
        name = f"{NoteKey(origin, key.public)}\n".encode()
        durable.discard(new)
        durable.write_new(new, (key.dump(),), mode=0o600)
        with durable.reported(self.key_file):
            new.replace(self.key_file)
        durable.replace(files.key, name)
        durable.replace(self._public_file, name)
        durable.replace(files.alive, b"this log grows here\n")
        edge = Edge()
        note = Checkpoint(origin, 0, edge.root).signed(key)
        durable.replace(files.checkpoint, note)
        return key, _State(origin, note, edge, 0)

    def _was_deleted(self) -> bool:
        """Tell whether a log was here: its key's name is, and what is written before that or with an entry is not."""
        grown = not self._files.key.exists() or self._files.edge.exists()
        return grown and self._public_file.exists()

    def _set_aside(self) -> Path:
        """Let a log grow no more: it came out of a safe copy, or its key is lost; gives where it is kept."""
        earlier = self._layout.earlier_logs
        durable.make_dir(earlier, 0o700)
        number = max((int(p.name) for p in earlier.iterdir() if p.name.isdecimal()), default=0)
        kept = earlier / str(number + 1)
        durable.rename_dir(self._files.folder, kept)
        durable.sync_dir(self._layout.log)
        self._known = None
        return kept

    def _before(self, key: SigningKey, state: _State) -> dict[str, Any]:
        """Give what the first entry says: the log's key, and where the log before it ended, if there was one."""
        said: dict[str, Any] = {"key": str(NoteKey(state.origin, key.public))}
        before = earlier_logs(self._layout)
        if before:
            content = before[-1].read_checkpoint() or b""
            with suppress(Refusal):  # damaged: `log verify` tells
                ended = claimed_checkpoint(content)
                said["previous"] = {"size": ended.size, "root": ended.root_text}
            said["earlier"] = before[-1].folder.name
        return said

    def _signing_key(self) -> SigningKey:
        try:
            status = self.key_file.lstat()
        except OSError as error:
            raise _unusable(self.key_file, error.strerror or str(error)) from None
        require_yours_alone(self.key_file, status, "the private key of the run log")
        identity = (status.st_ino, status.st_mtime_ns)
        if self._key is None or self._key[0] != identity:
            try:
                loaded = SigningKey.load(read_once(self.key_file, _KEY_BYTES, "log key"))
            except FileRefused as error:
                raise _unusable(self.key_file, error.message) from None
            except Refusal as refusal:
                raise _unusable(self.key_file, refusal.what) from None
            self._key = (identity, loaded)
        return self._key[1]


def earlier_logs(layout: Layout) -> tuple[LogFiles, ...]:
    """Give the logs that grow no more, the oldest first."""
    if not layout.earlier_logs.is_dir():
        return ()
    folders = (path for path in layout.earlier_logs.iterdir() if path.name.isdecimal())
    return tuple(LogFiles(path) for path in sorted(folders, key=lambda path: int(path.name)))


def read_note_key(path: Path) -> NoteKey | None:
    """Read the file of a log's public key, None when there is none. Raises Refusal, FileRefused."""
    if not path.exists():
        return None
    return parse_note_key(read_once(path, _KEY_BYTES, "log key").decode("utf-8", "replace"))


def own_checkpoint(refusal: Refusal, files: LogFiles) -> Refusal:
    """Give why the log's own checkpoint does not count, and what helps there."""
    remedy = LOG_BACK if refusal.name == "E_LOG_NOTE" else refusal.remedy
    return Refusal(refusal.name, refusal.what, str(files.checkpoint), remedy)


def origin_here() -> str:
    """Give the name of logs of this machine: `HOST/plotter2`."""
    host = re.sub(r"[^a-z0-9.-]+", "-", platform.node().lower()).strip("-.") or "host"
    return f"{host}/plotter2"


def _covered_of_next(state: _State) -> int:
    """Give how many bytes the file of the next entry has before it."""
    return 0 if state.edge.size % SEGMENT == 0 else state.covered


def _is_entry(line: bytes) -> bool:
    try:
        parse_entry(line)
    except Refusal:
        return False
    return True


def _unusable(path: Path, why: str) -> Refused:
    return Refused(
        codes.LOG_KEY_UNUSABLE,
        f"the key of the run log cannot be used: {why}",
        str(path),
        "set the file aside; the next run begins a new log, which says where this one ended",
    )
