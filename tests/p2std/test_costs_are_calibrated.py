"""The cost texts of the registry beside what was measured: no operation takes three times what its text says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from p2lang.semantics.cost import factors
from p2std.registry import core

TABLE = json.loads(
    (Path(__file__).parents[2] / "bench" / "calibration.json").read_text(encoding="utf-8")
)
NANOSECONDS = 10
"""What a unit stands for."""


@pytest.mark.parametrize("name", sorted(TABLE["operations"]))
def test_an_operation_takes_no_more_than_three_times_its_units(name: str) -> None:
    measured = TABLE["operations"][name]
    assert measured["ns_a_row"] <= 3 * NANOSECONDS * max(measured["units"], 1)


@pytest.mark.parametrize("name", sorted(TABLE["operations"]))
def test_the_registry_says_what_was_measured_with(name: str) -> None:
    texts = {s.cost for s in core().by_full_name.values() if s.name == name}
    plain = {text for text in texts if all(isinstance(factor, int) for factor in factors(text))}
    assert not plain or str(TABLE["operations"][name]["units"]) in plain
