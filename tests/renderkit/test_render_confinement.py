"""What drawing needs from its surroundings: no thread, no file but the fonts, no heavy import before its time."""

from __future__ import annotations

import json
import subprocess
import sys

import matplotlib
import pytest

from renderkit.sample_views import HERE

pytestmark = pytest.mark.process


def answer(program: str) -> dict[str, object]:
    """Run a program in a fresh interpreter with one BLAS thread and read its JSON answer."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={
            "OPENBLAS_NUM_THREADS": "1",
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "MPLCONFIGDIR": matplotlib.get_cachedir(),
        },
    )
    value: dict[str, object] = json.loads(done.stdout)
    return value


def test_the_package_loads_neither_numpy_nor_matplotlib() -> None:
    program = """
import json, sys
import plotter2.renderkit.provenance
heavy = [name for name in ("numpy", "matplotlib", "polars") if name in sys.modules]
import plotter2.renderkit.compose
print(json.dumps({"provenance": heavy, "compose": [n for n in ("matplotlib", "polars") if n in sys.modules]}))
"""
    assert answer(program) == {"provenance": [], "compose": []}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts the threads in /proc")
def test_warming_starts_no_thread_and_a_forked_child_opens_only_fonts() -> None:
    program = f"""
import json, os, sys
sys.path.insert(0, {str(HERE.parent)!r})
from renderkit.sample_views import SAMPLES
from plotter2.renderkit.compose import compose
from plotter2.renderkit.mpl import FORMATS, draw, warm
scenes = [compose(make()) for make in SAMPLES.values()]
before = len(os.listdir("/proc/self/task"))
warm()
after = len(os.listdir("/proc/self/task"))
out, into = os.pipe()
if os.fork() == 0:
    opened, loaded = set(), set(sys.modules)
    sys.addaudithook(lambda event, args: opened.add(os.fspath(args[0])) if event == "open" else None)
    for scene in scenes:
        for format in FORMATS:
            draw(scene, format, {{"a": 1}})
    late = sorted(set(sys.modules) - loaded)
    os.write(into, json.dumps({{"opened": sorted(opened), "late": late}}).encode())
    os._exit(0)
os.wait()
print(json.dumps({{"threads": [before, after], **json.loads(os.read(out, 65536))}}))
"""
    seen = answer(program)
    assert seen["threads"] == [1, 1]
    opened = seen["opened"]
    assert isinstance(opened, list)
    assert [path for path in opened if "/mpl-data/fonts/ttf/" not in path] == []
    assert seen["late"] == []
