"""A script of one's own that is not signed as it is: shows what it may do, what of it is new, asks once, signs it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import click

from p2sign.refusal import Refusal
from plotter2.cli.answer import is_interactive, say
from plotter2.cli.approving import changes, may_do, on_one_line
from plotter2.cli.keys import default_principal, first_key, made_key
from plotter2.cli.passphrases import passphrase
from plotter2.host.first_use import Standing, standing
from plotter2.host.host import Host
from plotter2.host.keyring import as_refused
from plotter2.host.refusing import refusals_kept
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.opening import OpenedScript, open_script
from plotter2.runs.signing import SignedScript, default_name
from plotter2.tasks.declaring import require_declarations


def ready_to_run(host: Host, script: OpenedScript, *, yes: bool) -> OpenedScript:
    """Give a script that can go to the gate; one of one's own is shown, asked about and signed first.

    `yes` answers for new scripts only. Raises Refused for a new one without a terminal, and for a changed script of
    somebody else.
    """
    with refusals_kept(host, script):
        found = standing(host, script)
    if found.state == "signed":
        return script
    if found.state == "new":
        return signed_now(host, script, yes=yes, told=found.told)
    if not is_interactive():
        return script  # the gate refuses it
    compiled = host.compile(script)
    say(_head(script.path, found))
    if found.before is not None:
        say(changes(found.before, compiled))
    say(may_do(compiled, host.settings.limits))
    click.confirm(on_one_line(f"sign it {_with(host)} and run it?"), abort=True, err=True)
    own = default_name(script.name) if found.state == "foreign" else None
    sign_with_own_key(host, compiled, own)
    return open_script(script.path)


def signed_now(
    host: Host, script: OpenedScript, *, yes: bool, bundle: str | None = None, told: str = ""
) -> OpenedScript:
    """Show what an unsigned script may do, ask once, sign it. Raises Refused without a terminal.

    With a bundle it is signed to be attached to it, else to be run. `told` says what it is, if more than not signed.
    """
    told = told or "is not signed"
    if not (yes or is_interactive()):
        with refusals_kept(host, script):
            sign = f"plotter2 sign {shlex.quote(str(script.path))}{_at(bundle)}"
            raise as_refused(
                Refusal(
                    "E_UNSIGNED",
                    f"the script {told}",
                    str(script.path),
                    f"read it, then sign it: {sign}",
                )
            )
    compiled = host.compile(script, bundle=bundle)
    if bundle is not None:
        require_declarations(script, compiled)
    say(on_one_line(f"{script.path} {told}. It"))
    say(may_do(compiled, host.settings.limits))
    if not (yes and _is_unlocked(host)):
        then = "run it" if bundle is None else f"attach it to {bundle}"
        click.confirm(on_one_line(f"sign it {_with(host)} and {then}?"), abort=True, err=True)
    sign_with_own_key(host, compiled)
    return open_script(script.path)


def sign_with_own_key(
    host: Host, compiled: CompiledScript, name: str | None = None
) -> SignedScript:
    """Sign with one's own key, which is made when there is none; a terminal is asked for passphrases."""
    ask: Callable[[str], str] = passphrase
    if not host.keyring.own_keys():
        asked = is_interactive()
        _, secret = (
            first_key(host, agreed=True) if asked else made_key(host, default_principal(), None)
        )
        ask = lambda _: secret or ""  # noqa: E731 - it was given a moment ago
    return host.sign_compiled(compiled, name=name, ask=ask)


# ---- inside -----------------------------------------------------------------------------------


def _is_unlocked(host: Host) -> bool:
    """Tell whether `--yes` may sign: with a key that opens without its owner. Raises Refused without a terminal."""
    keys = host.keyring.own_keys()
    locked = bool(keys) and keys[0].protected
    if locked and not is_interactive():
        passphrase("")
    return not locked


def _with(host: Host) -> str:
    keys = host.keyring.own_keys()
    return f"as {keys[0].principal}" if keys else "with a key of your own, which is made now,"


def _head(path: Path, found: Standing) -> str:
    return on_one_line(f"{path} {found.told}. It")


def _at(bundle: str | None) -> str:
    return "" if bundle is None else f" --at {shlex.quote(bundle)}"
