"""The Merkle tree of RFC 6962 section 2: hashes, the right edge that grows, inclusion proofs and their check."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

_HASH_BYTES = 32


def leaf_hash(entry: bytes) -> bytes:
    """Give the hash of an entry as a leaf."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Give the hash of a node above two others."""
    return hashlib.sha256(b"\1" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Edge:
    """What of a tree is needed to make it grow: the roots of its whole subtrees, the largest first.

    There is one for each bit that is set in `size`, so a tree of a million leaves needs at most 20. Raises ValueError
    for any other number of them, and for what is no hash.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has another number of whole subtrees")
        if any(len(each) != _HASH_BYTES for each in self.hashes):
            raise ValueError("a hash has 32 bytes")

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in self.hashes[-2::-1]:
            root = node_hash(left, root)
        return root

    @property
    def path_of_next(self) -> tuple[bytes, ...]:
        """The inclusion proof that the next leaf will have in the tree that ends with it."""
        return self.hashes[::-1]

    def grown(self, leaves: Iterable[bytes]) -> Edge:
        """Give the edge when these leaf hashes were added."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            bits, merged = size, leaf
            while bits & 1:
                merged = node_hash(hashes.pop(), merged)
                bits >>= 1
            hashes.append(merged)
            size += 1
        return Edge(size, tuple(hashes))


class Tree:
    """A whole tree in memory: for the roots of all earlier sizes, and for proofs of any leaf in them."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([node_hash(left, right) for left, right in pairs])

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    def level(self, height: int) -> Sequence[bytes]:
        """Give the roots of the whole subtrees of 2**height leaves, from the left."""
        return self._levels[height] if height < len(self._levels) else ()

    def root(self, size: int | None = None) -> bytes:
        """Give the root of the first `size` leaves (of all). Raises ValueError."""
        size = self.size if size is None else size
        self._check(size)
        return self._hash(0, size) if size else EMPTY_ROOT

    def edge(self, size: int | None = None) -> Edge:
        """Give the edge of the first `size` leaves (of all). Raises ValueError."""
        size = self.size if size is None else size
        self._check(size)
        hashes, start = [], 0
        for height in range(size.bit_length() - 1, -1, -1):
            if size >> height & 1:
                hashes.append(self._levels[height][start >> height])
                start += 1 << height
        return Edge(size, tuple(hashes))

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Give the hashes from the leaf's sibling up (RFC 6962 section 2.1.1). Raises ValueError."""
        size = self.size if size is None else size
        self._check(size)
        if not 0 <= index < size:
            raise ValueError(f"there is no leaf {index} among {size}")
        return tuple(self._path(index, 0, size))

    def _check(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise ValueError(f"there are no {size} leaves among {self.size}")

    def _hash(self, start: int, end: int) -> bytes:
        """Give the root of the leaves from `start` to `end`; `start` is a multiple of the power of two below."""
        count = end - start
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            return self._levels[height][start >> height]
        middle = start + _left(count)
        return node_hash(self._hash(start, middle), self._hash(middle, end))

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _left(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._hash(middle, end)]
        return [*self._path(index, middle, end), self._hash(start, middle)]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a proof leads from a leaf hash at `index` to the root of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(each, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, each)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def _left(count: int) -> int:
    """Give the largest power of two below `count`: how many leaves are on the left of its root."""
    return 1 << (count - 1).bit_length() - 1
