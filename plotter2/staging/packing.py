"""`pack`: what `add` would take, as a package, so that it can travel and be added somewhere else.

Files go in as they are, in an order that only their names decide: the same files give the same bytes, apart from the
date and the time, which can be given. What they hold is read where the package is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, get_args

from plotter2.datter.bundle import slug
from plotter2.errors import DataError, ExitCode
from plotter2.manifest import Manifest, ManifestV1, ManifestV2, codes, upgraded
from plotter2.manifest.model import (
    Content,
    Enclosed,
    OtherFiles,
    OtherFormat,
    ParamsFile,
    PlainFile,
    Plot,
    RecordedRun,
    Script,
    TableFile,
    TableFormat,
)
from plotter2.manifest.names import LONGEST_PATH, folded, folders_above, is_file_path
from plotter2.staging.intake import plan_of
from plotter2.staging.loose import AS_SET, Taking
from plotter2.staging.packages import is_package, open_package
from plotter2.staging.parts import Part, Planned, Source
from plotter2.staging.shipping import Cargo, loaded

_RUNS = ("l2", "l2run")
_OTHER = get_args(OtherFormat)
LOCK_FILE = "p2.lock"
"""Beside a script: which libraries it uses."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a manifest says of its package beside its contents."""

    date: str
    time: str
    timezone: str
    user: str
    tool: str
    meta: dict[str, Any] = field(default_factory=dict)
    origin_point: str = ""
    destination: str = ""


@dataclass(frozen=True, slots=True)
class Packed:
    """A package that is ready to be written, what it is called, and files that were left alone."""

    cargo: Cargo
    name: str
    left_alone: tuple[str, ...]


@dataclass(slots=True)
class _Node:
    """A bundle while the tree is built."""

    planned: Planned | None
    inside: list[_Node] = field(default_factory=list)
    name: str = ""


def pack(
    paths: Sequence[Path],
    name: str | None,
    label: Label,
    plots: Sequence[Path] = (),
    taking: Taking = AS_SET,
) -> Packed:
    """Give what paths hold as a package; `plots` are signed scripts that draw it where it is added.

    `taking` says which files go along that nothing is read from, as where output is added. A folder with a manifest
    keeps what that says, and gets digests. Raises DataError as `find` and `shipping.loaded`.
    """
    if len(paths) == 1 and is_package(paths[0].absolute()):
        return _packed_again(paths[0].absolute(), name, plots)
    plan = plan_of(paths, name, taking)
    tops = _tree(plan.bundles)
    hold = Hold()
    manifest: Manifest
    if len(tops) == 1:
        manifest = ManifestV1(
            manifest_version=1,
            name=tops[0].name or None,
            parent=_parent(tops[0]),
            params=_params(tops[0].planned),
            contains=tuple(hold.contents(tops[0])),
            **_said(label),
        )
    else:
        manifest = ManifestV1(
            manifest_version=1,
            contains=tuple(hold.enclosed(top) for top in tops),
            **_said(label),
        )
    called = name or tops[0].name or slug(paths[0].name)
    return _finished(manifest, hold, plots, called, plan.left_alone)


def _said(label: Label) -> dict[str, Any]:
    return {key: getattr(label, key) for key in label.__slots__}


def _parent(top: _Node) -> str | None:
    return (top.planned.parent or None) if top.planned and not top.name else None


def _packed_again(path: Path, name: str | None, plots: Sequence[Path]) -> Packed:
    package = open_package(path)
    manifest = package.manifest
    if name is not None:
        manifest = type(manifest)(**{**_fields(manifest), "name": name, "parent": None})
    hold = Hold(dict(package.parts))
    called = manifest.name or slug(path.stem if path.is_file() else path.name)
    return _finished(manifest, hold, plots, called, ())


def _fields(manifest: Manifest) -> dict[str, Any]:
    return {name: getattr(manifest, name) for name in manifest.__struct_fields__}


def _finished(
    manifest: Manifest, hold: Hold, plots: Sequence[Path], called: str, left: tuple[str, ...]
) -> Packed:
    if plots:
        manifest = _with_plots(upgraded(manifest), hold, plots)
    shown = called.rpartition("/")[2]
    return Packed(loaded(manifest, hold.parts, f"{shown}.p2b"), shown, left)


def _with_plots(manifest: ManifestV2, hold: Hold, plots: Sequence[Path]) -> ManifestV2:
    scripts, asked = [*manifest.scripts], [*manifest.plots]
    for path in plots:
        sidecar = path.with_name(path.name + ".sig")
        if not sidecar.is_file():
            raise DataError(
                codes.DISAGREES,
                f"{path} is not signed, so nobody could run it out of the package",
                str(path),
                f"sign it first: plotter2 sign {path}",
                exit_code=ExitCode.REFUSED,
            )
        # The file of a signed script keeps its name: the signature names it.
        file = hold.place(Part(path.absolute(), str(path)), f"plots/{path.name}")
        signed = hold.place(Part(sidecar.absolute(), str(sidecar)), f"{file}.sig")
        scripts.append(Script(file=file, sidecar=signed, lock=_lock(path, hold)))
        asked.append(Plot(script=file))
    return ManifestV2(**{**_fields(manifest), "scripts": tuple(scripts), "plots": tuple(asked)})


def _lock(script: Path, hold: Hold) -> str | None:
    lock = script.with_name(LOCK_FILE)
    if not lock.is_file():
        return None
    return hold.place(Part(lock.absolute(), str(lock)), f"plots/{script.name}.lock")


# ------------------------------------------------------------ the tree of bundles
def _tree(bundles: Sequence[Planned]) -> list[_Node]:
    """Hang each bundle below the nearest one above it; those above come first."""
    by_name: dict[str, _Node] = {}
    tops: list[_Node] = []
    for planned in bundles:
        above = planned.parent
        while above and above not in by_name:
            above = above.rpartition("/")[0]
        name = planned.name or ""
        node = _Node(planned, name=name[len(above) :].lstrip("/") if above else name)
        (by_name[above].inside if above else tops).append(node)
        if name:
            by_name[name] = node
    return tops


def _params(planned: Planned | None) -> dict[str, Any]:
    """Give the params in names of folders, unless a file says them."""
    if planned is None or any(source.format == "params" for source in planned.sources):
        return {}
    return dict(planned.params)


class Hold:
    """Takes files on board, each under a path that may stand in a manifest."""

    def __init__(self, parts: dict[str, Part] | None = None) -> None:
        self.parts: dict[str, Part] = parts or {}
        self._taken = {folded(path) for path in self.parts}
        self._folders = {folder for path in self._taken for folder in folders_above(path)}

    def contents(self, node: _Node) -> Iterator[Content]:
        """Give the entries of a bundle, and take their files."""
        sources = node.planned.sources if node.planned else ()
        runs = [source for source in sources if source.format in _RUNS]
        if runs:
            yield RecordedRun(files=tuple(self._file(source) for source in runs))
        for source in sources:
            if source.format == "params":
                yield ParamsFile(file=self._file(source))
            elif source.format in _OTHER:
                yield self._other(source)
            elif source not in runs:
                form = cast(TableFormat, source.format)
                yield TableFile(name=source.table, files=(self._file(source),), format=form)
        for kept in node.planned.files if node.planned else ():
            file = self.place(kept.part, kept.part.name)
            yield PlainFile(file=file, path=None if kept.path == file else kept.path)
        for inner in node.inside:
            yield self.enclosed(inner)

    def enclosed(self, node: _Node) -> Enclosed:
        """Give a bundle as an entry of the one around it."""
        return Enclosed(
            name=node.name or None,
            params=_params(node.planned),
            contains=tuple(self.contents(node)),
        )

    def _other(self, source: Source) -> OtherFiles:
        files = [self.place(part, part.name) for part in source.parts]
        return OtherFiles(
            files=tuple(files),
            format=cast(OtherFormat, source.format),
            name=source.table or None,
            names=source.names,
        )

    def _file(self, source: Source) -> str:
        (part,) = source.parts
        return self.place(part, source.name)

    def place(self, part: Part, wanted: str) -> str:
        """Take a file under the wanted path, or one near it that may be used."""
        path = wanted if is_file_path(wanted) else _mended(wanted)
        number, free = 1, path
        while not self._is_free(folded(free)):
            number += 1
            free = f"{number}/{path}"
        self._taken.add(folded(free))
        self._folders.update(folders_above(folded(free)))
        self.parts[free] = part
        return free

    def _is_free(self, path: str) -> bool:
        """Tell whether nothing has this path, is a folder of this name, or is a file where a folder is needed."""
        return not (
            path in self._taken
            or path in self._folders
            or self._taken.intersection(folders_above(path))
        )


def _mended(path: str) -> str:
    parts = [part if is_file_path(part) else _mended_part(part) for part in path.split("/")]
    mended = "/".join(parts)
    return mended if len(mended) <= LONGEST_PATH else f"long/{slug(mended[-90:])}"


def _mended_part(part: str) -> str:
    """Give a part of a path that can be a file on every system; the ending stays, for it tells the format."""
    stem, point, ending = part.rpartition(".")
    return f"x-{slug(stem or part)[:80]}{point if stem else ''}{slug(ending) if stem else ''}"
