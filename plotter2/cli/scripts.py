"""`new`, `fmt`, `run`, `why`: what is done with scripts and with the pictures they make."""

from __future__ import annotations

import errno
import os
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from plotter2.cli import codes
from plotter2.cli.answer import Answer
from plotter2.cli.command import command, opened_host
from plotter2.cli.confinement import confinement_text, warn_of_freedom
from plotter2.cli.drawing_options import format_option, param_option
from plotter2.cli.first_use import ready_to_run
from plotter2.cli.log_words import picture_in_log
from plotter2.cli.origin import origin_text
from plotter2.cli.params import param_values
from plotter2.cli.progress import Shown
from plotter2.cli.several import How, Tell, Told, run_several
from plotter2.cli.task_running import task_answer, task_named
from plotter2.cli.under_git import kept_as_signed
from plotter2.config.settings import settings
from plotter2.datter import durable
from plotter2.errors import DataError, ExitCode, Plotter2Error
from plotter2.host.asking import TaskHow
from plotter2.host.surrounding import require_script
from plotter2.printable import count, printable
from plotter2.renderkit.provenance import read as read_provenance
from plotter2.runs.codes import NOT_THERE
from plotter2.runs.model import RunResult
from plotter2.runs.opening import FileRefused, OpenedScript, open_script, read_once
from plotter2.tasks.instance import Instance
from plotter2.wire.messages import Format

_PICTURE_LIMIT = 256 * 1024 * 1024
_TOLD = ("read", "filtered", "null", "decimated", "drawn")


@command()
@click.argument("bundle")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Where to write it; - prints it."
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def new(root: str | None, bundle: str, output: Path | None, force: bool) -> Answer:
    """Write a starter script for BUNDLE, ready to edit."""
    if output == Path("-"):
        with opened_host(root, reads=True) as host:
            text = host.starter(bundle)
        return Answer({"ok": True, "text": text, "bundle": bundle}, text.removesuffix("\n"))
    path = output or Path(_file_name(bundle))
    if path.is_dir() or not path.parent.is_dir():
        raise Plotter2Error(
            codes.NO_PLACE_FOR_SCRIPT,
            "this is a folder" if path.is_dir() else f"there is no folder {path.parent}",
            str(path),
            "name the script's file with -o, in a folder that is there",
            exit_code=ExitCode.USAGE,
        )
    if path.exists() and not force:
        raise Plotter2Error(
            codes.SCRIPT_EXISTS,
            "there is a file of this name already, and it is kept",
            str(path),
            "choose another name with -o, or replace it with --force",
            exit_code=ExitCode.USAGE,
        )
    with opened_host(root, reads=True) as host:
        text = host.starter(bundle)
        durable.replace(path, text.encode())
        signed = host.sign_starter(OpenedScript(path, text.encode(), None))
    if signed is None:  # what lies there was for another text
        path.with_name(f"{path.name}.sig").unlink(missing_ok=True)
    data = {"ok": True, "script": str(path), "bundle": bundle, "signed": signed is not None}
    wrote = f"wrote {path}; next: plotter2 run {shlex.quote(str(path))}"
    return Answer(data, "\n".join([*kept_as_signed(path), wrote]))


def _file_name(bundle: str) -> str:
    """Give a name for a bundle's script, in the characters that a signed script's name may have."""
    name = bundle.rstrip("/*").rpartition("/")[2]
    return (re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "script") + ".p2"


@command()
@click.argument(
    "scripts",
    type=click.Path(path_type=Path),
    nargs=-1,
    required=True,
    metavar="SCRIPT... | BUNDLE:TASK",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Copy the pictures there.")
@param_option
@format_option
@click.option("-y", "--yes", is_flag=True, help="Sign an own new script without asking.")
@click.option("--key", metavar="KEY", help="Run once for this key, however often it is asked.")
@click.option(
    "--unconfined",
    is_flag=True,
    help="Run an own script even where the sandbox does not reach the level that the settings ask for.",
)
@click.option("--only", is_flag=True, help="A task: for BUNDLE alone, not for those below it.")
@click.option(
    "--again", is_flag=True, help="A task: run those before it too that ran on the same data."
)
@click.option(
    "--approve", multiple=True, metavar="ACTION", help="A task: allow what it asks for, as redo."
)
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N",
    help="Several scripts, or a task: at most so many children at once (else one for each processor).",
)  # fmt: skip
def run(  # noqa: PLR0913, PLR0917 - the options of the command
    root: str | None,
    scripts: tuple[Path, ...],
    output: Path | None,
    params: tuple[str, ...],
    formats: tuple[str, ...],
    yes: bool,
    key: str | None,
    unconfined: bool,
    only: bool,
    again: bool,
    approve: tuple[str, ...],
    jobs: int | None,
) -> Answer:
    """Run signed SCRIPTs, or a TASK for BUNDLE and all linked bundles below it, and give the pictures.

    Several scripts run at once, each in a process of its own; one that fails does not keep the others.
    A task runs where its script is attached (plotter2 attach). The tasks that it waits for run first, unless they ran
    on the same data.
    """
    values = param_values(params)
    if output:
        _check_folder(output)
    kinds: tuple[Format, ...] = formats  # type: ignore[assignment] # click has checked the choice
    named = task_named(scripts[0]) if len(scripts) == 1 else None
    if named is not None:
        _refuse(_FOR_A_SCRIPT, key, yes, unconfined)
        how = TaskHow(values, kinds, only, again, jobs=jobs)
        return _ran_task(root, named, how, output, approve)
    _refuse("--only, --again and --approve are for a task: BUNDLE:TASK", only, again, approve)
    if len(scripts) > 1:
        _refuse("--key is for one SCRIPT: each run has a key of its own", key)
    opened = [_opened(script) for script in scripts]
    for script in scripts:
        require_script(script)
    with opened_host(root) as host:
        if key is None:  # with a key it may be done already
            host.orchestrator.warm()
        opened = [ready_to_run(host, one, yes=yes) for one in opened]
        if unconfined:
            warn_of_freedom(host.orchestrator.ready().level, host.settings.minimum_level)
        if len(opened) > 1:
            each = How(jobs, values, kinds, unconfined)
            return run_several(host, opened, each, _telling(output))
        with Shown() as shown:
            result = host.run(
                opened[0],
                params=values,
                formats=kinds,
                on_event=shown.tell,
                key=key,
                unconfined=unconfined,
            )
    record = _copied(result, output) if output else result.record
    if not result.repeated:
        return Answer(record, run_text(record))
    repeated = f"the request {record['request']} with this key was done before; nothing ran now"
    return Answer({**record, "repeated": True}, f"{run_text(record)}\n{repeated}")


_FOR_A_SCRIPT = "--key, --yes and --unconfined are for a SCRIPT; a task's script is signed"


def _refuse(told: str, *options: object) -> None:
    """Raise UsageError when one of the options was given."""
    if any(option not in (None, False, ()) for option in options):
        raise click.UsageError(told)


def _telling(output: Path | None) -> Tell:
    """Tell one of several runs; pictures are copied into a folder for each script."""

    def tell(script: OpenedScript, result: RunResult) -> Told:
        record = _copied(result, output / script.path.stem) if output else result.record
        data = {"script": str(script.path), "ok": True, "record": record}
        return Told(data, f"{script.path}\n{run_text(record)}")

    return tell


def _opened(script: Path) -> OpenedScript:
    try:
        return open_script(script)
    except FileRefused as error:
        if error.code == NOT_THERE and script.suffix != ".p2":
            bundle = str(script).rpartition(":")[0] or script
            error.help += f"; a task is run with BUNDLE:TASK, and plotter2 tasks {shlex.quote(str(bundle))} lists them"
        raise


def _ran_task(
    root: str | None,
    named: tuple[str, str],
    how: TaskHow,
    output: Path | None,
    allowed: Sequence[str],
) -> Answer:
    def copy(artefacts: Sequence[dict[str, Any]], bundle: str) -> list[dict[str, Any]]:
        assert output is not None
        return _copied_files(artefacts, output / bundle)

    def begun(instance: Instance) -> None:
        if sys.stderr.isatty():
            shown.line(printable(f"running {instance}"))

    with opened_host(root) as host, Shown() as shown:
        told = replace(how, on_event=shown.tell, begin=begun)
        return task_answer(host, *named, told, copy if output else None, allowed)


@command()
@click.argument("picture", type=click.Path(path_type=Path))
def why(root: str | None, picture: Path) -> Answer:
    """Tell which script, signers, data and versions made PICTURE (PNG, SVG, PDF, MP4 or GIF)."""
    content = read_once(picture, _PICTURE_LIMIT, "picture")
    try:
        found = read_provenance(content)
    except DataError as error:
        error.help = error.help or _CARRIERS
        error.where = f"{picture}, {error.where}" if error.where else str(picture)
        raise
    if found is None:
        raise Plotter2Error(
            codes.NO_PROVENANCE,
            "the picture does not say where it comes from",
            str(picture),
            "only pictures that plotter2 made do, unless another program rewrote them",
        )
    logged, told = picture_in_log(settings(root).root, picture, content)
    return Answer({"ok": True, "provenance": found, "log": logged}, f"{origin_text(found)}\n{told}")


# ---- inside -----------------------------------------------------------------------------------


def _copied(result: RunResult, folder: Path) -> dict[str, Any]:
    """Copy the pictures into a folder; gives the record with these paths."""
    artefacts = [artefact.as_json() for artefact in result.artefacts]
    return {**result.record, "artefacts": _copied_files(artefacts, folder)}


def _copied_files(artefacts: Sequence[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    copied = []
    for artefact in artefacts:
        path = Path(artefact["path"])
        target = folder / path.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            durable.replace(target, path.read_bytes())
        except (OSError, DataError) as error:
            note = f"the run itself succeeded: its pictures are in {path.parent}"
            raise _not_written(target, error, note) from error
        copied.append({**artefact, "path": str(target)})
    return copied


def _check_folder(folder: Path) -> None:
    """See before anything runs that the folder for pictures is one, or can be made; it is made after the run."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise _not_written(folder, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(there, os.W_OK | os.X_OK):
        raise _not_written(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def _not_written(path: Path, error: OSError | DataError, note: str = "") -> Plotter2Error:
    why = error.message if isinstance(error, DataError) else error.strerror or str(error)
    return Plotter2Error(
        codes.NO_PLACE_FOR_PICTURES,
        f"the pictures cannot be written there: {why}",
        str(path),
        "give -o a folder that can be written",
        note,
    )


def run_text(record: dict[str, Any]) -> str:
    """Give what a run made, for people."""
    lines = [artefact["path"] for artefact in record["artefacts"]]
    for plot, counts in record["ledger"].items():
        rows = ", ".join(f"{counts[what]:,} {what}" for what in _TOLD)
        layers = f" in {counts['layers']} layers" if counts["layers"] > 1 else ""
        lines.append(f"{plot}: rows {rows}{layers}")
    found = len(record.get("cache", {}).get("found", ()))
    if found:
        lines.append(
            f"{count(found, 'result', 'results')} of earlier runs used: plotter2 cache show"
        )
    lines.append(f"run {record['run']}, {confinement_text(record)}")
    return "\n".join(lines)


_CARRIERS = (
    "give a PNG, SVG, PDF, MP4 or GIF as plotter2 wrote it; tables from `export` carry no origin"
)
