"""The commands by name. A command's module is loaded only when that command runs, so `--help` stays fast."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from typing import Any

import click

from plotter2.cli.codes import USAGE
from plotter2.errors import ExitCode, Problem
from plotter2.version import __version__
from plotter2.wire.codes import BROKEN_OFF

GROUPS = {
    # heading: {name: (module, what it is for)}
    "Bring output in, give it to others": {
        "add": (
            "plotter2.cli.data",
            "Take a run, an experiment or a folder of files into the store.",
        ),
        "inbox": ("plotter2.cli.inbox", "Take in what others drop into the inbox folder."),
        "pack": (
            "plotter2.cli.packs",
            "Make a package of runs or files; make and open signed packs.",
        ),
        "manifest": ("plotter2.cli.manifests", "Check or show the manifest of a package."),
        "export": ("plotter2.cli.packages", "Write a bundle as files for others."),
    },
    "Look at bundles, put them in order": {
        "ls": ("plotter2.cli.bundles", "List bundles, by name, param or date."),
        "show": ("plotter2.cli.data", "Show a bundle with its columns."),
        "tree": ("plotter2.cli.bundles", "Show how bundles nest."),
        "du": ("plotter2.cli.bundles", "Tell what bundles take on the disk."),
        "rename": ("plotter2.cli.bundles", "Give a bundle another name."),
        "archive": (
            "plotter2.cli.bundles",
            "Hide bundles and keep their data, or bring them back.",
        ),
    },
    "Write scripts": {
        "new": ("plotter2.cli.scripts", "Write a starter script for a bundle."),
        "check": ("plotter2.cli.checking", "Check a script against the data it names."),
        "fmt": ("plotter2.cli.formatting", "Print scripts in the one layout, or rewrite them."),
        "explain": (
            "plotter2.cli.explain",
            "Explain a code, an operation, or what a script may do.",
        ),
        "lock": ("plotter2.cli.locking", "Pin the libraries that scripts use."),
        "repl": ("plotter2.cli.repl", "Type statements and see at once what they give."),
        "lsp": ("plotter2.cli.editors", "Serve an editor: mistakes, completion, types, renaming."),
    },
    "Sign and run them": {
        "key": ("plotter2.cli.keys", "Make, list and choose your keys, and export them."),
        "sign": ("plotter2.cli.signing", "Sign a script with your key."),
        "trust": ("plotter2.cli.trusting", "Say whose scripts may run here."),
        "revoke": ("plotter2.cli.revoking", "Revoke a person, a key or a script."),
        "policy": ("plotter2.cli.policies", "Say who may sign what, and what it may do here."),
        "verify": ("plotter2.cli.verifying", "Tell who signed scripts and what they may do."),
        "inspect": ("plotter2.cli.inspecting", "Show what a signature file says."),
        "run": ("plotter2.cli.scripts", "Run a signed script, or a task, and give its pictures."),
        "dev": ("plotter2.cli.developing", "Draw a script anew at every save."),
        "log": ("plotter2.cli.logbook", "Show, check and prove what ran and who was trusted."),
        "runs": ("plotter2.cli.requests", "List the runs of scripts and their pictures."),
        "why": ("plotter2.cli.scripts", "Tell which script, data and versions made a picture."),
        "requests": ("plotter2.cli.requests", "Look after what was asked: list, retry, cancel."),
    },
    "Links and tasks of bundles": {
        "attach": (
            "plotter2.cli.attaching",
            "Attach signed scripts with links and tasks to a bundle.",
        ),
        "detach": ("plotter2.cli.attaching", "Take an attached script away again."),
        "links": (
            "plotter2.cli.attaching",
            "Show what a bundle answers for, and what does not hold.",
        ),
        "tasks": (
            "plotter2.cli.attaching",
            "Show which tasks can run on a bundle; why others cannot.",
        ),
    },
    "Keep it safe and sound": {
        "backup": ("plotter2.cli.copies", "Keep a safe copy of everything on another disk."),
        "relay": ("plotter2.cli.relay", "Keep a safe copy up to date, on another disk or machine."),
        "restore": ("plotter2.cli.copies", "Get back from a safe copy what is lost or damaged."),
        "fsck": ("plotter2.cli.upkeep", "Hold the registry against the files."),
        "scrub": ("plotter2.cli.upkeep", "Read every stored object and compare it with its name."),
        "quarantine": (
            "plotter2.cli.quarantine",
            "Look after what could not be stored, or was damaged.",
        ),
        "gc": ("plotter2.cli.upkeep", "Find and remove what no bundle needs."),
        "cache": ("plotter2.cli.caching", "Show or clear the results kept for later runs."),
        "doctor": ("plotter2.cli.system", "Check this machine: sandbox, store, keys, versions."),
    },
}
COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}


class LazyCommands(click.Group):
    """A group that knows its commands by name and loads one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a misspelt one is answered with the nearest name."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            raise click.UsageError(f"there is no command `{name}`{_nearest(name)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands in groups, without loading them, their columns in one line."""
        width = max(map(len, COMMANDS))
        for heading, group in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [(f"{name:{width}}", about) for name, (_, about) in group.items()]
                )


@click.group(
    cls=LazyCommands,
    epilog="Every command takes --root DIR, --json, --debug and --help. `p2` is the same command as `plotter2`.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="plotter2", message="%(prog)s %(version)s")
def plotter2() -> None:
    """Take experiment output, keep it, and draw it with signed scripts in a sandbox.

    \b
    To begin:  plotter2 add PATH                 runs, or a folder of CSV files
               plotter2 new BUNDLE -o curves.p2  a script to start with
               plotter2 run curves.p2            signs it, gives its pictures
               plotter2 backup FOLDER            a safe copy
    """


def main(arguments: Sequence[str]) -> int:
    """Run one command; gives the exit code."""
    try:
        result: Any = plotter2.main(list(arguments), prog_name="plotter2", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        click.echo(help_wanted.ctx.get_help(), err=True)
        return ExitCode.USAGE
    except click.UsageError as error:
        _print_usage(error, arguments)
        return ExitCode.USAGE
    except click.Abort:
        _print_stopped(as_json="--json" in arguments)
        return ExitCode.WORK_FAILED
    return result if isinstance(result, int) else ExitCode.OK


def _print_stopped(*, as_json: bool) -> None:
    if as_json:
        message = "stopped by the person at the terminal"
        _print_json(Problem(BROKEN_OFF, message, help="run it again"))
    else:
        click.echo("stopped", err=True)


def _print_json(problem: Problem) -> None:
    shown = {"ok": False, "error": problem.as_json()}
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False))


def _print_usage(error: click.UsageError, arguments: Sequence[str]) -> None:
    command = error.ctx.command_path if error.ctx else "plotter2"
    message, remedy = _words(error), f"{command} --help"
    if isinstance(error, click.NoSuchOption) and error.option_name in _AFTER_THE_COMMAND:
        message = f"`{error.option_name}` stands after the command"
        remedy = f"write it behind the command's name: {_with_option(error, arguments)}"
    elif error.ctx and _is_about_arguments(error):
        remedy = f"write: {_form(error.ctx)}; more: {command} --help"
    if "--json" in arguments:
        _print_json(Problem(USAGE, message, command, remedy))
    else:
        click.echo(f"error[{USAGE}]: {message}\n  = help: {remedy}", err=True)


def _is_about_arguments(error: click.UsageError) -> bool:
    """Tell whether arguments are missing or too many."""
    if isinstance(error, click.MissingParameter):
        return isinstance(error.param, click.Argument)
    return error.message.startswith("Got unexpected extra argument")


def _form(ctx: click.Context) -> str:
    """Give a command with its arguments: `plotter2 rename OLD NEW`."""
    pieces = [piece for piece in ctx.command.collect_usage_pieces(ctx) if piece != "[OPTIONS]"]
    return " ".join([ctx.command_path, *pieces])


_AFTER_THE_COMMAND = {"--root": "--root DIR", "--json": "--json", "--debug": "--debug"}


def _with_option(error: click.NoSuchOption, arguments: Sequence[str]) -> str:
    """Give the command that was meant, or the first of the group that was asked, with the option behind it."""
    option = _AFTER_THE_COMMAND[error.option_name]
    group = error.ctx.command if error.ctx else None
    if not isinstance(group, click.Group) or group is plotter2 or error.ctx is None:
        meant = next((word for word in arguments if word in COMMANDS), "show")
        return f"plotter2 {meant} {option}"
    known = group.list_commands(error.ctx)
    meant = next((word for word in arguments[1:] if word in known), known[0])
    return f"{error.ctx.command_path} {meant} {option}"


def _words(error: click.UsageError) -> str:
    """Give click's message in the form of all others: one line, lower case, no full stop, no types of programs."""
    message = " ".join(error.format_message().split())
    for said, meant in _SAID_BY_CLICK.items():
        message = message.replace(said, meant)
    return (message[:1].lower() + message[1:]).removesuffix(".")


_SAID_BY_CLICK = {
    ". Did you mean": "; did you mean",
    ". Choose from: ": "; choose from ",
    "a valid float range": "a number",
    "a valid float": "a number",
    "a valid integer range": "a whole number",
    "a valid integer": "a whole number",
}


def _nearest(name: str) -> str:
    import difflib  # only on this path: it costs a few milliseconds

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
