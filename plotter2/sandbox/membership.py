"""In which control groups this process is, as the kernel tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MOUNT: Final = Path("/sys/fs/cgroup")
MEMBERSHIP: Final = Path("/proc/self/cgroup")


def memberships(membership: Path = MEMBERSHIP) -> list[tuple[str, str]]:
    """Give the controllers ("" is version 2) and the path below the mount of each group; none where it is not told."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    fields = [line.split(":", 2) for line in lines]
    return [(each[1], each[2].lstrip("/")) for each in fields if len(each) == 3]


def own_group(mount: Path = MOUNT, membership: Path = MEMBERSHIP) -> Path | None:
    """Give the folder of the group of version 2 that this process is in, or None."""
    own = [path for controllers, path in memberships(membership) if not controllers]
    return mount / own[0] if own else None
