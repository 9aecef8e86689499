"""What a script knows of the place where it runs: its bundle, its task, what the store holds of other tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Around:
    """The bundle and the task of a run, and what the store knew about both when the run began.

    `exposed` are tables that tasks exposed for the bundle, `imposed` those that tasks after this one want, `linked`
    the links that answer here, `approved` the actions with their targets that a person allowed, `ended` the moments
    (UTC, as text) at which tasks last ended.
    """

    bundle: str = ""
    task: str = ""
    exposed: tuple[str, ...] = ()
    imposed: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    approved: frozenset[tuple[str, str]] = frozenset()
    ended: Mapping[str, str] = field(default_factory=dict)


NOWHERE = Around()
"""Around a script that belongs to no bundle."""
