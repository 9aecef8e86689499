"""`repl`: statements of the language at a prompt."""

from __future__ import annotations

import sys

import click

from plotter2.cli import codes
from plotter2.cli.answer import Answer
from plotter2.cli.command import command, opened_host
from plotter2.cli.signing import default_principal, new_passphrase, passphrase
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host.host import Host


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
        _own_key(host)
        run(host, passphrase)
    return Answer({"ok": True})


def _own_key(host: Host) -> None:
    """See that there is a key to sign with: what is typed runs signed like everything else."""
    if host.keyring.own_keys():
        return
    click.echo("What you type here is signed with a key of your own; there is none yet.")
    click.confirm("make it now?", default=True, abort=True)
    made = host.keyring.new_key(default_principal(), new_passphrase())
    click.echo(f"made your key {made.public.fingerprint} ({made.path})")
