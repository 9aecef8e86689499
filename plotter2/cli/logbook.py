"""`log`: what ran, what was refused and who was trusted, and whether that history is still the same."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path
from typing import Any

import click

from p2sign.log.entry import parse_entry
from p2sign.log.note import MAX_NOTE, NoteKey, parse_note_key
from p2sign.log.proof import MAX_PROOF, parse_proof
from p2sign.log.tiles import entry_bundles, hash_tiles
from p2sign.log.tree import Tree
from p2sign.refusal import Refusal, placed
from plotter2.cli.answer import Answer, say
from plotter2.cli.codes import NO_PLACE_FOR_LOG
from plotter2.cli.command import command, family, opened_root
from plotter2.cli.log_words import entries_text, entry_line, run_records
from plotter2.cli.passphrases import passphrase
from plotter2.config.settings import settings
from plotter2.datter import durable
from plotter2.datter.layout import is_root, present
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host import log_witnessing
from plotter2.host.key_choice import WhichKey
from plotter2.host.keyring import refusals
from plotter2.host.log_checking import (
    Logs,
    entry_of_picture,
    found_entry,
    logs_of,
    require_recorded,
)
from plotter2.printable import count
from plotter2.renderkit.carried_proof import carrying, taken_out
from plotter2.runs.opening import read_once

_PICTURE_LIMIT = 256 * 1024 * 1024
_MOST_RUNS = 1000


@family()
def log() -> None:
    """Show, check, prove and hand out the run log."""


@command(log, "show")
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, metavar="N")
@click.option("--event", metavar="EVENT", help="Only these: run, done, refused, trust-add, ...")
def show(root: str | None, last: int, event: str | None) -> Answer:
    """Show the newest entries; a run whose end is not logged says so."""
    newest = logs_of(present(settings(root).root)).newest
    with refusals():
        entries = [(n, parse_entry(line)) for n, line in enumerate(newest.lines)]
    wanted = [(n, e) for n, e in entries if event in (None, e["event"])][-last:]
    ended = {entry.get("intent") for _, entry in entries if entry["event"] == "done"}
    without_end = [n for n, entry in wanted if entry["event"] == "run" and n not in ended]
    data = {
        "ok": True,
        "entries": [{"index": n, "entry": entry} for n, entry in wanted],
        "without_end": without_end,
        "size": newest.checkpoint.size,
    }
    lines = [f"{entry_line(n, e)}{_NO_END if n in without_end else ''}" for n, e in wanted]
    return Answer(data, "\n".join(lines) or "no such entry")


@command(log, "verify")
@click.option(
    "--since", type=click.Path(path_type=Path), metavar="FILE", help="A checkpoint kept elsewhere."
)
@click.option("--proof", type=click.Path(path_type=Path), help="Check a proof; no log is needed.")
@click.option("--key", "keys", multiple=True, metavar="KEY", help="A log's key: NAME+ID+BASE64.")
@click.option(
    "--picture", type=click.Path(path_type=Path), metavar="FILE",
    help="The proof must name it; without --proof it must carry the proof itself.",
)  # fmt: skip
def verify(
    root: str | None,
    since: Path | None,
    proof: Path | None,
    keys: tuple[str, ...],
    picture: Path | None,
) -> Answer:
    """Check that the log is whole, and that its history is still what a checkpoint says."""
    if proof is not None or picture is not None:
        return _verified_proof(root, proof, keys, picture)
    if keys:
        raise click.UsageError("--key goes with --proof or --picture")
    folder = present(settings(root).root)
    logs = logs_of(folder)
    told: list[str] = []
    data: dict[str, Any] = {"ok": True}
    if since is not None:
        told, data["since"] = _since(root, logs, since)
    with opened_root(root, reads=True) as opened:
        seen = list(log_witnessing.kept_of(opened, logs))
    recorded = require_recorded(logs, run_records(folder, _MOST_RUNS))
    newest = logs.newest
    set_back = newest.set_back()
    told += _clock(set_back)
    data |= {
        "clock_set_back": set_back,
        "entries": newest.checkpoint.size,
        "root": newest.checkpoint.root_text,
        "key": str(newest.key),
        "earlier_logs": len(logs.all) - 1,
        "beyond": newest.beyond,
        "runs_recorded": recorded,
        "witnessed": [
            {"size": w.checkpoint.size, "by": [list(each) for each in w.by]} for w in seen
        ],
    }
    return Answer(data, "\n".join([_summary(logs), *told, *_more(logs, seen, recorded)]))


@command(log, "checkpoint")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it to a file.")
def checkpoint(root: str | None, output: Path | None) -> Answer:
    """Print what the log commits to now; kept elsewhere, it tells later whether anything was rewritten."""
    newest = logs_of(present(settings(root).root)).newest
    note = newest.note.decode()
    if output is not None:
        durable.replace(output, newest.note)
    data = {
        "ok": True,
        "checkpoint": note,
        "key": str(newest.key),
        "file": None if output is None else str(output),
    }
    if output is None:
        return Answer(data, f"{note}\nkey: {newest.key}")
    size = newest.checkpoint.size
    then = f"later: plotter2 log verify --since {output}"
    text = f"wrote {output}: {size:,} entries, key {newest.key}\nkeep it elsewhere; {then}"
    return Answer(data, text)


@command(log, "prove")
@click.argument("what", metavar="RUN|INDEX|PICTURE")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it to a file.")
@click.option(
    "--into", type=click.Path(path_type=Path), metavar="COPY",
    help="Write a copy of the picture that carries its proof.",
)  # fmt: skip
def prove(root: str | None, what: str, output: Path | None, into: Path | None) -> Answer:
    """Prove that a run, a picture or an entry is in the log; the proof is checked without the log.

    A copy made with --into shows the same and proves itself wherever it goes: log verify --picture COPY.
    """
    if into is not None and output is not None:
        raise click.UsageError("either a file with the proof (-o) or a copy with it (--into)")
    if into is not None and not Path(what).is_file():
        raise click.UsageError("--into needs a picture")
    logs = logs_of(present(settings(root).root))
    picture = b""
    if Path(what).is_file():
        picture, _ = taken_out(read_once(Path(what), _PICTURE_LIMIT, "picture"))
        found, index = entry_of_picture(logs, what, picture)
    else:
        found, index = found_entry(logs, what)
    proof = found.proof(index)
    written = output or into
    if output is not None:
        durable.replace(output, proof.dump())
    elif into is not None:
        durable.replace(into, carrying(picture, proof.dump()))
    with refusals():
        entry = parse_entry(proof.entry)
    data = {
        "ok": True,
        "index": index,
        "entry": entry,
        "proof": proof.dump().decode(),
        "key": str(found.key),
        "file": None if written is None else str(written),
    }
    if written is None:
        return Answer(data, proof.dump().decode().rstrip("\n"))
    words = ["plotter2", "log", "verify"]
    words += [] if output is None else ["--proof", str(output)]
    words += ["--picture", str(into or what)] if picture else []
    check = shlex.join([*words, "--key", str(found.key)])
    return Answer(
        data, f"{entry_line(index, entry)}\nwrote {written}; anybody checks it with\n  {check}"
    )


@command(log, "witness")
@click.argument("file", type=click.Path(path_type=Path), metavar="CHECKPOINT_FILE")
@click.option("--key", metavar="KEY", help="Sign with this key file, or agent:FINGERPRINT.")
@click.option("--signer-program", "program", metavar="PROGRAM", help="A program signs.")
@click.option("--check", is_flag=True, help="Sign nothing: tell who has signed it.")
@click.option("--keep", is_flag=True, help="Keep what others signed beside this root's own log.")
def witness(
    root: str | None, file: Path, key: str | None, program: str | None, check: bool, keep: bool
) -> Answer:
    """Sign somebody's checkpoint with your own key, so that they cannot show others another history.

    The signature is put beside it: CHECKPOINT_FILE.sig. Give it back; they keep it with --keep.
    """
    with opened_root(root, reads=not keep and is_root(settings(root).root)) as opened:
        if keep:
            seen = log_witnessing.keep(opened, logs_of(present(opened.settings.root)), file)
            told = "kept beside the log"
        elif check:
            seen = log_witnessing.checked(opened, file)
            told = "checked"
        else:
            seen = log_witnessing.countersign(opened, file, WhichKey(key, program, passphrase, say))
            told = f"signed: {log_witnessing.signatures_of(file)}"
    point = seen.checkpoint
    data = {
        "ok": True,
        "origin": point.origin,
        "size": point.size,
        "root": point.root_text,
        "by": [{"principal": who, "fingerprint": fingerprint} for who, fingerprint in seen.by],
    }
    text = f"{told}; {point.origin}, {point.size:,} entries, root {point.root_text}"
    return Answer(data, f"{text}\nseen by {seen.as_text() or 'nobody'}")


@command(log, "export")
@click.argument("folder", type=click.Path(path_type=Path))
def export(root: str | None, folder: Path) -> Answer:
    """Write the log to FOLDER as others read such logs: checkpoint, tiles, bundles of entries (tlog-tiles)."""
    newest = logs_of(present(settings(root).root)).newest
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Plotter2Error(
            NO_PLACE_FOR_LOG,
            "there is something here already, and it is kept",
            str(folder),
            "choose an empty folder, or a new one",
            exit_code=ExitCode.USAGE,
        )
    covered = Tree([*newest.tree.level(0)][: newest.checkpoint.size])
    files = [*hash_tiles(covered), *entry_bundles(newest.lines), ("checkpoint", newest.note)]
    files.append(("key", f"{newest.key}\n".encode()))
    with durable.reported(folder):
        for name, content in files:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    data = {"ok": True, "folder": str(folder), "entries": len(newest.lines), "files": len(files)}
    told = f"wrote {count(len(files), 'file', 'files')} to {folder}"
    return Answer(data, f"{told}; {entries_text(newest.checkpoint.size)}")


# ---- inside -----------------------------------------------------------------------------------


_NO_END = "  no end is logged: it is at work, or its process died"


def _since(root: str | None, logs: Logs, since: Path) -> tuple[list[str], dict[str, Any]]:
    note = read_once(since, MAX_NOTE, "checkpoint")
    with refusals(), placed(str(since)):
        found, old = logs.require(note)
    where = f" ({found.name})" if found.name else ""
    data: dict[str, Any] = {"entries": old.size, "root": old.root_text, "log": found.name or "run"}
    told = [f"extends the checkpoint of {old.size:,}{where}"]
    if log_witnessing.signatures_of(since).exists():
        with opened_root(root, reads=True) as opened:
            seen = log_witnessing.checked(opened, since)
        told.append(f"that checkpoint was seen by {seen.as_text()}")
        data["by"] = [list(each) for each in seen.by]
    return told, data


def _verified_proof(
    root: str | None, file: Path | None, keys: tuple[str, ...], picture: Path | None
) -> Answer:
    made = carried = None
    if picture is not None:
        made, carried = taken_out(read_once(picture, _PICTURE_LIMIT, "picture"))
    with refusals(), placed(str(file or picture)):
        content = carried if file is None else read_once(file, MAX_PROOF, "proof")
        if content is None:
            raise Refusal("E_LOG_PROOF", "the picture carries no proof", remedy=_CARRY)
        proof = parse_proof(content)
        found = proof.checked(_keys(root, keys))
        entry = parse_entry(proof.entry)
        if made is not None and not _names(entry, made):
            raise Refusal("E_LOG_PROOF", f"the entry does not speak of {picture}", remedy=_AS_MADE)
    data = {
        "ok": True,
        "index": proof.index,
        "entry": entry,
        "origin": found.origin,
        "entries": found.size,
        "root": found.root_text,
    }
    told = f"good: entry {proof.index:,} of {found.origin}, under a checkpoint of {found.size:,}"
    return Answer(data, f"{told}\n{entry_line(proof.index, entry)}")


def _keys(root: str | None, keys: tuple[str, ...]) -> tuple[NoteKey, ...]:
    """Give the keys that are named, else those of this root's logs. Raises Refusal E_LOG_KEY."""
    if keys:
        return tuple(map(parse_note_key, keys))
    folder = settings(root).root
    if not is_root(folder):
        raise Refusal("E_LOG_KEY", "there is no log here, and no key was named", remedy=_NAME_KEY)
    return logs_of(folder).keys


_NAME_KEY = "name the log's key, got on another channel: --key NAME+ID+BASE64 (plotter2 log checkpoint prints it)"


_CARRY = (
    "ask for the proof and name it with --proof FILE, or for a copy that carries it: "
    "plotter2 log prove PICTURE --into COPY"
)
_AS_MADE = "get the picture as plotter2 wrote it; other programs change its bytes"


def _names(entry: dict[str, Any], content: bytes) -> bool:
    files = entry.get("files")
    return isinstance(files, dict) and hashlib.sha256(content).hexdigest() in files.values()


_MOST_TOLD = 5


def _clock(set_back: list[int]) -> list[str]:
    """Tell where the clock was set back; what expires and what was valid when went by that clock."""
    if not set_back:
        return []
    some = ", ".join(map(str, set_back[:_MOST_TOLD]))
    more = ", ..." if len(set_back) > _MOST_TOLD else ""
    return [f"the clock of this machine was set back before entry {some}{more}"]


def _summary(logs: Logs) -> str:
    point = logs.newest.checkpoint
    return f"good: {entries_text(point.size)}, root {point.root_text}"


def _more(logs: Logs, seen: list[log_witnessing.Witnessed], recorded: int) -> list[str]:
    lines = [f"key {logs.newest.key}"]
    if recorded:
        lines.append(f"{count(recorded, 'recorded run is', 'recorded runs are')} in it")
    for before in logs.all[:-1]:
        lines.append(
            f"{before.name} ended at {entries_text(before.checkpoint.size)}, key {before.key}"
        )
    if not logs.newest.files.alive.exists():
        lines.append("it came out of a safe copy: the next run begins a new log, which says so")
    if logs.newest.beyond:
        lines.append(f"{count(logs.newest.beyond, 'entry is', 'entries are')} about to be covered")
    lines += [f"the checkpoint of {w.checkpoint.size:,} was seen by {w.as_text()}" for w in seen]
    return lines
