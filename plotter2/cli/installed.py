"""The libraries that work is done with, as `doctor` tells of them: versions, known holes, what is ready. Loads none."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from plotter2.orchestrator.settings import default_cache
from plotter2.sandbox.check import Check
from plotter2.version import __version__

_PACKAGES: Final = (
    "apsw",
    "av",
    "cryptography",
    "lark",
    "matplotlib",
    "msgspec",
    "numpy",
    "polars",
    "RestrictedPython",
    "scipy",
)
_NOT_THERE: Final = "not installed"
_HOLES_BEFORE: Final = {"RestrictedPython": ((9, 0), "it has known ways out (CVE-2026-76825)")}
"""Releases before these have holes that were made public."""


def versions() -> dict[str, str]:
    """Give the version of plotter2, of Python and of each library that matters for a picture."""
    found = {"plotter2": __version__, "python": platform.python_version()}
    return found | {package: _version(package) for package in _PACKAGES}


def library_checks() -> list[Check]:
    """Give whether releases are in use whose holes are known, and whether fonts are listed already."""
    return [_holes(), _fonts()]


def _holes() -> Check:
    open_ones = [
        f"{package} {found}: {why}"
        for package, (least, why) in _HOLES_BEFORE.items()
        if (found := _version(package)) != _NOT_THERE and _numbers(found) < least
    ]
    told = ", ".join(f"{package} {_version(package)}" for package in _PACKAGES)
    return Check(
        "libraries",
        not open_ones,
        "; ".join(open_ones) or told,
        "the language of scripts no longer holds what it should; the sandbox still does",
        "libraries",
        "pip install --upgrade plotter2" if open_ones else "",
    )


def _fonts() -> Check:
    cache = default_cache()
    lists = list(cache.glob("fontlist-*.json")) if cache is not None and cache.is_dir() else []
    told = f"listed in {lists[0].parent}" if lists else "not listed yet"
    return Check("fonts", bool(lists), told, "the first run takes a second longer", "libraries")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return _NOT_THERE


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
