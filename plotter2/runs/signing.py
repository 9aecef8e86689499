"""From a compiled script to what is signed: the statement is written by the compiler's findings, never by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from p2sign.rights import Capability, SignedLimits, encode_target
from p2sign.statement import (
    Import,
    Statement,
    digests,
    sorted_caps,
    sorted_imports,
    to_second,
)
from p2sign.uses import Kind
from plotter2.config.settings import Ceiling

if TYPE_CHECKING:
    from plotter2.runs.compiling import CompiledScript

LANGUAGE = "1.0"
"""The edition and revision of the language that statements name."""
VALID_FOR = timedelta(days=365)
_PIXELS_IN_A_MS = 20_000
"""That a child draws and encodes at least: a tenth of what was measured for a film."""
_NOT_IN_NAME = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class SignedScript:
    """A signature file that was written: where, for whom, and the statement's text."""

    path: Path
    principal: str
    fingerprint: str
    statement: str


def statement_for(
    compiled: CompiledScript,
    name: str,
    serial: int,
    now: datetime,
    ceiling: Ceiling,
    *,
    lasting: bool = False,
) -> Statement:
    """Give the statement that a signature of this script covers. Raises Refusal when the name does not fit.

    A `lasting` one does not expire: a library's version never changes, and what is wrong with it is revoked.
    """
    script = compiled.script
    issued = to_second(now)
    return Statement(
        kind=Kind.SCRIPT,
        name=name,
        serial=serial,
        language=LANGUAGE,
        issued=issued,
        expires=None if lasting else issued + VALID_FOR,
        entry=script.name,
        files=digests({script.name: script.content}),
        imports=imports(compiled.module.libs),
        caps=sorted_caps(capabilities(compiled.capabilities)),
        limits=limits_for(compiled.work, compiled.module.needs["pixels"], ceiling),
    )


def imports(libraries: Mapping[str, str]) -> tuple[Import, ...]:
    """Give the libraries of a module as a statement has them: `scope/name/version` and the SHA-256."""
    return sorted_imports(
        Import(digest, name.replace("@", "/")) for name, digest in libraries.items()
    )


def default_name(file_name: str) -> str:
    """Give `own/<file name>` in the characters that a statement's name may have."""
    stem = _NOT_IN_NAME.sub("-", file_name.lower().removesuffix(".p2")).strip("-._")
    return f"own/{stem[:64] or 'script'}"


def capabilities(texts: Iterable[str]) -> tuple[Capability, ...]:
    """Give the compiler's `right kind:target` texts as they stand in a statement, targets encoded."""
    found = []
    for text in texts:
        right, _, rest = text.partition(" ")
        kind, _, target = rest.partition(":")
        found.append(Capability(right, kind, encode_target(target)))
    return tuple(found)


def limits_for(work: int, pixels: int, ceiling: Ceiling) -> SignedLimits:
    """Give limits with ample room over the static work (a unit is about 10 ns) and over drawing, within the ceiling."""
    time_ms = min(
        60_000 + work // 10_000 + pixels // _PIXELS_IN_A_MS, ceiling.cpu_ms, ceiling.wall_ms
    )
    return SignedLimits(
        cpu_ms=time_ms, mem_mib=ceiling.memory_mib, out_mib=ceiling.output_mib, wall_ms=time_ms
    )
