"""Keys of every type: weak ones, forms that are not the one form, files that lie, security keys that nobody touched."""

from __future__ import annotations

import base64
import hashlib
import re

from p2sign import sshsig
from p2sign.fields import mpint, string
from p2sign.gate import TrustFiles
from p2sign.make import sign_statement
from p2sign.trust import TrustLine
from p2sign_keys import (
    SK_TYPES,
    SoftwareDevice,
    any_key,
    blob_of,
    file_key,
    rsa_key,
    software_device,
    sshsig_bytes,
)
from p2sign_samples import ALICE, BOB, NAMESPACE, TERMS, trust_text
from signing_attacks import (
    NOTHING,
    OTHER_USE,
    STATEMENT,
    STRANGER,
    TRUSTED,
    Attack,
    Bid,
    Control,
    blob_alone,
    gate,
    key_line,
    private_key,
)

P = 2**255 - 19
P256, P384, P521 = (f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521))
SK, SK_EC = (software_device(name) for name in SK_TYPES)
ORDER_256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# y with D y^4 + 2 y^2 = 1: a point of order 8.
ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
RSA_MODULUS = 0xC5 << 3064 | 1


def line_of(*parts: bytes, name: str = "ssh-ed25519") -> str:
    blob = string(name.encode()) + b"".join(parts)
    return f"{name} {base64.b64encode(blob).decode()}"


def ed25519_line(y: int) -> str:
    return line_of(string(y.to_bytes(32, "little")))


def curve_line(point: bytes, curve: str = "nistp256", name: str = P256) -> str:
    return line_of(string(curve.encode()), string(point), name=name)


def point_of(name: str) -> bytes:
    return file_key(name).public.blob[-{P256: 65, P384: 97, P521: 133}[name] :]


def rsa_line(modulus: int, exponent: int = 65537) -> str:
    return line_of(mpint(exponent), mpint(modulus), name="ssh-rsa")


def trusting(key: object) -> TrustFiles:
    return TrustFiles(trust_text(TrustLine("alice@lab", (NAMESPACE,), key.public)))  # type: ignore[attr-defined]


def by(name: str) -> Bid:
    key = any_key(name)
    return Bid(sign_statement(TERMS, key, frozenset({name})), trusted=trusting(key))


def ecdsa_fields(name: str = P256) -> tuple[bytes, int, int]:
    """Give the key and r, s of a good signature of the statement."""
    key = file_key(name)
    made = key.signature_fields(sshsig_bytes(STATEMENT, NAMESPACE))
    pair = made[4 + len(name) + 4 :]
    length = int.from_bytes(pair[:4], "big")
    r, rest = pair[4 : 4 + length], pair[4 + length :]
    return key.public.blob, int.from_bytes(r, "big"), int.from_bytes(rest[4:], "big")


def ecdsa(pair: bytes, name: str = P256) -> Bid:
    blob = blob_of(file_key(name).public.blob, NAMESPACE, string(name.encode()) + string(pair))
    return Bid(STATEMENT + sshsig.enarmour(blob), trusted=trusting(file_key(name)))


def padded(number: int) -> bytes:
    return string(b"\0" + number.to_bytes(33, "big"))


def touched(device: SoftwareDevice, **said: int) -> Bid:
    return Bid(STATEMENT + device.armour(STATEMENT, NAMESPACE, **said), trusted=trusting(device))


def retold(device: SoftwareDevice, flags: bytes, counter: bytes) -> Bid:
    """Bring a signature whose flags and counter were changed afterwards."""
    blob = sshsig.dearmour(device.armour(STATEMENT, NAMESPACE))
    return Bid(STATEMENT + sshsig.enarmour(blob[:-5] + flags + counter), trusted=trusting(device))


def without_touch_fields() -> bytes:
    raw = SK.signature(sshsig_bytes(STATEMENT, NAMESPACE))[:-5]
    return blob_of(SK.blob, NAMESPACE, raw)


def rsa_signed(hash_name: str) -> bytes:
    key = rsa_key(3072)
    made = key.signature_fields(sshsig_bytes(STATEMENT, NAMESPACE))
    return blob_of(
        key.public.blob, NAMESPACE, string(hash_name.encode()) + made[4 + len("rsa-sha2-512") :]
    )


def rsa_raw(raw: bytes) -> bytes:
    return blob_of(rsa_key(3072).public.blob, NAMESPACE, string(b"rsa-sha2-512") + string(raw))


# ------------------------------------------------------------------ private key files
PRIVATE = ALICE.dump()
LOCKED = ALICE.dump("open sesame")


def private(change: object) -> tuple[bytes, None]:
    """Give the file of alice's key with changed bytes inside the armour."""
    body = base64.b64decode(b"".join(PRIVATE.splitlines()[1:-1]))
    return _enclosed(change(body)), None  # type: ignore[operator]


def _enclosed(body: bytes) -> bytes:
    lines = re.findall(".{1,70}", base64.b64encode(body).decode())
    text = "\n".join(
        ["-----BEGIN OPENSSH PRIVATE KEY-----", *lines, "-----END OPENSSH PRIVATE KEY-----", ""]
    )
    return text.encode()


def replaced(old: bytes, new: bytes) -> object:
    def change(body: bytes) -> bytes:
        assert old in body
        return body.replace(old, new, 1)

    return change


def many_rounds() -> tuple[bytes, str]:
    body = base64.b64decode(b"".join(LOCKED.splitlines()[1:-1]))
    at = body.index(b"bcrypt") + len(b"bcrypt") + 4 + 4 + 16
    return _enclosed(body[:at] + (2**31).to_bytes(4, "big") + body[at + 4 :]), "open sesame"


HALF = ALICE.public.blob[-32:]
LINE = ALICE.public.line()

CONTROLS = [
    *(
        Control(f"a signature of a key {name}", gate, lambda name=name: by(name))
        for name in ("ssh-ed25519", P256, P384, P521, *SK_TYPES)
    ),
    Control("an RSA signature, as far as its bytes go", blob_alone, lambda: rsa_signed("rsa-sha2-512")),
    Control("the pair r, s put together again", gate, lambda: ecdsa(_pair())),
    Control("a public key with a comment", key_line, lambda: f"{LINE} laptop of alice"),
    Control("a private key file", private_key, lambda: (PRIVATE, None)),
    Control("a private key file with its passphrase", private_key, lambda: (LOCKED, "open sesame")),
    Control("a private key file, put together again", private_key, lambda: private(lambda body: body)),
    Control("a security key that knew who touched it", gate, lambda: touched(SK, flags=5)),
]  # fmt: skip


def _pair() -> bytes:
    _, r, s = ecdsa_fields()
    return mpint(r) + mpint(s)


ATTACKS = [
    # ---- ed25519
    Attack("a key for which every signature is good: the neutral point", STRANGER, key_line, "E_KEY_WEAK", lambda: ed25519_line(1)),
    Attack("the neutral point with its sign bit set", STRANGER, key_line, "E_KEY_WEAK", lambda: ed25519_line(1 | 1 << 255)),
    Attack("a key of order 2", STRANGER, key_line, "E_KEY_WEAK", lambda: ed25519_line(P - 1)),
    Attack("a key of order 4", STRANGER, key_line, "E_KEY_WEAK", lambda: ed25519_line(0)),
    Attack("a key of order 8", STRANGER, key_line, "E_KEY_WEAK", lambda: ed25519_line(ORDER_8)),
    Attack("a second encoding of a key", STRANGER, key_line, "E_KEY_WEAK", lambda: ed25519_line(P + 3)),
    Attack("a key that is no point of the curve", STRANGER, key_line, "E_KEY_WEAK", lambda: ed25519_line(2)),
    Attack("a key of 31 bytes", STRANGER, key_line, "E_KEY_FORMAT", lambda: line_of(string(bytes(31)))),
    Attack("the private half where the public one belongs", STRANGER, key_line, "E_KEY_FORMAT", lambda: line_of(string(HALF + HALF))),
    Attack("a byte after the key", STRANGER, key_line, "E_KEY_FORMAT", lambda: line_of(string(HALF), b"\0")),
    Attack("a weak key inside a signature", STRANGER, gate, "E_KEY_WEAK", lambda: Bid(STATEMENT + sshsig.enarmour(blob_of(string(b"ssh-ed25519") + string(b"\1" + bytes(31)), NAMESPACE, string(b"ssh-ed25519") + string(b"\1" + bytes(63)))))),
    Attack("an ed25519 signature of 63 bytes", NOTHING, blob_alone, "E_SIG_BLOB", lambda: blob_of(ALICE.public.blob, NAMESPACE, string(b"ssh-ed25519") + string(bytes(63)))),
    # ---- ECDSA
    Attack("a compressed point", STRANGER, key_line, "E_KEY_FORMAT", lambda: curve_line(b"\2" + point_of(P256)[1:33])),
    Attack("a hybrid point", STRANGER, key_line, "E_KEY_FORMAT", lambda: curve_line(b"\6" + point_of(P256)[1:])),
    Attack("the point at infinity", STRANGER, key_line, "E_KEY_FORMAT", lambda: curve_line(b"\0")),
    Attack("a point beside the curve", STRANGER, key_line, "E_KEY_WEAK", lambda: curve_line(b"\4" + bytes(63) + b"\1")),
    Attack("a point whose x is not below the field's prime", STRANGER, key_line, "E_KEY_WEAK", lambda: curve_line(b"\4" + b"\xff" * 64)),
    Attack("a key of one curve that names another", STRANGER, key_line, "E_KEY_FORMAT", lambda: curve_line(point_of(P256), "nistp384")),
    Attack("a key of P-256 under the name of P-384", STRANGER, key_line, "E_KEY_FORMAT", lambda: curve_line(point_of(P256), "nistp384", P384)),
    Attack("a curve that is not accepted", STRANGER, key_line, "E_KEY_ALGORITHM", lambda: curve_line(point_of(P256), "nistk163", "ecdsa-sha2-nistk163")),
    Attack("r with a null in front", TRUSTED, gate, "E_SIG_MALLEABLE", lambda: ecdsa(padded(ecdsa_fields()[1]) + mpint(ecdsa_fields()[2]))),
    Attack("r of zero", TRUSTED, gate, "E_SIG_MALLEABLE", lambda: ecdsa(string(b"") + mpint(5))),
    Attack("s of zero", TRUSTED, gate, "E_SIG_MALLEABLE", lambda: ecdsa(mpint(5) + string(b""))),
    Attack("a negative s", TRUSTED, gate, "E_SIG_MALLEABLE", lambda: ecdsa(mpint(5) + string(b"\x80"))),
    Attack("r beyond the group order", TRUSTED, gate, "E_SIG_MALLEABLE", lambda: ecdsa(mpint(ORDER_256 + 1) + mpint(5))),
    Attack("s that is the group order", TRUSTED, gate, "E_SIG_MALLEABLE", lambda: ecdsa(mpint(5) + mpint(ORDER_256))),
    Attack("r and s in the order of DER", TRUSTED, gate, "E_SIG_BLOB", lambda: ecdsa(b"\x30\x06\x02\x01\x05\x02\x01\x05")),
    Attack("a third number after r and s", TRUSTED, gate, "E_SIG_BLOB", lambda: ecdsa(mpint(5) + mpint(6) + mpint(7))),
    Attack("a byte after the pair's field", TRUSTED, blob_alone, "E_SIG_BLOB", lambda: blob_of(file_key(P256).public.blob, NAMESPACE, string(P256.encode()) + string(_pair()) + b"\0")),
    Attack("r and s of another message", TRUSTED, gate, "E_SIG_BAD", lambda: ecdsa(mpint(5) + mpint(6))),
    Attack("a byte after a key of a curve", STRANGER, key_line, "E_KEY_FORMAT", lambda: line_of(string(b"nistp256"), string(point_of(P256)), b"\0", name=P256)),
    Attack("the blank signature: r and s are 1", STRANGER, gate, "E_SIG_BAD", lambda: ecdsa(mpint(1) + mpint(1), P384)),
    # ---- security keys
    Attack("nobody touched the key", TRUSTED, gate, "E_SIG_PRESENCE", lambda: touched(SK, flags=0)),
    Attack("nobody touched the ECDSA key", TRUSTED, gate, "E_SIG_PRESENCE", lambda: touched(SK_EC, flags=0)),
    Attack("verified, and not touched", TRUSTED, gate, "E_SIG_PRESENCE", lambda: touched(SK, flags=4)),
    Attack("the touch was written in afterwards", TRUSTED, gate, "E_SIG_BAD", lambda: Bid(STATEMENT + sshsig.enarmour(sshsig.dearmour(SK.armour(STATEMENT, NAMESPACE, flags=0))[:-5] + b"\1" + (7).to_bytes(4, "big")), trusted=trusting(SK))),
    Attack("the counter was changed", NOTHING, gate, "E_SIG_BAD", lambda: retold(SK, b"\1", (8).to_bytes(4, "big"))),
    Attack("flags that nobody knows", TRUSTED, gate, "E_SIG_BLOB", lambda: touched(SK, flags=0x41)),
    Attack("the flag that says the key told more", TRUSTED, gate, "E_SIG_BLOB", lambda: touched(SK_EC, flags=0x81)),
    Attack("no flags and no counter", TRUSTED, blob_alone, "E_SIG_BLOB", without_touch_fields),
    Attack("a byte after the counter", TRUSTED, blob_alone, "E_SIG_BLOB", lambda: blob_of(SK.blob, NAMESPACE, SK.signature(sshsig_bytes(STATEMENT, NAMESPACE)) + b"\0")),
    Attack("a login to a website with the same device", OTHER_USE, key_line, "E_KEY_FORMAT", lambda: line_of(string(HALF), string(b"https://example.org"), name=SK_TYPES[0])),
    Attack("an application with a space and a name", STRANGER, key_line, "E_KEY_FORMAT", lambda: line_of(string(HALF), string(b"ssh: alice"), name=SK_TYPES[0])),
    Attack("an application with an escape sequence", STRANGER, key_line, "E_KEY_FORMAT", lambda: line_of(string(HALF), string(b"ssh:\x1b[2J"), name=SK_TYPES[0])),
    Attack("a byte after the application", STRANGER, key_line, "E_KEY_FORMAT", lambda: line_of(string(HALF), string(b"ssh:"), b"\0", name=SK_TYPES[0])),
    Attack("a signature of a device for another application", OTHER_USE, gate, "E_SIG_BAD", lambda: Bid(STATEMENT + sshsig.enarmour(blob_of(SK.blob, NAMESPACE, SoftwareDevice(SK.name, SK.inside, b"ssh:other").signature(sshsig_bytes(STATEMENT, NAMESPACE)))), trusted=trusting(SK))),
    Attack("the plain signature of the key inside a device", OTHER_USE, gate, "E_SIG_BAD", lambda: Bid(STATEMENT + sshsig.enarmour(blob_of(SK.blob, NAMESPACE, string(SK.name.encode()) + SK.inside.signature_fields(sshsig_bytes(STATEMENT, NAMESPACE))[4 + 11 :] + b"\1\0\0\0\7")), trusted=trusting(SK))),
    Attack("a malleable signature of a device", NOTHING, blob_alone, "E_SIG_MALLEABLE", lambda: blob_of(SK.blob, NAMESPACE, string(SK.name.encode()) + string(b"\xff" * 64) + b"\1\0\0\0\7")),
    # ---- RSA
    Attack("RSA where the policy does not allow it", TRUSTED, gate, "E_KEY_ALGORITHM", lambda: by("ssh-rsa")),
    Attack("RSA of 2048 bits", STRANGER, key_line, "E_KEY_WEAK", lambda: rsa_line((1 << 2047) | 1)),
    Attack("RSA of 9,001 bits, slow to check", STRANGER, key_line, "E_KEY_WEAK", lambda: rsa_line((1 << 9000) | 1)),
    Attack("an RSA exponent of 1: the message is its signature", STRANGER, key_line, "E_KEY_WEAK", lambda: rsa_line(RSA_MODULUS, 1)),
    Attack("an RSA exponent of 3", STRANGER, key_line, "E_KEY_WEAK", lambda: rsa_line(RSA_MODULUS, 3)),
    Attack("an even RSA modulus", STRANGER, key_line, "E_KEY_WEAK", lambda: rsa_line(1 << 3071)),
    Attack("an RSA modulus with a small factor", STRANGER, key_line, "E_KEY_WEAK", lambda: rsa_line(3 * ((1 << 3071) | 1))),
    Attack("a padded RSA modulus", STRANGER, key_line, "E_KEY_FORMAT", lambda: line_of(mpint(65537), string(b"\0\0" + RSA_MODULUS.to_bytes(384, "big")), name="ssh-rsa")),
    Attack("a byte after an RSA key", STRANGER, key_line, "E_KEY_FORMAT", lambda: rsa_line(RSA_MODULUS)[:-4] + base64.b64encode(b"\0\0\1x").decode()),
    Attack("an RSA signature with SHA-1", TRUSTED, blob_alone, "E_SIG_BLOB", lambda: rsa_signed("ssh-rsa")),
    Attack("an RSA signature with SHA-256", TRUSTED, blob_alone, "E_SIG_BLOB", lambda: rsa_signed("rsa-sha2-256")),
    Attack("an RSA signature that is too short", NOTHING, blob_alone, "E_SIG_BLOB", lambda: rsa_raw(bytes(383))),
    Attack("an RSA signature that is not below the modulus", NOTHING, blob_alone, "E_SIG_MALLEABLE", lambda: rsa_raw(b"\xff" * 384)),
    Attack("a byte after an RSA signature", NOTHING, blob_alone, "E_SIG_BLOB", lambda: blob_of(rsa_key(3072).public.blob, NAMESPACE, string(b"rsa-sha2-512") + string(bytes(384)) + b"\0")),
    # ---- types that are not accepted
    Attack("a DSA key", STRANGER, key_line, "E_KEY_ALGORITHM", lambda: "ssh-dss AAAAB3NzaC1kc3M="),
    Attack("a certificate in place of a key", STRANGER, key_line, "E_KEY_ALGORITHM", lambda: line_of(string(HALF), name="ssh-ed25519-cert-v01@openssh.com")),
    Attack("Ed448", STRANGER, key_line, "E_KEY_ALGORITHM", lambda: line_of(string(bytes(57)), name="ssh-ed448")),
    Attack("a key type with a homoglyph", STRANGER, key_line, "E_KEY_ALGORITHM", lambda: LINE.replace("ssh", "ѕѕһ")),
    Attack("a certificate inside a signature", STRANGER, blob_alone, "E_KEY_ALGORITHM", lambda: blob_of(string(b"ssh-ed25519-cert-v01@openssh.com") + string(HALF), NAMESPACE, b"")),
    # ---- public key lines
    Attack("a line that says another type than its key", STRANGER, key_line, "E_KEY_FORMAT", lambda: LINE.replace("ssh-ed25519", P256, 1)),
    Attack("a comment with an escape sequence", STRANGER, key_line, "E_KEY_FORMAT", lambda: f"{LINE} alice\x1b[1A\x1b[2Kbob"),
    Attack("a comment that turns its direction", STRANGER, key_line, "E_KEY_FORMAT", lambda: f"{LINE} \u202ebal@ecila"),
    Attack("two keys in one text", STRANGER, key_line, "E_KEY_FORMAT", lambda: f"{LINE}\n{BOB.public.line()}\n"),
    Attack("a private key where the public one belongs", TRUSTED, key_line, "E_KEY_FORMAT", PRIVATE.decode),
    Attack("options before the key, as in authorized_keys", STRANGER, key_line, "E_KEY_ALGORITHM", lambda: f'command="x" {LINE}'),
    Attack("a line as long as memory", STRANGER, key_line, "E_KEY_FORMAT", lambda: f"{LINE} {'a' * 20_000}"),
    Attack("base64 of a key in a second form", STRANGER, key_line, "E_KEY_FORMAT", lambda: LINE.replace(LINE.split()[1], LINE.split()[1] + "====")),
    # ---- private key files
    Attack("a key file of PEM", TRUSTED, private_key, "E_KEY_PRIVATE", lambda: (PRIVATE.replace(b"OPENSSH", b"RSA"), None)),
    Attack("two private keys in one file", TRUSTED, private_key, "E_KEY_PRIVATE", lambda: (PRIVATE + PRIVATE, None)),
    Attack("a text before the private key", TRUSTED, private_key, "E_KEY_PRIVATE", lambda: (b"key:\n" + PRIVATE, None)),
    Attack("a private key file with the public half of another", STRANGER, private_key, "E_KEY_PRIVATE", lambda: private(replaced(HALF, BOB.public.blob[-32:]))),
    Attack("a private key file of another format", TRUSTED, private_key, "E_KEY_PRIVATE", lambda: private(replaced(b"openssh-key-v1\0", b"openssh-key-v2\0"))),
    Attack("a private key file that holds two keys", TRUSTED, private_key, "E_KEY_PRIVATE", lambda: private(replaced(b"\0\0\0\1", b"\0\0\0\2"))),
    Attack("a private key file with a weak public half", STRANGER, private_key, "E_KEY_WEAK", lambda: private(replaced(HALF, b"\1" + bytes(31)))),
    Attack("a passphrase that takes hours to check", STRANGER, private_key, "E_KEY_PRIVATE", many_rounds),
    Attack("a locked key without its passphrase", TRUSTED, private_key, "E_KEY_PASSPHRASE_MISSING", lambda: (LOCKED, None)),
    Attack("a locked key with another passphrase", TRUSTED, private_key, "E_KEY_PASSPHRASE_WRONG", lambda: (LOCKED, hashlib.sha256(b"guess").hexdigest())),
    Attack("a private key file as large as memory", TRUSTED, private_key, "E_KEY_PRIVATE", lambda: (PRIVATE + b"\n" * 70_000, None)),
    Attack("the handle of a security key, without the device", OTHER_USE, private_key, "E_KEY_HANDLE", lambda: (SK.handle(), None)),
    Attack("a private part that was cut", TRUSTED, private_key, "E_KEY_PRIVATE", lambda: private(lambda body: body[:-8])),
    Attack("a cipher that nobody knows", TRUSTED, private_key, "E_KEY_PRIVATE", lambda: private(replaced(string(b"none"), string(b"rot13")))),
    Attack("an RSA private key of 1024 bits", STRANGER, private_key, "E_KEY_WEAK", lambda: (_weak_rsa(), None)),
]  # fmt: skip


def _weak_rsa() -> bytes:
    body = b"openssh-key-v1\0" + string(b"none") * 2 + string(b"") + (1).to_bytes(4, "big")
    public = string(b"ssh-rsa") + mpint(65537) + mpint((1 << 1023) | 1)
    return _enclosed(body + string(public) + string(bytes(64)))
