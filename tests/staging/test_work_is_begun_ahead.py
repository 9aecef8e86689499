"""Steps are made ahead in threads, given in order, and given back when nobody wants them."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter2.staging.ahead import AT_ONCE, ahead


@given(st.lists(st.integers(0, 10), max_size=12), st.integers(0, 20))
def test_all_come_in_their_order_and_never_more_at_once_than_have_room(
    sizes: list[int], room: int
) -> None:
    lock = threading.Lock()
    at_work: list[int] = []
    widest: list[tuple[int, int]] = []

    def make(place: int) -> int:
        with lock:
            at_work.append(sizes[place])
            widest.append((len(at_work), sum(at_work)))
        with lock:
            at_work.remove(sizes[place])
        return place

    places = range(len(sizes))
    made = list(ahead(places, make, sizes.__getitem__, room, lambda _: None))
    assert made == list(places)
    assert all(count == 1 or (count <= AT_ONCE and size <= room) for count, size in widest)


def test_an_error_comes_in_its_turn_and_what_was_made_is_given_back() -> None:
    dropped: list[int] = []

    def make(number: int) -> int:
        if number == 1:
            raise ValueError(number)
        return number

    made = ahead(range(5), make, lambda _: 1, 5, dropped.append)
    assert next(made) == 0
    with pytest.raises(ValueError, match="1"):
        next(made)
    assert set(dropped) <= {2, 3}


def test_who_stops_early_leaves_nothing_behind() -> None:
    begun: list[int] = []
    dropped: list[int] = []
    let_go = threading.Event()

    def make(number: int) -> int:
        begun.append(number)
        if number:
            let_go.wait(10)
        return number

    with closing(ahead(range(9), make, lambda _: 1, 5, dropped.append)) as made:
        assert next(made) == 0
    let_go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join(10)
    assert sorted([0, *dropped]) == sorted(begun)
