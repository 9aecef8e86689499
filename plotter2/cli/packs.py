"""`pack make|open|show`: signed packs; `pack PATH...`, whatever else stands there first, makes a data package."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from p2sign.gate import Signer
from p2sign.statement import Statement
from plotter2.cli import packages
from plotter2.cli.answer import Answer, is_interactive, say
from plotter2.cli.command import Family, command, opened_host
from plotter2.cli.data import add_answer
from plotter2.cli.passphrases import passphrase
from plotter2.cli.tables import size
from plotter2.config.settings import settings
from plotter2.datter.layout import is_root
from plotter2.errors import ExitCode, Refused
from plotter2.host import codes, packing, unpacking
from plotter2.host.key_choice import Choice, WhichKey
from plotter2.host.signing import SignHow
from plotter2.host.unpacking import LookedAt, OpenedPack, PackedData, Standing
from plotter2.printable import count, one_line, with_bars


class PackFamily(Family):
    """Its verbs are those of signed packs; all other words are files for a data package, as `git stash` has it."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Give the context of the data package unless a verb, a call for help or nothing stands first."""
        if args and args[0] not in self.commands and args[0] not in _HELP:
            of_data: click.Command = packages.pack
            return of_data.make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Give both ways to use it."""
        formatter.write_usage(ctx.command_path, "PATH... [OPTIONS]")
        for name in self.list_commands(ctx):
            formatter.write_usage(f"{ctx.command_path} {name}", "...", "       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs, then what a data package takes."""
        self.format_commands(ctx, formatter)
        options = [p for p in packages.pack.get_params(ctx) if isinstance(p, click.Option)]
        records = [option.get_help_record(ctx) for option in options]
        with formatter.section("Options of a data package"):
            formatter.write_dl([record for record in records if record is not None])


_HELP = ("-h", "--help")


@click.group(cls=PackFamily, context_settings={"help_option_names": list(_HELP)})
def pack() -> None:
    """Make a package of data, or make, show and open signed packs.

    `plotter2 pack PATH...` makes a data package of what `add` would take: logger2 runs, folders of CSV and JSONL, a
    folder with a manifest. After one of the words below it is about signed packs: scripts with their libraries, data
    and pictures in one file. For files that are called like one of these words write ./make, ./open or ./show.
    """


@command(pack, "make")
@click.argument(
    "scripts", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SCRIPT..."
)
@click.option(
    "--data",
    multiple=True,
    metavar="BUNDLE|PATH",
    help="Take along a bundle, a folder or a data package; several can be given.",
)
@click.option(
    "--picture",
    "pictures",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take along a picture; several can be given.",
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Write NAME.p2pack."
)
@click.option(
    "--name", metavar="SCOPE/NAME", help="What the statement calls it (default: own/NAME)."
)
@click.option(
    "--key", metavar="FILE|agent:FINGERPRINT", help="Sign with this key, or one of your ssh-agent."
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask before signing.")
def make(  # noqa: PLR0913, PLR0917 - the options of the command
    root: str | None,
    scripts: tuple[Path, ...],
    data: tuple[str, ...],
    pictures: tuple[Path, ...],
    output: Path,
    name: str | None,
    key: str | None,
    yes: bool,
) -> Answer:
    """Bind signed SCRIPTs, their libraries, data and pictures into one signed file."""
    wanted = packing.ToPack(scripts, data, pictures, output, packages.label(None, None, None))
    asks = is_interactive() and not yes
    which = WhichKey(key, ask=passphrase, tell=say)
    approve = _approve if asks else lambda _terms, _choice: None
    with opened_host(root) as host:
        made = packing.make(host, wanted, SignHow(name, which, approve))
    lines = [f"note: {note}" for note in made.notes]
    lines += [] if asks else ["You signed exactly this:", with_bars(made.statement)]
    lines += [
        f"wrote {made.path}: {count(made.files, 'file', 'files')}, {size(made.bytes)}; "
        f"whoever trusts {made.principal} opens it: plotter2 pack open {made.path.name}",
    ]
    return Answer(
        {
            "ok": True,
            "path": str(made.path),
            "principal": made.principal,
            "fingerprint": made.fingerprint,
            "statement": made.statement,
            "files": made.files,
            "bytes": made.bytes,
            "notes": list(made.notes),
        },
        "\n".join(lines),
    )


def _approve(terms: Statement, choice: Choice) -> None:
    """Show what is about to be signed, and ask."""
    text = with_bars(terms.dump().decode("ascii"))
    say(f"You sign exactly this, and it grants nothing:\n{text}")
    who = f"{choice.principal}, {choice.public.fingerprint}"
    click.confirm(f"sign it as {who}?", default=True, abort=True, err=True)


@command(pack, "show")
@click.argument("file", type=click.Path(path_type=Path))
def show(root: str | None, file: Path) -> Answer:
    """Tell who packed FILE, what is in it and what its scripts may do; writes nothing."""
    with opened_host(root, reads=True) as host:
        looked = unpacking.look(host, file)
    code = ExitCode.OK if looked.problem is None else ExitCode.REFUSED
    return Answer(
        {"ok": looked.problem is None, **_looked_json(looked)}, _looked_text(looked), code
    )


@command(pack, "open")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--into", type=click.Path(path_type=Path), metavar="FOLDER", help="The folder to make."
)
@click.option("-y", "--yes", is_flag=True, help="Open it without asking.")
def open_(root: str | None, file: Path, into: Path | None, yes: bool) -> Answer:
    """Show what is in FILE, ask, then write it into a new folder and its data into the store.

    It gives no rights: a script of it runs only if whoever signed the script is trusted here.
    """
    with opened_host(root, reads=is_root(settings(root).root)) as host:
        looked = unpacking.look_to_open(host, file)
    _agreed(looked, yes=yes)
    with opened_host(root) as host:
        opened = unpacking.open_pack(host, looked, into)
        added = None if opened.added is None else add_answer(host.store, opened.added, ())
    data = {
        "ok": True,
        **_looked_json(looked),
        "folder": str(opened.folder),
        "added": [] if added is None else added.data["added"],
        "not_running": {path: each.as_json() for path, each in opened.problems.items()},
        "run": [str(opened.folder / each) for each in _running(looked, opened)],
    }
    outcome = [] if added is None else [f"data: {added.text.splitlines()[-1]}"]
    return Answer(data, "\n".join([*outcome, *_opened_lines(looked, opened)]))


def _agreed(looked: LookedAt, *, yes: bool) -> None:
    """Show a pack and ask once. Raises Refused without a terminal, unless it was said before."""
    if yes:
        return
    if not is_interactive():
        raise Refused(
            codes.PACK_UNSEEN,
            "a pack is opened after somebody has seen what is in it, and there is no terminal to ask",
            str(looked.path),
            f"look at it with plotter2 pack show {shlex.quote(str(looked.path))}, then open it with --yes",
        )
    say(_looked_text(looked))
    click.confirm("open it here?", abort=True, err=True)


def _running(looked: LookedAt, opened: OpenedPack) -> list[str]:
    paths = [each.packed.path for each in looked.scripts]
    return [path for path in paths if path not in opened.problems]


# ------------------------------------------------------------ as text
def _looked_text(looked: LookedAt) -> str:
    terms = looked.content.terms
    lines = [
        f"{terms.name} serial {terms.serial}, packed by {_who(looked.signers)}",
        f"{one_line(looked.path.name)}: {count(len(terms.files), 'file', 'files')}, {size(looked.bytes)}, "
        f"made {terms.issued:%Y-%m-%d}",
    ]
    for script in looked.scripts:
        lines += ["", *_script_lines(script)]
    if looked.libraries or looked.data or looked.content.pictures:
        lines.append("")
    lines += [_library_line(each) for each in looked.libraries]
    lines += [_data_line(each) for each in looked.data]
    for path in looked.content.pictures:
        lines.append(f"picture {_last(path)}, {size(len(looked.content.files[path]))}")
    lines += ["", "it grants nothing: each script runs on its own signature"]
    if looked.problem is not None:
        lines += ["", "it cannot be opened here:", looked.problem.as_text()]
    return "\n".join(lines)


def _script_lines(script: Standing) -> list[str]:
    terms = script.packed.terms
    caps = "; ".join(map(str, terms.caps)) or "nothing"
    lines = [
        f"script {script.packed.path}: {terms.name} serial {terms.serial}, signed by {_who(script.signers)}",
        f"  may: {caps}",
    ]
    if terms.limits is not None:
        lines.append(
            f"  at most: {terms.limits.wall_ms / 1000:g} s, {terms.limits.mem_mib} MiB of memory, "
            f"{terms.limits.out_mib} MiB of output"
        )
    if script.problem is None:
        lines.append("  would run here")
    else:
        lines.append(f"  would not run here: {script.problem.message} [{script.problem.code}]")
        lines.append(f"    help: {script.problem.help}")
    return lines


def _library_line(library: Standing) -> str:
    refused = "" if library.problem is None else f", does not count here [{library.problem.code}]"
    return f"library {library.packed.terms.name}, signed by {_who(library.signers)}{refused}"


def _data_line(data: PackedData) -> str:
    called = f" {one_line(data.name)}" if data.name else ""
    inside = f" with {data.bundles - 1} inside" if data.bundles > 1 else ""
    known = (
        "; one of this name is here and stays; other data become its newest attempt"
        if data.known
        else ""
    )
    return f"data {_last(data.path)}, {size(data.bytes)}: bundle{called}{inside}{known}"


def _opened_lines(looked: LookedAt, opened: OpenedPack) -> list[str]:
    lines = [f"wrote {opened.folder}: {count(len(looked.content.files), 'file', 'files')}"]
    for script in looked.scripts:
        at = shlex.quote(str(opened.folder / script.packed.path))
        problem = opened.problems.get(script.packed.path)
        if problem is None:
            lines.append(f"run: plotter2 run {at}")
        else:
            lines.append(f"does not run here yet: {at}: {problem.message} [{problem.code}]")
            lines.append(f"  help: {problem.help}")
    return lines


def _who(signers: tuple[Signer, ...]) -> str:
    return ", ".join(
        f"{each.principal} ({each.fingerprint})"
        if each.principal
        else f"{each.fingerprint}, whom nobody here knows"
        for each in signers
    )


def _last(path: str) -> str:
    return path.rpartition("/")[2]


# ------------------------------------------------------------ as JSON
def _looked_json(looked: LookedAt) -> dict[str, Any]:
    terms = looked.content.terms
    return {
        "path": str(looked.path),
        "name": terms.name,
        "serial": terms.serial,
        "issued": terms.issued.isoformat(),
        "expires": terms.expires.isoformat() if terms.expires else None,
        "bytes": looked.bytes,
        "statement_sha256": looked.content.statement_sha256,
        "packers": _signers_json(looked.signers),
        "scripts": [_standing_json(each) for each in looked.scripts],
        "libraries": [_standing_json(each) for each in looked.libraries],
        "data": [
            {
                "path": each.path,
                "bytes": each.bytes,
                "bundle": each.name,
                "bundles": each.bundles,
                "known": each.known,
            }
            for each in looked.data
        ],
        "pictures": [
            {"path": path, "bytes": len(looked.content.files[path])}
            for path in looked.content.pictures
        ],
        "error": looked.problem.as_json() if looked.problem else None,
    }


def _standing_json(each: Standing) -> dict[str, Any]:
    terms = each.packed.terms
    return {
        "path": each.packed.path,
        "name": terms.name,
        "serial": terms.serial,
        "signers": _signers_json(each.signers),
        "capabilities": [str(cap) for cap in terms.caps],
        "limits": dict(terms.limits.items()) if terms.limits else {},
        "would_run": each.counts,
        "error": each.problem.as_json() if each.problem else None,
    }


def _signers_json(signers: tuple[Signer, ...]) -> list[dict[str, str]]:
    return [{"principal": s.principal, "fingerprint": s.fingerprint} for s in signers]
