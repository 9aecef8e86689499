"""The same attacks when host and zygote are an ordinary user, who lends rights from a user namespace."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from confined_children import ZYGOTE
from ordinary_user import as_nobody, import_paths, usable_python

pytestmark = pytest.mark.process

TESTS: Final = Path(__file__).parents[1]
HOST: Final = """
import json, os, signal, sys, time
sys.path[:0] = {paths!r}
from confined_children import attackers
from plotter2.errors import Plotter2Error
from plotter2.orchestrator import TaskLimits
zygote = "import sys; sys.path[:0] = {paths!r}; import runpy; " \\
         "runpy.run_path({zygote!r}, run_name='__main__')"
def below(pid):
    with open(f"/proc/{{pid}}/task/{{pid}}/children") as file:
        direct = [int(word) for word in file.read().split()]
    return direct + [one for each in direct for one in below(each)]
def lives(pid):
    try:
        with open(f"/proc/{{pid}}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
def killed(children):
    family = below(os.getpid())
    os.kill(family[0], signal.SIGKILL)
    deadline = time.monotonic() + 20
    while any(map(lives, family)) and time.monotonic() < deadline:
        time.sleep(0.02)
    after = [one for one in family if lives(one)]
    return [len(family), after, children.answer("answer = 1")]
answers = {{}}
for level in ("A", "B"):
    with attackers(level, (sys.executable, "-I", "-X", "utf8", "-c", zygote)) as children:
        ready = children.orchestrator.ready()
        if level == "A" and ready.level != "A":
            children.minimum = "B"
        deeds = {deeds!r}
        found = children.answer("deeds = " + repr(deeds) + "\\nanswer = {{d: tried(lambda: eval(d)) for d in deeds}}")
        found["ids"] = children.answer("answer = [os.getuid(), os.getgid()]")
        found["number"] = children.answer("answer = os.getpid()")
        found["missing"] = list(ready.missing)
        for name, source, limits in (
            ("deadly", "os.execv('/bin/true', ['true'])", TaskLimits()),
            ("endless", "while True: pass", TaskLimits(wall_ms=200)),
            ("greedy", "kept = []\\nwhile True: kept.append(bytearray(8_000_000))", TaskLimits(mem_mib=100)),
        ):
            found[name] = children.error(source, limits).code
        answers[level] = [ready.level, found]
        if level == "A":
            answers["killed"] = killed(children)
print(json.dumps(answers))
"""
DEEDS: Final = (
    "os.open('/etc/passwd', os.O_RDONLY)",
    "os.open('/proc/self/environ', os.O_RDONLY)",
    "os.open('/tmp/attack', os.O_WRONLY | os.O_CREAT)",
    "socket.socket()",
    "os.fork()",
    "os.kill(parent, 0)",
    "mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_EXEC)",
)


@pytest.fixture(scope="module")
def answers() -> dict[str, tuple[str, dict[str, Any]]]:
    python = usable_python()
    paths = [str(TESTS), *import_paths()]
    source = HOST.format(paths=paths, zygote=str(ZYGOTE), deeds=DEEDS)
    host = subprocess.run(
        [python, "-I", "-c", source], check=False, capture_output=True, text=True, **as_nobody()
    )
    assert host.returncode == 0, host.stderr
    answers: dict[str, tuple[str, dict[str, Any]]] = json.loads(host.stdout)
    return answers


@pytest.mark.parametrize("level", ["A", "B"])
def test_an_ordinary_users_children_are_confined(
    answers: dict[str, tuple[str, dict[str, Any]]], level: str
) -> None:
    reached, found = answers[level]
    assert reached in ("A", "B")
    assert {found[deed] for deed in DEEDS} <= {"EPERM", "EACCES", "ENOENT", "ESRCH", "EROFS"}
    assert (found["deadly"], found["endless"], found["greedy"]) == (
        "P2-H0903",
        "P2-H0904",
        "P2-H0906",
    )
    assert 0 not in found["ids"]


def test_an_ordinary_users_child_is_alone_in_its_process_ids(
    answers: dict[str, tuple[str, dict[str, Any]]],
) -> None:
    reached, found = answers["A"]
    if reached != "A":
        assert found["missing"]
        pytest.skip("this machine lends an ordinary user no namespaces")
    assert found["number"] == 1
    assert found["missing"] == []
    assert answers["B"][1]["number"] > 1
    assert "pid_namespace" in answers["B"][1]["missing"]


def test_the_end_of_what_the_host_started_ends_all_that_came_of_it(answers: dict[str, Any]) -> None:
    family, survivors, answered_afterwards = answers["killed"]
    assert family >= 1
    assert survivors == []
    assert answered_afterwards == 1
