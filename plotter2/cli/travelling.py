"""`trust export` and `trust import`: trust bundles and lists of revocations, as files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from p2sign import bundles
from plotter2.cli.answer import Answer, is_interactive, say
from plotter2.cli.command import command, opened_root
from plotter2.cli.passphrases import passphrase
from plotter2.config.settings import settings
from plotter2.datter import durable
from plotter2.datter.layout import present
from plotter2.errors import Refused
from plotter2.host import codes, travelling
from plotter2.host.key_choice import WhichKey, chosen
from plotter2.host.refusing import refusals_kept
from plotter2.host.travelling import ExportHow, Incoming, IncomingFeed, Wish
from plotter2.runs.opening import FileRefused, read_once


@command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, metavar="FILE")
@click.option("--name", metavar="NAME", help="What the bundle is called, such as lab.")
@click.option("--require", default=1, metavar="K", help="How many people of the root must sign.")
@click.option(
    "--signer", "roots", multiple=True, metavar="NAME@PLACE", help="Who signs it: the root."
)
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="Which names it speaks of.")
@click.option("--expires", metavar="DATE", help="It counts until before this day (UTC).")
@click.option("--key", metavar="FILE|agent:FINGERPRINT", help="Sign with this key.")
@click.option("--add", is_flag=True, help="Add your signature to the FILE that is there.")
def export_bundle(  # noqa: PLR0913 - the options of the command
    *,
    root: str | None,
    output: Path,
    name: str | None,
    require: int,
    roots: tuple[str, ...],
    scopes: tuple[str, ...],
    expires: str | None,
    key: str | None,
    add: bool,
) -> Answer:
    """Write whom you trust, for which names and for what, as a signed bundle for others.

    Without --scope it speaks of the scopes of your policy, without --signer you alone sign it.
    """
    present(settings(root).root)
    until = day(expires, "--expires")
    with opened_root(root) as opened:
        choice = chosen(opened, WhichKey(key, None, passphrase, say))
        earlier = travelling.earlier_file(output, there(output))
        if add:
            if earlier is None:
                raise click.UsageError(f"{output} is not there; leave out --add to make it")
            content = travelling.add_own_signature(opened, earlier, choice)
        else:
            if name is None:
                raise click.UsageError("say what the bundle is called: --name lab")
            how = ExportHow(name, roots or (choice.principal,), require, scopes, until)
            content = travelling.export_bundle(opened, how, choice, earlier)
        durable.replace(output, content)
        signed = travelling.signers_of(opened, content)
    return _exported(output, content, signed)


@command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--scope", "scopes", multiple=True, metavar="SCOPE", help="Let it sign these names only."
)
@click.option("--may", multiple=True, metavar="PATTERN", help="Let it grant these rights only.")
@click.option(
    "--fingerprint",
    "fingerprints",
    multiple=True,
    metavar="SHA256:...",
    help="Insist on this root key; give each.",
)
@click.option(
    "--allow-smaller-root", is_flag=True, help="Let fewer people than before sign the next one."
)
@click.option(
    "-y", "--yes", is_flag=True, help="Agree to what a newer bundle changes without being asked."
)
def import_file(  # noqa: PLR0913 - the options of the command
    *,
    root: str | None,
    file: Path,
    scopes: tuple[str, ...],
    may: tuple[str, ...],
    fingerprints: tuple[str, ...],
    allow_smaller_root: bool,
    yes: bool,
) -> Answer:
    """Trust whom a bundle names, or revoke what a list names. Compare the root's fingerprints on another channel first.

    What a bundle may do is agreed when it is first imported; it never gets more by itself.
    """
    content = read_once(file, travelling.MAX_FILE, "file")
    with opened_root(root) as opened, refusals_kept(opened, file, use="trust"):
        if travelling.is_feed(content):
            found = travelling.examined_feed(opened, content)
            _agree_to_feed(found, yes=yes)
            travelling.take_in_feed(opened, found)
            return _revoked(found)
        wish = Wish(scopes or None, may or None, allow_smaller_root)
        incoming = travelling.examined(opened, content, wish)
        _agree(incoming, fingerprints, asked=bool(scopes or may or allow_smaller_root), yes=yes)
        travelling.take_in(opened, incoming)
    return _imported(incoming)


# ---- inside -----------------------------------------------------------------------------------


def _agree(incoming: Incoming, fingerprints: tuple[str, ...], *, asked: bool, yes: bool) -> None:
    """Have a person agree to the first import of a bundle, and to what widens it. Raises Refused P2-S0841, P2-S0847."""
    roots = {each.key.fingerprint for each in incoming.bundle.roots}
    if fingerprints and set(fingerprints) != roots:
        raise Refused(
            codes.OTHER_FINGERPRINT,
            f"the root of {incoming.bundle.name} has the fingerprints {', '.join(sorted(roots))}",
            "the trust bundle",
            "name them all when you have compared them on another channel"
            if set(fingerprints) < roots
            else "do not import it; get it anew, and compare the fingerprints of all root keys on another channel",
        )
    if fingerprints or (incoming.before and (yes or not asked)):
        return
    _ask(
        _described(incoming),
        "import it?",
        f"compare the root's keys on another channel ({_root_keys(incoming)}), "
        "then name each: --fingerprint SHA256:...",
    )


def _agree_to_feed(found: IncomingFeed, *, yes: bool) -> None:
    if found.own and not yes:
        told = f"the list of revocations {found.feed.name} revokes one of your own keys"
        _ask(
            told,
            "revoke your own key here?",
            "say --yes to revoke it, and make a new one: plotter2 key new",
        )


def _ask(told: str, question: str, help: str) -> None:
    if not is_interactive():
        raise Refused(
            codes.NOT_AGREED, f"{told.splitlines()[0]}, and there is nobody to ask", help=help
        )
    say(told)
    click.confirm(question, abort=True, err=True)


def _root_keys(incoming: Incoming) -> str:
    return ", ".join(
        sorted(f"{each.principal} {each.key.fingerprint}" for each in incoming.bundle.roots)
    )


def _described(incoming: Incoming) -> str:
    bundle = incoming.bundle
    people = sorted({each.principal for each in bundle.roots})
    until = f", until {bundle.expires:%Y-%m-%d}" if bundle.expires else ""
    lines = [
        f"the trust bundle {bundle.name}, serial {bundle.serial}{until}, signed by {', '.join(incoming.signers)}"
    ]
    lines.append(f"its root: {bundle.require} of {', '.join(people)}")
    lines += [f"  root    {each.principal} {each.key.fingerprint}" for each in bundle.roots]
    lines += [f"  signer  {each.principal} {each.key.fingerprint}" for each in bundle.signers]
    lines += [
        f"  names   {scope.name}/... signed by {scope.require} of {', '.join(scope.signers)}"
        for scope in bundle.scopes
        if scope.name in incoming.agreed.scopes
    ]
    lines.append(f"  may     {'; '.join(incoming.agreed.may)} at most")
    lines.append("compare the fingerprints of the root with their owners on another channel")
    return "\n".join(lines)


def _imported(incoming: Incoming) -> Answer:
    bundle = incoming.bundle
    data = {
        "ok": True,
        "bundle": bundle.name,
        "serial": bundle.serial,
        "signers": list(incoming.signers),
        "scopes": list(incoming.agreed.scopes),
        "may": list(incoming.agreed.may),
        "keys": [line.key.fingerprint for line in incoming.lines],
    }
    names = ", ".join(f"{name}/..." for name in incoming.agreed.scopes)
    text = (
        f"imported the trust bundle {bundle.name}, serial {bundle.serial}: {len(incoming.lines)} keys, "
        f"for {names}; plotter2 trust remove {bundle.name} takes it back"
    )
    return Answer(data, text)


def _revoked(found: IncomingFeed) -> Answer:
    keys, digests = len(found.new_keys), len(found.new_digests)
    data: dict[str, Any] = {
        "ok": True,
        "feed": found.feed.name,
        "serial": found.feed.serial,
        "issued": found.feed.issued.isoformat(),
        "keys": [key.fingerprint for key in found.new_keys],
        "digests": list(found.new_digests),
    }
    text = (
        f"the list of revocations {found.feed.name}, serial {found.feed.serial} of {found.feed.issued:%Y-%m-%d}: "
        f"{keys} keys and {digests} scripts are revoked here that were not"
    )
    return Answer(data, text)


def _exported(output: Path, content: bytes, signed: tuple[str, ...]) -> Answer:
    if travelling.is_feed(content):
        return Answer({"ok": True, "file": str(output)}, f"added your signature to {output}")
    bundle = bundles.kept(content)
    data = {
        "ok": True,
        "file": str(output),
        "bundle": bundle.name,
        "serial": bundle.serial,
        "require": bundle.require,
        "signed": list(signed),
    }
    text = f"wrote {output}: the trust bundle {bundle.name}, serial {bundle.serial}, signed by {', '.join(signed)}"
    if len(signed) < bundle.require:
        text += (
            f"\nit needs {bundle.require - len(signed)} more; another of its root adds a signature with: "
            f"plotter2 trust export --add -o {output}"
        )
    return Answer(data, text)


def there(path: Path) -> bytes | None:
    """Give the content of a file; None when there is none. Raises FileRefused."""
    try:
        return read_once(path, travelling.MAX_FILE, "file")
    except FileRefused:
        if not path.exists():
            return None
        raise


def day(text: str | None, option: str) -> datetime | None:
    """Give the moment that an option names, in UTC. Raises BadParameter."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a day such as 2027-12-31, or a time such as 2027-12-31T12:00:00Z",
            param_hint=option,
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
