"""A task on one bundle, about to run: all that is known of it before its tables are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plotter2.datter.registry import BundleRow
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.selecting import variables
from plotter2.tasks.exposures import Exposures
from plotter2.tasks.model import Applicable, Declared


@dataclass(frozen=True, slots=True)
class Instance:
    """A task on one bundle, about to run.

    `above` are the bundles above it, the nearest first; `covered` are for each task that it collects from the bundles
    on which that one runs. `every_above` are all bundles above it, `others` the scripts that are attached to these or
    to it. `approved` are actions with their targets that a person allowed.
    """

    declared: Declared
    applicable: Applicable
    compiled: CompiledScript
    above: tuple[BundleRow, ...]
    covered: Mapping[str, Sequence[BundleRow]]
    exposures: Exposures
    params: Mapping[str, Any] = field(default_factory=dict)
    every_above: tuple[BundleRow, ...] = ()
    others: tuple[Declared, ...] = ()
    approved: tuple[tuple[str, str], ...] = ()

    @property
    def bundle(self) -> BundleRow:
        """Give the bundle that it is for."""
        return self.applicable.bundle

    @property
    def name(self) -> str:
        """Give the name of the task."""
        return self.applicable.task.name

    @property
    def variables(self) -> dict[str, Any]:
        """Give the values of params by the names that the program calls them."""
        return variables(self.params, self.name)

    def __str__(self) -> str:
        return f"{self.bundle.name}:{self.name}"
