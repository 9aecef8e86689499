"""In a terminal a person sees whom and what is trusted before anything counts, and is asked once."""

from __future__ import annotations

from pathlib import Path

import pytest

from commandline import p2, p2_json
from sweep_samples import Workplace
from terminals import Terminal

pytestmark = pytest.mark.process


@pytest.fixture
def other(place: Workplace, tmp_path: Path) -> Path:
    root = tmp_path / "other"
    p2_json(root, "add", place.folder / "runs" / "sweep")
    p2_json(root, "key", "new", "--name", "me@there", "--no-passphrase")
    return root


def key_of(place: Workplace) -> Path:
    return place.root / "config" / "keys" / "sign_ed25519.pub"


def test_adding_trust_shows_the_fingerprint_and_what_may_be_granted(
    place: Workplace, other: Path
) -> None:
    for answer, code in (("n\n", 1), ("y\n", 0)):
        with Terminal(other, "trust", "add", "tester@here", key_of(place)) as terminal:
            shown = terminal.until("trust this key? [y/N]")
            assert "SHA256:" in shown
            assert "read bundle:.*; write output:.*" in shown
            terminal.types(answer)
            assert terminal.ends() == code
    assert p2(other, "verify", place.script).code == 0


def test_importing_a_bundle_shows_every_key_and_what_it_may_do(
    place: Workplace, other: Path
) -> None:
    bundle = place.folder / "lab.p2trust"
    p2_json(place.root, "trust", "export", "-o", bundle, "--name", "here", "--scope", "lab")
    with Terminal(other, "trust", "import", bundle) as terminal:
        shown = terminal.until("import it? [y/N]")
        assert shown.count("SHA256:") == 2
        assert "1 of tester@here" in shown
        assert "lab/..." in shown
        terminal.types("y\n")
        assert terminal.ends() == 0


def test_a_policy_that_asks_has_a_person_sign_what_does_not_count_here(
    place: Workplace, other: Path
) -> None:
    refused = p2(other, "run", place.script)
    assert refused.code == 4
    with Terminal(other, "run", place.script) as terminal:
        assert terminal.ends() == 4  # the default policy does not ask
    trust = other / "config" / "trust"
    (trust / "policy.toml").write_text("[policy]\nmode = 'ask'\n")
    again = p2(other, "run", place.script)  # without a terminal nobody is asked
    assert (again.code, again.err) == (refused.code, refused.err)
    with Terminal(other, "run", place.script) as terminal:
        shown = terminal.until("[y/N]")
        assert "is not in the trust file" in shown
        assert "sweep/*" in shown
        terminal.types("y\n")
        assert terminal.ends() == 0
    verified = p2_json(other, "verify", place.script)
    assert [signer["principal"] for signer in verified["signers"]] == ["me@there"]


def test_a_policy_that_asks_never_asks_about_what_was_revoked(
    place: Workplace, other: Path
) -> None:
    (other / "config" / "trust" / "policy.toml").write_text("[policy]\nmode = 'ask'\n")
    p2_json(other, "revoke", key_of(place), "--reason", "compromised")
    with Terminal(other, "run", place.script) as terminal:
        assert "P2-S0741" in terminal.until("E_SIGNER_REVOKED")
        assert terminal.ends() == 4
