"""`inspect`: what a signature file says, block by block, also of one that the gate refuses. Trust is not judged."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import click

from p2sign.inspection import Block, Inspection
from p2sign.inspection import inspect as inspected
from p2sign.refusal import Refusal
from p2sign.sidecar import MAX_SIDECAR
from p2sign.uses import Kind
from plotter2.cli.answer import Answer
from plotter2.cli.command import command
from plotter2.errors import ExitCode
from plotter2.printable import count, one_line, printable
from plotter2.runs.opening import no_script, open_script, read_once

_MOST_LINES = 60


@command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.p2.sig|FILE.p2")
def inspect(root: str | None, file: Path) -> Answer:
    """Show what a signature file says, also one that is refused. Whether its signers are trusted is not judged."""
    del root
    script: bytes | None = None
    path = file
    if file.suffix == ".p2":
        opened = open_script(file)
        script, path = opened.content, file.with_name(f"{file.name}.sig")
    elif file.suffix in (".p2pack", ".p2trust", ".p2revoke"):
        raise no_script(file)
    found = inspected(read_once(path, MAX_SIDECAR, "signature file"))
    fits = _fits(found, script)
    good = not found.refusals and fits is not False
    data = {
        "ok": good,
        "file": str(path),
        "statement": found.text.decode("ascii", "backslashreplace"),
        "statement_sha256": hashlib.sha256(found.text).hexdigest(),
        "terms": _terms_json(found),
        "signatures": [_block_json(block) for block in found.blocks],
        "script_fits": fits,
        "refused": [_refusal_json(refusal) for refusal in found.refusals],
    }
    exit_code = ExitCode.OK if good else ExitCode.REFUSED
    return Answer(data, "\n".join(_lines(path, found, fits)), exit_code)


def _fits(found: Inspection, script: bytes | None) -> bool | None:
    if script is None or found.terms is None or found.terms.kind is Kind.PACK:
        return None
    return hashlib.sha256(script).hexdigest() == found.terms.digest_of_entry()


def _lines(path: Path, found: Inspection, fits: bool | None) -> list[str]:
    lines = [f"{path}: {count(len(found.blocks), 'signature', 'signatures') or 'no signature'}"]
    if found.wrong_file:
        lines.append(f"  refused: {_told(found.wrong_file)}")
    shown = found.text.decode("ascii", "backslashreplace").splitlines()
    lines.append("statement")
    # A statement that can be read is shown whole; what is none may be anything.
    most = len(shown) if found.terms else _MOST_LINES
    lines += [f"  | {printable(line)}" for line in shown[:most]]
    lines += [f"  ({len(shown) - most} more lines)"] if len(shown) > most else []
    lines.append(f"  its SHA-256 {hashlib.sha256(found.text).hexdigest()}")
    if found.wrong_terms:
        lines.append(f"  refused: {_told(found.wrong_terms)}")
    if fits is not None:
        lines.append(
            f"  the script beside it is {'the' if fits else 'NOT the'} one that was signed"
        )
    for number, block in enumerate(found.blocks, 1):
        lines += [f"signature {number}: {block.title}", *(f"  {one}" for one in _about(block))]
    return [*lines, "whether these keys are trusted here: plotter2 verify"]


def _about(block: Block) -> list[str]:
    lines = []
    if block.signature is not None:
        key = block.signature.key
        lines.append(f"key        {key.fingerprint}")
        lines.append(f"type       {key.algorithm}")
        lines.append(f"namespace  {block.signature.namespace}")
    if block.touch is not None:
        how = "and knew the person (PIN or biometrics)" if block.touch.verified else "(no PIN)"
        lines.append(f"device     was touched {how}, counter {block.touch.counter}")
    lines.append(f"refused: {_told(block.refusal)}" if block.refusal else "fits the statement")
    return lines


def _told(refusal: Refusal) -> str:
    return one_line(str(refusal))


def _terms_json(found: Inspection) -> dict[str, Any] | None:
    terms = found.terms
    if terms is None:
        return None
    return {
        "kind": str(terms.kind),
        "name": terms.name,
        "serial": terms.serial,
        "language": terms.language,
        "issued": terms.issued.isoformat(),
        "expires": terms.expires.isoformat() if terms.expires else None,
        "entry": terms.entry,
        "capabilities": [str(cap) for cap in terms.caps],
        "imports": {each.name: each.sha256 for each in terms.imports},
        "limits": dict(terms.limits.items()) if terms.limits else {},
    }


def _block_json(block: Block) -> dict[str, Any]:
    signature, touch = block.signature, block.touch
    return {
        "ok": block.refusal is None,
        "type": signature.key.algorithm if signature else None,
        "fingerprint": signature.key.fingerprint if signature else None,
        "public": signature.key.line() if signature else None,
        "namespace": signature.namespace if signature else None,
        "touch": {"verified": touch.verified, "counter": touch.counter} if touch else None,
        "refused": _refusal_json(block.refusal) if block.refusal else None,
    }


def _refusal_json(refusal: Refusal) -> dict[str, str]:
    return {
        "code": refusal.code,
        "name": refusal.name,
        "what": refusal.what,
        "where": refusal.where,
        "remedy": refusal.remedy,
    }
