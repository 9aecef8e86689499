"""`sign`: a person vouches for a script, and sees before what it may do."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2sign.sshsig import HEADER
from p2sign.statement import Statement
from plotter2.cli import codes
from plotter2.cli.answer import Answer, is_interactive, say
from plotter2.cli.approving import on_one_line, terms_allow
from plotter2.cli.command import command, opened_host
from plotter2.cli.keys import first_key
from plotter2.cli.passphrases import passphrase
from plotter2.cli.under_git import kept_as_signed
from plotter2.config.settings import settings
from plotter2.datter.layout import is_root
from plotter2.errors import Refused
from plotter2.host.drafts import drafted_by
from plotter2.host.key_choice import Choice, WhichKey
from plotter2.host.signing import Ask, SignHow
from plotter2.printable import one_line, with_bars
from plotter2.runs.opening import OpenedScript, open_script

if TYPE_CHECKING:
    from plotter2.host.host import Host


@command()
@click.argument("script", type=click.Path(path_type=Path))
@click.option("--name", metavar="SCOPE/NAME", help="What the statement calls the script.")
@click.option(
    "--key",
    metavar="FILE|agent:FINGERPRINT",
    help="Sign with this private key, or with one of your ssh-agent (agent:COMMENT too).",
)
@click.option(
    "--signer-program",
    "program",
    metavar="PROG",
    help="Have PROG sign with the key, called as git calls gpg.ssh.program.",
)
@click.option("--add", is_flag=True, help="Add your signature to those that are there.")
@click.option("--at", "bundle", metavar="BUNDLE", help="It is to be attached to BUNDLE.")
@click.option("--draft", is_flag=True, help="For programs: mark it as a draft, which never runs.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before signing.")
def sign(  # noqa: PLR0913, PLR0917 - the options of the command
    root: str | None,
    script: Path,
    name: str | None,
    key: str | None,
    program: str | None,
    add: bool,
    bundle: str | None,
    draft: bool,
    yes: bool,
) -> Answer:
    """Sign SCRIPT: shows what it may do and asks in a terminal, then writes SCRIPT.sig."""
    if draft and add:
        raise click.UsageError("a draft has one signature: leave --add or --draft out")
    if add and (name or bundle):
        raise click.UsageError("--add signs the statement that is there: without --name and --at")
    if key and key.startswith("agent:") and program:
        raise click.UsageError("either the agent signs or a program: leave one of them out")
    opened = open_script(script)
    asks = is_interactive() and not yes
    with opened_host(root, reads=is_root(settings(root).root)) as host:
        drafter = None if draft else drafted_by(host, opened)
        if drafter is not None:
            _show_draft(opened, drafter)
            asks = True
        ask = passphrase if key else _asking(host, root, asks=asks)
        which = WhichKey(key, program, ask, say)
        approve = partial(_approve, drafted=drafter is not None) if asks else _unasked
        how = SignHow(name, which, approve, draft)
        signed = host.add_signer(opened, how) if add else host.sign_as(opened, how, bundle)
    data = {
        "ok": True,
        "script": str(script),
        "sidecar": str(signed.path),
        "principal": signed.principal,
        "fingerprint": signed.fingerprint,
        "statement": signed.statement,
    }
    wrote = f"{'added your signature to' if add else 'wrote'} {signed.path}"
    if draft:
        approving = f"plotter2 sign {shlex.quote(str(script))}"
        wrote += f", a draft, which does not run; a person reads and approves it: {approving}"
    told = [wrote] if asks else [f"You signed exactly this:\n{with_bars(signed.statement)}", wrote]
    return Answer(data, "\n".join([*told, *_replaced(opened, add=add), *kept_as_signed(script)]))


def _replaced(script: OpenedScript, *, add: bool) -> list[str]:
    """Say that signatures of several people gave way to one."""
    before = 0 if add or script.sidecar is None else script.sidecar.count(HEADER)
    if before <= 1:
        return []
    again = f"plotter2 sign {shlex.quote(str(script.path))} --add"
    return [
        f"the {before} signatures that were there are gone; whoever else signed adds one again: {again}"
    ]


def _asking(host: Host, root: str | None, *, asks: bool) -> Ask:
    """Give who is asked for the passphrase of the default key; without one a person is led through making it."""
    if not asks or host.keyring.own_keys():
        return passphrase
    with opened_host(root) as writing:
        _, secret = first_key(writing)
    return lambda _: secret or ""


def _show_draft(script: OpenedScript, drafter: str) -> None:
    """Show the person who is to approve a draft what it says and whose it is. Raises Refused without a terminal."""
    if not is_interactive():
        raise Refused(
            codes.DRAFT_UNREAD,
            f"this is a draft of {drafter}; a person reads and approves it at a terminal",
            str(script.path),
            f"in a terminal: plotter2 sign {shlex.quote(str(script.path))}",
        )
    say(one_line(f"{script.path} is a draft of {drafter}. It says", 1000))
    say(with_bars(script.content.decode("utf-8", "replace")))


def _approve(terms: Statement, choice: Choice, *, drafted: bool) -> None:
    """Show what is about to be signed, rights first, and ask; Enter alone approves no draft."""
    until = f"until {terms.expires:%Y-%m-%d}" if terms.expires else "without end"
    head = f"{terms.entry} as {terms.name}, serial {terms.serial}, {until}. It"
    say(f"{on_one_line(head)}\n{terms_allow(terms)}")
    say(f"You sign exactly this:\n{with_bars(terms.dump().decode('ascii'))}")
    who = f"{choice.principal}, {choice.public.fingerprint}"
    click.confirm(f"sign it as {who}?", default=not drafted, abort=True, err=True)


def _unasked(_terms: Statement, _choice: Choice) -> None:
    """Nobody is asked."""
