"""`repl`: statements of the language at a prompt."""

from __future__ import annotations

import sys

import click

from plotter2.cli import codes
from plotter2.cli.answer import Answer
from plotter2.cli.approving import granted
from plotter2.cli.command import command, opened_host
from plotter2.cli.keys import own_principal
from plotter2.cli.passphrases import passphrase
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host.session_key import HOURS, ORDINARY, Grant, SessionKey


@command()
def repl(root: str | None) -> Answer:
    """Type statements of the language and see at once what they give."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Plotter2Error(
            codes.REPL_WITHOUT_TERMINAL,
            "the REPL needs a terminal on both sides",
            help="to run a script from a file: plotter2 run x.p2",
            exit_code=ExitCode.USAGE,
        )
    # Loaded here: prompt-toolkit takes 60 ms that no other command should wait for.
    from plotter2.repl.loop import run

    with opened_host(root) as host:
        host.orchestrator.warm()
        key = SessionKey.with_folder(own_principal(host), host.layout.sessions, host.now())
        _ask(f"Until you leave, for {HOURS} hours at most, what you type may do this:", ORDINARY)
        host.grant(key, ORDINARY)
        run(host, passphrase, key, _more)
    return Answer({"ok": True})


def _ask(head: str, grant: Grant) -> None:
    click.echo(f"{head}\n{granted(grant)}")
    click.confirm("allow this?", default=True, abort=True)


def _more(lacking: Grant) -> bool:
    """Ask for what an input needs and was not granted."""
    click.echo(f"This input wants more than you allowed. It also\n{granted(lacking)}")
    return click.confirm("allow this as well, until you leave?", default=False)
