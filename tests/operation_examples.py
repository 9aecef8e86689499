"""The example script of every operation, and what it gives on the example data."""

from __future__ import annotations

from pathlib import Path

from example_data import SHAPES, example_tables
from p2lang.compiler import Compiled, compile_script
from p2lang.semantics.structure import for_a_bundle
from p2lang.signatures import Signature
from p2lang.source import Source
from p2lang.types import schemas_from_json
from p2std.registry import core, example_of
from running_programs import FakeChannel, run_script

SCHEMAS = schemas_from_json(SHAPES)
SIGNATURES = tuple(core().by_full_name.values())


def name_of(signature: Signature) -> str:
    """Give `mark line@1`."""
    return f"{signature.kind} {signature.full_name}"


def ran(signature: Signature, formats: tuple[str, ...] = ()) -> FakeChannel:
    """Run the example of an operation in this process."""
    return run_script(example_of(signature), example_tables(), formats, schemas=SHAPES)


def compiled_example(signature: Signature) -> Compiled:
    """Compile the example of an operation."""
    return compile_script(Source(example_of(signature), "example.p2"), core(), SCHEMAS)


def can_run(signature: Signature) -> bool:
    """Tell whether this release runs the example of an operation."""
    module = compiled_example(signature).module
    return module is not None and not any(for_a_bundle(node, core()) for node in module.nodes)


def draws(signature: Signature) -> bool:
    """Tell whether the example of an operation makes a single picture."""
    module = compiled_example(signature).module
    plots = module is not None and any(node.kind == "plot" for node in module.nodes)
    return plots and can_run(signature)


def picture_of(signature: Signature) -> bytes | None:
    """Give the first picture that the example of an operation makes, if it makes one."""
    found = [data for _, kind, data in ran(signature, ("png",)).blobs if kind == "png"]
    return found[0] if found else None


PICTURES = Path(__file__).parents[1] / "docs" / "reference" / "pictures"
"""Where the pictures of the reference lie."""
