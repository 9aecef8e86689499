"""`key`: one's own keys are made, listed, chosen, and their public halves given to others."""

from __future__ import annotations

import getpass
import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p2sign.refusal import Refusal
from p2sign.trust import check_principal
from plotter2.cli.answer import Answer, is_interactive
from plotter2.cli.command import command, family, opened_root
from plotter2.cli.passphrases import new_passphrase
from plotter2.config.settings import settings
from plotter2.datter import durable
from plotter2.datter.layout import present
from plotter2.host.agent import AGENT
from plotter2.host.key_choice import adopted
from plotter2.host.keyring import KEY_TYPES, OwnKey
from plotter2.printable import table

if TYPE_CHECKING:
    from plotter2.host.root import Root


@family()
def key() -> None:
    """Make, list and choose your keys, and give their public halves to others."""


@command(key, "new")
@click.option(
    "--name", metavar="NAME@PLACE", help="Whose key it is (default: you at this machine)."
)
@click.option(
    "--type", "kind", type=click.Choice(list(KEY_TYPES)), default="ed25519", show_default=True,
    help="What kind of key.",
)  # fmt: skip
@click.option("--no-passphrase", is_flag=True, help="Keep the key without a passphrase.")
def key_new(root: str | None, name: str | None, kind: str, no_passphrase: bool) -> Answer:
    """Make a key and trust it for your own scripts."""
    ask = is_interactive() and not no_passphrase
    with opened_root(root) as opened:
        secret = new_passphrase() if ask else None
        made = opened.keyring.new_key(name or default_principal(), secret, kind)
        first = opened.keyring.own_keys()[0]
    text = f"made {made.public.fingerprint}\n{_about(made)}"
    if first.path != made.path:
        text += f"\nscripts are signed with your first key, {first.path}; with this one by: plotter2 sign --key FILE"
        text += f", or always: plotter2 key use {made.name}"
    return Answer({"ok": True, **_key_json(made)}, text)


@command(key, "list")
def key_list(root: str | None) -> Answer:
    """List your keys; the first one signs unless --key names another."""
    present(settings(root).root)
    with opened_root(root, reads=True) as opened:
        keys = opened.keyring.own_keys()
    rows = [
        [k.name, k.principal, _kind(k), k.public.fingerprint, _protection(k), _file(k)]
        for k in keys
    ]
    text = table(["name", "whose", "type", "fingerprint", "passphrase", "file"], rows)
    data = {"ok": True, "keys": [_key_json(k) for k in keys]}
    return Answer(data, text if keys else "no keys yet; make one: plotter2 key new")


@command(key, "use")
@click.argument("which", metavar="NAME|FINGERPRINT|agent:FINGERPRINT")
@click.option("--name", metavar="NAME@PLACE", help="Whose a key of the agent is (default: yours).")
def key_use(root: str | None, which: str, name: str | None) -> Answer:
    """Sign with this key from now on, unless --key names another; a key of your ssh-agent becomes one of yours."""
    with opened_root(root) as opened:
        if which.startswith(AGENT):
            which = adopted(opened, which, name or own_principal(opened)).name
        used = opened.keyring.use(which)
    text = f"scripts are signed with {used.name} {used.public.fingerprint} ({used.principal})"
    return Answer({"ok": True, **_key_json(used)}, text)


@command(key, "export")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--key", "which", metavar="NAME|FINGERPRINT", help="Another key than the first one.")
def key_export(root: str | None, file: Path | None, which: str | None) -> Answer:
    """Give the public half of your key, to be sent to whoever shall trust it. The private half stays here."""
    present(settings(root).root)
    with opened_root(root, reads=True) as opened:
        keys = opened.keyring.own_keys()
        own = opened.keyring.own_key(which or (keys[0].name if keys else "sign_ed25519"))
    line = own.public.line(own.principal)
    if file is not None:
        durable.replace(file, f"{line}\n".encode())
    data = {"ok": True, **_key_json(own), "public": line}
    told = f"wrote {file}" if file else line
    click.echo(_sending(own, file), err=True)
    return Answer({**data, "file": str(file) if file else None}, told)


def own_principal(opened: Root) -> str:
    """Give whom the first own key signs for; without one the name that a first key would get."""
    return next(iter(opened.own_principals()), default_principal())


def _sending(own: OwnKey, file: Path | None) -> str:
    named = file.name if file else "KEYFILE"
    return (
        f"fingerprint {own.public.fingerprint}: tell it on another channel, by voice for example\n"
        f"whoever trusts you writes: plotter2 trust add {own.principal} {named}"
    )


def first_key(opened: Root, *, agreed: bool = False) -> tuple[OwnKey, str | None]:
    """Lead a person who has no key through making one; gives it and its passphrase. Raises click.Abort on no.

    `agreed`: they said yes to it already.
    """
    if not agreed:
        click.echo("Scripts run only when somebody signed them, and you have no key yet.", err=True)
    click.echo(
        "A key is two files under the root: a private one that signs and stays with you, and a public one\n"
        "that others need to check what you signed. A passphrase keeps the private one useless to others.",
        err=True,
    )
    if not agreed:
        click.confirm("make your key now?", default=True, abort=True, err=True)
    principal = click.prompt(
        "your name in signatures, as NAME@PLACE",
        default=default_principal(),
        value_proc=_as_principal,
        err=True,
    )
    return made_key(opened, principal, new_passphrase())


def _as_principal(text: str) -> str:
    """Take a name as signatures have it; another one is asked for again."""
    try:
        check_principal(text.strip())
    except Refusal:
        raise click.UsageError(
            "a name and a place in small letters, like ada@lab; without spaces"
        ) from None
    return text.strip()


def made_key(opened: Root, principal: str, secret: str | None) -> tuple[OwnKey, str | None]:
    """Make a key and say so; gives it and its passphrase."""
    made = opened.keyring.new_key(principal, secret)
    click.echo(f"made your key {made.public.fingerprint} ({made.path})", err=True)
    return made, secret


def default_principal() -> str:
    """Give `user@machine` in the characters that a principal may have."""
    parts = (getpass.getuser() if os.environ.get("USER") else "me", socket.gethostname())
    name, place = (re.sub(r"[^A-Za-z0-9._-]+", "-", part).strip("-.") or "me" for part in parts)
    return f"{name}@{place}".lower()


def _key_json(own: OwnKey) -> dict[str, Any]:
    return {
        "name": own.name,
        "principal": own.principal,
        "type": own.public.algorithm,
        "fingerprint": own.public.fingerprint,
        "passphrase": own.protected,
        "in_agent": own.held,
        "file": _file(own),
    }


def _about(own: OwnKey) -> str:
    return (
        f"{own.principal}, {_file(own)}, passphrase: {_protection(own)}; trusted here for scripts"
    )


def _kind(own: OwnKey) -> str:
    known = (kind for kind, name in KEY_TYPES.items() if name == own.public.algorithm)
    return next(known, own.public.algorithm)


def _file(own: OwnKey) -> str:
    return f"{own.path}.pub" if own.held else str(own.path)


def _protection(own: OwnKey) -> str:
    if own.held:
        return "in the agent"
    return "yes" if own.protected else "no"
