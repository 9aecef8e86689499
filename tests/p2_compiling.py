"""What the tests of checker, compiler and verifier share: example schemas, example scripts, one-call compilation."""

from __future__ import annotations

import json
from pathlib import Path

from p2_libraries import LIBRARIES
from p2lang.check import Schemas, UnusableBundle
from p2lang.compiler import Compiled, Limits, Surroundings, compile_script
from p2lang.semantics.selection import Selection
from p2lang.source import Source
from p2lang.types import ColumnType, TableSchema, schemas_from_json
from p2lang.verifier import Program, verify
from p2std.registry import core

HERE = Path(__file__).parent / "p2lang"
SCRIPTS = HERE / "scripts"
SCHEMAS: dict[str, TableSchema] = schemas_from_json(
    json.loads((SCRIPTS / "example_schemas.json").read_text(encoding="utf-8"))
)
LOWERED = tuple(sorted(SCRIPTS.glob("[01][0-9]_*.p2")))
"""The example scripts that this release compiles; tasks, links and steps in Python stop before they are run."""


PARAMS = {
    "lr": ColumnType("number"),
    "seed": ColumnType("int"),
    "opt": ColumnType("string", nullable=True),
    "fast": ColumnType("bool", nullable=True),
    "warmup": ColumnType("number"),
    "tag": ColumnType("any"),
}
"""The params that the bundles in `experiment2/*` have."""


def chosen(selected: Selection) -> TableSchema | None:
    """Give the shape of the bundles that remain; none do in a time to come."""
    if selected.attributes.get("since") == ["str", "2999-01-01"]:
        raise UnusableBundle(
            f'none of the 12 bundles in "{selected.path}" fulfils the conditions',
            "ask for other values",
            chosen=True,
        )
    return SCHEMAS.get(selected.path)


def compiled(text: str, name: str = "plot.p2", limits: Limits | None = None) -> Compiled:
    """Compile a text against the example schemas and the libraries of the tests."""
    schemas = Schemas(
        SCHEMAS.get, tuple(SCHEMAS), chosen, lambda path: PARAMS if path in SCHEMAS else None
    )
    return compile_script(Source(text, name), core(), schemas, limits, Surroundings(LIBRARIES))


def codes(text: str) -> list[str]:
    """Give the codes of what there is to say about a text, without the edition line's."""
    return [d.code for d in compiled(text).diagnostics if d.code != "P2-W0405"]


def module_of(text: str) -> Compiled:
    """Compile a text that must be right."""
    result = compiled(text)
    assert result.module is not None, [d.message for d in result.diagnostics]
    return result


def encoded(text: str) -> bytes:
    """Give the bytes of the module of a text that must be right."""
    module = module_of(text).module
    assert module is not None
    return module.encode()


def verified(data: bytes) -> Program:
    """Verify a module against the example schemas."""
    return verify(data, SCHEMAS, core())
