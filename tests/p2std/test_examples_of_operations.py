"""Every operation has an example script that is laid out, right, accepted by the verifier, uses it, and runs."""

from __future__ import annotations

import pytest

from operation_examples import SIGNATURES, can_run, compiled_example, name_of, ran
from p2lang import ir
from p2lang.fmt import format_script
from p2lang.parser import parse
from p2lang.signatures import Signature
from p2lang.source import Source
from p2lang.verifier import verify
from p2std.registry import core, example_of, examples
from plotter2.errors import RunError

EACH = pytest.mark.parametrize("signature", SIGNATURES, ids=name_of)


def test_every_operation_has_an_example_and_every_example_an_operation() -> None:
    assert examples() == {(s.kind, s.full_name) for s in SIGNATURES}


@EACH
def test_an_example_says_what_it_shows_and_has_the_one_layout(signature: Signature) -> None:
    text = example_of(signature)
    script = parse(Source(text, "example.p2")).script
    assert script is not None
    assert format_script(script) == text
    assert text.startswith("p2 1\n## ")


@EACH
def test_an_example_compiles_without_a_word_and_is_verified(signature: Signature) -> None:
    found = compiled_example(signature)
    assert [d.message for d in found.diagnostics] == []
    assert found.module is not None
    program = verify(found.module.encode(), found.schemas, core())
    if signature.facts.stands_among or signature.facts.names:
        return  # it leaves only its columns behind, or stands for another operation
    called = {v[1] for n in program.module.nodes for a in n.attributes.values() for v in ir.walk(a)
              if v[0] == "call"}  # fmt: skip
    assert signature.full_name in called | {node.op for node in program.module.nodes}


@EACH
def test_an_example_runs_or_says_what_it_needs(signature: Signature) -> None:
    if not can_run(signature):
        with pytest.raises(RunError, match=r"which this release does not have yet|a bundle"):
            ran(signature)
        return
    channel = ran(signature)
    assert channel.blobs or channel.messages
