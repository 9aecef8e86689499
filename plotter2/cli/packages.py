"""`pack` and `export`: experiment output as packages, and bundles as files for others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from getpass import getuser
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, opened_host
from plotter2.cli.params import FILES_HELP
from plotter2.cli.tables import size
from plotter2.config.settings import settings
from plotter2.exporting.wanted import Exporter, ToExport
from plotter2.manifest.container import ENDING
from plotter2.printable import count
from plotter2.staging.loose import Taking
from plotter2.staging.packing import Label
from plotter2.staging.packing import pack as packed
from plotter2.staging.shipping import write_container, write_folder
from plotter2.version import __version__

FORMATS: Mapping[str, tuple[str, str]] = {
    "package": ("package:export", "one file that another plotter2 adds"),
    "csv": ("tables:csv", "a folder of CSV files"),
    "parquet": ("tables:parquet", "a folder of Parquet files"),
    "npz": ("tables:npz", "a folder of NumPy archives"),
    "files": (
        "files:export",
        "what bundles keep beside their tables, as it was (--only PATH: one)",
    ),
    "ro-crate": (
        "ro_crate:export",
        "CSV files described for archives and search engines (RO-Crate)",
    ),
    "frictionless": (
        "frictionless:export",
        "CSV files with typed columns (Frictionless data package)",
    ),
}
"""Format -> the function of `plotter2.exporting` that writes it, and what it is for."""


@command()
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the package there.")
@click.option("--directory", is_flag=True, help="Write a folder with manifest.json, no .p2b file.")
@click.option("--name", help="What the bundle is called where the package is added.")
@click.option(
    "--plot",
    "plots",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="SCRIPT",
    help="A signed script that draws the data where they are added; several can be given.",
)
@click.option("--files/--no-files", default=None, help=FILES_HELP)
@click.option("--user", help="Who made it (default: you).")
@click.option(
    "--date", metavar="DATE", help="The date to write down, 2026-11-24 (default: today, UTC)."
)
@click.option(
    "--time", metavar="TIME", help="The time to write down, 13:05:00 (default: now, UTC)."
)
def pack(  # noqa: PLR0913, PLR0917 - the options of the command
    root: str | None,
    paths: tuple[Path, ...],
    output: Path | None,
    directory: bool,
    name: str | None,
    plots: tuple[Path, ...],
    files: bool | None,
    user: str | None,
    date: str | None,
    time: str | None,
) -> Answer:
    """Make a package of what `add` would take: logger2 runs, folders of CSV and JSONL, a folder with a manifest.

    The same files give the same bytes, apart from date and time.
    """
    taking = Taking(files, settings(root).files)
    ready = packed(paths, name, label(user, date, time), plots, taking)
    to = output or Path(ready.name + ("" if directory else ENDING))
    shipped = (write_folder if directory else write_container)(ready.cargo, to)
    data: dict[str, Any] = {
        "ok": True,
        "path": str(shipped.path),
        "manifest_version": ready.cargo.manifest.manifest_version,
        "sha256": shipped.digest,
        "files": shipped.files,
        "bytes": shipped.bytes,
        "left_alone": list(ready.left_alone),
    }
    lines = [f"note: left alone: {name}" for name in ready.left_alone]
    lines.append(
        f"wrote {shipped.path}: {count(shipped.files, 'file', 'files')}, {size(shipped.bytes)}; "
        f"next: plotter2 add {shipped.path}"
    )
    return Answer(data, "\n".join(lines))


@command()
@click.argument("bundle")
@click.option(
    "--as",
    "form",
    type=click.Choice(list(FORMATS)),
    required=True,
    help="; ".join(f"{name}: {about}" for name, (_, about) in FORMATS.items()) + ".",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it there.")
@click.option("--attempts", is_flag=True, help="Take older attempts along.")
@click.option("--directory", is_flag=True, help="Write a folder where the format is a file.")
@click.option("--only", metavar="PATH", help="Of 'files' only this one of BUNDLE itself.")
def export(  # noqa: PLR0913, PLR0917 - the options of the command
    root: str | None,
    bundle: str,
    form: str,
    output: Path | None,
    attempts: bool,
    directory: bool,
    only: str | None,
) -> Answer:
    """Write BUNDLE and all below it as files for another store or another program."""
    if only is not None and form != "files":
        raise click.UsageError("--only goes with --as files")
    module, _, name = FORMATS[form][0].partition(":")
    write: Exporter = getattr(import_module(f"plotter2.exporting.{module}"), name)
    with opened_host(root, reads=True) as host:
        found = host.export(write, ToExport(bundle, output, attempts, directory, only))
    told = [f"note: {note}" for note in found.notes]
    told.append(
        f"wrote {found.path}: {count(found.bundles, 'bundle', 'bundles')}, "
        f"{count(found.files, 'file', 'files')}, {size(found.bytes)}"
    )
    return Answer(found.as_json(), "\n".join(told))


def label(user: str | None, date: str | None, time: str | None) -> Label:
    """Give what a manifest says of its package: who, when, with what; now and you by default."""
    now = datetime.now(UTC)
    return Label(
        date or now.strftime("%Y-%m-%d"),
        time or now.strftime("%H:%M:%S"),
        "UTC",
        _user() if user is None else user,
        f"plotter2 {__version__}",
    )


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):  # a process without a name, as in some containers
        return str(os.getuid())
