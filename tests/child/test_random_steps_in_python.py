"""Random steps in Python give a value or one clear error, and change nothing that others get."""

from __future__ import annotations

import pytest

from python_step_fuzzing import fuzz


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_random_texts_end_in_a_value_or_one_clear_error() -> None:
    counts = fuzz(1_500, 7)
    assert counts["value"] > 50
    assert counts["P2-R0691"] > 500
