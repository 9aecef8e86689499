"""Work that is begun before its turn comes: the next steps run in threads while their caller uses the present one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
AT_ONCE = 2


def ahead(
    given: Sequence[_Given],
    make: Callable[[_Given], _Made],
    size_of: Callable[[_Given], int],
    room: int,
    drop: Callable[[_Made], None],
) -> Generator[_Made]:
    """Give what `make` makes of each, in order; some are made ahead, as many as have room together (one always has).

    The first error comes out in its turn. What was made and is not wanted any more is given to `drop`. An error waits
    for what is at work; an interruption waits for nothing.
    """
    if len(given) < 2:
        yield from map(make, given)
        return
    from concurrent.futures import ThreadPoolExecutor  # costs 10 ms, and only large adds need it

    pool = ThreadPoolExecutor(AT_ONCE)
    begun: deque[tuple[Future[_Made], int]] = deque()
    left = deque((one, size_of(one)) for one in given)
    wait = False
    try:
        _begin(pool, make, left, begun, room)
        while begun:
            made = begun.popleft()[0].result()
            _begin(pool, make, left, begun, room)
            yield made
    except Exception:
        wait = True
        raise
    finally:
        for future, _ in begun:
            future.add_done_callback(lambda done: _dropped(done, drop))
        pool.shutdown(wait=wait, cancel_futures=True)


def _begin(
    pool: ThreadPoolExecutor,
    make: Callable[[_Given], _Made],
    left: deque[tuple[_Given, int]],
    begun: deque[tuple[Future[_Made], int]],
    room: int,
) -> None:
    while left and _has_room(begun, left[0][1], room):
        one, size = left.popleft()
        begun.append((pool.submit(make, one), size))


def _has_room(begun: Sequence[tuple[Future[_Made], int]], size: int, room: int) -> bool:
    taken = sum(own for _, own in begun)
    return not begun or (len(begun) < AT_ONCE and taken + size <= room)


def _dropped(done: Future[_Made], drop: Callable[[_Made], None]) -> None:
    if not done.cancelled() and done.exception() is None:
        drop(done.result())
