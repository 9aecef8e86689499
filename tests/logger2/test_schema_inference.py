"""Roles, units, subsets and families are inferred from features and names, with reasons; people override them."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logger2.definitions import ROLES
from logger2.identity import Scalar
from logger2.schema import Features, Schema, features, features_from, infer, vote
from logger2.words import better_of, subset_of, unit_in

DATA = Path(__file__).with_name("data")
LABELS: dict[str, dict[str, str]] = json.loads((DATA / "labels.json").read_text())


def cell(text: str) -> Scalar:
    """Read a cell as a reader of CSV does."""
    if text in ("", "NA"):
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def columns_of(name: str) -> dict[str, list[Scalar]]:
    """Read a sample file; lines that start with # are no rows."""
    lines = [line for line in (DATA / name).read_text().splitlines() if not line.startswith("#")]
    delimiter = ";" if ";" in lines[0] else ","
    head, *rows = csv.reader(lines, delimiter=delimiter)
    return {name: [cell(row[i]) for row in rows] for i, name in enumerate(head)}


def inferred(columns: dict[str, Sequence[Scalar]], **more: Any) -> Schema:
    return infer({name: features(values) for name, values in columns.items()}, **more)


def roles_in(name: str) -> dict[str, str]:
    return {c.name: c.role for c in inferred(dict(columns_of(name))).columns}


@pytest.mark.parametrize("name", sorted(LABELS))
def test_most_columns_of_real_files_get_their_role(name: str) -> None:
    found = roles_in(name)
    assert found.keys() == LABELS[name].keys()
    wrong = {column: role for column, role in found.items() if role != LABELS[name][column]}
    assert len(wrong) <= max(1, len(found) // 8), wrong


def test_over_all_samples_nine_columns_of_ten_get_their_role() -> None:
    pairs = [
        (roles_in(name)[column], role)
        for name, roles in LABELS.items()
        for column, role in roles.items()
    ]
    assert sum(found == role for found, role in pairs) / len(pairs) >= 0.95
    axes = [found == role for found, role in pairs if role in ("step", "time", "coordinate")]
    assert sum(axes) / len(axes) >= 0.9


@pytest.mark.parametrize(
    ("name", "x", "others"),
    [
        ("sklearn_epochs.csv", "step", ("epoch", "elapsed_s")),
        ("keras_log.csv", "epoch", ()),
        ("lightning_metrics.csv", "step", ("epoch",)),
        (
            "sb3_progress.csv",
            "time/total_timesteps",
            ("time/iterations", "train/n_updates", "time/time_elapsed"),
        ),
        ("penguins.csv", "", ()),
        ("optuna_trials.csv", "", ()),
    ],
)
def test_series_are_drawn_against_the_finest_step(
    name: str, x: str, others: tuple[str, ...]
) -> None:
    schema = inferred(dict(columns_of(name)))
    assert (schema.x, schema.other_x) == (x, others)


RISING = list(range(100))
NOISE = [math.sin(i * 7.3) for i in range(100)]


@pytest.mark.parametrize(
    ("columns", "roles"),
    [
        ({"step": RISING, "loss": NOISE}, "step metric"),
        ({"step": [i % 25 for i in RISING], "v": NOISE}, "step metric"),
        ({"epoch": [i / 10 for i in RISING], "v": NOISE}, "step metric"),
        ({"iteration": NOISE}, "metric"),
        ({"step": RISING, "step_time": [1 + abs(v) for v in NOISE]}, "step metric"),
        ({"step": RISING, "wall_time": [i * 0.5 for i in RISING]}, "step time"),
        ({"step": RISING, "lr": [1 / (i + 1) for i in RISING]}, "step metric"),
        ({"step": RISING, "lr": [0.1] * 100}, "step param"),
        ({"step": RISING, "seed": [3] * 100}, "step repeat"),
        ({"step": RISING, "fold": [i % 5 for i in RISING]}, "step repeat"),
        ({"step": RISING, "const": [1.5] * 100}, "step constant"),
        ({"step": RISING, "nothing": [None] * 100}, "step empty"),
        (
            {"step": RISING, "acc": NOISE, "acc_stderr": [abs(v) for v in NOISE]},
            "step metric uncertainty",
        ),
        ({"step": RISING, "acc_std": NOISE, "acc": NOISE}, "step metric metric"),
        (
            {"top1": [90 - i / 9 for i in RISING], "top1_err": [10 + i / 9 for i in RISING]},
            "metric coordinate",
        ),
        (
            {"step": RISING, "top1": NOISE, "top1_err": [100 - v for v in NOISE]},
            "step metric metric",
        ),
        ({"step": RISING, "n": [i * 3 % 50 for i in RISING]}, "step count"),
        ({"step": RISING, "State": [i // 40 for i in RISING]}, "step category"),
        ({"step": RISING, "phase": ["warm"] * 50 + ["run"] * 50}, "step category"),
        ({"step": RISING, "done": [i % 9 == 0 for i in RISING]}, "step category"),
        ({"model": [f"m{i}" for i in RISING], "acc": sorted(NOISE)}, "id metric"),
        ({"x": [i * 0.1 for i in RISING], "y": NOISE}, "coordinate metric"),
        ({"voltage": [i * 0.1 for i in RISING], "current": NOISE}, "coordinate metric"),
        (
            {"when": [f"2024-01-{i % 28 + 1:02} 10:00:00" for i in RISING], "v": NOISE},
            "time metric",
        ),
        ({"clock": [f"  0d 00:0{i % 10}:01.0000" for i in RISING], "v": NOISE}, "time metric"),
        ({"config/width": [i % 3 for i in RISING], "acc": NOISE}, "param metric"),
    ],
)
def test_rules(columns: dict[str, Sequence[Scalar]], roles: str) -> None:
    schema = inferred(columns)
    assert " ".join(column.role for column in schema.columns) == roles
    assert all(column.why and 0 < column.confidence <= 1 for column in schema.columns)


def test_what_the_experiment_says_wins() -> None:
    columns: dict[str, Sequence[Scalar]] = {
        "step": RISING,
        "epoch": RISING,
        "val/loss": NOISE,
        "odd": RISING,
    }
    definitions = {
        "val/*": {"x": "epoch", "unit": "nat", "better": "higher", "desc": "cross entropy"},
        "odd": {"role": "category"},
    }
    schema = inferred(columns, definitions=definitions)
    loss, odd = schema["val/loss"], schema["odd"]
    assert (loss.x, loss.unit, loss.better, loss.desc) == (
        "epoch",
        "nat",
        "higher",
        "cross entropy",
    )
    assert (odd.role, odd.confidence, odd.why) == ("category", 1.0, "the experiment says so")


def test_params_and_repeats_of_the_run_become_columns() -> None:
    schema = inferred(
        {"step": RISING}, params={"lr": 0.1, "seed": 3, "opt": "sgd"}, repeat=["seed"], axes=["lr"]
    )
    assert [(c.name, c.role, c.kind) for c in schema.columns[1:]] == [
        ("lr", "param", "number"),
        ("opt", "param", "string"),
        ("seed", "repeat", "int"),
    ]
    assert "on purpose" in schema["lr"].why


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("reward (m)", "m"),
        ("Bin width (s)", "s"),
        ("speed [km/h]", "km/h"),
        ("accuracy (top 1)", ""),
        ("loss (train)", ""),
        ("time/s", "s"),
        ("val/acc", ""),
        ("wall_time", "s"),
        ("step_ms", "ms"),
        ("elapsed_s", "s"),
        ("total_hours", ""),
        ("elapsed_hours", "h"),
        ("reward_min", ""),
        ("samples_per_sec", ""),
        ("bill_length_mm", "mm"),
        ("body_mass_g", "g"),
        ("temp (°C)", "°C"),
        ("items", ""),
        ("dV/dt", ""),
        ("", ""),
    ],
)
def test_units_are_read_from_names(name: str, unit: str) -> None:
    assert unit_in(name)[1] == unit


@pytest.mark.parametrize(
    ("name", "subset", "family", "better"),
    [
        ("train/loss", "train", "loss", "lower"),
        ("loss_val", "val", "loss", "lower"),
        ("validation.accuracy", "val", "accuracy", "higher"),
        ("eval/mean_reward", "eval", "mean_reward", "higher"),
        ("test acc", "test", "acc", "higher"),
        ("reward", "", "reward", "higher"),
        ("top1_err", "", "top1_err", "lower"),
        ("logLoss", "", "logLoss", "lower"),
        ("weight_norm", "", "weight_norm", ""),
        ("latest_value", "", "latest_value", ""),
    ],
)
def test_subset_family_and_direction_are_read_from_names(
    name: str, subset: str, family: str, better: str
) -> None:
    assert subset_of(name) == (subset, family)
    assert better_of(family) == better


def test_a_plain_loss_beside_a_validation_loss_is_the_training_loss() -> None:
    schema = inferred({"epoch": RISING, "loss": NOISE, "val_loss": NOISE, "acc": NOISE})
    assert [(c.subset, c.family) for c in schema.columns[1:]] == [
        ("train", "loss"),
        ("val", "loss"),
        ("", "acc"),
    ]


def test_a_vote_takes_what_most_runs_say_and_what_a_constant_hides() -> None:
    varying = inferred({"step": RISING, "flag": NOISE})
    constant = inferred({"step": RISING, "flag": [0.0] * 100, "extra": [1, None] * 50})
    joined = vote([varying, constant, constant])
    assert joined["flag"].role == "metric"
    assert (joined["step"].role, joined["step"].nullable, joined.x) == ("step", False, "step")
    assert joined["extra"].nullable
    assert vote([varying]) == varying
    assert vote([]) == Schema(())


def test_votes_do_not_depend_on_the_order_of_runs() -> None:
    schemas = [
        inferred({"step": RISING, "a": [i % k for i in RISING], "b": NOISE}) for k in (2, 3, 60)
    ]
    roles = [{c.name: c.role for c in vote(order).columns} for order in (schemas, schemas[::-1])]
    assert roles[0] == roles[1]


VALUES = st.lists(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), max_size=30
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=12), VALUES, max_size=6))
def test_any_table_gets_a_schema_of_plain_json(
    columns: dict[str, list[Scalar]],
) -> None:
    named = {name: values for name, values in columns.items() if name}
    schema = inferred(dict(named))
    assert all(column.role in ROLES for column in schema.columns)
    assert json.loads(json.dumps(schema.to_dict())) == schema.to_dict()


def test_features_of_a_list() -> None:
    found = features([1, 2, 2, None, 1])
    assert found == Features(
        dtype="int",
        rows=5,
        missing=1,
        unique=2,
        share_nondecreasing=2 / 3,
        share_changed=2 / 3,
        integer_like=True,
        minimum=1,
        maximum=2,
        restarts=1,
        share_increasing=1 / 3,
    )
    assert features([math.nan, math.inf, 1.5]).non_finite == 2
    assert features([]).dtype == "number"
    assert features([True, None]).dtype == "bool"


def test_features_of_another_maker_are_checked() -> None:
    found = features_from(
        "number",
        3,
        {"min": 0.5, "max": 2.0, "nan": 1, "constant": False, "longest": None},
    )
    assert (found.minimum, found.maximum, found.non_finite) == (0.5, 2.0, 1)
    with pytest.raises(ValueError, match="kind of a column is one of"):
        features_from("float", 1, {})
    with pytest.raises(ValueError, match="the feature 'min' is a number"):
        features_from("int", 1, {"min": "low"})


def test_ten_thousand_columns_take_less_than_seconds() -> None:
    names = [f"acc_std_{i}" if i % 2 else f"acc_{i}" for i in range(10_000)]
    values = (1.0, 2.0, 0.5)
    assert len(inferred(dict.fromkeys(names, values)).columns) == 10_000
