"""What is to be read and what is to become of it: values only, made by whoever found it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logger2.identity import Scalar
from plotter2.datter.bundle import PackageOrigin
from plotter2.datter.select import DEFAULT_STREAM
from plotter2.errors import Problem
from plotter2.manifest.model import Enclosed, Manifest, ManifestV2, StatedAxis
from plotter2.wire.messages import FileFormat

_ONE_TABLE: tuple[FileFormat, ...] = (
    "csv", "tsv", "jsonl", "arrow", "parquet", "l2", "l2run", "params", "mlflow", "wandb",
)  # fmt: skip

RECORDED: tuple[FileFormat, ...] = ("l2", "l2run", "mlflow", "wandb")
"""What tells itself what it is called; all such sources of a bundle are read together."""


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
    """A file to read, in one part or several; `name` is how it is told, `table` what its table is called.

    `whole` is False for a share of a table whose other files are read in another go.
    """

    parts: tuple[Part, ...]
    name: str
    format: FileFormat
    table: str = ""
    whole: bool = True
    names: tuple[str, ...] = ()
    """What each part is called when all are read together, as parts of one recorded run."""
    axes: tuple[StatedAxis, ...] = ()
    """What is said of the axes of an array; its coordinates are the parts after the first, in the order of the axes."""

    @property
    def is_one_table(self) -> bool:
        """Tell whether it must become the table that it is planned for; others may become several, or none of it."""
        return self.format in _ONE_TABLE

    @property
    def is_one_array(self) -> bool:
        """Tell whether an array of it is called as the file is, since there is no other one."""
        return self.format == "array" or (self.format == "npy" and self.table != DEFAULT_STREAM)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that is kept as it is; `path` is what it is called in its bundle."""

    part: Part
    path: str


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
    files: tuple[KeptFile, ...] = ()


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
    """What a package wants done when its data are stored: its signed scripts, its plots, by their parts.

    `top` is the name of the bundle that bundles of the package are named from, `digest` the manifest's.
    """

    package: str
    manifest: ManifestV2
    digest: str
    top: str
    parts: Mapping[str, Part]


@dataclass(frozen=True, slots=True)
class ScriptDone:
    """What became of a script of a package: what attaching it to the bundle did, or why it was refused.

    A script with neither link nor task is only `kept`: attached to a bundle it would say nothing.
    """

    script: str
    bundle: str
    outcome: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class PlotDone:
    """What became of a plot of a package: its pictures, or why there are none."""

    script: str
    run: str = ""
    pictures: tuple[str, ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class PackageDone:
    """What became of what a package asked for; its data are stored in any case."""

    package: str
    scripts: tuple[ScriptDone, ...]
    plots: tuple[PlotDone, ...]

    @property
    def refused(self) -> tuple[ScriptDone | PlotDone, ...]:
        """Give what was not done."""
        both: list[ScriptDone | PlotDone] = [*self.scripts, *self.plots]
        return tuple(each for each in both if each.problem is not None)

    def as_json(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {
            "package": self.package,
            "scripts": [_json(each) for each in self.scripts],
            "plots": [_json(each) for each in self.plots],
        }

    def lines(self) -> tuple[str, ...]:
        """Give it as lines for people."""
        told = [
            f"{each.script}: {each.outcome} to {each.bundle}"
            for each in self.scripts
            if each.problem is None and each.outcome != "kept"
        ]
        for plot in self.plots:
            if plot.problem is None:
                told += [f"{plot.script}: drew", *(f"  {picture}" for picture in plot.pictures)]
        reasons: dict[tuple[str, str], list[str]] = {}
        for each in self.refused:
            assert each.problem is not None
            why = f"{each.problem.message} [{each.problem.code}]; {each.problem.help}"
            what = "drawn" if isinstance(each, PlotDone) else "attached"
            reasons.setdefault((each.script, why), []).append(what)
        told += [
            f"{script}: not {' and not '.join(dict.fromkeys(whats))}: {why}"
            for (script, why), whats in reasons.items()
        ]
        return tuple(told)


def _json(done: ScriptDone | PlotDone) -> dict[str, Any]:
    values = {name: getattr(done, name) for name in done.__slots__ if name != "problem"}
    return {**values, "error": done.problem.as_json() if done.problem else None}
