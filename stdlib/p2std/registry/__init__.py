"""The one registry of signatures: text files beside this module, read without numpy or polars."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from p2lang.signatures import Registry, registry

FILES = (
    "sources",
    "steps",
    "marks",
    "effects",
    "aggregates",
    "windows",
    "functions",
    "texts",
    "values",
)


@cache
def core() -> Registry:
    """Give the registry of `core@1`; the same object on every call."""
    folder = files("p2std.registry")
    lines = [
        line
        for name in FILES
        for line in folder.joinpath(f"{name}.p2sig").read_text(encoding="utf-8").splitlines()
    ]
    planned = folder.joinpath("planned.p2sig").read_text(encoding="utf-8").splitlines()
    return registry(lines, planned, _aliases(folder.joinpath("aliases.txt").read_text("utf-8")))


def _aliases(text: str) -> dict[str, str]:
    pairs = (line.split("=") for line in text.splitlines() if line and not line.startswith("#"))
    return {other.strip(): name.strip() for other, name in pairs}
