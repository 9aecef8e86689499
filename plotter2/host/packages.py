"""What a package asks for beside its data: its signed scripts are attached, its plots are drawn, after the gate.

The data are stored before and stay, whatever becomes of this. A script that the gate refuses draws nothing, and is not
attached; the reason is told. The scripts' files are kept under `log/packages/`, so that a run can be asked for again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from p2lang.parser import LONGEST_SCRIPT
from p2sign.gate import Verified
from plotter2.datter import durable
from plotter2.datter.layout import Layout
from plotter2.errors import Plotter2Error, Problem
from plotter2.host.refusing import Keeps, refusals_kept
from plotter2.libraries import lockfile
from plotter2.manifest import codes
from plotter2.manifest.model import Plot, Script
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.model import Params, RunResult
from plotter2.runs.opening import OpenedScript, open_script
from plotter2.staging.intake import AddedBundle
from plotter2.staging.parts import Asked, PackageDone, Part, PlotDone, ScriptDone
from plotter2.staging.sources import content
from plotter2.tasks.codes import NOTHING_DECLARED
from plotter2.tasks.declaring import AttachedTo
from plotter2.wire.messages import Format


class Doer(Keeps, Protocol):
    """What of the host is needed: it keeps, verifies, attaches and runs."""

    @property
    def layout(self) -> Layout:
        """Give the paths under the root."""

    def verify(self, script: OpenedScript) -> Verified:
        """Pass a script through the gate. Raises Refused."""

    def attach(self, bundle: str, scripts: Sequence[OpenedScript]) -> tuple[AttachedTo, ...]:
        """Attach a signed script."""

    def run(
        self, script: OpenedScript, *, params: Params, formats: Sequence[Format], key: str
    ) -> RunResult:
        """Run a signed script, once for a key."""


@dataclass(frozen=True, slots=True)
class _Passed:
    """A script of the package: opened when it passed the gate, else why it did not."""

    opened: OpenedScript | None
    problem: Problem | None


def carry_out(doer: Doer, asked: Asked, bundles: Sequence[AddedBundle]) -> PackageDone:
    """Attach the scripts of a package whose data are stored, and draw its plots; whatever fails is told."""
    passed = {
        script.file: _pass(doer, asked, number, script)
        for number, script in enumerate(asked.manifest.scripts)
    }
    scripts = [
        _attached(doer, asked, script, passed[script.file], bundles)
        for script in asked.manifest.scripts
    ]
    plots = [
        _drawn(doer, asked, number, plot, passed[plot.script])
        for number, plot in enumerate(asked.manifest.plots)
    ]
    return PackageDone(asked.package, tuple(scripts), tuple(plots))


def _pass(doer: Doer, asked: Asked, number: int, script: Script) -> _Passed:
    try:
        opened = open_script(_kept(doer.layout, asked, number, script))
        with refusals_kept(doer, opened, package=asked.digest):
            doer.verify(opened)
    except Plotter2Error as error:
        return _Passed(None, error.problem())
    return _Passed(opened, None)


def _kept(layout: Layout, asked: Asked, number: int, script: Script) -> Path:
    folder = layout.log
    for name in ("packages", asked.digest[:16], str(number)):
        folder = folder / name
        if not folder.is_dir():
            durable.make_dir(folder)
    name = script.file.rpartition("/")[2]
    path = folder / name
    durable.replace(path, _bytes(asked.parts[script.file]))
    durable.replace(folder / f"{name}.sig", _bytes(asked.parts[script.sidecar]))
    if script.lock is not None:
        durable.replace(folder / lockfile.NAME, _bytes(asked.parts[script.lock]))
    return path


def _bytes(part: Part) -> bytes:
    if part.bytes is not None and part.bytes > LONGEST_SCRIPT:
        raise Plotter2Error(
            codes.DISAGREES,
            f"{part.name} is larger than any script or signature: {part.bytes:,} bytes",
            part.name,
            "have the package made again with the right files",
        )
    return b"".join(content(part))


def _attached(
    doer: Doer, asked: Asked, script: Script, passed: _Passed, bundles: Sequence[AddedBundle]
) -> ScriptDone:
    name = "/".join(part for part in (asked.top, script.bundle) if part)
    if passed.opened is None:
        return ScriptDone(script.file, name, "", passed.problem)
    bundle = next((each for each in bundles if each.name == name), bundles[0])
    try:
        (attached,) = doer.attach(bundle.id, [passed.opened])
    except Plotter2Error as error:
        if error.code == NOTHING_DECLARED:
            return ScriptDone(script.file, bundle.name, "kept")
        return ScriptDone(script.file, bundle.name, "", _told(error))
    return ScriptDone(script.file, bundle.name, attached.outcome)


def _drawn(doer: Doer, asked: Asked, number: int, plot: Plot, passed: _Passed) -> PlotDone:
    if passed.opened is None:
        return PlotDone(plot.script, problem=passed.problem)
    key = f"package-{asked.digest}-{number}"
    params: Params = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in plot.params.items()
    }
    try:
        result = doer.run(
            passed.opened, params=params, formats=asked.manifest.render.formats, key=key
        )
        pictures = [_shown_at(doer.layout, each.path, plot) for each in result.artefacts]
    except Plotter2Error as error:
        return PlotDone(plot.script, problem=_told(error))
    return PlotDone(plot.script, result.run, tuple(map(str, pictures)))


def _shown_at(layout: Layout, picture: Path, plot: Plot) -> Path:
    """Put a picture where the package wants it: below `output/`, never anywhere else."""
    if plot.to is None:
        return picture
    folder = layout.output
    for part in plot.to.split("/"):
        folder = folder / part
        if not folder.is_dir():
            durable.make_dir(folder)
    with durable.reported(picture):
        drawn = picture.read_bytes()
    durable.replace(folder / picture.name, drawn)
    return folder / picture.name


def _told(error: Plotter2Error) -> Problem:
    if isinstance(error, CheckFailed) and error.diagnostics:
        first = error.diagnostics[0]
        return Problem(first.code, first.message, error.where, first.help)
    return error.problem()
