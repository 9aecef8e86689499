"""Starter scripts parse, are laid out as the formatter does, pass the checker without a word, and say why."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from logger2.identity import Scalar
from logger2.preface import Facts
from logger2.schema import Schema, features, infer, vote
from logger2.starter import NothingToDraw, starter
from logger2.sweep import Sweep, sweep
from p2lang.check import check
from p2lang.fmt import format_script
from p2lang.parser import parse
from p2lang.source import Source
from p2lang.types import ColumnType, TableSchema
from p2std.registry import core

GOLDEN = Path(__file__).with_name("golden")
STEPS = 20
BUNDLE = "digits-sgd/*"


def runs(
    params: Sequence[dict[str, Scalar]], extra: Sequence[str] = (), *, together: bool = False
) -> tuple[Schema, Sweep]:
    """Give the schema and sweep of runs that logged acc, loss, a validation loss and extra metrics."""
    decay = [math.exp(-i / 5) for i in range(STEPS)]
    columns: dict[str, Sequence[Scalar]] = {
        "step": list(range(STEPS)),
        "wall_time": [i * 0.1 for i in range(STEPS)],
        "acc": [1 - v for v in decay],
        "train/loss": decay,
        "val/loss": [v if together or i % 4 == 0 else None for i, v in enumerate(decay)],
        "note": ["a", "b"] * (STEPS // 2),
        **{name: [math.sin(i * 1.7) for i in range(STEPS)] for name in extra},
    }
    known = {name: features(values) for name, values in columns.items()}
    definitions = {"*loss": {"unit": "nat"}}
    schemas = [infer(known, definitions, given, ["seed"], ["lr"]) for given in params]
    return vote(schemas), sweep(params, ["seed"], ["lr"])


def grid(lrs: Sequence[float], seeds: int, **more: Sequence[Scalar]) -> list[dict[str, Scalar]]:
    """Give the params of every combination."""
    found: list[dict[str, Scalar]] = [
        {"lr": lr, "seed": seed} for lr in lrs for seed in range(seeds)
    ]
    for name, values in more.items():
        found = [{**given, name: value} for given in found for value in values]
    return found


FIVE_SEEDS = runs(grid([0.01, 0.1, 1.0], 5))
ODD = (
    "grad norm",
    "a`b",
    "x/1",
    "x/2",
    "x/3",
    "x/4",
    "x/5",
    "lr-Adam",
    "gpu_mem",
    "größe",
    "frame",
    "m",
)
CASES = {
    "five_seeds": (FIVE_SEEDS, Facts(ranges={"train/loss": (0.001, 2.0)}, non_finite={"acc": 3})),
    "three_seeds": (
        runs(grid([0.1, 0.2], 3), together=True),
        Facts(last_steps=(19, 12), failed=("lr=0.2,seed=1",)),
    ),
    "single_runs": (runs(grid([0.1, 0.2], 1), together=True), Facts()),
    "one_run": (runs(grid([0.1], 1)), Facts()),
    "two_params": (runs(grid([0.1, 0.2], 5, depth=[2, 4])), Facts()),
    "three_params": (runs(grid([0.1, 0.2], 5, depth=[2, 4], opt=["a", "b"])), Facts()),
    "many_metrics": (runs(grid([0.1, 0.2], 5), ODD), Facts(notes=("torn\nline \u202e here",))),
}


def table(schema: Schema) -> TableSchema:
    """Give the table that `access` of the bundle gives."""
    automatic = [
        ("bundle", ColumnType("string")),
        ("run", ColumnType("string")),
        ("attempt", ColumnType("int")),
    ]
    known = [(c.name, ColumnType(c.kind, c.nullable, c.unit)) for c in schema.columns]  # type: ignore[arg-type]
    return TableSchema((*automatic, *known), 10_000)


def problems(text: str, schema: Schema, bundle: str = BUNDLE) -> list[str]:
    """Parse, check and format again; give every diagnostic and difference."""
    source = Source(text)
    parsed = parse(source)
    assert parsed.script is not None
    found = [
        *parsed.diagnostics,
        *check(parsed.script, source, core(), {bundle: table(schema)}).diagnostics,
    ]
    changed = ["not laid out as fmt does"] if format_script(parsed.script) != text else []
    return [f"{d.code} {d.message}" for d in found] + changed


@pytest.mark.parametrize("name", CASES)
def test_a_starter_is_a_script_without_mistakes(name: str) -> None:
    (schema, shape), facts = CASES[name]
    assert problems(starter(BUNDLE, schema, shape, facts), schema) == []


@pytest.mark.parametrize("name", ["five_seeds", "three_seeds", "two_params"])
def test_starters_are_the_same_to_the_byte(name: str) -> None:
    (schema, shape), facts = CASES[name]
    assert starter(BUNDLE, schema, shape, facts) == (GOLDEN / f"{name}.p2").read_text()


@pytest.mark.parametrize("name", CASES)
def test_what_is_commented_out_is_a_script_too(name: str) -> None:
    (schema, shape), facts = CASES[name]
    text = starter(BUNDLE, schema, shape, facts)
    head, _, more = text.partition(
        "# More metrics. To draw one, remove the first # of its lines:\n"
    )
    opened = head + re.sub(r"^# ?", "", more, flags=re.MULTILINE)
    assert "P2-" not in "".join(problems(opened, schema))
    assert head.count("| plot(") <= 6


def test_five_repeats_get_an_interval_and_say_n() -> None:
    text = starter(BUNDLE, *FIVE_SEEDS)
    assert 'title="acc: mean and 95 % confidence interval, n = 5"' in text
    assert "band(x=step, lo=lo, hi=hi, colour=lr)" in text
    assert (
        text.index('plot("acc")')
        < text.index('plot("val_loss")')
        < text.index('plot("train_loss")')
    )


def test_few_repeats_get_thin_runs_and_their_mean() -> None:
    text = starter(BUNDLE, *CASES["three_seeds"][0])
    assert "ci_low" not in text
    assert 'title="acc: 3 runs (thin) and their mean"' in text
    assert "line(x=step, y=acc, colour=lr, by=run, alpha=0.4, width=0.5pt)" in text


def test_runs_that_differ_in_more_than_the_picture_shows_are_not_averaged() -> None:
    text = starter(BUNDLE, *CASES["three_params"][0])
    assert "mean(" not in text
    assert "# why: runs differ in opt too, so nothing is averaged" in text
    assert "facet(cols=depth" in text


def test_training_and_validation_share_a_picture_when_they_share_rows() -> None:
    together = starter(BUNDLE, *CASES["single_runs"][0])
    assert "y=`val/loss`" in together
    assert "y=`train/loss`, colour=lr, by=run, alpha=0.4" in together
    apart = starter(BUNDLE, *CASES["one_run"][0])
    assert "drop_nulls(`val/loss`)" in apart
    assert "so each has a picture of its own" in apart


def test_a_shrinking_loss_gets_a_log_axis_only_when_it_shrinks_much() -> None:
    (schema, shape), facts = CASES["five_seeds"]
    assert 'y="train/loss (nat)", yscale="log"' in starter(BUNDLE, schema, shape, facts)
    assert "yscale" not in starter(BUNDLE, schema, shape, Facts(ranges={"train/loss": (0.0, 2.0)}))


def test_the_head_says_what_is_guessed_left_out_and_wrong() -> None:
    (schema, shape), facts = CASES["three_seeds"]
    head = starter(BUNDLE, schema, shape, facts).partition("\nlet ")[0]
    assert "## digits-sgd/*: 6 runs, 2 values of lr, 3 runs each" in head
    assert "#   step: step (0.95; whole numbers that rise, called 'step')" in head
    assert "#   category: note" in head
    assert "#   1 failed run included: lr=0.2,seed=1" in head
    assert "#   runs end at different steps, 12 to 19" in head


def test_what_is_drawn_against_follows_the_definition() -> None:
    columns = {
        "step": features(range(9)),
        "epoch": features(range(9)),
        "acc": features([i / 9 for i in range(9)]),
    }
    schema = infer(columns, {"acc": {"x": "epoch"}})
    assert "line(x=epoch, y=acc)" in starter("one", schema, sweep([{}]))


def test_a_summary_without_steps_gets_points_over_the_varied_parameter() -> None:
    params = grid([0.001, 0.01, 0.1], 2)
    schema = vote(
        [infer({"final_acc": features([0.5])}, None, given, ["seed"], ["lr"]) for given in params]
    )
    text = starter(BUNDLE, schema, sweep(params, ["seed"], ["lr"]))
    assert "point(x=lr, y=final_acc)" in text
    assert 'xscale="log"' in text
    assert problems(text, schema) == []


def test_one_quantity_gets_a_histogram_and_nothing_an_explanation() -> None:
    schema = infer({"height": features([1.5, 0.2, 3.1, 0.4])})
    text = starter("people", schema, sweep([{}]))
    assert "histogram(x=height)" in text
    assert problems(text, schema, "people") == []
    with pytest.raises(NothingToDraw, match="no numeric column was taken for a metric"):
        starter("people", infer({"name": features(["a", "b"])}), sweep([{}]))


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40, deadline=None)
@given(
    st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5, unique=True),
    st.text(max_size=30),
    st.sampled_from([1, 2, 5]),
)
@example(["WMV"], "", 1)  # the whole name is the ending of a kind of file
def test_any_names_give_a_script_without_mistakes(names: list[str], level: str, seeds: int) -> None:
    taken = {"step", "bundle", "run", "attempt", "lr", "seed"}
    columns = {
        name: features([i * 0.7 % 1 for i in range(STEPS)]) for name in names if name not in taken
    }
    columns["step"] = features(range(STEPS))
    params: list[dict[str, Scalar]] = [
        {"lr": lr, "seed": seed} for lr in ("a", level) for seed in range(seeds)
    ]
    schema = vote([infer(columns, None, given, ["seed"], ["lr"]) for given in params])
    shape = sweep(params, ["seed"], ["lr"])
    try:
        text = starter(BUNDLE, schema, shape)
    except NothingToDraw:
        return
    known = [c for c in schema.columns if "`" not in c.name and c.name.isprintable()]
    assert problems(text, Schema(tuple(known), schema.x)) == []


def test_texts_that_colours_do_not_tell_apart_do_not_colour_points() -> None:
    names = [f"model {i % 40}" for i in range(200)]
    found = infer(
        {
            "weight": features([math.cos(i) for i in range(200)]),
            "score": features([math.sin(i) for i in range(200)]),
            "many": features(names),
            "few": features(["a", "b"] * 100),
        }
    )
    script = starter("table", found, sweep([{}]))
    assert "colour=few" in script
    assert "colour=many" not in script


def test_a_parameter_of_many_texts_does_not_colour_lines() -> None:
    params: list[dict[str, Scalar]] = [
        {"model": f"m{i}", "lr": lr} for i in range(12) for lr in (0.1, 1.0)
    ]
    schema, shape = runs(params)
    script = starter(BUNDLE, schema, shape)
    assert "colour=lr" in script
    assert "colour=model" not in script
    assert problems(script, schema) == []


def test_numbers_that_are_no_metric_are_drawn_when_there_is_no_other() -> None:
    rising = infer({"step": features([1, 2, 3]), "m/x": features([1.0, 2.0, 4.0])})
    assert "line(x=step, y=`m/x`)" in starter("table", rising, sweep([{}]))
    days = [f"2024-01-0{day}" for day in range(1, 8)]
    dated = infer({"date": features(days), "v": features([1, 2, 5, 7, 9, 10, 12])})
    script = starter("table", dated, sweep([{}]))
    assert "histogram(x=v)" in script
    assert problems(script, dated, "table") == []
