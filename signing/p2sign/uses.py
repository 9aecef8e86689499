"""What a signature may be for: the kinds of statement and the namespaces that go with them."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a statement is about."""

    SCRIPT = "script"
    LOCAL = "local"
    DRAFT = "draft"
    PACK = "pack"

    @property
    def namespace(self) -> str:
        """The SSHSIG namespace in which a statement of this kind is signed."""
        return f"plotter2-{self.value}@v1"


NAMESPACES: tuple[str, ...] = (
    *(kind.namespace for kind in Kind),
    "plotter2-trust@v1",
    "plotter2-revoke@v1",
    "plotter2-log@v1",
)
"""Every namespace that plotter2 knows; a trust line may name these and no others."""
