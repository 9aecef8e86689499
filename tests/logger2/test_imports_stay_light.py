"""`import logger2` loads nothing heavy, and recording loads only what it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FORBIDDEN = {
    *(
        "numpy",
        "msgspec",
        "lark",
        "polars",
        "matplotlib",
        "orjson",
        "json",
        "typing",
        "dataclasses",
        "logging",
        "re",
    ),
    *("p2lang", "plotter2", "p2std", "inspect", "pathlib", "asyncio"),
}


def loaded_by(program: str, *arguments: str) -> set[str]:
    """Give the modules that a program has loaded at its end, without what site-packages start-up loads."""
    root = str(Path(__file__).resolve().parents[2])
    begin = f"import sys; sys.path.insert(0, {root!r}); before = set(sys.modules)\n"
    end = "\nimport json as j; print(j.dumps(sorted(seen - before)))"
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            begin + program + "\nseen = set(sys.modules)" + end,
            *arguments,
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    return set(json.loads(done.stdout))


@pytest.mark.process
def test_importing_loads_nothing_heavy() -> None:
    assert loaded_by("import logger2") & FORBIDDEN == set()


@pytest.mark.process
def test_recording_needs_the_standard_library_only(tmp_path: Path) -> None:
    program = "import logger2\nwith logger2.run('x', dir=sys.argv[1], params={'a': 1}) as run: run.log(0, a=0.5)"
    loaded = loaded_by(program, str(tmp_path))
    assert {name.partition(".")[0] for name in loaded} <= set(sys.stdlib_module_names) | {"logger2"}
    assert loaded & (FORBIDDEN - {"json", "re"}) == set()
