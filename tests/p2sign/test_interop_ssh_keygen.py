"""p2sign and the real ssh-keygen: each accepts what the other signs, and p2sign never accepts more."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from p2sign import sshsig
from p2sign.gate import Offer, TrustFiles, verify
from p2sign.keys import SigningKey, needs_passphrase, parse_public_line
from p2sign.make import add_signature, sign_statement
from p2sign.refusal import Refusal
from p2sign.sidecar import split
from p2sign.statement import digests
from p2sign.trust_editing import with_revoked_key
from p2sign_mutation import mutants, with_order_added
from p2sign_samples import (
    ALICE,
    ALICE_LINE,
    BOB,
    BOB_LINE,
    NAMESPACE,
    NOW,
    SCRIPT,
    TERMS,
    TRUST,
    offer,
    trust_text,
)


def _version_of_ssh_keygen() -> tuple[int, int]:
    """Ask ssh, its sibling: ssh-keygen prints no version."""
    if shutil.which("ssh-keygen") is None or shutil.which("ssh") is None:
        return (0, 0)
    told = subprocess.run(
        ["ssh", "-V"], capture_output=True, text=True, timeout=20, check=False
    ).stderr
    match = re.match(r"OpenSSH(?:_for_Windows)?_(\d+)\.(\d+)", told)
    return (int(match[1]), int(match[2])) if match else (0, 0)


pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        _version_of_ssh_keygen() < (9, 1),
        reason="OpenSSH's ssh-keygen 9.1 or newer is not installed, and these tests compare with it",
    ),
]


@dataclass(frozen=True)
class Desk:
    """A folder in which ssh-keygen works."""

    folder: Path

    def put(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        path.chmod(0o600)
        return path

    def run(
        self, *words: str | Path, stdin: bytes = b"", zone: str = "UTC"
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C",
            "TZ": zone,
            "HOME": str(self.folder),
        }
        return subprocess.run(
            [str(word) for word in words],
            input=stdin,
            capture_output=True,
            cwd=self.folder,
            env=environment,
            timeout=30,
            check=False,
        )

    def accepts(
        self,
        sidecar: bytes,
        files: TrustFiles = TRUST,
        principal: str = "alice@lab",
        now: datetime = NOW,
        zone: str = "UTC",
    ) -> bool:
        """Ask `ssh-keygen -Y verify` about the first signature of a file, cut out as with awk and sed."""
        start = sidecar.find(b"\n-----BEGIN SSH SIGNATURE-----\n") + 1
        signature = self.put("stmt.sig", sidecar[start:])
        trust = self.put("allowed_signers", files.allowed_signers)
        revoked = self.put("revoked_keys", files.revoked_keys)
        words = [
            "-Y",
            "verify",
            "-f",
            trust,
            "-I",
            principal,
            "-n",
            NAMESPACE,
            "-s",
            signature,
            "-r",
            revoked,
        ]
        moment = f"-Overify-time={now:%Y%m%d%H%M%SZ}"
        return (
            self.run("ssh-keygen", *words, moment, stdin=sidecar[:start], zone=zone).returncode == 0
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_ssh_keygen_accepts_what_p2sign_signs(desk: Desk) -> None:
    sidecar = sign_statement(TERMS, ALICE)
    assert desk.accepts(sidecar)
    assert not desk.accepts(sidecar.replace(b"serial 7", b"serial 8"))
    assert not desk.accepts(sidecar, principal="bob@lab")


def test_p2sign_accepts_what_ssh_keygen_signs(desk: Desk) -> None:
    key = desk.put("key", ALICE.dump())
    statement = desk.put("stmt", TERMS.dump())
    assert (
        desk.run("ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", key, statement).returncode == 0
    )
    armour = (desk.folder / "stmt.sig").read_bytes()
    assert verify(offer(TERMS.dump() + armour), TRUST, NOW).signers[0].principal == "alice@lab"
    assert TERMS.dump() + armour == sign_statement(TERMS, ALICE), "both make the same bytes"


def test_a_key_made_by_ssh_keygen_signs_here(desk: Desk) -> None:
    for number, passphrase in enumerate(("", "correct horse")):
        key = desk.folder / f"key{number}"
        desk.run("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "a b", "-f", key)
        assert needs_passphrase(key.read_bytes()) == bool(passphrase)
        loaded = SigningKey.load(key.read_bytes(), passphrase)
        public, comment = parse_public_line((desk.folder / f"key{number}.pub").read_text())
        assert (loaded.public, comment) == (public, "a b")
        files = TrustFiles(trust_text(replace(ALICE_LINE, key=public)))
        assert desk.accepts(sign_statement(TERMS, loaded), files)


@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_a_key_made_here_is_opened_by_ssh_keygen(desk: Desk, passphrase: str) -> None:
    key = desk.put("key", ALICE.dump(passphrase))
    told = desk.run("ssh-keygen", "-y", "-P", passphrase, "-f", key)
    assert told.stdout.decode().strip() == ALICE.public.line()
    assert desk.run("ssh-keygen", "-y", "-P", "wrong", "-f", key).returncode == (
        255 if passphrase else 0
    )


def test_a_signature_with_another_hash_is_refused_here(desk: Desk) -> None:
    key, statement = desk.put("key", ALICE.dump()), desk.put("stmt", TERMS.dump())
    desk.run(
        "ssh-keygen", "-Y", "sign", "-O", "hashalg=sha256", "-n", NAMESPACE, "-f", key, statement
    )
    sidecar = TERMS.dump() + (desk.folder / "stmt.sig").read_bytes()
    assert desk.accepts(sidecar)
    with pytest.raises(Refusal) as caught:
        verify(offer(sidecar), TRUST, NOW)
    assert caught.value.name == "E_SIG_HASH"


def test_fingerprints_are_those_that_ssh_keygen_prints(desk: Desk) -> None:
    public = desk.put("key.pub", ALICE.public.line("alice").encode() + b"\n")
    printed = desk.run("ssh-keygen", "-l", "-f", public).stdout.decode()
    assert printed == f"256 {ALICE.public.fingerprint} alice (ED25519)\n"


def test_revoked_keys_are_refused_by_both(desk: Desk) -> None:
    sidecar = sign_statement(TERMS, ALICE)
    for revoked, expected in (
        (b"", True),
        (with_revoked_key(b"# lost\n\n", BOB.public), True),
        (with_revoked_key(b"# lost\n\n", ALICE.public, "laptop stolen"), False),
    ):
        files = replace(TRUST, revoked_keys=revoked)
        assert desk.accepts(sidecar, files) == expected
        assert accepted_here(offer(sidecar), files) == expected


def accepted_here(offered: Offer, files: TrustFiles = TRUST, now: datetime = NOW) -> bool:
    try:
        verify(offered, files, now)
    except Refusal:
        return False
    return True


def test_both_draw_the_same_window_of_time_in_every_time_zone(desk: Desk) -> None:
    line = replace(
        ALICE_LINE,
        valid_after=NOW,
        valid_before=NOW + timedelta(hours=1),
        comment="f\u00fcr eine Stunde",
    )
    files = TrustFiles(b"# one hour\n\n" + trust_text(line, BOB_LINE))
    sidecar = sign_statement(TERMS, ALICE)
    for zone in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles"):
        for seconds, here, there in (
            (-1, False, False),
            (0, True, True),
            (3599, True, True),
            (3600, False, True),  # the end is exclusive here, so a little stricter
            (3601, False, False),
        ):
            now = NOW + timedelta(seconds=seconds)
            assert accepted_here(offer(sidecar), files, now) == here
            assert desk.accepts(sidecar, files, now=now, zone=zone) == there


def test_every_length_of_time_means_the_same_to_both(desk: Desk) -> None:
    sidecar = sign_statement(TERMS, ALICE)
    for text in ("20261201Z", "202612011200Z", "20261201120000Z"):
        files = TrustFiles(
            f'alice@lab valid-after="{text}",namespaces="{NAMESPACE}" {ALICE.public.line()}\n'.encode()
        )
        moment = datetime.strptime(
            text.ljust(15, "0").replace("Z", "0")[:14], "%Y%m%d%H%M%S"
        ).replace(tzinfo=UTC)
        for now in (moment - timedelta(seconds=1), moment):
            assert desk.accepts(sidecar, files, now=now, zone="Pacific/Kiritimati") == (
                now == moment
            )
            assert accepted_here(offer(sidecar), files, now) == (now == moment)


@pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("awk", "sed", "sh", "sha256sum")),
    reason="awk, sed, sh and sha256sum are not all installed",
)
def test_the_published_commands_check_a_file_with_stock_tools(desk: Desk) -> None:
    desk.put("thermal.p2", SCRIPT)
    desk.put("thermal.p2.sig", add_signature(sign_statement(TERMS, ALICE), BOB))
    desk.put("allowed_signers", TRUST.allowed_signers)
    desk.put("revoked_keys", TRUST.revoked_keys)
    page = (Path(__file__).parents[2] / "signing" / "FORMAT.md").read_text(encoding="utf-8")
    start = page.index("awk '")
    commands = page[start : page.index("```", start)].replace(
        "-Y verify", f"-Y verify -Overify-time={NOW:%Y%m%d%H%M%SZ}"
    )
    done = desk.run("sh", "-e", "-c", commands)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().splitlines() == [
        f'Good "{NAMESPACE}" signature for alice@lab with ED25519 key {ALICE.public.fingerprint}',
        "thermal.p2: OK",
    ]
    desk.put("thermal.p2", SCRIPT + b"#")
    assert desk.run("sh", "-e", "-c", commands).returncode != 0


def test_a_file_put_together_with_cat_is_accepted(desk: Desk) -> None:
    statement = desk.put("stmt", TERMS.dump())
    armours = []
    for name, key in (("alice", ALICE), ("bob", BOB)):
        path = desk.put(name, key.dump())
        told = desk.run(
            "ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", path, stdin=statement.read_bytes()
        )
        armours.append(told.stdout)
    verified = verify(offer(statement.read_bytes() + b"".join(armours)), TRUST, NOW)
    assert [signer.principal for signer in verified.signers] == ["alice@lab", "bob@lab"]


def rewrapped(data: bytes, chance: random.Random) -> bytes:
    """Break the lines of the armours anew, which changes the file and nothing else."""
    parts = split(data)
    armours = []
    for armour in parts.armours:
        lines = armour.splitlines()
        text, body = b"".join(lines[1:-1]), []
        while text:
            length = chance.randint(1, 76)
            body.append(text[:length])
            text = text[length:]
        armours.append(b"\n".join([lines[0], *body, lines[-1]]) + b"\n")
    return parts.statement + b"".join(armours)


def test_ssh_keygen_accepts_every_variant_that_p2sign_accepts(desk: Desk) -> None:
    """Vary everything that may vary: the terms, the lines of the armour, the comments and order of the trust file."""
    chance = random.Random(20261124)
    for serial in range(1, 33):
        script = chance.randbytes(chance.randint(0, 200))
        terms = replace(TERMS, serial=serial, files=digests({"thermal.p2": script}), expires=None)
        sidecar = sign_statement(terms, ALICE)
        if chance.random() < 0.5:
            sidecar = add_signature(sidecar, BOB)
        sidecar = rewrapped(sidecar, chance)
        lines = [
            replace(line, comment=chance.choice(["", "x y", "#", "\u00e4"]))
            for line in (ALICE_LINE, BOB_LINE)
        ]
        chance.shuffle(lines)
        files = TrustFiles(chance.choice([b"", b"\n", b"# a\n#\n\n"]) + trust_text(*lines))
        verify(Offer(script, sidecar, "thermal.p2"), files, NOW)
        assert desk.accepts(sidecar, files), sidecar


@pytest.mark.parametrize(
    "part",
    [
        "the signature file",
        "a statement that was signed",
        "the trust file",
        "the list of revoked keys",
    ],
)
def test_ssh_keygen_accepts_every_mutant_that_p2sign_accepts(desk: Desk, part: str) -> None:
    """Damage one file at a time; of what still passes here, ask ssh-keygen about two dozen."""
    sidecar = add_signature(sign_statement(TERMS, ALICE), BOB)
    line = replace(
        ALICE_LINE, valid_after=NOW - timedelta(1), valid_before=NOW + timedelta(1), comment="a b"
    )
    files = TrustFiles(b"# lab\n\n" + trust_text(line, BOB_LINE), b"# none\n")
    cases: dict[str, Callable[[bytes], tuple[bytes, TrustFiles]]] = {
        "the signature file": lambda data: (data, files),
        "a statement that was signed": lambda data: (
            data + sshsig.sign(data, ALICE, NAMESPACE),
            files,
        ),
        "the trust file": lambda data: (sidecar, replace(files, allowed_signers=data)),
        "the list of revoked keys": lambda data: (sidecar, replace(files, revoked_keys=data)),
    }
    start = dict(
        zip(cases, (sidecar, TERMS.dump(), files.allowed_signers, files.revoked_keys), strict=True)
    )
    combined = (cases[part](data) for data in dict.fromkeys(mutants(start[part], 20261124, 3000)))
    passed = [case for case in combined if accepted_here(offer(case[0]), case[1])]
    assert part == "the signature file" or len(passed) >= 5
    for data, trusted in passed[:24]:
        principal = verify(offer(data), trusted, NOW).signers[0].principal
        assert desk.accepts(data, trusted, principal), (data, trusted)


def test_signatures_that_ssh_keygen_accepts_by_leniency_are_refused_here(desk: Desk) -> None:
    """The point of a second verifier: it may be the more lenient one, never this one."""
    good = sign_statement(TERMS, ALICE)
    armour = split(good).armours[0]
    blob = sshsig.dearmour(armour)
    lenient = {
        "text after the signature": good + b"-----BEGIN ANYTHING\n",
        "reserved field filled": TERMS.dump()
        + sshsig.enarmour(blob.replace(b"@v1\0\0\0\0", b"@v1\0\0\0\1x")),
        "S plus the order": TERMS.dump() + sshsig.enarmour(with_order_added(blob)),
        "version 0": TERMS.dump() + sshsig.enarmour(blob[:9] + b"\0" + blob[10:]),
        "spaces in the base64": good.replace(b"U1NI", b"U1 NI"),
    }
    for what, sidecar in lenient.items():
        assert not accepted_here(offer(sidecar)), what
    assert sum(desk.accepts(sidecar) for sidecar in lenient.values()) >= 1
