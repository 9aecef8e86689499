"""The links of a bundle, and of the bundles above it that answer for it, each with whether it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plotter2.datter.registry import BundleRow
from plotter2.tasks.answering import holds
from plotter2.tasks.attached import Declarations
from plotter2.tasks.model import Answer, Answered, Link, Unanswered


@dataclass(frozen=True, slots=True)
class LinkState:
    """A link and what it answers now."""

    link: Link
    answer: Answer

    def as_json(self) -> dict[str, Any]:
        """Give the link with `holds`, and with what it reads or why it does not hold."""
        if isinstance(self.answer, Answered):
            return {**self.link.as_json(), "holds": True, **self.answer.as_json()}
        return {**self.link.as_json(), "holds": False, "reason": self.answer.reason.as_json()}


def links_of(declarations: Declarations, bundle: BundleRow) -> tuple[LinkState, ...]:
    """Give the links that answer for a bundle, its own first; of each name only the nearest. Raises DataError."""
    nearest: dict[str, Link] = {}
    for holder in (bundle, *declarations.above(bundle)):
        for declared in declarations.of(holder):
            for link in declared.links:
                nearest.setdefault(link.head.name, link)
    return tuple(LinkState(link, holds(declarations, link)) for link in nearest.values())


def no_longer(declarations: Declarations, bundle: BundleRow) -> tuple[str, ...]:
    """Say which links that answer for a bundle do not hold, and what to do. Raises DataError."""
    return tuple(
        f"{state.answer.reason.message} [{state.answer.reason.code}]; {state.answer.reason.help}"
        for state in links_of(declarations, bundle)
        if isinstance(state.answer, Unanswered)
    )
