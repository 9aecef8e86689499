"""What is to be read and what is to become of it: values only, made by whoever found it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from logger2.identity import Scalar
from plotter2.datter.bundle import PackageOrigin
from plotter2.manifest.model import Enclosed, Manifest
from plotter2.wire.messages import FileFormat


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of one file: a range of it or all (`bytes` None); `digest` is the SHA-256 that was promised ("" = none)."""

    path: Path
    name: str
    offset: int = 0
    bytes: int | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, in one part or several; `name` is how it is told, `table` what its table is called."""

    parts: tuple[Part, ...]
    name: str
    format: FileFormat
    table: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a manifest says of one bundle; `inside` is the id, else the name, of the bundle around it."""

    bundle: Manifest | Enclosed
    origin: PackageOrigin
    inside: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A bundle to be. `name` is None for a recorded run, which says its name itself.

    `parent` is the name of the bundle above ("" = none); `shown` is the folder's or file's name.
    """

    name: str | None
    parent: str
    shown: str
    sources: tuple[Source, ...]
    params: dict[str, Scalar] = field(default_factory=dict)
    stated: Stated | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All bundles that a path holds, those above before those below, and what is left alone.

    `packages` are the manifests of those that came as packages, with the parts that no table is made of.
    """

    bundles: tuple[Planned, ...]
    left_alone: tuple[str, ...]
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a package wants done when its data are stored: its signed scripts, its plots, by their parts."""

    manifest: Manifest
    top: str
    """The name of the bundle that bundles of the package are named from."""
    parts: dict[str, Part]
