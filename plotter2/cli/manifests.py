"""`manifest check|show|upgrade`: the cargo lists of packages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, family
from plotter2.cli.params import param_text
from plotter2.cli.tables import drawn_table, size
from plotter2.errors import ExitCode
from plotter2.manifest import Manifest, encode
from plotter2.manifest.model import NEWEST, ArrayFile, Enclosed, ManifestV2, OtherFiles
from plotter2.manifest.walking import Place, kept_path, paths_of, table_name, walk
from plotter2.printable import count
from plotter2.staging.manifests import Checked, checked, digest_of, manifest_bytes, read, upgrade

_FILE = click.argument("file", type=click.Path(path_type=Path))


@family()
def manifest() -> None:
    """Look at the manifest of a package: check it, show it, bring it to the newest version.

    FILE is a manifest (manifest.json), a folder with one, or a package (.p2b).
    """


@command(manifest)
@_FILE
def check(root: str | None, file: Path) -> Answer:
    """Tell everything that is wrong with FILE at once; of a package every byte is read."""
    del root
    found = checked(file)
    data = {
        "ok": not found.problems,
        "file": str(file),
        "version": found.manifest.manifest_version if found.manifest else None,
        "canonical": found.is_canonical,
        "problems": [problem.as_json() for problem in found.problems],
    }
    if found.problems:
        told = [problem.as_text() for problem in found.problems]
        told.append(count(len(told), "mistake", "mistakes"))
        return Answer(data, "\n\n".join(told), ExitCode.CHECK_FAILED)
    return Answer(data, _sound(found))


@command(manifest)
@_FILE
def show(root: str | None, file: Path) -> Answer:
    """Show what the package FILE brings: its bundles, their tables and params, its scripts and plots."""
    del root
    found = read(file)
    data = {
        "ok": True,
        "sha256": digest_of(manifest_bytes(file)),
        "manifest": json.loads(encode(found)),
    }
    base = "/".join(part for part in (found.parent, found.name) if part)
    rows = [_row(place, base) for place in walk(found)]
    plain, coloured = drawn_table(["bundle", "holds", "params", "files"], rows, ["files"])

    def around(drawn: str) -> str:
        return "\n".join([*_head(found), drawn, *_plots(found)])

    return Answer(data, around(plain), coloured=around(coloured) if coloured else "")


@command(manifest, name="upgrade")
@_FILE
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it to this file.")
@click.option("--in-place", is_flag=True, help="Write it over FILE.")
def upgrade_(root: str | None, file: Path, output: Path | None, in_place: bool) -> Answer:
    """Bring the manifest FILE to the newest version, as canonical JSON; FILE stays as it is unless asked."""
    del root
    if output is not None and in_place:
        raise click.UsageError("--in-place and -o exclude each other")
    here = file / "manifest.json" if file.is_dir() else file
    to = here if in_place else output
    written = upgrade(file, to)
    data = {
        "ok": True,
        "version": NEWEST,
        "written": str(to) if to else None,
        "manifest": json.loads(written),
    }
    return Answer(data, f"version {NEWEST} written to {to}" if to else written.decode())


def _sound(found: Checked) -> str:
    assert found.manifest is not None
    what = f"{found.path.name}: a sound manifest of version {found.manifest.manifest_version}"
    if found.files:
        what += f"; {count(found.files, 'file', 'files')}, {size(found.bytes)}, {_promise(found)}"
    elif found.path.is_file():
        what += "; its files were not looked at, which manifest check FOLDER does"
    return what if found.is_canonical else f"{what} (not in canonical form; upgrade writes it so)"


def _promise(found: Checked) -> str:
    """Say what the files were held against: what the manifest says of them, if it does."""
    assert found.manifest is not None
    return "every byte as promised" if found.manifest.digests else "all there"


def _head(found: Manifest) -> list[str]:
    name = "/".join(part for part in (found.parent, found.name) if part)
    by = f" by {found.user}" if found.user else ""
    lines = [f"{name or 'no name of its own'}: {found.date} {found.time} {found.timezone}{by}"]
    for key in ("tool", "origin_point", "destination"):
        if value := getattr(found, key):
            lines.append(f"{key.replace('_', ' ')}: {value}")
    if found.meta:
        lines.append(f"meta: {json.dumps(found.meta)[:200]}")
    return lines


def _row(place: Place, base: str) -> list[str]:
    bundle = place.bundle
    inside = [item for item in bundle.contains if not isinstance(item, Enclosed)]
    holds = [_called(item) for item in inside if kept_path(item) is None]
    kept = sum(kept_path(item) is not None for item in inside)
    holds += [count(kept, "file as it is", "files as they are")] if kept else []
    params = [f"{name}={param_text(value)}" for name, value in bundle.params.items()]
    files = sum(len(paths_of(item)) for item in inside)
    name = "/".join(part for part in (base, place.name) if part) or "."
    if bundle.name is None and place.around is not None:
        name = f"{name}/(the run says its name)"
    attempt = f" (attempt {bundle.attempt})" if bundle.attempt else ""
    return [name + attempt, ", ".join(holds), " ".join(params[:6]), str(files or "")]


def _called(item: Any) -> str:
    kind = type(item).__name__
    words = {"RecordedRun": "a recorded run", "ParamsFile": "params"}
    if isinstance(item, ArrayFile):
        return f"array {item.name}"
    if isinstance(item, OtherFiles):
        return f"{item.name} ({item.format})" if item.name else f"a run of {item.format}"
    return words.get(kind) or table_name(item)


def _plots(found: Manifest) -> list[str]:
    if not isinstance(found, ManifestV2):
        return []
    lines = [f"script {script.file}, signed in {script.sidecar}" for script in found.scripts]
    for plot in found.plots:
        given = "".join(f" -p {name}={value}" for name, value in plot.params.items())
        lines.append(f"plot {plot.script}{given}" + (f" to {plot.to}" if plot.to else ""))
    return lines
