"""`stdlib/README.md` is what the registry and the kernels say."""

from __future__ import annotations

import pytest

from p2lang.signatures import parse_signature
from p2std.reference import TARGET, reference, written
from p2std.registry import core


def test_the_reference_is_written_anew_after_every_change() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), "run python -m p2std.reference"


def test_every_operation_is_in_the_reference() -> None:
    text = reference()
    for signature in (*core().by_full_name.values(), *core().planned.values()):
        assert f"`{written(signature)}`" in text


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("agg iqr@1(x:num) -> number", "iqr(x: number) → number"),
        ("step keep@1(*cols, n:int=2) : table -> table", "keep(column, …, n: whole number = 2)"),
        ("win lag@1(x:any, by:cols?) -> same", "lag(x: anything, by?: columns) → as x"),
        (
            "mark dot@1(x:col, at:enum(a|b)=a) : view -> view",
            'dot(x: column, at: "a" or "b" = "a")',
        ),
    ],
)
def test_a_signature_is_written_for_people(line: str, shown: str) -> None:
    assert written(parse_signature(line)) == shown
