"""Keeping files as they are: hashed while they are copied, one object each. Their bytes are never looked into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from plotter2.datter.holdings import StoredFile
from plotter2.staging.found import ReadBundle
from plotter2.staging.media import FIRST_BYTES, media_of
from plotter2.staging.parts import KeptFile
from plotter2.staging.sources import steady_content

PutPieces: TypeAlias = Callable[[Iterable[bytes]], tuple[str, int]]
"""Takes the bytes of a file; gives (SHA-256, size)."""


def keep_files(bundles: Sequence[ReadBundle], put: PutPieces) -> None:
    """Keep the files of bundles that were read.

    Raises DataError: P2-D0830, P2-D0832 (gone, no plain file), P2-D0836 (it changed meanwhile), P2-D0897 (not the
    bytes that were promised), and as `put`.
    """
    for bundle in bundles:
        for file in bundle.planned.files:
            bundle.kept[file.path] = _kept(file, put)


def _kept(file: KeptFile, put: PutPieces) -> StoredFile:
    first = bytearray()

    def passing() -> Iterator[bytes]:
        for piece in steady_content(file.part):
            if len(first) < FIRST_BYTES:
                first.extend(piece[: FIRST_BYTES - len(first)])
            yield piece

    digest, size = put(passing())
    return StoredFile(digest=digest, bytes=size, media=media_of(file.path, bytes(first)))
