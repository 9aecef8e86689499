"""A pack of two scripts, a library, a data package and a picture for the tests, and ways to change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from p2sign import pack
from p2sign.gate import TrustFiles
from p2sign.keys import SigningKey
from p2sign.make import sign_statement
from p2sign.statement import Import, Statement, digests
from p2sign.trust import TrustLine
from p2sign.uses import Kind
from p2sign_samples import ALICE, BOB, TERMS, trust_text

PACK_NAMESPACE = Kind.PACK.namespace
LIBRARY = b"pipe smooth = arrange(step)\n"
LIBRARY_PATH = "libraries/lab/fit/1.0.0.p2"
THERMAL = b'use "lab/fit@1.0.0" as fit\n'
PLAIN = b'access("run-7/loss") | plot\n'
PICTURE = b"\x89PNG\r\n\x1a\n\x1b[31m not parsed"
DATA = b"P2B not looked into by p2sign"

LIBRARY_TERMS = replace(
    TERMS,
    name="lab/fit/1.0.0",
    entry="1.0.0.p2",
    files=digests({"1.0.0.p2": LIBRARY}),
    imports=(),
    caps=(),
)
THERMAL_TERMS = replace(
    TERMS,
    files=digests({"thermal.p2": THERMAL}),
    imports=(Import(LIBRARY_TERMS.files[0].sha256, "lab/fit/1.0.0"),),
)
PLAIN_TERMS = replace(
    TERMS, name="lab/plain", entry="plain.p2", files=digests({"plain.p2": PLAIN}), imports=()
)

FILES: dict[str, bytes] = {
    "data/run-7.p2b": DATA,
    LIBRARY_PATH: LIBRARY,
    f"{LIBRARY_PATH}.sig": sign_statement(LIBRARY_TERMS, BOB),
    "pictures/loss.png": PICTURE,
    "plain.p2": PLAIN,
    "plain.p2.sig": sign_statement(PLAIN_TERMS, ALICE),
    "thermal.p2": THERMAL,
    "thermal.p2.sig": sign_statement(THERMAL_TERMS, ALICE),
}

PACK_TRUST = TrustFiles(
    trust_text(TrustLine("alice@lab", (TERMS.kind.namespace, PACK_NAMESPACE), ALICE.public))
)


def pack_terms(files: Mapping[str, bytes] = FILES, **terms: Any) -> Statement:
    """Give the statement of a pack of these files."""
    whole = {
        "kind": Kind.PACK,
        "name": "lab/thermal-pack",
        "serial": 3,
        "entry": "plain.p2",
        "files": digests(files),
        "imports": (),
        "caps": (),
        "limits": None,
    }
    return replace(TERMS, **(whole | terms))


def pack_of(files: Mapping[str, bytes] = FILES, key: SigningKey = ALICE, **terms: Any) -> bytes:
    """Give a pack of these files, signed by alice: what she, an insider, can make."""
    return pack.packed(sign_statement(pack_terms(files, **terms), key), files)


def with_files(changed: Mapping[str, bytes | None]) -> dict[str, bytes]:
    """Give the files with some others, or without those that are None."""
    return {path: data for path, data in (FILES | dict(changed)).items() if data is not None}
