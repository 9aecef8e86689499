"""Damaged and cunning signatures of every key type: what is accepted here, ssh-keygen accepts too, and nothing breaks.

Run as a script with the number of mutants; prints what became of them. The suite runs a small share.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from p2sign import sshsig
from p2sign.algorithms import ALGORITHMS, EVERY
from p2sign.fields import Fields, mpint, string
from p2sign.gate import TrustFiles, verify
from p2sign.keys import PublicKey, parse_public_blob
from p2sign.make import sign_statement
from p2sign.refusal import Refusal
from p2sign.sidecar import split
from p2sign.trust import TrustLine
from p2sign_keys import SoftwareDevice, any_key, blob_of, file_key, software_device, sshsig_bytes
from p2sign_mutation import ED25519_ORDER, mutants
from p2sign_samples import NAMESPACE, NOW, TERMS, counting_rsa, offer, trust_text
from ssh_tools import ssh_keygen_accepts

SEED = 20261124
STATEMENT = TERMS.dump()
_WORDS = (
    b"",
    b"\0",
    b"\1",
    b"sha256",
    b"sha512",
    b"ssh:",
    b"plotter2-draft@v1",
    b"\x80",
    b"\xff" * 8,
)


@dataclass
class Tally:
    """What became of the mutants: how many there were, how many passed, and what went wrong."""

    tried: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    only_here: list[bytes] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)


def fuzz(rounds: int, folder: Path, seed: int = SEED) -> Tally:
    """Try at least so many mutants, each once, over all key types."""
    tally = Tally()
    each = rounds // len(ALGORITHMS) + 1
    for number, name in enumerate(ALGORITHMS):
        for sidecar, files in _distinct(name, seed + number, each):
            _try(sidecar, files, folder, tally)
    return tally


def _try(sidecar: bytes, files: TrustFiles, folder: Path, tally: Tally) -> None:
    tally.tried += 1
    try:
        verified = verify(offer(sidecar), files, NOW)
    except Refusal as refusal:
        tally.refused[refusal.name] += 1
        if not str(refusal).isprintable():
            tally.crashes.append(f"{refusal!r} cannot be shown")
        return
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        tally.crashes.append(f"{type(error).__name__}: {error} of {sidecar!r}")
        return
    tally.accepted += 1
    principal = verified.signers[0].principal
    if not ssh_keygen_accepts(folder, sidecar, files.allowed_signers, principal):
        tally.only_here.append(sidecar)


def _distinct(name: str, seed: int, wanted: int) -> Iterator[tuple[bytes, TrustFiles]]:
    """Give so many different cases in turn: damaged files and blobs, blobs of somebody cunning, other trust files."""
    chance = random.Random(seed)
    public = any_key(name).public
    files = _trusting(public)
    good = sign_statement(TERMS, any_key(name), EVERY)
    blob = sshsig.dearmour(split(good).armours[0])
    kinds: tuple[Callable[[], tuple[bytes, TrustFiles]], ...] = (
        lambda: (_damaged(good, chance), files),
        lambda: (_rewrapped(good, chance), files),
        lambda: (_file(_damaged(blob, chance)), files),
        lambda: (_file(_with_other_field(blob, chance)), files),
        lambda: (_file(_with_other_field(blob, chance)), files),
        lambda: (_file(_cunning(name, chance)), files),
        lambda: (_file(_cunning(name, chance)), files),
        lambda: (good, replace(files, allowed_signers=_damaged(files.allowed_signers, chance))),
        lambda: _with_cunning_key(name, chance),
    )
    seen: set[tuple[bytes, bytes]] = {(good, files.allowed_signers)}
    number = 0
    while len(seen) <= wanted:
        case = kinds[number % len(kinds)]()
        number += 1
        if (case[0], case[1].allowed_signers) not in seen:
            seen.add((case[0], case[1].allowed_signers))
            yield case


def _trusting(public: PublicKey) -> TrustFiles:
    line = TrustLine("alice@lab", (NAMESPACE,), public)
    return counting_rsa(TrustFiles(trust_text(line)), public)


def _damaged(data: bytes, chance: random.Random) -> bytes:
    return next(iter(mutants(data, chance.getrandbits(60), 4)), data)


def _file(blob: bytes) -> bytes:
    return STATEMENT + sshsig.enarmour(blob)


def _rewrapped(sidecar: bytes, chance: random.Random) -> bytes:
    """Break the lines of the armour anew, at times too long or empty."""
    lines = split(sidecar).armours[0].splitlines()
    text, body = b"".join(lines[1:-1]), []
    longest = chance.choice((76, 76, 77))
    while text:
        length = chance.randint(chance.choice((1, 1, 1, 0)), longest)
        body.append(text[:length])
        text = text[length:]
    return STATEMENT + b"\n".join([lines[0], *body, lines[-1]]) + b"\n"


# ------------------------------------------------------------------ fields of the blob


def _with_other_field(blob: bytes, chance: random.Random) -> bytes:
    """Change one field, at times one inside the key or the signature, and write all lengths anew, mostly rightly."""
    fields = Fields(blob, "E_SIG_BLOB")
    head = fields.fixed(10, "magic and version")
    parts = [fields.string("field") for _ in range(5)]
    at = chance.randrange(6)
    if at == 5:
        version = chance.choice((0, 1, 2, 256, 2**32 - 1)).to_bytes(4, "big")
        head = chance.choice((b"SSHSIG", b"SSHSIG", b"SSHSIg")) + version
    elif at in (0, 4) and chance.random() < 0.8:
        parts[at] = _with_other_part(parts[at], chance)
    else:
        parts[at] = _other(parts[at], chance)
    tail = chance.choice((b"", b"", b"", b"\0", string(b"")))
    return head + b"".join(map(string, parts)) + tail


def _with_other_part(data: bytes, chance: random.Random) -> bytes:
    parts, rest = [], data
    while len(rest) >= 4 and int.from_bytes(rest[:4], "big") <= len(rest) - 4:
        length = int.from_bytes(rest[:4], "big")
        parts.append(rest[4 : 4 + length])
        rest = rest[4 + length :]
    if not parts:
        return _other(data, chance)
    at = chance.randrange(len(parts) + bool(rest))
    if at == len(parts):
        return b"".join(map(string, parts)) + _other(rest, chance)
    nested = chance.random() < 0.4 and len(parts[at]) > 8
    parts[at] = (_with_other_part if nested else _other)(parts[at], chance)
    return b"".join(map(string, parts)) + rest


def _other(data: bytes, chance: random.Random) -> bytes:
    change = chance.randrange(8)
    if change == 0:
        return chance.choice(_WORDS)
    if change == 1:
        return data + chance.choice((b"\0", b"\1", data))
    if change == 2:
        return b"\0" + data
    if change == 3:
        return data[:-1]
    if change == 4:
        return data[1:]
    if change == 5:
        return chance.choice(list(ALGORITHMS)).encode()
    at = chance.randrange(max(1, len(data)))
    flipped = bytes([(data[at] if data else 0) ^ 1 << chance.randrange(8)])
    return data[:at] + flipped + data[at + 1 :]


# ------------------------------------------------------------------ what somebody with the key may try

_ORDERS = {
    "nistp256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "nistp384": int("f" * 48 + "c7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16),
    "nistp521": int(
        "1" + "f" * 65 + "a51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409", 16
    ),
    "ed25519": ED25519_ORDER,
}


def _cunning(name: str, chance: random.Random) -> bytes:
    """Sign rightly, and write the signature in another way."""
    if ALGORITHMS[name].touch is not None:
        return _of_device(name, chance)
    key = file_key(name)
    hash_name = chance.choice((b"sha512", b"sha512", b"sha512", b"sha256"))
    made = key.signature_fields(sshsig_bytes(STATEMENT, NAMESPACE, hash_name))
    fields = Fields(made, "E_SIG_BLOB")
    kind, raw = fields.string("kind"), fields.string("raw")
    changed = string(_other_kind(kind, chance)) + string(_other_raw(name, raw, chance))
    blob = blob_of(key.public.blob, NAMESPACE, changed)
    return blob.replace(string(b"sha512"), string(hash_name), 1)


def _of_device(name: str, chance: random.Random) -> bytes:
    device = software_device(name)
    application = chance.choice(
        (b"ssh:", b"ssh:", b"ssh:", b"ssh:a", b"https://example.org", b"ssh:\0")
    )
    other = SoftwareDevice(name, device.inside, application)
    flags = chance.choice((1, 1, 5, chance.randrange(256)))
    message = sshsig_bytes(STATEMENT, NAMESPACE)
    made = other.signature(message, flags, chance.getrandbits(32))
    fields = Fields(made, "E_SIG_BLOB")
    kind, raw = fields.string("kind"), fields.string("raw")
    told = fields.fixed(5, "told")
    raw = _other_raw(device.inside.public.algorithm, raw, chance)
    return blob_of(device.blob, NAMESPACE, string(_other_kind(kind, chance)) + string(raw) + told)


def _other_kind(kind: bytes, chance: random.Random) -> bytes:
    others = (
        b"ssh-rsa",
        b"rsa-sha2-256",
        b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
        kind + b"\0",
    )
    return kind if chance.random() < 0.85 else chance.choice(others)


def _other_raw(name: str, raw: bytes, chance: random.Random) -> bytes:
    if name == "ssh-rsa":
        return chance.choice((raw, raw.lstrip(b"\0"), b"\0" + raw, raw[:-1], raw + b"\0"))
    if name == "ssh-ed25519":
        order, s = _ORDERS["ed25519"], int.from_bytes(raw[32:], "little")
        s += chance.choice((0, 0, order, 2 * order, 8 * order))
        return raw[:32] + s.to_bytes(33, "little")[: chance.choice((32, 32, 33))]
    pair = Fields(raw, "E_SIG_BLOB")
    order = _ORDERS[name.removeprefix("ecdsa-sha2-")]
    numbers = [pair.number("r"), pair.number("s")]
    if chance.random() < 0.5:
        numbers[1] = order - numbers[1]
    return b"".join(_other_number(number, order, chance) for number in numbers)


def _other_number(number: int, order: int, chance: random.Random) -> bytes:
    data = mpint(number)[4:]
    forms = (
        b"\0" + data,
        data.lstrip(b"\0"),
        mpint(number + order)[4:],
        b"",
        b"\xff" + data,
        data[:-1],
    )
    return string(data if chance.random() < 0.7 else chance.choice(forms))


def _with_cunning_key(name: str, chance: random.Random) -> tuple[bytes, TrustFiles]:
    """Trust a key that is written in another way, where it can be read at all, and sign with it."""
    key = any_key(name)
    blob = _with_other_part(key.public.blob, chance)
    good = sign_statement(TERMS, key, EVERY)
    signature = sshsig.parse(split(good).armours[0], EVERY).signature
    sidecar = _file(blob_of(blob, NAMESPACE, signature))
    try:
        return sidecar, _trusting(parse_public_blob(blob))
    except Refusal:
        return sidecar, _trusting(key.public)


def main(rounds: int) -> int:
    """Run and print; 1 when something was accepted here alone, or broke."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = fuzz(rounds, Path(folder), random.SystemRandom().getrandbits(40))
    print(
        f"{tally.tried:,} mutants of {len(ALGORITHMS)} key types in {time.monotonic() - started:.0f} s: "
        f"{tally.accepted:,} accepted here and by ssh-keygen, {len(tally.only_here)} accepted here alone, "
        f"{len(tally.crashes)} crashes"
    )
    print(", ".join(f"{name} {count:,}" for name, count in tally.refused.most_common()))
    for wrong in (*tally.only_here[:5], *tally.crashes[:5]):
        print(wrong)
    return 1 if tally.only_here or tally.crashes else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 21_000))
