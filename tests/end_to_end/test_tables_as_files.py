"""A table handed out as a file, through the confined child to the user's folder."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl
import pytest

from commandline import p2, p2_json
from sweep_samples import Workplace

pytestmark = pytest.mark.process

SCRIPT = """p2 1
let runs = access("sweep/*") | select(run, step, reward)
$runs | frame | line(x=step, y=reward, colour=run) | plot("reward") | handoff
$runs | head(3) | export("first.csv")
$runs | head(3) | export("first.json")
$runs | export("all.parquet")
"""


def test_files_stand_beside_the_pictures(place: Workplace, tmp_path: Path) -> None:
    script = place.folder / "files.p2"
    script.write_text(SCRIPT)
    p2_json(place.root, "sign", script)
    record = p2_json(place.root, "run", script, "-o", tmp_path)
    assert [Path(a["path"]).name for a in record["artefacts"]] == [
        "reward.png", "first.csv", "first.json", "all.parquet",
    ]  # fmt: skip
    rows = pl.read_parquet(io.BytesIO((tmp_path / "all.parquet").read_bytes()))
    assert rows.height == record["ledger"]["all.parquet"]["drawn"] == 540
    first = json.loads((tmp_path / "first.json").read_text())
    assert [list(row) for row in first] == [["run", "step", "reward"]] * 3
    assert (tmp_path / "first.csv").read_text().splitlines()[0] == "run,step,reward"


def test_what_a_run_cannot_do_is_said_at_its_place(place: Workplace) -> None:
    script = place.folder / "settled.p2"
    script.write_text(
        'p2 1\nscript late(t: table{step: int}): table{step: int} = python """return t.step"""\n'
        'access("sweep/*") | late | export("late.csv")\n'
    )
    p2_json(place.root, "sign", script)
    answer = p2(place.root, "run", script)
    assert answer.code != 0
    assert "P2-R0692" in answer.err
    assert "settled.p2:2:71" in answer.err
