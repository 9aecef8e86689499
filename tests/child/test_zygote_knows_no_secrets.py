"""The process that children are copied from has loaded what they need, and nothing that could sign or store."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

FORBIDDEN = {
    "apsw",
    "cryptography",
    "lark",
    "p2lang.check",
    "p2lang.compiler",
    "p2lang.parser",
    "p2sign",
    "plotter2.api",
    "plotter2.datter",
    "plotter2.host",
    "plotter2.orchestrator",
    "plotter2.runs",
}
NEEDED = {
    "contourpy._contourpy",
    "matplotlib._qhull",
    "matplotlib.backends.backend_pdf",
    "numpy.random",
    "polars",
    "plotter2.child.program",
    "plotter2.child.reader",
}
LOADED = """
import json, os, sys
from plotter2.child import preload, zygote
preload.preload()
zygote._jobs()
preload.equip(preload.EQUIPMENT)
print(json.dumps([sorted(sys.modules), preload.readable_folders()]))
"""


@pytest.mark.process
def test_the_zygote_loads_what_a_child_needs_and_no_keys_store_or_compiler() -> None:
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", LOADED], capture_output=True, check=True, text=True
    )
    modules, folders = json.loads(loaded.stdout)
    assert FORBIDDEN & set(modules) == set()
    assert set(modules) >= NEEDED
    assert len(folders) == 1
