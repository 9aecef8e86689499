"""What a process remembers of the gate never lets through what the gate would refuse now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from p2sign.ceilings import Ceiling
from p2sign.gate import Offer, TrustFiles, Verified
from p2sign.gate import verify as gate
from p2sign.make import add_signature, sign_statement
from p2sign.policy import Delegation, Rules, Scope, parse
from p2sign.refusal import Refusal
from p2sign.trust import TrustLine
from p2sign_samples import ALICE, BOB, NAMESPACE, NOW, SCRIPT, TERMS, trust_text
from plotter2.config.settings import settings
from plotter2.datter.store import Store
from plotter2.errors import Refused
from plotter2.host import verifying
from plotter2.host.root import Root
from plotter2.host.ruling import TrustNow
from plotter2.host.verified_before import Ask, VerifiedBefore
from plotter2.runs.opening import open_script

DAY = timedelta(days=1)
LATER = NOW + 10 * DAY
CEILING = b'[signer."alice@lab"]\nmay = [".*"]\n[signer."bob@lab"]\nmay = [".*"]\n'
POLICIES = (
    CEILING,
    b"[policy]\nrevocation-max-age-days = 5\n" + CEILING,
    b'[policy]\nmin-language = "1.3"\n' + CEILING,
    b'[scope.lab]\nsigners = ["alice@lab", "bob@lab"]\nrequire = 2\n' + CEILING,
    b'[signer."alice@lab"]\nmay = ["read bundle:.*"]\n',
)
LINES = {
    "alice": TrustLine("alice@lab", (NAMESPACE,), ALICE.public),
    "alice until later": TrustLine("alice@lab", (NAMESPACE,), ALICE.public, valid_before=LATER),
    "alice from later on": TrustLine("alice@lab", (NAMESPACE,), ALICE.public, valid_after=LATER),
    "carol with the key of alice": TrustLine("carol@lab", (NAMESPACE,), ALICE.public),
    "alice for packs": TrustLine("alice@lab", ("plotter2-pack@v1",), ALICE.public),
    "nobody": None,
}
SIDECAR = sign_statement(TERMS, ALICE)
SIDECARS = (
    SIDECAR,
    add_signature(SIDECAR, BOB),
    sign_statement(replace(TERMS, expires=LATER), ALICE),
    sign_statement(replace(TERMS, serial=8), ALICE),
    SIDECAR[:-40] + b"A" + SIDECAR[-39:],
    SIDECAR + b"\n",
    None,
)
STATEMENT = SIDECAR.partition(b"-----BEGIN")[0]
REVOKED = (b"", ALICE.public.line().encode() + b"\n", BOB.public.line().encode() + b"\n")
DIGESTS = tuple(f"{sha256(data).hexdigest()}\n".encode() for data in (SCRIPT, STATEMENT, b"other"))
LENT = Delegation(
    "group",
    frozenset({ALICE.public.fingerprint}),
    {"lab": Scope("lab", ("alice@lab",))},
    {"alice@lab": Ceiling((".*",))},
    Ceiling((".*",)),
    LATER,
)


WELL: Mapping[str, Mapping[str, Any]] = {
    "plainly": {},
    "while revocations are fresh": {"policy": POLICIES[1]},
    "while the bundle of a group lasts": {"lent": True},
    "while the key is valid": {"line": "alice until later"},
    "by what was seen": {"line": "alice until later", "now": LATER, "seen_at": NOW},
    "since the key is valid": {"line": "alice from later on", "now": LATER},
    "before the statement expires": {"sidecar": SIDECARS[2]},
    "with the serial that ran": {"floor": 7},
}
"""When the script may run; a single change may end each of these."""


def outcome(work: Callable[[], Verified]) -> tuple[Any, ...]:
    try:
        found = work()
    except Refusal as refusal:
        return refusal.name, refusal.what, refusal.where
    return found.statement, found.signers, found.script, found.script_sha256


class SameAsTheGate(RuleBasedStateMachine):
    """Files of trust, time, serials and bytes change in any order; each answer is the one of a gate without memory."""

    @initialize()
    def begin(self) -> None:
        self.known = VerifiedBefore(most=3)
        self.now, self.floor, self.seen_at = NOW, 0, None
        self.line, self.revoked, self.digests = "alice", b"", b""
        self.policy, self.lent, self.fed = CEILING, False, NOW
        self.script, self.sidecar, self.name = SCRIPT, SIDECARS[0], "thermal.p2"

    @rule(now=st.sampled_from([NOW - 400 * DAY, NOW, LATER - DAY, LATER, NOW + 400 * DAY]))
    def time_is_another(self, now: datetime) -> None:
        self.now = now

    @rule(floor=st.sampled_from([0, 7, 8]))
    def a_serial_ran(self, floor: int) -> None:
        self.floor = floor

    @rule(at=st.sampled_from([None, NOW - DAY, LATER + DAY]))
    def it_was_seen(self, at: datetime | None) -> None:
        self.seen_at = at

    @rule(
        line=st.sampled_from(sorted(LINES)),
        revoked=st.sampled_from(REVOKED),
        digests=st.sampled_from([b"", *DIGESTS]),
    )
    def trust_changes(self, line: str, revoked: bytes, digests: bytes) -> None:
        self.line, self.revoked, self.digests = line, revoked, digests

    @rule(
        policy=st.sampled_from(POLICIES),
        lent=st.booleans(),
        fed=st.sampled_from([None, NOW - 9 * DAY, NOW]),
    )
    def policy_changes(self, policy: bytes, lent: bool, fed: datetime | None) -> None:
        self.policy, self.lent, self.fed = policy, lent, fed

    @rule(
        script=st.sampled_from([SCRIPT, SCRIPT + b"\n", SCRIPT.replace(b"\n", b"\r\n")]),
        sidecar=st.sampled_from(SIDECARS),
        name=st.sampled_from(["thermal.p2", "other.p2"]),
    )
    def bytes_are_swapped(self, script: bytes, sidecar: bytes | None, name: str) -> None:
        self.script, self.sidecar, self.name = script, sidecar, name

    @rule(well=st.sampled_from(sorted(WELL)))
    def all_is_well_again(self, well: str) -> None:
        known = self.known
        self.begin()
        vars(self).update(WELL[well], known=known)
        assert self.known.verify(*self._asked())

    @invariant()
    def it_is_asked(self) -> None:
        offer, trust, ask = self._asked()
        plain = outcome(
            lambda: gate(offer, trust.files, self.now, ask.serial_floors, seen=ask.seen)
        )
        assert outcome(lambda: self.known.verify(offer, trust, ask)) == plain
        assert outcome(lambda: self.known.verify(offer, trust, ask)) == plain
        assert len(self.known) <= 3

    def _asked(self) -> tuple[Offer, TrustNow, Ask]:
        ask = Ask(self.now, {TERMS.name: self.floor}, lambda _: self.seen_at)
        return Offer(self.script, self.sidecar, self.name), self._trust(), ask

    def _trust(self) -> TrustNow:
        line = LINES[self.line]
        bob = TrustLine("bob@lab", (NAMESPACE,), BOB.public)
        rules = Rules(
            parse(self.policy),
            lent=LENT.keys if self.lent else frozenset(),
            delegations=(LENT,) if self.lent else (),
            revocations={} if self.fed is None else {"lab": self.fed},
        )
        lines = trust_text(*([bob] if line is None else [line, bob]))
        said = (lines, self.revoked, self.digests, self.policy, self.lent, self.fed)
        epoch = sha256(repr(said).encode()).digest()
        return TrustNow(TrustFiles(lines, self.revoked, self.digests, rules), epoch)


TestSameAsTheGate = SameAsTheGate.TestCase
TestSameAsTheGate.settings = hypothesis_settings(
    max_examples=50, stateful_step_count=40, deadline=None
)


def test_what_is_known_needs_no_signature_again_and_old_things_are_forgotten() -> None:
    known, ask = VerifiedBefore(most=2), Ask(NOW, {}, lambda _: None)
    trust = TrustNow(TrustFiles(trust_text(LINES["alice"])), b"epoch")  # type: ignore[arg-type]
    first = Offer(SCRIPT, SIDECAR, "thermal.p2")
    assert known.verify(first, trust, ask) is known.verify(first, trust, ask)
    assert known.verify(first, replace(trust, epoch=b"other"), ask) is not known.verify(
        first, trust, ask
    )
    small = VerifiedBefore(most_bytes=len(SCRIPT) - 1)
    small.verify(first, trust, ask)
    assert len(small) == 0


# ------------------------------------------------------------------ with real files


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    path = tmp_path / "root"
    Store.open(path).close()
    (path / "config" / "trust").mkdir(mode=0o700, exist_ok=True)
    (tmp_path / "thermal.p2").write_bytes(SCRIPT)
    (tmp_path / "thermal.p2.sig").write_bytes(SIDECAR)
    with Root(settings(str(path)), lambda: NOW, reads=True) as opened:
        write(opened, "allowed_signers", trust_text(LINES["alice"]))  # type: ignore[arg-type]
        write(opened, "policy.toml", CEILING)
        yield opened


def write(root: Root, name: str, content: bytes) -> None:
    path = root.settings.root / "config" / "trust" / name
    path.write_bytes(content)
    path.chmod(0o600)


def answer(root: Root) -> str:
    path = root.settings.root.parent / "thermal.p2"
    try:
        first = verifying.verify(root, open_script(path))
    except Refused as refused:
        return refused.name
    assert verifying.verify(root, open_script(path)) is first
    return "good"


FILES: Mapping[str, tuple[str, bytes, str]] = {
    "trust": ("allowed_signers", trust_text(), "E_SIGNER_UNKNOWN"),
    "revoked key": ("revoked_keys", REVOKED[1], "E_SIGNER_REVOKED"),
    "revoked script": ("revoked_scripts", DIGESTS[0], "E_SCRIPT_REVOKED"),
    "revoked statement": ("revoked_scripts", DIGESTS[1], "E_SCRIPT_REVOKED"),
    "policy": ("policy.toml", POLICIES[3], "E_THRESHOLD"),
    "ceiling": ("policy.toml", POLICIES[4], "E_CEILING"),
    "stale": ("policy.toml", POLICIES[1], "E_REVOCATION_STALE"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_of_trust_that_changes_is_heeded_at_once(root: Root, what: str) -> None:
    name, content, refused = FILES[what]
    before = {"allowed_signers": trust_text(LINES["alice"]), "policy.toml": CEILING}  # type: ignore[arg-type]
    assert answer(root) == "good"
    write(root, name, content)
    assert answer(root) == refused
    write(root, name, before.get(name, b""))
    assert answer(root) == "good"


def test_a_file_that_changes_without_another_size_or_time_is_heeded(root: Root) -> None:
    assert answer(root) == "good"
    path = root.settings.root.parent / "thermal.p2"
    times = path.stat()
    path.write_bytes(SCRIPT.replace(b"loss", b"less"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert answer(root) == "E_DIGEST"


def test_a_serial_that_ran_meanwhile_is_heeded(root: Root) -> None:
    assert answer(root) == "good"
    with Store.open(root.settings.root) as beside:
        beside.ran.see_serial(TERMS.name, TERMS.serial + 1)
    assert answer(root) == "E_SERIAL"


def test_time_that_passes_is_heeded(root: Root) -> None:
    assert answer(root) == "good"
    root.now = lambda: datetime(2027, 11, 26, tzinfo=UTC)
    assert answer(root) == "E_EXPIRED"


def test_many_scripts_are_told_one_by_one_and_nothing_is_written(root: Root) -> None:
    folder = root.settings.root.parent
    (folder / "unsigned.p2").write_bytes(SCRIPT)
    (folder / "link.p2").symlink_to("thermal.p2")
    before = sorted(root.settings.root.rglob("*"))
    names = ("thermal.p2", "unsigned.p2", "link.p2", "none.p2", "thermal.p2")
    told = dict(enumerate(verifying.verify_each(root, [folder / name for name in names])))
    good = {n for n, (_, each) in told.items() if isinstance(each, Verified)}
    assert good == {0, 4}
    assert [told[n][1].code for n in (1, 2, 3)] == ["P2-S0701", "P2-E0012", "P2-E0011"]  # type: ignore[union-attr]
    assert [p for p in sorted(root.settings.root.rglob("*")) if p not in before] in (
        [],
        _logs(root),
    )


def _logs(root: Root) -> list[Path]:
    registry = root.settings.root / "registry"
    return [registry / "registry.db-shm", registry / "registry.db-wal"]
