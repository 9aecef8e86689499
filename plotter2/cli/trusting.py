"""`trust`: whose scripts may run here, and what they may grant. `trust export` and `import` stand in `travelling`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from p2sign.keys import PublicKey
from p2sign.policy import Rules
from p2sign.trust import TrustLine
from p2sign.uses import LOG_NAMESPACE, REVOKE_NAMESPACE, TRUST_NAMESPACE, Kind
from plotter2.cli.answer import Answer, is_interactive
from plotter2.cli.command import command, family, opened_root
from plotter2.cli.travelling import day, export_bundle, import_file
from plotter2.config.settings import settings
from plotter2.datter.layout import present
from plotter2.errors import ExitCode, Refused
from plotter2.host import codes, trust_checking, trusting
from plotter2.host.keyring import public_text
from plotter2.host.trust_checking import Finding
from plotter2.host.trusting import ORDINARY, Trusted
from plotter2.printable import printable, table

_USES = {
    "script": Kind.SCRIPT.namespace,
    "pack": Kind.PACK.namespace,
    "local": Kind.LOCAL.namespace,
    "trust": TRUST_NAMESPACE,
    "revoke": REVOKE_NAMESPACE,
    "log": LOG_NAMESPACE,
}
_ORDINARY_USES = ("script", "pack")
"""What a key is trusted for unless it is said. A pack grants nothing: whoever signs scripts may bind them together."""


@family()
def trust() -> None:
    """Say whose scripts may run here."""


@command(trust, "add")
@click.argument("principal", metavar="NAME@PLACE")
@click.argument("public_key", type=click.Path(path_type=Path), metavar="KEYFILE")
@click.option(
    "--for",
    "uses",
    multiple=True,
    type=click.Choice(list(_USES)),
    help="What the key is trusted for (default: script and pack).",
)
@click.option(
    "--may",
    multiple=True,
    metavar="PATTERN",
    help="What its scripts may do: a pattern over a whole right, such as 'read bundle:lab/.*'.",
)
@click.option("--valid-after", metavar="DATE", help="The key counts from this day on (UTC).")
@click.option("--valid-before", metavar="DATE", help="The key counts until before this day (UTC).")
@click.option(
    "--fingerprint", metavar="SHA256:...", help="Insist on the key with this fingerprint."
)
def trust_add(  # noqa: PLR0913 - the options of the command
    *,
    root: str | None,
    principal: str,
    public_key: Path,
    uses: tuple[str, ...],
    may: tuple[str, ...],
    valid_after: str | None,
    valid_before: str | None,
    fingerprint: str | None,
) -> Answer:
    """Trust a public key (a .pub file) for scripts. Compare its fingerprint on another channel first.

    Without --may its scripts may read every bundle and hand out pictures and files, and nothing else. For a key that
    is trusted already it says anew what it is for.
    """
    key = trusting.one_key(public_text(public_key), str(public_key))
    _require_fingerprint(key, fingerprint, public_key)
    namespaces = tuple(_USES[use] for use in dict.fromkeys(uses or _ORDINARY_USES))
    times = (day(valid_after, "--valid-after"), day(valid_before, "--valid-before"))
    with opened_root(root) as opened:
        own = key.fingerprint in opened.keyring.own_fingerprints()
        granted = None if own and not may else may or _granted_now(opened.rules(), principal)
        known = [line.key for line in opened.keyring.trusted() if line.principal == principal]
        others = [each.fingerprint for each in known if each != key]
        _confirm(principal, key, granted, asks=fingerprint is None)
        trusting.add(opened, Trusted(principal, key, namespaces, granted, *times))
    data = {
        "ok": True,
        "principal": principal,
        "fingerprint": key.fingerprint,
        "namespaces": list(namespaces),
        "may": None if granted is None else list(granted),
        "other_keys": others,
    }
    told = f"trusted {principal} {key.fingerprint} for {', '.join(uses or ('scripts', 'packs'))}"
    told += "" if granted is None else f"; may: {'; '.join(granted)}"
    if others:
        told += f"\n{principal} has another key here, which goes on counting: {', '.join(others)}"
    return Answer(data, told)


@command(trust, "ls")
def trust_list(root: str | None) -> Answer:
    """List whose scripts may run here, and what they may grant."""
    present(settings(root).root)
    with opened_root(root, reads=True) as opened:
        lines, rules = opened.keyring.trusted(), opened.rules()
    found = [(line, rules.described(line.principal, line.key.fingerprint)) for line in lines]
    rows = [
        [t.principal, t.key.fingerprint, " ".join(t.namespaces), _validity(t), _told(may)]
        for t, may in found
    ]
    data = {
        "ok": True,
        "trusted": [{**_line_json(line), "may": list(may)} for line, may in found],
    }
    text = table(["whose", "fingerprint", "for", "valid", "may"], rows)
    return Answer(data, text if lines else "nobody is trusted yet: plotter2 key new, or trust add")


@command(trust, "remove")
@click.argument("what", metavar="NAME@PLACE|FINGERPRINT|BUNDLE")
def trust_remove(root: str | None, what: str) -> Answer:
    """Trust a person, one key or all of a trust bundle no more. What was revoked stays revoked."""
    present(settings(root).root)
    with opened_root(root) as opened:
        removed = trusting.remove(opened, what)
    keys = [f"{line.principal} {line.key.fingerprint}" for line in removed.lines]
    told = [f"{each} is trusted no more" for each in keys]
    if removed.bundle:
        told.append(f"the trust bundle {what} is gone")
    if removed.feed:
        told.append(f"the list of revocations {what} is gone; what it revoked stays revoked")
    return Answer({"ok": True, "removed": keys, "bundle": removed.bundle}, "\n".join(told))


@command(trust, "check")
def trust_check(root: str | None) -> Answer:
    """Read all files of trust and tell what is wrong or will be soon; exit code 3 when something is."""
    present(settings(root).root)
    with opened_root(root, reads=True) as opened:
        found = trust_checking.findings(opened)
    return findings_answer(found, "trust is in order")


def findings_answer(found: Sequence[Finding], nothing: str) -> Answer:
    """Tell what was found, `nothing` where that is nothing; exit code 3 when something is wrong."""
    wrong = any(each.wrong for each in found)
    lines = [f"{'wrong' if each.wrong else 'note'}: {each.what}" for each in found]
    data = {"ok": not wrong, "findings": [{"wrong": f.wrong, "what": f.what} for f in found]}
    text = "\n".join(lines) or nothing
    return Answer(data, text, ExitCode.CHECK_FAILED if wrong else ExitCode.OK)


@command(trust, "reset-floor")
@click.argument("name", metavar="SCOPE/NAME")
def trust_reset_floor(root: str | None, name: str) -> Answer:
    """Let older serials run again under a name, after a much too high one ran there."""
    present(settings(root).root)
    with opened_root(root) as opened:
        floor = trusting.reset_floor(opened, name)
    text = f"serial {floor} of {name} is forgotten; the next one that runs counts anew"
    return Answer({"ok": True, "name": name, "floor": floor}, text)


def _line_json(line: TrustLine) -> dict[str, Any]:
    return {
        "principal": line.principal,
        "fingerprint": line.key.fingerprint,
        "namespaces": list(line.namespaces),
        "valid_after": line.valid_after.isoformat() if line.valid_after else None,
        "valid_before": line.valid_before.isoformat() if line.valid_before else None,
    }


def _told(may: tuple[str, ...]) -> str:
    return "everything" if may == (".*",) else "; ".join(may) or "nothing"


def _validity(line: TrustLine) -> str:
    after = f"from {line.valid_after:%Y-%m-%d %H:%M}" if line.valid_after else ""
    before = f"until {line.valid_before:%Y-%m-%d %H:%M}" if line.valid_before else ""
    return " ".join(each for each in (after, before) if each) or "always"


def _granted_now(rules: Rules, principal: str) -> tuple[str, ...]:
    ceiling = rules.policy.ceilings.get(principal)
    return ORDINARY if ceiling is None else ceiling.patterns


def _require_fingerprint(key: PublicKey, wanted: str | None, path: Path) -> None:
    if wanted is not None and wanted != key.fingerprint:
        raise Refused(
            codes.OTHER_FINGERPRINT,
            f"the key has the fingerprint {key.fingerprint}, and not {wanted}",
            str(path),
            "do not trust it; get the key anew, and compare its fingerprint on another channel",
        )


def _confirm(
    principal: str, key: PublicKey, granted: tuple[str, ...] | None, *, asks: bool
) -> None:
    if not (asks and is_interactive()):
        return
    may = "whatever they declare (it is your own key)" if granted is None else "; ".join(granted)
    click.echo(
        f"{printable(principal)} {key.fingerprint}\nscripts signed with this key may here: {printable(may)}\n"
        "compare the fingerprint with its owner on another channel, such as the telephone",
        err=True,
    )
    click.confirm("trust this key?", abort=True, err=True)


trust.add_command(export_bundle, "export")
trust.add_command(import_file, "import")
