"""Sign a script with an unlocked file key, and verify one signature of each key type: wall time, median of 200.

Signing is all that happens between a compiled script and the bytes of its signature file, the key's file read and
opened. Verifying is one armour read and checked; the gate around it costs the same for every type.
"""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from p2sign import sshsig
from p2sign.algorithms import EVERY
from p2sign.fields import string
from p2sign.keys import SigningKey, parse_public_blob
from p2sign.make import sign_statement
from p2sign.rights import Capability, SignedLimits
from p2sign.sshsig import Signature
from p2sign.statement import Statement, digests
from p2sign.uses import Kind
from plotter2.host.keyring import private_key

ROUNDS = 200
TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
DEVICES = {
    "sk-ssh-ed25519@openssh.com": "ssh-ed25519",
    "sk-ecdsa-sha2-nistp256@openssh.com": "ecdsa-sha2-nistp256",
}
NAMESPACE = Kind.SCRIPT.namespace
TERMS = Statement(
    kind=Kind.SCRIPT,
    name="lab/thermal",
    serial=7,
    language="1.0",
    issued=datetime(2026, 11, 24, tzinfo=UTC),
    expires=None,
    entry="thermal.p2",
    files=digests({"thermal.p2": b"p2 1\n"}),
    imports=(),
    caps=(Capability("read", "bundle", "run-7/loss"),),
    limits=SignedLimits(cpu_ms=20000, mem_mib=512, out_mib=64, wall_ms=60000),
)


def main() -> None:
    """Print the medians."""
    keys = {name: SigningKey.generate(name) for name in TYPES} | {"ssh-rsa": rsa_key()}
    with tempfile.TemporaryDirectory() as folder:
        signed = {name: sign_ms(Path(folder) / name, key) for name, key in keys.items()}
    armours = {name: sshsig.sign(TERMS.dump(), key, NAMESPACE) for name, key in keys.items()}
    armours |= {sk: by_device(sk, keys[inside]) for sk, inside in DEVICES.items()}
    checked = {name: verify_us(armour) for name, armour in armours.items()}
    print("sign (goal 1 ms with ssh-ed25519): " + shown(signed, "ms", 2))
    print("verify one signature: " + shown(checked, "us", 0))


def sign_ms(path: Path, key: SigningKey) -> float:
    """Time from the key's file to the signature file's bytes."""
    path.write_bytes(key.dump())
    path.chmod(0o600)
    return median(lambda: sign_statement(TERMS, private_key(path, None)[1](), EVERY)) * 1e3


def verify_us(armour: bytes) -> float:
    """Time from an armour to the knowledge that it is good."""
    message = TERMS.dump()
    return median(lambda: sshsig.check(sshsig.parse(armour, EVERY), message, NAMESPACE)) * 1e6


def by_device(name: str, inside: SigningKey) -> bytes:
    """Sign as a security key does that holds this key (OpenSSH's PROTOCOL.u2f)."""
    kind, told = string(name.encode()), b"\1" + bytes(4)
    digest = hashlib.sha512(TERMS.dump()).digest()
    message = b"SSHSIG" + b"".join(map(string, (NAMESPACE.encode(), b"", b"sha512", digest)))
    application = hashlib.sha256(b"ssh:").digest()
    made = inside.signature_fields(application + told + hashlib.sha256(message).digest())
    skipped = 4 + len(inside.public.algorithm)
    key = parse_public_blob(kind + inside.public.blob[skipped:] + string(b"ssh:"))
    signature = Signature(key, NAMESPACE, kind + made[skipped:] + told)
    return sshsig.enarmour(signature.dump())


def rsa_key() -> SigningKey:
    """Make an RSA key, which plotter2 itself does not."""
    return SigningKey.load(
        rsa.generate_private_key(65537, 3072).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
    )


def median(work: Callable[[], object]) -> float:
    """Time a call in seconds."""
    times = []
    for _ in range(ROUNDS + 5):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times[5:])


def shown(figures: dict[str, float], unit: str, digits: int) -> str:
    """Give figures in one line."""
    return ", ".join(f"{name} {value:.{digits}f} {unit}" for name, value in figures.items())


if __name__ == "__main__":
    main()
