"""Scripts that read some of the bundles at a path: by their params, by when they came in, by the name of a table."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from commandline import Finished, p2, p2_json
from plotter2.datter.ids import now_ms
from sweep_samples import STEPS, Workplace

pytestmark = pytest.mark.process


def signed(place: Workplace, text: str) -> Path:
    script = place.folder / "chosen.p2"
    script.write_text(f"p2 1\n{text}\n")
    p2_json(place.root, "sign", script)
    return script


def ran(place: Workplace, text: str, *words: str) -> tuple[set[tuple[Any, ...]], int]:
    """Run a script that exports `t.json`; gives its rows, and how many bundles were opened for it."""
    out = place.folder / "out"
    record = p2_json(place.root, "run", signed(place, text), "-o", out, *words)
    rows = json.loads((out / "t.json").read_text())
    return {tuple(row.values()) for row in rows}, record["ledger"]["t.json"]["read"] // STEPS


def refused(place: Workplace, text: str) -> Finished:
    script = place.folder / "wrong.p2"
    script.write_text(f"p2 1\n{text}\n")
    return p2(place.root, "check", script)


EACH_RUN = '| summary(by=[lr, seed], n = count()) | select(lr, seed) | export("t.json")'


CONDITIONS = (
    "lr in [0.01, 0.3] and not seed in 1..2",
    "not (lr <= 0.1 or seed == 0)",
    "0.05 < lr and seed >= 2",
    "lr > 5%",
    "not isnull(lr) and seed < 1",
)


def test_a_condition_means_what_a_filter_on_the_param_means(place: Workplace) -> None:
    text = "\n".join(
        f'access("sweep/*", where={condition}) {EACH_RUN.replace("t.json", f"where{n}.json")}\n'
        f'access("sweep/*") | filter({condition}) {EACH_RUN.replace("t.json", f"filter{n}.json")}'
        for n, condition in enumerate(CONDITIONS)
    )
    out = place.folder / "out"
    ledger = p2_json(place.root, "run", signed(place, text), "-o", out)["ledger"]
    for n in range(len(CONDITIONS)):
        chosen = json.loads((out / f"where{n}.json").read_text())
        assert chosen == json.loads((out / f"filter{n}.json").read_text())
        assert ledger[f"where{n}.json"]["read"] == len(chosen) * STEPS
        assert ledger[f"filter{n}.json"]["read"] == 9 * STEPS


def test_the_params_of_a_run_choose(place: Workplace) -> None:
    text = f"""param low: number = 0.05
param seeds: list[int] = [0, 1, 2] where count($seeds) in 1..9
access("sweep/*", where=lr > $low and seed in $seeds) {EACH_RUN}"""
    assert ran(place, text, "--param", "low=0.2", "--param", "seeds=[1]") == ({(0.3, 1)}, 1)
    answer = p2(place.root, "run", place.folder / "chosen.p2", "--param", "low=7")
    assert "P2-D0866" in answer.err
    assert "none of the 9 bundles" in answer.err


def test_two_choices_of_one_path_are_two_tables(place: Workplace) -> None:
    text = """let slow = access("sweep/*", where=lr < 0.05) | derive(which = "slow")
let fast = access("sweep/*", where=lr > 0.2) | derive(which = "fast")
union($slow, $fast) | summary(by=[which, lr], n = count()) | select(which, lr) | export("t.json")"""
    assert ran(place, text) == ({("slow", 0.01), ("fast", 0.3)}, 6)


def test_time_chooses_and_is_in_utc_unless_it_says_otherwise(place: Workplace) -> None:
    later = datetime.fromtimestamp(now_ms() / 1000, UTC) + timedelta(minutes=5)
    written = later.strftime("%Y-%m-%dT%H:%M")
    assert ran(place, f'access("sweep/*", since=2h, before="{written}") {EACH_RUN}')[1] == 9
    for early in ("2020-01-01", f"{written}+02:00"):
        answer = refused(place, f'access("sweep/*", before="{early}") | show')
        assert "P2-E0273" in answer.out + answer.err
        assert "none of the 9 bundles" in answer.out + answer.err


def test_a_table_is_named_beside_the_path(place: Workplace) -> None:
    rows = ran(place, f'access("sweep/*", where=seed == 1, table="main") {EACH_RUN}')[1]
    assert rows == 3
    answer = refused(place, 'access("sweep/*", table="mian") | show')
    assert "P2-E0218" in answer.out + answer.err


def test_the_plan_shows_what_chooses(place: Workplace) -> None:
    script = signed(place, 'access("sweep/*", where=lr > 0.05, since="2020-01-01") | show')
    told = p2(place.root, "explain", "plan", script).out
    assert "where=(lr > 0.05)" in told
    assert 'since="2020-01-01"' in told
