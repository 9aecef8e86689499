"""The name of a library, `scope/name@version`: how it is written in scripts, as a path and in statements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from p2lang.check.libraries import REFERENCE

SUFFIX = ".p2"
FOLDER = "libraries"
"""The folder beside a script, and under a root, that holds libraries as `scope/name/version.p2`."""

_PARTS = 3


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """One version of one library."""

    scope: str
    name: str
    version: str

    @classmethod
    def parse(cls, text: str) -> Reference | None:
        """Read `scope/name@version`; None when it is none."""
        if not REFERENCE.match(text):
            return None
        called, _, version = text.partition("@")
        scope, _, name = called.partition("/")
        return cls(scope, name, version)

    @classmethod
    def of_path(cls, path: Path) -> Reference | None:
        """Give the library whose file this is: `libraries/scope/name/version.p2`; None for other files."""
        parts = path.absolute().parts[-_PARTS - 1 :]
        if len(parts) <= _PARTS or parts[0] != FOLDER or path.suffix != SUFFIX:
            return None
        return cls.parse(f"{parts[1]}/{parts[2]}@{path.name.removesuffix(SUFFIX)}")

    def __str__(self) -> str:
        return f"{self.scope}/{self.name}@{self.version}"

    @property
    def signed_name(self) -> str:
        """Give the name that a statement has for it: `scope/name/version`."""
        return f"{self.scope}/{self.name}/{self.version}"

    @property
    def order(self) -> tuple[int, ...]:
        """Give what sorts the versions of a library."""
        return tuple(int(number) for number in self.version.split("."))

    def below(self, folder: Path) -> Path:
        """Give its file in a folder of libraries."""
        return folder / self.scope / self.name / f"{self.version}{SUFFIX}"
