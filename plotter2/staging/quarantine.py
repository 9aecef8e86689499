"""Quarantine: what cannot be stored is kept whole, with its reason as a small JSON file beside it.

`quarantine/<id>/reason.json` and `quarantine/<id>/kept/<name>`. The id comes from the content, so that the same thing
twice is kept once. Nothing here is ever removed without being asked.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from plotter2.datter import durable
from plotter2.datter.ids import IdSource, now_ms
from plotter2.datter.layout import Layout
from plotter2.datter.workspace import workspace
from plotter2.errors import DataError, ExitCode, Plotter2Error
from plotter2.staging import codes
from plotter2.staging.grounds import Grounds, entries_in, shown
from plotter2.staging.stillness import OPEN_FLAGS, files_of, folders_of

_ID_LENGTH = 16
_NAMED = 5
_OPEN_FOLDERS = 200
_STEP = 1 << 20


class BadLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is no row: where it stood, and why."""

    line: int
    code: str
    why: str


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is in quarantine: the problem as every surface shows it, and what is kept.

    `kind` is `item` (a file or folder that was dropped), `lines` (those lines of a file that are no rows; the others
    were stored) or `rest` (what no bundle takes of a folder, as links and hidden files; the others are stored).
    `at` is in milliseconds since 1970.
    """

    id: str
    name: str
    kind: Literal["item", "lines", "rest"]
    code: str
    message: str
    help: str
    at: int
    where: str = ""
    lines: tuple[BadLine, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedLines:
    """The lines of one file that are no rows, with their bytes."""

    name: str
    digest: str
    """SHA-256 of the whole file."""
    lines: tuple[BadLine, ...]
    content: bytes

    @property
    def id(self) -> str:
        """Under which these lines are kept."""
        return _id_of(b"lines", self.name.encode(), self.digest.encode())


def listed(grounds: Grounds) -> tuple[Reason, ...]:
    """Give what is in quarantine, the oldest first. Raises DataError."""
    found = (_read(Path(entry.path)) for entry in entries_in(grounds.quarantine))
    return tuple(sorted((r for r in found if r is not None), key=lambda r: (r.at, r.id)))


def find(grounds: Grounds, wanted: str) -> Reason:
    """Give one of them by the beginning of its id. Raises DataError (P2-D0861)."""
    found = [reason for reason in listed(grounds) if wanted and reason.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    raise not_one(len(found), wanted)


def not_one(found: int, wanted: str) -> DataError:
    """Give the error for an id that means nothing, or several things (P2-D0861)."""
    return DataError(
        codes.NOT_IN_QUARANTINE,
        f"{found} things in quarantine have an id that begins with {wanted!r}"
        if found
        else f"nothing in quarantine has the id {wanted!r}",
        where=wanted,
        help="plotter2 quarantine ls lists what is there",
        exit_code=ExitCode.USAGE,
    )


def kept_at(grounds: Grounds, reason: Reason) -> Path:
    """Give the path of what is kept."""
    (entry,) = _kept(grounds.quarantine / reason.id)
    return Path(entry.path)


def put_aside(grounds: Grounds, item: Path, error: Plotter2Error) -> Reason:
    """Move an item into quarantine, durably; the same one again is kept once. Raises DataError."""
    problem, name = error.problem(), shown(item.name)
    # It is not there any more where it was read.
    message, help_, where = (
        text.replace(str(item), name) for text in (problem.message, problem.help, problem.where)
    )
    reason = Reason(
        id=_digest(item),
        name=name,
        kind="item",
        code=problem.code,
        message=message,
        help=help_,
        where=where,
        at=now_ms(),
    )
    folder = grounds.quarantine / reason.id
    is_there = bool(_kept(folder))
    _write_reason(folder, reason)
    if is_there:
        remove(grounds, item)
    else:
        with durable.reported(item):
            item.rename(folder / "kept" / item.name)
        durable.sync_dirs([folder / "kept", item.parent])
    return reason


def keep_lines(grounds: Grounds, refused: RefusedLines) -> None:
    """Keep lines that are no rows, durably; the same ones again are kept once. Raises DataError."""
    folder = grounds.quarantine / refused.id
    if _kept(folder):
        return
    grounds.make()
    first = refused.lines[0]
    reason = Reason(
        id=refused.id,
        name=shown(refused.name),
        kind="lines",
        code=first.code,
        message=f"line {first.line}: {first.why}",
        help="mend these lines and add them as a file of their own, or drop them",
        where=f"{shown(refused.name)}:{first.line}",
        at=now_ms(),
        lines=refused.lines,
    )
    _write_reason(folder, reason)
    durable.replace(folder / "kept" / "lines.jsonl", refused.content)


def keep_rest(grounds: Grounds, item: Path, rest: Sequence[Path]) -> Reason:
    """Move files of a stored folder into quarantine, durably, in folders as they were; raises DataError.

    They go before the folder does: a dead process may be in between, and whoever comes after it finds the data in
    the store already and a smaller rest.
    """
    reason = _why_kept(item, rest)
    folder = grounds.quarantine / reason.id
    if not _kept(folder):
        _write_reason(folder, reason)
    changed = {folder / "kept"}
    with durable.reported(item):
        _make_writable(item)
        for path in rest:
            target = folder / "kept" / path.relative_to(item.parent)
            if os.path.lexists(target):  # the same one came before
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
            changed.add(path.parent)
        changed.update(folders_of(folder / "kept" / item.name))
    folders = sorted(changed)
    for start in range(0, len(folders), _OPEN_FOLDERS):
        durable.sync_dirs(folders[start : start + _OPEN_FOLDERS])
    return reason


def retry(grounds: Grounds, reason: Reason, batch_id: str) -> Path:
    """Give an item back to the staged ones, durably; gives its path there. Raises DataError (P2-D0862)."""
    kept = kept_at(grounds, reason)
    if reason.kind != "item":
        is_lines = reason.kind == "lines"
        raise DataError(
            codes.LINES_ARE_NO_ITEM,
            f"{reason.id} holds single lines of {reason.name}, whose other lines are stored"
            if is_lines
            else f"{reason.id} holds files of {reason.name}, whose other files are stored",
            where=str(kept),
            help="mend the lines in a copy of this file and add that"
            if is_lines
            else f"copy what you need, then: plotter2 quarantine drop {reason.id}",
        )
    grounds.make()  # a root that was restored has only what was in the copy
    batch = grounds.staged / batch_id
    durable.make_dir(batch)
    with durable.reported(kept):
        kept.rename(batch / kept.name)
    durable.sync_dirs([batch, kept.parent])
    durable.discard_dir(grounds.quarantine / reason.id)
    return batch / kept.name


def drop(grounds: Grounds, reason: Reason) -> None:
    """Remove something from quarantine for good. Raises DataError."""
    remove(grounds, grounds.quarantine / reason.id)


def remove(grounds: Grounds, item: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it, write-protected or not. Raises DataError.

    A folder goes as a whole: a rest of it would look like an item of its own to whoever comes after a dead process.
    """
    if item.is_symlink() or not item.is_dir():
        durable.discard(item)
        return
    with durable.reported(item):
        _make_writable(item)
    with workspace(Layout(grounds.root), IdSource().new()) as folder:
        with durable.reported(item):
            item.rename(folder / "gone")
        durable.sync_dirs([item.parent, folder])


# ------------------------------------------------------------ inside
def _make_writable(item: Path) -> None:
    for folder in reversed(list(folders_of(item))):
        if not os.access(folder, os.W_OK | os.X_OK):
            folder.chmod(0o700)


def _why_kept(item: Path, rest: Sequence[Path]) -> Reason:
    with durable.reported(item):
        parts = [part for path in rest for part in _named_content(path, item.parent)]
    names = [shown(str(path.relative_to(item))) for path in rest[:_NAMED]]
    more = f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
    told = f"no bundle takes {', '.join(names)}{more}"
    return Reason(
        id=_id_of(b"rest", *parts),
        name=shown(item.name),
        kind="rest",
        code=codes.REST,
        message=told,
        help="copy what you need of it, then drop it; all else is in the store",
        at=now_ms(),
        where=shown(item.name),
    )


def _named_content(path: Path, around: Path) -> list[bytes]:
    """Give the name below a folder and what is there; links and devices count by what they are."""
    name, status = os.fsencode(path.relative_to(around)), path.lstat()
    if stat.S_ISREG(status.st_mode):
        return [name, _content(path)]
    link = os.fsencode(path.readlink()) if stat.S_ISLNK(status.st_mode) else b""
    return [name, str(stat.S_IFMT(status.st_mode)).encode(), link]


def _write_reason(folder: Path, reason: Reason) -> None:
    durable.make_dir(folder)
    durable.make_dir(folder / "kept")
    told = msgspec.json.format(msgspec.json.encode(reason)) + b"\n"
    durable.replace(folder / "reason.json", told)


def _read(folder: Path) -> Reason | None:
    """Read a reason; None for what a process left that died before the thing itself was there."""
    if not _kept(folder):
        return None
    path = folder / "reason.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Reason)
    except (OSError, msgspec.MsgspecError):
        why, mend = "the file with the reason is missing or damaged", f"look into {folder}"
        return Reason(
            id=folder.name, name=shown(_kept(folder)[0].name), kind="item",
            code=codes.REASON_LOST, message=why, help=mend, at=0,
        )  # fmt: skip


def _kept(folder: Path) -> list[os.DirEntry[str]]:
    return entries_in(folder / "kept")


def _digest(item: Path) -> str:
    """Name an item by its name and content; links and devices count by what they are."""
    with durable.reported(item):
        parts = [b"item", os.fsencode(item.name)]
        for path in files_of(item):
            parts += [os.fsencode(path.relative_to(item.parent)), _content(path)]
        if stat.S_ISLNK(item.lstat().st_mode):
            parts.append(os.fsencode(item.readlink()))
    return _id_of(*parts)


def _content(path: Path) -> bytes:
    running = hashlib.sha256()
    fd = os.open(path, OPEN_FLAGS)
    try:
        while piece := os.read(fd, _STEP):
            running.update(piece)
    finally:
        os.close(fd)
    return running.digest()


def _id_of(*parts: bytes) -> str:
    mixed = hashlib.sha256()
    for part in _framed(parts):
        mixed.update(part)
    return mixed.hexdigest()[:_ID_LENGTH]


def _framed(parts: Sequence[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield len(part).to_bytes(8, "big")
        yield part
