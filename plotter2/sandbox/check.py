"""One thing that `plotter2 doctor` looked at. Only values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Group: TypeAlias = Literal["machine", "sandbox", "libraries", "this root"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is well, what was found, what follows if not, and what to do then."""

    check: str
    ok: bool
    detail: str
    consequence: str = ""
    group: Group = "machine"
    remedy: str = ""

    def as_json(self) -> dict[str, str | bool]:
        """Give the check as plain JSON values."""
        return {
            "check": self.check,
            "group": self.group,
            "ok": self.ok,
            "detail": self.detail,
            "consequence": self.consequence,
            "remedy": self.remedy,
        }
