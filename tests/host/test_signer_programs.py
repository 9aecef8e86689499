"""A program signs, called as git calls gpg.ssh.program: ssh-keygen itself, one for security keys, and bad ones."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from p2sign import sshsig
from p2sign.keys import SigningKey
from p2sign_keys import SK_TYPES, software_device
from p2sign_samples import NAMESPACE, TERMS
from plotter2.errors import Refused
from plotter2.host.signer_program import SignerProgram
from ssh_tools import needs_ssh_keygen

pytestmark = pytest.mark.process
MESSAGE = TERMS.dump()


def program(folder: Path, text: str) -> str:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


@needs_ssh_keygen
@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp384"])
def test_ssh_keygen_itself_signs(kind: str, tmp_path: Path) -> None:
    key = SigningKey.generate(kind)
    path = tmp_path / "key"
    path.write_bytes(key.dump())
    path.chmod(0o600)
    signature = sshsig.parse(SignerProgram("ssh-keygen", path, 20).armour(MESSAGE, NAMESPACE))
    sshsig.check(signature, MESSAGE, NAMESPACE)
    assert signature.key == key.public


@pytest.mark.parametrize("name", SK_TYPES)
def test_a_program_signs_with_a_security_key(name: str, tmp_path: Path) -> None:
    device = software_device(name)
    made = base64.b64encode(device.armour(MESSAGE, NAMESPACE)).decode()
    line = (
        f'[ "$1 $2 $3 $4 $5" = "-Y sign -n {NAMESPACE} -f" ] && echo {made} | base64 -d > "$7.sig"'
    )
    written = SignerProgram(program(tmp_path, line), tmp_path / "key.pub", 20)
    signature = sshsig.parse(written.armour(MESSAGE, NAMESPACE))
    sshsig.check(signature, MESSAGE, NAMESPACE)
    assert signature.key == device.public


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("echo no such key >&2; exit 3", "P2-S0811"),
        ("exit 0", "P2-S0811"),
        ('head -c 10000 /dev/zero > "$7.sig"', "P2-S0811"),
        ('ln -s /etc/passwd "$7.sig"', "P2-S0811"),
        ("sleep 60", "P2-S0812"),
    ],
)
def test_a_program_that_does_not_sign_is_one_message(text: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        SignerProgram(program(tmp_path, text), tmp_path / "key", 1).armour(MESSAGE, NAMESPACE)
    assert caught.value.code == code
    assert caught.value.problem().help
    if "no such key" in text:
        assert "no such key" in caught.value.note


def test_a_program_that_is_not_there_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        SignerProgram(str(tmp_path / "nothing"), tmp_path / "key", 1).armour(MESSAGE, NAMESPACE)
    assert caught.value.code == "P2-S0810"
