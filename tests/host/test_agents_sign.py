"""An ssh-agent signs: a real one, and ones that answer nonsense, late or not at all."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from p2sign import sshsig
from p2sign.algorithms import EVERY
from p2sign.fields import string
from p2sign.keys import SigningKey
from p2sign.make import ForeignKey, sign_statement
from p2sign.sidecar import split
from p2sign_keys import FILE_TYPES, SK_TYPES, file_key, software_device
from p2sign_samples import ALICE, BOB, NAMESPACE, TERMS
from plotter2.errors import Refused
from plotter2.host.agent import Agent
from ssh_tools import needs_ssh_agent, ssh_add, ssh_agent

real = [pytest.mark.process, needs_ssh_agent]


def key_file(folder: Path, key: SigningKey, name: str = "key") -> Path:
    path = folder / name
    path.write_bytes(key.dump())
    path.chmod(0o600)
    return path


def foreign(agent: Agent, wanted: str) -> ForeignKey:
    found = agent.key(wanted)
    return ForeignKey(found.public, lambda message, use: sshsig.sign(message, found, use))


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        call()
    problem = caught.value.problem()
    assert problem.help
    assert "\n" not in problem.message
    return problem.code


class TestARealAgent:
    pytestmark = real

    @pytest.mark.parametrize("name", [*FILE_TYPES, "ssh-rsa"])
    def test_it_signs_with_a_key_of_every_type(self, name: str, tmp_path: Path) -> None:
        key = file_key(name)
        with ssh_agent(tmp_path) as told:
            ssh_add(tmp_path, told, "-q", key_file(tmp_path, key))
            agent = Agent.of(10, environment=told)
            sidecar = sign_statement(TERMS, foreign(agent, key.public.fingerprint), EVERY)
        assert split(sidecar).signatures(EVERY)[0].key == key.public

    def test_a_key_is_named_by_its_comment_if_it_is_the_only_one(self, tmp_path: Path) -> None:
        with ssh_agent(tmp_path) as told:
            agent = Agent.of(10, environment=told)
            for name, key in (("alice", ALICE), ("bob", BOB)):
                path = key_file(tmp_path, key, name)
                subprocess.run(
                    ["ssh-keygen", "-q", "-c", "-C", name, "-P", "", "-f", path],
                    check=True,
                    capture_output=True,
                )
                ssh_add(tmp_path, told, "-q", path)
            assert agent.key("bob").public == BOB.public
            assert refused(lambda: agent.key("carol")) == "P2-S0805"
            with pytest.raises(Refused, match="no key") as caught:
                agent.key("SHA256:nothing")
            assert ALICE.public.fingerprint in caught.value.help

    def test_an_empty_and_a_locked_agent_say_so(self, tmp_path: Path) -> None:
        asking = tmp_path / "askpass"
        asking.write_text("#!/bin/sh\necho open\n")
        asking.chmod(0o700)
        with ssh_agent(tmp_path) as told:
            agent = Agent.of(10, environment=told)
            assert refused(lambda: agent.key("any")) == "P2-S0804"
            ssh_add(tmp_path, told, "-q", key_file(tmp_path, ALICE))
            found = agent.key(ALICE.public.fingerprint)
            more = {"SSH_ASKPASS": str(asking), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
            ssh_add(tmp_path, told, "-x", **more)
            assert refused(lambda: agent.key(ALICE.public.fingerprint)) == "P2-S0804"
            assert refused(lambda: found.signature_fields(b"x")) == "P2-S0806"

    def test_a_key_that_nobody_confirms_or_that_is_for_certain_hosts_is_refused(
        self, tmp_path: Path
    ) -> None:
        hosts = tmp_path / "known"
        hosts.write_text(f"lab.example {BOB.public.line()}\n")
        for words in (("-c",), ("-h", "lab.example", "-H", hosts)):
            with ssh_agent(tmp_path) as told:
                ssh_add(tmp_path, told, "-q", *words, key_file(tmp_path, ALICE))
                agent = Agent.of(10, environment=told)
                found = agent.key(ALICE.public.fingerprint)
                assert refused(lambda found=found: found.signature_fields(b"x")) == "P2-S0806"  # type: ignore[misc]


# ------------------------------------------------------------------ agents that are none


@contextmanager
def answering(folder: Path, answer: Callable[[bytes], bytes | None]) -> Iterator[Agent]:
    """Listen as an agent does; `answer` gives the bytes for a request, None for silence."""
    address = str(folder / "fake")
    silent = threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(address)
        listening.listen()
        listening.settimeout(0.05)

        def serve() -> None:
            while not silent.is_set():
                try:
                    talk, _ = listening.accept()
                except TimeoutError:
                    continue
                with talk:
                    request = talk.recv(65536)
                    if request:
                        given = answer(request)
                        if given is None:
                            silent.wait(20)
                        else:
                            talk.sendall(given)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        try:
            yield Agent(address, 1)
        finally:
            silent.set()
            serving.join(20)


def keys_answer(*blobs: bytes) -> bytes:
    body = b"\x0c" + len(blobs).to_bytes(4, "big")
    return string(body + b"".join(string(blob) + string(b"a\x1b[2J") for blob in blobs))


NONSENSE = {
    "nothing": b"",
    "another length": b"\0\0\0\x05\x0c",
    "a huge length": b"\xff\xff\xff\xff",
    "no length": b"\0\0\0\0",
    "another answer": string(b"\x63"),
    "too many keys": string(b"\x0c\xff\xff\xff\xff"),
    "fewer keys than it says": string(b"\x0c\0\0\0\2" + string(b"x") + string(b"")),
    "something left over": string(b"\x0c\0\0\0\0x"),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_refused_when_keys_are_asked_for(what: str, tmp_path: Path) -> None:
    with answering(tmp_path, lambda _: NONSENSE[what]) as agent:
        assert refused(agent.all_keys) == "P2-S0803"


@pytest.mark.parametrize(
    "given", [b"", string(b"\x0e"), string(b"\x0e" + string(b"x") + b"y"), b"\0\1\0\0\x0e"]
)
def test_nonsense_is_refused_when_a_signature_is_asked_for(given: bytes, tmp_path: Path) -> None:
    with answering(tmp_path, lambda _: given) as agent:
        assert refused(lambda: agent.signature(ALICE.public, b"x")) == "P2-S0803"


def test_keys_that_cannot_sign_here_are_left_out(tmp_path: Path) -> None:
    certificate = string(b"ssh-ed25519-cert-v01@openssh.com") + string(bytes(32))
    blobs = (certificate, ALICE.public.blob, string(b"ssh-dss"))
    with answering(tmp_path, lambda _: keys_answer(*blobs)) as agent:
        assert [key.public for key in agent.all_keys()] == [ALICE.public]
        with pytest.raises(Refused) as caught:
            agent.key("b")
        assert caught.value.help.isprintable()


def test_an_agent_that_keeps_silent_is_left_after_a_while_and_the_person_was_told(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    with answering(tmp_path, lambda _: None) as agent:
        waiting = Agent(agent.address, 0.6, told.append)
        assert refused(lambda: waiting.signature(ALICE.public, b"x")) == "P2-S0807"
    assert told == ["confirm on your agent or touch the key"]


def test_an_agent_that_does_not_even_list_its_keys_is_not_one_to_confirm_on(tmp_path: Path) -> None:
    told: list[str] = []
    with answering(tmp_path, lambda _: None) as agent:
        waiting = Agent(agent.address, 0.6, told.append)
        with pytest.raises(Refused, match="P2-S0807") as caught:
            waiting.all_keys()
    assert told == ["waiting for your agent"]
    assert "ssh-add -l" in caught.value.help


def test_of_keys_with_one_comment_only_these_are_named(tmp_path: Path) -> None:
    answer = keys_answer(ALICE.public.blob, BOB.public.blob)
    with answering(tmp_path, lambda _: answer) as agent:
        with pytest.raises(Refused, match="2 keys") as caught:
            agent.key("a\x1b[2J")
        assert caught.value.help.count("agent:") == 2
        with pytest.raises(Refused, match="no key called"):
            agent.key("")


@pytest.mark.parametrize("name", SK_TYPES)
def test_a_security_key_signs_through_an_agent(name: str, tmp_path: Path) -> None:
    device = software_device(name)

    def answer(request: bytes) -> bytes:
        if request[4] == 11:
            return keys_answer(device.blob)
        at = 5 + 4 + len(device.blob)
        length = int.from_bytes(request[at : at + 4], "big")
        message = request[at + 4 : at + 4 + length]
        return string(b"\x0e" + string(device.signature(message)))

    with answering(tmp_path, answer) as agent:
        sidecar = sign_statement(TERMS, foreign(agent, device.public.fingerprint))
    signature = split(sidecar).signatures()[0]
    assert (signature.key, signature.namespace) == (device.public, NAMESPACE)


def test_without_an_agent_there_is_one_message(tmp_path: Path) -> None:
    assert refused(lambda: Agent.of(1, environment={})) == "P2-S0802"
    for address in (tmp_path / "nothing", tmp_path, tmp_path / ("x" * 200)):
        environment = {"SSH_AUTH_SOCK": str(address)}
        assert refused(Agent.of(1, environment=environment).all_keys) == "P2-S0802"
    assert os.environ.get("SSH_AUTH_SOCK", "") != str(tmp_path)
