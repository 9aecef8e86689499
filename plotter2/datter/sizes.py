"""What the store takes on the disk: by bundle, with all below it and alone, and by folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plotter2.datter import durable
from plotter2.datter.layout import Layout
from plotter2.datter.registry import BundleRow


@dataclass(frozen=True, slots=True)
class Use:
    """What a bundle holds with all below it; `alone` is what no other bundle holds too."""

    name: str
    bytes: int
    alone: int
    objects: int

    def as_json(self) -> dict[str, Any]:
        """Give the line as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lines by bundle, and bytes by folder of the root."""

    bundles: tuple[Use, ...]
    totals: dict[str, int]


def sizes(
    layout: Layout,
    contents: Sequence[tuple[BundleRow, dict[str, int]]],
    chosen: Sequence[BundleRow] | None,
) -> Sizes:
    """Give what bundles hold (digest -> bytes) and what the root takes; by default the bundles at the top."""
    holders = Counter(digest for _, objects in contents for digest in objects)
    names = {row.name for row, _ in contents}
    wanted = names if chosen is None else {row.name for row in chosen}
    tops = sorted(n for n in wanted if chosen is not None or not _above(n, names))
    lines = [_use(name, contents, holders) for name in tops]
    totals = {
        "bundles": tree_bytes(layout.source),
        "outputs": tree_bytes(layout.output),
        "registry": tree_bytes(layout.registry),
        "log": tree_bytes(layout.log),
    }
    return Sizes(tuple(lines), {**totals, "all": sum(totals.values())})


def tree_bytes(folder: Path) -> int:
    """Give how many bytes the files below a folder take on the disk."""
    total = 0
    with durable.reported(folder):
        for where, _, files in os.walk(folder):
            for name in files:
                total += _blocks(Path(where, name))
    return total


def _blocks(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except FileNotFoundError:  # somebody is at work
        return 0


def _above(name: str, names: set[str]) -> bool:
    parts = name.split("/")
    return any("/".join(parts[:place]) in names for place in range(1, len(parts)))


def _use(
    name: str, contents: Sequence[tuple[BundleRow, dict[str, int]]], holders: Counter[str]
) -> Use:
    here: Counter[str] = Counter()
    bytes_of: dict[str, int] = {}
    for row, objects in contents:
        if row.name == name or row.name.startswith(name + "/"):
            here.update(objects.keys())
            bytes_of |= objects
    alone = sum(size for digest, size in bytes_of.items() if holders[digest] == here[digest])
    return Use(name, sum(bytes_of.values()), alone, len(bytes_of))
