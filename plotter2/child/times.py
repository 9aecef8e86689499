"""How long the stages of a run took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Times:
    """Milliseconds by stage; a stage that comes again adds up, one inside another is taken off the outer one."""

    ms: dict[str, float] = field(default_factory=dict)
    inner: float = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block."""
        started, outside, self.inner = time.perf_counter(), self.inner, 0.0
        try:
            yield
        finally:
            spent = (time.perf_counter() - started) * 1e3
            self.ms[name] = self.ms.get(name, 0.0) + spent - self.inner
            self.inner = outside + spent
