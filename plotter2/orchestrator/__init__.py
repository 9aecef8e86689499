"""Runs work in confined children and watches over it. It moves bytes and never parses them."""

from plotter2.orchestrator.conversation import Event
from plotter2.orchestrator.orchestrator import Orchestrator
from plotter2.orchestrator.settings import OrchestratorSettings
from plotter2.orchestrator.task import OutBlob, Outcome, Task, TaskLimits, Usage
from plotter2.orchestrator.verdict import ScriptFailed

__all__ = [
    "Event",
    "Orchestrator",
    "OrchestratorSettings",
    "OutBlob",
    "Outcome",
    "ScriptFailed",
    "Task",
    "TaskLimits",
    "Usage",
]
