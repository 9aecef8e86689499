"""How the orchestrator starts its zygote and how long it waits for it. Values only."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ZYGOTE = (sys.executable, "-I", "-X", "utf8", "-m", "plotter2.child.zygote")


def default_cache(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Give the folder in which matplotlib keeps its list of fonts between runs; None without a home."""
    home = environment.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        return (Path(home).expanduser() / "plotter2" / "matplotlib").absolute()
    except RuntimeError:  # a user id without a name, as in containers
        return None


@dataclass(frozen=True, slots=True)
class OrchestratorSettings:
    """Settings of one orchestrator.

    `zygote` is the command that becomes the zygote; `switched_off` names layers of the sandbox that
    are left off (`sandbox.plan.SWITCHES`), which lowers the level; `cache` is a private folder.
    """

    zygote: tuple[str, ...] = ZYGOTE
    switched_off: tuple[str, ...] = ()
    cache: Path | None = None
    start_seconds: float = 60.0
    confine_seconds: float = 20.0
    poll_seconds: float = 0.05
