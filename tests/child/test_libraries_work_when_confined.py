"""What a run needs works inside a confined child, at every level, with nothing left to load."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from confined_children import Attackers, attackers
from plotter2.wire.memory import sealed

pytestmark = pytest.mark.process

POLARS = """
import io
import numpy as np
import polars as pl
frame = pl.DataFrame({"g": np.arange(400_000) % 100, "x": np.arange(400_000.0)})
raw = io.BytesIO()
frame.write_ipc(raw, compression="zstd")
grouped = (
    pl.read_ipc(raw.getvalue()).lazy().filter(pl.col("x") >= 100)
    .group_by("g").agg(pl.col("x").mean(), pl.col("x").quantile(0.5, "linear").alias("half"))
    .sort("g").collect(engine="streaming")
)
scanned = pl.scan_ipc(io.BytesIO(raw.getvalue())).group_by("g").agg(pl.len()).collect(engine="streaming")
csv = pl.read_csv(b"a,b\\n1,x\\n2,y\\n" * 1000)
lines = pl.read_ndjson(b'{"a": 1}\\n{"a": 2}\\n')
ordered = frame.sort("x", descending=True)
joined = frame.join(frame.head(100).select("g").unique(), on="g")
x = pl.col("x")
rolled = frame.with_columns(x.rolling_mean(5).alias("r"), x.ewm_mean(alpha=0.1).over("g").alias("e"))
answer = [grouped["x"].item(0), grouped.height, scanned["len"].sum(), csv.height, lines["a"].sum(),
          ordered["x"].item(0), joined.height, rolled.height, pl.thread_pool_size() == os.cpu_count()]
"""
DRAWING = """
import io
from matplotlib.figure import Figure
figure = Figure(layout="constrained")
upper, lower = figure.subplots(2)
upper.plot([1, 2, 4], label="$x^2$")
upper.set_title("DejaVu \\N{GREEK SMALL LETTER ALPHA}", style="italic", weight="bold")
upper.legend()
lower.contourf([[1, 2], [3, 4]])
lower.set_xscale("log")
before = set(sys.modules)
for kind in ("png", "svg", "pdf"):
    data = io.BytesIO()
    figure.savefig(data, format=kind)
    channel.put("picture", kind, data.getvalue())
answer = sorted(set(sys.modules) - before)
"""
NUMBERS = """
import numpy as np
from concurrent.futures import ThreadPoolExecutor
values = np.random.default_rng(1).normal(size=(200, 200))
with ThreadPoolExecutor(4) as pool:
    total = sum(pool.map(abs, range(100)))
answer = [float(np.linalg.svd(values)[1].min()) > 0, len(np.fft.rfft(values[0])), total,
          float(np.polyfit([0, 1, 2], [1, 3, 5], 1)[0])]
"""


@pytest.fixture(scope="module", params=["A", "B", "C"])
def children(request: pytest.FixtureRequest) -> Iterator[Attackers]:
    with attackers(request.param) as children:
        yield children


def test_polars_computes_with_all_threads_and_the_streaming_engine(children: Attackers) -> None:
    assert children.answer(POLARS) == [
        200_000.0, 100, 400_000, 2999, 3, 399_999.0, 400_000, 400_000, True,
    ]  # fmt: skip


@pytest.mark.render
def test_matplotlib_draws_and_loads_no_module_late(children: Attackers) -> None:
    outcome = children.outcome(DRAWING)
    kinds = {blob.kind: blob.data[:5] for blob in outcome.blobs}
    assert kinds["png"] == b"\x89PNG\r"
    assert kinds["svg"] == b"<?xml"
    assert kinds["pdf"] == b"%PDF-"
    assert children.answer(DRAWING) == []


def test_numpy_and_threads_work(children: Attackers) -> None:
    assert children.answer(NUMBERS) == [True, 101, 4950, pytest.approx(2.0)]


def test_inputs_are_mapped_without_a_copy_and_cannot_be_changed(children: Attackers) -> None:
    memory = sealed(b"moon" * 1024)
    source = """
from plotter2.wire.memory import mapped
view = mapped(fds[1])
answer = [bytes(view[:4]).decode(), len(view), view.readonly,
          tried(lambda: mmap.mmap(fds[1], 0, access=mmap.ACCESS_WRITE)),
          tried(lambda: os.pwrite(fds[1], b"sun!", 0))]
"""
    try:
        answer = children.answer(source, fds=(memory,))
    finally:
        os.close(memory)
    assert answer[:3] == ["moon", 4096, True]
    assert set(answer[3:]) <= {"EPERM", "EACCES", "EBADF"}
