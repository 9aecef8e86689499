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
import json, sys
sys.path[:0] = {paths!r}
from confined_children import attackers
from plotter2.errors import Plotter2Error
from plotter2.orchestrator import TaskLimits
zygote = "import sys; sys.path[:0] = {paths!r}; import runpy; " \\
         "runpy.run_path({zygote!r}, run_name='__main__')"
answers = {{}}
for level in ("A", "B"):
    with attackers(level, (sys.executable, "-I", "-X", "utf8", "-c", zygote)) as children:
        ready = children.orchestrator.ready()
        if level == "A" and ready.level != "A":
            children.minimum = "B"
        deeds = {deeds!r}
        found = children.answer("deeds = " + repr(deeds) + "\\nanswer = {{d: tried(lambda: eval(d)) for d in deeds}}")
        found["ids"] = children.answer("answer = [os.getuid(), os.getgid()]")
        for name, source, limits in (
            ("deadly", "os.execv('/bin/true', ['true'])", TaskLimits()),
            ("endless", "while True: pass", TaskLimits(wall_ms=200)),
            ("greedy", "kept = []\\nwhile True: kept.append(bytearray(8_000_000))", TaskLimits(mem_mib=100)),
        ):
            found[name] = children.error(source, limits).code
        answers[level] = [ready.level, found]
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
