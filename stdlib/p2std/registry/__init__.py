"""The one registry of signatures and their examples: text files beside this module, read without numpy or polars."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from p2lang.signatures import Registry, Signature, registry

FILES = (
    "sources",
    "steps",
    "marks",
    "items",
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
    return registry(lines, _aliases(folder.joinpath("aliases.txt").read_text("utf-8")))


def example_of(signature: Signature) -> str:
    """Give the example script of an operation; raises FileNotFoundError when it has none."""
    name = f"{signature.full_name}.p2"
    return _EXAMPLES.joinpath(signature.kind, name).read_text(encoding="utf-8")


@cache
def examples() -> frozenset[tuple[str, str]]:
    """Give the kind and full name of every operation that has an example script."""
    return frozenset(
        (folder.name, file.name.removesuffix(".p2"))
        for folder in _EXAMPLES.iterdir()
        for file in folder.iterdir()
    )


_EXAMPLES = files("p2std.registry").joinpath("examples")


def _aliases(text: str) -> dict[str, str]:
    pairs = (line.split("=") for line in text.splitlines() if line and not line.startswith("#"))
    return {other.strip(): name.strip() for other, name in pairs}
