"""The keys and trust files of one root, on disk under `config/`. Private keys leave this module only as SigningKey."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from p2sign.keys import (
    PublicKey,
    SigningKey,
    needs_passphrase,
    parse_public_line,
    public_of_private,
)
from p2sign.refusal import Refusal
from p2sign.trust import TrustLine, parse_trust
from p2sign.trust_editing import with_trust_line
from p2sign.uses import Kind
from plotter2.config.ownership import closing, open_to_others
from plotter2.datter import durable
from plotter2.errors import ExitCode, Refused
from plotter2.host import codes
from plotter2.host.trust_entries import changes
from plotter2.printable import one_line
from plotter2.runs.codes import NOT_A_FILE, NOT_THERE
from plotter2.runs.opening import FileRefused, read_once

if TYPE_CHECKING:
    from plotter2.runs.model import Keep

_KEY_LIMIT = 64 * 1024
_TRUST_LIMIT = 1024 * 1024
_DEFAULT = "default"
_KEY_NAME = re.compile(r"sign_[a-z0-9_]+(?:-[1-9][0-9]*)?\Z")
_HELD_NAME = re.compile(r"agent_[0-9a-f]{16}\Z")

Ask = Callable[[str], str]
"""Asks a person for a passphrase; the text says whose."""
KEY_TYPES = {
    "ed25519": "ssh-ed25519",
    "ecdsa-p256": "ecdsa-sha2-nistp256",
    "ecdsa-p384": "ecdsa-sha2-nistp384",
    "ecdsa-p521": "ecdsa-sha2-nistp521",
}
"""The types of keys that are made here, as people name them."""


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key of this root: its file, whose it is, and whether a passphrase protects it.

    Of one that is `held` by an agent only the public half is here.
    """

    path: Path
    principal: str
    public: PublicKey
    protected: bool
    held: bool = False

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class Keyring:
    """The folder `config/` of a root. What changes is kept in the run log first, by `keep`."""

    config: Path
    keep: Keep

    @property
    def trust_file(self) -> Path:
        """The file that says whose signatures count here; `ssh-keygen` reads it too."""
        return self.config / "trust" / "allowed_signers"

    @property
    def revoked_keys_file(self) -> Path:
        """The public keys that count no more, one a line."""
        return self.config / "trust" / "revoked_keys"

    @property
    def revoked_scripts_file(self) -> Path:
        """The scripts and statements that may run no more, one SHA-256 a line, as `sha256sum` prints them."""
        return self.config / "trust" / "revoked_scripts"

    @property
    def policy_file(self) -> Path:
        """The file that says who may sign which names, and what a signer may grant."""
        return self.config / "trust" / "policy.toml"

    def own_keys(self) -> tuple[OwnKey, ...]:
        """Give the keys of this root, the default one first. Raises Refused."""
        return tuple(map(self._own_key, self._own_paths()))

    def new_key(self, principal: str, passphrase: str | None, kind: str = "ed25519") -> OwnKey:
        """Make a key of one of `KEY_TYPES`, keep it, and trust it for scripts. Raises Refused, DataError."""
        folder = self._folder("keys")
        taken = len(self.own_keys())
        path = _free(folder, f"sign_{kind.replace('-', '_')}", taken + 1)
        key = SigningKey.generate(KEY_TYPES[kind])
        line = key.public.line(principal)
        with refusals():
            updated = self._trust_with(principal, key.public)
        self.keep("key-new", principal=principal, key=key.public.fingerprint)
        durable.write_new(path, [key.dump(passphrase)], mode=0o600)
        durable.write_new(path.with_name(path.name + ".pub"), [f"{line}\n".encode()], mode=0o644)
        durable.sync_dir(folder)
        self.write_trust(updated)
        if taken == 0:
            self._make_default(path.name)
        return OwnKey(path, principal, key.public, bool(passphrase))

    def adopt(self, principal: str, public: PublicKey) -> OwnKey:
        """Make a key that an agent holds one of one's own: it is trusted for scripts. Raises Refused, DataError."""
        known = next((key for key in self.own_keys() if key.public == public), None)
        if known is not None:
            return known
        path = self._folder("keys") / f"agent_{sha256(public.blob).hexdigest()[:16]}"
        with refusals():
            line = public.line(principal)
            trusted = any(line.key == public for line in self.trusted())
            updated = self.trust() if trusted else self._trust_with(principal, public)
        self.keep("key-new", principal=principal, key=public.fingerprint)
        durable.write_new(path.with_name(f"{path.name}.pub"), [f"{line}\n".encode()], mode=0o644)
        durable.sync_dir(path.parent)
        self.write_trust(updated)
        return OwnKey(path, principal, public, protected=False, held=True)

    def own_key(self, wanted: str) -> OwnKey:
        """Give the key with this file name or fingerprint, or this principal if it has one alone. Raises Refused."""
        keys = self.own_keys()
        found = [k for k in keys if wanted in (k.name, k.public.fingerprint, k.principal)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(f"{key.name} {key.public.fingerprint}" for key in keys)
        what = f"{len(found)} keys are" if found else "no key is"
        raise Refused(
            codes.NO_SUCH_KEY,
            f"{what} called {one_line(wanted, 80)!r}",
            str(self.config / "keys"),
            f"name one of these: {known}" if keys else "make one: plotter2 key new",
        )

    def use(self, wanted: str) -> OwnKey:
        """Make a key the one that signs unless another is named. Raises Refused, DataError."""
        own = self.own_key(wanted)
        self.keep("key-use", principal=own.principal, key=own.public.fingerprint)
        self._make_default(own.name)
        return own

    def signing_key(self, own: OwnKey, ask: Ask | None) -> SigningKey:
        """Open a private key; `ask` is called for the passphrase if there is one. Raises Refused."""
        with refusals():
            return _opened(private_bytes(own.path), f"{own.name} ({own.principal})", ask)

    def trust(self) -> bytes:
        """Give the trust file's bytes; nothing when there is none."""
        return self._read(self.trust_file)

    def revoked_keys(self) -> bytes:
        """Give the bytes of the list of revoked keys; nothing when there is none."""
        return self._read(self.revoked_keys_file)

    def revoked_scripts(self) -> bytes:
        """Give the bytes of the list of revoked scripts; nothing when there is none."""
        return self._read(self.revoked_scripts_file)

    def policy(self) -> bytes:
        """Give the policy's bytes; nothing when there is none."""
        return self._read(self.policy_file)

    def own_fingerprints(self) -> frozenset[str]:
        """Give the fingerprints of the own keys, whoever their owner is; no private key is opened. Raises Refused.

        A key whose private half is not here, as in a root that was restored, is still one's own.
        """
        self._require_closed("keys")
        with refusals():
            return frozenset(
                self._public(path.with_suffix(""))[0].fingerprint
                for path in (self.config / "keys").glob("*.pub")
                if _KEY_NAME.match(path.stem) or _HELD_NAME.match(path.stem)
            )

    def trusted(self) -> tuple[TrustLine, ...]:
        """Give the lines of the trust file. Raises Refused."""
        with refusals():
            return parse_trust(self.trust())

    def owners(self) -> dict[PublicKey, str]:
        """Give whose the trusted keys are, whatever they are trusted for. Raises Refused."""
        return {line.key: line.principal for line in self.trusted()}

    def write_trust(self, content: bytes) -> None:
        """Replace the trust file. Raises DataError."""
        self.write("allowed_signers", content)

    def write_policy(self, content: bytes) -> None:
        """Replace the policy. Raises DataError."""
        self.write("policy.toml", content)

    def kept(self, folder: str) -> dict[str, bytes]:
        """Give the files of a folder of trust by their names: bundles, lists of revocations. Raises Refused."""
        try:
            names = sorted(path.name for path in (self.config / "trust" / folder).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise _unreadable(self.config / "trust" / folder, error) from None
        shown = [name for name in names if not name.startswith(".")]
        return {name: self._read(self.config / "trust" / folder / name) for name in shown}

    def take_away(self, name: str) -> bool:
        """Take a file of trust away; False when there is none. Raises DataError, Refused."""
        path = self.config / "trust" / name
        found = path.exists()
        if found:
            for event, said in changes(name, self._read(path), b""):
                self.keep(event, **said)
            durable.discard(path)
            durable.sync_dir(path.parent)
        return found

    def write(self, name: str, content: bytes) -> None:
        """Replace a file of trust, closed to others, so that it is the old or the new one, whatever happens.

        What changes is kept in the run log before. Raises DataError, Refused.
        """
        *folders, file = name.split("/")
        folder = self._folder("trust")
        for each in folders:
            folder /= each
            durable.make_dir(folder, 0o700)
        path = folder / file
        for event, said in changes(name, self._read(path), content):
            self.keep(event, **said)
        durable.replace(path, content, mode=0o600)

    def _own_paths(self) -> tuple[Path, ...]:
        folder = self.config / "keys"
        names = sorted(p.name for p in folder.glob("sign_*") if _KEY_NAME.match(p.name))
        held = sorted(p.stem for p in folder.glob("agent_*.pub") if _HELD_NAME.match(p.stem))
        names += held
        chosen = self._default()
        names.sort(key=lambda name: (name != chosen, name in held, "ed25519" not in name))
        return tuple(folder / name for name in names)

    def _public(self, path: Path) -> tuple[PublicKey, str]:
        return parse_public_line(public_text(path.with_name(f"{path.name}.pub")))

    def _own_key(self, path: Path) -> OwnKey:
        with refusals():
            public, principal = self._public(path)
            if _HELD_NAME.match(path.name):
                return OwnKey(path, principal, public, protected=False, held=True)
            return OwnKey(path, principal, public, needs_passphrase(private_bytes(path)))

    def _default(self) -> str:
        try:
            return read_once(self.config / "keys" / _DEFAULT, 256, "name of a key").decode().strip()
        except (FileRefused, UnicodeDecodeError):  # then the first one is
            return ""

    def _make_default(self, name: str) -> None:
        durable.replace(self._folder("keys") / _DEFAULT, f"{name}\n".encode())

    def _trust_with(self, principal: str, key: PublicKey) -> bytes:
        # A pack grants nothing, so whoever is trusted for scripts may bind them together too.
        uses = (Kind.SCRIPT.namespace, Kind.PACK.namespace)
        return with_trust_line(self.trust(), TrustLine(principal, uses, key))

    def _folder(self, name: str) -> Path:
        folder = self.config / name
        durable.make_dir(folder, 0o700)
        return folder

    def _read(self, path: Path) -> bytes:
        """Give a trust file's bytes, b"" when there is none. Raises Refused P2-S0793, FileRefused (exit code 4)."""
        try:
            self._require_closed("trust", *path.relative_to(self.config / "trust").parts)
            return read_once(path, _TRUST_LIMIT, "trust file")
        except OSError as error:
            raise _unreadable(path, error) from None
        except FileRefused as error:
            if error.code == NOT_THERE:
                return b""
            error.exit_code = ExitCode.REFUSED
            if error.code == NOT_A_FILE:
                error.help = "put the file itself there, not a link to it"
            raise

    def _require_closed(self, *below: str) -> None:
        loose = open_to_others(self.config.parent, ("config", *below))
        if loose is not None:
            raise _loose(loose)


def private_key(path: Path, ask: Ask | None) -> tuple[PublicKey, Callable[[], SigningKey]]:
    """Give the public half of any private key file, and what opens it. Raises Refused, FileRefused, Refusal."""
    content = private_bytes(path)
    needs_passphrase(content)  # a handle of a security key is told before anything is asked
    public = public_of_private(content)

    def opened() -> SigningKey:
        with refusals(str(path)):
            return _opened(content, str(path), ask)

    return public, opened


def private_bytes(path: Path) -> bytes:
    """Read a private key file that is nobody else's. Raises Refused P2-S0790, FileRefused."""
    content = read_once(path, _KEY_LIMIT, "private key")
    if not content.startswith(b"-----BEGIN "):  # a public one, or something else: it may be read
        return content
    require_yours_alone(path, path.lstat(), "the private key")
    return content


def require_yours_alone(path: Path, status: os.stat_result, what: str) -> None:
    """Raise Refused (P2-S0790) when others can read a private key."""
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid():
        raise Refused(
            codes.KEY_READABLE,
            f"{what} can be read by others",
            str(path),
            f"it must be yours alone: chmod 600 {path}",
        )


def public_text(path: Path) -> str:
    """Read the file of a public key. Raises FileRefused."""
    return read_once(path, _KEY_LIMIT, "public key").decode("utf-8", "replace")


def _opened(content: bytes, called: str, ask: Ask | None) -> SigningKey:
    if not needs_passphrase(content):
        return SigningKey.load(content)
    return SigningKey.load(content, ask(f"passphrase of {called}") if ask else None)


def _free(folder: Path, base: str, number: int) -> Path:
    """Give a name for a new key that no key has, nor the public half of one whose private half is elsewhere."""
    path = folder / (base if number == 1 else f"{base}-{number}")
    if path.exists() or path.with_name(f"{path.name}.pub").exists():
        return _free(folder, base, number + 1)
    return path


def _loose(path: Path) -> Refused:
    return Refused(
        codes.TRUST_WRITABLE, "trust is not read: others can change it", str(path), closing(path)
    )


def _unreadable(path: Path, error: OSError) -> Refused:
    return Refused(
        codes.TRUST_UNREADABLE,
        f"trust cannot be read: {error.strerror}",
        str(path),
        "give yourself the right",
    )


class refusals:  # noqa: N801 - used as a block, like contextlib.suppress
    """Turn a Refusal of p2sign inside the block into the error that people are shown; `where` if it names no place."""

    def __init__(self, where: str = "") -> None:
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Refusal):
            raise as_refused(error, self._where) from error


def as_refused(refusal: Refusal, where: str = "") -> Refused:
    """Give a refusal of p2sign in the shape that every surface shows."""
    place = refusal.where or where
    note = f"({refusal.name})"
    return Refused(refusal.code, refusal.what, place, refusal.remedy, note, name=refusal.name)
