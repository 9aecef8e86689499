"""`policy show|check|edit`: who may sign which names, how many it takes, what signers may grant."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import click

from p2sign import policy as rules_text
from p2sign.policy import Policy, Rules
from p2sign.policy_editing import NEW_POLICY
from p2sign.refusal import Refusal
from plotter2.cli.answer import Answer, is_interactive
from plotter2.cli.command import command, family, opened_root
from plotter2.cli.trusting import findings_answer
from plotter2.config.settings import settings
from plotter2.datter.layout import present
from plotter2.errors import HostError
from plotter2.host import codes, trust_checking, trusting
from plotter2.host.keyring import refusals
from plotter2.host.ruling import KeptBundle, bundles_of
from plotter2.printable import printable
from plotter2.runs.opening import read_once


@family()
def policy() -> None:
    """Say who may sign what, and what it may do here."""


@command(policy, "show")
def policy_show(root: str | None) -> Answer:
    """Tell what counts here: the policy, your own keys, what trust bundles may do, how fresh revocations are."""
    present(settings(root).root)
    with opened_root(root, reads=True) as opened:
        rules, kept = opened.rules(), bundles_of(opened.keyring)
        path = opened.keyring.policy_file
        there = bool(opened.keyring.policy())
    head = str(path) if there else f"{path} (not there: the default counts)"
    lines = [head, *_of_policy(rules.policy), *_of_rules(rules), *_of_bundles(kept)]
    return Answer({"ok": True, "file": str(path), **_as_json(rules, kept)}, "\n".join(lines))


@command(policy, "check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def policy_check(root: str | None, file: Path | None) -> Answer:
    """Tell whether a policy can be read, the one that counts or FILE, and what in it does not fit whom you trust."""
    if file is not None:
        content = read_once(file, rules_text.MAX_POLICY, "policy")
        with refusals():
            rules_text.parse(content)
        return Answer({"ok": True, "findings": []}, f"{file} is a policy that can be read")
    present(settings(root).root)
    with opened_root(root, reads=True) as opened:
        found = trust_checking.policy_findings(opened)
    return findings_answer(found, "the policy is in order")


@command(policy, "edit")
def policy_edit(root: str | None) -> Answer:
    """Open the policy in your editor ($VISUAL, $EDITOR); it counts when you leave it, and only if it can be read."""
    with opened_root(root) as opened:
        before = opened.keyring.policy()
        offered = before or NEW_POLICY
        content = _edited(offered)
        if content == offered:
            return Answer({"ok": True, "changed": False}, "nothing was changed")
        trusting.replace_policy(opened, content)
        path = opened.keyring.policy_file
    return Answer({"ok": True, "changed": True, "file": str(path)}, f"{path} counts from now on")


# ---- inside -----------------------------------------------------------------------------------


def _edited(content: bytes) -> bytes:
    with tempfile.TemporaryDirectory(prefix="plotter2-policy-") as folder:
        copy = Path(folder) / "policy.toml"
        copy.write_bytes(content)
        while True:
            _run_editor(copy)
            found = read_once(copy, rules_text.MAX_POLICY, "policy")
            try:
                rules_text.parse(found)
            except Refusal as refusal:
                if not is_interactive():
                    with refusals("policy.toml"):
                        raise
                click.echo(printable(f"{refusal.where}: {refusal.what}"), err=True)
                click.confirm(
                    "edit it again? (no leaves the policy as it was)", abort=True, err=True
                )
                continue
            return found


def _run_editor(path: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        done = subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603 - the person's own
        failed = f"it ended with {done.returncode}" if done.returncode else ""
    except (OSError, ValueError) as error:
        failed = str(error)
    if failed:
        raise HostError(
            codes.NO_EDITOR,
            f"the editor {editor!a} did not do its work: {failed}",
            str(path),
            "set EDITOR to an editor that is there, such as EDITOR=nano; the policy is as it was",
        )


def _of_policy(said: Policy) -> list[str]:
    age = said.revocation_max_age
    lines = [
        f"  mode                  {said.mode}",
        f"  oldest language       {said.min_language or 'any'}",
        f"  revocations           {f'at most {age.days} days old' if age else 'of any age'}",
        f"  RSA keys              {'count' if said.allow_rsa else 'do not count'}",
    ]
    for scope in said.scopes.values():
        lines.append(f"  {scope.name}/... signed by {scope.require} of {', '.join(scope.signers)}")
    for who, ceiling in said.ceilings.items():
        lines.append(f"  {who} may: {'; '.join(ceiling.patterns) or 'nothing'}")
    return lines


def _of_rules(rules: Rules) -> list[str]:
    lines = [
        f"  own key {each} may: everything, unless its owner has a ceiling"
        for each in sorted(rules.own)
    ]
    lines += [
        f"  the list of revocations {name} is of {issued:%Y-%m-%d %H:%M}"
        for name, issued in sorted(rules.revocations.items())
    ]
    return lines


def _of_bundles(kept: dict[str, KeptBundle]) -> list[str]:
    lines = []
    for name, each in kept.items():
        bundle, agreed = each.bundle, each.agreed
        until = f" until {bundle.expires:%Y-%m-%d}" if bundle.expires else ""
        lines.append(
            f"trust bundle {name}, serial {bundle.serial}{until}; at most: {'; '.join(agreed.may) or 'nothing'}"
        )
        for scope in bundle.scopes:
            if scope.name in agreed.scopes:
                lines.append(
                    f"  {scope.name}/... signed by {scope.require} of {', '.join(scope.signers)}"
                )
        for who, ceiling in bundle.ceiling_of().items():
            lines.append(f"  {who} may: {'; '.join(ceiling.patterns)}")
    return lines


def _as_json(rules: Rules, kept: dict[str, KeptBundle]) -> dict[str, Any]:
    said = rules.policy
    return {
        "mode": said.mode,
        "min_language": said.min_language,
        "revocation_max_age_days": said.revocation_max_age.days
        if said.revocation_max_age
        else None,
        "allow_rsa": said.allow_rsa,
        "scopes": {
            s.name: {"signers": list(s.signers), "require": s.require} for s in said.scopes.values()
        },
        "signers": {who: list(ceiling.patterns) for who, ceiling in said.ceilings.items()},
        "own": sorted(rules.own),
        "revocations": {name: issued.isoformat() for name, issued in rules.revocations.items()},
        "bundles": {
            name: {
                "serial": each.bundle.serial,
                "scopes": list(each.agreed.scopes),
                "may": list(each.agreed.may),
            }
            for name, each in kept.items()
        },
    }
