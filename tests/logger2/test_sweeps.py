"""The shape of a sweep follows from what each run was given."""

from __future__ import annotations

import math

from logger2.identity import Scalar
from logger2.sweep import Axis, Sweep, sweep


def test_a_grid_with_repeats() -> None:
    runs: list[dict[str, Scalar]] = [
        {"lr": lr, "seed": s, "opt": "sgd"} for lr in (0.1, 0.001, 0.01) for s in range(5)
    ]
    assert sweep(runs, ["seed"], ["lr"]) == Sweep(
        runs=15,
        axes=(Axis("lr", (0.001, 0.01, 0.1), log_spaced=True),),
        repeats=("seed",),
        cells=3,
        fewest=5,
        most=5,
        fixed=(("opt", "sgd"),),
        is_grid=True,
    )


def test_planned_axes_come_first_then_others_by_name() -> None:
    runs = [{"b": i, "a": -i, "lr": i % 2} for i in range(4)]
    found = sweep(runs, (), ["lr"])
    assert [axis.name for axis in found.axes] == ["lr", "a", "b"]
    assert not found.is_grid
    assert not found.has_repeats


def test_uneven_repeats_are_counted() -> None:
    found = sweep([{"lr": 1, "seed": 0}, {"lr": 1, "seed": 1}, {"lr": 2, "seed": 0}], ["seed"])
    assert (found.cells, found.fewest, found.most, found.has_repeats) == (2, 1, 2, True)


def test_one_run_and_none() -> None:
    one = sweep([{"lr": 1}])
    assert (one.axes, one.fewest, one.most, one.fixed) == ((), 1, 1, (("lr", 1),))
    assert sweep([]).runs == 0


def test_spacing() -> None:
    def spaced(*values: float) -> bool:
        return sweep([{"v": value} for value in values]).axes[0].log_spaced

    assert spaced(1, 10)
    assert spaced(1e-5, 1e-4, 1e-3)
    assert spaced(2, 4, 8, 16)
    assert spaced(0.003, 0.01, 0.03, 0.1)
    assert spaced(1, 2, 5, 10)
    assert not spaced(2, 3, 4)
    assert not spaced(10, 40, 70, 100)
    assert not spaced(1, 2)
    assert not spaced(1, 2, 3)
    assert not spaced(0, 1, 10)
    assert not spaced(-1, 1)
    assert not spaced(1, math.inf)


def test_values_of_mixed_kinds_are_ordered() -> None:
    found = sweep([{"v": v} for v in ("b", None, 2, True, 1.5, "a", math.nan)])
    assert str(found.axes[0].values) == "(None, True, 1.5, 2, nan, 'a', 'b')"
    assert not found.axes[0].is_numeric


def test_numbers_and_truth_are_different_levels() -> None:
    assert sweep([{"v": 1}, {"v": True}]).axes[0].values == (True, 1)
    assert sweep([{"v": 1}, {"v": 1.0}]).axes == ()
