"""The keys and trust files of one root, on disk under `config/`. Private keys leave this module only as SigningKey."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from p2sign.keys import PublicKey, SigningKey, needs_passphrase, parse_public_line
from p2sign.refusal import Refusal
from p2sign.trust import TrustLine, parse_trust, with_trust_line
from p2sign.uses import Kind
from plotter2.config.ownership import closing, open_to_others
from plotter2.datter import durable
from plotter2.errors import ExitCode, Refused
from plotter2.host import codes
from plotter2.runs.codes import NOT_THERE
from plotter2.runs.opening import FileRefused, read_once

_KEY_LIMIT = 64 * 1024
_TRUST_LIMIT = 1024 * 1024
_KEY_NAME = re.compile(r"sign_ed25519(?:-[1-9][0-9]*)?\Z")


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key of this root: its file, whose it is, and whether a passphrase protects it."""

    path: Path
    principal: str
    public: PublicKey
    protected: bool


@dataclass(frozen=True, slots=True)
class Keyring:
    """The folder `config/` of a root."""

    config: Path

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

    def new_key(self, principal: str, passphrase: str | None) -> OwnKey:
        """Make a key, keep it, and trust it for scripts. Raises Refused, DataError."""
        folder = self._folder("keys")
        taken = len(self.own_keys())
        path = folder / ("sign_ed25519" if taken == 0 else f"sign_ed25519-{taken + 1}")
        key = SigningKey.generate()
        line = key.public.line(principal)
        with refusals():
            updated = self._trust_with(principal, key.public)
        durable.write_new(path, [key.dump(passphrase)], mode=0o600)
        durable.write_new(path.with_name(path.name + ".pub"), [f"{line}\n".encode()], mode=0o644)
        durable.sync_dir(folder)
        self.write_trust(updated)
        return OwnKey(path, principal, key.public, bool(passphrase))

    def signing_key(self, own: OwnKey, ask: Callable[[str], str] | None) -> SigningKey:
        """Open a private key; `ask` is called for the passphrase if there is one. Raises Refused."""
        with refusals():
            content = self._private(own.path)
            if not own.protected:
                return SigningKey.load(content)
            passphrase = ask(f"passphrase of {own.path.name} ({own.principal})") if ask else None
            return SigningKey.load(content, passphrase)

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
        """Give the fingerprints of the own keys, whoever their owner is; no private key is opened. Raises Refused."""
        self._require_closed("keys")
        with refusals():
            return frozenset(self._public(path)[0].fingerprint for path in self._own_paths())

    def trusted(self) -> tuple[TrustLine, ...]:
        """Give the lines of the trust file. Raises Refused."""
        with refusals():
            return parse_trust(self.trust())

    def write_trust(self, content: bytes) -> None:
        """Replace the trust file. Raises DataError."""
        self.write("allowed_signers", content)

    def write_policy(self, content: bytes) -> None:
        """Replace the policy. Raises DataError."""
        self.write("policy.toml", content)

    def write(self, name: str, content: bytes) -> None:
        """Replace a file of trust, closed to others, so that it is the old or the new one, whatever happens.

        Raises DataError.
        """
        durable.replace(self._folder("trust") / name, content, mode=0o600)

    def _own_paths(self) -> tuple[Path, ...]:
        folder = self.config / "keys"
        names = sorted(p.name for p in folder.glob("sign_ed25519*") if _KEY_NAME.match(p.name))
        return tuple(folder / name for name in names)

    def _public(self, path: Path) -> tuple[PublicKey, str]:
        line = read_once(path.with_name(path.name + ".pub"), _KEY_LIMIT, "public key")
        return parse_public_line(line.decode("utf-8", "replace"))

    def _own_key(self, path: Path) -> OwnKey:
        with refusals():
            public, principal = self._public(path)
            return OwnKey(path, principal, public, needs_passphrase(self._private(path)))

    def _private(self, path: Path) -> bytes:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & 0o077 or path.lstat().st_uid != os.geteuid():
            raise Refused(
                codes.KEY_READABLE,
                "the private key can be read by others",
                str(path),
                f"it must be yours alone: chmod 600 {path}",
            )
        return read_once(path, _KEY_LIMIT, "private key")

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
            self._require_closed("trust", path.name)
            return read_once(path, _TRUST_LIMIT, "trust file")
        except OSError as error:
            raise _unreadable(path, error) from None
        except FileRefused as error:
            if error.code == NOT_THERE:
                return b""
            error.exit_code = ExitCode.REFUSED
            raise

    def _require_closed(self, *below: str) -> None:
        loose = open_to_others(self.config.parent, ("config", *below))
        if loose is not None:
            raise _loose(loose)


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
    """Turn a Refusal of p2sign inside the block into the error that people are shown."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Refusal):
            raise as_refused(error) from error


def as_refused(refusal: Refusal) -> Refused:
    """Give a refusal of p2sign in the shape that every surface shows."""
    return Refused(
        refusal.code, refusal.what, refusal.where, refusal.remedy, note=f"({refusal.name})"
    )
