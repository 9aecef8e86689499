"""How the orchestrator starts its zygote, how many children it has, how long it waits. Values only."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from plotter2.orchestrator import machine

ZYGOTE = (sys.executable, "-I", "-X", "utf8", "-m", "plotter2.child.zygote")
LOOKING = (sys.executable, "-I", "-X", "utf8", "-m", "plotter2.child.python.zygote")
"""For children that only look at texts of steps in Python."""
_SHARE_OF_MEMORY: Final = 0.8
_SHARE_FOR_SPARES: Final = 1 / 32
_MOST_SPARES: Final = 16


def default_cache(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Give the folder in which matplotlib keeps its list of fonts between runs; None without a home."""
    home = environment.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        return (Path(home).expanduser() / "plotter2" / "matplotlib").absolute()
    except RuntimeError:  # a user id without a name, as in containers
        return None


@dataclass(frozen=True, slots=True)
class HostBudget:
    """What all children of one orchestrator may use together.

    At one time: so many children at work (each is counted as one processor), and the sums of the memory and the output
    that their tasks may use. Over its whole life: processor time and wall-clock time of all that ran; 0 = any amount.
    """

    children: int = field(default_factory=machine.cores)
    memory_mib: int = field(default_factory=lambda: int(machine.memory_mib() * _SHARE_OF_MEMORY))
    output_mib: int = field(default_factory=lambda: int(machine.memory_mib() * _SHARE_OF_MEMORY))
    cpu_ms: int = 0
    wall_ms: int = 0


@dataclass(frozen=True, slots=True)
class Spares:
    """How many children wait, confined and unused: at most `most`, and so many that all of them take `idle_mib`."""

    most: int = field(default_factory=lambda: min(machine.cores(), _MOST_SPARES))
    idle_mib: int = field(default_factory=lambda: int(machine.memory_mib() * _SHARE_FOR_SPARES))


@dataclass(frozen=True, slots=True)
class OrchestratorSettings:
    """Settings of one orchestrator.

    `zygote` is the command that becomes the zygote; `switched_off` names layers of the sandbox that
    are left off (`sandbox.plan.SWITCHES`), which lowers the level; `cache` is a private folder; `queue` is how many
    tasks may wait for their turn.
    """

    zygote: tuple[str, ...] = ZYGOTE
    switched_off: tuple[str, ...] = ()
    cache: Path | None = None
    start_seconds: float = 60.0
    confine_seconds: float = 20.0
    poll_seconds: float = 0.05
    budget: HostBudget = field(default_factory=HostBudget)
    spares: Spares = field(default_factory=Spares)
    queue: int = 1000
