"""Looking at packages and manifests as files: all that is wrong with one at once, and an old one made new."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plotter2.datter import durable
from plotter2.errors import DataError, ExitCode, Problem
from plotter2.manifest import codes, container, encode, mistakes, upgraded
from plotter2.manifest.model import Manifest
from plotter2.manifest.plain import MOST_BYTES
from plotter2.manifest.reading import read_manifest
from plotter2.staging.packages import MANIFEST_FILE, Package, lacking_in, open_package
from plotter2.staging.sources import content, opened


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look through a manifest or package found; `manifest` is None when it cannot be read."""

    path: Path
    manifest: Manifest | None
    problems: tuple[Problem, ...]
    is_canonical: bool
    files: int = 0
    bytes: int = 0


def checked(path: Path) -> Checked:
    """Look through a manifest, or a package with all its files; all mistakes are told, not only the first.

    Raises DataError when it cannot be opened at all.
    """
    data = manifest_bytes(path)
    found = mistakes(data, _where(path))
    if found:
        return Checked(path, None, found, is_canonical=False)
    manifest = read_manifest(data, _where(path))
    is_canonical = encode(manifest) == data
    if path.name.endswith(".json"):
        return Checked(path, manifest, (), is_canonical)
    if path.is_dir() and (lacking := lacking_in(path, manifest)):
        told = tuple(error.problem() for error in lacking)
        return Checked(path, manifest, told, is_canonical)
    try:
        package = open_package(path)
    except DataError as error:
        return Checked(path, manifest, (error.problem(),), is_canonical)
    problems = tuple(_damage(package))
    size = sum(part.bytes or 0 for part in package.parts.values())
    return Checked(path, manifest, problems, is_canonical, len(package.parts), size)


def manifest_bytes(path: Path) -> bytes:
    """Give the bytes of a manifest: of a file, of a folder's `manifest.json`, of a container. Raises DataError."""
    file = path / MANIFEST_FILE if path.is_dir() else path
    is_bare = file.name.endswith(".json")
    fd = opened(file, file.name, MOST_BYTES + 1 if is_bare else 1 << 42)
    try:
        if is_bare:
            return os.pread(fd, MOST_BYTES + 1, 0)
        first = os.pread(fd, container.FIRST_BYTES, 0)
        return os.pread(fd, container.manifest_length(first, file.name), len(first))
    finally:
        os.close(fd)


def read(path: Path) -> Manifest:
    """Read the manifest of a file or package. Raises DataError P2-D089x."""
    return read_manifest(manifest_bytes(path), _where(path))


def upgrade(path: Path, to: Path | None) -> bytes:
    """Give a manifest in the newest version as canonical JSON; it is written to `to`, durably, if that is given.

    Raises DataError: P2-D089x; P2-D0899 when the manifest is inside a container, or cannot be written.
    """
    if not path.is_dir() and not path.name.endswith(".json"):
        raise DataError(
            codes.NOT_WRITTEN,
            f"{path.name} is a container, and its manifest is part of what its digest covers",
            str(path),
            "leave it: every version is read for ever; or unpack and pack it anew",
            exit_code=ExitCode.USAGE,
        )
    data = encode(upgraded(read(path)))
    if to is not None:
        require_folder(to)
        durable.replace(to, data)
    return data


def require_folder(to: Path) -> None:
    """Raise DataError (P2-D0899) when a file cannot be written at `to` because there is no folder for it."""
    folder = to.absolute().parent
    if not folder.is_dir() or to.is_dir():
        raise DataError(
            codes.NOT_WRITTEN,
            f"{to} cannot be written: {'it is a folder' if to.is_dir() else f'there is no folder {folder}'}",
            str(to),
            "choose another place"
            if to.is_dir()
            else f"make the folder first: mkdir -p {shlex.quote(str(folder))}",
            exit_code=ExitCode.USAGE,
        )


def _damage(package: Package) -> Iterator[Problem]:
    for part in package.parts.values():
        try:
            for _ in content(part):
                pass
        except DataError as error:
            yield error.problem()


def _where(path: Path) -> str:
    return f"{path.name}/{MANIFEST_FILE}" if path.is_dir() else path.name


def digest_of(data: bytes) -> str:
    """Give the SHA-256 of a manifest's bytes."""
    return hashlib.sha256(data).hexdigest()
