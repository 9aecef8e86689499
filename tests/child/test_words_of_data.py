"""Sources and effects of data: copies, single tables, sweeps, files; and words that need what is not there yet."""

from __future__ import annotations

import io
import json

import polars as pl
import pytest

from plotter2.errors import RunError
from running_programs import FakeChannel, Part, compiled, run_script, schema_of_parts

RUNS = {
    "runs": [
        Part(pl.DataFrame({"step": [1, 2], "loss": [0.5, None]}), {"lr": 0.1}),
        Part(pl.DataFrame({"step": [1, 2], "loss": [0.25, 0.125]}), {"lr": 0.2}),
    ]
}
SCHEMAS = {name: schema_of_parts(parts) for name, parts in RUNS.items()}


def exported(flow: str, name: str = "out.parquet", **params: object) -> pl.DataFrame:
    channel = run_script(f'p2 1\n{flow} | export("{name}")', RUNS, **params)
    return pl.read_parquet(io.BytesIO(file_of(channel, name)))


def file_of(channel: FakeChannel, name: str) -> bytes:
    stem, _, kind = name.rpartition(".")
    return channel.picture(stem, kind)


def refusal(text: str) -> RunError:
    with pytest.raises(RunError) as caught:
        run_script(f"p2 1\n{text}", RUNS)
    return caught.value


@pytest.mark.parametrize("source", ["access", "copy", "load"])
def test_every_source_of_bundles_reads_the_same_rows(source: str) -> None:
    found = exported(f'{source}("runs") | select(lr, step, loss)')
    assert found.rows() == [(0.1, 1, 0.5), (0.1, 2, None), (0.2, 1, 0.25), (0.2, 2, 0.125)]


def test_access_of_one_step_needs_no_use_of_the_column() -> None:
    assert exported('access("runs", step=2) | select(loss)')["loss"].to_list() == [None, 0.125]


def test_sweep_is_the_cross_product_and_the_last_list_varies_fastest() -> None:
    found = exported('sweep(lr=[0.1, 1], seed=1..3, name=["a"])')
    assert found.rows() == [(lr, seed, "a") for lr in (0.1, 1.0) for seed in (1, 2, 3)]


def test_sweep_takes_lists_from_params() -> None:
    text = "param rates: list[number] = [0.1] where count($rates) in 1..5\nsweep(lr=$rates)"
    assert exported(text, rates=[0.5, 0.25])["lr"].to_list() == [0.5, 0.25]


def test_files_hold_the_rows_by_the_kind_of_their_ending() -> None:
    flow = 'p2 1\naccess("runs") | select(step, loss) | head(2)'
    csv = run_script(f'{flow} | export("a.csv")', RUNS)
    assert file_of(csv, "a.csv") == b"step,loss\n1,0.5\n2,\n"
    text = run_script(f'{flow} | export("a.b.json")', RUNS)
    assert json.loads(file_of(text, "a.b.json")) == [
        {"step": 1, "loss": 0.5},
        {"step": 2, "loss": None},
    ]


def test_a_file_is_counted_and_named_in_what_a_signature_allows() -> None:
    text = 'p2 1\naccess("runs") | filter(step == 1) | export("one.csv")'
    channel = run_script(text, RUNS)
    (counted,) = [m for m in channel.messages if getattr(m, "plot", "") == "one.csv"]
    assert (counted.read, counted.filtered, counted.drawn) == (4, 2, 2)  # type: ignore[union-attr]
    assert compiled(text, SCHEMAS).capabilities == ("read bundle:runs", "write output:one.csv")


def test_equal_rows_give_equal_bytes() -> None:
    text = 'p2 1\naccess("runs") | export("a.parquet")'
    assert file_of(run_script(text, RUNS), "a.parquet") == file_of(
        run_script(text, RUNS), "a.parquet"
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('redo("runs", over=sweep(lr=[0.1]))', "`redo`"),
        ('when approved("redo", "runs") { loggy("yes") }', "`approved`"),
        ('when "total" in exposed() { loggy("yes") }', "`exposed`"),
        ('when "total" in imposed() { loggy("yes") }', "`imposed`"),
        ('when islinked("total") { loggy("yes") }', "`islinked`"),
    ],
)
def test_what_belongs_to_a_bundle_stops_elsewhere_before_anything_is_computed(
    text: str, named: str
) -> None:
    error = refusal(f'impose rows(access("runs")) > 1000 else "too few"\n{text}')
    assert (error.code, error.message.startswith(f"{named} runs in a task")) == ("P2-R0641", True)
    assert "plotter2 attach" in error.help
