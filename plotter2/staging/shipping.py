"""Writing packages: a manifest and the files that it names, as one container or as a folder, durably.

Every file is hashed while it is copied and must be what its digest says, so that no package leaves with other bytes
than it promises. Nothing is ever written over; a half-written package never has its name.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from plotter2.datter import durable
from plotter2.errors import DataError, ExitCode
from plotter2.manifest import Manifest, codes, encode, read_manifest
from plotter2.manifest.container import head, trailer
from plotter2.manifest.model import Digest
from plotter2.staging.manifests import require_folder
from plotter2.staging.packages import MANIFEST_FILE
from plotter2.staging.parts import Part
from plotter2.staging.sources import content


@dataclass(frozen=True, slots=True)
class Cargo:
    """A package before it is written: its manifest, and where the bytes of each of its files are."""

    manifest: Manifest
    parts: Mapping[str, Part]


@dataclass(frozen=True, slots=True)
class Shipped:
    """A package that was written; `digest` is the SHA-256 of its manifest."""

    path: Path
    digest: str
    files: int
    bytes: int


def loaded(manifest: Manifest, parts: Mapping[str, Part], where: str) -> Cargo:
    """Give a package with the digests of its files; those that are not known are computed.

    Raises DataError: P2-D0895 when a name cannot stand in a manifest, and as `sources.content`.
    """
    known: dict[str, Part] = {}
    for path, part in sorted(parts.items()):
        known[path] = part if part.digest and part.bytes is not None else _hashed(part)
    digests = {
        path: Digest(sha256=part.digest, bytes=part.bytes or 0) for path, part in known.items()
    }
    complete = msgspec.structs.replace(manifest, digests=digests)
    return Cargo(read_manifest(encode(complete), where), known)


def write_container(cargo: Cargo, to: Path) -> Shipped:
    """Write a package as one file. Raises DataError: P2-D0899 (something is there), P2-D0897, P2-D0801, P2-D0802."""
    data = encode(cargo.manifest)
    new_file(to, _pieces(cargo, head(data)))
    return _shipped(cargo, to, data)


def write_folder(cargo: Cargo, to: Path) -> Shipped:
    """Write a package as a folder with `manifest.json`. Raises DataError as `write_container`."""
    data = encode(cargo.manifest)
    with new_folder(to) as tmp:
        for path, part in sorted(cargo.parts.items()):
            final = tmp / path
            _make_folders(tmp, path)
            durable.write_new(final, content(part), mode=0o644)
        durable.write_new(tmp / MANIFEST_FILE, (data,), mode=0o644)
        folders = {tmp, *(folder for path in cargo.parts for folder in _above(tmp, path))}
        durable.sync_dirs(sorted(folders, reverse=True))
    return _shipped(cargo, to, data)


@contextmanager
def new_folder(to: Path) -> Iterator[Path]:
    """Give a folder to fill; after the block it is called `to`, and when the block fails nothing is left of it.

    Raises DataError P2-D0899 when something is there already.
    """
    require_free(to)
    require_folder(to)
    tmp = _beside(to)
    durable.make_dir(tmp)
    try:
        yield tmp
        require_free(to)
        durable.rename_dir(tmp, to)
    except BaseException:
        durable.discard_dir(tmp)
        raise


def new_file(to: Path, pieces: Iterable[bytes]) -> None:
    """Write one file durably. Raises DataError P2-D0899 when something is there already, and what `pieces` raises."""
    require_free(to)
    require_folder(to)
    tmp = _beside(to)
    durable.write_new(tmp, pieces, mode=0o644)
    try:
        fresh = durable.publish(tmp, to)
    except BaseException:
        durable.discard(tmp)
        raise
    if not fresh:
        raise _taken(to)


def _pieces(cargo: Cargo, start: bytes) -> Iterator[bytes]:
    yield start
    for _, part in sorted(cargo.parts.items()):
        yield from content(part)
    yield trailer(start)


def _hashed(part: Part) -> Part:
    digest, size = hashlib.sha256(), 0
    for piece in content(part):
        digest.update(piece)
        size += len(piece)
    return Part(part.path, part.name, part.offset, size, digest.hexdigest())


def _above(folder: Path, path: str) -> list[Path]:
    parts = path.split("/")[:-1]
    return [folder.joinpath(*parts[: end + 1]) for end in range(len(parts))]


def _make_folders(folder: Path, path: str) -> None:
    for above in _above(folder, path):
        if not above.is_dir():
            durable.make_dir(above)


def _beside(to: Path) -> Path:
    return to.with_name(f".{to.name}.new.{os.getpid()}-{time.monotonic_ns()}")


def require_free(to: Path) -> None:
    """Raise DataError P2-D0899 when something is at a place already, a link too."""
    if os.path.lexists(to):
        raise _taken(to)


def _taken(to: Path) -> DataError:
    return DataError(
        codes.NOT_WRITTEN,
        f"there is something at {to} already, and it is kept",
        str(to),
        "choose another place with -o, or remove what is there",
        exit_code=ExitCode.USAGE,
    )


def _shipped(cargo: Cargo, to: Path, data: bytes) -> Shipped:
    size = sum(part.bytes or 0 for part in cargo.parts.values())
    return Shipped(to, hashlib.sha256(data).hexdigest(), len(cargo.parts), size)
