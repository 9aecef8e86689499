"""What is known of a process that came to harm, and what a check of its root found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Ack = Callable[[str], None]
"""How a workload tells that a step is promised to be kept."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What the parent knows of a process that came to harm: its acknowledgements, and the code of its refusal."""

    acks: tuple[str, ...]
    refusal: str = ""


@dataclass(slots=True)
class Checked:
    """What a check found, and how long the store took to be ready."""

    wrong: list[str] = field(default_factory=list)
    ready_s: float = 0.0
