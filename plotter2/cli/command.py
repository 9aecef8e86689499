"""How a command is declared: the options that all share, and one place where errors become answers."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from plotter2.cli.answer import (
    Answer,
    NotPrinted,
    print_answer,
    print_diagnostics,
    print_problem,
    say,
)
from plotter2.cli.codes import BUG, FOREIGN_TABLES
from plotter2.config.settings import settings
from plotter2.errors import ExitCode, HostError, Plotter2Error
from plotter2.runs.mistakes import CheckFailed

if TYPE_CHECKING:
    from plotter2.host.host import Host
    from plotter2.host.root import Root


def command(group: click.Group | None = None, name: str | None = None) -> Callable[..., Any]:
    """Declare a command: adds --root, --json, --debug; the function gives an Answer.

    The function is called with `root` and its own parameters.
    """

    def declare(function: Callable[..., Answer]) -> click.Command:
        @functools.wraps(function)
        def run(*, as_json: bool, debug: bool, **arguments: Any) -> int:
            return _answered(lambda: function(**arguments), as_json=as_json, debug=debug)

        for option in reversed(_SHARED):
            run = option(run)
        declared = (group or click).command(name=name or function.__name__)(run)
        assert isinstance(declared, click.Command)
        return declared

    return declare


_SAME = {"ls": "list", "list": "ls"}


class Family(click.Group):
    """A command that has commands of its own, such as `plotter2 relay`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with those that there are, `ls` and `list` are one."""
        name = args[0] if args else ""
        if name not in self.commands and _SAME.get(name) in self.commands:
            args = [_SAME[name], *args[1:]]
            name = args[0]
        if name and not name.startswith("-") and name not in self.commands:
            known = ", ".join(f"`{each}`" for each in self.list_commands(ctx))
            raise click.UsageError(
                f"there is no command `{name}` in `{ctx.command_path}`, which has {known}", ctx
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with its whole first sentence."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, self.commands[name].get_short_help_str(limit=1000))
                    for name in self.list_commands(ctx)
                ]
            )


family = functools.partial(
    click.group, cls=Family, context_settings={"help_option_names": ["-h", "--help"]}
)


def opened_host(root: str | None, *, reads: bool = False) -> Host:
    """Give the host of a root; use it as a context manager. One that only reads makes no root."""
    from plotter2.host.host import Host  # 200 ms, and what only looks at the store needs none of it

    return Host(settings(root), reads=reads, tell=_warn)


def opened_root(root: str | None, *, reads: bool = False) -> Root:
    """Give a root without what runs scripts, for keys, trust and the log; use it as a context manager."""
    from plotter2.host.root import Root

    return Root(settings(root), reads=reads, tell=_warn)


def _warn(text: str) -> None:
    say(f"warning: {text}")


_SHARED = (
    click.option(
        "--root", type=click.Path(), metavar="DIR", help="Where plotter2 keeps its state."
    ),
    click.option("--json", "as_json", is_flag=True, help="Answer as JSON."),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
)


def _answered(work: Callable[[], Answer], *, as_json: bool, debug: bool) -> int:
    try:
        answer = work()
    except Plotter2Error as error:
        if debug:
            traceback.print_exc()
        _print_error(error, as_json=as_json)
        return error.exit_code
    except (click.ClickException, click.Abort):
        raise
    except KeyboardInterrupt:
        raise click.Abort from None
    except Exception as error:  # noqa: BLE001 - the outermost frame: a bug must not show a traceback to a person
        if debug:
            traceback.print_exc()
        print_problem(_unforeseen(error), as_json=as_json)
        return ExitCode.WORK_FAILED
    try:
        print_answer(answer, as_json=as_json)
    except NotPrinted as error:
        print_problem(error, as_json=False)
        return error.exit_code
    return answer.exit_code


def _print_error(error: Plotter2Error, *, as_json: bool) -> None:
    if isinstance(error, CheckFailed):
        print_diagnostics(error.diagnostics, error.source, as_json=as_json)
    else:
        print_problem(error, as_json=as_json)


def _unforeseen(error: Exception) -> HostError:
    from p2lang.parser import ForeignTables  # the parser: only where something failed

    if isinstance(error, ForeignTables):
        return HostError(
            FOREIGN_TABLES,
            str(error),
            help="reinstall plotter2; after a change of the grammar: python -m p2lang.parser.build",
        )
    return HostError(
        BUG,
        f"plotter2 has a bug: {type(error).__name__}: {error}",
        help="run the command again with --debug and report what it prints",
    )
