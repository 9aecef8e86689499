"""Whatever the rows hold, a run gives a picture or one error with a code; nothing else leaves it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from plotter2.errors import RunError
from running_programs import FakeChannel, Part, run_script

SCHEMA = {
    "rows": 1000,
    "cols": {
        "run": "string",
        "lr": "number",
        "step": "int",
        "reward": "number?",
        "w_0": "number",
        "w_1": "number",
    },
}
RNG = np.random.default_rng(1)
NAN, INF = float("nan"), float("inf")


def frame(step: Any, reward: Any, w: Any) -> pl.DataFrame:
    n = len(step)
    return pl.DataFrame(
        {
            "step": pl.Series(step, dtype=pl.Int64),
            "reward": pl.Series(reward, dtype=pl.Float64),
            "w_0": pl.Series(w, dtype=pl.Float64),
            "w_1": pl.Series(list(reversed(w)), dtype=pl.Float64),
            "lr": pl.Series(([0.1, 0.2] * n)[:n], dtype=pl.Float64),
            "run": pl.Series((["a", "b", "c"] * n)[:n], dtype=pl.String),
        }
    )


NORMAL = RNG.normal(size=40).tolist()
ROWS = {
    "ordinary": frame(range(40), NORMAL, NORMAL),
    "empty": frame([], [], []),
    "one row": frame([5], [1.0], [2.0]),
    "one row without a value": frame([5], [None], [2.0]),
    "two equal rows": frame([5, 5], [1.0, 1.0], [2.0, 2.0]),
    "all missing": frame(range(9), [None] * 9, [1.0] * 9),
    "all not a number": frame(range(9), [NAN] * 9, [NAN] * 9),
    "infinite": frame(range(6), [1.0, INF, -INF, 2.0, 3.0, INF], [1.0, INF, 2.0, 3.0, 4.0, 5.0]),
    "constant": frame([3] * 12, [7.0] * 12, [7.0] * 12),
    "huge": frame(
        range(40), (np.array(NORMAL) * 1e300).tolist(), (np.array(NORMAL) * 1e300).tolist()
    ),
    "tiny": frame(
        range(40), (np.array(NORMAL) * 1e-300).tolist(), (np.array(NORMAL) * 1e-300).tolist()
    ),
    "largest whole numbers": frame(
        [2**63 - 1, -(2**63), 0, 1], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]
    ),
}
FLOWS = {
    "mean and interval": (
        "derive(s = rolling_mean(reward, window=5, by=run)) | summary(by=[lr, step], m = mean(s), lo = ci_low(s), "
        "hi = ci_high(s)) | frame | band(x=step, lo=lo, hi=hi, colour=lr) | line(x=step, y=m, colour=lr)"
    ),
    "every aggregate": (
        "summary(by=lr, a = mean(reward), b = median(reward), c = mode(run), d = stddev(reward), e = sum(reward), "
        "f = product(reward), g = min(reward), h = max(step), i = count(), j = first(reward, order=step), "
        "k = last(run), l = quantile(reward, 0.9), m = l1norm(reward), n = l2norm(reward), "
        "o = cosine_similarity(reward, w_0), p = integral(reward, wrt=step)) | frame | bar(x=lr, y=i) | "
        'text(label=f"{a} {b} {c} {d} {e} {f} {g} {h} {j} {k} {l} {m} {n} {o} {p}", x=lr, y=i)'
    ),
    "every window": (
        "derive(a = ema(reward, half_life=3), b = derivative(reward, wrt=step), c = total(reward, by=run), "
        "d = rank(reward, by=[run, lr])) | frame | point(x=a, y=b, size=d, colour=c) | "
        'line(x=step, y=step) | text(label=f"{a} {b} {c} {d}", x=step, y=step)'
    ),
    "components and clusters": (
        'label(by=run) | scale(cols("w_*")) | pca(cols("w_*"), n=2) | kmeans(on=[pc1, pc2], k=2, max_distance=2) | '
        'frame | point(x=pc1, y=pc2, colour=cluster) | circle(around=cluster) | text(label=cluster, at="centroid")'
    ),
    "functions": (
        "derive(a = sqrt(reward) + log(w_0), b = exp(reward) / w_1, c = round(reward, digits=2), "
        "d = mod(reward, w_0)) | filter(not isnull(a) or b > 0) | frame | line(x=step, y=b) | "
        'point(x=step, y=step) | text(label=f"{a} {c} {d}", x=step, y=step)'
    ),
    "whole numbers": "derive(a = step + step, b = step * 2 - 1) | frame | line(x=a, y=b)",
    "histogram": "frame | histogram(x=reward, bins=7, colour=run) | facet(cols=lr)",
    "fits": (
        'frame | facet(cols=run) | point(x=w_0, y=reward) | fit(x=w_0, y=reward, model="loess") | '
        'fit(x=w_0, y=reward, model="poly2") | fit(x=w_0, y=reward, model="exp") | fit(x=w_0, y=reward)'
    ),
    "log axes": 'frame | line(x=step, y=reward, by=run) | axis(xscale="log", yscale="log")',
    "sorting and cutting": (
        "order(desc(reward), run) | head(10) | sample(rows=5) | drop_nulls | rename(r = reward) | "
        'cast(r="string") | frame | text(label=r, x=step, y=w_0) | rule(x=0)'
    ),
}


def tried(flow: str, rows: str) -> FakeChannel | RunError:
    """Give what a run told, or the one error that it may end with."""
    text = f'p2 1 access("e") | {FLOWS[flow]} | plot | handoff'
    try:
        return run_script(text, {"e": [Part(ROWS[rows])]}, ("svg",), schemas={"e": SCHEMA})
    except RunError as refused:
        return refused


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("flow", FLOWS)
def test_any_data(flow: str, rows: str) -> None:
    found = tried(flow, rows)
    if isinstance(found, RunError):
        assert rows != "ordinary", str(found)
        assert found.code.startswith("P2-R06")
        assert found.message
        assert found.help or found.code == "P2-R0661"
        return
    assert found.ledger()["read"] == ROWS[rows].height
    assert found.picture("plot", "svg").endswith(b"</svg>\n")
