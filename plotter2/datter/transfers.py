"""What tasks did with tables that they own, as plain records that are kept with a run: who may read, who owns."""

from __future__ import annotations

import hashlib
from typing import Literal, TypeAlias

import msgspec

How: TypeAlias = Literal["share", "handin", "handoff", "register", "deregister"]


class Holder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A task instance: a task of a script that is attached to the bundle `home` (ids), on a bundle."""

    bundle: str
    home: str
    script: str
    task: str

    def __str__(self) -> str:
        return f"task {self.task} of {self.script}"

    def is_task(self, other: Holder) -> bool:
        """Tell whether both are the same task, be it on other bundles."""
        return (self.home, self.script, self.task) == (other.home, other.script, other.task)


class Transfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One operation of ownership, on the table that the run `run` exposed under a name.

    `of` exposed it, `to` is who reads or owns from then on; `key` is the SHA-256 of the key with which others may read.
    """

    how: How
    run: str
    table: str
    of: Holder
    to: Holder | None = None
    key: str = ""


def digest_of_key(key: str) -> str:
    """Give what is kept of a key: its SHA-256, never itself."""
    return hashlib.sha256(b"p2key-v1\0" + key.encode()).hexdigest()
