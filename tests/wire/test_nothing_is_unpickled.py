"""Nothing that could unpickle or evaluate is used: not in the source, not by what the host has loaded."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("plotter2", "lang/p2lang", "stdlib/p2std", "signing/p2sign", "logger2")
UNPICKLERS = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
NOT_LOADED = UNPICKLERS - {"marshal"} | {"multiprocessing", "pickletools", "copyreg_pickle"}
EVALUATORS = {"eval", "exec", "compile", "__import__"}
ALLOW_PICKLE = "allow_pickle"
HOST = (
    "plotter2.api.library",
    "plotter2.cli.main",
    "plotter2.cli.scripts",
    "plotter2.cli.several",
    "plotter2.host.host",
    "plotter2.orchestrator",
    "plotter2.wire.inputs",
)


def sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_no_source_imports_what_unpickles() -> None:
    found = sources()
    assert len(found) > 300
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in found
        for name in imported(ast.parse(path.read_bytes()))
        if name in UNPICKLERS
    ]
    assert wrong == []


def test_no_source_lets_a_library_unpickle() -> None:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.keyword) and node.arg == ALLOW_PICKLE:
                assert isinstance(node.value, ast.Constant), path
                assert node.value.value is False, path


def test_what_evaluates_text_is_called_in_one_place_only() -> None:
    callers = {
        f"{path.relative_to(ROOT)}: {node.func.id}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in EVALUATORS
    }
    assert {caller for caller in callers if not caller.startswith("plotter2/child/")} == set()


@pytest.mark.process
def test_a_real_host_has_loaded_nothing_that_unpickles() -> None:
    code = f"""
import importlib, json, sys
for name in {HOST!r}: importlib.import_module(name)
who = {{}}
for name in {sorted(NOT_LOADED)!r}:
    if name in sys.modules:
        module = sys.modules[name]
        who[name] = sorted(
            n for n, m in list(sys.modules.items())
            if m is not module and any(v is module for v in list(vars(m).values()) if v is not None)
        )
print(json.dumps(who))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {}
