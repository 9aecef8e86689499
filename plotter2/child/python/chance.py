"""Random numbers for scripts: only from a seed that is written down, so that a run gives the same again."""

from __future__ import annotations

from typing import Any

import numpy as np

from plotter2.child.python.arrays import Array, as_array, combined
from plotter2.child.python.facade import Facade, facade, named, wrong
from plotter2.child.python.held import sized


@facade
class Chance(Facade):
    """A row of random numbers from a seed."""

    __slots__ = ("_generator",)
    called = "random numbers"
    exports = named("uniform normal integers permutation choice")

    def __init__(self, seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def __str__(self) -> str:
        return "random numbers"

    __repr__ = __str__

    def uniform(self, shape: Any = 1, low: Any = 0.0, high: Any = 1.0) -> Array:
        """numbers from low to high"""
        return _scaled(Array(self._generator.random(sized(shape))), high - low, low)

    def normal(self, shape: Any = 1, mean: Any = 0.0, std: Any = 1.0) -> Array:
        """numbers of the normal distribution"""
        return _scaled(Array(self._generator.standard_normal(sized(shape))), std, mean)

    def integers(self, low: Any, high: Any, shape: Any = 1) -> Array:
        """whole numbers from low to before high"""
        if type(low) is not int or type(high) is not int or not -(2**63) <= low < high <= 2**63:
            raise wrong("integers() takes two whole numbers, the first smaller", "write (0, 10)")
        return Array(self._generator.integers(low, high, sized(shape), dtype=np.int64))

    def permutation(self, n: Any) -> Array:
        """the numbers from 0 to before n in random order"""
        return Array(self._generator.permutation(sized(n)[0]).astype(np.int64))

    def choice(self, values: Any, n: Any) -> Array:
        """n of these numbers, each as often as it comes"""
        array = as_array(values)
        if not array.size or array.ndim != 1:
            raise wrong("choice() takes some numbers", "write r.choice(x, 10)")
        return array.take(Array(self._generator.integers(0, array.size, sized(n)).astype(np.int64)))


def _scaled(values: Array, factor: Any, shift: Any) -> Array:
    return combined(np.add, combined(np.multiply, values, factor), shift)


def seeded(seed: Any) -> Chance:
    """random numbers from a seed: num.random(1).normal(100)"""
    if type(seed) is not int or not 0 <= seed < 2**63:
        raise wrong("a seed is a whole number from 0 on", "write num.random(1)")
    return Chance(seed)
