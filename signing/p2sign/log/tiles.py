"""A log as files that anybody may serve and check: hash tiles and bundles of entries (https://c2sp.org/tlog-tiles)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from p2sign.log.tree import Tree

WIDTH = 256
"""The most hashes of a tile, and entries of a bundle."""
_HEIGHT = 8
_FOLDER = 1000


def tile_path(level: int | str, number: int, width: int = WIDTH) -> str:
    """Give the path of a tile: `tile/0/x001/234`, with `.p/17` behind it when only 17 hashes are in it.

    `level` is "entries" for bundles of entries.
    """
    parts = [f"{number % _FOLDER:03}"]
    while number := number // _FOLDER:
        parts.insert(0, f"x{number % _FOLDER:03}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(parts)}{partial}"


def hash_tiles(tree: Tree) -> Iterator[tuple[str, bytes]]:
    """Give path and content of each hash tile, level by level."""
    level = 0
    while hashes := tree.level(level * _HEIGHT):
        for number, width in _widths(len(hashes)):
            start = number * WIDTH
            yield tile_path(level, number, width), b"".join(hashes[start : start + width])
        level += 1


def entry_bundles(entries: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """Give path and content of each bundle of entries, each behind its length in two bytes."""
    for number, width in _widths(len(entries)):
        taken = entries[number * WIDTH : number * WIDTH + width]
        content = b"".join(len(entry).to_bytes(2, "big") + entry for entry in taken)
        yield tile_path("entries", number, width), content


def _widths(count: int) -> Iterator[tuple[int, int]]:
    """Give number and width of each tile that `count` hashes of one level fill."""
    for start in range(0, count, WIDTH):
        yield start // WIDTH, min(WIDTH, count - start)
