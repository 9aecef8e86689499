"""Script and signature file change between being opened and being used: what passes is what was signed, and it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from swapping_files import GOOD, Tally, raced
from sweep_samples import root_with_sweep

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return root_with_sweep(tmp_path_factory.mktemp("swapped"))


def nothing_wrong(tally: Tally) -> None:
    assert not tally.wrong, tally.wrong[:5]
    assert set(tally.passed) == set(GOOD), tally
    assert tally.passed.total() > tally.rounds / 20, tally
    # digests, links and pipes, missing files, strangers: the race was one
    assert {"P2-S0774", "P2-E0012", "P2-E0011"} <= set(tally.refused), tally
    assert "P2-S07" in " ".join(tally.refused)


def test_only_what_was_signed_passes_and_runs_while_files_are_swapped(root: Path) -> None:
    nothing_wrong(raced(400, 3, root))


@pytest.mark.attack
@pytest.mark.slow
def test_nothing_else_passes_in_ten_thousand_rounds(root: Path) -> None:
    nothing_wrong(raced(10_000, 10, root, seed=7))
