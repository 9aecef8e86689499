"""C2SP signed notes with Ed25519 keys: a text, an empty line, lines of signatures. The keys of logs are named here.

https://c2sp.org/signed-note. Signatures by keys that are not known are ignored, as it demands; a known key whose
signature does not fit refuses the note.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from p2sign.algorithms.ed25519 import is_good, read_raw_signature
from p2sign.fields import Fields, string
from p2sign.keys import PublicKey, SigningKey, decoded_base64, parse_public_blob
from p2sign.refusal import Refusal, shown

MAX_NOTE = 64 * 1024
"""The most bytes a note may have; whoever opens one need not read more."""

_KIND = b"\x01"
_ALGORITHM = "ssh-ed25519"
_MOST_SIGNATURES = 64
_NAME = re.compile(r"[^\s+\x00-\x1f]+\Z")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)\Z")
_VERIFIER = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\Z")


@dataclass(frozen=True, slots=True)
class NoteKey:
    """The public key of a log under its name. `str()` gives it as others write it: `NAME+ID+BASE64`."""

    name: str
    public: PublicKey

    def __post_init__(self) -> None:
        if not _NAME.match(self.name) or not self.name.isprintable():
            raise Refusal("E_LOG_NOTE", f"{shown(self.name)} cannot be the name of a log's key")
        if self.public.algorithm != _ALGORITHM:
            raise Refusal("E_LOG_KEY", "the key of a log is an ed25519 key")

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the key."""
        fields = Fields(self.public.blob, "E_KEY_FORMAT")
        fields.string("key type")
        return fields.string("key")

    @property
    def id(self) -> bytes:
        """The first 4 bytes of SHA-256(name, LF, 0x01, key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _KIND + self.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_KIND + self.raw).decode()}"


def parse_note_key(text: str) -> NoteKey:
    """Read `NAME+ID+BASE64`, with at most one LF at its end. Raises Refusal E_LOG_KEY, E_KEY_WEAK."""
    match = _VERIFIER.match(text.removesuffix("\n"))
    if match is None:
        raise Refusal("E_LOG_KEY", f"{shown(text)} is not a log's key, which is NAME+ID+BASE64")
    data = decoded_base64(match[3], "E_LOG_KEY")
    if data[:1] != _KIND or len(data) != 33:
        raise Refusal("E_LOG_KEY", "the log's key is not an ed25519 key")
    key = NoteKey(match[1], parse_public_blob(string(_ALGORITHM.encode()) + string(data[1:])))
    if key.id.hex() != match[2]:
        raise Refusal("E_LOG_KEY", f"the log's key has the id {key.id.hex()}, not {match[2]}")
    return key


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart: its text, and for each signature the key's name, its id and the signature's bytes."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]


def sign_note(text: str, name: str, key: SigningKey) -> bytes:
    """Give a note with one signature. Raises Refusal E_LOG_NOTE."""
    signer = NoteKey(name, key.public)
    message = _checked(text).encode()
    fields = Fields(key.signature_fields(message), "E_LOG_SIGNATURE")
    fields.string("algorithm")
    signature = fields.string("signature bytes")
    line = base64.b64encode(signer.id + signature).decode()
    return message + f"\n— {name} {line}\n".encode()


def parse_note(data: bytes) -> Note:
    """Take a note apart; nothing is believed yet. Raises Refusal E_LOG_NOTE."""
    if len(data) > MAX_NOTE:
        raise Refusal("E_LOG_NOTE", f"a checkpoint has at most {MAX_NOTE} bytes, this one has more")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("E_LOG_NOTE", "the checkpoint is not UTF-8") from None
    text, empty, rest = whole.rpartition("\n\n")
    if not empty or not rest.endswith("\n"):
        raise Refusal("E_LOG_NOTE", "the checkpoint has no signature after an empty line")
    lines = rest[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise Refusal("E_LOG_NOTE", f"the checkpoint has more than {_MOST_SIGNATURES} signatures")
    return Note(_checked(text + "\n"), tuple(_signature(line) for line in lines))


def check_note(data: bytes, known: Sequence[NoteKey]) -> tuple[str, tuple[NoteKey, ...]]:
    """Give the text of a note and which of the known keys signed it, at least one.

    Raises Refusal E_LOG_NOTE, E_LOG_KEY (none of them did), E_LOG_SIGNATURE (one of them did, and it does not fit).
    """
    note = parse_note(data)
    by_id = {(key.name, key.id): key for key in known}
    signers = []
    for name, key_id, signature in note.signatures:
        key = by_id.get((name, key_id))
        if key is None:
            continue
        if key in signers:
            raise Refusal("E_LOG_NOTE", f"the key {shown(name)} signed the checkpoint twice")
        if not _fits(key, note.text.encode(), signature):
            raise Refusal("E_LOG_SIGNATURE")
        signers.append(key)
    if not signers:
        names = ", ".join(sorted({shown(name) for name, _, _ in note.signatures}))
        raise Refusal("E_LOG_KEY", f"the checkpoint is signed by {names}, and by no key known here")
    return note.text, tuple(signers)


def _checked(text: str) -> str:
    """Give the text of a note back if it can be one."""
    if not text.endswith("\n") or any(letter < " " and letter != "\n" for letter in text):
        raise Refusal("E_LOG_NOTE", "the text of a checkpoint is lines without control characters")
    return text


def _signature(line: str) -> tuple[str, bytes, bytes]:
    match = _LINE.match(line)
    if match is None:
        raise Refusal("E_LOG_NOTE", f"{shown(line)} is not the line of a signature")
    data = decoded_base64(match[2], "E_LOG_NOTE")
    if len(data) < 5:
        raise Refusal("E_LOG_NOTE", "a signature of the checkpoint is too short")
    return match[1], data[:4], data[4:]


def _fits(key: NoteKey, message: bytes, signature: bytes) -> bool:
    try:
        raw = read_raw_signature(Fields(string(signature), "E_LOG_SIGNATURE"))
    except Refusal:
        return False
    return is_good(key.raw, raw, message)
