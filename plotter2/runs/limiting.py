"""What a run may use: of what its signature, the settings and the host allow the smallest, and which one that was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from p2sign.gate import Verified
from plotter2.config.settings import Ceiling
from plotter2.orchestrator import HostBudget, TaskLimits


@dataclass(frozen=True, slots=True)
class Limited:
    """The limits of one run; `origins` says for each whether the signature, the policy or the host set it."""

    limits: TaskLimits
    origins: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """Give `{wall_ms: {limit, from}, ...}`."""
        return {
            name: {"limit": getattr(self.limits, name), "from": origin}
            for name, origin in self.origins.items()
        }


def limited(verified: Verified, ceiling: Ceiling, budget: HostBudget) -> Limited:
    """Give the limits of a run. Of equal ones the signature counts first, then the policy (the settings)."""
    signed = verified.statement.limits
    assert signed is not None
    allowed: dict[str, dict[str, int]] = {
        "wall_ms": {"signature": signed.wall_ms, "policy": ceiling.wall_ms},
        "cpu_ms": {"signature": signed.cpu_ms, "policy": ceiling.cpu_ms},
        "mem_mib": {
            "signature": signed.mem_mib,
            "policy": ceiling.memory_mib,
            "host": budget.memory_mib,
        },
        "out_mib": {
            "signature": signed.out_mib,
            "policy": ceiling.output_mib,
            "host": budget.output_mib,
        },
    }
    origins = {name: min(by, key=lambda origin: by[origin]) for name, by in allowed.items()}
    smallest = {name: by[origins[name]] for name, by in allowed.items()}
    return Limited(TaskLimits(**smallest), origins)
