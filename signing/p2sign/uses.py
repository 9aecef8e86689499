"""What a signature may be for: the kinds of statement and the namespaces that go with them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


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


TRUST_NAMESPACE: Final = "plotter2-trust@v1"
"""What trust bundles are signed in."""
REVOKE_NAMESPACE: Final = "plotter2-revoke@v1"
"""What lists of revocations are signed in."""
LOG_NAMESPACE: Final = "plotter2-log@v1"
"""What checkpoints of logs are countersigned in."""
NAMESPACES: tuple[str, ...] = (
    *(kind.namespace for kind in Kind),
    TRUST_NAMESPACE,
    REVOKE_NAMESPACE,
    LOG_NAMESPACE,
)
"""Every namespace that plotter2 knows; a trust line may name these and no others."""
