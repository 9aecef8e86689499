"""Trust bundles and lists of revocations go from root to root as files; nothing comes in that was not agreed."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commandline import p2, p2_json

pytestmark = pytest.mark.process

SCRIPT = 'p2 1\naccess("d") | frame | line(x=x, y=y) | plot("d")\n'


@dataclass
class Lab:
    """Roots of three people: ada and bob make the bundle, eve imports it."""

    folder: Path

    def root(self, who: str) -> Path:
        return self.folder / who

    def key(self, who: str) -> Path:
        return self.root(who) / "config" / "keys" / "sign_ed25519.pub"

    def fingerprints(self, *people: str) -> list[str]:
        found = []
        for who in people:
            (key,) = p2_json(self.root(who), "key", "list")["keys"]
            found += ["--fingerprint", key["fingerprint"]]
        return found

    @property
    def bundle(self) -> Path:
        return self.folder / "lab.p2trust"

    def export(self, *options: str, require: int = 2) -> None:
        words = ["-o", self.bundle, "--name", "lab", "--signer", "ada@lab", "--signer", "bob@lab"]
        p2_json(self.root("ada"), "trust", "export", *words, "--require", str(require), *options)
        p2_json(self.root("bob"), "trust", "export", "--add", "-o", self.bundle)

    def script(self, who: str, name: str) -> Path:
        path = self.folder / f"{name.replace('/', '-')}.p2"
        path.write_text(SCRIPT)
        p2_json(self.root(who), "sign", path, "--name", name)
        return path


@pytest.fixture(scope="session")
def made_lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    data = lab.folder / "d.csv"
    data.write_text("x,y\n1,2\n2,3\n")
    for who in ("ada", "bob", "eve"):
        p2_json(lab.root(who), "add", data, "--name", "d")
        p2_json(lab.root(who), "key", "new", "--name", f"{who}@lab", "--no-passphrase")
    p2_json(lab.root("ada"), "trust", "add", "bob@lab", lab.key("bob"))
    return lab


@pytest.fixture
def lab(made_lab: Lab, tmp_path: Path) -> Lab:
    shutil.copytree(made_lab.folder, tmp_path / "lab")
    return Lab(tmp_path / "lab")


def refused(root: Path, *words: str | Path, code: str) -> dict[str, Any]:
    finished = p2(root, *words, "--json")
    assert finished.code == 4, finished.out + finished.err
    error: dict[str, Any] = json.loads(finished.out)["error"]
    assert error["code"] == code, error
    return error


def test_a_bundle_is_agreed_to_once_and_counts_within_that(lab: Lab) -> None:
    eve = lab.root("eve")
    script, elsewhere = lab.script("bob", "lab/mean"), lab.script("bob", "own/mean")
    lab.export("--scope", "lab")
    error = refused(eve, "trust", "import", lab.bundle, code="P2-S0841")  # nobody compared
    assert all(key in error["help"] for key in lab.fingerprints("ada", "bob")[1::2])
    refused(eve, "trust", "import", lab.bundle, "--yes", code="P2-S0841")
    one = lab.fingerprints("ada")
    error = refused(eve, "trust", "import", lab.bundle, *one, code="P2-S0847")
    assert error["help"].startswith("name them all")
    assert p2(eve, "verify", script).code == 4
    taken = p2_json(eve, "trust", "import", lab.bundle, *lab.fingerprints("ada", "bob"))
    assert (taken["scopes"], len(taken["keys"])) == (["lab"], 2)
    assert p2_json(eve, "run", script)["artefacts"]
    refused(eve, "verify", elsewhere, code="P2-S0822")
    assert p2_json(eve, "trust", "import", lab.bundle)["serial"] == 1  # the same one again
    refused(eve, "trust", "remove", "bob@lab", code="P2-S0843")
    lab.export("--scope", "lab", "--scope", "std")
    error = refused(eve, "trust", "import", lab.bundle, code="P2-S0836")
    assert "std" in error["message"]
    asked = ["trust", "import", lab.bundle, "--scope", "lab"]
    refused(eve, *asked, code="P2-S0841")
    assert p2_json(eve, *asked, "--yes")["scopes"] == ["lab"]
    p2_json(eve, "trust", "remove", "lab")
    refused(eve, "verify", script, code="P2-S0740")
    assert p2_json(eve, "trust", "check")["ok"]


def test_a_bundle_grants_less_where_less_was_agreed(lab: Lab) -> None:
    eve, script = lab.root("eve"), lab.script("bob", "lab/mean")
    lab.export()
    given = lab.fingerprints("ada", "bob")
    p2_json(eve, "trust", "import", lab.bundle, *given, "--may", "read bundle:.*")
    error = refused(eve, "run", script, code="P2-S0826")
    assert "write output:d" in error["message"]


def test_a_bundle_goes_forward_with_its_root(lab: Lab) -> None:
    eve, given = lab.root("eve"), lab.fingerprints("ada", "bob")
    lab.export()
    first = lab.bundle.read_bytes()
    p2_json(eve, "trust", "import", lab.bundle, *given)
    lab.export()
    p2_json(eve, "trust", "import", lab.bundle)
    lab.bundle.write_bytes(first)
    refused(eve, "trust", "import", lab.bundle, code="P2-S0833")
    kept = p2_json(eve, "log", "show")["entries"][-1]["entry"]
    assert (kept["event"], kept["use"], kept["cause"]) == ("refused", "trust", "E_BUNDLE_SERIAL")
    assert kept["file"] == str(lab.bundle)
    lab.bundle.unlink()
    lab.export(require=1)  # the serial goes on though the file is gone
    refused(eve, "trust", "import", lab.bundle, code="P2-S0834")
    refused(eve, "trust", "import", lab.bundle, "--allow-smaller-root", code="P2-S0841")
    p2_json(eve, "trust", "import", lab.bundle, "--allow-smaller-root", "--yes")
    words = ["-o", lab.bundle, "--name", "lab", "--signer", "bob@lab"]
    lab.bundle.unlink()
    bob = lab.root("bob")
    p2_json(bob, "trust", "export", *words)
    refused(eve, "trust", "import", lab.bundle, code="P2-S0833")
    for _ in range(4):
        p2_json(bob, "trust", "export", *words)
    p2_json(eve, "trust", "import", lab.bundle)  # bob is of the old root, and it takes one
    assert [line["principal"] for line in p2_json(eve, "trust", "list")["trusted"]] == [
        "eve@lab",
        "bob@lab",
    ]


def test_a_bundle_does_not_bring_my_own_keys_or_scopes(lab: Lab) -> None:
    lab.export("--scope", "own")
    given = lab.fingerprints("ada", "bob")
    refused(lab.root("eve"), "trust", "import", lab.bundle, *given, code="P2-S0835")
    lab.export()
    refused(lab.root("ada"), "trust", "import", lab.bundle, *given, code="P2-S0835")
    policy = lab.root("eve") / "config" / "trust" / "policy.toml"
    policy.write_text("[scope.lab]\nsigners = ['eve@lab']\n")
    refused(lab.root("eve"), "trust", "import", lab.bundle, *given, code="P2-S0835")


def test_what_is_no_bundle_is_not_exported_over_and_not_imported(lab: Lab) -> None:
    ada, eve = lab.root("ada"), lab.root("eve")
    lab.bundle.write_text("my thesis\n")
    refused(ada, "trust", "export", "-o", lab.bundle, "--name", "lab", code="P2-S0842")
    assert lab.bundle.read_text() == "my thesis\n"
    refused(eve, "trust", "import", lab.bundle, code="P2-S0704")
    told = p2(eve, "trust", "import", lab.bundle).err
    assert "from who made it" in told
    assert ".p2.sig" not in told
    lab.bundle.unlink()
    assert p2(ada, "trust", "export", "-o", lab.bundle).code == 2
    assert p2(ada, "trust", "export", "--add", "-o", lab.bundle).code == 2
    unknown = ["--name", "lab", "--signer", "x@y"]
    refused(ada, "trust", "export", "-o", lab.bundle, *unknown, code="P2-S0842")
    assert p2(eve, "trust", "import", lab.bundle).code == 2


def test_revocations_travel_and_stay(lab: Lab) -> None:
    ada, eve, script = lab.root("ada"), lab.root("eve"), lab.script("bob", "own/mean")
    feed = lab.folder / "lab.p2revoke"
    p2_json(eve, "trust", "add", "bob@lab", lab.key("bob"))
    p2_json(eve, "verify", script)
    p2_json(ada, "revoke", "bob@lab", "--reason", "compromised", "--export", feed)
    refused(eve, "trust", "import", feed, code="P2-S0740")
    p2_json(eve, "trust", "add", "ada@lab", lab.key("ada"))
    refused(eve, "trust", "import", feed, code="P2-S0742")  # for scripts is not for revocations
    p2_json(eve, "trust", "add", "ada@lab", lab.key("ada"), "--for", "revoke")
    assert len(p2_json(eve, "trust", "import", feed)["keys"]) == 1
    refused(eve, "verify", script, code="P2-S0741")
    old = feed.read_bytes()
    (ada / "config" / "trust" / "revoked_keys").write_bytes(b"")
    p2_json(ada, "revoke", "--export", feed)
    assert p2_json(eve, "trust", "import", feed)["serial"] == 2
    refused(eve, "verify", script, code="P2-S0741")  # what a list leaves out stays revoked
    feed.write_bytes(old)
    refused(eve, "trust", "import", feed, code="P2-S0839")
    feed.write_bytes(old.replace(b"serial 1", b"serial 9"))
    refused(eve, "trust", "import", feed, code="P2-S0718")


def test_where_the_policy_wants_fresh_revocations_nothing_runs_without_them(lab: Lab) -> None:
    ada, eve, script = lab.root("ada"), lab.root("eve"), lab.script("eve", "own/mean")
    policy = eve / "config" / "trust" / "policy.toml"
    policy.write_text("[policy]\nrevocation-max-age-days = 7\n")
    error = refused(eve, "run", script, code="P2-S0827")
    assert "trust import" in error["help"]
    feed = lab.folder / "lab.p2revoke"
    p2_json(ada, "revoke", "--export", feed, "--name", "lab")
    p2_json(eve, "trust", "add", "ada@lab", lab.key("ada"), "--for", "revoke")
    p2_json(eve, "trust", "import", feed)
    assert p2_json(eve, "verify", script)["name"] == "own/mean"


def test_a_list_that_revokes_my_own_key_is_asked_about(lab: Lab) -> None:
    ada, eve = lab.root("ada"), lab.root("eve")
    feed = lab.folder / "lab.p2revoke"
    p2_json(ada, "revoke", lab.key("eve"), "--reason", "compromised", "--export", feed)
    p2_json(eve, "trust", "add", "ada@lab", lab.key("ada"), "--for", "revoke")
    refused(eve, "trust", "import", feed, code="P2-S0841")
    assert len(p2_json(eve, "trust", "import", feed, "--yes")["keys"]) == 1
