"""Keys: public keys in OpenSSH's one-line form, private keys in OpenSSH's own format, fingerprints. Opens no file."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization.ssh import SSHPrivateKeyTypes

from p2sign.algorithms import algorithm
from p2sign.fields import Fields, string
from p2sign.refusal import Refusal, shown

_HEADER = "-----BEGIN OPENSSH PRIVATE KEY-----"
_FOOTER = "-----END OPENSSH PRIVATE KEY-----"
_PRIVATE_KEY = re.compile(rf"{_HEADER}\r?\n([A-Za-z0-9+/=\r\n]+){_FOOTER}\s*")
_MAX_PRIVATE_KEY = 64 * 1024
_MAX_PUBLIC_LINE = 16 * 1024
# What OpenSSH writes since 9.9; opening takes about 0.3 s.
_BCRYPT_ROUNDS = 24
# More rounds would let a key file hold the program up for minutes.
_MAX_BCRYPT_ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that was checked: its type and its wire form. Made by `parse_public_blob`."""

    algorithm: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint as `ssh-keygen -l` prints it: `SHA256:` and base64 without padding."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")

    def line(self, comment: str = "") -> str:
        """Give `TYPE BASE64[ COMMENT]` without a line end. Raises Refusal E_KEY_FORMAT on a comment that is no text."""
        if not _is_comment(comment):
            raise Refusal(
                "E_KEY_FORMAT", f"the comment {shown(comment)} has characters that cannot be shown"
            )
        text = f"{self.algorithm} {base64.b64encode(self.blob).decode('ascii')}"
        return f"{text} {comment}" if comment else text


def parse_public_blob(blob: bytes) -> PublicKey:
    """Read a public key from its wire form. Raises Refusal E_KEY_FORMAT, E_KEY_ALGORITHM, E_KEY_WEAK."""
    fields = Fields(blob, "E_KEY_FORMAT")
    name = fields.string("key type").decode("ascii", "backslashreplace")
    algorithm(name).read_key(fields)
    return PublicKey(name, blob)


def parse_public_line(line: str) -> tuple[PublicKey, str]:
    """Read `TYPE BASE64[ COMMENT]`, with at most one LF at its end; gives the key and the comment.

    Raises Refusal E_KEY_FORMAT, E_KEY_ALGORITHM, E_KEY_WEAK.
    """
    if len(line) > _MAX_PUBLIC_LINE:
        raise Refusal(
            "E_KEY_FORMAT",
            f"a public key has at most {_MAX_PUBLIC_LINE} characters, this text has more",
        )
    if "PRIVATE KEY-----" in line:
        raise Refusal(
            "E_KEY_FORMAT", "this is a private key; it stays with its owner, give the .pub file"
        )
    words = line.removesuffix("\n").split(" ", 2)
    comment = words[2] if len(words) == 3 else ""
    if len(words) < 2 or not words[0] or not _is_comment(comment):
        raise Refusal("E_KEY_FORMAT", f"{shown(line)} is not a public key in one line")
    entry = algorithm(words[0])
    key = parse_public_blob(decoded_base64(words[1], "E_KEY_FORMAT"))
    if key.algorithm != entry.name:
        raise Refusal("E_KEY_FORMAT", f"the line says {entry.name}, the key says {key.algorithm}")
    return key, comment


def decoded_base64(text: str, cause: str) -> bytes:
    """Decode base64 (RFC 4648 section 4) in its one form: full padding, zero padding bits. Raises Refusal `cause`."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Refusal(cause, "the text is not base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise Refusal(cause, "the base64 text is not in its one canonical form")
    return data


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in memory with its public half; its text never shows the secret."""

    public: PublicKey
    _private: SSHPrivateKeyTypes = field(repr=False)

    @classmethod
    def generate(cls, name: str = "ssh-ed25519") -> SigningKey:
        """Make a new key of this type from the system's randomness. Raises Refusal E_KEY_ALGORITHM."""
        make = algorithm(name).generate
        if make is None:
            raise Refusal("E_KEY_ALGORITHM", f"keys of the type {name} are not made here")
        return cls._of(make())

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Make the ed25519 key that belongs to 32 secret bytes (RFC 8032 section 5.1.5)."""
        return cls._of(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def load(cls, data: bytes, passphrase: str | None = None) -> SigningKey:
        """Read an OpenSSH private key; a passphrase is used only where the key has one.

        Raises Refusal E_KEY_PRIVATE, E_KEY_ALGORITHM, E_KEY_WEAK, E_KEY_HANDLE, E_KEY_PASSPHRASE_MISSING,
        E_KEY_PASSPHRASE_WRONG, E_KEY_PASSPHRASE_UNSUPPORTED.
        """
        envelope = _opened_envelope(data)
        if envelope.encrypted and not passphrase:
            raise Refusal("E_KEY_PASSPHRASE_MISSING")
        loaded = cls._of(_decrypted(data, passphrase if envelope.encrypted else None))
        if loaded.public != envelope.public:
            raise Refusal("E_KEY_PRIVATE", "the two halves of the key do not belong together")
        return loaded

    def dump(self, passphrase: str | None = None) -> bytes:
        """Give the key in OpenSSH's private format, encrypted if there is a passphrase (aes256-ctr, bcrypt).

        Raises Refusal E_KEY_PASSPHRASE_UNSUPPORTED.
        """
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if passphrase:
            builder = serialization.PrivateFormat.OpenSSH.encryption_builder()
            encryption = builder.kdf_rounds(_BCRYPT_ROUNDS).build(passphrase.encode())
        try:
            return self._private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, encryption
            )
        except UnsupportedAlgorithm:
            raise Refusal("E_KEY_PASSPHRASE_UNSUPPORTED") from None

    def signature_fields(self, message: bytes) -> bytes:
        """Sign `message` as it is; gives the algorithm's name and the signature, as SSH strings."""
        entry = algorithm(self.public.algorithm)
        assert entry.sign is not None
        return string(entry.signature_name.encode("ascii")) + entry.sign(self._private, message)

    @classmethod
    def _of(cls, private: SSHPrivateKeyTypes) -> SigningKey:
        line = private.public_key().public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
        return cls(parse_public_line(line.decode("ascii"))[0], private)


def needs_passphrase(data: bytes) -> bool:
    """Say whether an OpenSSH private key is protected. Raises Refusal E_KEY_PRIVATE, E_KEY_ALGORITHM, E_KEY_HANDLE."""
    return _opened_envelope(data).encrypted


def public_of_private(data: bytes) -> PublicKey:
    """Give the public key that an OpenSSH private key file names, also of a locked one or of a handle.

    Raises Refusal E_KEY_PRIVATE, E_KEY_ALGORITHM, E_KEY_WEAK.
    """
    return _read_envelope(data).public


# ------------------------------------------------------------------ inside


@dataclass(frozen=True, slots=True)
class _Envelope:
    """What an OpenSSH private key tells without its passphrase (PROTOCOL.key of OpenSSH)."""

    encrypted: bool
    public: PublicKey


def _opened_envelope(data: bytes) -> _Envelope:
    envelope = _read_envelope(data)
    if algorithm(envelope.public.algorithm).sign is None:
        raise Refusal(
            "E_KEY_HANDLE", f"the file names a {algorithm(envelope.public.algorithm).title}"
        )
    return envelope


def _read_envelope(data: bytes) -> _Envelope:
    text = data.decode("ascii", "replace") if len(data) <= _MAX_PRIVATE_KEY else ""
    match = _PRIVATE_KEY.fullmatch(text)
    if match is None:
        raise Refusal(
            "E_KEY_PRIVATE", "the file does not hold an OpenSSH private key and nothing else"
        )
    body = decoded_base64("".join(match[1].split()), "E_KEY_PRIVATE")
    fields = Fields(body, "E_KEY_PRIVATE")
    if fields.fixed(15, "magic") != b"openssh-key-v1\0":
        raise fields.misfit("the key is not of the form openssh-key-v1")
    cipher, derivation = fields.string("cipher"), fields.string("kdf")
    options = Fields(fields.string("kdf options"), "E_KEY_PRIVATE")
    if fields.uint32("number of keys") != 1:
        raise fields.misfit("the file must hold exactly one key")
    public = parse_public_blob(fields.string("public key"))
    fields.string("private part")
    encrypted = (cipher, derivation) != (b"none", b"none")
    if encrypted:
        options.string("salt")
        if options.uint32("rounds") > _MAX_BCRYPT_ROUNDS:
            raise fields.misfit(
                f"the passphrase would take more than {_MAX_BCRYPT_ROUNDS} rounds to check"
            )
    return _Envelope(encrypted, public)


def _decrypted(data: bytes, passphrase: str | None) -> SSHPrivateKeyTypes:
    try:
        return serialization.load_ssh_private_key(data, passphrase.encode() if passphrase else None)
    except UnsupportedAlgorithm as error:
        if "bcrypt" in str(error):
            raise Refusal("E_KEY_PASSPHRASE_UNSUPPORTED") from None
        raise Refusal("E_KEY_PRIVATE", "the key uses a cipher that is not known here") from None
    except (ValueError, TypeError, InvalidTag):
        # After decryption with a wrong passphrase the key is noise; the format has no other check.
        if passphrase:
            raise Refusal("E_KEY_PASSPHRASE_WRONG") from None
        raise Refusal("E_KEY_PRIVATE", "the private part of the key is damaged") from None


def _is_comment(text: str) -> bool:
    return text.isprintable()
