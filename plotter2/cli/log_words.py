"""The run log in words: an entry in a line, a picture's entry, whether the end of the log is sound."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from plotter2.datter.layout import is_root
from plotter2.datter.store import Store
from plotter2.errors import Plotter2Error
from plotter2.host.codes import NO_LOG
from plotter2.host.log_checking import CheckedLog, entry_of_picture, logs_of, require_recorded
from plotter2.printable import count, one_line
from plotter2.renderkit.carried_proof import taken_out

_NEWEST_RUNS = 20


def entries_text(size: int) -> str:
    """Give `1,234 entries`."""
    return count(size, "entry", "entries") or "no entries"


def run_records(folder: Path, most: int) -> list[dict[str, Any]]:
    """Give what the registry tells of the newest runs."""
    with Store.open_to_read(folder) as store:
        return [{**run.record, "run": run.id} for run in store.runs(most)]


def picture_in_log(root: Path, picture: Path, content: bytes) -> tuple[dict[str, Any] | None, str]:
    """Give entry and proof of the newest run here that made a picture, and in words where they are.

    What a picture carries of a log that is not here is told, not checked.
    """
    made, carried = taken_out(content)
    why_not = "there is no run log here"
    if is_root(root):
        try:
            return _proved(*entry_of_picture(logs_of(root), str(picture), made))
        except Plotter2Error as error:
            why_not = error.message
    if carried is None:
        return None, _log_lines(why_not)
    file = shlex.quote(str(picture))
    return None, _log_lines(
        f"{why_not}; the picture carries a proof of its own",
        f"check it: plotter2 log verify --picture {file} --key KEY",
    )


def _proved(log: CheckedLog, index: int) -> tuple[dict[str, Any], str]:
    proof, point = log.proof(index), log.checkpoint
    where = f", {log.name}" if log.name else ""
    hashes = count(len(proof.path), "hash", "hashes") or "itself"
    told = _log_lines(
        f"entry {index:,} of {entries_text(point.size)}{where}, proved by {hashes}",
        f"checkpoint {point.root_text}, signed by {log.key.name}",
        "a copy that carries the proof: plotter2 log prove PICTURE --into COPY",
    )
    return {"index": index, "proof": proof.dump().decode(), "key": str(log.key)}, told


def _log_lines(first: str, *more: str) -> str:
    return "\n".join([f"log        {first}", *(f"           {each}" for each in more)])


def log_health(root: Path) -> tuple[Plotter2Error | None, str]:
    """Check the whole log and that it has the newest runs; gives what is wrong, and in words how it is."""
    try:
        logs = logs_of(root)
        require_recorded(logs, run_records(root, _NEWEST_RUNS))
    except Plotter2Error as error:
        if error.code == NO_LOG:
            return None, "nothing was logged yet"
        return error, error.message
    size = logs.newest.checkpoint.size
    return (
        None,
        f"{entries_text(size)}, whole; compare with a checkpoint kept elsewhere: plotter2 log verify --since",
    )


_LONGEST_WORD = 70
_SHOWN = ("name", "task", "principal", "principals", "code", "cause", "file", "line", "run", "rc")


def entry_line(index: int, entry: dict[str, Any]) -> str:
    """Give an entry in one line: number, time, event, and the words that say most."""
    said = [_word(name, entry[name]) for name in _SHOWN if name in entry]
    time = str(entry["time"]).replace("T", " ").removesuffix("Z")[:19]
    return f"{index:>6}  {time}  {entry['event']:<13} {'  '.join(said)}".rstrip()


def _word(name: str, value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return one_line(
        f"{name} {value}" if name in ("rc", "run", "task") else str(value), _LONGEST_WORD
    )
