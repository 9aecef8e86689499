"""`revoke`: what counts no more, here and, by a list that travels, elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import click

from plotter2.cli.answer import Answer, say
from plotter2.cli.command import command, opened_root
from plotter2.cli.passphrases import passphrase
from plotter2.cli.travelling import there
from plotter2.config.settings import settings
from plotter2.datter import durable
from plotter2.datter.layout import present
from plotter2.host import travelling, trusting
from plotter2.host.key_choice import WhichKey, chosen
from plotter2.host.root import Root
from plotter2.host.trusting import Reason, Revoked


@command()
@click.argument("what", required=False, metavar="NAME@PLACE|FINGERPRINT|FILE|SHA256")
@click.option(
    "--reason",
    type=click.Choice(["compromised", "retired"]),
    help="compromised: counts no more at all. retired: what already ran here still does.",
)
@click.option("--note", default="", metavar="TEXT", help="Why, in your words.")
@click.option(
    "--export",
    "output",
    type=click.Path(path_type=Path),
    metavar="FILE.p2revoke",
    help="Write all that is revoked here as a signed list for others.",
)
@click.option("--name", metavar="NAME", help="What the list is called, such as lab.")
@click.option("--key", metavar="FILE|agent:FINGERPRINT", help="Sign the list with this key.")
def revoke(  # noqa: PLR0913 - the options of the command
    *,
    root: str | None,
    what: str | None,
    reason: str | None,
    note: str,
    output: Path | None,
    name: str | None,
    key: str | None,
) -> Answer:
    """Revoke a person's keys, one key (by fingerprint or .pub file), or a script (.p2 file or SHA-256).

    It is never taken back. Others learn of it by a list: plotter2 revoke --export FILE, there trust import FILE.
    """
    if what is None and output is None:
        raise click.UsageError("say what is revoked, or --export FILE")
    if what is not None and reason is None:
        raise click.UsageError("say why: --reason compromised, or --reason retired")
    present(settings(root).root)
    data: dict[str, Any] = {"ok": True}
    told: list[str] = []
    with opened_root(root) as opened:
        if what is not None:
            revoked = trusting.revoke(opened, what, cast("Reason", reason), note)
            told += _told(revoked, str(reason))
            data["keys"] = [line.key.fingerprint for line in revoked.keys]
            data["digests"] = list(revoked.digests)
        if output is not None:
            told.append(_export(opened, output, name, key))
            data["file"] = str(output)
    return Answer(data, "\n".join(told))


def _told(revoked: Revoked, reason: str) -> list[str]:
    what = "counts no more" if reason == "compromised" else "counts only for what ran here already"
    told = [f"{line.principal} {line.key.fingerprint} {what}" for line in revoked.keys]
    told += [f"{digest} may run no more" for digest in revoked.digests]
    if revoked.own:
        told.append("this is one of your own keys; make a new one: plotter2 key new")
    return told


def _export(opened: Root, output: Path, name: str | None, key: str | None) -> str:
    choice = chosen(opened, WhichKey(key, None, passphrase, say))
    place = re.sub(r"[^a-z0-9._-]", "-", choice.principal.partition("@")[2]) or "here"
    earlier = travelling.earlier_file(output, there(output))
    durable.replace(output, travelling.export_feed(opened, name or place, choice, earlier))
    return f"wrote {output}: all that is revoked here, as the list {name or place}"
