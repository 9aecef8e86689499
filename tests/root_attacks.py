"""Attacks on one root as it lies on a disk: links, pipes, rights, trust files, sessions, packs, the log, terminals.

Each prepares a copy of one good place and then knocks at the command line, or at the host where a session is meant.
Refused is: the code, exit code 4 (2 where the path itself is wrong), a way out, no traceback, and nothing that
commands a terminal. Controls do the same without the attack.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attacked_places import (
    Place,
    a_session,
    after_hours,
    attach,
    changed_in_session,
    elsewhere,
    granted_less_later,
    in_session,
    inspect,
    log_since,
    log_verify,
    make_pack,
    not_granted,
    other_session,
    owner_with_ceiling,
    pack_open,
    pack_show,
    persons_script,
    run,
    session_and_person,
    sign_again,
    sign_beside,
    trust_add,
    trust_import,
    unconfined,
    verify,
    without_session,
)
from commandline import Finished, p2
from p2sign import bundles, pack, signed_text, sshsig
from p2sign.bundles import RootKey, TrustBundle
from p2sign.feed import Feed
from p2sign.keys import SigningKey
from p2sign.make import sign_statement
from p2sign.policy import Scope
from p2sign.rights import Capability
from p2sign.statement import digests
from p2sign.trust import TrustLine
from p2sign.uses import Kind
from plotter2.config.settings import settings
from plotter2.host.host import Host
from signing_attacks import (
    ACCOUNT,
    DISK,
    LOG_FILES,
    LOG_KEY,
    NOTHING,
    OLD,
    OTHER_USE,
    PACKER,
    READER,
    ROOT,
    SESSION,
    STRANGER,
    TRUSTED,
)
from sweep_samples import MEAN_SCRIPT

EVE = SigningKey.from_seed(b"\x66" * 32)
MALLORY = SigningKey.from_seed(b"\x67" * 32)
CONTROL_SEQUENCE = "\x1b]0;owned\x07"


@dataclass(frozen=True)
class RootAttack:
    """What the attacker has, what is prepared, at which door it knocks, and the code of the refusal."""

    name: str
    has: str
    door: Callable[[Place], Finished]
    refused: str
    prepared: Callable[[Place], object]
    exit_code: int = 4


@dataclass(frozen=True)
class RootControl:
    """The same without the attack; it must pass."""

    name: str
    door: Callable[[Place], Finished]
    prepared: Callable[[Place], object]


# ------------------------------------------------------------------ what is prepared


def nothing(place: Place) -> None:
    """Leave everything as it is."""


def linked(path: Path) -> None:
    """Put a link to the same bytes in the place of a file."""
    real = path.with_name(f"real-{path.name}")
    path.rename(real)
    path.symlink_to(real)


def piped(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def as_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def as_socket(path: Path) -> None:
    path.unlink(missing_ok=True)
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def huge(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(1 << 33)


def opened(place: Place) -> None:
    """Let others into the configuration, as somebody does who means well."""
    (place.root / "config").chmod(0o755)
    place.trust.chmod(0o755)


def revoked(place: Place, what: str | Path, reason: str = "compromised") -> None:
    done = p2(place.root, "revoke", what, "--reason", reason)
    assert done.code == 0, done.err


def swapped_bytes(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


def bundle(place: Place, *keys: SigningKey, **changes: object) -> None:
    """Put a trust bundle of eve and mallory into in.p2trust."""
    issued = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    made = TrustBundle(
        name="lab",
        serial=3,
        issued=issued,
        expires=issued + timedelta(days=30),
        require=2,
        roots=(RootKey("eve@lab", EVE.public), RootKey("mallory@lab", MALLORY.public)),
        signers=(TrustLine("eve@lab", (Kind.SCRIPT.namespace,), EVE.public),),
        scopes=(Scope("lab", ("eve@lab",)),),
        ceilings=(("eve@lab", ".*"),),
    )
    text = replace(made, **changes).dump()  # type: ignore[arg-type]
    data = text + b"".join(sshsig.sign(text, key, bundles.NAMESPACE) for key in keys)
    (place.folder / "in.p2trust").write_bytes(data)


def imported(place: Place, **changes: object) -> None:
    """Import the trust bundle as it should be."""
    bundle(place, EVE, MALLORY, **changes)
    done = p2(place.root, "trust", "import", "--yes", "--fingerprint", EVE.public.fingerprint,
              "--fingerprint", MALLORY.public.fingerprint, place.folder / "in.p2trust")  # fmt: skip
    assert done.code == 0, done.err


def revocations(place: Place, key: SigningKey) -> None:
    issued = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    made = Feed.of("lab", 1, issued, (frozenset({place.own.public}), frozenset()))
    data = signed_text.signed(made.dump(), key, "plotter2-revoke@v1")
    (place.folder / "in.p2trust").write_bytes(data)


def packed(
    place: Place, key: SigningKey, change: dict[str, bytes] | None = None, **terms: object
) -> None:
    """Put a pack of the script into in.p2pack."""
    files = {"mean.p2": place.script.read_bytes(), "mean.p2.sig": place.sidecar.read_bytes()}
    files |= change or {}
    whole = {"kind": Kind.PACK, "name": "own/pack", "serial": 1, "files": digests(files),
             "imports": (), "caps": (), "limits": None}  # fmt: skip
    signed = sign_statement(replace(place.terms, **(whole | terms)), key)  # type: ignore[arg-type]
    (place.folder / "in.p2pack").write_bytes(pack.packed(signed, files))


def ran_before(place: Place, serial: int) -> None:
    """Remember that a serial ran here."""
    with Host(settings(place.root)) as host:
        host.store.see_serial(place.terms.name, serial)


def kept_checkpoint(place: Place) -> None:
    shutil.copyfile(place.log / "checkpoint", place.folder / "kept")


def entries(place: Place) -> Path:
    return next((place.log / "entries").iterdir())


def rewritten(place: Place) -> None:
    """Begin the log anew, with another history."""
    kept_checkpoint(place)
    shutil.rmtree(place.log)
    for n in range(30):
        p2(place.root, "trust", "add", f"n{n}@lab", key_file(place, n))


def key_file(place: Place, n: int) -> Path:
    path = place.folder / f"n{n}.pub"
    path.write_text(SigningKey.from_seed(bytes([n + 1]) * 32).public.line() + "\n")
    return path


def public_key(place: Place, text: str) -> None:
    (place.folder / "eve.pub").write_text(text)


# ------------------------------------------------------------------ the attacks


CONTROLS = [
    RootControl("the good place", verify, nothing),
    RootControl("the good place, attached or not: nothing is declared there", log_verify, nothing),
    RootControl("signing again", sign_again, nothing),
    RootControl("looking at the signature", inspect, nothing),
    RootControl("the log since a checkpoint", log_since, kept_checkpoint),
    RootControl("a key of eve", trust_add, lambda p: public_key(p, EVE.public.line("eve") + "\n")),
    RootControl("a trust bundle, again", trust_import, imported),
    RootControl("a pack of one's own", pack_show, lambda p: packed(p, p.own)),
    RootControl("a pack that is opened", pack_open, lambda p: packed(p, p.own)),
    RootControl("making a pack", make_pack, nothing),
    RootControl("a session in its place", in_session(a_session), nothing),
    RootControl("the serial that ran here", verify, lambda p: ran_before(p, p.terms.serial)),
    RootControl("a stranger who is trusted", verify, lambda p: (p.trusting(EVE, "eve@lab"), p.signed(EVE))),
    RootControl("a bundle's signer in the bundle's scope", verify, lambda p: (imported(p), p.signed(EVE, name="lab/mean"))),
]  # fmt: skip

ATTACKS = [
    # ---- files that are none
    RootAttack("the script is a link", DISK, verify, "P2-E0012", lambda p: linked(p.script), 2),
    RootAttack("the signature file is a link", DISK, verify, "P2-E0012", lambda p: linked(p.sidecar)),
    RootAttack("the script is a pipe that never ends", DISK, verify, "P2-E0012", lambda p: piped(p.script), 2),
    RootAttack("the signature file is a pipe that never ends", DISK, verify, "P2-E0012", lambda p: piped(p.sidecar)),
    RootAttack("the signature file is a folder", DISK, verify, "P2-E0012", lambda p: as_folder(p.sidecar)),
    RootAttack("the signature file is a socket", DISK, verify, "P2-E0012", lambda p: as_socket(p.sidecar)),
    RootAttack("the signature file leads to an endless device", DISK, verify, "P2-E0012", lambda p: (p.sidecar.unlink(), p.sidecar.symlink_to("/dev/zero"))),
    RootAttack("a signature file of eight gigabytes", DISK, verify, "P2-E0001", lambda p: huge(p.sidecar)),
    RootAttack("a script of eight gigabytes", DISK, verify, "P2-E0001", lambda p: huge(p.script), 3),
    RootAttack("the signature file was taken away", DISK, run, "P2-S0701", lambda p: p.sidecar.unlink()),
    RootAttack("the script is a second name of another file", DISK, run, "P2-S0774", lambda p: (p.script.unlink(), (p.folder / "evil").write_text("p2 1\n"), p.script.hardlink_to(p.folder / "evil"))),
    RootAttack("the script under another name", DISK, attach, "P2-S0773", lambda p: p.signed(entry="mein.p2", files=digests({"mein.p2": p.script.read_bytes()}))),
    # ---- trust on the disk
    RootAttack("others can write the trust file", ACCOUNT, verify, "P2-S0793", lambda p: (opened(p), (p.trust / "allowed_signers").chmod(0o666))),
    RootAttack("others can write the folder of trust", ACCOUNT, verify, "P2-S0793", lambda p: (opened(p), p.trust.chmod(0o777))),
    RootAttack("others can write the configuration", ACCOUNT, verify, "P2-H0901", lambda p: (p.root / "config").chmod(0o770), 2),
    RootAttack("others can write the policy", ACCOUNT, verify, "P2-S0793", lambda p: (opened(p), (p.trust / "policy.toml").write_text(""), (p.trust / "policy.toml").chmod(0o622))),
    RootAttack("others can write the folder of keys", ACCOUNT, verify, "P2-S0793", lambda p: (opened(p), (p.root / "config" / "keys").chmod(0o777))),
    RootAttack("the trust file is a link", ACCOUNT, verify, "P2-E0012", lambda p: linked(p.trust / "allowed_signers")),
    RootAttack("the list of revoked keys is a link to nothing", ACCOUNT, verify, "P2-E0012", lambda p: (p.trust / "revoked_keys").symlink_to("/dev/null")),
    RootAttack("the policy is a link to nothing", ACCOUNT, verify, "P2-E0012", lambda p: (p.trust / "policy.toml").symlink_to("/dev/null")),
    RootAttack("the list of revoked scripts is a pipe", ACCOUNT, verify, "P2-E0012", lambda p: piped(p.trust / "revoked_scripts")),
    RootAttack("the list of revoked keys is a folder", ACCOUNT, verify, "P2-E0012", lambda p: as_folder(p.trust / "revoked_keys")),
    RootAttack("a trust file of eight gigabytes", ACCOUNT, verify, "P2-E0001", lambda p: huge(p.trust / "allowed_signers")),
    RootAttack("the policy is damaged", ACCOUNT, run, "P2-S0820", lambda p: (p.trust / "policy.toml").write_text("[policy\n")),
    RootAttack("a list of revocations is damaged", ACCOUNT, run, "P2-S0736", lambda p: (p.trust / "revoked_keys").write_text("x\n")),
    RootAttack("a private key that others can read", ACCOUNT, sign_again, "P2-S0790", lambda p: (p.root / "config" / "keys" / "sign_ed25519").chmod(0o644)),
    RootAttack("a private key that is a link", ACCOUNT, sign_again, "P2-E0012", lambda p: linked(p.root / "config" / "keys" / "sign_ed25519"), 2),
    # ---- who signed
    RootAttack("a stranger signed", STRANGER, run, "P2-S0740", lambda p: p.signed(EVE)),
    RootAttack("a stranger signed what is attached", STRANGER, attach, "P2-S0740", lambda p: p.signed(EVE)),
    RootAttack("a stranger signed what goes into a pack", STRANGER, make_pack, "P2-S0740", lambda p: p.signed(EVE)),
    RootAttack("a trusted stranger beyond the ceiling", TRUSTED, run, "P2-S0826", lambda p: (p.trusting(EVE, "eve@lab"), p.signed(EVE, caps=(*p.terms.caps, Capability("write", "store", "x"))))),
    RootAttack("a trusted stranger under a scope of others", TRUSTED, run, "P2-S0822", lambda p: (p.trusting(EVE, "eve@lab"), (p.trust / "policy.toml").write_text('[scope.own]\nsigners = ["tester@here"]\n'), p.signed(EVE))),
    RootAttack("a trusted stranger runs unconfined", TRUSTED, unconfined, "P2-H0931", lambda p: (p.trusting(EVE, "eve@lab"), p.signed(EVE)), 1),
    RootAttack("somebody trusted for packs signs a script", TRUSTED, run, "P2-S0742", lambda p: (p.trusting(EVE, "eve@lab", "--for", "pack"), p.signed(EVE))),
    RootAttack("a key that was revoked here", OLD, run, "P2-S0741", lambda p: (p.trusting(EVE, "eve@lab"), p.signed(EVE), revoked(p, "eve@lab"))),
    RootAttack("a key that was retired here, on something new", OLD, run, "P2-S0744", lambda p: (p.trusting(EVE, "eve@lab"), p.signed(EVE), revoked(p, "eve@lab", "retired"))),
    RootAttack("a script that was revoked here", OLD, run, "P2-S0776", lambda p: revoked(p, p.script)),
    RootAttack("an older version", OLD, run, "P2-S0777", lambda p: ran_before(p, p.terms.serial + 1)),
    RootAttack("an older version is attached", OLD, attach, "P2-S0777", lambda p: ran_before(p, p.terms.serial + 1)),
    RootAttack("a draft", OTHER_USE, run, "P2-S0716", lambda p: p.signed(kind=Kind.DRAFT)),
    RootAttack("the machine's own signature on a person's script", OTHER_USE, run, "P2-S0742", lambda p: p.signed(kind=Kind.LOCAL)),
    RootAttack("a draft gets a second signature", OTHER_USE, sign_beside, "P2-S0895", lambda p: p.signed(kind=Kind.DRAFT)),
    RootAttack("a second signature for a changed script", NOTHING, sign_beside, "P2-S0774", lambda p: p.script.write_text(MEAN_SCRIPT.replace("Reward", "Regard"))),
    RootAttack("a signature for fewer rights than the script needs", TRUSTED, run, "P2-S0778", lambda p: p.signed(caps=())),
    RootAttack("a bundle's signer beyond the bundle's scope", ROOT, run, "P2-S0822", lambda p: (imported(p), p.signed(EVE))),
    RootAttack("a bundle whose agreement was taken away", ACCOUNT, run, "P2-S0822", lambda p: (imported(p), p.signed(EVE, name="lab/mean"), (p.trust / "bundles" / "lab.agreed").unlink())),
    RootAttack("a bundle's ceiling beyond what was agreed", ROOT, run, "P2-S0826", lambda p: (imported(p), p.signed(EVE, name="lab/mean", caps=(*p.terms.caps, Capability("write", "store", "x"))))),
    # ---- trust that is imported
    RootAttack("a bundle by one of two", ROOT, trust_import, "P2-S0831", lambda p: bundle(p, EVE)),
    RootAttack("a bundle of a new root that the old one did not sign", ROOT, trust_import, "P2-S0832", lambda p: (imported(p), bundle(p, SigningKey.from_seed(b"\x01" * 32), serial=4, require=1, roots=(RootKey("x@lab", SigningKey.from_seed(b"\x01" * 32).public),)))),
    RootAttack("an older bundle", OLD, trust_import, "P2-S0833", lambda p: (imported(p), bundle(p, EVE, MALLORY, serial=2))),
    RootAttack("a bundle that makes its root smaller", ROOT, trust_import, "P2-S0834", lambda p: (imported(p), bundle(p, EVE, MALLORY, serial=4, require=1))),
    RootAttack("a bundle that reaches for one's own scope", ROOT, trust_import, "P2-S0835", lambda p: bundle(p, EVE, MALLORY, scopes=(Scope("own", ("eve@lab",)),))),
    RootAttack("a bundle that brings one's own key", ROOT, trust_import, "P2-S0835", lambda p: bundle(p, EVE, MALLORY, scopes=(), ceilings=(), signers=(TrustLine("eve@lab", (Kind.SCRIPT.namespace,), p.own.public),))),
    RootAttack("a bundle that nobody agreed to", ROOT, trust_import, "P2-S0841", lambda p: bundle(p, EVE, MALLORY)),
    RootAttack("a list of revocations by a stranger", STRANGER, trust_import, "P2-S0740", lambda p: revocations(p, EVE)),
    RootAttack("a list of revocations by somebody trusted for scripts", TRUSTED, trust_import, "P2-S0742", lambda p: (p.trusting(EVE, "eve@lab"), revocations(p, EVE))),
    RootAttack("a bundle that is a pipe", DISK, trust_import, "P2-E0012", lambda p: piped(p.folder / "in.p2trust"), 2),
    RootAttack("a weak key is to be trusted", STRANGER, trust_add, "P2-S0722", lambda p: public_key(p, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n")),
    RootAttack("a line of a trust file in place of a key", STRANGER, trust_add, "P2-S0846", lambda p: public_key(p, f"* {EVE.public.line()}\n")),
    RootAttack("two keys in place of one", STRANGER, trust_add, "P2-S0845", lambda p: public_key(p, f"{EVE.public.line()}\n{MALLORY.public.line()}\n")),
    RootAttack("one's own key as somebody else's", STRANGER, trust_add, "P2-S0844", lambda p: public_key(p, p.own.public.line() + "\n")),
    RootAttack("a key with a comment that paints the terminal", READER, trust_add, "P2-S0720", lambda p: public_key(p, f"{EVE.public.line()} {CONTROL_SEQUENCE}\n")),
    # ---- sessions
    RootAttack("a session's script in another folder", SESSION, in_session(elsewhere), "P2-S0890", nothing),
    RootAttack("a session signs more than it was granted", SESSION, in_session(not_granted), "P2-S0891", nothing),
    RootAttack("a session whose grant was taken back", SESSION, in_session(granted_less_later), "P2-S0891", nothing),
    RootAttack("a session's signature without the session", SESSION, in_session(without_session), "P2-S0740", nothing),
    RootAttack("a session's signature in another session", SESSION, in_session(other_session), "P2-S0740", nothing),
    RootAttack("a person's script passed off as a session's", TRUSTED, in_session(persons_script), "P2-S0890", nothing),
    RootAttack("a session's signature after its hours", SESSION, in_session(after_hours), "P2-S0744", nothing),
    RootAttack("a person signs beside a session", TRUSTED, in_session(session_and_person), "P2-S0890", nothing),
    RootAttack("a script that changed after the session signed", DISK, in_session(changed_in_session), "P2-S0774", nothing),
    RootAttack("a session of somebody who has a ceiling", SESSION, in_session(owner_with_ceiling), "P2-S0826", nothing),
    # ---- packs
    RootAttack("a pack of a stranger", STRANGER, pack_open, "P2-S0740", lambda p: packed(p, EVE)),
    RootAttack("an older pack", OLD, pack_open, "P2-S0880", lambda p: (packed(p, p.own, serial=2), p2(p.root, "pack", "open", "--yes", "--into", p.folder / "newer", p.folder / "in.p2pack"), packed(p, p.own))),
    RootAttack("a pack with a program", PACKER, pack_open, "P2-S0877", lambda p: packed(p, p.own, {"run.sh": b"x"})),
    RootAttack("a pack whose script was changed", PACKER, pack_open, "P2-S0774", lambda p: packed(p, p.own, {"mean.p2": b"p2 1\n"})),
    RootAttack("a pack that is a link", DISK, pack_open, "P2-E0012", lambda p: (packed(p, p.own), linked(p.folder / "in.p2pack")), 2),
    RootAttack("a pack into a folder that is there", DISK, pack_open, "P2-S0884", lambda p: (packed(p, p.own), (p.folder / "opened").mkdir()), 2),
    RootAttack("a pack into a link to elsewhere", DISK, pack_open, "P2-S0884", lambda p: (packed(p, p.own), (p.folder / "opened").symlink_to("/tmp")), 2),
    RootAttack("a pack whose bytes were cut", NOTHING, pack_open, "P2-S0874", lambda p: (packed(p, p.own), os.truncate(p.folder / "in.p2pack", (p.folder / "in.p2pack").stat().st_size - 4))),
    # ---- the log
    RootAttack("an entry of the log was changed", LOG_FILES, log_verify, "P2-S0853", lambda p: swapped_bytes(entries(p), b"key-new", b"key-old")),
    RootAttack("nothing runs on a log that was cut", LOG_FILES, run, "P2-S0854", lambda p: entries(p).write_bytes(b"")),
    RootAttack("nothing runs on a log whose checkpoint was changed", LOG_FILES, run, "P2-S0852", lambda p: swapped_bytes(p.log / "checkpoint", b"plotter2\n", b"plotter2\n1")),
    RootAttack("nothing runs on a log whose checkpoint is gone", LOG_FILES, run, "P2-S0850", lambda p: (p.log / "checkpoint").unlink()),
    RootAttack("the key of the log can be read by others", ACCOUNT, run, "P2-S0790", lambda p: (p.root / "config" / "log_ed25519").chmod(0o644)),
    RootAttack("the key of the log was swapped", LOG_FILES, run, "P2-S0851", lambda p: (p.root / "config" / "log_ed25519").write_bytes(EVE.dump())),
    RootAttack("the log was begun anew", LOG_KEY, log_since, "P2-S0851", rewritten),
    RootAttack("a checkpoint that somebody kept was changed", LOG_FILES, log_since, "P2-S0852", lambda p: (kept_checkpoint(p), swapped_bytes(p.folder / "kept", b"plotter2\n", b"plotter2\n1"))),
    RootAttack("the public key beside the log was swapped", LOG_FILES, log_verify, "P2-S0851", lambda p: (p.log / "key").write_text(f"x/plotter2+{'0' * 8}+AQ==\n")),
    # ---- terminals
    RootAttack("a file name that commands the terminal", READER, lambda p: p2(p.root, "verify", p.folder / f"{CONTROL_SEQUENCE}.p2"), "P2-S0701", lambda p: (p.folder / f"{CONTROL_SEQUENCE}.p2").write_text("p2 1\n")),
    RootAttack("a file name over two lines, the second one good", READER, lambda p: p2(p.root, "verify", p.folder / "x\ngood: own\r.p2"), "P2-S0701", lambda p: (p.folder / "x\ngood: own\r.p2").write_text("p2 1\n")),
    RootAttack("a file name that turns its direction", READER, lambda p: p2(p.root, "verify", p.folder / "x\u202e2p.gnp.p2"), "P2-S0701", lambda p: (p.folder / "x\u202e2p.gnp.p2").write_text("p2 1\n")),
    RootAttack("a signature file that commands the terminal", READER, inspect, "P2-S0752", lambda p: p.sidecar.write_bytes(p.sidecar.read_bytes().replace(b"end\n", CONTROL_SEQUENCE.encode() + b"\nend\n"))),
    RootAttack("a pack that commands the terminal", READER, pack_show, "P2-S0871", lambda p: (p.folder / "in.p2pack").write_bytes(b"P2PACK 1\nsig 0\n\nfile 1 \x1b[2J\nx\nend\n")),
    RootAttack("a trust bundle that commands the terminal", READER, trust_import, "P2-S0704", lambda p: (p.folder / "in.p2trust").write_bytes(b"plotter2-\x1b[2J\n" + sshsig.sign(b"x", EVE, bundles.NAMESPACE))),
]  # fmt: skip
