"""Runs work in confined children and watches over it. It moves bytes and never parses them."""

from plotter2.orchestrator.cancellation import Cancellation
from plotter2.orchestrator.conversation import Event
from plotter2.orchestrator.orchestrator import Orchestrator
from plotter2.orchestrator.settings import HostBudget, OrchestratorSettings, Spares
from plotter2.orchestrator.task import (
    OutBlob,
    Outcome,
    Priority,
    SoFar,
    Task,
    TaskLimits,
    Usage,
)
from plotter2.orchestrator.verdict import ScriptFailed

__all__ = [
    "Cancellation",
    "Event",
    "HostBudget",
    "Orchestrator",
    "OrchestratorSettings",
    "OutBlob",
    "Outcome",
    "Priority",
    "ScriptFailed",
    "SoFar",
    "Spares",
    "Task",
    "TaskLimits",
    "Usage",
]
