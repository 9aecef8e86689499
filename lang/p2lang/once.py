"""A property that is worked out once and then stands in the object: `cached_property` without its lock.

Python 3.11 takes a lock at each first use, which costs more than most of what is kept here; at worst two threads work
out the same value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Kept = TypeVar("Kept")


class once(Generic[Kept]):  # noqa: N801 # it is written like `property`
    """Make a method of a class with a `__dict__` a property that is computed at its first use."""

    def __init__(self, compute: Callable[[Any], Kept]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> once[Kept]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Kept: ...

    def __get__(self, instance: object | None, owner: type) -> once[Kept] | Kept:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._compute(instance)
        return value
