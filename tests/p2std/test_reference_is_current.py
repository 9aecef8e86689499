"""The pages of `docs/reference/` about operations are what the registry, the kernels and the examples say."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from draw_reference_pictures import DRAWN_FROM, digest_of, path_of
from operation_examples import PICTURES, SIGNATURES, draws, name_of
from p2lang.signatures import Signature, parse_signature
from p2std.describing import arguments, sentences, written
from p2std.reference import FOLDER, pages
from p2std.registry import core

LARGEST_PICTURES = 3_000_000
EACH = pytest.mark.parametrize("signature", SIGNATURES, ids=name_of)


def test_the_reference_is_written_anew_after_every_change() -> None:
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("operations*.md")}
    assert found == pages(), "run make docs"


def test_every_operation_is_in_the_reference() -> None:
    text = "".join(pages().values())
    for signature in core().by_full_name.values():
        assert f"`{written(signature)}`" in text


@EACH
def test_the_picture_beside_an_operation_is_drawn_from_its_example(signature: Signature) -> None:
    assert path_of(signature).exists() is draws(signature), "run make pictures"
    if draws(signature):
        with Image.open(path_of(signature)) as image:
            about: dict[Any, Any] = image.info
        assert about[DRAWN_FROM] == digest_of(signature), "run make pictures"


def test_no_picture_is_left_over_and_all_together_are_small() -> None:
    found = set(PICTURES.glob("*.png"))
    assert found <= {path_of(signature) for signature in SIGNATURES}
    assert sum(path.stat().st_size for path in found) < LARGEST_PICTURES


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


def test_facts_are_told_in_sentences() -> None:
    line = "fn f@1(x:num, low:num=0) -> number | 2*L | read | Words. | null sometimes; unit root x; low in 0..1"
    signature = parse_signature(line)
    assert list(sentences(signature)) == [
        "Gives a number.",
        "It may be missing even where no argument is.",
        "The result has the root of the unit of `x`.",
        "It costs 2 × L units of work a row (L is `low`).",
        "It needs the right `read`.",
    ]
    assert list(arguments(signature))[2:] == [
        "| `x` | number |  |  |",
        "| `low` | number | `0` | 0 to 1 |",
    ]
