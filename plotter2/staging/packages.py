"""Packages as they lie on the disk: one container file, or a folder with `manifest.json`.

A path out of a manifest was checked before it is joined to anything, and what it leads to is opened only if it is a
plain file. Nothing but the manifest is read here; digests are verified when the bytes are.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from plotter2.datter.bundle import PackageOrigin, slug
from plotter2.errors import DataError
from plotter2.manifest import codes, container
from plotter2.manifest.model import (
    ArrayFile,
    Content,
    Enclosed,
    Manifest,
    ManifestV2,
    OtherFiles,
    ParamsFile,
    PlainFile,
    RecordedRun,
)
from plotter2.manifest.plain import MOST_BYTES
from plotter2.manifest.reading import is_meant, read_manifest
from plotter2.manifest.walking import (
    Place,
    format_of,
    is_run,
    kept_path,
    paths_of,
    shared_paths_of,
    table_name,
    walk,
)
from plotter2.staging.codes import NOTHING_TO_READ, TOO_MUCH_KEPT
from plotter2.staging.grounds import shown
from plotter2.staging.loose import Taking, check_room
from plotter2.staging.parts import Asked, KeptFile, Part, Plan, Planned, Source, Stated
from plotter2.staging.sources import opened
from plotter2.wire.messages import FileFormat

MANIFEST_FILE = "manifest.json"
_MOST_PACKAGE = 1 << 42


@dataclass(frozen=True, slots=True)
class Package:
    """An opened package: its manifest, the SHA-256 of that, and where each of its files is."""

    path: Path
    manifest: Manifest
    digest: str
    parts: Mapping[str, Part]

    @property
    def name(self) -> str:
        """Give the name of its file or folder, as it is told and kept."""
        return shown(self.path.name)


def is_package(path: Path) -> bool:
    """Tell whether a path is meant to be a package, sound or not."""
    if path.name.lower().endswith(container.ENDING):
        return not path.is_dir()
    with suppress(OSError, DataError):
        if path.is_dir():
            size = _plain_size(path, MANIFEST_FILE)
            too_large = size is not None and size > MOST_BYTES
            return too_large or is_meant(_content(path / MANIFEST_FILE, MOST_BYTES))
        return _content(path, _MOST_PACKAGE, len(container.MAGIC)) == container.MAGIC
    return False


def is_whole(path: Path) -> bool:
    """Tell whether a package has its end, or as a folder all its files; nothing else is looked at."""
    try:
        open_package(path)
    except DataError as error:
        return error.code not in (codes.DAMAGED, codes.DISAGREES)
    return True


def open_package(path: Path) -> Package:
    """Open a package. Raises DataError P2-D089x, and as `sources.opened`."""
    return _open_folder(path) if path.is_dir() else _open_container(path)


def _open_container(path: Path) -> Package:
    where = path.name
    fd = opened(path, where, _MOST_PACKAGE)
    try:
        size = os.fstat(fd).st_size
        first = os.pread(fd, container.FIRST_BYTES, 0)
        length = container.manifest_length(first, where)
        start = first + os.pread(fd, length, len(first))
        if len(start) < len(first) + length:
            raise container.cut_off(where, "it ends in its manifest")
        found = container.opened(start, where)
        last = os.pread(fd, container.LAST_BYTES, found.size - container.LAST_BYTES)
        container.check_end(found, size, last, where)
    finally:
        os.close(fd)
    parts = {
        payload.path: Part(
            path, f"{where}/{payload.path}", payload.offset, payload.bytes, payload.digest
        )
        for payload in found.payloads
    }
    digest = hashlib.sha256(start[len(first) :]).hexdigest()
    for file in _files_of(found.manifest):
        if file not in parts:
            raise _lacking(where, file, "has no digest, so nobody can tell where it is")
    return Package(path, found.manifest, digest, parts)


def _open_folder(path: Path) -> Package:
    data = _content(path / MANIFEST_FILE, MOST_BYTES)
    manifest = read_manifest(data, f"{path.name}/{MANIFEST_FILE}")
    parts, lacking = _parts_in(path, manifest)
    for error in lacking:
        raise error
    return Package(path, manifest, hashlib.sha256(data).hexdigest(), parts)


def lacking_in(path: Path, manifest: Manifest) -> tuple[DataError, ...]:
    """Give what is wrong with the files of a package's folder before any is read: missing ones, other sizes."""
    return tuple(_parts_in(path, manifest)[1])


def _parts_in(path: Path, manifest: Manifest) -> tuple[dict[str, Part], list[DataError]]:
    where = f"{path.name}/{MANIFEST_FILE}"
    parts: dict[str, Part] = {}
    lacking: list[DataError] = []
    for file in dict.fromkeys([*_files_of(manifest), *manifest.digests]):
        promised = manifest.digests.get(file)
        size = _plain_size(path, file)
        if size is None:
            lacking.append(_lacking(where, file, "is not there, or is no plain file"))
        elif promised is not None and promised.bytes != size:
            why = f"{file} has {size:,} bytes, not {promised.bytes:,}"
            lacking.append(container.damaged(where, why))
        else:
            digest = promised.sha256 if promised else ""
            parts[file] = Part(path / file, f"{path.name}/{file}", 0, size, digest)
    return parts, lacking


def _plain_size(folder: Path, file: str) -> int | None:
    """Give the size of a file of a package's folder; None when it, or a folder on the way, is a link or not there."""
    here = folder
    with suppress(OSError):
        for part in file.split("/")[:-1]:
            here = here / part
            if not stat.S_ISDIR(here.lstat().st_mode):
                return None
        status = (folder / file).lstat()
        return status.st_size if stat.S_ISREG(status.st_mode) else None
    return None


def _content(path: Path, most: int, count: int | None = None) -> bytes:
    fd = opened(path, path.name, most)
    try:
        return os.pread(fd, os.fstat(fd).st_size if count is None else count, 0)
    finally:
        os.close(fd)


def _files_of(manifest: Manifest) -> Iterator[str]:
    for place in walk(manifest):
        for item in place.bundle.contains:
            yield from paths_of(item)
            yield from shared_paths_of(item)
    if isinstance(manifest, ManifestV2):
        for script in manifest.scripts:
            yield from (script.file, script.sidecar, *([script.lock] if script.lock else []))


# ------------------------------------------------------------ what becomes of it
def planned_package(path: Path, name: str | None, taking: Taking) -> Plan:
    """Give the bundles that a package brings; `name` is the outermost one's, by default what its manifest says.

    Raises DataError as `open_package`, P2-D0831 when it brings no bundle, P2-D0926 for too many or too large files.
    """
    package = open_package(path)
    top = _top(package, name)
    bundles = [
        _planned(package, place, top, taking)
        for place in walk(package.manifest)
        if place.around is not None or name is not None or not _is_wrapping(package.manifest)
    ]
    brings = any(bundle.sources or bundle.files for bundle in bundles)
    if not brings and package.manifest.name is None:
        raise DataError(
            NOTHING_TO_READ,
            f"the package {package.name} brings no table and no file",
            where=str(path),
            help="list what it contains under contains; plotter2 pack does",
        )
    return Plan(tuple(bundles), tuple(_left_alone(package)), _asked(package, top))


def _asked(package: Package, top: str) -> tuple[Asked, ...]:
    manifest = package.manifest
    if isinstance(manifest, ManifestV2) and manifest.scripts:
        return (Asked(package.name, manifest, package.digest, top, package.parts),)
    return ()


def _is_wrapping(manifest: Manifest) -> bool:
    """Tell whether a manifest only holds bundles together and is none itself."""
    is_bare = manifest.name is None and manifest.id is None and not manifest.params
    holds = [isinstance(item, Enclosed) for item in manifest.contains]
    return is_bare and not manifest.meta and bool(holds) and all(holds)


def _top(package: Package, name: str | None) -> str:
    """Give the name of the package's own bundle; empty when it is none, or a run that says its own."""
    manifest = package.manifest
    if name is not None:
        return name
    called = manifest.name or ""
    says_its_own = any(is_run(item) for item in manifest.contains)
    if not called and not says_its_own and not _is_wrapping(manifest):
        called = slug(package.path.name.removesuffix(container.ENDING))
    return "/".join(part for part in (manifest.parent, called) if part)


def _planned(package: Package, place: Place, top: str, taking: Taking) -> Planned:
    run = next((item for item in place.bundle.contains if is_run(item)), None)
    full = "/".join(part for part in (top, place.name) if part)
    names_itself = (
        run is not None and place.bundle.name is None and (place.around is not None or not top)
    )
    shown = f"{package.name}/{place.name or place.path}"
    if run is not None:
        files = paths_of(run)
        shown = f"{package.name}/{files[0]}" if len(files) == 1 else _folder_of(package, files)
    sources = [
        source for item in place.bundle.contains for source in _sources(package, item, shown)
    ]
    stated = Stated(place.bundle, _origin(package, place), _inside(place, top))
    params = dict(place.bundle.params)
    kept = _kept(package, place, shown, taking)
    if names_itself:
        parent = full if place.around is not None else (package.manifest.parent or "")
        return Planned(None, parent, shown, tuple(sources), params, stated, kept)
    return Planned(full, full.rpartition("/")[0], shown, tuple(sources), params, stated, kept)


def _kept(package: Package, place: Place, shown: str, taking: Taking) -> tuple[KeptFile, ...]:
    """Give the files of a bundle that are kept as they are: a manifest names them, so none is left out for its size."""
    if taking.keep is False:
        return ()
    kept = tuple(
        KeptFile(package.parts[file], path)
        for item in place.bundle.contains
        if (path := kept_path(item)) is not None
        for file in paths_of(item)
    )
    sizes = [file.part.bytes or 0 for file in kept]
    if sizes and max(sizes) > taking.largest:
        raise DataError(
            TOO_MUCH_KEPT,
            f"{kept[sizes.index(max(sizes))].part.name} has {max(sizes):,} bytes; {taking.largest:,} is the most that "
            "is kept",
            where=package.name,
            help="take it out of the package, or raise [files] largest_mib in config/plotter2.toml",
        )
    check_room(shown, len(kept), sum(sizes), taking)
    return kept


def _inside(place: Place, top: str) -> str:
    if place.around is None:
        return ""
    return place.around.bundle.id or "/".join(p for p in (top, place.around.name) if p)


def _folder_of(package: Package, files: tuple[str, ...]) -> str:
    folder = files[0].rpartition("/")[0]
    return f"{package.name}/{folder}" if folder else package.name


def _sources(package: Package, item: Content, shown: str) -> Iterator[Source]:
    if isinstance(item, Enclosed | PlainFile) or kept_path(item) is not None:
        return
    parts = [package.parts[file] for file in paths_of(item)]
    if isinstance(item, RecordedRun):
        kind: FileFormat = "l2run" if len(parts) > 1 else "l2"
        for file, part in zip(item.files, parts, strict=True):
            name = f"{shown}/{file.rpartition('/')[2]}" if kind == "l2run" else shown
            yield Source((part,), name, kind)
    elif isinstance(item, OtherFiles):
        name = shown if is_run(item) else parts[0].name
        yield Source(tuple(parts), name, item.format, item.name or "", names=item.names)
    elif isinstance(item, ArrayFile):
        yield _array(package, item)
    elif isinstance(item, ParamsFile):
        yield Source(tuple(parts), parts[0].name, "params")
    else:
        form = cast(FileFormat, format_of(item))  # `sense` saw to it
        name = parts[0].name if parts else f"{shown}/{table_name(item)}"
        yield Source(tuple(parts), name, form, table_name(item))


def _array(package: Package, item: ArrayFile) -> Source:
    """Give an array with its coordinates, which are read together: they have to fit."""
    main = package.parts[item.file]
    along = {
        str(number): package.parts[axis.coordinate]
        for number, axis in enumerate(item.axes)
        if axis.coordinate is not None
    }
    names = (str(len(item.axes)), *along) if item.axes else ()
    return Source(
        (main, *along.values()), main.name, "array", item.name, names=names, axes=item.axes
    )


def _origin(package: Package, place: Place) -> PackageOrigin:
    manifest = package.manifest
    return PackageOrigin(
        digest=package.digest,
        id=place.bundle.id or "",
        date=manifest.date,
        time=manifest.time,
        timezone=manifest.timezone,
        user=manifest.user,
        tool=manifest.tool,
        origin_point=manifest.origin_point,
        destination=manifest.destination,
        links=place.bundle.links,
        tasks=place.bundle.tasks,
    )


def _left_alone(package: Package) -> Iterator[str]:
    used = set(_files_of(package.manifest))
    known = {*package.parts, MANIFEST_FILE}
    yield from (package.parts[file].name for file in package.parts if file not in used)
    if package.path.is_dir():
        for found in sorted(package.path.rglob("*")):
            file = found.relative_to(package.path).as_posix()
            if file not in known and not found.is_dir() and not found.name.startswith("."):
                yield f"{package.name}/{file}"


def _lacking(where: str, file: str, why: str) -> DataError:
    return DataError(
        codes.DISAGREES,
        f"the file {file!r}, which the manifest names, {why}",
        where,
        "add the file to the package, or take it out of the manifest",
    )
