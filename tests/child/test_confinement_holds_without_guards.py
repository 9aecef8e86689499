"""With the language layer off, walks out of a step reach the machine's doors, and each door is shut: no real effect.

The same texts run outside the sandbox as well, where each must have its effect: a dead attack proves nothing.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from hostile_python import LIMITS, TABLES
from module_fuzzing import renamed
from p2lang import ir
from plotter2.errors import Plotter2Error
from plotter2.orchestrator import Orchestrator, OrchestratorSettings, Task
from plotter2.orchestrator.settings import Spares
from plotter2.wire.messages import RunJob
from running_programs import compiled, schema_of_parts, sealed_job

pytestmark = [pytest.mark.process, pytest.mark.attack]

HERE: Final = Path(__file__).parent
SECRET: Final = "the canary sings"
WALKS: Final = {
    "builtins of a function": "(lambda: 0).__globals__['__builtins__']",
    "globals of a method": "runs.rows.__func__.__globals__['__builtins__']",
    "globals of a word": "sorted._run.__globals__['__builtins__']",
    "globals of a class": "num.__class__.__init__.__globals__['__builtins__']",
    "subclasses": "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0]"
    ".__init__.__globals__['__builtins__']",
    "frame of a generator": "(x for x in [1]).gi_frame.f_builtins",
    "an import": "__import__('builtins')",
}
DEEDS: Final = {
    "read": "said = imported('pathlib').Path({canary!r}).read_text()",
    "environment": "said = imported('pathlib').Path('/proc/{pid}/environ').read_text()",
    "write": "imported('pathlib').Path({marker!r}).write_text('x')",
    "connect": "imported('socket').create_connection(('127.0.0.1', {port}), 5).close()",
    "signal": "imported('os').kill({victim}, 15)",
    "process": "imported('subprocess').run(['touch', {marker!r}], check=True)",
}
REFUSALS: Final = {"PermissionError", "FileNotFoundError"}
BODY: Final = """
found = {walk}
taken = found["__import__"] if isinstance(found, dict) else found.__import__
imported = lambda name: taken(name, None, None, ["x"])
said = ""
try:
    {deed}
except BaseException as error:
    said = type(error).__name__
return [{{"s": said}}]"""
HEAD: Final = """p2 1
script attack(runs: table{{run: string, step: int, reward: number?}}): table{{s: string}} = python \"\"\"{text}
\"\"\"
access("e") | attack | export("out.csv")
"""


class Machine:
    """What an attack could touch: a secret file, a secret in the environment, markers, a port, processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.canary = folder / "canary"
        self.canary.write_text(SECRET)
        self.port = socket.create_server(("127.0.0.1", 0))
        self.port.settimeout(0.2)
        self.keeper = subprocess.Popen(["sleep", "600"], env={**os.environ, "P2_CANARY": SECRET})
        self.victims: dict[str, subprocess.Popen[bytes]] = {}

    def text(self, walk: str, deed: str) -> str:
        """Give the text of an attack."""
        if deed == "signal":
            self.victims[walk] = subprocess.Popen(["sleep", "600"])
        victim = self.victims[walk].pid if walk in self.victims else 0
        filled = DEEDS[deed].format(
            canary=str(self.canary), pid=self.keeper.pid, marker=str(self.folder / f"{walk} {deed}"),
            port=self.port.getsockname()[1], victim=victim,
        )  # fmt: skip
        return BODY.format(walk=WALKS[walk], deed=filled)

    def connections(self) -> int:
        """Give how many came to the port."""
        count = 0
        while True:
            try:
                self.port.accept()[0].close()
            except TimeoutError:
                return count
            count += 1

    def dead(self) -> list[str]:
        """Give the victims that were ended."""
        return [name for name, victim in self.victims.items() if victim.poll() is not None]

    def close(self) -> None:
        """End what was started."""
        self.port.close()
        for victim in (self.keeper, *self.victims.values()):
            victim.kill()
            victim.wait()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with closing(Machine(tmp_path)) as machine:
        yield machine


def attacks(machine: Machine) -> dict[tuple[str, str], str]:
    return {(walk, deed): machine.text(walk, deed) for walk in WALKS for deed in DEEDS}


def told_outside(texts: list[str]) -> list[str]:
    """Give what the texts return without confinement."""
    path = os.pathsep.join((str(HERE), str(HERE.parent)))
    command = [sys.executable, "-X", "utf8", str(HERE / "unguarded_control.py")]
    done = subprocess.run(
        command, input=json.dumps(texts).encode(), capture_output=True, check=True,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    told: list[str] = json.loads(done.stdout)
    return told


def told_inside(texts: list[str]) -> list[str]:
    """Give what the texts return, or with what they fail, each in a confined child without guards."""
    zygote = (sys.executable, "-I", "-X", "utf8", str(HERE / "unguarded_zygote.py"))
    orders = OrchestratorSettings(zygote=zygote, cache=None, spares=Spares(most=2))
    with Orchestrator(orders) as orchestrator:
        return [_told(orchestrator, text) for text in texts]


def _told(orchestrator: Orchestrator, text: str) -> str:
    schemas = {"e": schema_of_parts(TABLES["e"])}
    good = compiled(HEAD.format(text="return []"), schemas).module
    assert good is not None
    content = json.loads(good.encode())
    for node in content["nodes"]:
        if node[1] == "script@1":
            node[3]["text"] = ["str", text]
    program = ir.canonical(renamed(content)).decode()
    try:
        with sealed_job(program, schemas, TABLES) as fds:
            outcome = orchestrator.submit(Task(RunJob(formats=["png"]), fds[1:], LIMITS))
    except Plotter2Error as error:
        return f"{error.code}: {error.message} {error.note}"
    with outcome:
        return " ".join(blob.data.decode() for blob in outcome.blobs)


def test_each_attack_has_its_effect_outside(machine: Machine) -> None:
    found = attacks(machine)
    told = dict(zip(found, told_outside(list(found.values())), strict=True))
    assert [walk for walk in WALKS if told[walk, "read"] != SECRET] == []
    assert [walk for walk in WALKS if SECRET not in told[walk, "environment"]] == []
    markers = sorted(f"{walk} {deed}" for walk in WALKS for deed in ("write", "process"))
    assert sorted(p.name for p in machine.folder.iterdir() if p.name != "canary") == markers
    assert machine.connections() == len(WALKS)
    assert sorted(machine.dead()) == sorted(WALKS)


def test_no_attack_has_an_effect_inside(machine: Machine) -> None:
    found = attacks(machine)
    told = dict(zip(found, told_inside(list(found.values())), strict=True))
    assert [attack for attack, said in told.items() if SECRET in said] == []
    assert {said.split()[-1] for (_, deed), said in told.items() if deed == "read"} <= REFUSALS
    assert [p.name for p in machine.folder.iterdir()] == ["canary"]
    assert machine.connections() == 0
    assert machine.dead() == []
    assert len(told) == 42
