"""Each key type and the real OpenSSH, in both directions: keys in files, behind passphrases, in devices."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from p2sign import sshsig
from p2sign.algorithms import ALGORITHMS, COMMON, EVERY
from p2sign.gate import Offer, TrustFiles, verify
from p2sign.keys import SigningKey, parse_public_line
from p2sign.make import add_signature, sign_statement
from p2sign.refusal import Refusal
from p2sign.sidecar import split
from p2sign.trust import TrustLine
from p2sign_keys import FILE_TYPES, SK_TYPES, any_key, file_key, software_device
from p2sign_samples import ALICE, ALICE_LINE, NAMESPACE, NOW, TERMS, counting_rsa, offer, trust_text
from ssh_tools import needs_ssh_keygen, ssh_keygen, ssh_keygen_accepts

pytestmark = [pytest.mark.process, needs_ssh_keygen]

MADE_BY_SSH_KEYGEN = {
    "ssh-ed25519": ("-t", "ed25519"),
    "ecdsa-sha2-nistp256": ("-t", "ecdsa", "-b", "256"),
    "ecdsa-sha2-nistp384": ("-t", "ecdsa", "-b", "384"),
    "ecdsa-sha2-nistp521": ("-t", "ecdsa", "-b", "521"),
    "ssh-rsa": ("-t", "rsa", "-b", "3072"),
}


def trusting(key: object) -> TrustFiles:
    public = getattr(key, "public", key)
    return TrustFiles(trust_text(TrustLine("alice@lab", (NAMESPACE,), public)))


@pytest.mark.parametrize("name", sorted(EVERY))
def test_ssh_keygen_accepts_what_is_signed_here(name: str, tmp_path: Path) -> None:
    key = any_key(name)
    for serial in range(1, 4):
        sidecar = sign_statement(TERMS, key, EVERY)
        assert ssh_keygen_accepts(tmp_path, sidecar, trusting(key).allowed_signers), serial
    changed = sidecar.replace(b"serial 7", b"serial 8")
    assert not ssh_keygen_accepts(tmp_path, changed, trusting(key).allowed_signers)


@pytest.mark.parametrize("passphrase", ["", "correct horse"])
@pytest.mark.parametrize("name", MADE_BY_SSH_KEYGEN)
def test_what_ssh_keygen_makes_and_signs_is_accepted_here(
    name: str, passphrase: str, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    made = MADE_BY_SSH_KEYGEN[name]
    ssh_keygen(tmp_path, "-q", *made, "-N", passphrase, "-C", "a b", "-f", path)
    public, comment = parse_public_line((tmp_path / "key.pub").read_text())
    assert (public.algorithm, comment) == (name, "a b")
    loaded = SigningKey.load(path.read_bytes(), passphrase)
    assert loaded.public == public
    here = sign_statement(TERMS, loaded, EVERY)
    assert ssh_keygen_accepts(tmp_path, here, trusting(public).allowed_signers)
    if passphrase:  # ssh-keygen itself signs with the plain key: it asks nobody here
        ssh_keygen(tmp_path, "-p", "-P", passphrase, "-N", "", "-f", path)
    (tmp_path / "stmt").write_bytes(TERMS.dump())
    ssh_keygen(tmp_path, "-Y", "sign", "-n", NAMESPACE, "-f", path, tmp_path / "stmt")
    there = TERMS.dump() + (tmp_path / "stmt.sig").read_bytes()
    verified = verify(offer(there), counting_rsa(trusting(public), public), NOW)
    assert verified.signers[0].fingerprint == public.fingerprint
    if name in ("ssh-ed25519", "ssh-rsa"):
        assert there == here, "both make the same bytes"


@pytest.mark.parametrize("name", FILE_TYPES)
def test_a_key_of_this_type_made_here_is_opened_by_ssh_keygen(name: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    for passphrase in ("", "correct horse"):
        path.write_bytes(file_key(name).dump(passphrase))
        path.chmod(0o600)
        told = ssh_keygen(tmp_path, "-y", "-P", passphrase, "-f", path)
        assert told.stdout.decode().strip() == file_key(name).public.line()


@pytest.mark.parametrize("name", sorted(EVERY))
def test_ssh_keygen_prints_the_same_fingerprint(name: str, tmp_path: Path) -> None:
    public = any_key(name).public
    (tmp_path / "key.pub").write_text(public.line("alice") + "\n")
    printed = ssh_keygen(tmp_path, "-l", "-f", tmp_path / "key.pub").stdout.decode()
    assert printed.split()[1] == public.fingerprint


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_revoked_key_of_every_type_is_refused_by_both(name: str, tmp_path: Path) -> None:
    key = any_key(name)
    sidecar = sign_statement(TERMS, key, EVERY)
    revoked = f"{key.public.line('lost')}\n".encode()
    trusted = trusting(key).allowed_signers
    assert not ssh_keygen_accepts(tmp_path, sidecar, trusted, revoked=revoked)
    with pytest.raises(Refusal) as caught:
        verify(offer(sidecar), counting_rsa(TrustFiles(trusted, revoked), key.public), NOW)
    assert caught.value.name == "E_SIGNER_REVOKED"


def test_ssh_keygen_takes_a_signature_without_touch_and_we_do_not(tmp_path: Path) -> None:
    for name in SK_TYPES:
        device = software_device(name)
        sidecar = TERMS.dump() + device.armour(TERMS.dump(), NAMESPACE, flags=0)
        assert ssh_keygen_accepts(tmp_path, sidecar, trusting(device).allowed_signers)
        with pytest.raises(Refusal) as caught:
            verify(offer(sidecar), trusting(device), NOW)
        assert caught.value.name == "E_SIG_PRESENCE"


def test_every_signer_of_a_file_can_be_checked_by_ssh_keygen(tmp_path: Path) -> None:
    sidecar, lines = sign_statement(TERMS, ALICE), [ALICE_LINE]
    for number, name in enumerate(sorted(COMMON)):
        key = any_key(name)
        sidecar = add_signature(sidecar, key)
        lines.append(TrustLine(f"signer{number}@lab", (NAMESPACE,), key.public))
    files = TrustFiles(trust_text(*lines))
    verified = verify(Offer(offer().script, sidecar, "thermal.p2"), files, NOW)
    parts = split(sidecar)
    for signer, armour in zip(verified.signers, parts.armours, strict=True):
        alone = parts.statement + armour
        assert ssh_keygen_accepts(tmp_path, alone, files.allowed_signers, signer.principal)


def test_the_armour_of_the_largest_key_fits(tmp_path: Path) -> None:
    path = tmp_path / "key"
    ssh_keygen(tmp_path, "-q", "-t", "rsa", "-b", "4096", "-N", "", "-f", path)
    armour = sshsig.sign(b"x", SigningKey.load(path.read_bytes()), NAMESPACE)
    assert len(armour) * 2 < sshsig.MAX_ARMOUR
    assert set(ALGORITHMS) == EVERY
    with pytest.raises(subprocess.CalledProcessError):
        ssh_keygen(tmp_path, "-l", "-f", tmp_path / "nothing")
