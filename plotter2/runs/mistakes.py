"""The error of a script that has mistakes. It stands alone, so that who only tells of errors loads no compiler."""

from __future__ import annotations

from dataclasses import dataclass, field

from p2lang.diagnostics import Diagnostic
from p2lang.source import Source
from plotter2.errors import Plotter2Error


@dataclass(eq=False)
class CheckFailed(Plotter2Error):
    """A script has mistakes: the diagnostics and the source that they speak of."""

    diagnostics: tuple[Diagnostic, ...] = ()
    source: Source = field(default_factory=lambda: Source(""))
