"""What the store knows of the recorded numbers decides what a starter script draws and warns of."""

from __future__ import annotations

from pathlib import Path

import pytest

import logger2
from commandline import p2_json

pytestmark = pytest.mark.process


def test_a_loss_over_orders_of_magnitude_gets_a_log_axis_and_ragged_runs_a_warning(
    tmp_path: Path,
) -> None:
    for seed, steps in enumerate((200, 180, 190)):
        params = {"seed": seed}
        with logger2.run("decay", params=params, repeat="seed", dir=str(tmp_path)) as run:
            for step in range(steps):
                run.log(step, loss=10.0 * 0.96**step, accuracy=1 - 0.96**step)
    root = tmp_path / "root"
    p2_json(root, "add", tmp_path / "decay")
    text = p2_json(root, "new", "decay", "-o", "-")["text"]
    loss, accuracy = (
        next(f for f in text.split("\n\n") if f'plot("{n}")' in f) for n in ("loss", "accuracy")
    )
    assert 'yscale="log"' in loss
    assert "yscale" not in accuracy
    assert "runs end at different steps, 179 to 199" in text
