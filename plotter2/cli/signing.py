"""`sign`, `verify`, `key`, `trust`: who vouches for a script, and who is believed here."""

from __future__ import annotations

import getpass
import os
import re
import socket
from pathlib import Path
from typing import Any

import click

from plotter2.cli import codes
from plotter2.cli.answer import Answer, is_interactive
from plotter2.cli.command import command, family, opened_host
from plotter2.config.settings import settings
from plotter2.datter.layout import is_root, present
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host.keyring import OwnKey
from plotter2.printable import table
from plotter2.runs.opening import open_script


@command()
@click.argument("script", type=click.Path(path_type=Path))
@click.option("--name", metavar="SCOPE/NAME", help="What the statement calls the script.")
@click.option("--key", "key_file", type=click.Path(path_type=Path), help="Sign with this key.")
@click.option("--at", "bundle", metavar="BUNDLE", help="It is to be attached to BUNDLE.")
def sign(
    root: str | None, script: Path, name: str | None, key_file: Path | None, bundle: str | None
) -> Answer:
    """Sign SCRIPT: shows the statement, writes SCRIPT.sig."""
    opened = open_script(script)
    with opened_host(root, reads=is_root(settings(root).root)) as host:
        signed = host.sign(opened, name=name, key_file=key_file, ask=passphrase, bundle=bundle)
    shown = "\n".join(f"  | {line}" for line in signed.statement.splitlines())
    data = {
        "ok": True,
        "script": str(script),
        "sidecar": str(signed.path),
        "principal": signed.principal,
        "fingerprint": signed.fingerprint,
        "statement": signed.statement,
    }
    return Answer(data, f"You signed exactly this:\n{shown}\nwrote {signed.path}")


@command()
@click.argument("script", type=click.Path(path_type=Path))
@click.option("--explain", is_flag=True, help="Print how to check it with stock tools.")
def verify(root: str | None, script: Path, explain: bool) -> Answer:
    """Tell who signed SCRIPT and what it may do; exit code 4 when it may not run here."""
    with opened_host(root, reads=True) as host:
        verified = host.verify(open_script(script))
        stock = host.stock_commands(script, verified)
    terms = verified.statement
    caps = [str(cap) for cap in terms.caps]
    signers = [{"principal": s.principal, "fingerprint": s.fingerprint} for s in verified.signers]
    data: dict[str, Any] = {
        "ok": True,
        "name": terms.name,
        "serial": terms.serial,
        "signers": signers,
        "capabilities": caps,
        "limits": dict(terms.limits.items()) if terms.limits else {},
        "script_sha256": verified.script_sha256,
        "statement_sha256": verified.statement_sha256,
        "stock_commands": stock,
    }
    who = ", ".join(s.principal for s in verified.signers)
    text = f"good: {terms.name} serial {terms.serial}, signed by {who}; may: {'; '.join(caps)}"
    if explain:
        text += "\nindependent check with stock tools:\n" + "\n".join(f"  {c}" for c in stock)
    return Answer(data, text)


@family()
def key() -> None:
    """Make and list your keys."""


@command(key, "new")
@click.option(
    "--name", metavar="NAME@PLACE", help="Whose key it is (default: you at this machine)."
)
@click.option("--no-passphrase", is_flag=True, help="Keep the key without a passphrase.")
def key_new(root: str | None, name: str | None, no_passphrase: bool) -> Answer:
    """Make an Ed25519 key and trust it for your own scripts."""
    ask = is_interactive() and not no_passphrase
    with opened_host(root) as host:
        made = host.keyring.new_key(name or default_principal(), new_passphrase() if ask else None)
        first = host.keyring.own_keys()[0]
    text = f"made {made.public.fingerprint}\n{_about(made)}"
    if first.path != made.path:
        text += f"\nscripts are signed with your first key, {first.path}; with this one by: plotter2 sign --key FILE"
    return Answer({"ok": True, **_key_json(made)}, text)


@command(key, "ls")
def key_list(root: str | None) -> Answer:
    """List your keys; the first one signs unless --key names another."""
    present(settings(root).root)
    with opened_host(root, reads=True) as host:
        keys = host.keyring.own_keys()
    rows = [[k.principal, k.public.fingerprint, _protection(k), str(k.path)] for k in keys]
    text = table(["whose", "fingerprint", "passphrase", "file"], rows)
    data = {"ok": True, "keys": [_key_json(k) for k in keys]}
    return Answer(data, text if keys else "no keys yet; make one: plotter2 key new")


def passphrase(prompt: str) -> str:
    """Ask for a passphrase; raises Plotter2Error P2-S0791 without a terminal."""
    if not is_interactive():
        raise Plotter2Error(
            codes.NO_TERMINAL,
            "the key has a passphrase, and there is no terminal to ask for it",
            help="run the command in a terminal",
            exit_code=ExitCode.REFUSED,
        )
    return str(click.prompt(prompt, hide_input=True, err=True))


def new_passphrase() -> str | None:
    """Offer a passphrase for a new key; an empty answer means none."""
    answer = click.prompt(
        "passphrase for the new key (empty for none)",
        default="",
        show_default=False,
        hide_input=True,
        confirmation_prompt=True,
        err=True,
    )
    return str(answer) or None


def default_principal() -> str:
    """Give `user@machine` in the characters that a principal may have."""
    parts = (getpass.getuser() if os.environ.get("USER") else "me", socket.gethostname())
    name, place = (re.sub(r"[^A-Za-z0-9._-]+", "-", part).strip("-.") or "me" for part in parts)
    return f"{name}@{place}".lower()


def _key_json(own: OwnKey) -> dict[str, Any]:
    return {
        "principal": own.principal,
        "fingerprint": own.public.fingerprint,
        "passphrase": own.protected,
        "file": str(own.path),
    }


def _about(own: OwnKey) -> str:
    return f"{own.principal}, {own.path}, passphrase: {_protection(own)}; trusted here for scripts"


def _protection(own: OwnKey) -> str:
    return "yes" if own.protected else "no"
