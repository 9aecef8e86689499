"""Keys are made, chosen and exported; files, agents and programs sign, also several; what they gave is looked into."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from commandline import p2, p2_json
from p2sign.inspection import inspect
from p2sign.keys import SigningKey, parse_public_line
from p2sign.sidecar import split
from p2sign_keys import FILE_TYPES, SK_TYPES, file_key, software_device
from plotter2.cli.passphrases import strength
from ssh_tools import needs_ssh_agent, needs_ssh_keygen, ssh_add, ssh_agent
from sweep_samples import Workplace
from terminals import Terminal

pytestmark = pytest.mark.process


def outside(folder: Path, key: SigningKey, name: str = "id") -> Path:
    """Keep a key outside the root, as ssh does."""
    path = folder / name
    path.write_bytes(key.dump())
    path.chmod(0o600)
    path.with_name(f"{name}.pub").write_text(f"{key.public.line('somebody')}\n")
    return path


def trust(place: Workplace, who: str, key: object) -> None:
    file = place.folder / f"{who}.pub"
    file.write_text(f"{key.public.line()}\n")  # type: ignore[attr-defined]
    p2_json(place.root, "trust", "add", who, file)


def sidecar(place: Workplace) -> bytes:
    return place.script.with_name(f"{place.script.name}.sig").read_bytes()


class TestKeys:
    def test_keys_of_each_type_are_made_listed_chosen_and_exported(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        for kind in ("ecdsa-p256", "ed25519", "ecdsa-p384", "ecdsa-p521"):
            p2_json(root, "key", "new", "--type", kind, "--no-passphrase", "--name", "me@here")
        keys = p2_json(root, "key", "list")["keys"]
        assert len(keys) == 4
        assert keys[0]["type"] == "ecdsa-sha2-nistp256", "the first one stays the one that signs"
        for wanted in (keys[2]["name"], keys[1]["fingerprint"]):
            used = p2_json(root, "key", "use", wanted)
            assert p2_json(root, "key", "ls")["keys"][0]["file"] == used["file"]
        exported = p2_json(root, "key", "export", tmp_path / "me.pub")
        line = (tmp_path / "me.pub").read_text()
        assert parse_public_line(line)[0].fingerprint == exported["fingerprint"]
        assert parse_public_line(p2(root, "key", "export").out)[1] == "me@here"
        assert "PRIVATE" not in line

    @pytest.mark.parametrize("wanted", ["nothing", "me@here"])
    def test_a_key_that_is_not_there_or_not_alone_is_refused(
        self, wanted: str, tmp_path: Path
    ) -> None:
        for _ in range(2):
            p2_json(tmp_path, "key", "new", "--no-passphrase", "--name", "me@here")
        finished = p2(tmp_path, "key", "use", wanted)
        assert finished.code == 4
        assert "P2-S0814" in finished.err
        assert "sign_ed25519-2" in finished.err

    @pytest.mark.parametrize(
        ("secret", "weak"),
        [("password1", True), ("Summer2026!", True), ("vantage-otter-plinth-40-quiver", False)],
    )
    def test_the_strength_of_a_passphrase_is_told_in_words(self, secret: str, weak: bool) -> None:
        hint, found = strength(secret)
        assert found == weak
        assert hint.startswith("somebody who steals the key's file could")


class TestSigning:
    @pytest.mark.parametrize("name", FILE_TYPES)
    def test_any_key_file_signs_and_its_owner_is_named_when_trusted(
        self, name: str, place: Workplace
    ) -> None:
        key = file_key(name)
        path = outside(place.folder, key)
        assert (
            "not trusted" in p2_json(place.root, "sign", place.script, "--key", path)["principal"]
        )
        trust(place, "ada@lab", key)
        signed = p2_json(place.root, "sign", place.script, "--key", path)
        assert signed["principal"] == "ada@lab"
        verified = p2_json(place.root, "verify", place.script)
        assert verified["signers"][0]["fingerprint"] == key.public.fingerprint

    def test_key_files_that_cannot_sign_are_refused_clearly(self, place: Workplace) -> None:
        handle = place.folder / "id_sk"
        handle.write_bytes(software_device(SK_TYPES[0]).handle())
        handle.chmod(0o600)
        open_key = outside(place.folder, file_key("ssh-ed25519"))
        open_key.chmod(0o644)
        before = sidecar(place)
        for key, code in (
            (handle, "P2-S0801"),
            (open_key, "P2-S0790"),
            (open_key.with_name("id.pub"), "P2-S0723"),
            (place.folder / "nothing", "P2-E001"),
        ):
            told = p2(place.root, "sign", place.script, "--key", key)
            assert told.code in (2, 4)
            assert code in told.err, told.err
        assert sidecar(place) == before

    def test_rsa_signs_and_counts_only_where_the_policy_allows_it(self, place: Workplace) -> None:
        key = file_key("ssh-rsa")
        path = outside(place.folder, key)
        finished = p2(place.root, "sign", place.script, "--key", path)
        assert (finished.code, "allow-rsa" in finished.err) == (4, True)
        trust(place, "ada@lab", key)
        policy = place.root / "config" / "trust" / "policy.toml"
        before = policy.read_text()
        allowing = before.replace("[policy]\n", "[policy]\nallow-rsa = true\n", 1)
        policy.write_text(
            allowing if "[policy]" in before else f"[policy]\nallow-rsa = true\n{before}"
        )
        p2_json(place.root, "sign", place.script, "--key", path)
        p2_json(place.root, "verify", place.script)
        policy.write_text(before)
        finished = p2(place.root, "verify", place.script)
        assert (finished.code, "E_KEY_ALGORITHM" in finished.err) == (4, True)

    @needs_ssh_agent
    def test_an_agent_signs(self, place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
        key = file_key("ecdsa-sha2-nistp256")
        trust(place, "ada@lab", key)
        with ssh_agent(place.folder) as told:
            ssh_add(place.folder, told, "-q", outside(place.folder, key))
            monkeypatch.setenv("SSH_AUTH_SOCK", told["SSH_AUTH_SOCK"])
            named = f"agent:{key.public.fingerprint}"
            assert (
                p2_json(place.root, "sign", place.script, "--key", named)["principal"] == "ada@lab"
            )
            finished = p2(place.root, "sign", place.script, "--key", "agent:nobody")
            assert (finished.code, "P2-S0805" in finished.err) == (4, True)
        monkeypatch.delenv("SSH_AUTH_SOCK")
        finished = p2(place.root, "sign", place.script, "--key", named)
        assert (finished.code, "P2-S0802" in finished.err) == (4, True)
        p2_json(place.root, "verify", place.script)

    @needs_ssh_agent
    def test_a_key_of_the_agent_becomes_the_one_that_signs(
        self, place: Workplace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = file_key("ecdsa-sha2-nistp384")
        with ssh_agent(place.folder) as told:
            ssh_add(place.folder, told, "-q", outside(place.folder, key))
            monkeypatch.setenv("SSH_AUTH_SOCK", told["SSH_AUTH_SOCK"])
            for _ in range(2):
                used = p2_json(place.root, "key", "use", f"agent:{key.public.fingerprint}")
            assert (used["principal"], used["in_agent"]) == ("tester@here", True)
            signed = p2_json(place.root, "sign", place.script)
            assert signed["fingerprint"] == key.public.fingerprint
        p2_json(place.root, "verify", place.script)
        finished = p2(place.root, "sign", place.script)
        assert (finished.code, "P2-S0802" in finished.err) == (4, True)
        keys = p2_json(place.root, "key", "list")["keys"]
        assert len(keys) == 2
        p2_json(place.root, "key", "use", keys[1]["name"])
        assert p2_json(place.root, "sign", place.script)["fingerprint"] == keys[1]["fingerprint"]

    @needs_ssh_keygen
    def test_a_program_signs_and_what_it_gives_is_checked(self, place: Workplace) -> None:
        key = file_key("ecdsa-sha2-nistp521")
        path = outside(place.folder, key)
        trust(place, "ada@lab", key)
        words = ("sign", place.script, "--signer-program", "ssh-keygen", "--key")
        assert p2_json(place.root, *words, path)["fingerprint"] == key.public.fingerprint
        p2_json(place.root, "verify", place.script)
        before = sidecar(place)
        other = outside(place.folder, file_key("ssh-ed25519"), "other")
        liar = place.folder / "liar"
        liar.write_text(f'#!/bin/sh\nexec ssh-keygen -Y sign -n "$4" -f {other} "$7"\n')
        liar.chmod(0o700)
        words = ("sign", place.script, "--signer-program", liar, "--key")
        finished = p2(place.root, *words, path)
        assert (finished.code, "P2-S0813" in finished.err) == (4, True)
        assert sidecar(place) == before

    def test_a_second_person_adds_a_signature_to_the_same_statement(self, place: Workplace) -> None:
        first = sidecar(place)
        key = file_key("ecdsa-sha2-nistp384")
        path = outside(place.folder, key)
        trust(place, "ada@lab", key)
        p2_json(place.root, "sign", place.script, "--add", "--key", path)
        assert sidecar(place).startswith(first)
        who = [s["principal"] for s in p2_json(place.root, "verify", place.script)["signers"]]
        assert who == ["tester@here", "ada@lab"]
        both = sidecar(place)
        anew = p2(place.root, "sign", place.script)
        assert "the 2 signatures that were there are gone" in anew.out
        place.script.with_name(f"{place.script.name}.sig").write_bytes(both)
        finished = p2(place.root, "sign", place.script, "--add", "--key", path)
        assert (finished.code, "E_SIG_DUPLICATE" in finished.err) == (4, True)
        place.script.write_text(place.script.read_text() + "\n")
        finished = p2(place.root, "sign", place.script, "--add", "--key", path)
        assert (finished.code, "P2-S0775" in finished.err) == (4, True)
        place.script.with_name(f"{place.script.name}.sig").unlink()
        assert "P2-S0701" in p2(place.root, "sign", place.script, "--add").err

    def test_a_person_is_shown_the_statement_and_asked_before(self, place: Workplace) -> None:
        before = sidecar(place)
        with Terminal(place.root, "sign", place.script) as terminal:
            shown = terminal.until("sign it as tester@here")
            assert re.search(r"^  reads +sweep/\*$", shown, re.MULTILINE)
            assert "MiB of memory" in shown
            terminal.types("n\n")
            terminal.process.wait(20)
        assert sidecar(place) == before


class TestChecking:
    def test_the_commands_for_each_signer_are_told_and_hold(self, place: Workplace) -> None:
        if any(shutil.which(tool) is None for tool in ("awk", "ssh-keygen", "sha256sum")):
            pytest.skip("awk, ssh-keygen and sha256sum are not all installed")
        key = file_key("ecdsa-sha2-nistp256")
        trust(place, "ada@lab", key)
        p2_json(place.root, "sign", place.script, "--add", "--key", outside(place.folder, key))
        commands = p2_json(place.root, "verify", place.script, "--explain")["stock_commands"]
        ran = subprocess.run(
            ["sh", "-e", "-c", "\n".join(commands)],
            cwd=place.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        for who in ("tester@here", "ada@lab"):
            assert f"signature for {who} with" in ran.stdout
        assert "mean.p2: OK" in ran.stdout

    def test_a_refusal_in_json_has_its_words_apart(self, place: Workplace) -> None:
        place.script.write_text(place.script.read_text() + "\n# more")
        told = p2(place.root, "verify", place.script, "--json").json
        assert told["ok"] is False
        assert (told["code"], told["name"]) == ("P2-S0774", "E_DIGEST")
        assert told["what"]
        assert told["where"] == "mean.p2"
        assert "plotter2 sign" in told["remedy"]

    def test_a_file_is_looked_into_also_when_it_is_refused(self, place: Workplace) -> None:
        path = place.script.with_name(f"{place.script.name}.sig")
        good = p2_json(place.root, "inspect", place.script)
        assert (good["ok"], good["script_fits"]) == (True, True)
        assert good["signatures"][0]["type"] == "ssh-ed25519"
        parts = split(path.read_bytes())
        damaged = (
            parts.statement.replace(b"serial 1", b"serial 2") + parts.armours[0] + b"\x1b[2Jx\n"
        )
        path.write_bytes(damaged)
        finished = p2(place.root, "inspect", path)
        assert finished.code == 4
        assert "\x1b" not in finished.out
        for told in ("E_SIDECAR_BLOCK", "serial 2", "E_SIG", "Ed25519"):
            assert told in finished.out, finished.out
        told = p2(place.root, "inspect", path, "--json").json
        assert {each["name"] for each in told["refused"]} >= {"E_SIDECAR_BLOCK"}
        place.script.write_text("p2 1\n")
        path.write_bytes(parts.join())
        assert p2(place.root, "inspect", place.script, "--json").json["script_fits"] is False

    def test_nothing_that_is_looked_into_breaks_it(self, place: Workplace) -> None:
        good = sidecar(place)
        device = software_device(SK_TYPES[1])
        statement = split(good).statement
        touched = inspect(statement + device.armour(statement, "plotter2-script@v1", flags=5))
        assert touched.blocks[0].touch is not None
        assert not touched.refusals
        for data in (b"", b"x", good[:-40], good + good, os.urandom(500), statement):
            assert inspect(data).refusals
