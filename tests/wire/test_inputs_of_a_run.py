"""The lists in shared memory come back the same, and a wrong one is a clear error."""

from __future__ import annotations

import pytest

from plotter2.errors import HostError
from plotter2.wire import codes
from plotter2.wire.inputs import (
    ColumnPart,
    InputTable,
    RunInputs,
    RunProgram,
    TablePart,
    decode_inputs,
    decode_program,
    encode_inputs,
    encode_program,
)

INPUTS = RunInputs(
    tables=[
        InputTable(
            path="sweep/*",
            parts=[
                TablePart(
                    bundle="sweep",
                    bundle_id="01M8",
                    run="1",
                    rows=3,
                    columns={"loss": [ColumnPart(fd=3, offset=0, length=64)]},
                    constants={"lr": 0.1, "name": None, "deep": True},
                )
            ],
        )
    ]
)
PROGRAM = RunProgram(
    module="(module)", schemas={"sweep": {"rows": 3}}, provenance={"a": [1]}, spans={"n1": (0, 4)}
)


def test_inputs_and_program_come_back_the_same() -> None:
    assert decode_inputs(encode_inputs(INPUTS)) == INPUTS
    assert decode_program(encode_program(PROGRAM)) == PROGRAM


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"tables": [], "more": 1}',
        b'{"tables": [{"path": "a", "parts": [{}]}]}',
        encode_inputs(INPUTS).replace(b'"fd":3', b'"fd":0'),
        encode_inputs(INPUTS).replace(b'"fd":3', b'"fd":200'),
        encode_inputs(INPUTS).replace(b'"rows":3', b'"rows":-3'),
    ],
)
def test_wrong_inputs_are_refused(data: bytes) -> None:
    with pytest.raises(HostError) as caught:
        decode_inputs(data)
    assert caught.value.code == codes.PROTOCOL_BROKEN


@pytest.mark.parametrize("data", [b"", b"{}", b'{"module": 1}', b"\xff"])
def test_a_wrong_program_is_refused(data: bytes) -> None:
    with pytest.raises(HostError):
        decode_program(data)
