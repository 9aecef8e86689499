"""What a view says about its statistics, and which notes go with it."""

from __future__ import annotations

import polars as pl
import pytest

from p2lang.types import schemas_from_json
from p2lang.verifier import verify
from p2std.origins import counted
from p2std.registry import core
from running_programs import FakeChannel, Part, compiled, run_script, schema_of_parts


def runs(missing: int = 0) -> list[Part]:
    """Give five runs of two rates; in run 0 the first `missing` steps lack a reward."""
    parts = []
    for run in range(5):
        reward = [float(run + step) for step in range(4)]
        shown = [None if run == 0 and step < missing else r for step, r in enumerate(reward)]
        frame = pl.DataFrame({"step": range(4), "reward": pl.Series(shown, dtype=pl.Float64)})
        parts.append(Part(frame, {"run": f"run{run}", "lr": 0.1}, f"run{run}"))
    return parts


def caption(steps: str, marks: str, parts: list[Part] | None = None) -> tuple[str, FakeChannel]:
    """Give the caption of a picture as its ledger tells it, and what else the run told."""
    text = f'p2 1 access("e/*") | {steps} | frame | {marks} | plot | handoff'
    parts = parts or runs()
    channel = run_script(
        text, {"e/*": parts}, schemas={"e/*": {**schema_of_parts(runs(1)), "rows": 100}}
    )
    return channel.ledger()["caption"], channel


BAND = "band(x=step, lo=lo, hi=hi) | line(x=step, y=m)"
ERROR = "stddev(reward) / sqrt(count())"
INTERVALS = {
    "m = mean(reward), lo = ci_low(reward), hi = ci_high(reward)": (
        "line: mean of reward; band: 95 % t-interval; n = 5"
    ),
    "m = mean(reward), lo = ci_low(reward, level=99.9%), hi = ci_high(reward, level=99.9%)": (
        "line: mean of reward; band: 99.9 % t-interval; n = 5"
    ),
    "m = median(reward), lo = quantile(reward, 25%), hi = quantile(reward, 75%)": (
        "line: median of reward; band: 25 % to 75 % quantile; n = 5"
    ),
    "m = quantile(reward, 0.5), lo = min(reward), hi = max(reward)": (
        "line: 50 % quantile of reward; band: minimum to maximum; n = 5"
    ),
    "m = mean(reward), lo = mean(reward) - stddev(reward), hi = mean(reward) + stddev(reward)": (
        "line: mean of reward; band: mean ± 1 standard deviation; n = 5"
    ),
    "m = mean(reward), lo = mean(reward) - 2 * stddev(reward), hi = mean(reward) + 2 * stddev(reward)": (
        "line: mean of reward; band: mean ± 2 standard deviations; n = 5"
    ),
    f"m = mean(reward), lo = mean(reward) - {ERROR}, hi = mean(reward) + {ERROR}": (
        "line: mean of reward; band: mean ± 1 standard error; n = 5"
    ),
    "m = mean(reward), lo = mean(reward) - 1, hi = mean(reward) + 1": (
        "line: mean of reward; band: lo..hi; n = 5"
    ),
    "m = mean(reward), lo = ci_low(reward, level=90%), hi = ci_high(reward, level=99%)": (
        "line: mean of reward; band: lo..hi; n = 5"
    ),
    "m = mean(reward / 2), lo = ci_low(reward), hi = ci_high(reward)": (
        "line: mean of reward / 2; band: 95 % t-interval; n = 5"
    ),
}


@pytest.mark.parametrize("new", INTERVALS)
def test_a_band_states_estimator_interval_and_n(new: str) -> None:
    assert caption(f"summary(by=[step], {new})", BAND)[0] == INTERVALS[new]


def test_n_is_a_range_when_groups_differ_and_missing_values_do_not_count() -> None:
    new = "m = mean(reward), lo = ci_low(reward), hi = ci_high(reward)"
    said, channel = caption(f"summary(by=[step], {new})", BAND, runs(missing=2))
    assert said == "line: mean of reward; band: 95 % t-interval; n = 4–5"
    assert channel.notes == []


def test_n_is_followed_through_later_steps() -> None:
    new = "m = mean(reward), lo = ci_low(reward), hi = ci_high(reward)"
    later = (
        f"summary(by=[step], {new}) | filter(step >= 2) | select(step, m, lo, hi) | "
        "rename(middle = m) | order(desc(step)) | derive(top = hi)"
    )
    said, _ = caption(
        later, "band(x=step, lo=lo, hi=top) | line(x=step, y=middle)", runs(missing=2)
    )
    assert said == "line: mean of reward; band: 95 % t-interval; n = 5"


def test_a_spread_put_together_later_is_recognised() -> None:
    later = "summary(by=[step], m = mean(reward), s = stddev(reward)) | derive(lo = m - 2 * s, hi = m + 2 * s)"
    assert (
        caption(later, BAND)[0] == "line: mean of reward; band: mean ± 2 standard deviations; n = 5"
    )


def test_a_band_of_unknown_origin_says_which_columns() -> None:
    said, _ = caption("derive(lo = reward - 1, hi = reward + 1)", "band(x=step, lo=lo, hi=hi)")
    assert said == "band: lo..hi"


def test_lines_of_stored_values_need_no_caption() -> None:
    assert caption("derive(twice = reward * 2)", "line(x=step, y=twice, by=run)")[0] == ""


def test_fewer_than_two_values_are_noted() -> None:
    new = "m = mean(reward), lo = ci_low(reward), hi = ci_high(reward)"
    said, channel = caption(
        f"summary(by=[step, run], {new})",
        "band(x=step, lo=lo, hi=hi, colour=run) | line(x=step, y=m, colour=run)",
    )
    assert said == "line: mean of reward; band: 95 % t-interval; n = 1"
    assert channel.notes == [
        "plot: 20 of 20 points rest on fewer than 2 values: no interval can be given for them"
    ]


def test_counts_are_asked_for_only_where_a_view_needs_them() -> None:
    text = (
        'p2 1 let t = access("e/*") | summary(by=[step], m = mean(reward)) '
        "impose rows($t) > 0 $t | frame | heatmap(x=step, y=step, fill=m) | plot | handoff"
    )
    found = compiled(text, {"e/*": schema_of_parts(runs())})
    assert found.module is not None
    shapes = schemas_from_json({path: s.as_json() for path, s in found.schemas.items()})
    program = verify(found.module.encode(), shapes, core())
    assert counted(program, []) == {}
