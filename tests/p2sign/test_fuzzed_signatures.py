"""A share of the fuzzing of signatures: `make fuzz` does more."""

from __future__ import annotations

from pathlib import Path

import pytest

from signature_fuzzing import fuzz
from ssh_tools import needs_ssh_keygen


@pytest.mark.process
@needs_ssh_keygen
def test_what_is_accepted_here_ssh_keygen_accepts_too_and_nothing_breaks(tmp_path: Path) -> None:
    tally = fuzz(1400, tmp_path)
    assert tally.tried >= 1400
    assert tally.accepted > 50
    assert len(tally.refused) > 12
    assert tally.only_here == []
    assert tally.crashes == []
