"""Rows into groups: codes, levels, order and partitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter2.renderkit.grouping import combined, keyed, lined_up, merged, partition
from renderkit.sample_views import factor

NUMBERS = st.lists(st.sampled_from([0.001, 0.1, 3.0, float("nan"), -2.0]), max_size=40)


@given(NUMBERS)
def test_codes_of_numbers_point_to_their_values_in_rising_order(values: list[float]) -> None:
    column = np.array(values, dtype=np.float64)
    key = keyed(column)
    assert list(key.levels) == sorted({v for v in values if v == v})
    for value, code in zip(values, key.codes.tolist(), strict=True):
        assert code == -1 if value != value else key.levels[code] == value


def test_many_different_numbers_are_coded_too() -> None:
    column = np.random.default_rng(0).permutation(np.arange(10_000.0))
    key = keyed(column)
    assert np.array_equal(np.array(key.levels)[key.codes], column)


def test_levels_of_text_that_do_not_occur_are_left_out_and_order_stays() -> None:
    key = keyed(factor([2, 0, -1, 2], ("c", "b", "a")))
    assert key.levels == ("c", "a")
    assert key.codes.tolist() == [1, 0, -1, 1]


def test_truth_values_become_two_levels() -> None:
    assert keyed(np.array([True, True])).levels == (True,)
    assert keyed(np.array([True, False])).codes.tolist() == [1, 0]


def test_merged_text_keeps_first_appearance_and_merged_numbers_rise() -> None:
    text, codes = merged([keyed(factor([0, 1], ("b", "a"))), keyed(factor([0], ("c",)))])
    assert text == ("b", "a", "c")
    assert codes[1].tolist() == [2]
    numbers, codes = merged([keyed(np.array([3.0])), keyed(np.array([1.0]))])
    assert numbers == (1.0, 3.0)
    assert [c.tolist() for c in codes] == [[1], [0]]


def test_combined_codes_are_dense_ordered_and_null_where_any_part_is() -> None:
    one, other = np.array([1, 0, 1, -1], np.int32), np.array([0, 0, 2, 1], np.int32)
    codes, count = combined([(one, 2), (other, 3)])
    assert count == 3
    assert codes.tolist() == [1, 0, 2, -1]


def test_combined_codes_of_many_levels_do_not_need_a_table_of_all_pairs() -> None:
    rng = np.random.default_rng(1)
    one, other = (rng.integers(-1, 3000, 500).astype(np.int32) for _ in range(2))
    codes, count = combined([(one, 3000), (other, 3000)])
    pairs = list(zip(one.tolist(), other.tolist(), strict=True))
    known = sorted({pair for pair in pairs if min(pair) >= 0})
    assert count >= len(known)
    seen: dict[int, tuple[int, int]] = {}
    for code, pair in zip(codes.tolist(), pairs, strict=True):
        assert (code == -1) == (min(pair) < 0)
        assert code == -1 or seen.setdefault(code, pair) == pair


@given(st.lists(st.integers(-1, 4), max_size=60), st.booleans())
def test_partition_gives_every_row_once_in_its_own_order(codes: list[int], ordered: bool) -> None:
    array = np.array(sorted(codes) if ordered else codes, dtype=np.int32)
    found: list[int] = []
    for code, rows in partition(array, 5):
        positions = np.arange(len(array))[rows]
        assert (array[positions] == code).all()
        assert (np.diff(positions) > 0).all()
        found += positions.tolist()
    assert sorted(found) == np.flatnonzero(array >= 0).tolist()


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 9)), max_size=60))
def test_lines_are_sorted_by_x_and_equal_x_keep_their_order(rows: list[tuple[int, int]]) -> None:
    groups = np.array([g for g, _ in rows], dtype=np.int32)
    x = np.array([v for _, v in rows], dtype=np.float64)
    order, starts = lined_up(groups, 4, x)
    positions = np.arange(len(rows))[order]
    expected = sorted((g, v, place) for place, (g, v) in enumerate(rows) if g >= 0)
    assert positions.tolist() == [place for _, _, place in expected]
    assert starts[-1] == len(positions)


@pytest.mark.parametrize("count", [4, 40_000])
def test_sorted_groups_are_slices_and_copy_nothing(count: int) -> None:
    groups = np.repeat(np.arange(4, dtype=np.int32), 5)
    order, starts = lined_up(groups, count, np.tile(np.arange(5.0), 4))
    assert isinstance(order, slice)
    assert starts.tolist() == [0, 5, 10, 15, 20]
